//! `include`: other files that add to the configuration. Additive only: a name or a key that is
//! given twice is a mistake that shows both places, so that what a file says is never changed by
//! another, and a lost `include` takes away and opens nothing (promise P1).
//!
//! Sections of names (`partners`, `banks`…) and lists (`agreements`, `tls`) grow; any other key
//! stands in one file alone. Each file states its `edition`. Paths in a file are relative to its
//! own folder. The trees are joined before anything is read, so that everything after knows one
//! file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::file::{self, FILE};
use crate::files::{FileRef, Files};
use crate::mistake::Code;
use crate::reader::{Reader, Section, Value, Written};
use crate::shape;
use crate::source::{At, Span};
use crate::yaml::{self, Kind, Node, Pair};

/// The longest file that is included.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How much is included at most, all files together.
const BYTES_MAX: u64 = 8 << 20;
/// How many files are included at most.
const FILES_MAX: usize = 100;
/// How deep included files may include others.
const DEPTH_MAX: usize = 4;

/// Joins the files that the configuration includes into its tree. Notes what cannot be; the rest is
/// joined all the same, so that its mistakes are told too.
pub(crate) fn join(reader: &mut Reader, files: &mut Files<'_>, path: &Path, root: &mut Node) {
    let mut joiner = Joiner {
        reader,
        files,
        open: vec![identity(path)],
        known: HashMap::new(),
        bytes: 0,
    };
    for reference in joiner.references(root) {
        joiner.include(root, &reference);
    }
}

struct Joiner<'r, 'e> {
    reader: &'r mut Reader,
    files: &'r mut Files<'e>,
    /// The files that are being read, the configuration first.
    open: Vec<PathBuf>,
    /// Where each file was included.
    known: HashMap<PathBuf, Span>,
    bytes: u64,
}

/// A file, however its path is written.
fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

impl Joiner<'_, '_> {
    /// The files that a file includes.
    fn references(&mut self, root: &Node) -> Vec<At<FileRef>> {
        let Kind::Map(_) = &root.kind else {
            return Vec::new();
        };
        let start = Span {
            end: root.span.start,
            ..root.span
        };
        let Some(mut section) = Section::open(self.reader, root, start, &FILE) else {
            return Vec::new();
        };
        let Some(value) = section.value(self.reader, "include") else {
            return Vec::new();
        };
        let items = self.reader.items(value).unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| self.reader.file(item))
            .collect()
    }

    fn include(&mut self, root: &mut Node, reference: &At<FileRef>) {
        let path = self.files.path(&reference.clone().map(|file| file.0));
        let identity = identity(&path);
        if !self.may_include(reference, &identity) {
            return;
        }
        let content = self
            .files
            .content(self.reader, reference, FILE_BYTES_MAX)
            .filter(|content| self.fits(reference.at, content.bytes.len()));
        let Some(content) = content else {
            return;
        };
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let Some(source) = self.reader.text_source(content.shown, &content.bytes) else {
            return;
        };
        self.files.add_folder(source, folder);
        let Some(mut part) = yaml::parse(&mut self.reader.collector, source) else {
            return;
        };
        self.open.push(identity);
        for reference in self.references(&part) {
            self.include(&mut part, &reference);
        }
        self.open.pop();
        self.add(root, part);
    }

    /// Notes a file that cannot be included once more, or deeper.
    fn may_include(&mut self, reference: &At<FileRef>, identity: &Path) -> bool {
        let written = &reference.value.0;
        let collector = &mut self.reader.collector;
        if self.open.iter().any(|open| open == identity) {
            collector
                .mistake(
                    Code::Include,
                    reference.at,
                    format!("`{written}` is this file, or includes it"),
                )
                .help("remove one `include` of the circle");
            return false;
        }
        if let Some(first) = self.known.get(identity) {
            collector
                .mistake(
                    Code::Include,
                    reference.at,
                    format!("`{written}` is included twice"),
                )
                .see(*first, "first here")
                .help("keep one of the two");
            return false;
        }
        let (what, help) = if self.open.len() > DEPTH_MAX {
            (
                "this is included too deep",
                format!("files may include others {DEPTH_MAX} deep"),
            )
        } else if self.known.len() == FILES_MAX {
            (
                "too many files are included",
                format!("at most {FILES_MAX} are read"),
            )
        } else {
            self.known.insert(identity.to_owned(), reference.at);
            return true;
        };
        collector
            .mistake(Code::Include, reference.at, what)
            .help(help);
        false
    }

    fn fits(&mut self, at: Span, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        let fits = self.bytes <= BYTES_MAX;
        if !fits {
            self.reader
                .collector
                .mistake(Code::Include, at, "with this file too much is included")
                .help(format!("all files together may have {BYTES_MAX} bytes"));
        }
        fits
    }

    /// Adds what a file says to what is known.
    fn add(&mut self, root: &mut Node, part: Node) {
        let start = Span {
            end: part.span.start,
            ..part.span
        };
        let Some(mut section) = Section::open(self.reader, &part, start, &FILE) else {
            return;
        };
        file::edition(self.reader, &mut section);
        section.tell_missing(self.reader);
        let (Kind::Map(pairs), Kind::Map(known)) = (part.kind, &mut root.kind) else {
            return;
        };
        for pair in pairs {
            if pair.key == "edition" || pair.key == "include" {
                continue;
            }
            match known.iter_mut().find(|known| known.key == pair.key) {
                Some(known) => self.grow(known, pair),
                None => known.push(pair),
            }
        }
    }

    /// Adds to a key that another file has too.
    fn grow(&mut self, known: &mut Pair, pair: Pair) {
        let key = FILE.key(&pair.key);
        match (key.map(|key| &key.kind), &mut known.value.kind, pair.value) {
            (
                Some(shape::Kind::Named(..)),
                Kind::Map(known),
                Node {
                    kind: Kind::Map(members),
                    ..
                },
            ) => {
                for member in members {
                    let first = known.iter().find(|known| known.key == member.key);
                    match first.map(|first| first.key_span) {
                        Some(first) => self.twice(&pair.key, &member, first),
                        None => known.push(member),
                    }
                }
            }
            (
                Some(shape::Kind::List { .. }),
                Kind::List(known),
                Node {
                    kind: Kind::List(items),
                    ..
                },
            ) => {
                known.extend(items);
            }
            (Some(kind @ (shape::Kind::Named(..) | shape::Kind::List { .. })), _, node) => {
                let Some(key) = key else {
                    return;
                };
                // Noted as it would be in the first file; what is wrong there is noted later.
                let value = Value {
                    key,
                    kind,
                    key_span: pair.key_span,
                    written: Written::Here(&node),
                };
                if let shape::Kind::Named(..) = kind {
                    self.reader.named(value);
                } else {
                    self.reader.items(value);
                }
            }
            (_, _, _) => {
                self.reader
                    .collector
                    .mistake(
                        Code::DuplicateKey,
                        pair.key_span,
                        format!("the key `{}` is written in two files", pair.key),
                    )
                    .see(known.key_span, "first here")
                    .help("keep one of the two: an included file adds, it changes nothing");
            }
        }
    }

    fn twice(&mut self, section: &str, member: &Pair, first: Span) {
        self.reader
            .collector
            .mistake(
                Code::DuplicateKey,
                member.key_span,
                format!("`{section}` has `{}` in two files", member.key),
            )
            .see(first, "first here")
            .help("keep one of the two: an included file adds, it changes nothing");
    }
}
