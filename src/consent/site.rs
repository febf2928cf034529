//! A value of a file and where it stands, read so that nothing in it passes unseen.

use serde_json::{Map, Value};

use crate::problem::{Problems, quoted};

/// The most days that a file may speak of.
const DAYS_MAX: u16 = 3_650;

/// A value, and the JSON Pointer that leads to it.
#[derive(Debug, Clone)]
pub(crate) struct Site<'a> {
    value: &'a Value,
    pointer: String,
}

/// A mapping with known keys and no others.
#[derive(Debug, Clone)]
pub(crate) struct Mapping<'a> {
    members: &'a Map<String, Value>,
    pointer: String,
}

impl<'a> Site<'a> {
    /// The whole file.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self {
            value,
            pointer: String::new(),
        }
    }

    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Whether the value is this text.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.value.as_str() == Some(text)
    }

    /// A mapping; each of its keys that is none of these is a problem.
    pub(crate) fn mapping(&self, keys: &[&str], problems: &mut Problems) -> Option<Mapping<'a>> {
        let members = self.members(problems)?;
        for key in members.keys().filter(|key| !keys.contains(&key.as_str())) {
            problems.add(
                below(&self.pointer, key),
                format!("unknown key: {}", quoted(key)),
                format!("the keys here: {}", keys.join(", ")),
            );
        }
        Some(Mapping {
            members,
            pointer: self.pointer.clone(),
        })
    }

    /// The members of a mapping whose keys are names given by the file, at most so many.
    pub(crate) fn entries(
        &self,
        count_max: usize,
        problems: &mut Problems,
    ) -> Option<Vec<(&'a str, Site<'a>)>> {
        let members = self.members(problems)?;
        self.bounded(members.len(), count_max, problems)?;
        let entry = |(key, value): (&'a String, &'a Value)| {
            let pointer = below(&self.pointer, key);
            (key.as_str(), Site { value, pointer })
        };
        Some(members.iter().map(entry).collect())
    }

    /// The items of a list, at most so many.
    pub(crate) fn items(&self, count_max: usize, problems: &mut Problems) -> Option<Vec<Site<'a>>> {
        let Value::Array(items) = self.value else {
            problems.add(&self.pointer, "no list", "write a list: [a, b]");
            return None;
        };
        self.bounded(items.len(), count_max, problems)?;
        let item = |(at, value): (usize, &'a Value)| Site {
            value,
            pointer: below(&self.pointer, &at.to_string()),
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub(crate) fn text(&self, problems: &mut Problems) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            problems.add(&self.pointer, "no text", "write a text");
        }
        text
    }

    pub(crate) fn boolean(&self, problems: &mut Problems) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            problems.add(
                &self.pointer,
                "neither true nor false",
                "write true or false",
            );
        }
        boolean
    }

    /// A whole number from 0.
    pub(crate) fn count(&self, max: u32, problems: &mut Problems) -> Option<u32> {
        let count = self.value.as_u64().and_then(|count| count.try_into().ok());
        let count = count.filter(|count| *count <= max);
        if count.is_none() {
            let help = format!("write a whole number from 0 to {max}");
            problems.add(&self.pointer, "no number that is allowed here", help);
        }
        count
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(&self, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let written = self.text(problems)?;
        let found = words.iter().find(|(word, _)| *word == written);
        if found.is_none() {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            problems.add(
                &self.pointer,
                format!("unknown word: {}", quoted(written)),
                format!("one of: {}", words.join(", ")),
            );
        }
        found.map(|(_, meant)| *meant)
    }

    /// A number of days, 1 to 3650, as ISO 8601 writes a duration of days: `P30D`.
    pub(crate) fn days(&self, problems: &mut Problems) -> Option<u16> {
        let written = self.text(problems)?;
        let digits = written
            .strip_prefix('P')
            .and_then(|rest| rest.strip_suffix('D'))
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|digits| !digits.starts_with('0'));
        let days = digits.and_then(|digits| digits.parse().ok());
        let days = days.filter(|days| *days <= DAYS_MAX);
        if days.is_none() {
            problems.add(
                &self.pointer,
                format!("no number of days: {}", quoted(written)),
                format!("write P1D to P{DAYS_MAX}D, such as P30D for 30 days"),
            );
        }
        days
    }

    fn members(&self, problems: &mut Problems) -> Option<&'a Map<String, Value>> {
        let members = self.value.as_object();
        if members.is_none() {
            problems.add(&self.pointer, "no mapping", "write keys with their values");
        }
        members
    }

    fn bounded(&self, count: usize, max: usize, problems: &mut Problems) -> Option<()> {
        if count > max {
            let what = format!("too many entries: {count}");
            problems.add(&self.pointer, what, format!("at most {max}"));
        }
        (count <= max).then_some(())
    }
}

