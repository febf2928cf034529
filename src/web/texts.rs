//! The texts of pages in both languages, written as Fluent messages: read once, and compared, so
//! that each text is there in both with the same variables.

use std::collections::{BTreeMap, BTreeSet};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use model::Fault;

use crate::language::Language;

/// What a variable of a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg<'a> {
    /// A text, which stays as it is. Amounts and moments are texts: [`crate::money`] and
    /// [`crate::moment`] write them, not the rules of Fluent.
    Text(&'a str),
    /// How many: its digits without grouping, and the choice between one and several.
    Number(u32),
}

/// The texts, by their keys.
pub(crate) struct Texts {
    zh_cn: Bundle,
    en: Bundle,
    variables: Variables,
    /// SHA-256 of the sources.
    pub(crate) version: [u8; 32],
}

type Bundle = FluentBundle<FluentResource>;

/// The variables of each text, by its key.
type Variables = BTreeMap<String, BTreeSet<String>>;

impl Texts {
    /// Reads these sources: several of a language, or none. What `own` says of their keys is said
    /// in their place, and nothing else of it. Fails when one cannot be read, when a key of the
    /// sources stands twice, and when the languages differ in their keys or in a text's variables.
    pub(crate) fn read(
        sources: &[(Language, &str)],
        own: &[(Language, String)],
    ) -> Result<Self, Fault> {
        let of = |language: Language| {
            let of_it = sources.iter().filter(move |(of, _)| *of == language);
            of_it.map(|(_, source)| *source)
        };
        let variables: Variables = of(Language::ZhCn).flat_map(messages).collect();
        let english: Variables = of(Language::En).flat_map(messages).collect();
        let mut keys = variables.keys().chain(english.keys());
        if let Some(key) = keys.find(|key| variables.get(*key) != english.get(*key)) {
            return Err(Fault::new(format!(
                "reading the text {key}: it is missing in a language, or its variables differ"
            )));
        }
        let owned = own
            .iter()
            .map(|(language, source)| (*language, source.as_str()));
        let all = sources.iter().copied().chain(owned);
        let parts: Vec<&str> = all
            .flat_map(|(language, source)| [language.tag(), source])
            .collect();
        let of_own = |language: Language| {
            let of_it = own.iter().filter(move |(of, _)| *of == language);
            of_it.map(|(_, source)| source.as_str())
        };
        let bundle_of = |language| bundle(language, of(language), of_own(language));
        let texts = Self {
            zh_cn: bundle_of(Language::ZhCn)?,
            en: bundle_of(Language::En)?,
            variables,
            version: digest(&parts),
        };
        texts.each_has_a_value()?;
        Ok(texts)
    }

    /// The keys of all texts.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Whether there is a text of this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.variables.contains_key(key)
    }

    /// The variables of a text; `None` where there is none of this key.
    pub(crate) fn variables(&self, key: &str) -> Option<&BTreeSet<String>> {
        self.variables.get(key)
    }

    /// A text with its variables filled in. Fails when there is none of this key, and when a
    /// variable is missing or one too many.
    pub(crate) fn words(
        &self,
        language: Language,
        key: &str,
        args: &[(&str, Arg<'_>)],
    ) -> Result<String, Fault> {
        let variables = self.variables.get(key);
        let variables = variables.ok_or_else(|| Fault::new(format!("saying {key}: no text")))?;
        let mut given = args.iter().map(|(name, _)| *name);
        if variables.len() != args.len() || !given.all(|name| variables.contains(name)) {
            return Err(Fault::new(format!(
                "saying {key}: its variables are {variables:?}"
            )));
        }
        let args: FluentArgs<'_> = args
            .iter()
            .map(|(name, arg)| match arg {
                Arg::Text(text) => (*name, FluentValue::from(*text)),
                Arg::Number(number) => (*name, FluentValue::from(*number)),
            })
            .collect();
        self.format(language, key, &args)
    }

    fn format(
        &self,
        language: Language,
        key: &str,
        args: &FluentArgs<'_>,
    ) -> Result<String, Fault> {
        let bundle = self.bundle(language);
        let pattern = bundle.get_message(key).and_then(|message| message.value());
        let pattern = pattern.ok_or_else(|| Fault::new(format!("saying {key}: no text")))?;
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(args), &mut errors);
        match errors.into_iter().next() {
            Some(error) => Err(Fault::caused(format!("saying {key}"), error)),
            None => Ok(text.into_owned()),
        }
    }

    /// What is no more than attributes says nothing.
    fn each_has_a_value(&self) -> Result<(), Fault> {
        for language in Language::ALL {
            let bundle = self.bundle(language);
            let has_value =
                |key: &str| bundle.get_message(key).is_some_and(|m| m.value().is_some());
            if let Some(key) = self.keys().find(|key| !has_value(key)) {
                let tag = language.tag();
                return Err(Fault::new(format!(
                    "reading the text {key}: empty in {tag}"
                )));
            }
        }
        Ok(())
    }

    fn bundle(&self, language: Language) -> &Bundle {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }
}

/// SHA-256 of texts in their order, each behind its length.
pub(crate) fn digest(parts: &[&str]) -> [u8; 32] {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    crypto::sha256(&bytes)
}

/// Signs that isolate directions are left out: no text of a page may hold one
/// ([`crate::text`]), and nothing here is written from right to left.
fn bundle<'a>(
    language: Language,
    sources: impl Iterator<Item = &'a str>,
    own: impl Iterator<Item = &'a str>,
) -> Result<Bundle, Fault> {
    let tag = language.tag();
    let reading = || format!("reading the texts in {tag}");
    let id: LanguageIdentifier = tag
        .parse()
        .map_err(|cause| Fault::caused(reading(), cause))?;
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    let read = |source: &str| {
        let resource = FluentResource::try_new(source.to_owned());
        resource.map_err(|(_, errors)| fault_of(reading(), errors))
    };
    for source in sources {
        let added = bundle.add_resource(read(source)?);
        added.map_err(|errors| fault_of(reading(), errors))?;
    }
    for source in own {
        bundle.add_resource_overriding(read(source)?);
    }
    Ok(bundle)
}

