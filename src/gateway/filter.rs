//! The response filter: what a consent does not cover leaves no trace in an answer.
//!
//! One pass over the bytes of a JSON body, steered by the shape that the API description gives it.
//! Nothing is built in between: what may leave is written to the output as it is read, and what
//! turns out not to is cut off again. The rules:
//!
//! * A member whose clusters are all personal ones that are not given is left out: the list or the
//!   object too, since its length alone would tell something.
//! * An item names its owner before or after its data. Once it is read, it stays only if every
//!   resource that it names is covered and every date in the window; named, but `null` or absent,
//!   is not covered.
//! * An item of which nothing is left goes as well: how many there are would tell something.
//! * A member that is not described is left out. The name of a member of a map is data: it is
//!   held against the consent as its value is.
//! * A leaf is of the types and values that are described.
//! * A total is made of what is left.
//! * Where an item goes, so do the links to other pages: they would tell how many there are of what
//!   is not covered.
//!
//! Names are written as the description spells them, values as the bank does.

mod fuzz;
mod leaf;
mod seed;
mod total;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeSeed;
use serde_json::error::Category;

use openapi::{AnswerShape, Node, NodeKind, Step};

pub use fuzz::fuzz_answer_filter;

use seed::Value;
use total::Totals;

/// The deepest nesting of an answer.
const DEPTH_MAX: usize = 64;

/// What a consent covers, as far as one answer is concerned.
pub(crate) struct Covers<'a> {
    /// The clusters that are given: bit n is the nth of the shape's.
    pub(crate) clusters: u64,
    /// Whether a resource is covered: its kind, by its place in the shape, and its id as the bank
    /// writes it.
    pub(crate) resource: &'a dyn Fn(u8, &str) -> bool,
    /// The first and the last day, if only some are covered.
    pub(crate) dates: Option<(Date, Date)>,
    /// The bank's zone, in which those days are: an instant of an answer is of its day there.
    pub(crate) zone: &'a TimeZone,
}

/// What is left of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// How many items, of lists of any depth.
    pub(crate) items: u32,
    /// How many items are not; what was in them is not counted.
    pub(crate) dropped: u32,
    /// Whether one of them, at any depth, is another's.
    pub(crate) has_anothers: bool,
    /// The clusters of the leaves: bit n is the nth of the shape's.
    pub(crate) clusters: u64,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It is not JSON in UTF-8, or holds a text or a number that no reader can hold.
    #[error("the answer is not JSON")]
    NotJson,
    /// An object has a name twice: which of the two a partner takes is not known.
    #[error("an object of the answer has a name twice")]
    TwiceNamed,
    /// It is nested deeper than 64.
    #[error("the answer is nested too deep")]
    TooDeep,
    /// A value is of another kind than described, or what is left cannot be summed up.
    #[error("the answer is not as described")]
    Shape,
    /// The answer itself, not an item in it, is another's, or of another time.
    #[error("the answer is another's")]
    Root,
    /// None of the clusters that it has is given.
    #[error("nothing of the answer is covered")]
    Empty,
}

/// Filters a body. Into `out` goes what may leave, in place of what it held; nothing on an error.
pub(crate) fn filter(
    shape: &AnswerShape,
    covers: &Covers<'_>,
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<Kept, Unfit> {
    let mut filtered = walked(shape, covers, body, out, true);
    let has_lost = filtered.is_ok_and(|kept| kept.dropped != 0);
    if has_lost && shape.has_links() {
        // That something is left out is known only behind it.
        filtered = walked(shape, covers, body, out, false);
    }
    if filtered.is_err() {
        out.clear();
    }
    filtered
}

/// Filters a body once; without its links, if they are not given.
fn walked(
    shape: &AnswerShape,
    covers: &Covers<'_>,
    body: &[u8],
    out: &mut Vec<u8>,
    has_links: bool,
) -> Result<Kept, Unfit> {
    out.clear();
    let mut walk = Walk {
        shape,
        covers,
        out,
        kept: Kept::default(),
        totals: Totals::default(),
        has_links,
        unfit: None,
    };
    walk.run(body)
}

/// A walk over one body.
struct Walk<'s> {
    shape: &'s AnswerShape,
    covers: &'s Covers<'s>,
    out: &'s mut Vec<u8>,
    kept: Kept,
    totals: Totals,
    /// Whether links to other pages may leave.
    has_links: bool,
    /// Why the walk ended, where serde can only say that it did.
    unfit: Option<Unfit>,
}

/// Where a walk is.
#[derive(Debug, Clone, Copy)]
struct Place {
    node: usize,
    /// The steps from the root.
    depth: usize,
    /// The totals whose path leads here so far, as bits.
    trail: u64,
}

