//! Types and bodies as JSON Schema 2020-12, as OpenAPI 3.1 has it.

use serde_json::{Map, Value as Json, json};

use crate::expression::Type;
use crate::plan::Template;

/// The mark of a leaf's cluster.
const CLUSTER: &str = "x-mortise-cluster";
/// The marks of whose a value is, and of the day that it is of.
const RESOURCE: &str = "x-mortise-resource";
const DATE: &str = "x-mortise-date";

/// What a leaf at this pointer belongs to.
pub(super) type OfLeaf<'l> = dyn Fn(&str) -> Option<String> + 'l;

/// Whether a value may be left out.
pub(super) fn is_optional(kind: &Type) -> bool {
    matches!(kind, Type::Optional(_))
}

/// The schema of a type.
pub(super) fn of(kind: &Type) -> Json {
    let text = |format: &str| json!({ "type": "string", "format": format });
    match kind {
        Type::Bool => json!({ "type": "boolean" }),
        Type::Int => json!({ "type": "integer", "format": "int64" }),
        Type::Decimal => text("decimal"),
        Type::Text { bytes_max } => json!({ "type": "string", "maxLength": bytes_max }),
        Type::OneOf(words) => {
            let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
            json!({ "type": "string", "enum": words })
        }
        Type::Timestamp => text("date-time"),
        Type::Date => text("date"),
        Type::Duration => text("duration"),
        Type::List { item, items_max } => {
            json!({ "type": "array", "items": of(item), "maxItems": items_max })
        }
        Type::Object(object) => {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for (name, member) in &object.members {
                properties.insert(name.to_string(), of(&member.kind));
                if !member.is_optional && !is_optional(&member.kind) {
                    required.push(name.as_ref());
                }
            }
            // What is not described is not passed on: it is never read.
            closed(&properties, &required)
        }
        Type::Optional(inner) => of(inner),
        Type::Json => json!({}),
    }
}

/// The schema of what a template becomes.
pub(super) fn body(template: &Template, of_leaf: &OfLeaf<'_>) -> Json {
    let mut schema = shape(template);
    mark(&mut schema, "", of_leaf);
    schema
}

fn shape(template: &Template) -> Json {
    match template {
        Template::Literal(json) => literal(json),
        Template::Reference(expression) => of(expression.type_of()),
        Template::Object(members) => {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for (name, member) in members {
                properties.insert(name.to_string(), shape(member));
                if !may_be_absent(member) {
                    required.push(name.as_ref());
                }
            }
            closed(&properties, &required)
        }
        Template::List(items) => {
            let mut shapes: Vec<Json> = items.iter().map(shape).collect();
            shapes.dedup();
            let item = match shapes.pop() {
                None => json!(false),
                Some(only) if shapes.is_empty() => only,
                last => json!({ "anyOf": shapes.into_iter().chain(last).collect::<Vec<_>>() }),
            };
            json!({ "type": "array", "items": item, "maxItems": items.len() })
        }
    }
}

/// An object of these members and no others.
pub(super) fn closed(properties: &Map<String, Json>, required: &[&str]) -> Json {
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

fn may_be_absent(template: &Template) -> bool {
    matches!(template, Template::Reference(expression) if is_optional(expression.type_of()))
}

/// A literal is what it is, and nothing else.
fn literal(json: &Json) -> Json {
    let kind = match json {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(number) if number.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    json!({ "type": kind, "const": json })
}

/// Marks each leaf with its cluster.
fn mark(schema: &mut Json, pointer: &str, of_leaf: &OfLeaf<'_>) {
    let Some(members) = schema.as_object_mut() else {
        return;
    };
    if let Some(Json::Array(choices)) = members.get_mut("anyOf") {
        for choice in choices {
            mark(choice, pointer, of_leaf);
        }
    } else if let Some(Json::Object(properties)) = members.get_mut("properties") {
        for (name, property) in properties {
            let step = name.replace('~', "~0").replace('/', "~1");
            mark(property, &format!("{pointer}/{step}"), of_leaf);
        }
    } else if let Some(item) = members.get_mut("items") {
        mark(item, &format!("{pointer}/*"), of_leaf);
    } else {
        let is_day = ["date", "date-time"].map(Json::from);
        let is_day = members
            .get("format")
            .is_some_and(|its| is_day.contains(its));
        let cluster = of_leaf(pointer);
        // Whose it is and of which days, the block's reads have settled.
        let settled = [(RESOURCE, cluster.is_some()), (DATE, is_day)];
        let settled = settled.into_iter().filter(|(_, is_said)| *is_said);
        members.extend(settled.map(|(mark, _)| (mark.to_owned(), "none".into())));
        let cluster = cluster.unwrap_or_else(|| "none".to_owned());
        members.insert(CLUSTER.to_owned(), cluster.into());
    }
}
