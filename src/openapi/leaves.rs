//! The leaves of answers: which cluster of data each belongs to.
//!
//! A leaf is a value that is neither an object with described members nor an array with described
//! items. Its cluster is the mark on its schema, or on a schema that composes the same value
//! (beside `allOf`, `oneOf`, `anyOf`, or beside `$ref` in 3.1). A mark on an object or an array is
//! refused rather than handed down: with it, a deleted mark inside would silently take the outer
//! one. Members that a schema does not describe belong to no cluster.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::marks::{CLUSTER, NONE};
use crate::placement::stated_name;
use crate::problem::{Problem, Problems, quoted};
use crate::reference::{Document, Edition, Site};

/// The most schemas looked at for one document, each counted once for every operation it is in.
const VISITS_MAX: usize = 4_000_000;

/// Keywords whose value is one schema of the same value.
const SAME_ONE: [&str; 2] = ["then", "else"];
/// Keywords whose value is a list of schemas of the same value.
pub(crate) const SAME_LIST: [&str; 3] = ["allOf", "oneOf", "anyOf"];
/// Keywords whose value is a map of schemas of parts of the value.
const PART_MAP: [&str; 2] = ["properties", "patternProperties"];
/// Keywords whose value is a schema, or a list of schemas, of parts of the value.
const PART_ONE: [&str; 5] = [
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "unevaluatedItems",
];
/// Further keywords that say what the value is.
const SHAPE: [&str; 6] = [
    "$ref",
    "type",
    "enum",
    "const",
    "format",
    "dependentSchemas",
];

/// How many schemas may still be looked at.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(VISITS_MAX)
    }
}

impl Budget {
    /// Takes one schema from what is left; `false`, with a problem, when nothing is.
    pub(crate) fn take(&mut self, problems: &mut Problems) -> bool {
        let Some(left) = self.0.checked_sub(1) else {
            problems.add(
                "",
                "the answers are too large to be checked",
                format!("at most {VISITS_MAX} schemas in the answers of all operations"),
            );
            return false;
        };
        self.0 = left;
        true
    }
}

/// What the answers of one operation carry.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    /// Pointers to the leaves without a mark.
    pub(crate) unmarked: Vec<String>,
    /// The first personal cluster found, and the pointer of its mark.
    pub(crate) personal: Option<(String, String)>,
}

#[derive(Debug, Clone)]
struct Mark<'a> {
    name: &'a str,
    pointer: Rc<str>,
}

/// A schema still to be looked at, and the mark that its value already has.
struct Pending<'a> {
    site: Site<'a>,
    mark: Option<Mark<'a>>,
}

struct Walk<'a, 'p> {
    document: Document<'a>,
    pending: Vec<Pending<'a>>,
    leaves: Leaves,
    problems: &'p mut Problems,
}

/// Walks the schemas and gives their leaves.
pub(crate) fn leaves<'a>(
    document: Document<'a>,
    schemas: Vec<Site<'a>>,
    budget: &mut Budget,
    problems: &mut Problems,
) -> Leaves {
    let mut walk = Walk {
        document,
        pending: Vec::new(),
        leaves: Leaves::default(),
        problems,
    };
    walk.pending
        .extend(schemas.into_iter().map(|site| Pending { site, mark: None }));
    // Also the guard against circles: the same schema under the same mark says nothing new.
    let mut seen: HashSet<(String, Option<&str>)> = HashSet::new();
    while let Some(Pending { site, mark }) = walk.pending.pop() {
        if !budget.take(walk.problems) {
            break;
        }
        if seen.insert((site.pointer.clone(), mark.as_ref().map(|mark| mark.name))) {
            walk.look_at(&site, mark);
        }
    }
    walk.leaves
}