/// Whether what was read is covered as what it names; the least that is said of its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Covered,
    /// It is of a day that is not.
    OtherDay,
    /// It is another's, or does not say whose.
    Anothers,
}

/// How far a walk was when something began that may have to be undone.
#[derive(Debug, Clone, Copy)]
struct Mark {
    out: usize,
    kept: Kept,
    totals: (usize, usize),
}

impl Walk<'_> {
    fn run(&mut self, body: &[u8]) -> Result<Kept, Unfit> {
        let shape = self.shape;
        if !opens(shape, self.covers.clusters) {
            return Err(Unfit::Empty);
        }
        let text = std::str::from_utf8(body).map_err(|_| Unfit::NotJson)?;
        let root = Place {
            node: shape.root(),
            depth: 0,
            trail: all(shape.totals().len()),
        };
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Value {
            walk: &mut *self,
            place: root,
        };
        let read = value.deserialize(&mut reader);
        let read = read.and_then(|verdict| reader.end().map(|()| verdict));
        match read {
            Ok(Verdict::Covered) => {
                self.totals.splice(shape.totals().len(), self.out)?;
                Ok(self.kept)
            }
            Ok(Verdict::OtherDay | Verdict::Anothers) => Err(Unfit::Root),
            Err(error) => Err(self.unfit.unwrap_or(match error.classify() {
                Category::Data => Unfit::Shape,
                Category::Io | Category::Syntax | Category::Eof => Unfit::NotJson,
            })),
        }
    }

    /// Whether anything of this may leave, as far as clusters and links go.
    fn is_given(&self, node: &Node) -> bool {
        let is_link = matches!(&node.kind, NodeKind::Leaf(leaf) if leaf.is_link);
        is_given(node, self.covers.clusters) && (self.has_links || !is_link)
    }

    /// Whether it must be read to know whose the item is, or of which date.
    fn is_asked(&self, node: &Node) -> bool {
        node.names_resource || (node.names_date && self.covers.dates.is_some())
    }

    /// The place of a value inside; totals follow it where this is their next step.
    fn inside(&self, place: Place, node: usize, is_next: impl Fn(&Step) -> bool) -> Place {
        let mut trail = 0;
        if place.trail != 0 {
            for (at, total) in self.shape.totals().iter().enumerate() {
                if total.path.get(place.depth).is_some_and(&is_next) {
                    trail |= 1 << at;
                }
            }
        }
        Place {
            node,
            depth: place.depth + 1,
            trail: place.trail & trail,
        }
    }

    fn mark(&self) -> Mark {
        Mark {
            out: self.out.len(),
            kept: self.kept,
            totals: self.totals.mark(),
        }
    }

    /// Undoes all since the mark, but that something was another's.
    fn rewind(&mut self, mark: Mark) {
        self.out.truncate(mark.out);
        self.kept = Kept {
            has_anothers: self.kept.has_anothers,
            ..mark.kept
        };
        self.totals.rewind(mark.totals);
    }

    /// Ends an item that began at the mark, and its value at `start`: it stays or it goes.
    fn end_item(&mut self, mark: Mark, start: usize, verdict: Verdict) -> bool {
        self.kept.has_anothers |= verdict == Verdict::Anothers;
        let is_kept = verdict == Verdict::Covered && self.out.get(start..) != Some(b"{}");
        if is_kept {
            self.kept.items = self.kept.items.saturating_add(1);
        } else {
            self.rewind(mark);
            self.kept.dropped = self.kept.dropped.saturating_add(1);
        }
        is_kept
    }

    /// Writes the comma before all but the first that stands behind `start`.
    fn separate(&mut self, start: usize) {
        if self.out.len() > start {
            self.out.push(b',');
        }
    }

    /// Ends the walk.
    fn stop<E: serde::de::Error>(&mut self, unfit: Unfit) -> E {
        self.unfit = Some(unfit);
        E::custom(unfit)
    }
}

/// Whether anything of an answer may leave under these clusters.
pub(crate) fn opens(shape: &AnswerShape, clusters: u64) -> bool {
    is_given(shape.node(shape.root()), clusters)
}

fn is_given(node: &Node, clusters: u64) -> bool {
    node.clusters == 0 || node.clusters & clusters != 0
}

/// Whether nothing may stand here, so that a member is as good as undescribed.
fn is_never(node: &Node) -> bool {
    matches!(node.kind, NodeKind::Never) && !node.is_nullable
}

/// The lowest bits, as many as said.
fn all(bits: usize) -> u64 {
    (0..bits.min(64)).fold(0, |set, bit| set | 1 << bit)
}

#[cfg(test)]
mod tests;
