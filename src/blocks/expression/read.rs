//! Reads: what an expression uses of what is given to it, for the order of steps and for consent.

use std::collections::BTreeSet;
use std::sync::Arc;

/// A part of a value that an expression uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// A name, then members of objects; `*` is each item of a list.
    pub path: Vec<Arc<str>>,
    /// Whether all of it is used, or only whether it is there, whether it failed or how many items
    /// it has.
    pub is_whole: bool,
}

/// The reads found so far.
#[derive(Debug, Default)]
pub(super) struct Reads(BTreeSet<Read>);

impl Reads {
    /// Notes that all of what stands there is used; what stands nowhere was noted by its parts.
    pub(super) fn whole(&mut self, origin: Option<&[Arc<str>]>) {
        self.note(origin, true);
    }

    /// Notes that it matters whether it is there, or how many items it has.
    pub(super) fn presence(&mut self, origin: Option<&[Arc<str>]>) {
        self.note(origin, false);
    }

    fn note(&mut self, origin: Option<&[Arc<str>]>, is_whole: bool) {
        let path = origin.map(<[_]>::to_vec);
        self.0.extend(path.map(|path| Read { path, is_whole }));
    }

    /// All of them, each path once.
    pub(super) fn all(self) -> BTreeSet<Read> {
        let is_needed = |read: &Read| {
            let whole = Read {
                is_whole: true,
                ..read.clone()
            };
            read.is_whole || !self.0.contains(&whole)
        };
        self.0
            .iter()
            .filter(|read| is_needed(read))
            .cloned()
            .collect()
    }
}