impl<'a> Walk<'a, '_> {
    fn look_at(&mut self, site: &Site<'a>, outer: Option<Mark<'a>>) {
        let schema = match site.value {
            Value::Object(schema) => schema,
            // JSON Schema 2020-12 §4.3.2: `true` allows anything, `false` nothing.
            Value::Bool(true) => return self.leaf(site, outer.as_ref()),
            Value::Bool(false) => return,
            _ => {
                return self.problems.add(
                    &site.pointer,
                    "not a schema",
                    "write an object that describes the value",
                );
            }
        };
        let mark = self.mark(site, outer);
        if schema.contains_key("$ref") {
            self.refer(site, mark.as_ref());
            if self.document.edition == Edition::V3_0 {
                return;
            }
        }
        for key in ["$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = site.child(key) {
                self.problems.add(
                    reference.pointer,
                    format!("`{key}` is not understood"),
                    "use `$ref`",
                );
                return;
            }
        }
        self.check_kinds(site);
        let parts = Self::parts(site);
        let has_parts = parts.is_some();
        let same = same_value(site, has_parts);
        let is_composed = !same.is_empty() || schema.contains_key("$ref");
        let is_leaf = if has_parts {
            has_scalar_type(schema)
        } else {
            !is_composed && !is_null(schema)
        };
        self.pending.extend(same.into_iter().map(|site| {
            let mark = mark.clone();
            Pending { site, mark }
        }));
        self.pending.extend(
            parts
                .into_iter()
                .flatten()
                .map(|site| Pending { site, mark: None }),
        );
        if is_leaf {
            self.leaf(site, mark.as_ref());
        } else if let (true, Some(mark)) = (has_parts, mark) {
            self.problems.add(
                &*mark.pointer,
                format!("`{CLUSTER}` is on an object or an array, where it marks nothing"),
                "mark each leaf inside",
            );
        }
    }

    /// The mark of the value: this schema's own, or the one that it has already.
    fn mark(&mut self, site: &Site<'a>, outer: Option<Mark<'a>>) -> Option<Mark<'a>> {
        let Some(name) = stated_name(site.value, CLUSTER) else {
            return outer;
        };
        let pointer: Rc<str> = site.pointer_to(CLUSTER).into();
        if name != NONE && self.leaves.personal.is_none() {
            self.leaves.personal = Some((name.to_owned(), pointer.as_ref().to_owned()));
        }
        if let Some(outer) = outer.filter(|outer| outer.name != name) {
            let first = (outer.name, &*outer.pointer);
            self.problems.push(two_clusters(first, (name, &pointer)));
        }
        Some(Mark { name, pointer })
    }

    fn refer(&mut self, site: &Site<'a>, mark: Option<&Mark<'a>>) {
        // Followed to its end to see that it has one, but taken a step at a time: in 3.1 each
        // step may have a mark beside it.
        let target = self
            .document
            .resolve(site.clone())
            .and_then(|_| self.document.target(site));
        match target {
            Ok(target) => self.pending.extend(target.map(|site| {
                let mark = mark.cloned();
                Pending { site, mark }
            })),
            Err(problem) => self.problems.push(problem),
        }
    }

    /// The schemas of the value's parts; `None` when the schema describes none.
    fn parts(site: &Site<'a>) -> Option<Vec<Site<'a>>> {
        let mut parts = None;
        for key in PART_MAP {
            let Some(map) = site.child(key) else { continue };
            let mut members = map.members().map(|(_, member)| member).peekable();
            // `properties: {}` describes nothing: the object is free-form, and so a leaf.
            if members.peek().is_some() {
                parts.get_or_insert_with(Vec::new).extend(members);
            }
        }
        for key in PART_ONE {
            let Some(part) = site.child(key) else {
                continue;
            };
            let mut items = part.items().peekable();
            if items.peek().is_some() {
                parts.get_or_insert_with(Vec::new).extend(items);
            } else {
                drop(items);
                parts.get_or_insert_with(Vec::new).push(part);
            }
        }
        // The names of a map are data as much as its values are.
        if let (Some(parts), Some(names)) = (&mut parts, site.child("propertyNames")) {
            parts.push(names);
        }
        parts
    }

    /// Refuses keywords whose value is of the wrong kind: their schemas could not be looked at.
    fn check_kinds(&mut self, site: &Site<'a>) {
        let maps = PART_MAP.iter().chain(&["dependentSchemas"]);
        for key in maps.filter_map(|key| site.child(key)) {
            if !key.value.is_object() {
                let help = "write an object of schemas";
                self.problems.add(key.pointer, "not an object", help);
            }
        }
        for key in SAME_LIST.iter().filter_map(|key| site.child(key)) {
            if !key.value.is_array() {
                let help = "write a list of schemas";
                self.problems.add(key.pointer, "not a list", help);
            }
        }
    }

    fn leaf(&mut self, site: &Site<'a>, mark: Option<&Mark<'a>>) {
        if mark.is_none() {
            self.leaves.unmarked.push(site.pointer.clone());
        }
    }
}

/// The schemas that describe the same value as this one. Those that say nothing of its shape, as
/// `{ required: [a] }`, are left out where something else does.
fn same_value<'a>(site: &Site<'a>, has_parts: bool) -> Vec<Site<'a>> {
    let has_shape = has_parts || site.value.get("$ref").is_some();
    let mut same = Vec::new();
    for key in SAME_LIST {
        let Some(list) = site.child(key) else {
            continue;
        };
        let may_skip = has_shape || key == "allOf";
        same.extend(
            list.items()
                .filter(|item| !may_skip || says_shape(item.value)),
        );
    }
    let ones = SAME_ONE.iter().filter_map(|key| site.child(key));
    same.extend(ones.filter(|one| says_shape(one.value)));
    if let Some(map) = site.child("dependentSchemas") {
        same.extend(
            map.members()
                .map(|(_, one)| one)
                .filter(|one| says_shape(one.value)),
        );
    }
    same
}

fn says_shape(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else {
        // `true` and `false` beside other schemas add no member; anything else is no schema and
        // must be looked at to be refused.
        return !schema.is_boolean();
    };
    let has = |keys: &[&str]| keys.iter().any(|key| schema.contains_key(*key));
    has(&SHAPE)
        || has(&PART_MAP)
        || has(&PART_ONE)
        || has(&SAME_LIST)
        || has(&SAME_ONE)
        || has(&[CLUSTER, "$dynamicRef", "$recursiveRef"])
}

/// The words of `type`.
pub(crate) fn types(schema: &Map<String, Value>) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// From `customer` up each leaf says its cluster.
pub(crate) fn unmarked_leaf(pointer: &str) -> Problem {
    Problem {
        pointer: pointer.to_owned(),
        what: format!("the answer's leaf has no `{CLUSTER}`, which the operation's class demands"),
        help: format!("add `{CLUSTER}` with the cluster it belongs to, or `none`"),
    }
}

/// A value may belong to one cluster only.
pub(crate) fn two_clusters(first: (&str, &str), second: (&str, &str)) -> Problem {
    Problem {
        pointer: second.1.to_owned(),
        what: format!(
            "one value has two clusters: {} and {}",
            quoted(first.0),
            quoted(second.0)
        ),
        help: format!("keep one of them; the other is at {}", first.1),
    }
}

fn has_scalar_type(schema: &Map<String, Value>) -> bool {
    types(schema)
        .iter()
        .any(|word| !matches!(*word, "object" | "array" | "null"))
}

/// Whether the value is always `null`, which tells nobody anything.
fn is_null(schema: &Map<String, Value>) -> bool {
    types(schema) == ["null"]
}

#[cfg(test)]
mod tests;
