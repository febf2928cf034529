//! YAML text to a tree whose every node knows where it stands. The only file that knows the YAML
//! library; what it cannot give (all duplicate keys at once, how a scalar was written) is done on
//! the library's events.
//!
//! Narrower than YAML 1.2 on purpose: one document, mappings with scalar keys, no anchors, aliases,
//! tags or merge keys (so that a file means what stands in it, and no bomb can be built), bounded
//! depth and size.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{self, Event, Marker, Parser, ScalarStyle};

use crate::mistake::{Code, Collector};
use crate::source::Span;

/// Deepest nesting that is read.
const DEPTH_MAX: usize = 64;
/// Most nodes that are read.
const NODES_MAX: usize = 500_000;
/// A file that uses more than so many features that are not read is read no further.
const REFUSED_MAX: usize = 20;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// A scalar: its text after unescaping, and whether it was written plain, without quotes.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Pair>),
    /// Something that was refused and has been noted as a mistake.
    Broken,
}

/// A key of a mapping with its value.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// Reads one document; `None` when nothing of it can be read. All mistakes are noted.
pub(crate) fn parse(collector: &mut Collector, source: usize) -> Option<Node> {
    let text = collector.sources.text(source).to_owned();
    let options = granit_parser::options! {
        flow_nesting_limit: DEPTH_MAX,
        block_nesting_limit: DEPTH_MAX,
        disallow_directives: true,
        emit_comments: false,
    };
    let mut builder = Builder {
        collector,
        source,
        open: Vec::new(),
        root: None,
        nodes: 0,
        read_to: 0,
        refused: Vec::new(),
    };
    let is_whole = builder.read(&text, options);
    builder.tell_refused();
    if !is_whole {
        return None;
    }
    if builder.root.is_none() {
        let whole = Span {
            source,
            start: 0,
            end: 0,
        };
        builder
            .collector
            .mistake(Code::NotYaml, whole, "the file is empty");
    }
    builder.root
}

/// The byte a marker stands at. Markers of texts carry it; the count of characters is the fallback.
fn offset(text: &str, marker: &Marker) -> usize {
    marker.byte_offset().unwrap_or_else(|| {
        text.char_indices()
            .nth(marker.index())
            .map_or(text.len(), |(at, _)| at)
    })
}

struct Builder<'c> {
    collector: &'c mut Collector,
    source: usize,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    /// Where what was read last ends.
    read_to: usize,
    /// What is not read of YAML: where it stands first, and how often.
    refused: Vec<Refused>,
}

/// What a bomb is made of.
const ANCHORS: &str = "anchors and aliases";

/// A feature of YAML that is not read.
struct Refused {
    feature: &'static str,
    help: &'static str,
    first: Span,
    count: usize,
}

enum Open {
    List(Span, Vec<Node>),
    Map {
        span: Span,
        pairs: Vec<Pair>,
        seen: HashMap<String, Span>,
        key: Option<Key>,
    },
}

/// A key whose value comes next; `None` when the key was refused and its value is dropped.
type Key = Option<(String, Span)>;

