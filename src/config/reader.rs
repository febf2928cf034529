//! Walks the tree. A section is a mapping of which the reader asks key after key; what was not
//! asked for is unknown. Every method notes its mistake and answers `None`, so that reading goes on
//! and all mistakes come in one run.

use std::collections::HashSet;

use crate::mistake::{Collector, listed, nearest};
use crate::source::{At, Span};
use crate::yaml::{Kind, Node, Pair, Reading, reading};

/// Reads values out of the tree and gathers what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) collector: Collector,
    /// Names that were refused, in lower case.
    pub(crate) refused_names: HashSet<String>,
    /// Paths of keys asked for and of keys found, for the test that holds the example complete.
    #[cfg(test)]
    pub(crate) keys: Keys,
}

/// See [`Reader::keys`].
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) asked: std::collections::BTreeSet<String>,
    pub(crate) found: std::collections::BTreeSet<String>,
}

/// A mapping with a fixed set of keys.
#[derive(Debug)]
pub(crate) struct Section<'n> {
    /// Where the section is named: what is missing is missing there.
    pub(crate) at: Span,
    what: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the paths are for a test"))]
    path: String,
    pairs: &'n [Pair],
    /// Whether every key must be written: see [`Section::whole`].
    is_whole: bool,
    asked: Vec<&'static str>,
    missing: Vec<(&'static str, String)>,
}

/// The value of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'n> {
    /// How mistakes name it.
    pub(crate) key: &'n str,
    pub(crate) key_span: Span,
    pub(crate) node: &'n Node,
}

/// One member of a mapping whose keys are names chosen by the writer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'n> {
    pub(crate) name: &'n str,
    pub(crate) at: Span,
    pub(crate) node: &'n Node,
}

/// Why a text is not the value wanted.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Wrong {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: Some(help.into()),
        }
    }
}

