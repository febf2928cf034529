//! What is asked of a shape as a whole: whose its items are, and what its totals are of.

use std::collections::HashSet;

use crate::answer::shape::{AnswerShape, NodeKind};
use crate::marks::RESOURCE;
use crate::problem::Problems;
use crate::total::{Measure, Step, Total};

/// Where a node comes from, and what is asked of it only here.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The pointer of its first schema.
    pub(super) pointer: String,
    /// A leaf's own cluster, as a bit.
    pub(super) clusters: u64,
    /// Whether it says whose it is, or that it is nobody's (`x-mortise-resource: none`): itself, or
    /// in a member, but not in items inside it.
    pub(super) says_whose: bool,
    /// The pointer of a leaf's mark for totals.
    pub(super) total: Option<String>,
}

impl Place {
    pub(super) fn at(pointer: String) -> Self {
        Self {
            pointer,
            ..Self::default()
        }
    }
}

/// What a value carries up from what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Carried {
    clusters: u64,
    names_resource: bool,
    names_date: bool,
    says_whose: bool,
}

/// Carries up what a value holds: its clusters from everything inside, and whose it is and of which
/// date from its members.
pub(super) fn carry(shape: &mut AnswerShape, places: &mut [Place]) {
    // Schemas go in circles, so this ends when nothing changes any more.
    let mut is_changed = true;
    while is_changed {
        is_changed = false;
        for number in (0..shape.nodes.len()).rev() {
            let carried = inside(shape, places, number);
            if carried == carried_by(shape, places, number) {
                continue;
            }
            is_changed = true;
            if let (Some(node), Some(place)) = (shape.nodes.get_mut(number), places.get_mut(number))
            {
                node.clusters = carried.clusters;
                node.names_resource = carried.names_resource;
                node.names_date = carried.names_date;
                place.says_whose = carried.says_whose;
            }
        }
    }
}

fn carried_by(shape: &AnswerShape, places: &[Place], number: usize) -> Carried {
    let node = shape.node(number);
    Carried {
        clusters: node.clusters,
        names_resource: node.names_resource,
        names_date: node.names_date,
        says_whose: places.get(number).is_some_and(|place| place.says_whose),
    }
}

/// What a value carries, as far as what is in it is known.
fn inside(shape: &AnswerShape, places: &[Place], number: usize) -> Carried {
    let mut carried = carried_by(shape, places, number);
    match &shape.node(number).kind {
        NodeKind::Object { members, rest } => {
            for member in members {
                let inner = carried_by(shape, places, member.node);
                carried.clusters |= inner.clusters;
                carried.names_resource |= inner.names_resource;
                carried.names_date |= inner.names_date;
                carried.says_whose |= inner.says_whose;
            }
            carried.clusters |= rest.map_or(0, |rest| shape.node(rest).clusters);
        }
        NodeKind::List { item } => carried.clusters |= shape.node(*item).clusters,
        NodeKind::Leaf(_) | NodeKind::Never => {}
    }
    carried
}

/// Checks a shape whose nodes know what they carry.
pub(super) fn check(
    shape: &AnswerShape,
    places: &[Place],
    is_bound: bool,
    problems: &mut Problems,
) {
    check_items(shape, places, is_bound, problems);
    check_circles(shape, places, problems);
    for (number, place) in places.iter().enumerate() {
        if let (NodeKind::Leaf(leaf), Some(pointer)) = (&shape.node(number).kind, &place.total)
            && let Some(total) = leaf.total.and_then(|at| shape.totals.get(usize::from(at)))
        {
            let clusters = shape.node(number).clusters;
            check_total(shape, total, clusters, pointer, problems);
        }
    }
}

