//! Walks the tree by the table of keys. Every method notes its mistake and answers `None`, so that
//! reading goes on and all mistakes come in one run.

use std::collections::HashSet;

use crate::mistake::{Code, Collector, listed, nearest};
use crate::shape::{self, Key};
use crate::source::{At, Span};
use crate::yaml::{Kind, Node, Reading, reading};

mod each;
mod section;

pub(crate) use section::Section;

/// Reads values out of the tree and gathers what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    pub(crate) collector: Collector,
    /// Names that were refused, in lower case.
    pub(crate) refused_names: HashSet<String>,
    /// Keys asked for and keys found, for the test that holds table and example complete.
    #[cfg(test)]
    pub(crate) keys: Keys,
}

/// See [`Reader::keys`]: what the section is and the key's name.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Keys {
    pub(crate) asked: HashSet<(*const shape::Shape, &'static str)>,
    pub(crate) found: HashSet<(*const shape::Shape, &'static str)>,
}

/// The value of one key, or one item of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value<'n> {
    /// The key, which mistakes name.
    pub(crate) key: &'static Key,
    /// What the value must be.
    pub(crate) kind: &'static shape::Kind,
    pub(crate) key_span: Span,
    pub(crate) written: Written<'n>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written<'n> {
    /// Out of the file.
    Here(&'n Node),
    /// Out of the table: the key has a default and was left out.
    Default(&'static str),
}

/// A value that may be a word instead of something else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alternative<'n> {
    Word,
    Other(Value<'n>),
}

/// One member of a mapping whose keys are names chosen by the writer.
#[derive(Debug)]
pub(crate) struct Named<'n> {
    pub(crate) name: &'n str,
    pub(crate) at: Span,
    /// Its keys; absent when it is no mapping.
    pub(crate) section: Option<Section<'n>>,
}

/// Why a text is not the value wanted.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) code: Code,
    pub(crate) what: String,
    pub(crate) help: Option<String>,
}

impl Wrong {
    /// A value that breaks the rules of its kind.
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::of(Code::BadValue, what, help)
    }

    /// A mistake of another kind.
    pub(crate) fn of(code: Code, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            help: Some(help.into()),
        }
    }
}

