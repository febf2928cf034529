//! A bank's own words: messages of Fluent in the place of ours, each with our key and our
//! variables, in both languages.

use std::collections::{BTreeMap, BTreeSet};

use super::own::{InBoth, TEXT_FILES, Unfit};
use crate::language::Language;
use crate::texts::{Arg, Texts, messages};

/// The most characters of a message as it is written.
const MESSAGE_CHARS_MAX: usize = 1_000;

/// A message as it is written.
pub(super) struct Message<'s> {
    pub(super) key: &'s str,
    /// Where it begins, from 1.
    pub(super) line: usize,
    text: String,
}

/// The messages of a source; or the line that belongs to none.
pub(super) fn split(source: &str) -> Result<Vec<Message<'_>>, usize> {
    let mut found: Vec<Message<'_>> = Vec::new();
    let mut is_open = false;
    for (at, line) in source.lines().enumerate() {
        if line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let key = line.split([' ', '=']).next().unwrap_or(line);
            found.push(Message {
                key,
                line: at + 1,
                text: String::new(),
            });
            is_open = true;
        } else if line.starts_with('#') {
            is_open = false;
        } else if !(line.trim().is_empty() || is_open && line.starts_with([' ', '}'])) {
            return Err(at + 1);
        }
        if let Some(message) = found.last_mut().filter(|_| is_open) {
            message.text.push_str(line);
            message.text.push('\n');
        }
    }
    Ok(found)
}

/// Every message of a bank's texts: the file's name, the line from 1, and the key.
pub fn own_messages(own: &InBoth) -> impl Iterator<Item = (&'static str, usize, &str)> {
    TEXT_FILES.into_iter().flat_map(move |(language, file)| {
        let read = split(own.in_language(language)).unwrap_or_default();
        read.into_iter()
            .map(move |message| (file, message.line, message.key))
    })
}

/// Whether the bank's texts say one of these otherwise, or cannot be read.
pub(super) fn touches(own: &InBoth, ours: &Texts) -> bool {
    let is_read = |language| split(own.in_language(language)).is_ok();
    !Language::ALL.into_iter().all(is_read) || own_messages(own).any(|(_, _, key)| ours.has(key))
}