/// The first of several errors.
fn fault_of<E>(doing: String, errors: Vec<E>) -> Fault
where
    E: std::error::Error + Send + Sync + 'static,
{
    Fault {
        doing,
        source: errors.into_iter().next().map(Into::into),
    }
}

/// The keys of a source with their variables. A message begins with its key where a line begins;
/// all that belongs to it is indented, or closes a brace (Fluent syntax 1.0, `Message`).
pub(crate) fn messages(source: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
    for line in source.lines() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let key = line.split([' ', '=']).next().unwrap_or(line);
            found.push((key.to_owned(), BTreeSet::new()));
        }
        if let Some((_, variables)) = found.last_mut()
            && !line.starts_with(['#', '-'])
        {
            variables.extend(named(line));
        }
    }
    found
}

/// The variables that a line names.
fn named(line: &str) -> impl Iterator<Item = String> {
    line.split('$').skip(1).filter_map(|rest| {
        let is_of_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let name: String = rest.chars().take_while(is_of_name).collect();
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{En, ZhCn};

    const ENGLISH: &str = "tries = You can try { $left ->\n    [1] once more\n   *[other] { $left } \
                           more times\n}.\nhello = Hello, { $name }!\n# A comment on $nothing\n";
    const CHINESE: &str = "tries = 还可以再试 { $left } 次。\nhello = 你好，{ $name }！\n";

    fn texts() -> Texts {
        Texts::read(&[(ZhCn, CHINESE), (En, ENGLISH)], &[]).expect("texts")
    }

    fn unread(chinese: &str, english: &str) -> String {
        let texts = Texts::read(&[(ZhCn, chinese), (En, english)], &[]);
        texts.map(drop).expect_err("a fault").doing
    }

    #[test]
    fn one_is_told_apart_from_several_and_numbers_are_not_grouped() {
        let said = |language, left| {
            let args = [("left", Arg::Number(left))];
            texts().words(language, "tries", &args).expect("a text")
        };
        assert_eq!(said(En, 1), "You can try once more.");
        assert_eq!(said(En, 2), "You can try 2 more times.");
        assert_eq!(said(ZhCn, 1), "还可以再试 1 次。");
        assert_eq!(said(En, 12_345), "You can try 12345 more times.");
    }

    #[test]
    fn a_name_stays_as_it_is_and_nothing_is_put_around_it() {
        let name = "{ $left } <b> O’Neill";
        let args = [("name", Arg::Text(name))];
        let said = texts().words(En, "hello", &args).expect("a text");
        assert_eq!(said, format!("Hello, {name}!"));
    }

    #[test]
    fn what_is_asked_for_amiss_is_a_fault() {
        let texts = texts();
        let (name, left) = (("name", Arg::Text("x")), ("left", Arg::Number(1)));
        assert!(texts.words(En, "hello", &[name]).is_ok());
        for (key, args) in [
            ("hello", &[][..]),
            ("hello", &[left]),
            ("hello", &[name, left]),
            ("hello", &[name, name]),
            ("bye", &[]),
            ("", &[]),
        ] {
            assert!(texts.words(En, key, args).is_err(), "{key} {args:?}");
        }
    }

    #[test]
    fn the_languages_have_the_same_texts_with_the_same_variables() {
        let differ = "reading the text b: it is missing in a language, or its variables differ";
        assert_eq!(unread("a = 甲\n", "a = A\nb = B\n"), differ);
        assert_eq!(unread("a = 甲\nb = 乙\n", "a = A\n"), differ);
        assert_eq!(unread("b = 乙{ $x }\n", "b = B\n"), differ);
        assert_eq!(unread("b = 乙{ $x }\n", "b = B { $y }\n"), differ);
    }

    #[test]
    fn what_cannot_be_read_stands_twice_or_says_nothing_is_a_fault() {
        let english = "reading the texts in en";
        assert_eq!(unread("a = 甲\n", "a = { $\n"), english);
        assert_eq!(unread("a = 甲\n", "a = { \n"), english);
        assert_eq!(unread("a = 甲\n", "a = A\na = B\n"), english);
        assert_eq!(
            unread("a = 甲\n", "a =\n    .b = B\n"),
            "reading the text a: empty in en"
        );
    }

    #[test]
    fn the_version_follows_every_source() {
        let version =
            |sources: &[(Language, &str)]| Texts::read(sources, &[]).expect("texts").version;
        let one = version(&[(ZhCn, "a = 甲\n"), (En, "a = A\n")]);
        assert_eq!(one, version(&[(ZhCn, "a = 甲\n"), (En, "a = A\n")]));
        assert_ne!(one, version(&[(ZhCn, "a = 甲\n"), (En, "a = a\n")]));
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn what_another_says_is_said_in_the_place_of_ours_and_counts_for_the_version() {
        let ours = [(ZhCn, CHINESE), (En, ENGLISH)];
        let own = [(En, "hello = Welcome, { $name }.\n".to_owned())];
        let texts = Texts::read(&ours, &own).expect("texts");
        let args = [("name", Arg::Text("Li"))];
        let said = |language| texts.words(language, "hello", &args).expect("a text");
        assert_eq!(said(En), "Welcome, Li.");
        assert_eq!(said(ZhCn), "你好，Li！");
        let without = Texts::read(&ours, &[]).expect("texts");
        assert_ne!(texts.version, without.version);
    }
}
