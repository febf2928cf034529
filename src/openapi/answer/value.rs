//! All that the schemas of one value say of it: its own, and those it is composed of.
//!
//! `allOf`, `oneOf` and `anyOf` are read alike: a member that any of them describes is described.
//! Each leaf says its own cluster, so nothing becomes more open by it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value as Json};

use crate::answer::shape::Types;
use crate::leaves::{Budget, SAME_LIST, two_clusters, types};
use crate::marks::{BOUND, CLUSTER, DATE, LINK, RESOURCE, TOTAL};
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
pub(crate) struct Value<'a> {
    pub(crate) kinds: Kinds,
    /// The described members: each may have several schemas.
    pub(crate) members: BTreeMap<&'a str, Vec<Site<'a>>>,
    /// The schemas of all other members, each with the members that it is not of.
    pub(crate) rest: Vec<(Site<'a>, BTreeSet<&'a str>)>,
    /// The schemas of those members' names.
    pub(crate) names: Vec<Site<'a>>,
    /// The members that are there, whichever of several schemas the value fits.
    pub(crate) required: BTreeSet<&'a str>,
    /// The schemas of which the value fits one or some, list by list.
    pub(crate) unions: Vec<Vec<Site<'a>>>,
    /// The schemas of the items.
    pub(crate) items: Vec<Site<'a>>,
    /// Whether it is said that an object has no other members.
    pub(crate) is_closed: bool,
    /// Whether a schema is refused as it stands.
    pub(crate) is_refused: bool,
    /// Whether a schema allows nothing.
    pub(crate) is_never: bool,
    pub(crate) cluster: Option<Stated<'a>>,
    pub(crate) resource: Option<Stated<'a>>,
    pub(crate) date: Option<Stated<'a>>,
    pub(crate) total: Option<Stated<'a>>,
    pub(crate) link: Option<Stated<'a>>,
    pub(crate) bound: Option<Stated<'a>>,
    /// The types that a plain value may have.
    pub(crate) types: Types,
    /// The values that it may have; others too, where `is_free`.
    pub(crate) values: Vec<Json>,
    /// Whether a schema allows plain values without counting them.
    pub(crate) is_free: bool,
    /// Whether it never stands in an answer (OpenAPI `writeOnly`).
    pub(crate) is_write_only: bool,
    /// Whether it is a date, or a date and time.
    pub(crate) is_day: bool,
    /// Whether it is an address (RFC 3986, RFC 3987).
    pub(crate) is_address: bool,
    /// Where it is first said that this is plain.
    pub(crate) plain_at: Option<String>,
}

/// The kinds that a value may be of.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub(crate) object: bool,
    pub(crate) list: bool,
    pub(crate) plain: bool,
    pub(crate) null: bool,
}

/// A mark: what it says, and where.
#[derive(Debug, Clone)]
pub(crate) struct Stated<'a> {
    pub(crate) text: &'a str,
    pub(crate) pointer: String,
}