/// What of the bank's texts takes the place of these: whatever has one of their keys.
pub(super) fn worn(own: &InBoth, ours: &Texts) -> Vec<(Language, String)> {
    let of = |language: Language| -> String {
        let read = split(own.in_language(language)).unwrap_or_default();
        let known = read.iter().filter(|message| ours.has(message.key));
        known.map(|message| message.text.as_str()).collect()
    };
    let all = Language::ALL.map(|language| (language, of(language)));
    all.into_iter()
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

/// The keys of the look by which something is decided: a bank does not say them otherwise.
const DECIDES: [&str; 2] = ["look-allow", "look-refuse"];

/// What is wrong with the bank's texts that have keys of these. `fixed`: keys whose texts programs
/// measure, so that nobody says them otherwise.
pub(super) fn judge(own: &InBoth, ours: &Texts, fixed: &[&str]) -> Vec<Unfit> {
    let mut unfit = Vec::new();
    let mut keys: Vec<BTreeMap<&str, usize>> = Vec::new();
    for (language, file) in TEXT_FILES {
        let mut its = BTreeMap::new();
        let read = match split(own.in_language(language)) {
            Ok(read) => read,
            Err(line) => {
                let what = "this line belongs to no message";
                unfit.push(amiss(file, line, what.to_owned(), "write `KEY = TEXT`"));
                Vec::new()
            }
        };
        for message in read.iter().filter(|message| ours.has(message.key)) {
            if its.insert(message.key, message.line).is_some() {
                let what = format!("`{}` stands twice", message.key);
                unfit.push(amiss(file, message.line, what, "leave one of them out"));
            } else if let Some((what, help)) = wrong(message, language, ours, fixed) {
                unfit.push(amiss(file, message.line, what, &help));
            }
        }
        keys.push(its);
    }
    for (at, (_, file)) in TEXT_FILES.iter().enumerate() {
        let (Some(here), Some(there)) = (keys.get(at), keys.get(1 - at)) else {
            continue;
        };
        let other = TEXT_FILES.get(1 - at).map_or("", |(_, name)| name);
        for (key, line) in here.iter().filter(|(key, _)| !there.contains_key(*key)) {
            let what = format!("`{key}` is not in `{other}`");
            unfit.push(amiss(
                file,
                *line,
                what,
                "say it in both languages, or in none",
            ));
        }
    }
    unfit
}

fn amiss(file: &str, line: usize, what: String, help: &str) -> Unfit {
    Unfit {
        file: file.to_owned(),
        line,
        what,
        help: Some(help.to_owned()),
    }
}

/// What is wrong with a message, and what would be right.
fn wrong(
    message: &Message<'_>,
    language: Language,
    ours: &Texts,
    fixed: &[&str],
) -> Option<(String, String)> {
    let key = message.key;
    if fixed.contains(&key) || DECIDES.contains(&key) {
        let what = format!("`{key}` is said by nobody otherwise: it decides, or is measured");
        return Some((what, "leave it out".to_owned()));
    }
    if message.text.chars().count() > MESSAGE_CHARS_MAX {
        let what = format!("`{key}` is longer than {MESSAGE_CHARS_MAX} characters");
        return Some((what, "say it in fewer words".to_owned()));
    }
    let needed = ours.variables(key)?;
    let has: BTreeSet<String> = messages(&message.text)
        .into_iter()
        .flat_map(|(_, has)| has)
        .collect();
    if has != *needed {
        let what = format!("`{key}` has other variables than ours: {}", named(&has));
        return Some((what, format!("it must have {}", named(needed))));
    }
    match lost(message, language, ours, needed) {
        Some(lost) if lost.is_empty() => None,
        Some(lost) => {
            let what = format!("`{key}` does not say {}", named(&lost));
            let help = "write each between braces, as `{ $app }`, in every variant";
            Some((what, help.to_owned()))
        }
        None => {
            let what = format!("`{key}` cannot be said");
            let help =
                "write it as Fluent does, with the variables and without functions and terms";
            Some((what, help.to_owned()))
        }
    }
}

/// The variables whose values ours says and this does not, of texts or of numbers; `None` when it
/// cannot be said.
fn lost(
    message: &Message<'_>,
    language: Language,
    ours: &Texts,
    variables: &BTreeSet<String>,
) -> Option<BTreeSet<String>> {
    // By itself: a message that another refers to is not there.
    let plain = |of: Language| {
        let named = variables.iter().map(|name| format!("{{ ${name} }}"));
        let said = named.collect::<Vec<_>>().join(" ");
        (of, format!("{} = x {said}\n", message.key))
    };
    let sources = Language::ALL.map(plain);
    let sources: Vec<_> = sources
        .iter()
        .map(|(of, text)| (*of, text.as_str()))
        .collect();
    let own = [(language, message.text.clone())];
    let texts = Texts::read(&sources, &own).ok()?;
    let mut lost = BTreeSet::new();
    for values in [Values::Texts, Values::Numbers(1), Values::Numbers(41)] {
        let given: Vec<(&str, String)> = variables
            .iter()
            .zip(0_u32..)
            .map(|(name, at)| (name.as_str(), values.of(at)))
            .collect();
        let args: Vec<_> = given
            .iter()
            .zip(0_u32..)
            .map(|((name, text), at)| (*name, values.arg(text, at)))
            .collect();
        let said = texts.words(language, message.key, &args).ok()?;
        if said.trim().is_empty() {
            return None;
        }
        // What ours cannot say with such values, nobody is told with them.
        let by_ours = ours.words(language, message.key, &args).unwrap_or_default();
        let is_lost = |text: &str| by_ours.contains(text) && !said.contains(text);
        let names = given.iter().filter(|(_, text)| is_lost(text));
        lost.extend(names.map(|(name, _)| (*name).to_owned()));
    }
    Some(lost)
}

/// Values that no other variable has.
#[derive(Clone, Copy)]
enum Values {
    Texts,
    /// From this one on.
    Numbers(u32),
}

impl Values {
    /// As it is read in what is said.
    fn of(self, at: u32) -> String {
        match self {
            Self::Texts => format!("x{at}y"),
            Self::Numbers(first) => (first + at).to_string(),
        }
    }

    fn arg(self, text: &str, at: u32) -> Arg<'_> {
        match self {
            Self::Texts => Arg::Text(text),
            Self::Numbers(first) => Arg::Number(first + at),
        }
    }
}

fn named(variables: &BTreeSet<String>) -> String {
    if variables.is_empty() {
        return "none".to_owned();
    }
    let each = variables.iter().map(|name| format!("`${name}`"));
    each.collect::<Vec<_>>().join(", ")
}