impl Value<'_> {
    /// Where the value stands; of a default, where it would be written.
    pub(crate) fn at(&self) -> Span {
        match self.written {
            Written::Here(node) => node.span,
            Written::Default(_) => self.key_span,
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
                        Code::NotYaml,
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

    /// The members of a mapping whose keys are names.
    pub(crate) fn named<'n>(&mut self, value: Value<'n>) -> Vec<Named<'n>> {
        let shape::Kind::Named(shape, _) = value.kind else {
            return self.misread(value).unwrap_or_default();
        };
        let Written::Here(node) = value.written else {
            return Vec::new();
        };
        let Kind::Map(pairs) = &node.kind else {
            let what = format!("`{}` must be a mapping from names", value.key.name);
            self.wrong_kind(node, value.key_span, &what);
            return Vec::new();
        };
        pairs
            .iter()
            .map(|pair| Named {
                name: &pair.key,
                at: pair.key_span,
                section: Section::open(self, &pair.value, pair.key_span, shape),
            })
            .collect()
    }

    /// The items of a list that must not be empty.
    pub(crate) fn items<'n>(&mut self, value: Value<'n>) -> Option<Vec<Value<'n>>> {
        let shape::Kind::List { of, item } = value.kind else {
            return self.misread(value);
        };
        let Written::Here(node) = value.written else {
            return None;
        };
        let name = value.key.name;
        match &node.kind {
            Kind::List(items) if items.is_empty() => {
                self.collector
                    .mistake(Code::MissingKey, node.span, format!("`{name}` is empty"))
                    .help(format!("write at least one of {of}"));
                None
            }
            Kind::List(items) => Some(
                items
                    .iter()
                    .map(|node| Value {
                        kind: item,
                        written: Written::Here(node),
                        ..value
                    })
                    .collect(),
            ),
            Kind::Scalar { text, plain } if !(*plain && reading(text) == Reading::Null) => {
                self.collector
                    .mistake(
                        Code::WrongType,
                        node.span,
                        format!("`{name}` must be a list"),
                    )
                    .help(match item {
                        _ if text.len() > 60 => {
                            format!("write {of} in brackets, separated by commas")
                        }
                        shape::Kind::File if !text.starts_with("file:") => {
                            format!("write `{name}: [file:{text}]`")
                        }
                        _ => format!("write `{name}: [{text}]`"),
                    });
                None
            }
            _ => {
                let what = format!("`{name}` must be a list of {of}");
                self.wrong_kind(node, value.key_span, &what);
                None
            }
        }
    }

    /// The items of a list of mappings; an item that is no mapping is noted and left out.
    pub(crate) fn sections<'n>(&mut self, value: Value<'n>) -> Vec<Section<'n>> {
        let items = self.items(value).unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| match (item.kind, item.written) {
                (shape::Kind::Section(shape), Written::Here(node)) => {
                    Section::open(self, node, node.span, shape)
                }
                _ => self.misread(item),
            })
            .collect()
    }

    /// A value that is a mapping.
    pub(crate) fn section<'n>(&mut self, value: Value<'n>) -> Option<Section<'n>> {
        match (value.kind, value.written) {
            (shape::Kind::Section(shape), Written::Here(node)) => {
                Section::open(self, node, value.key_span, shape)
            }
            _ => self.misread(value),
        }
    }

    /// A word, or something else.
    pub(crate) fn alternative<'n>(&mut self, value: Value<'n>) -> Option<Alternative<'n>> {
        let shape::Kind::Or(word, other) = value.kind else {
            return self.misread(value);
        };
        let other = Value {
            kind: other,
            ..value
        };
        let is_scalar = match value.written {
            Written::Here(node) => matches!(node.kind, Kind::Scalar { .. }),
            Written::Default(_) => true,
        };
        let takes_scalars = !matches!(
            other.kind,
            shape::Kind::Section(_) | shape::Kind::Standard(_) | shape::Kind::List { .. }
        );
        if !is_scalar {
            return Some(Alternative::Other(other));
        }
        let text = self.scalar(value)?;
        if text.value == *word {
            return Some(Alternative::Word);
        }
        if takes_scalars {
            return Some(Alternative::Other(other));
        }
        let name = value.key.name;
        let help = match nearest(text.value, [*word]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", value.kind.expected()),
        };
        self.collector
            .mistake(
                Code::BadValue,
                text.at,
                format!("`{name}` cannot be `{}`", text.value),
            )
            .help(help);
        None
    }

    /// A scalar's text, however it was written.
    pub(crate) fn scalar<'n>(&mut self, value: Value<'n>) -> Option<At<&'n str>> {
        let node = match value.written {
            Written::Here(node) => node,
            Written::Default(text) => {
                return Some(At {
                    value: text,
                    at: value.key_span,
                });
            }
        };
        match &node.kind {
            Kind::Scalar { text, plain } if !(*plain && reading(text) == Reading::Null) => {
                Some(At {
                    value: text,
                    at: node.span,
                })
            }
            _ => {
                let what = format!("`{}` must be {}", value.key.name, value.kind.expected());
                self.wrong_kind(node, value.key_span, &what);
                None
            }
        }
    }

    /// A scalar read by `parse`, which says what is wrong with it.
    pub(crate) fn parsed<T>(
        &mut self,
        value: Value<'_>,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        let scalar = self.scalar(value)?;
        match parse(scalar.value) {
            Ok(parsed) => Some(At {
                value: parsed,
                at: scalar.at,
            }),
            Err(wrong) => {
                self.collector
                    .mistake(wrong.code, scalar.at, wrong.what)
                    .maybe_help(wrong.help);
                None
            }
        }
    }

    /// A text meant for people: numbers, booleans and what older readers take for booleans must be
    /// in quotes.
    pub(crate) fn text(&mut self, value: Value<'_>) -> Option<At<String>> {
        let scalar = self.scalar(value)?;
        let Written::Here(node) = value.written else {
            return self.misread(value);
        };
        let plain = matches!(&node.kind, Kind::Scalar { plain: true, .. });
        let name = value.key.name;
        if plain && reading(scalar.value) != Reading::Text {
            let what = format!("`{name}` must be a text");
            self.wrong_kind(node, value.key_span, &what);
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
                .mistake(Code::BadValue, scalar.at, format!("`{name}` {wrong}"));
            return None;
        }
        Some(At {
            value: trimmed.to_owned(),
            at: scalar.at,
        })
    }

    /// One of a few words, which are those of the table.
    pub(crate) fn word<T: Copy>(
        &mut self,
        value: Value<'_>,
        words: &[(&'static str, T)],
    ) -> Option<At<T>> {
        let names = || words.iter().map(|(name, _)| *name);
        let shape::Kind::Word(listed) = value.kind else {
            return self.misread(value);
        };
        if !names().eq(listed.iter().copied()) {
            return self.misread(value);
        }
        self.parsed(value, |text| {
            if let Some((_, word)) = words.iter().find(|(name, _)| *name == text) {
                return Ok(*word);
            }
            Err(Wrong::new(
                format!("`{}` cannot be `{text}`", value.key.name),
                match nearest(text, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("write {}", value.kind.expected()),
                },
            ))
        })
    }

    /// The name of something else in the file.
    pub(crate) fn name(&mut self, value: Value<'_>) -> Option<At<String>> {
        match value.kind {
            shape::Kind::Name => self.scalar(value).map(|name| name.map(str::to_owned)),
            _ => self.misread(value),
        }
    }

    /// A list of names, none of them twice.
    pub(crate) fn name_list(&mut self, value: Value<'_>) -> Vec<At<String>> {
        let mut names: Vec<At<String>> = Vec::new();
        for item in self.items(value).unwrap_or_default() {
            let Some(name) = self.name(item) else {
                continue;
            };
            match names.iter().find(|known| known.value == name.value) {
                Some(first) => {
                    let what = format!("`{}` is listed twice", name.value);
                    self.collector
                        .mistake(Code::DuplicateKey, name.at, what)
                        .see(first.at, "first here");
                }
                None => names.push(name),
            }
        }
        names
    }

    /// Notes that code and table disagree: it is a fault of this program, and the file is refused.
    pub(crate) fn misread<T>(&mut self, value: Value<'_>) -> Option<T> {
        let what = format!(
            "`{}` is read as something else than its table says: {}",
            value.key.name,
            value.kind.expected()
        );
        self.collector
            .mistake(Code::Fault, value.key_span, what)
            .help("this is a fault of the program: mend the key's `kind` in `src/config/file`");
        None
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
            .mistake(
                Code::DanglingName,
                name.at,
                format!("{what} `{}`", name.value),
            )
            .help(help);
    }

    /// Notes that a node is not of the kind that `what` demands.
    pub(crate) fn wrong_kind(&mut self, node: &Node, named_at: Span, what: &str) {
        let mut quote = None;
        let found = match &node.kind {
            Kind::Broken => return,
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
            Kind::Scalar { text, plain: true } => {
                quote = Some(format!("if a text is meant, put it in quotes: \"{text}\""));
                match reading(text) {
                    Reading::Null => {
                        self.collector.mistake(
                            Code::WrongType,
                            named_at,
                            format!("{what}, but nothing is written"),
                        );
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
            .mistake(Code::WrongType, node.span, format!("{what}, not {found}"))
            .maybe_help(quote.filter(|_| what.ends_with("a text")));
    }
}
