//! What a bank puts in the place of our pages' looks and words.

use std::collections::BTreeMap;

use super::colour::Colours;
use crate::language::Language;

/// The names of the files with a bank's own texts.
pub(super) const TEXT_FILES: [(Language, &str); 2] = [
    (Language::ZhCn, "texts.zh-CN.ftl"),
    (Language::En, "texts.en.ftl"),
];

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InBoth {
    /// In Chinese.
    pub zh_cn: String,
    /// In English.
    pub en: String,
}

impl InBoth {
    /// The text in this language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }
}

/// A bank's own name, colours, templates and texts. Nothing is known of templates and texts before
/// a [`super::Trial`] of each room has passed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnPages {
    /// What the bank is called; `None`: by its id.
    pub name: Option<InBoth>,
    /// Its colours in the place of ours.
    pub colours: Colours,
    /// Its templates in the place of ours, by their names.
    pub templates: BTreeMap<String, String>,
    /// Its texts in the place of ours, as Fluent writes them: messages with keys of ours.
    pub texts: Option<InBoth>,
}

impl OwnPages {
    /// What the bank is called in this language: its name, or else this id.
    pub fn bank<'a>(&'a self, language: Language, id: &'a str) -> &'a str {
        self.name
            .as_ref()
            .map_or(id, |name| name.in_language(language))
    }
}

/// What is wrong with a template or a text of a bank's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unfit {
    /// The file's name in the bank's folder.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub help: Option<String>,
}