impl<'a> Value<'a> {
    /// Reads these schemas and all that they are composed of.
    pub(crate) fn read(
        document: Document<'a>,
        sites: &[Site<'a>],
        budget: &mut Budget,
        problems: &mut Problems,
    ) -> Self {
        let mut value = Self::default();
        let mut pending: Vec<Pending<'a>> = sites.iter().rev().map(Pending::sure).collect();
        // Also the guard against circles.
        let mut seen = HashSet::new();
        while let Some(Pending { site, is_sure }) = pending.pop() {
            if !seen.insert(site.pointer.clone()) {
                continue;
            }
            if !budget.take(problems) {
                value.is_refused = true;
                break;
            }
            value.add(document, &site, is_sure, &mut pending, problems);
        }
        value
    }

    fn add(
        &mut self,
        document: Document<'a>,
        site: &Site<'a>,
        is_sure: bool,
        pending: &mut Vec<Pending<'a>>,
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
            self.refer(document, site, is_sure, pending, problems);
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
        self.compose(site, is_sure, pending);
        self.add_kinds(site, schema);
        self.add_parts(site, is_sure, problems);
    }

    fn compose(&mut self, site: &Site<'a>, is_sure: bool, pending: &mut Vec<Pending<'a>>) {
        let mut same = Vec::new();
        for key in SAME_LIST {
            let Some(list) = site.child(key) else {
                continue;
            };
            let branches: Vec<Site<'a>> = list.items().collect();
            let is_sure = is_sure && (key == "allOf" || branches.len() == 1);
            same.extend(branches.iter().map(|site| Pending {
                site: site.clone(),
                is_sure,
            }));
            if key != "allOf" && branches.len() > 1 {
                self.unions.push(branches);
            }
        }
        same.reverse();
        pending.append(&mut same);
    }

    fn refer(
        &mut self,
        document: Document<'a>,
        site: &Site<'a>,
        is_sure: bool,
        pending: &mut Vec<Pending<'a>>,
        problems: &mut Problems,
    ) {
        // Followed to its end to see that it has one, but taken a step at a time: in 3.1 each step
        // may have marks beside it.
        let target = document
            .resolve(site.clone())
            .and_then(|_| document.target(site));
        match target {
            Ok(target) => pending.extend(target.map(|site| Pending { site, is_sure })),
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
            (LINK, &mut self.link),
            (BOUND, &mut self.bound),
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
        let counted = schema.get("enum").and_then(Json::as_array);
        let counted: Vec<&Json> = counted
            .into_iter()
            .flatten()
            .chain(schema.get("const"))
            .collect();
        for word in &words {
            match *word {
                "object" => self.kinds.object = true,
                "array" => self.kinds.list = true,
                "null" => self.kinds.null = true,
                _ => self.plain(site, word, counted.is_empty()),
            }
        }
        // OpenAPI 3.0: `nullable` stands beside `type`.
        self.kinds.null |= schema.get("nullable") == Some(&Json::Bool(true));
        self.is_write_only |= schema.get("writeOnly") == Some(&Json::Bool(true));
        let format = schema.get("format").and_then(Json::as_str);
        self.is_day |= format.is_some_and(|format| format.starts_with("date"));
        let is_address = |format: &str| {
            ["uri", "iri", "url"]
                .iter()
                .any(|it| format.starts_with(it))
        };
        self.is_address |= format.is_some_and(is_address);
        for value in counted {
            match value {
                Json::Object(_) if words.is_empty() => self.kinds.object = true,
                Json::Array(_) if words.is_empty() => self.kinds.list = true,
                Json::Null if words.is_empty() => self.kinds.null = true,
                Json::String(_) if words.is_empty() => self.plain(site, "string", false),
                Json::Number(_) if words.is_empty() => self.plain(site, "number", false),
                Json::Bool(_) if words.is_empty() => self.plain(site, "boolean", false),
                _ => {}
            }
            self.values.push(value.clone());
        }
    }

    fn plain(&mut self, site: &Site<'a>, word: &str, is_free: bool) {
        self.kinds.plain = true;
        self.is_free |= is_free;
        match word {
            "string" => self.types.text = true,
            "number" => self.types.number = true,
            "integer" => self.types.integer = true,
            "boolean" => self.types.boolean = true,
            // No type there is: nothing fits it.
            _ => {}
        }
        self.plain_at.get_or_insert_with(|| site.pointer.clone());
    }

    fn add_parts(&mut self, site: &Site<'a>, is_sure: bool, problems: &mut Problems) {
        let mut own = BTreeSet::new();
        if let Some(properties) = site.child("properties") {
            self.kinds.object = true;
            // What is no map of schemas is told by the walk over the leaves.
            self.is_refused |= !properties.value.is_object();
            for (name, member) in properties.members() {
                own.insert(name);
                self.members.entry(name).or_default().push(member);
            }
        }
        if let Some(rest) = site.child("additionalProperties") {
            self.kinds.object = true;
            match rest.value {
                Json::Bool(true) => {}
                Json::Bool(false) => self.is_closed = true,
                _ => self.rest.push((rest, own)),
            }
        }
        self.names.extend(site.child("propertyNames"));
        if is_sure {
            let required = site.value.get("required").and_then(Json::as_array);
            let names = required.into_iter().flatten().filter_map(Json::as_str);
            self.required.extend(names);
        }
        if let Some(items) = site.child("items") {
            self.kinds.list = true;
            if items.value.is_array() {
                problems.add(
                    &items.pointer,
                    "`items` is a list of schemas, one for each place",
                    "write one schema, which every item fits",
                );
                self.is_refused = true;
            }
            self.items.push(items);
        }
    }
}

/// A schema still to be read.
struct Pending<'a> {
    site: Site<'a>,
    /// Whether the value fits it in any case.
    is_sure: bool,
}

impl<'a> Pending<'a> {
    fn sure(site: &Site<'a>) -> Self {
        Self {
            site: site.clone(),
            is_sure: true,
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
            format!("`{key}` cannot be followed when values are held against a consent"),
            "describe the value with `properties`, `additionalProperties`, `items`, `allOf`, \
             `oneOf` and `anyOf`",
        );
    }
}
