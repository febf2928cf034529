//! The defaults in force, and where each could be changed: for `check --explain`. It walks the same
//! table by which the file was read.

use serde::Serialize;

use crate::file::FILE;
use crate::shape::{Key, Kind, Need, Shape};
use crate::source::{Sources, Span};
use crate::yaml::{self, Node, Pair};

/// A setting that is not written in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InForce {
    /// The key's place in the file, such as `audit.node`; items of lists are counted from 1.
    pub key: String,
    /// The value in force, as it would be written; absent when the key has none.
    pub value: Option<&'static str>,
    /// What holds without the key, where that is no value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<&'static str>,
    /// What the key does.
    pub does: &'static str,
    /// Whether it is there because `standard` is written, which must be replaced by a mapping of
    /// all limits to change one of them; otherwise the key is added to the section at this place.
    pub standard: bool,
    /// The file that could change it.
    pub file: String,
    /// The line of the section, or of the word `standard`, from 1.
    pub line: usize,
    /// The column there, from 1, in characters.
    pub column: usize,
}

/// Every default in force, in the order of the table and the file.
pub(crate) fn defaults(root: &Node, sources: &Sources) -> Vec<InForce> {
    let mut walk = Walk {
        sources,
        found: Vec::new(),
    };
    let start = Span {
        end: root.span.start,
        ..root.span
    };
    if let yaml::Kind::Map(pairs) = &root.kind {
        walk.section(&FILE, Written::Keys(pairs), "", start);
    }
    walk.found
}

struct Walk<'s> {
    sources: &'s Sources,
    found: Vec<InForce>,
}

/// How a section was written.
#[derive(Clone, Copy)]
enum Written<'n> {
    Keys(&'n [Pair]),
    /// As the word that stands for all its defaults.
    Standard,
}

impl Walk<'_> {
    fn section(&mut self, shape: &Shape, written: Written<'_>, path: &str, at: Span) {
        for key in shape.keys {
            let path = match path {
                "" => key.name.to_owned(),
                _ => format!("{path}.{}", key.name),
            };
            let pairs = match written {
                Written::Keys(pairs) => pairs,
                Written::Standard => &[],
            };
            match pairs.iter().find(|pair| pair.key == key.name) {
                Some(pair) => self.value(&key.kind, &pair.value, &path, pair.key_span),
                None => self.unwritten(key, written, path, at),
            }
        }
    }

    fn unwritten(&mut self, key: &Key, written: Written<'_>, path: String, at: Span) {
        let is_written = |name: &str| match written {
            Written::Keys(pairs) => pairs.iter().any(|pair| pair.key == name),
            Written::Standard => false,
        };
        let (value, then) = match (&key.need, &key.kind) {
            (Need::DefaultUnless(other, _), _) if is_written(other) => return,
            (Need::Default(value) | Need::DefaultUnless(_, value), _) => (Some(*value), None),
            (Need::Absent(then), _) => (None, Some(*then)),
            (Need::Parts, Kind::Section(shape)) => {
                let written = match written {
                    Written::Keys(_) => Written::Keys(&[]),
                    Written::Standard => Written::Standard,
                };
                self.section(shape, written, &path, at);
                return;
            }
            _ => return,
        };
        let place = self.sources.place(at);
        self.found.push(InForce {
            key: path,
            value,
            then,
            does: key.doc,
            standard: matches!(written, Written::Standard),
            file: place.file,
            line: place.line,
            column: place.column,
        });
    }

    fn value(&mut self, kind: &Kind, node: &Node, path: &str, at: Span) {
        match (kind, &node.kind) {
            (Kind::Section(shape) | Kind::Standard(shape), yaml::Kind::Map(pairs)) => {
                self.section(shape, Written::Keys(pairs), path, at);
            }
            (Kind::Standard(shape), yaml::Kind::Scalar { .. }) => {
                self.section(shape, Written::Standard, path, node.span);
            }
            (Kind::Named(shape, _), yaml::Kind::Map(members)) => {
                for member in members {
                    if let yaml::Kind::Map(pairs) = &member.value.kind {
                        let path = format!("{path}.{}", member.key);
                        self.section(shape, Written::Keys(pairs), &path, member.key_span);
                    }
                }
            }
            (Kind::Each(item, _), yaml::Kind::Map(members)) => {
                for member in members {
                    let path = format!("{path}.{}", member.key);
                    self.value(item, &member.value, &path, member.key_span);
                }
            }
            (Kind::List { item, .. }, yaml::Kind::List(items)) => {
                for (index, node) in items.iter().enumerate() {
                    self.value(item, node, &format!("{path}.{}", index + 1), node.span);
                }
            }
            (Kind::Or(_, other), _) => self.value(other, node, path, at),
            _ => {}
        }
    }
}
