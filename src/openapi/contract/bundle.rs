//! A schema taken out of its document, whole by itself: what it refers to stands in `$defs`.

use serde_json::{Map, Value, json};

use super::convert::{Convert, Direction, LIST, MAP, ONE};
use super::names::{Names, REFERRED_MAX};
use crate::problem::Problems;
use crate::reference::{Document, Site, escaped};

/// The most schemas, values and texts of one bundle.
const VALUES_MAX: usize = 20_000;

/// A schema that refers to nothing outside itself.
#[derive(Debug)]
pub(super) struct Bundle {
    /// JSON Schema, draft 2020-12.
    pub(super) schema: Value,
    /// Where its parts come from: a pointer into it, and the pointer into the document.
    origins: Vec<(String, String)>,
    /// How many values it holds.
    pub(super) values: usize,
}

impl Bundle {
    /// Takes a schema out; `None`, with problems, when it is too large or not understood.
    pub(super) fn read<'a>(
        document: Document<'a>,
        site: &Site<'a>,
        direction: Direction,
        problems: &mut Problems,
    ) -> Option<Self> {
        let root = site.pointer.clone();
        let mut names = Names::default();
        let mut left = VALUES_MAX;
        let mut is_whole = true;
        let mut convert = |site: &Site<'a>, names: &mut Names<'a>, problems: &mut Problems| {
            let mut convert = Convert {
                document,
                direction,
                names,
                left: &mut left,
                is_whole: &mut is_whole,
                problems,
            };
            convert.schema(site)
        };
        let converted = convert(site, &mut names, problems);
        let mut definitions = Map::new();
        while let Some((name, site)) = names.pending.pop_front() {
            definitions.insert(name, convert(&site, &mut names, problems));
        }
        let is_small = left > 0 && names.by_pointer.len() <= REFERRED_MAX;
        if !is_small {
            problems.add(
                &root,
                "the schema is too large",
                format!("at most {VALUES_MAX} values, and {REFERRED_MAX} schemas referred to"),
            );
        }
        (is_whole && is_small).then(|| Self {
            values: VALUES_MAX - left,
            ..Self::of(converted, definitions, root, names)
        })
    }

    fn of(
        converted: Value,
        definitions: Map<String, Value>,
        root: String,
        names: Names<'_>,
    ) -> Self {
        let mut schema = match converted {
            Value::Object(members) => members,
            Value::Bool(true) => Map::new(),
            // JSON Schema 2020-12 §4.3.2: `false` is `{ "not": {} }`.
            _ => Map::from_iter([("not".to_owned(), json!({}))]),
        };
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        let of_definitions = names.by_pointer.into_iter();
        let mut origins: Vec<(String, String)> = of_definitions
            .map(|(pointer, name)| (format!("/$defs/{name}"), pointer))
            .collect();
        origins.push((String::new(), root));
        Self {
            schema: Value::Object(schema),
            origins,
            values: 0,
        }
    }

    /// Where a part of it stands in the document.
    pub(super) fn origin(&self, pointer: &str) -> String {
        let found = self.origins.iter().find_map(|(prefix, origin)| {
            let rest = pointer.strip_prefix(prefix.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{origin}{rest}"))
        });
        found.unwrap_or_default()
    }
}

/// The schemas that stand in a bundled schema at `pointer`, each with its own pointer.
pub(super) fn parts<'a>(pointer: &str, schema: &'a Value) -> Vec<(String, &'a Value)> {
    let mut parts = Vec::new();
    for (key, value) in schema.as_object().into_iter().flatten() {
        let place = format!("{pointer}/{key}");
        if ONE.contains(&key.as_str()) {
            parts.push((place, value));
        } else if LIST.contains(&key.as_str()) {
            let items = value.as_array().into_iter().flatten().enumerate();
            parts.extend(items.map(|(at, item)| (format!("{place}/{at}"), item)));
        } else if MAP.contains(&key.as_str()) || key == "$defs" {
            let members = value.as_object().into_iter().flatten();
            parts.extend(members.map(|(name, one)| (format!("{place}/{}", escaped(name)), one)));
        }
    }
    parts
}
