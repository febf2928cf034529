//! What is wrong with a configuration: where, what, and what would be right.

use std::fmt;

use serde::Serialize;

use crate::source::{End, Excerpt, Sources, Span};

mod code;
mod render;

pub use code::Code;

/// More mistakes than this are counted, not kept.
const MISTAKES_MAX: usize = 200;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The file, as it was named to the loader or in the configuration.
    pub file: String,
    /// The line, from 1; 1 also where the file itself cannot be read.
    pub line: usize,
    /// The column, from 1, in characters; 1 also where the file itself cannot be read.
    pub column: usize,
    /// Where it ends, exclusive: the same place when only a point is meant.
    pub end: End,
    /// What kind of mistake it is.
    pub code: Code,
    /// What is wrong.
    pub what: String,
    /// What would be right, when that can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Other places that belong to it, such as the first of two that collide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    #[serde(skip)]
    pub(crate) excerpt: Option<Excerpt>,
    /// Whether it is that `file` cannot be read, so that it has no lines.
    #[serde(skip)]
    pub(crate) is_unreadable: bool,
    /// Whether only time made it one: the file was good before, and what it is about is refused
    /// wherever it is used.
    #[serde(skip)]
    pub(crate) is_lapse: bool,
}

/// Another place that a mistake is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// Where it ends, exclusive.
    pub end: End,
    /// What is there.
    pub what: String,
    #[serde(skip)]
    pub(crate) excerpt: Option<Excerpt>,
}

/// All mistakes of one run, in the order of the files and lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    list: Vec<Mistake>,
    left_out: usize,
}

impl Mistakes {
    /// The mistakes, at most 200.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.list.iter()
    }

    /// How many there are, those left out of the list included.
    pub fn count(&self) -> usize {
        self.list.len() + self.left_out
    }

    /// How many files they are in, of those in the list.
    pub fn files(&self) -> usize {
        let mut files: Vec<&str> = self.list.iter().map(|m| m.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        files.len()
    }

    /// How many more there were than the list holds.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether nothing could be judged because the configuration itself cannot be read: it is not
    /// there, not a file, or reading it fails. A file that it refers to is a mistake in it.
    pub fn is_unreadable(&self) -> bool {
        self.list.iter().all(|mistake| mistake.is_unreadable)
    }

    /// Whether only time made them mistakes: see [`crate::Loaded::lapsed`].
    pub(crate) fn are_lapses(&self) -> bool {
        self.left_out == 0 && self.list.iter().all(|mistake| mistake.is_lapse)
    }

    /// What is answered should a file give neither settings nor a mistake: it is refused all the
    /// same.
    pub(crate) fn unexplained() -> Self {
        let mut collector = Collector::default();
        let source = collector.sources.add(String::new(), String::new());
        let at = Span {
            source,
            start: 0,
            end: 0,
        };
        collector.mistake(Code::Fault, at, "the configuration cannot be used");
        Self {
            list: collector
                .list
                .into_iter()
                .map(|(_, mistake)| mistake)
                .collect(),
            left_out: 0,
        }
    }

    /// The mistakes as a person reads them: what, where with the source line and a caret, what
    /// would be right; `width` is the terminal's, in columns.
    pub fn render(&self, coloured: bool, width: usize) -> String {
        render::render(self, coloured, width)
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false, 100))
    }
}

impl std::error::Error for Mistakes {}

/// Gathers mistakes while a configuration is read.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    pub(crate) sources: Sources,
    list: Vec<(usize, Mistake)>,
    left_out: usize,
}