impl<'a> Mapping<'a> {
    pub(crate) fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The value of a key, if it is written.
    pub(crate) fn optional(&self, key: &str) -> Option<Site<'a>> {
        self.members.get(key).map(|value| Site {
            value,
            pointer: below(&self.pointer, key),
        })
    }

    /// The value of a key that must be written.
    pub(crate) fn required(&self, key: &str, problems: &mut Problems) -> Option<Site<'a>> {
        let site = self.optional(key);
        if site.is_none() {
            problems.add(
                &self.pointer,
                format!("missing: `{key}`"),
                format!("add `{key}`: it has no default"),
            );
        }
        site
    }
}

/// The pointer to a member (RFC 6901 §3).
fn below(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems_of(read: impl FnOnce(&mut Problems)) -> Vec<String> {
        let mut problems = Problems::default();
        read(&mut problems);
        let found = problems.or(Some(())).err().unwrap_or_default();
        found
            .into_iter()
            .map(|problem| problem.to_string())
            .collect()
    }

    #[test]
    fn days_are_written_with_their_unit() {
        for (written, days) in [("P1D", 1), ("P30D", 30), ("P3650D", 3_650)] {
            let value = json!(written);
            assert_eq!(
                Site::root(&value).days(&mut Problems::default()),
                Some(days)
            );
        }
        for written in [
            json!("P0D"),
            json!("P030D"),
            json!("P3651D"),
            json!("P99999D"),
            json!("PD"),
            json!("30"),
            json!("30d"),
            json!("P1M"),
            json!("P+1D"),
            json!("P-1D"),
            json!("P1.5D"),
            json!(30),
            json!(null),
        ] {
            let told = problems_of(|problems| {
                assert_eq!(Site::root(&written).days(problems), None, "{written}");
            });
            assert_eq!(told.len(), 1, "{written}");
        }
    }

    #[test]
    fn every_value_of_another_kind_is_told() {
        let value = json!({ "a/b~c": 1.5 });
        let told = problems_of(|problems| {
            let site = Site::root(&value);
            let (_, inner) = site.entries(1, problems).expect("entries").remove(0);
            assert_eq!(inner.text(problems), None);
            assert_eq!(inner.boolean(problems), None);
            assert_eq!(inner.count(9, problems), None);
            assert!(inner.items(9, problems).is_none());
            assert!(inner.mapping(&[], problems).is_none());
            assert!(site.items(9, problems).is_none());
        });
        assert_eq!(
            told,
            [
                "/a~1b~0c: no text; write a text",
                "/a~1b~0c: neither true nor false; write true or false",
                "/a~1b~0c: no number that is allowed here; write a whole number from 0 to 9",
                "/a~1b~0c: no list; write a list: [a, b]",
                "/a~1b~0c: no mapping; write keys with their values",
                ": no list; write a list: [a, b]",
            ]
        );
    }

    #[test]
    fn keys_unknown_and_missing_and_entries_too_many_are_told() {
        let value = json!({ "a": [1, 2, 3], "b": "x", "odd": null });
        let told = problems_of(|problems| {
            let mapping = Site::root(&value).mapping(&["a", "b", "c"], problems);
            let mapping = mapping.expect("a mapping");
            assert!(mapping.optional("c").is_none());
            assert!(mapping.required("c", problems).is_none());
            let list = mapping.required("a", problems).expect("a");
            assert!(list.items(2, problems).is_none());
            assert_eq!(list.items(3, problems).map(|items| items.len()), Some(3));
            let word = mapping.required("b", problems).expect("b");
            assert_eq!(word.word(&[("y", 1), ("z", 2)], problems), None);
            assert_eq!(word.word(&[("y", 1), ("x", 2)], problems), Some(2));
            assert!(Site::root(&value).entries(2, problems).is_none());
        });
        assert_eq!(
            told,
            [
                "/odd: unknown key: `odd`; the keys here: a, b, c",
                ": missing: `c`; add `c`: it has no default",
                "/a: too many entries: 3; at most 2",
                "/b: unknown word: `x`; one of: y, z",
                ": too many entries: 3; at most 2",
            ]
        );
    }
}
