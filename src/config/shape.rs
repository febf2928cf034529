//! The table of keys: what a section may hold, what each key means, and what holds without it. One
//! source for the reader, which asks it what a value must be; for `mortise schema`; for
//! `check --explain`; and for "did you mean". The tables themselves stand beside the code that
//! reads them, in `file`; a key that is read without standing in its table makes every file fail.

use std::time::Duration;

/// A mapping with fixed keys.
#[derive(Debug)]
pub(crate) struct Shape {
    /// What it is, as mistakes say it: "a plan".
    pub(crate) what: &'static str,
    /// Its keys, in the order in which a person would write them.
    pub(crate) keys: &'static [Key],
    /// Whether every key must be written although each has a default: a value that is tighter than
    /// its default would loosen with its line (promise P1).
    pub(crate) is_whole: bool,
}

/// A key with all that is known of it.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// What its value must be.
    pub(crate) kind: Kind,
    /// What holds when it is not written.
    pub(crate) need: Need,
    /// What it does, in one sentence.
    pub(crate) doc: &'static str,
}

/// What holds when a key is not written.
#[derive(Debug)]
pub(crate) enum Need {
    /// It must be written; the example completes "write `key: …`".
    Required(&'static str),
    /// It must be written; the words say how, or what it is for.
    Demanded(&'static str),
    /// This value, as it would be written. In a whole section it must be written all the same.
    Default(&'static str),
    /// It must be written, as the example shows, unless one of these other keys of the section is.
    RequiredUnless(&'static [&'static str], &'static str),
    /// This value, unless this other key of the section is written.
    DefaultUnless(&'static str, &'static str),
    /// Nothing of the kind; the words say what then holds.
    Absent(&'static str),
    /// Exactly one of the section's keys must be written; which, its reader says.
    Choice,
    /// Whatever its own keys say of themselves.
    Parts,
}

/// What a value must be.
#[derive(Debug)]
pub(crate) enum Kind {
    /// A mapping with fixed keys.
    Section(&'static Shape),
    /// The word `standard`, which stands for every default, or a mapping with fixed keys.
    Standard(&'static Shape),
    /// A mapping from names to mappings with fixed keys.
    Named(&'static Shape, Id),
    /// A mapping from names to values of one kind.
    Each(&'static Kind, Id),
    /// A list of at least one; `of` names the items in the plural.
    List {
        of: &'static str,
        item: &'static Kind,
    },
    /// A word, or something else.
    Or(&'static str, &'static Kind),
    /// One of these words.
    Word(&'static [&'static str]),
    /// A duration between two.
    Duration(Duration, Duration),
    /// A size between two, in bytes.
    Size(u64, u64),
    /// Bytes per second between two.
    ByteRate(u64, u64),
    /// A count of something (in the plural) between two.
    Count(&'static str, u32, u32),
    /// So many in such a time.
    Rate,
    /// A day.
    Date,
    /// A file that is read, `file:PATH`.
    File,
    /// A secret by reference, `file:PATH` or `env:NAME`.
    Secret,
    /// A path that the gateway writes to.
    Path,
    /// The name of something else in the file.
    Name,
    /// A text for people.
    Text,
    /// A scalar with rules of its own.
    Own {
        /// Completes "must be …".
        expected: &'static str,
        /// A regular expression that every good one matches, for editors: ECMA-262, anchored.
        pattern: &'static str,
    },
}

/// What the names of a mapping must be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Id {
    /// 1 to 64 of a-z, 0-9, `-`, `_`.
    Name,
    /// 1 to 128 visible ASCII characters.
    Visible,
}

impl Shape {
    /// A section whose keys each say whether they may be left out.
    pub(crate) const fn new(what: &'static str, keys: &'static [Key]) -> Self {
        Self {
            what,
            keys,
            is_whole: false,
        }
    }

    /// A section of which no key may be left out.
    pub(crate) const fn whole(what: &'static str, keys: &'static [Key]) -> Self {
        Self {
            what,
            keys,
            is_whole: true,
        }
    }

    /// The key of this name.
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The names of its keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + Clone + use<> {
        self.keys.iter().map(|key| key.name)
    }
}

impl Key {
    /// A key that must be written, as the example shows.
    pub(crate) const fn required(
        name: &'static str,
        kind: Kind,
        example: &'static str,
        doc: &'static str,
    ) -> Self {
        let need = Need::Required(example);
        Self {
            name,
            kind,
            need,
            doc,
        }
    }

    /// A key that must be written; the help says how, or what it is for.
    pub(crate) const fn demanded(
        name: &'static str,
        kind: Kind,
        help: &'static str,
        doc: &'static str,
    ) -> Self {
        let need = Need::Demanded(help);
        Self {
            name,
            kind,
            need,
            doc,
        }
    }

    /// A key with a default, written as it would be in the file.
    pub(crate) const fn default(
        name: &'static str,
        kind: Kind,
        value: &'static str,
        doc: &'static str,
    ) -> Self {
        let need = Need::Default(value);
        Self {
            name,
            kind,
            need,
            doc,
        }
    }

    /// A key that may be left out; the words say what then holds.
    pub(crate) const fn absent(
        name: &'static str,
        kind: Kind,
        then: &'static str,
        doc: &'static str,
    ) -> Self {
        let need = Need::Absent(then);
        Self {
            name,
            kind,
            need,
            doc,
        }
    }

    /// A key of a section of which exactly one is written.
    pub(crate) const fn choice(name: &'static str, kind: Kind, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            need: Need::Choice,
            doc,
        }
    }

    /// A section that may be left out when all its keys may.
    pub(crate) const fn parts(
        name: &'static str,
        shape: &'static Shape,
        doc: &'static str,
    ) -> Self {
        Self {
            name,
            kind: Kind::Section(shape),
            need: Need::Parts,
            doc,
        }
    }
}

impl Kind {
    /// Completes "must be …".
    pub(crate) fn expected(&self) -> String {
        let words = match self {
            Self::Section(_) => "a mapping of keys",
            Self::Standard(_) => "`standard` or a mapping of all its keys",
            Self::Named(..) | Self::Each(..) => "a mapping from names",
            Self::List { of, .. } => return format!("a list of {of}"),
            Self::Or(word, other) => return format!("`{word}` or {}", other.expected()),
            Self::Word(words) => {
                return format!("one of {}", crate::mistake::listed(words.iter().copied()));
            }
            Self::Duration(..) => "a duration such as `30s`",
            Self::Size(..) => "a size such as `10 MiB`",
            Self::ByteRate(..) => "bytes per second such as `256 B/s`",
            Self::Count(unit, ..) => return format!("a count such as `100 {unit}`"),
            Self::Rate => "a rate such as `50/s`",
            Self::Date => "a date such as `2027-12-31`",
            Self::File => "a reference such as `file:PATH`",
            Self::Secret => "a reference such as `file:PATH` or `env:NAME`",
            Self::Path => "a path",
            Self::Name => "a name",
            Self::Text => "a text",
            Self::Own { expected, .. } => expected,
        };
        words.to_owned()
    }
}