impl Collector {
    /// Notes a mistake at a place.
    pub(crate) fn mistake(&mut self, code: Code, at: Span, what: impl Into<String>) -> Noted<'_> {
        self.note(code, at, true, what.into())
    }

    /// Notes a mistake in a value that may be a secret written in the wrong place: the line is
    /// named, not shown.
    pub(crate) fn secret_mistake(&mut self, at: Span, what: impl Into<String>) -> Noted<'_> {
        self.note(Code::Secret, at, false, what.into())
    }

    /// Whether anything was noted that is not only out of time.
    pub(crate) fn has_mistakes(&self) -> bool {
        !self.list.iter().all(|(_, mistake)| mistake.is_lapse)
    }

    /// How many were noted, those left out included.
    pub(crate) fn count(&self) -> usize {
        self.list.len() + self.left_out
    }

    /// The mistakes in order, if there are any.
    pub(crate) fn finish(mut self) -> Option<Mistakes> {
        self.list
            .sort_by_key(|(source, mistake)| (*source, mistake.line, mistake.column));
        let list: Vec<Mistake> = self.list.into_iter().map(|(_, mistake)| mistake).collect();
        (!list.is_empty()).then_some(Mistakes {
            list,
            left_out: self.left_out,
        })
    }

    fn note(&mut self, code: Code, at: Span, shown: bool, what: String) -> Noted<'_> {
        // Asked first: finding a place costs time, and a file may hold very many mistakes.
        if self.list.len() == MISTAKES_MAX {
            self.left_out += 1;
            return Noted {
                sources: &self.sources,
                mistake: None,
            };
        }
        let place = self.sources.place(at);
        let same_there = self.list.iter().any(|(_, known)| {
            (&known.file, known.line, known.column) == (&place.file, place.line, place.column)
                && known.what == what
        });
        if same_there {
            return Noted {
                sources: &self.sources,
                mistake: None,
            };
        }
        self.list.push((
            at.source,
            Mistake {
                file: place.file,
                line: place.line,
                column: place.column,
                end: place.end,
                code,
                what,
                help: None,
                related: Vec::new(),
                excerpt: place.excerpt.filter(|_| shown),
                is_unreadable: false,
                is_lapse: false,
            },
        ));
        Noted {
            sources: &self.sources,
            mistake: self.list.last_mut().map(|(_, mistake)| mistake),
        }
    }
}

/// A mistake just noted, to which help can be added.
pub(crate) struct Noted<'c> {
    sources: &'c Sources,
    mistake: Option<&'c mut Mistake>,
}

impl Noted<'_> {
    /// Says what would be right.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        if let Some(mistake) = &mut self.mistake {
            mistake.help = Some(help.into());
        }
        self
    }

    /// Says what would be right, when that is known.
    pub(crate) fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Says that the mistake is the file's own: it cannot be read.
    pub(crate) fn unreadable(self) {
        if let Some(mistake) = self.mistake {
            mistake.is_unreadable = true;
        }
    }

    /// Says that only time made it a mistake.
    pub(crate) fn lapse(self) {
        if let Some(mistake) = self.mistake {
            mistake.is_lapse = true;
        }
    }

    /// Points at another place.
    pub(crate) fn see(mut self, at: Span, what: impl Into<String>) -> Self {
        if let Some(mistake) = &mut self.mistake {
            let place = self.sources.place(at);
            mistake.related.push(Related {
                file: place.file,
                line: place.line,
                column: place.column,
                end: place.end,
                what: what.into(),
                excerpt: place.excerpt,
            });
        }
        self
    }
}

/// The name among `known` that was probably meant.
pub(crate) fn nearest<'k>(
    meant: &str,
    known: impl IntoIterator<Item = &'k str>,
) -> Option<&'k str> {
    if meant.len() > 128 {
        return None;
    }
    let allowed = (meant.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(meant, name), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// `a`, `b` and `c`, each in back-quotes, joined by commas; at most ten.
pub(crate) fn listed<'k>(names: impl IntoIterator<Item = &'k str>) -> String {
    let mut names = names.into_iter();
    let mut text = names
        .by_ref()
        .take(10)
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    if names.next().is_some() {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["partner", "bank", "plan"];
        assert_eq!(nearest("partnr", known), Some("partner"));
        assert_eq!(nearest("palns", known), None);
        assert_eq!(nearest("paln", known), Some("plan"));
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn mistakes_beyond_the_limit_are_counted_and_repetitions_are_not() {
        let mut collector = Collector::default();
        let source = collector.sources.add("a".to_owned(), "x".repeat(300));
        for start in 0..250 {
            let at = Span {
                source,
                start,
                end: start,
            };
            collector.mistake(Code::Unit, at, "wrong");
            collector
                .mistake(Code::Unit, at, "wrong")
                .help("never seen");
        }
        let mistakes = collector.finish().expect("mistakes");
        assert_eq!(mistakes.iter().count(), MISTAKES_MAX);
        assert!(mistakes.iter().all(|mistake| mistake.help.is_none()));
    }
}
