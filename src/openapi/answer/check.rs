//! What is asked of a shape as a whole: whose its items are, and what its totals are of.

use std::collections::{BTreeSet, HashSet};

use crate::answer::shape::{AnswerShape, Member, NodeKind, Rest};
use crate::marks::{DATE, LINK, NONE, RESOURCE, TOTAL};
use crate::problem::Problems;
use crate::request::RequestDescription;
use crate::total::{Measure, Step, Total};

/// Where a node comes from, and what is asked of it only here.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// The pointer of its first schema.
    pub(super) pointer: String,
    /// A leaf's own cluster, as a bit.
    pub(super) clusters: u64,
    /// The clusters in it that are not made of what a list or a map holds, as bits.
    pub(super) own: u64,
    /// Whether it says whose it is, or that it is nobody's (`x-mortise-resource: none`): itself, or
    /// in a member, but not in items inside it.
    pub(super) says_whose: bool,
    /// The pointer of a leaf's mark for totals, whatever it says.
    pub(super) total: Option<String>,
    /// Whether a leaf may be a number.
    pub(super) is_number: bool,
    /// Whether a leaf is a date of which nothing is said.
    pub(super) is_undated: bool,
    /// Whether a leaf is an address.
    pub(super) is_address: bool,
    /// Whether it says if it leads to more of the same (`x-mortise-link`).
    pub(super) says_link: bool,
    /// Of each union that an object is, the members that its branches describe.
    pub(super) unions: Vec<Vec<BTreeSet<String>>>,
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
    own: u64,
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
                place.own = carried.own;
                place.says_whose = carried.says_whose;
            }
        }
    }
    for number in 0..shape.nodes.len() {
        list_asked(shape, number);
    }
}

/// Lists the members that must be there for an object to be covered.
fn list_asked(shape: &mut AnswerShape, number: usize) {
    let NodeKind::Object { members, .. } = &shape.node(number).kind else {
        return;
    };
    let (mut owners, mut dates) = (Vec::new(), Vec::new());
    for (at, member) in members.iter().enumerate() {
        let inner = shape.node(member.node);
        owners.extend(inner.names_resource.then_some(at));
        dates.extend(inner.names_date.then_some(at));
    }
    if let Some(node) = shape.nodes.get_mut(number) {
        (node.owners, node.dates) = (owners, dates);
    }
}

fn carried_by(shape: &AnswerShape, places: &[Place], number: usize) -> Carried {
    let node = shape.node(number);
    Carried {
        clusters: node.clusters,
        own: places.get(number).map_or(0, |place| place.own),
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
                carried.own |= inner.own;
                carried.names_resource |= inner.names_resource;
                carried.names_date |= inner.names_date;
                carried.says_whose |= inner.says_whose;
            }
            carried.clusters |= rest.map_or(0, |Rest { name, value }| {
                shape.node(name).clusters | shape.node(value).clusters
            });
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
    request: &RequestDescription,
    problems: &mut Problems,
) {
    let mut visits = Visits {
        shape,
        places,
        may_lose: (0..shape.nodes.len()).any(|number| may_lose(shape, number)),
        pending: Vec::new(),
        problems,
    };
    visits.check(request.holds(&shape.kinds));
    check_circles(shape, places, problems);
    for (number, place) in places.iter().enumerate() {
        if let (NodeKind::Leaf(leaf), Some(pointer)) = (&shape.node(number).kind, &place.total)
            && let Some(total) = leaf.total.and_then(|at| shape.totals.get(usize::from(at)))
        {
            let clusters = shape.node(number).clusters;
            check_total(shape, total, clusters, pointer, problems);
        }
        check_names(shape, number, place, problems);
        check_unions(shape, number, place, problems);
    }
}

/// Whether this is a list or a map that may lose items.
fn may_lose(shape: &AnswerShape, number: usize) -> bool {
    let names = |number: usize| {
        let node = shape.node(number);
        node.names_resource || node.names_date
    };
    match &shape.node(number).kind {
        NodeKind::List { item } => names(*item),
        NodeKind::Object { rest, .. } => {
            rest.is_some_and(|Rest { name, value }| names(name) || names(value))
        }
        NodeKind::Leaf(_) | NodeKind::Never => false,
    }
}

/// A walk from the root, which is an item itself, through everything that an answer may hold.
struct Visits<'s, 'p> {
    shape: &'s AnswerShape,
    places: &'s [Place],
    /// Whether a list of the answer may lose items.
    may_lose: bool,
    pending: Vec<Visit>,
    problems: &'p mut Problems,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Visit {
    number: usize,
    /// Whether it is known whose it is.
    is_held: bool,
    /// Whether it is in a list or a map.
    in_item: bool,
}

