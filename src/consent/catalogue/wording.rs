//! Texts for customers, in both languages, measured when they are read (specs/consent.md §4 U5,
//! U7; §6C).

use web::Language;

use crate::problem::{Problems, quoted};
use crate::site::Site;

/// The most characters of a Chinese sentence, on average (specs/consent.md §4 U7).
const SENTENCE_CHARS_MAX: usize = 40;
/// How our texts never call an app, in small letters (specs/consent.md §6C).
const NOT_OUR_WORDS: [&str; 8] = [
    "third party provider",
    "third party providers",
    "third-party provider",
    "third-party providers",
    "third parties",
    "tpp",
    "tpps",
    "第三方",
];

/// A text in each language that our pages have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Both {
    /// In Chinese as written in the mainland.
    pub zh_cn: String,
    /// In English.
    pub en: String,
}

impl Both {
    /// The text in a language.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }
}

/// A text that was read, and where.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) pointer: String,
    pub(super) language: Language,
    pub(super) text: String,
}

/// Reads a text in both languages, each of at most so many characters, and notes both in `texts`.
pub(super) fn both(
    site: &Site<'_>,
    chars_max: usize,
    texts: &mut Vec<Text>,
    problems: &mut Problems,
) -> Option<Both> {
    let tags = Language::ALL.map(Language::tag);
    let mapping = site.mapping(&tags, problems)?;
    let [zh_cn, en] = Language::ALL.map(|language| {
        let site = mapping.required(language.tag(), problems)?;
        let text = site.text(problems)?;
        measure(text, language, chars_max, site.pointer(), problems);
        texts.push(Text {
            pointer: site.pointer().to_owned(),
            language,
            text: text.to_owned(),
        });
        Some(text.to_owned())
    });
    Some(Both {
        zh_cn: zh_cn?,
        en: en?,
    })
}

/// Notes what is wrong with one text by itself.
fn measure(
    text: &str,
    language: Language,
    chars_max: usize,
    pointer: &str,
    problems: &mut Problems,
) {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        problems.add(pointer, "an empty text", "say it in the reader's words");
        return;
    }
    if text.trim() != text {
        problems.add(pointer, "spaces around the text", "leave them out");
    }
    if chars > chars_max {
        let what = format!("too long: {chars} characters");
        problems.add(pointer, what, format!("at most {chars_max}"));
    }
    if let Some(sign) = text.chars().find(|sign| !is_sign(*sign)) {
        problems.add(
            pointer,
            format!("a sign that no text needs: {}", quoted(&sign.to_string())),
            "use letters, digits and the usual signs of punctuation: with others, a text may read \
             otherwise than it is",
        );
    }
    let lower = text.to_ascii_lowercase();
    if let Some(word) = NOT_OUR_WORDS.iter().find(|word| has_word(&lower, word)) {
        let what = format!("not a customer's word: {}", quoted(word));
        problems.add(pointer, what, "say `the app`");
    }
    speak(text, language, pointer, problems);
}

/// Notes a text in another language than its own, and Chinese in long sentences.
fn speak(text: &str, language: Language, pointer: &str, problems: &mut Problems) {
    let has_chinese = text.chars().any(is_chinese);
    match language {
        Language::En if has_chinese => {
            problems.add(
                pointer,
                "Chinese in the English text",
                "write it in English",
            );
        }
        Language::ZhCn if !has_chinese => {
            problems.add(
                pointer,
                "no Chinese in the Chinese text",
                "write it in Chinese",
            );
        }
        Language::ZhCn
            if words_of_letters(text) > text.chars().filter(|c| is_chinese(*c)).count() =>
        {
            problems.add(
                pointer,
                "more words of another language than Chinese",
                "write it in Chinese",
            );
        }
        Language::En => {}
        Language::ZhCn => {
            let sentences: Vec<usize> = text
                .split(['。', '！', '？'])
                .map(|sentence| sentence.trim().chars().count())
                .filter(|chars| *chars > 0)
                .collect();
            let chars: usize = sentences.iter().sum();
            if chars > SENTENCE_CHARS_MAX * sentences.len() {
                problems.add(
                    pointer,
                    format!(
                        "sentences of {} characters on average",
                        chars / sentences.len()
                    ),
                    format!("at most {SENTENCE_CHARS_MAX}: make more sentences, or shorter ones"),
                );
            }
        }
    }
}

/// Whether a text bears a technical name, as a word of its own. In Chinese each such word is one;
/// in English a name of letters alone cannot be told from a word of the language (`accounts`), and
/// only a name with another sign in it (`account_list`, `credit:assess`) is found.
pub(super) fn bears(text: &Text, name: &str) -> bool {
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_told = text.language == Language::ZhCn || !is_word;
    is_told && has_word(&text.text.to_ascii_lowercase(), &name.to_ascii_lowercase())
}

/// Whether the text has the word, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let is_inner = |sign: Option<char>| sign.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, found)| {
        let (before, after) = (text.get(..at), text.get(at + found.len()..));
        let before = before.and_then(|before| before.chars().next_back());
        let after = after.and_then(|after| after.chars().next());
        !is_inner(before) && !is_inner(after)
    })
}

/// How many words of Latin letters a text has.
fn words_of_letters(text: &str) -> usize {
    let words = text.split(|sign: char| !sign.is_ascii_alphabetic());
    words.filter(|word| !word.is_empty()).count()
}

/// The signs that texts are made of. Whatever is not seen, turns the writing or looks like
/// something else is none of them (Unicode TR 36).
fn is_sign(sign: char) -> bool {
    sign.is_ascii_alphanumeric()
        || is_chinese(sign)
        || matches!(sign, 'À'..='Ö' | 'Ø'..='ö' | 'ø'..='ÿ')
        || " .,;:!?'\"()/&%+-–—‘’“”…·¥€£".contains(sign)
        || "，。、；：！？（）《》〈〉".contains(sign)
}

fn is_chinese(sign: char) -> bool {
    matches!(sign, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}