/// An item that holds personal data says whose it is, unless what it stands in names its owner; and
/// a total stands outside of items, since its path begins at the root. That something is nobody's
/// says nothing of the lists inside it.
fn check_items(shape: &AnswerShape, places: &[Place], is_bound: bool, problems: &mut Problems) {
    let says_whose = |number: usize| places.get(number).is_some_and(|place| place.says_whose);
    let pointer = |number: usize| places.get(number).map_or("", |place| &place.pointer);
    let is_held = is_bound || shape.node(shape.root).names_resource;
    let mut pending = vec![(shape.root, is_held, false)];
    let mut seen = HashSet::new();
    while let Some(visit) = pending.pop() {
        if !seen.insert(visit) {
            continue;
        }
        let (number, is_held, in_item) = visit;
        let item = match &shape.node(number).kind {
            NodeKind::Object { members, rest } => {
                pending.extend(members.iter().map(|member| (member.node, is_held, in_item)));
                *rest
            }
            NodeKind::List { item } => Some(*item),
            NodeKind::Leaf(leaf) if in_item && leaf.total.is_some() => {
                problems.add(
                    pointer(number),
                    "a total stands in an item, where its path means something else",
                    "let totals stand outside of lists",
                );
                None
            }
            NodeKind::Leaf(_) | NodeKind::Never => None,
        };
        let Some(item) = item else { continue };
        let is_held = is_held || shape.node(item).names_resource;
        let is_untold = !is_held && !says_whose(item) && shape.node(item).clusters != 0;
        if is_untold {
            problems.add(
                pointer(item),
                "the item holds personal data and does not say whose",
                format!(
                    "mark the leaf in it that names its owner with `{RESOURCE}`, or a leaf with \
                     `none`; or name the resource in the path"
                ),
            );
        }
        // Told once, not again for each list inside.
        pending.push((item, is_held || is_untold, true));
    }
}

/// A value that names its owner within itself for ever could never be shown to be covered.
fn check_circles(shape: &AnswerShape, places: &[Place], problems: &mut Problems) {
    type Named = fn(&AnswerShape, usize) -> bool;
    let by_resource: Named = |shape, number| shape.node(number).names_resource;
    let by_date: Named = |shape, number| shape.node(number).names_date;
    for names in [by_resource, by_date] {
        let mut has_end = vec![false; shape.nodes.len()];
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for number in (0..shape.nodes.len()).rev() {
                let ends = match &shape.node(number).kind {
                    NodeKind::Object { members, .. } => members.iter().all(|member| {
                        !names(shape, member.node)
                            || has_end.get(member.node).copied().unwrap_or_default()
                    }),
                    _ => true,
                };
                if let Some(known) = has_end.get_mut(number).filter(|known| ends && !**known) {
                    *known = true;
                    is_changed = true;
                }
            }
        }
        for (place, _) in places.iter().zip(&has_end).filter(|(_, ends)| !**ends) {
            problems.add(
                &place.pointer,
                "the value names its owner or its date inside itself, without end",
                "let a list stand between, or mark only what is not inside",
            );
        }
    }
}

fn check_total(
    shape: &AnswerShape,
    total: &Total,
    clusters: u64,
    pointer: &str,
    problems: &mut Problems,
) {
    let mut number = Some(shape.root);
    for step in &total.path {
        number = number.and_then(|number| match (&shape.node(number).kind, step) {
            (NodeKind::Object { members, .. }, Step::Member(name)) => {
                let member = members.iter().find(|member| member.name == *name);
                member.map(|member| member.node)
            }
            (NodeKind::List { item }, Step::Item) => Some(*item),
            _ => None,
        });
    }
    let found = number.map(|number| shape.node(number));
    match (total.measure, found.map(|node| (&node.kind, node.clusters))) {
        (Measure::Count, Some((NodeKind::List { .. }, _))) => {}
        (Measure::Sum, Some((NodeKind::Leaf(leaf), summed))) if leaf.total.is_none() => {
            if summed != clusters {
                problems.add(
                    pointer,
                    "the sum is of another cluster than what it sums up",
                    "mark both with one cluster: a sum tells of its parts",
                );
            }
        }
        _ => problems.add(
            pointer,
            "the total is of nothing",
            "`count` names a list, `sum` the numbers in its items, both from the answer's root",
        ),
    }
}
