//! A mapping, read by its shape: what is not in the shape is unknown, what must be written and is
//! not is missing.

use super::{Reader, Value, Written};
use crate::mistake::{Code, listed, nearest};
use crate::shape::{Key, Kind, Need, Shape};
use crate::source::Span;
use crate::yaml::{self, Node, Pair};

/// A mapping with the keys of its shape.
#[derive(Debug)]
pub(crate) struct Section<'n> {
    /// Where the section is named: what is missing is missing there.
    pub(crate) at: Span,
    shape: &'static Shape,
    pairs: &'n [Pair],
    /// Whether it was written as the word that stands for all its defaults.
    is_standard: bool,
    missing: Vec<(&'static str, String)>,
}

impl<'n> Section<'n> {
    /// The mapping that a node is; `at` is where it is named.
    pub(crate) fn open(
        reader: &mut Reader,
        node: &'n Node,
        at: Span,
        shape: &'static Shape,
    ) -> Option<Self> {
        let yaml::Kind::Map(pairs) = &node.kind else {
            reader.wrong_kind(
                node,
                at,
                &format!("{} must be a mapping of keys", shape.what),
            );
            return None;
        };
        Some(Self {
            at,
            shape,
            pairs,
            is_standard: false,
            missing: Vec::new(),
        })
    }

    /// A section in which nothing is written.
    fn unwritten(at: Span, shape: &'static Shape, is_standard: bool) -> Self {
        Self {
            at,
            shape,
            pairs: &[],
            is_standard,
            missing: Vec::new(),
        }
    }

    /// The value of a key: as written, or its default. Absent when it is not written and has none,
    /// which is noted where it must be written.
    pub(crate) fn value(&mut self, reader: &mut Reader, name: &'static str) -> Option<Value<'n>> {
        let key = self.key(reader, name)?;
        let pair = self.pairs.iter().find(|pair| pair.key == key.name);
        self.remember(reader, key.name, pair.is_some());
        if let Some(pair) = pair {
            return Some(Value {
                key,
                kind: &key.kind,
                key_span: pair.key_span,
                written: Written::Here(&pair.value),
            });
        }
        let help = match key.need {
            Need::RequiredUnless(others, _)
                if self.pairs.iter().any(|pair| others.contains(&&*pair.key)) =>
            {
                return None;
            }
            Need::DefaultUnless(other, _) if self.pairs.iter().any(|pair| pair.key == other) => {
                return None;
            }
            Need::Default(value) | Need::DefaultUnless(_, value)
                if self.is_standard || !self.shape.is_whole =>
            {
                return Some(Value {
                    key,
                    kind: &key.kind,
                    key_span: self.at,
                    written: Written::Default(value),
                });
            }
            Need::Default(value) | Need::DefaultUnless(_, value) => format!("`{name}: {value}`"),
            Need::Required(example) | Need::RequiredUnless(_, example) => {
                format!("write `{name}: {example}`")
            }
            Need::Demanded(help) => help.to_owned(),
            Need::Absent(_) | Need::Choice | Need::Parts => return None,
        };
        self.missing.push((key.name, help));
        None
    }

    /// Notes that a key must be written here, which the table cannot know.
    pub(crate) fn lacks(&mut self, name: &'static str, help: &str) {
        self.missing.push((name, help.to_owned()));
    }

    /// The section under a key. One that may stand for its defaults does so when the word is
    /// written; one whose parts may be left out is there even when it is not written.
    pub(crate) fn inner(&mut self, reader: &mut Reader, name: &'static str) -> Option<Section<'n>> {
        let key = self.key(reader, name)?;
        let Some(value) = self.value(reader, name) else {
            return match (&key.kind, &key.need) {
                (Kind::Section(shape), Need::Parts) => {
                    Some(Self::unwritten(self.at, shape, self.is_standard))
                }
                _ => None,
            };
        };
        let (Kind::Standard(shape), Written::Here(node)) = (value.kind, value.written) else {
            return reader.section(value);
        };
        let yaml::Kind::Scalar { text, .. } = &node.kind else {
            return Section::open(reader, node, value.key_span, shape);
        };
        if text == "standard" {
            return Some(Self::unwritten(value.key_span, shape, true));
        }
        if reader.scalar(value).is_some() {
            let what = format!("`{name}` cannot be `{text}`");
            reader
                .collector
                .mistake(Code::BadValue, node.span, what)
                .help(format!("write {}", key.kind.expected()));
        }
        None
    }

    /// Ends the section: what is not in the shape is unknown, and what was missed is told. A
    /// misspelt key is told once, as unknown.
    pub(crate) fn finish(mut self, reader: &mut Reader) {
        let what = self.shape.what;
        let is_written = |name: &str| self.pairs.iter().any(|pair| pair.key == name);
        let unwritten: Vec<&str> = self
            .shape
            .names()
            .filter(|name| !is_written(name))
            .collect();
        for pair in self.pairs {
            if self.shape.key(&pair.key).is_some() {
                continue;
            }
            let near = nearest(&pair.key, unwritten.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{what} has the keys {}", listed(self.shape.names())),
            };
            reader
                .collector
                .mistake(
                    Code::UnknownKey,
                    pair.key_span,
                    format!("{what} has no key `{}`", pair.key),
                )
                .help(help);
            self.missing.retain(|(key, _)| Some(*key) != near);
        }
        if self.shape.is_whole {
            self.tell_not_whole(reader);
        } else {
            self.tell_missing(reader);
        }
    }

    /// Tells what was asked for and must be written, and nothing about the other keys.
    pub(crate) fn tell_missing(self, reader: &mut Reader) {
        let what = self.shape.what;
        for (key, help) in self.missing {
            reader
                .collector
                .mistake(
                    Code::MissingKey,
                    self.at,
                    format!("{what} lacks the key `{key}`"),
                )
                .help(help);
        }
    }

    /// All that a whole section lacks is one mistake.
    fn tell_not_whole(self, reader: &mut Reader) {
        let (keys, settings): (Vec<_>, Vec<_>) = self.missing.into_iter().unzip();
        let lacks = match keys.len() {
            0 => return,
            1 => "the key",
            _ => "the keys",
        };
        let what = format!("{} lacks {lacks} {}", self.shape.what, listed(keys));
        reader
            .collector
            .mistake(Code::MissingKey, self.at, what)
            .help(format!(
                "none may be left out; the standard is {}",
                settings.join(", ")
            ));
    }

    /// The key in the table. One that is not there makes every file fail, so that no key is read
    /// which `schema` and `--explain` do not know.
    fn key(&self, reader: &mut Reader, name: &'static str) -> Option<&'static Key> {
        let key = self.shape.key(name);
        if key.is_none() {
            let what = format!(
                "the key `{name}` of {} is read but not in the table",
                self.shape.what
            );
            let help = format!(
                "this is a fault of the program: add a `Key` of this name to the `Shape` that \
                 says \"{}\", in `src/config/file`",
                self.shape.what
            );
            reader
                .collector
                .mistake(Code::Fault, self.at, what)
                .help(help);
        }
        key
    }

    #[cfg(test)]
    fn remember(&self, reader: &mut Reader, name: &'static str, found: bool) {
        let key = (std::ptr::from_ref(self.shape), name);
        if found {
            reader.keys.found.insert(key);
        }
        reader.keys.asked.insert(key);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the keys are for a test")]
    fn remember(&self, _: &mut Reader, _: &str, _: bool) {}
}