impl Reader {
    /// Takes a file's bytes in as a text; notes where they are not one.
    pub(crate) fn text_source(&mut self, shown: String, bytes: &[u8]) -> Option<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Some(self.collector.sources.add(shown, text.to_owned())),
            Err(problem) => {
                let good =
                    String::from_utf8_lossy(bytes.get(..problem.valid_up_to()).unwrap_or(&[]));
                let end = good.len();
                let source = self.collector.sources.add(shown, good.into_owned());
                self.collector
                    .mistake(
                        Span {
                            source,
                            start: end,
                            end,
                        },
                        "the file is not UTF-8 text from here on",
                    )
                    .help("save it as UTF-8");
                None
            }
        }
    }

    /// Opens a mapping with fixed keys. `at` is where it is named, `what` what it is ("a plan"),
    /// `path` its place in the file with `*` for names ("plans.*").
    pub(crate) fn section<'n>(
        &mut self,
        node: &'n Node,
        at: Span,
        what: &'static str,
        path: impl Into<String>,
    ) -> Option<Section<'n>> {
        let Kind::Map(pairs) = &node.kind else {
            self.wrong_kind(node, at, &format!("{what} must be a mapping of keys"));
            return None;
        };
        Some(Section {
            at,
            what,
            path: path.into(),
            pairs,
            is_whole: false,
            asked: Vec::new(),
            missing: Vec::new(),
        })
    }

    /// The members of a mapping whose keys are names.
    pub(crate) fn named<'n>(&mut self, value: Value<'n>) -> Vec<Named<'n>> {
        let Kind::Map(pairs) = &value.node.kind else {
            let what = format!("`{}` must be a mapping from names", value.key);
            self.wrong_kind(value.node, value.key_span, &what);
            return Vec::new();
        };
        pairs
            .iter()
            .map(|pair| Named {
                name: &pair.key,
                at: pair.key_span,
                node: &pair.value,
            })
            .collect()
    }

    /// The items of a list that must not be empty.
    pub(crate) fn items<'n>(&mut self, value: Value<'n>, of: &str) -> Option<&'n [Node]> {
        match &value.node.kind {
            Kind::List(items) if items.is_empty() => {
                self.collector
                    .mistake(value.node.span, format!("`{}` is empty", value.key))
                    .help(format!("write at least one of {of}"));
                None
            }
            Kind::List(items) => Some(items),
            Kind::Scalar { text, plain } if !(*plain && reading(text) == Reading::Null) => {
                self.collector
                    .mistake(value.node.span, format!("`{}` must be a list", value.key))
                    .help(if text.len() > 60 {
                        format!("write {of} in brackets, separated by commas")
                    } else {
                        format!("write `{}: [{text}]`", value.key)
                    });
                None
            }
            _ => {
                let what = format!("`{}` must be a list of {of}", value.key);
                self.wrong_kind(value.node, value.key_span, &what);
                None
            }
        }
    }

    /// A scalar's text, however it was written; `expected` completes "must be …".
    pub(crate) fn scalar<'n>(&mut self, value: Value<'n>, expected: &str) -> Option<At<&'n str>> {
        let what = || format!("`{}` must be {expected}", value.key);
        match &value.node.kind {
            Kind::Scalar { text, plain } if !(*plain && reading(text) == Reading::Null) => {
                Some(At {
                    value: text,
                    at: value.node.span,
                })
            }
            _ => {
                self.wrong_kind(value.node, value.key_span, &what());
                None
            }
        }
    }

    /// A scalar read by `parse`, which says what is wrong with it.
    pub(crate) fn parsed<T>(
        &mut self,
        value: Value<'_>,
        expected: &str,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        let scalar = self.scalar(value, expected)?;
        match parse(scalar.value) {
            Ok(parsed) => Some(At {
                value: parsed,
                at: scalar.at,
            }),
            Err(wrong) => {
                self.collector
                    .mistake(scalar.at, wrong.what)
                    .maybe_help(wrong.help);
                None
            }
        }
    }

    /// A text meant for people: numbers, booleans and what older readers take for booleans must be
    /// in quotes.
    pub(crate) fn text(&mut self, value: Value<'_>) -> Option<At<String>> {
        let scalar = self.scalar(value, "a text")?;
        let plain = matches!(&value.node.kind, Kind::Scalar { plain: true, .. });
        if plain && reading(scalar.value) != Reading::Text {
            let what = format!("`{}` must be a text", value.key);
            self.wrong_kind(value.node, value.key_span, &what);
            return None;
        }
        let trimmed = scalar.value.trim();
        let wrong = if trimmed.is_empty() {
            Some("is empty")
        } else if trimmed.chars().count() > 200 {
            Some("is longer than 200 characters")
        } else if trimmed.chars().any(char::is_control) {
            Some("holds a control character")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.collector
                .mistake(scalar.at, format!("`{}` {wrong}", value.key));
            return None;
        }
        Some(At {
            value: trimmed.to_owned(),
            at: scalar.at,
        })
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&mut self, value: Value<'_>, words: &[(&str, T)]) -> Option<At<T>> {
        let names = || words.iter().map(|(name, _)| *name);
        let expected = format!("one of {}", listed(names()));
        self.parsed(value, &expected, |text| {
            if let Some((_, word)) = words.iter().find(|(name, _)| *name == text) {
                return Ok(*word);
            }
            Err(Wrong::new(
                format!("`{}` cannot be `{text}`", value.key),
                match nearest(text, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write {expected}"),
                },
            ))
        })
    }

    /// Notes a name that nothing bears: `what` ("there is no plan") before the name, which is one
    /// of `kind`.
    pub(crate) fn dangling<'k>(
        &mut self,
        name: &At<String>,
        what: &str,
        kind: &str,
        known: impl IntoIterator<Item = &'k str> + Clone,
    ) {
        // What bears the name in another case has been refused for its case.
        if self.refused_names.contains(&name.value.to_lowercase()) {
            return;
        }
        let help = match nearest(&name.value, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.clone().into_iter().next().is_none() => format!("there is no {kind} yet"),
            None => format!("there are {}", listed(known)),
        };
        self.collector
            .mistake(name.at, format!("{what} `{}`", name.value))
            .help(help);
    }

    /// Notes that a node is not of the kind that `what` demands.
    fn wrong_kind(&mut self, node: &Node, named_at: Span, what: &str) {
        let mut quote = None;
        let found = match &node.kind {
            Kind::Broken => return,
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
            Kind::Scalar { text, plain: true } => {
                quote = Some(format!("if a text is meant, put it in quotes: \"{text}\""));
                match reading(text) {
                    Reading::Null => {
                        self.collector
                            .mistake(named_at, format!("{what}, but nothing is written"));
                        return;
                    }
                    Reading::Boolean(_) => format!("the boolean `{text}`"),
                    Reading::Number => format!("the number `{text}`"),
                    Reading::OldBoolean => {
                        format!("`{text}`, which some readers of YAML take for a boolean")
                    }
                    Reading::Text => {
                        quote = None;
                        "a text".to_owned()
                    }
                }
            }
            Kind::Scalar { .. } => "a text".to_owned(),
        };
        self.collector
            .mistake(node.span, format!("{what}, not {found}"))
            .maybe_help(quote.filter(|_| what.ends_with("a text")));
    }
}