impl Visits<'_, '_> {
    /// An item that holds personal data says whose it is, unless what it stands in names its
    /// owner. That something is nobody's says nothing of the lists inside it.
    fn check(&mut self, is_bound: bool) {
        self.item(self.shape.root, is_bound, false);
        let mut seen = HashSet::new();
        while let Some(visit) = self.pending.pop() {
            if !seen.insert(visit) {
                continue;
            }
            let Visit {
                number, is_held, ..
            } = visit;
            match &self.shape.node(number).kind {
                NodeKind::Object { members, rest } => {
                    let inside = members.iter().map(|member| Visit {
                        number: member.node,
                        ..visit
                    });
                    self.pending.extend(inside);
                    if self.may_lose && !visit.in_item {
                        self.links(members);
                    }
                    if let Some(Rest { name, value }) = rest {
                        let is_named = self.shape.node(*name).names_resource;
                        self.item(*name, is_held || self.says_whose(*value), true);
                        self.item(*value, is_held || is_named, true);
                    }
                }
                NodeKind::List { item } => self.item(*item, is_held, true),
                NodeKind::Leaf(leaf) => self.leaf(number, leaf.total.is_some(), visit.in_item),
                NodeKind::Never => {}
            }
        }
    }

    fn pointer(&self, number: usize) -> &str {
        self.places.get(number).map_or("", |place| &place.pointer)
    }

    fn says_whose(&self, number: usize) -> bool {
        let place = self.places.get(number);
        self.shape.node(number).names_resource || place.is_some_and(|place| place.says_whose)
    }

    fn item(&mut self, number: usize, is_held: bool, in_item: bool) {
        let is_personal = self.places.get(number).is_some_and(|place| place.own != 0);
        let is_untold = is_personal && !is_held && !self.says_whose(number);
        let is_held = is_held || self.shape.node(number).names_resource;
        if is_untold {
            let pointer = self.pointer(number).to_owned();
            self.problems.add(
                pointer,
                "the item holds personal data and does not say whose",
                format!(
                    "mark the leaf in it that names its owner with `{RESOURCE}`, or a leaf with \
                     `{NONE}`; or name the resource in the path"
                ),
            );
        }
        self.pending.push(Visit {
            number,
            // Told once, not again for each list inside.
            is_held: is_held || is_untold,
            in_item,
        });
    }

    /// A link to the next page tells that there are more items than are left.
    fn links(&mut self, members: &[Member]) {
        for member in members {
            let NodeKind::Leaf(leaf) = &self.shape.node(member.node).kind else {
                continue;
            };
            let Some(place) = self.places.get(member.node) else {
                continue;
            };
            let is_like_one = place.is_address || is_called_a_link(&member.name);
            if leaf.types.text && is_like_one && !place.says_link {
                self.problems.add(
                    &place.pointer,
                    "a link beside a list that may lose items, and it may lead to those",
                    format!(
                        "mark it with `{LINK}: page`, to leave it out where items are, or `{NONE}`"
                    ),
                );
            }
        }
    }

    fn leaf(&mut self, number: usize, is_total: bool, in_item: bool) {
        let Some(place) = self.places.get(number) else {
            return;
        };
        if in_item && is_total {
            self.problems.add(
                &place.pointer,
                "a total stands in an item, where its path means something else",
                "let totals stand outside of lists",
            );
        }
        if !in_item && self.may_lose && place.is_number && place.total.is_none() {
            self.problems.add(
                &place.pointer,
                "a number beside a list that may lose items, and it may tell of those",
                format!("mark it with `{TOTAL}: count …` or `sum …`, or `{NONE}`"),
            );
        }
        if place.is_undated {
            self.problems.add(
                &place.pointer,
                "a date, and it is not said whether a consent's days are held against it",
                format!("mark it with `{DATE}: of`, or `{NONE}`"),
            );
        }
    }
}

/// Whether a member has a name as links to other pages have.
fn is_called_a_link(name: &str) -> bool {
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let exactly = [
        "next", "prev", "previous", "last", "first", "after", "before", "href",
    ];
    let ends = ["cursor", "link", "page", "pagetoken", "continuationtoken"];
    exactly.contains(&name.as_str()) || ends.iter().any(|end| name.ends_with(end))
}

/// The names of a map are texts that say nothing but whose the member is.
fn check_names(shape: &AnswerShape, number: usize, place: &Place, problems: &mut Problems) {
    let NodeKind::Object {
        rest: Some(Rest { name, .. }),
        ..
    } = &shape.node(number).kind
    else {
        return;
    };
    let is_name = match &shape.node(*name).kind {
        NodeKind::Leaf(leaf) => leaf.types.text && !leaf.is_date && leaf.total.is_none(),
        // Refused already.
        NodeKind::Never => true,
        NodeKind::Object { .. } | NodeKind::List { .. } => false,
    };
    if !is_name {
        problems.add(
            &place.pointer,
            "the names of the map are no plain texts",
            "write `propertyNames: { type: string }` with their cluster",
        );
    }
}

/// Whose a value is is said by the same members in each branch of a union: with all of them asked
/// for, nothing would ever be covered.
fn check_unions(shape: &AnswerShape, number: usize, place: &Place, problems: &mut Problems) {
    let node = shape.node(number);
    let NodeKind::Object { members, .. } = &node.kind else {
        return;
    };
    let asked = node.owners.iter().chain(&node.dates);
    let names = asked
        .filter_map(|at| members.get(*at))
        .map(|member| &member.name);
    for name in names {
        let is_split = |union: &Vec<BTreeSet<String>>| {
            let count = union.iter().filter(|branch| branch.contains(name)).count();
            count != 0 && count != union.len()
        };
        if place.unions.iter().any(is_split) {
            problems.add(
                &place.pointer,
                "one branch of the value names its owner or its date, and another does not",
                "describe the member in each branch, or in none of them and beside them",
            );
        }
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
