//! All that the schemas of one value say of it: its own, and those it is composed of.
//!
//! `allOf`, `oneOf` and `anyOf` are read alike: a member that any of them describes is described.
//! Each leaf says its own cluster, so nothing becomes more open by it.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value as Json};

use crate::leaves::{Budget, SAME_LIST, two_clusters, types};
use crate::marks::{CLUSTER, DATE, RESOURCE, TOTAL};
use crate::placement::stated_name;
use crate::problem::Problems;
use crate::reference::{Document, Edition, Site};

/// Keywords that say of a value what cannot be seen before the whole of it has been.
const UNFOLLOWED: [&str; 7] = [
    "patternProperties",
    "prefixItems",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "not",
];
/// Keywords that are followed only as `false`: what they are for is left out anyway.
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];

/// What the schemas of one value say.
#[derive(Debug, Default)]
pub(super) struct Value<'a> {
    pub(super) kinds: Kinds,
    /// The described members: each may have several schemas.
    pub(super) members: BTreeMap<&'a str, Vec<Site<'a>>>,
    /// The schemas of all other members.
    pub(super) rest: Vec<Site<'a>>,
    /// The schemas of the items.
    pub(super) items: Vec<Site<'a>>,
    /// Whether it is said that an object has no other members.
    pub(super) is_closed: bool,
    /// Whether a schema is refused as it stands.
    pub(super) is_refused: bool,
    /// Whether a schema allows nothing.
    pub(super) is_never: bool,
    pub(super) cluster: Option<Stated<'a>>,
    pub(super) resource: Option<Stated<'a>>,
    pub(super) date: Option<Stated<'a>>,
    pub(super) total: Option<Stated<'a>>,
    /// Where it is first said that this is plain.
    pub(super) plain_at: Option<String>,
}

/// The kinds that a value may be of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    pub(super) object: bool,
    pub(super) list: bool,
    pub(super) plain: bool,
    pub(super) null: bool,
}

/// A mark: what it says, and where.
#[derive(Debug, Clone)]
pub(super) struct Stated<'a> {
    pub(super) text: &'a str,
    pub(super) pointer: String,
}

