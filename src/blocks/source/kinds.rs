//! What a JSON Schema says of a value, as a type of expressions, and which of it is whose data.
//!
//! What no type says as narrowly (a float, a choice of shapes, an object without members) is any
//! JSON: it can be passed on and not looked into.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::expression::{ObjectType, Type};

/// How deep a schema is looked into; what is below is any JSON.
const DEPTH_MAX: usize = 24;
/// The longest text where none is said, in bytes.
const TEXT_BYTES: u32 = 4_096;
/// The longest text that is read, in bytes.
const TEXT_BYTES_MAX: u64 = 65_536;
/// The most items where no number is said.
const ITEMS: u32 = 1_000;
/// The most bytes of a character.
const CHAR_BYTES_MAX: u64 = 4;

/// The way to a leaf, and its cluster.
type Clusters = Vec<(Vec<Arc<str>>, Arc<str>)>;

/// What is said of a value.
pub(super) struct Described {
    pub(super) kind: Type,
    pub(super) clusters: Clusters,
    /// The ways to ids of customers' things.
    pub(super) resources: Vec<Vec<Arc<str>>>,
}

impl Described {
    /// What a schema says that is whole by itself.
    pub(super) fn of(schema: &Json) -> Self {
        let mut reading = Reading {
            root: schema,
            way: Vec::new(),
            clusters: Vec::new(),
            resources: Vec::new(),
        };
        let kind = reading.kind(schema);
        let mut clusters = reading.clusters;
        clusters.sort();
        clusters.dedup();
        let mut resources = reading.resources;
        resources.sort();
        resources.dedup();
        Self {
            kind,
            clusters,
            resources,
        }
    }

    /// Nothing is said.
    pub(super) fn any() -> Self {
        Self {
            kind: Type::Json,
            clusters: Vec::new(),
            resources: Vec::new(),
        }
    }
}

struct Reading<'r> {
    root: &'r Json,
    way: Vec<Arc<str>>,
    clusters: Clusters,
    resources: Vec<Vec<Arc<str>>>,
}

impl<'r> Reading<'r> {
    fn kind(&mut self, schema: &'r Json) -> Type {
        // A mark may also stand beside a reference.
        let beside = schema.as_object();
        let Some(schema) = self.resolved(schema) else {
            return Type::Json;
        };
        let marked = beside.into_iter().chain([schema]);
        let mut marks = marked.filter_map(|its| its.get("x-mortise-resource")?.as_str());
        if marks.any(|mark| mark != "none") {
            self.resources.push(self.way.clone());
        }
        if self.way.len() > DEPTH_MAX {
            return Type::Json;
        }
        if let Some(cluster) = schema.get("x-mortise-cluster").and_then(Json::as_str)
            && cluster != "none"
        {
            self.clusters.push((self.way.clone(), cluster.into()));
        }
        if let Some(words) = words(schema) {
            return words;
        }
        if let Some(choice) = self.choice(schema) {
            return choice;
        }
        let (names, is_nullable) = types(schema);
        let kind = match names[..] {
            ["boolean"] => Type::Bool,
            ["integer"] => Type::Int,
            ["string"] => text(schema),
            ["array"] => self.list(schema),
            ["object"] => self.object(schema),
            _ => Type::Json,
        };
        if is_nullable && kind != Type::Json {
            return Type::Optional(Arc::new(kind));
        }
        kind
    }