impl<'n> Section<'n> {
    /// A section in which nothing is written.
    pub(crate) fn empty(at: Span, what: &'static str, path: &str) -> Self {
        Self {
            at,
            what,
            path: path.to_owned(),
            pairs: &[],
            is_whole: false,
            asked: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// The section, of which no [`Section::setting`] may be left out: a value that is tighter than
    /// the default would loosen with its line (promise P1).
    pub(crate) fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// The value of a key that has a default, which is `standard`; in a whole section it must be
    /// written all the same.
    pub(crate) fn setting(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        standard: &str,
    ) -> Option<Value<'n>> {
        let value = self.optional(reader, key);
        if value.is_none() && self.is_whole {
            self.missing.push((key, format!("`{key}: {standard}`")));
        }
        value
    }

    /// The value of a key that may be left out.
    pub(crate) fn optional(&mut self, reader: &mut Reader, key: &'static str) -> Option<Value<'n>> {
        self.asked.push(key);
        let pair = self.pairs.iter().find(|pair| pair.key == key);
        self.remember(reader, key, pair.is_some());
        pair.map(|pair| Value {
            key: &pair.key,
            key_span: pair.key_span,
            node: &pair.value,
        })
    }

    /// The value of a key that must be written; `example` is how.
    pub(crate) fn required(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        example: &str,
    ) -> Option<Value<'n>> {
        self.demanded(reader, key, &format!("write `{key}: {example}`"))
    }

    /// The value of a key that must be written; `help` says how, or what it is for.
    pub(crate) fn demanded(
        &mut self,
        reader: &mut Reader,
        key: &'static str,
        help: &str,
    ) -> Option<Value<'n>> {
        let value = self.optional(reader, key);
        if value.is_none() {
            self.missing.push((key, help.to_owned()));
        }
        value
    }

    /// Ends the section: what was not asked for is unknown, what was asked for and must be written
    /// is missing. A misspelt key is told once, as unknown.
    pub(crate) fn finish(mut self, reader: &mut Reader) {
        let is_written = |key: &str| self.pairs.iter().any(|pair| pair.key == key);
        let known = || self.asked.iter().copied();
        let unwritten: Vec<&str> = known().filter(|key| !is_written(key)).collect();
        for pair in self.pairs {
            if self.asked.contains(&pair.key.as_str()) {
                continue;
            }
            let near = nearest(&pair.key, unwritten.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} has the keys {}", self.what, listed(known())),
            };
            reader
                .collector
                .mistake(
                    pair.key_span,
                    format!("{} has no key `{}`", self.what, pair.key),
                )
                .help(help);
            self.missing.retain(|(key, _)| Some(*key) != near);
        }
        if self.is_whole {
            self.tell_not_whole(reader);
            return;
        }
        for (key, help) in self.missing {
            reader
                .collector
                .mistake(self.at, format!("{} lacks the key `{key}`", self.what))
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
        let keys = listed(keys);
        reader
            .collector
            .mistake(self.at, format!("{} lacks {lacks} {keys}", self.what))
            .help(format!(
                "none may be left out; the standard is {}",
                settings.join(", ")
            ));
    }

    #[cfg(test)]
    fn remember(&self, reader: &mut Reader, key: &str, found: bool) {
        let path = [self.path.as_str(), key].join(".");
        if found {
            reader.keys.found.insert(path.clone());
        }
        reader.keys.asked.insert(path);
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "the paths are for a test")]
    fn remember(&self, _: &mut Reader, _: &str, _: bool) {}
}
