//! The shape of a JSON body: nodes that refer to each other by number, since schemas go in circles.

use std::sync::LazyLock;

use serde_json::Value;

use crate::total::Total;

/// The most members of an object.
pub(crate) const MEMBERS_MAX: usize = 1_024;

/// What may be in a JSON body, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerShape {
    pub(super) nodes: Vec<Node>,
    pub(super) root: usize,
    pub(super) clusters: Vec<String>,
    pub(super) kinds: Vec<String>,
    pub(super) totals: Vec<Total>,
}

/// One value of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// The personal clusters of all leaves in it: bit n is the nth of [`AnswerShape::clusters`].
    pub clusters: u64,
    /// Whether it may be `null`.
    pub is_nullable: bool,
    /// Whether it names a resource: itself, or in a member, but not in items inside it.
    pub names_resource: bool,
    /// Whether it says of which date it is, likewise.
    pub names_date: bool,
    /// Of an object, the places of the members that name a resource.
    pub owners: Vec<usize>,
    /// Of an object, the places of the members that say of which date it is.
    pub dates: Vec<usize>,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A text, a number, `true`, `false` or `null`.
    Leaf(Leaf),
    /// An object.
    Object {
        /// Its described members, sorted by name, at most 1,024.
        members: Vec<Member>,
        /// What all other members are; `None`: they are not described. Each is an item: it may be
        /// left out by itself.
        rest: Option<Rest>,
    },
    /// An array.
    List {
        /// What each item is.
        item: usize,
    },
    /// Nothing but `null`, and that only where it is nullable.
    Never,
}

/// The members of an object that are not described by name. Their names are data as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// What each name is: a leaf of text.
    pub name: usize,
    /// What each value is.
    pub value: usize,
}

/// What a leaf says beside its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leaf {
    /// The types that it may have.
    pub types: Types,
    /// The only values that it may have, if they are counted.
    pub values: Option<Vec<Value>>,
    /// The kind of resource that it names: its place in [`AnswerShape::kinds`].
    pub resource: Option<u8>,
    /// Whether it is the date that the item is of.
    pub is_date: bool,
    /// What it counts or sums up: its place in [`AnswerShape::totals`].
    pub total: Option<u8>,
    /// Whether it leads to more of the same, as the next page: that it is there tells of items that
    /// are not.
    pub is_link: bool,
}

/// The types of a leaf (JSON Schema 2020-12 §6.1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Types {
    /// A text.
    pub text: bool,
    /// Any number.
    pub number: bool,
    /// A whole number.
    pub integer: bool,
    /// `true` or `false`.
    pub boolean: bool,
}

impl Types {
    /// Whether it can be nothing but a text.
    pub(crate) fn is_text(self) -> bool {
        self.text && !self.number && !self.integer && !self.boolean
    }
}

/// A described member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its name as JSON, with the colon behind it.
    pub text: String,
    /// What it is.
    pub node: usize,
}

static NEVER: LazyLock<Node> = LazyLock::new(Node::never);

impl AnswerShape {
    /// The number of the node that the body is.
    pub fn root(&self) -> usize {
        self.root
    }

    /// The node of this number; where there is none, one that nothing fits.
    pub fn node(&self, number: usize) -> &Node {
        self.nodes.get(number).unwrap_or(&NEVER)
    }

    /// The personal clusters that the leaves belong to, at most 64; `none` is not among them.
    pub fn clusters(&self) -> &[String] {
        &self.clusters
    }

    /// The kinds of resources that leaves name, at most 64.
    pub fn kinds(&self) -> &[String] {
        &self.kinds
    }

    /// Whether a leaf leads to more of the same.
    pub fn has_links(&self) -> bool {
        let is_link = |node: &Node| matches!(&node.kind, NodeKind::Leaf(leaf) if leaf.is_link);
        self.nodes.iter().any(is_link)
    }

    /// What leaves count and sum up, at most 64.
    pub fn totals(&self) -> &[Total] {
        &self.totals
    }
}

impl Node {
    pub(super) fn of(kind: NodeKind) -> Self {
        Self {
            kind,
            clusters: 0,
            is_nullable: false,
            names_resource: false,
            names_date: false,
            owners: Vec::new(),
            dates: Vec::new(),
        }
    }

    pub(super) fn never() -> Self {
        Self::of(NodeKind::Never)
    }
}