impl<'a> Value<'a> {
    /// Reads these schemas and all that they are composed of.
    pub(super) fn read(
        document: Document<'a>,
        sites: &[Site<'a>],
        budget: &mut Budget,
        problems: &mut Problems,
    ) -> Self {
        let mut value = Self::default();
        let mut pending: Vec<Site<'a>> = sites.iter().rev().cloned().collect();
        // Also the guard against circles.
        let mut seen = HashSet::new();
        while let Some(site) = pending.pop() {
            if !seen.insert(site.pointer.clone()) {
                continue;
            }
            if !budget.take(problems) {
                value.is_refused = true;
                break;
            }
            value.add(document, &site, &mut pending, problems);
        }
        value
    }

    fn add(
        &mut self,
        document: Document<'a>,
        site: &Site<'a>,
        pending: &mut Vec<Site<'a>>,
        problems: &mut Problems,
    ) {
        let schema = match site.value {
            Json::Object(schema) => schema,
            Json::Bool(true) => return,
            Json::Bool(false) => return self.is_never = true,
            // Told by the walk over the leaves.
            _ => return self.is_refused = true,
        };
        self.add_marks(site, problems);
        if schema.contains_key("$ref") {
            self.refer(document, site, pending, problems);
            if document.edition == Edition::V3_0 {
                return;
            }
        }
        if ["$dynamicRef", "$recursiveRef"]
            .iter()
            .any(|key| schema.contains_key(*key))
        {
            // Told by the walk over the leaves.
            return self.is_refused = true;
        }
        refuse_unfollowed(site, problems);
        let same = SAME_LIST.iter().filter_map(|key| site.child(key));
        let mut same: Vec<Site<'a>> = same
            .flat_map(|list| list.items().collect::<Vec<_>>())
            .collect();
        same.reverse();
        pending.append(&mut same);
        self.add_kinds(site, schema);
        self.add_parts(site);
    }

    fn refer(
        &mut self,
        document: Document<'a>,
        site: &Site<'a>,
        pending: &mut Vec<Site<'a>>,
        problems: &mut Problems,
    ) {
        // Followed to its end to see that it has one, but taken a step at a time: in 3.1 each step
        // may have marks beside it.
        let target = document
            .resolve(site.clone())
            .and_then(|_| document.target(site));
        match target {
            Ok(target) => pending.extend(target),
            Err(problem) => {
                problems.push(problem);
                self.is_refused = true;
            }
        }
    }

    fn add_marks(&mut self, site: &Site<'a>, problems: &mut Problems) {
        if let Some(text) = stated_name(site.value, CLUSTER) {
            let stated = Stated::at(site, CLUSTER, text);
            match &self.cluster {
                Some(first) if first.text != text => {
                    let first = (first.text, first.pointer.as_str());
                    problems.push(two_clusters(first, (text, &stated.pointer)));
                }
                Some(_) => {}
                None => self.cluster = Some(stated),
            }
        }
        for (mark, known) in [
            (RESOURCE, &mut self.resource),
            (DATE, &mut self.date),
            (TOTAL, &mut self.total),
        ] {
            let Some(text) = site.value.get(mark).and_then(Json::as_str) else {
                continue;
            };
            let stated = Stated::at(site, mark, text);
            if let Some(first) = known.as_ref().filter(|first| first.text != text) {
                problems.add(
                    stated.pointer,
                    format!("one value has two marks `{mark}`"),
                    format!("keep one of them; the other is at {}", first.pointer),
                );
            } else {
                *known = Some(stated);
            }
        }
    }

    fn add_kinds(&mut self, site: &Site<'a>, schema: &'a Map<String, Json>) {
        let words = types(schema);
        for word in &words {
            match *word {
                "object" => self.kinds.object = true,
                "array" => self.kinds.list = true,
                "null" => self.kinds.null = true,
                _ => self.plain(site),
            }
        }
        // OpenAPI 3.0: `nullable` stands beside `type`.
        self.kinds.null |= schema.get("nullable") == Some(&Json::Bool(true));
        if words.is_empty() {
            let several = schema.get("enum").and_then(Json::as_array);
            for value in several.into_iter().flatten().chain(schema.get("const")) {
                match value {
                    Json::Object(_) => self.kinds.object = true,
                    Json::Array(_) => self.kinds.list = true,
                    Json::Null => self.kinds.null = true,
                    _ => self.plain(site),
                }
            }
        }
    }

    fn plain(&mut self, site: &Site<'a>) {
        self.kinds.plain = true;
        self.plain_at.get_or_insert_with(|| site.pointer.clone());
    }

    fn add_parts(&mut self, site: &Site<'a>) {
        if let Some(properties) = site.child("properties") {
            self.kinds.object = true;
            // What is no map of schemas is told by the walk over the leaves.
            self.is_refused |= !properties.value.is_object();
            for (name, member) in properties.members() {
                self.members.entry(name).or_default().push(member);
            }
        }
        if let Some(rest) = site.child("additionalProperties") {
            self.kinds.object = true;
            match rest.value {
                Json::Bool(true) => {}
                Json::Bool(false) => self.is_closed = true,
                _ => self.rest.push(rest),
            }
        }
        if let Some(items) = site.child("items") {
            self.kinds.list = true;
            self.items.push(items);
        }
    }
}

impl<'a> Stated<'a> {
    fn at(site: &Site<'a>, mark: &str, text: &'a str) -> Self {
        Self {
            text,
            pointer: site.pointer_to(mark),
        }
    }
}

fn refuse_unfollowed(site: &Site<'_>, problems: &mut Problems) {
    let unevaluated = UNEVALUATED.iter().filter_map(|key| site.child(key));
    let unevaluated = unevaluated.filter(|child| child.value != &Json::Bool(false));
    let unfollowed = UNFOLLOWED.iter().filter_map(|key| site.child(key));
    for child in unfollowed.chain(unevaluated) {
        let key = child.pointer.rsplit('/').next().unwrap_or_default();
        problems.add(
            &child.pointer,
            format!("`{key}` cannot be followed when an answer is filtered by consent"),
            "describe the value with `properties`, `additionalProperties`, `items`, `allOf`, \
             `oneOf` and `anyOf`",
        );
    }
}
