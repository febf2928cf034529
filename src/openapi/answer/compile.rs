//! From schemas to the shape of a body: one node for each set of schemas that one value has.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::answer::check::{self, Place};
use crate::answer::shape::{AnswerShape, Leaf, MEMBERS_MAX, Member, Node, NodeKind, Rest};
use crate::answer::value::{Stated, Value};
use crate::leaves::{Budget, unmarked_leaf};
use crate::marks::NONE;
use crate::problem::Problems;
use crate::reference::{Document, Site};
use crate::request::RequestDescription;
use crate::total::Total;

/// The most nodes of one body.
const NODES_MAX: usize = 10_000;
/// The most clusters, kinds of resources, and totals of one body: each is a bit of a number.
const NAMES_MAX: usize = 64;

/// Compiles the schema of a body. What cannot be followed becomes a problem, and a node that
/// nothing fits.
pub(super) fn shape<'a>(
    document: Document<'a>,
    schema: Site<'a>,
    request: &RequestDescription,
    budget: &mut Budget,
    problems: &mut Problems,
) -> AnswerShape {
    let mut compiler = Compiler {
        document,
        budget,
        problems,
        nodes: Vec::new(),
        places: Vec::new(),
        numbers: HashMap::new(),
        pending: VecDeque::new(),
        clusters: Vec::new(),
        kinds: Vec::new(),
        totals: Vec::new(),
    };
    let root = compiler.number(vec![schema]);
    while let Some((number, sites)) = compiler.pending.pop_front() {
        let node = compiler.node(number, &sites);
        if let Some(place) = compiler.nodes.get_mut(number) {
            *place = node;
        }
    }
    let mut shape = AnswerShape {
        nodes: compiler.nodes,
        root,
        clusters: compiler.clusters,
        kinds: compiler.kinds,
        totals: compiler.totals,
    };
    let mut places = compiler.places;
    check::carry(&mut shape, &mut places);
    check::check(&shape, &places, request, problems);
    shape
}

struct Compiler<'a, 'p> {
    document: Document<'a>,
    budget: &'p mut Budget,
    problems: &'p mut Problems,
    nodes: Vec<Node>,
    places: Vec<Place>,
    /// Pointers of the schemas of a value → the number of its node.
    numbers: HashMap<Vec<String>, usize>,
    pending: VecDeque<(usize, Vec<Site<'a>>)>,
    clusters: Vec<String>,
    kinds: Vec<String>,
    totals: Vec<Total>,
}

impl<'a> Compiler<'a, '_> {
    /// The number of the node for a value that has these schemas.
    fn number(&mut self, sites: Vec<Site<'a>>) -> usize {
        let mut key: Vec<String> = sites.iter().map(|site| site.pointer.clone()).collect();
        let place = Place::at(key.first().cloned().unwrap_or_default());
        key.sort_unstable();
        key.dedup();
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        let number = self.nodes.len();
        if number == NODES_MAX {
            self.problems.add(
                &place.pointer,
                "the answer has too many parts",
                format!("at most {NODES_MAX} in one body"),
            );
        }
        if number < NODES_MAX {
            self.nodes.push(Node::never());
            self.places.push(place);
            self.pending.push_back((number, sites));
        }
        self.numbers.insert(key, number);
        number
    }

