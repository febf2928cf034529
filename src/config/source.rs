//! The texts that mistakes point into.

use std::ops::Range;

use serde::Serialize;

/// A stretch of one source, in bytes. Cheap to copy; only [`Sources`] can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A value with the place where it was written.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Span,
}

impl<T> At<T> {
    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At {
            value: change(self.value),
            at: self.at,
        }
    }
}

/// Where a span begins, as a person counts, and the line it begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// From 1, in characters.
    pub(crate) column: usize,
    /// Where the span ends, exclusive.
    pub(crate) end: End,
    /// The line and the part of it that is meant; absent when it is too long to show, and when
    /// the source has no text.
    pub(crate) excerpt: Option<Excerpt>,
}

/// Where something ends: the first column that is no longer part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct End {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

/// One line of a source and the bytes of it that are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) line: String,
    pub(crate) marked: Range<usize>,
}

/// The longest line that is shown.
const EXCERPT_BYTES_MAX: usize = 1_000;

/// The files read so far, in the order in which they were read.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

#[derive(Debug)]
struct Source {
    shown: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Sources {
    /// Takes a text in and gives its number; `shown` is how its file is called in mistakes.
    pub(crate) fn add(&mut self, shown: String, text: String) -> usize {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        self.0.push(Source {
            shown,
            text,
            line_starts,
        });
        self.0.len() - 1
    }

    /// The text of a source; empty for a number that was never given out.
    pub(crate) fn text(&self, source: usize) -> &str {
        self.0.get(source).map_or("", |source| &source.text)
    }

    /// Where the span begins and ends.
    pub(crate) fn place(&self, span: Span) -> Place {
        let Some(source) = self.0.get(span.source) else {
            return Place {
                file: String::new(),
                line: 1,
                column: 1,
                end: End { line: 1, column: 1 },
                excerpt: None,
            };
        };
        let (index, from, line) = source.line_at(span.start);
        let (end_index, end_from, end_line) = source.line_at(span.end.max(span.start));
        let to = if index == end_index {
            end_from
        } else {
            line.len()
        };
        let is_shown =
            !source.text.is_empty() && line.len() <= EXCERPT_BYTES_MAX && !may_be_secret(line);
        Place {
            file: source.shown.clone(),
            line: index + 1,
            column: column(line, from),
            end: End {
                line: end_index + 1,
                column: column(end_line, end_from),
            },
            excerpt: is_shown.then(|| Excerpt {
                line: line.to_owned(),
                marked: from..to,
            }),
        }
    }
}

impl Source {
    /// The number of the line that a byte is in, from 0, the byte's place in it, and the line.
    fn line_at(&self, at: usize) -> (usize, usize, &str) {
        let at = floor_boundary(&self.text, at);
        let index = self
            .line_starts
            .partition_point(|&start| start <= at)
            .saturating_sub(1);
        let start = self.line_starts.get(index).copied().unwrap_or(0);
        let rest = self.text.get(start..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        (index, (at - start).min(line.len()), line)
    }
}

/// The column of a byte of a line, from 1, in characters.
fn column(line: &str, at: usize) -> usize {
    line.get(..at).unwrap_or("").chars().count() + 1
}

/// Whether a line may hold a secret that somebody wrote into the file: a key of it is named like
/// one and its value is no reference, or it holds as much random text as a key. Such a line is
/// never shown, whatever the mistake in it.
fn may_be_secret(line: &str) -> bool {
    const KEY_CHARS: usize = 43;
    let is_random = |run: &str| {
        run.len() >= KEY_CHARS
            && run.bytes().any(|b| b.is_ascii_uppercase())
            && run.bytes().any(|b| b.is_ascii_lowercase())
            && run.bytes().any(|b| b.is_ascii_digit())
    };
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    assigns_secret(line) || line.split(|c| !is_base64(c)).any(is_random)
}

/// Whether a key is named like a secret and its value, without the comment behind it, is no
/// reference.
fn assigns_secret(line: &str) -> bool {
    // The last is the end of a name: `key`, `signing_key`.
    const NAMES: [&str; 6] = ["kek", "secret", "password", "passphrase", "private", "key"];
    let lower = line.to_ascii_lowercase();
    NAMES.iter().any(|name| {
        lower.match_indices(name).any(|(at, _)| {
            let rest = lower.get(at + name.len()..).unwrap_or("");
            let is_rest =
                |c: char| *name != "key" && (c.is_ascii_alphanumeric() || "_-".contains(c));
            let after = rest.trim_start_matches(is_rest);
            let after = after.trim_start_matches(['"', '\'']).trim_start();
            after.strip_prefix(':').is_some_and(|value| {
                let value = without_comment(value).trim();
                let value = value.trim_start_matches(['"', '\'']);
                let is_reference = value.starts_with("file:") || value.starts_with("env:");
                !value.is_empty() && !is_reference
            })
        })
    })
}

/// A value without the comment behind it (YAML 1.2 §6.6: `#` after a space).
fn without_comment(value: &str) -> &str {
    let begins = |(at, _): &(usize, &str)| {
        let before = value.get(..*at).unwrap_or("");
        before.is_empty() || before.ends_with([' ', '\t'])
    };
    let comment = value.match_indices('#').find(begins);
    comment.map_or(value, |(at, _)| value.get(..at).unwrap_or(value))
}

/// The nearest character boundary at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_as_a_person_does() {
        let mut sources = Sources::default();
        let source = sources.add("a.yaml".to_owned(), "a: 1\r\n迅行: 出行\n".to_owned());
        let start = "a: 1\r\n迅行: ".len();
        let place = sources.place(Span {
            source,
            start,
            end: start + 300,
        });
        assert_eq!((place.line, place.column), (2, 5));
        let excerpt = place.excerpt.expect("a short line");
        assert_eq!(excerpt.line, "迅行: 出行");
        assert_eq!(&excerpt.line[excerpt.marked], "出行");
    }