impl Builder<'_> {
    /// Reads a text; false when it could not be read to its end.
    fn read(&mut self, text: &str, options: granit_parser::Options) -> bool {
        let source = self.source;
        for event in Parser::new_from_str_with_options(text, options) {
            match event {
                Ok((event, span)) => {
                    let span = Span {
                        source,
                        start: offset(text, &span.start),
                        end: offset(text, &span.end),
                    };
                    if !self.take(event, span) {
                        return false;
                    }
                    self.read_to = span.end;
                }
                Err(problem) => {
                    let start = offset(text, problem.marker());
                    let at = Span {
                        source,
                        start,
                        end: start + 1,
                    };
                    self.collector
                        .mistake(
                            Code::NotYaml,
                            at,
                            format!("this is not YAML: {}", problem.info()),
                        )
                        .help("from here on the file was not read");
                    return false;
                }
            }
        }
        true
    }

    /// Remembers a feature that is not read. It is told once, however often it is used. False when
    /// that is so often that reading must end.
    fn refuse(&mut self, feature: &'static str, help: &'static str, at: Span) -> bool {
        match self.refused.iter_mut().find(|r| r.feature == feature) {
            Some(known) => known.count += 1,
            None => self.refused.push(Refused {
                feature,
                help,
                first: at,
                count: 1,
            }),
        }
        self.refused.iter().map(|r| r.count).sum::<usize>() <= REFUSED_MAX
    }

    fn tell_refused(&mut self) {
        for refused in std::mem::take(&mut self.refused) {
            let places = match refused.count {
                1 => String::new(),
                count if count >= REFUSED_MAX => {
                    "; there are so many that the rest of the file was not read".to_owned()
                }
                count => format!("; the file has {count} of them"),
            };
            self.collector
                .mistake(
                    Code::YamlFeature,
                    refused.first,
                    format!("YAML {} are not read", refused.feature),
                )
                .help(format!("{}{places}", refused.help));
        }
    }

    /// Takes one event; false when reading must end.
    fn take(&mut self, event: Event<'_>, span: Span) -> bool {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.collector
                    .mistake(Code::NotYaml, span, "a second YAML document begins here")
                    .help("a file holds one document");
                return false;
            }
            Event::Scalar(text, style, anchor, tag) => {
                return self.refuse_properties(span, anchor, tag.is_some())
                    && self.scalar(&text, style, span);
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                return self.refuse(ANCHORS, "write the value where it acts", span)
                    && self.close(Node {
                        span,
                        kind: Kind::Broken,
                    });
            }
            Event::SequenceStart(_, anchor, tag) => {
                if !self.refuse_properties(span, anchor, tag.is_some()) {
                    return false;
                }
                self.open.push(Open::List(span, Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                if !self.refuse_properties(span, anchor, tag.is_some()) {
                    return false;
                }
                self.open.push(Open::Map {
                    span,
                    pairs: Vec::new(),
                    seen: HashMap::new(),
                    key: None,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => return self.end(span),
            _ => {}
        }
        self.open.len() <= DEPTH_MAX
    }

    /// Notes an anchor and a tag; false when reading must end.
    fn refuse_properties(&mut self, span: Span, anchor: usize, tagged: bool) -> bool {
        let anchors = anchor == 0 || {
            let at = self.property('&', span);
            self.refuse(ANCHORS, "write the value where it acts", at)
        };
        let tags = !tagged || {
            let at = self.property('!', span);
            self.refuse("tags", "write the value without a tag", at)
        };
        anchors && tags
    }

    /// Where the anchor or tag of a node stands: before it, which for a block is a line above.
    fn property(&self, mark: char, node: Span) -> Span {
        let text = self.collector.sources.text(self.source);
        let between = text.get(self.read_to..node.start).unwrap_or("");
        let mut line_start = self.read_to;
        for line in between.split_inclusive('\n') {
            let mut at = line_start;
            for word in line.split_inclusive(char::is_whitespace) {
                let bare = word.trim_end();
                if bare.starts_with('#') {
                    break;
                }
                if let Some(before) = bare.find(mark) {
                    let (start, end) = (at + before, at + bare.len());
                    return Span { start, end, ..node };
                }
                at += word.len();
            }
            line_start += line.len();
        }
        node
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> bool {
        let plain = style == ScalarStyle::Plain;
        let awaits_key = matches!(self.open.last(), Some(Open::Map { key: None, .. }));
        if !awaits_key {
            return self.close(Node {
                span,
                kind: Kind::Scalar {
                    text: text.to_owned(),
                    plain,
                },
            });
        }
        let Some(Open::Map { seen, key, .. }) = self.open.last_mut() else {
            return false;
        };
        if plain && text == "<<" {
            *key = Some(None);
            return self.refuse("merge keys", "write the keys where they act", span);
        } else if let Some(first) = seen.get(text).copied() {
            *key = Some(None);
            self.collector
                .mistake(
                    Code::DuplicateKey,
                    span,
                    format!("the key `{text}` is written twice"),
                )
                .see(first, "first here")
                .help("keep one of the two");
        } else {
            seen.insert(text.to_owned(), span);
            *key = Some(Some((text.to_owned(), span)));
        }
        true
    }

    fn end(&mut self, end: Span) -> bool {
        let node = match self.open.pop() {
            Some(Open::List(span, items)) => Node {
                span: self.spread(span, end),
                kind: Kind::List(items),
            },
            Some(Open::Map { span, pairs, .. }) => Node {
                span: self.spread(span, end),
                kind: Kind::Map(pairs),
            },
            None => return false,
        };
        self.close(node)
    }

    /// From the start of a collection to its end; block collections end where the next token is,
    /// so that only the start is kept of them.
    fn spread(&self, start: Span, end: Span) -> Span {
        let closes = self
            .collector
            .sources
            .text(self.source)
            .get(end.start..end.end)
            .is_some_and(|text| text == "}" || text == "]");
        Span {
            end: if closes { end.end } else { start.end },
            ..start
        }
    }

    /// Puts a finished node where it belongs; false when reading must end.
    fn close(&mut self, node: Node) -> bool {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            self.collector
                .mistake(Code::NotYaml, node.span, "the file holds too many values")
                .help(format!("at most {NODES_MAX} are read"));
            return false;
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map { pairs, key, .. }) => match key.take() {
                Some(Some((key, key_span))) => pairs.push(Pair {
                    key,
                    key_span,
                    value: node,
                }),
                Some(None) => {}
                None => {
                    *key = Some(None);
                    self.collector
                        .mistake(Code::WrongType, node.span, "a key must be a text")
                        .help("write `name: value`");
                }
            },
        }
        true
    }
}

/// How YAML 1.2's core schema reads a plain scalar (§10.3.2), and what older readers take for a
/// boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Null,
    Boolean(bool),
    Number,
    /// `yes`, `no`, `on`, `off`: a text here, a boolean to readers of YAML 1.1.
    OldBoolean,
    Text,
}

/// Reads a plain scalar.
pub(crate) fn reading(text: &str) -> Reading {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Reading::Null,
        "true" | "True" | "TRUE" => return Reading::Boolean(true),
        "false" | "False" | "FALSE" => return Reading::Boolean(false),
        _ => {}
    }
    let old = ["y", "n", "yes", "no", "on", "off"];
    if old.iter().any(|word| word.eq_ignore_ascii_case(text)) {
        Reading::OldBoolean
    } else if is_number(text) {
        Reading::Number
    } else {
        Reading::Text
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if [".inf", ".Inf", ".INF"].contains(&unsigned) || [".nan", ".NaN", ".NAN"].contains(&text) {
        return true;
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return !digits.is_empty() && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
    }
    unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && unsigned.bytes().any(|b| b.is_ascii_digit())
        && unsigned.parse::<f64>().is_ok()
}

#[cfg(test)]
#[path = "yaml/tests.rs"]
mod tests;
