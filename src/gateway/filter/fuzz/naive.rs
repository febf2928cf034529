//! The rules of the filter once more, by another way: the whole body as a tree, taken apart piece
//! by piece. Slow and short, so that the two are not wrong together.

use std::collections::BTreeMap;

use jiff::civil::Date;
use model::{BadDecimal, Decimal};
use openapi::{AnswerShape, Leaf, Measure, NodeKind, Step};
use serde_json::value::RawValue;

use crate::filter::Covers;

/// A body, its leaves as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::filter) enum Tree {
    /// A leaf.
    Leaf(String),
    /// An array.
    List(Vec<Tree>),
    /// An object.
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    /// Reads a body; of two members of one name the last.
    pub(in crate::filter) fn read(text: &str) -> Option<Self> {
        Some(match text.trim_start().as_bytes().first()? {
            b'{' => {
                let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let read = |(name, raw): (String, &RawValue)| Some((name, Self::read(raw.get())?));
                Self::Object(members.into_iter().map(read).collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                let read = |raw: &&RawValue| Self::read(raw.get());
                Self::List(items.iter().map(read).collect::<Option<_>>()?)
            }
            _ => Self::Leaf(text.trim().to_owned()),
        })
    }

    fn is_null(&self) -> bool {
        *self == Self::Leaf("null".to_owned())
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Object(members) if members.is_empty())
    }
}

/// What a consent leaves of an answer.
pub(in crate::filter) struct Rules<'a> {
    /// What the answer is.
    pub(in crate::filter) shape: &'a AnswerShape,
    /// What is covered.
    pub(in crate::filter) covers: &'a Covers<'a>,
}