    /// CF-12: a secret in the file is shown by no mistake.
    #[test]
    fn cf_12_lines_that_may_hold_a_secret_are_not_shown() {
        for secret in [
            "kekk: aGVsbG8",
            "  keys: { kek: aGVsbG8 }",
            "client_secret: hunter2",
            "kekk: hunter2hunter2 # or env:NAME, file:PATH",
            "kek: hunter2hunter2\t# file:keys/kek",
            "keys: { kek: file:keys/kek, secret: hunter2 }",
            "kek: file:keys/kek, kekk: hunter2",
            "kek: hunter2#file:keys/kek",
            "client-secret-2: hunter2",
            "        key: s3cr3t-s3cr3t",
            "keys: { 'key': s3cr3t }",
            "signing_key: s3cr3t",
            "9bKq0Zl3mV7cXw1sJtR5uYpA2dEfGhN4oI6xQzBvTkM",
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9bKq0Zl3mV7cXw1s",
        ] {
            assert!(may_be_secret(secret), "{secret}");
        }
        for plain in [
            "kek: file:keys/kek",
            "        kek: env:MORTISE_KEK",
            "        kek: 'env:MORTISE_KEK'  # 32 random bytes, a secret",
            "        kek:  # or env:NAME",
            "    key: file:tls/gateway.key",
            "keys: { kek: file:keys/kek }",
            "turnkey service: yes",
            "auth: private_key_jwt",
            "auth: client_secret_basic",
            "a: { auth: private_key_jwt, jwks: partners/a.json }",
            "      keys:",
            "privacy_contact: privacy@swiftride.example",
        ] {
            assert!(!may_be_secret(plain), "{plain}");
        }
    }

    #[test]
    fn a_span_past_the_end_is_the_end() {
        let mut sources = Sources::default();
        let source = sources.add("a.yaml".to_owned(), "é".to_owned());
        for start in 0..9 {
            let place = sources.place(Span {
                source,
                start,
                end: start,
            });
            assert_eq!(place.line, 1);
        }
    }
}