    /// The schema that a `$ref` leads to, within the document.
    fn resolved(&self, schema: &'r Json) -> Option<&'r Map<String, Json>> {
        let mut schema = schema.as_object()?;
        for _ in 0..DEPTH_MAX {
            let Some(reference) = schema.get("$ref") else {
                return Some(schema);
            };
            let pointer = reference.as_str()?.strip_prefix('#')?;
            schema = self.root.pointer(pointer)?.as_object()?;
        }
        None
    }

    /// One shape or nothing; of other choices nothing is known but their clusters.
    fn choice(&mut self, schema: &'r Map<String, Json>) -> Option<Type> {
        let lists = ["oneOf", "anyOf", "allOf"];
        let choices: Vec<&Json> = lists
            .iter()
            .filter_map(|key| schema.get(*key)?.as_array())
            .flatten()
            .collect();
        if choices.is_empty() {
            return None;
        }
        let is_null = |choice: &&Json| choice.get("type").is_some_and(|kind| kind == "null");
        let (nothing, shapes): (Vec<&Json>, Vec<&Json>) = choices.into_iter().partition(is_null);
        let kinds: Vec<Type> = shapes.iter().map(|shape| self.kind(shape)).collect();
        let has_more = schema.contains_key("properties") || schema.contains_key("type");
        Some(match kinds.as_slice() {
            [only] if !has_more && nothing.is_empty() => only.clone(),
            [only] if !has_more && *only != Type::Json => Type::Optional(Arc::new(only.clone())),
            _ => Type::Json,
        })
    }

    fn list(&mut self, schema: &'r Map<String, Json>) -> Type {
        let said = schema.get("maxItems").and_then(Json::as_u64);
        let items_max = said.and_then(|most| u32::try_from(most).ok());
        self.way.push("*".into());
        let item = schema
            .get("items")
            .map_or(Type::Json, |item| self.kind(item));
        self.way.pop();
        Type::list(item, items_max.unwrap_or(ITEMS).min(ITEMS))
    }

    fn object(&mut self, schema: &'r Map<String, Json>) -> Type {
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else {
            return Type::Json;
        };
        let required = schema.get("required").and_then(Json::as_array);
        let is_required =
            |name: &str| required.is_some_and(|names| names.iter().any(|its| its == name));
        let mut members = BTreeMap::new();
        for (name, property) in properties {
            let place: Arc<str> = name.as_str().into();
            self.way.push(Arc::clone(&place));
            let kind = self.kind(property);
            self.way.pop();
            members.insert(place, super::member(kind, is_required(name)));
        }
        let is_open = schema.get("additionalProperties") != Some(&Json::Bool(false));
        Type::Object(Arc::new(ObjectType { members, is_open }))
    }
}

/// The types that a schema allows, and whether `null` is one.
fn types(schema: &Map<String, Json>) -> (Vec<&str>, bool) {
    let names: Vec<&str> = match schema.get("type") {
        Some(Json::String(name)) => vec![name],
        Some(Json::Array(names)) => names.iter().filter_map(Json::as_str).collect(),
        _ if schema.contains_key("properties") => vec!["object"],
        _ => Vec::new(),
    };
    let is_nullable = names.contains(&"null");
    let names = names.into_iter().filter(|name| *name != "null");
    (names.collect(), is_nullable)
}

/// A closed list of words.
fn words(schema: &Map<String, Json>) -> Option<Type> {
    let one = schema.get("const").map(std::slice::from_ref);
    let all = schema.get("enum").and_then(Json::as_array);
    let values = all.map(Vec::as_slice).or(one)?;
    let words: Vec<&str> = values.iter().filter_map(Json::as_str).collect();
    let has_null = values.iter().any(Json::is_null);
    if words.is_empty() || words.len() + usize::from(has_null) != values.len() {
        return None;
    }
    let kind = Type::one_of(words);
    Some(if has_null {
        Type::Optional(Arc::new(kind))
    } else {
        kind
    })
}

fn text(schema: &Map<String, Json>) -> Type {
    match schema.get("format").and_then(Json::as_str) {
        Some("decimal") => Type::Decimal,
        Some("date-time") => Type::Timestamp,
        Some("date") => Type::Date,
        Some("duration") => Type::Duration,
        _ => {
            let said = schema.get("maxLength").and_then(Json::as_u64);
            let bytes =
                said.map(|chars| (chars.saturating_mul(CHAR_BYTES_MAX)).min(TEXT_BYTES_MAX));
            let bytes = bytes.and_then(|bytes| u32::try_from(bytes).ok());
            Type::Text {
                bytes_max: bytes.unwrap_or(TEXT_BYTES),
            }
        }
    }
}