impl Rules<'_> {
    /// What is left; nothing when the answer itself is not covered.
    pub(in crate::filter) fn left(&self, body: &Tree) -> Option<Tree> {
        let root = self.shape.root();
        let (left, is_covered) = self.value(root, body);
        if !is_covered || !self.is_given(root) {
            return None;
        }
        let mut totalled = left.clone();
        self.fill(root, &mut totalled, &left)?;
        Some(totalled)
    }

    fn is_given(&self, node: usize) -> bool {
        let clusters = self.shape.node(node).clusters;
        clusters == 0 || clusters & self.covers.clusters != 0
    }

    fn is_asked(&self, node: usize) -> bool {
        let node = self.shape.node(node);
        node.names_resource || (self.covers.dates.is_some() && node.names_date)
    }

    /// What is left of a value, and whether it is covered.
    fn value(&self, node: usize, value: &Tree) -> (Tree, bool) {
        match (&self.shape.node(node).kind, value) {
            (NodeKind::Leaf(leaf), Tree::Leaf(raw)) => (value.clone(), self.names(leaf, raw)),
            (NodeKind::List { item }, Tree::List(items)) => {
                let kept = items.iter().filter_map(|value| self.item(*item, value));
                (Tree::List(kept.collect()), true)
            }
            (NodeKind::Object { .. }, Tree::Object(object)) => self.object(node, object),
            // Only `null` fits here.
            _ => (value.clone(), !self.is_asked(node)),
        }
    }

    fn item(&self, node: usize, value: &Tree) -> Option<Tree> {
        let (left, is_covered) = self.value(node, value);
        (is_covered && !left.is_empty()).then_some(left)
    }

    fn object(&self, node: usize, object: &BTreeMap<String, Tree>) -> (Tree, bool) {
        let NodeKind::Object { members, rest } = &self.shape.node(node).kind else {
            return (Tree::Object(BTreeMap::new()), false);
        };
        let mut left = BTreeMap::new();
        let mut is_covered = true;
        for member in members {
            let Some(value) = object.get(&member.name) else {
                is_covered &= !self.is_asked(member.node);
                continue;
            };
            let (value, is_whose) = self.value(member.node, value);
            is_covered &= is_whose;
            let node = self.shape.node(member.node);
            let is_nothing = matches!(node.kind, NodeKind::Never) && !node.is_nullable;
            if self.is_given(member.node) && !is_nothing {
                left.insert(member.name.clone(), value);
            }
        }
        let is_known = |name: &str| members.iter().any(|member| member.name == name);
        let Some(rest) = rest else {
            return (Tree::Object(left), is_covered);
        };
        for (name, value) in object.iter().filter(|(name, _)| !is_known(name)) {
            let is_named = match &self.shape.node(rest.name).kind {
                NodeKind::Leaf(leaf) => self.names_text(leaf, name),
                _ => false,
            };
            let is_given = self.is_given(rest.name) && self.is_given(rest.value);
            if let Some(value) = self
                .item(rest.value, value)
                .filter(|_| is_given && is_named)
            {
                left.insert(name.clone(), value);
            }
        }
        (Tree::Object(left), is_covered)
    }

    /// Whether a leaf is covered as what it names.
    fn names(&self, leaf: &Leaf, raw: &str) -> bool {
        let is_asked = leaf.resource.is_some() || (leaf.is_date && self.covers.dates.is_some());
        let text: Option<String> = serde_json::from_str(raw).ok();
        let is_word = matches!(raw, "null" | "true" | "false");
        match text {
            Some(text) => self.names_text(leaf, &text),
            None if is_asked && is_word => false,
            None => self.names_text(leaf, raw),
        }
    }

    fn names_text(&self, leaf: &Leaf, text: &str) -> bool {
        let is_ours = leaf
            .resource
            .is_none_or(|kind| (self.covers.resource)(kind, text));
        let dates = self.covers.dates.filter(|_| leaf.is_date);
        is_ours
            && dates.is_none_or(|(first, last)| {
                self.day(text)
                    .is_some_and(|day| first <= day && day <= last)
            })
    }

    fn day(&self, text: &str) -> Option<Date> {
        let is_zoned = text
            .get(10..11)
            .is_some_and(|sign| matches!(sign, "T" | "t"));
        if is_zoned && !text.contains('[') {
            let at: jiff::Timestamp = text.parse().ok()?;
            return Some(at.to_zoned(self.covers.zone.clone()).date());
        }
        let day = Date::strptime("%Y-%m-%d", text).ok()?;
        (day.to_string() == text).then_some(day)
    }

    /// Puts in the totals of what is left; nothing when one cannot be made.
    fn fill(&self, node: usize, value: &mut Tree, root: &Tree) -> Option<()> {
        match (&self.shape.node(node).kind, value) {
            (NodeKind::Object { members, .. }, Tree::Object(object)) => {
                for member in members {
                    if let Some(value) = object.get_mut(&member.name) {
                        self.fill(member.node, value, root)?;
                    }
                }
            }
            (NodeKind::Leaf(leaf), value) if leaf.total.is_some() => {
                let at = usize::from(leaf.total?);
                let total = self.shape.totals().get(at)?;
                let sum = sum(total.measure, &found(root, &total.path)).ok()?;
                let has_numbers = leaf.types.number || leaf.types.integer;
                let was_null = value.is_null();
                let Tree::Leaf(raw) = value else { return None };
                let is_text = raw.starts_with('"') || (was_null && !has_numbers);
                *raw = match sum {
                    None if was_null => "null".to_owned(),
                    sum => {
                        let text = sum.map_or_else(|| "0".to_owned(), |sum| sum.to_string());
                        if is_text { format!("\"{text}\"") } else { text }
                    }
                };
            }
            _ => {}
        }
        Some(())
    }
}

/// The values at the end of a path.
fn found<'t>(root: &'t Tree, path: &[Step]) -> Vec<&'t Tree> {
    let mut found = vec![root];
    for step in path {
        let next = found.into_iter().flat_map(|value| match (value, step) {
            (Tree::Object(members), Step::Member(name)) => members.get(name).into_iter().collect(),
            (Tree::List(items), Step::Item) => items.iter().collect(),
            _ => Vec::new(),
        });
        found = next.collect();
    }
    found
}

/// The total of these; nothing where there is no part.
fn sum(measure: Measure, parts: &[&Tree]) -> Result<Option<Decimal>, BadDecimal> {
    let mut sum: Option<Decimal> = None;
    for part in parts.iter().filter(|part| !part.is_null()) {
        let number = match (measure, part) {
            (Measure::Count, Tree::List(items)) => Decimal::parse(&items.len().to_string())?,
            (Measure::Sum, Tree::Leaf(raw)) => {
                let text: String = serde_json::from_str(raw).unwrap_or_else(|_| raw.clone());
                Decimal::parse_number(&text)?
            }
            _ => return Err(BadDecimal),
        };
        sum = Some(match sum {
            Some(sum) => sum.plus(&number).ok_or(BadDecimal)?,
            None => number,
        });
    }
    Ok(sum)
}