    fn node(&mut self, number: usize, sites: &[Site<'a>]) -> Node {
        let value = Value::read(self.document, sites, self.budget, self.problems);
        // OpenAPI 3.1 §4.8.24: `writeOnly` is never sent in an answer.
        if value.is_refused || value.is_write_only {
            return Node::never();
        }
        let kinds = value.kinds;
        let is_nullable = kinds.null;
        let kind = match (kinds.object, kinds.list, kinds.plain) {
            (true, false, false) => self.object(number, value),
            (false, true, false) => self.list(number, value),
            (false, false, true) => self.leaf(number, &value),
            (false, false, false) if is_nullable || value.is_never => NodeKind::Never,
            (false, false, false) => self.unfollowed(number, "it is not said what this is"),
            _ => self.unfollowed(number, "the value may be of several kinds"),
        };
        let mut node = Node::of(kind);
        node.is_nullable = is_nullable;
        if let NodeKind::Leaf(leaf) = &node.kind {
            node.names_resource = leaf.resource.is_some();
            node.names_date = leaf.is_date;
            node.clusters = self.places.get(number).map_or(0, |place| place.clusters);
        }
        node
    }

    fn object(&mut self, number: usize, value: Value<'a>) -> NodeKind {
        self.refuse_marks(&value);
        if value.members.is_empty() && value.rest.is_empty() && !value.is_closed {
            return self.unfollowed(number, "the object's members are not described");
        }
        if value.members.len() > MEMBERS_MAX {
            return self.unfollowed(number, "the object has more than 1024 members");
        }
        self.note_unions(number, &value);
        let mut members = Vec::with_capacity(value.members.len());
        for (name, mut sites) in value.members {
            if !self.budget.take(self.problems) {
                return NodeKind::Never;
            }
            // What one schema says of all members but its own, it says of this one too.
            let others = value.rest.iter().filter(|(_, own)| !own.contains(name));
            sites.extend(others.map(|(rest, _)| rest.clone()));
            members.push(Member {
                name: name.to_owned(),
                text: format!("{}:", serde_json::Value::from(name)),
                node: self.number(sites),
            });
        }
        let rest = value.rest.into_iter().map(|(rest, _)| rest).collect();
        let rest = self.rest(number, rest, value.names);
        NodeKind::Object { members, rest }
    }

    /// The members of a map, whose names are data: an account's number, say.
    fn rest(&mut self, number: usize, rest: Vec<Site<'a>>, names: Vec<Site<'a>>) -> Option<Rest> {
        if rest.is_empty() {
            return None;
        }
        if names.is_empty() {
            let pointer = self.places.get(number).map_or("", |place| &place.pointer);
            self.problems.add(
                pointer,
                "the map's names are not described, and they are data too",
                "add `propertyNames: { type: string }` with the cluster of the names, or `none`",
            );
            return None;
        }
        Some(Rest {
            name: self.number(names),
            value: self.number(rest),
        })
    }

    /// Notes of each union which members its branches describe.
    fn note_unions(&mut self, number: usize, value: &Value<'a>) {
        let mut unions = Vec::with_capacity(value.unions.len());
        for union in &value.unions {
            let branches = union.iter().map(|branch| {
                let branch = std::slice::from_ref(branch);
                Value::read(self.document, branch, self.budget, self.problems)
            });
            let objects = branches.filter(|branch| branch.kinds.object);
            let names = objects.map(|branch| branch.members.into_keys().map(str::to_owned));
            let names: Vec<BTreeSet<String>> = names.map(Iterator::collect).collect();
            unions.push(names);
        }
        if let Some(place) = self.places.get_mut(number) {
            place.unions = unions;
        }
    }

    fn list(&mut self, number: usize, value: Value<'a>) -> NodeKind {
        self.refuse_marks(&value);
        if value.items.is_empty() {
            return self.unfollowed(number, "the items of the list are not described");
        }
        let item = self.number(value.items);
        NodeKind::List { item }
    }

    fn leaf(&mut self, number: usize, value: &Value<'a>) -> NodeKind {
        let Some(cluster) = &value.cluster else {
            let pointer = value.plain_at.as_deref().unwrap_or_default();
            self.problems.push(unmarked_leaf(pointer));
            return NodeKind::Never;
        };
        let mut clusters = 0;
        if cluster.text != NONE {
            match place_of(&mut self.clusters, cluster.text.to_owned()) {
                Some(bit) => clusters = 1 << bit,
                None => return self.too_many(cluster, "clusters"),
            }
        }
        let mut leaf = Leaf {
            is_date: value.date.as_ref().is_some_and(|date| date.text != NONE),
            types: value.types,
            values: (!value.is_free).then(|| value.values.clone()),
            is_link: value.link.as_ref().is_some_and(|link| link.text != NONE),
            ..Leaf::default()
        };
        if let Some(kind) = value.resource.as_ref().filter(|kind| kind.text != NONE) {
            match place_of(&mut self.kinds, kind.text.to_owned()) {
                Some(at) => leaf.resource = Some(at),
                None => return self.too_many(kind, "kinds of resources"),
            }
        }
        if let Some(stated) = value.total.as_ref().filter(|total| total.text != NONE) {
            // Told where the marks are checked; no reference leads past that.
            let Some(total) = Total::parse(stated.text) else {
                return NodeKind::Never;
            };
            match place_of(&mut self.totals, total) {
                Some(at) => leaf.total = Some(at),
                None => return self.too_many(stated, "totals"),
            }
        }
        if let Some(place) = self.places.get_mut(number) {
            place.clusters = clusters;
            // What is made of the items that are left tells of no others.
            place.own = if leaf.total.is_some() { 0 } else { clusters };
            place.says_whose = value.resource.is_some();
            place.total = value.total.as_ref().map(|stated| stated.pointer.clone());
            place.is_number = value.types.number || value.types.integer;
            place.is_undated = value.is_day && value.date.is_none();
            place.is_address = value.is_address;
            place.says_link = value.link.is_some();
        }
        NodeKind::Leaf(leaf)
    }

    fn too_many(&mut self, stated: &Stated<'_>, of: &str) -> NodeKind {
        self.problems.add(
            &stated.pointer,
            format!("the answer has too many {of}"),
            format!("at most {NAMES_MAX} in one body"),
        );
        NodeKind::Never
    }

    fn unfollowed(&mut self, number: usize, what: &str) -> NodeKind {
        let pointer = self.places.get(number).map_or("", |place| &place.pointer);
        self.problems.add(
            pointer,
            format!("{what}, so the answer cannot be filtered by consent"),
            "describe it to its last leaf: `properties`, `items`, or one plain `type`",
        );
        NodeKind::Never
    }

    /// A mark that marks nothing would look as if it did.
    fn refuse_marks(&mut self, value: &Value<'a>) {
        for stated in [&value.resource, &value.date, &value.total, &value.link]
            .into_iter()
            .flatten()
        {
            let mark = stated.pointer.rsplit('/').next().unwrap_or_default();
            self.problems.add(
                &stated.pointer,
                format!("`{mark}` is on an object or an array, where it marks nothing"),
                "mark a leaf inside",
            );
        }
    }
}

/// The place of a name in the list, where it is put if there is room.
fn place_of<T: PartialEq>(list: &mut Vec<T>, name: T) -> Option<u8> {
    let at = list.iter().position(|known| *known == name);
    let at = at.or_else(|| {
        (list.len() < NAMES_MAX).then(|| {
            list.push(name);
            list.len() - 1
        })
    })?;
    u8::try_from(at).ok()
}
