//! Export: a block's own operations as an OpenAPI 3.1 description, for partners and for the road,
//! which carries a block as it carries any other product; and the partner's journey through them
//! as Arazzo 1.1.
//!
//! Everything in it follows from the plan: a request is held to the types of `input`, an answer to
//! those of what its body refers to, a refusal to the names of the checks.

mod arazzo;
mod authorization;
mod schema;

use std::collections::BTreeSet;

use openapi::{Class, EffectMark};
use serde_json::{Map, Value as Json, json};

use crate::check_line::Outcome;
use crate::expression::Type;
use crate::plan::{Operation, Plan, Reply};

pub use arazzo::{Facts, arazzo};
pub use authorization::{AuthorizationServer, authorization};

/// Problems of the road, which every operation may answer with.
const PROBLEMS: &str = "application/problem+json";

/// The cluster of a leaf of an answer: of which operation, with which status, at which JSON Pointer
/// (RFC 6901) in its body, where `*` stands for each item of a list; nothing where it is no
/// customer's data.
pub type Clusters<'c> = dyn Fn(&str, u16, &str) -> Option<String> + 'c;

/// The description of a block with this title.
pub fn openapi(plan: &Plan, title: &str, clusters: &Clusters<'_>) -> Json {
    let [major, minor, patch] = plan.version;
    let mut paths: Map<String, Json> = Map::new();
    for operation in &plan.operations {
        let path = paths
            .entry(operation.path.to_string())
            .or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            let method = operation.method.as_str().to_ascii_lowercase();
            methods.insert(method, described(plan, operation, clusters));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": title, "version": format!("{major}.{minor}.{patch}") },
        "paths": paths,
    })
}

fn described(plan: &Plan, operation: &Operation, clusters: &Clusters<'_>) -> Json {
    let mut marks = Map::new();
    let mut mark = |name: &str, value: &str| marks.insert(name.to_owned(), value.into());
    mark("operationId", &operation.name);
    mark("x-mortise-class", operation.class.as_str());
    if operation.effect != EffectMark::None || operation.method != http::Method::GET {
        mark("x-mortise-effect", operation.effect.as_str());
    }
    if operation.class >= Class::Partner {
        let scopes = operation.consent.iter().flat_map(|needs| &needs.scopes);
        let scopes: Vec<&str> = scopes.map(AsRef::as_ref).collect();
        // Where no customer allows it, the product is allowed as a whole.
        let scope = if scopes.is_empty() {
            plan.name.to_string()
        } else {
            scopes.join(" ")
        };
        mark("x-mortise-scope", &scope);
        mark("x-mortise-authorization-details", "none");
        mark("x-mortise-authentication", "none");
    }
    let (parameters, body) = request(operation);
    if !parameters.is_empty() {
        marks.insert("parameters".to_owned(), parameters.into());
    }
    marks.extend(body.map(|body| ("requestBody".to_owned(), body)));
    marks.insert("responses".to_owned(), responses(operation, clusters));
    Json::Object(marks)
}

/// The parameters of the path, and all else of the input: in the query of a GET, else in the body.
fn request(operation: &Operation) -> (Vec<Json>, Option<Json>) {
    let Type::Object(input) = &operation.input else {
        return (Vec::new(), None);
    };
    let in_path = parameters_of(&operation.path);
    let is_read = operation.method == http::Method::GET;
    let (mut parameters, mut properties, mut required) = (Vec::new(), Map::new(), Vec::new());
    for (name, member) in &input.members {
        let mut described = schema::of(&member.kind);
        let is_in_path = in_path.contains(name.as_ref());
        let is_required = !member.is_optional && !schema::is_optional(&member.kind);
        if is_in_path || is_read {
            parameters.push(json!({
                "name": name.as_ref(),
                "in": if is_in_path { "path" } else { "query" },
                "required": is_in_path || is_required,
                "x-mortise-resource": whose(operation, name),
                "schema": described,
            }));
            continue;
        }
        if let Some(described) = described.as_object_mut() {
            described.insert(
                "x-mortise-resource".to_owned(),
                whose(operation, name).into(),
            );
        }
        properties.insert(name.to_string(), described);
        if is_required {
            required.push(name.as_ref());
        }
    }
    let body = (!properties.is_empty()).then(|| {
        let is_required = !required.is_empty();
        let schema = schema::closed(&properties, &required);
        json!({ "required": is_required, "content": { "application/json": { "schema": schema } } })
    });
    (parameters, body)
}

/// The kind of customer's resource that a member of the request names. What names none is looked up
/// with the customer's own id, or the plan is none.
fn whose(operation: &Operation, name: &str) -> &'static str {
    if operation.accounts.contains(name) {
        "account"
    } else {
        "none"
    }
}

/// The names between braces in a path.
fn parameters_of(path: &str) -> BTreeSet<&str> {
    let inside = |segment: &'_ str| segment.starts_with('{') && segment.ends_with('}');
    let named = path.split('/').filter(|segment| inside(segment));
    named
        .map(|segment| segment.trim_matches(['{', '}']))
        .collect()
}

fn responses(operation: &Operation, clusters: &Clusters<'_>) -> Json {
    let mut responses = Map::new();
    let answers = operation.answers.iter().map(|(_, reply)| reply);
    let replies: Vec<&Reply> = std::iter::once(&operation.reply).chain(answers).collect();
    let statuses: BTreeSet<u16> = replies.iter().map(|reply| reply.status).collect();
    for status in statuses {
        let of_leaf = |pointer: &str| clusters(&operation.name, status, pointer);
        let same = replies.iter().filter(|reply| reply.status == status);
        let mut schemas: Vec<Json> = same.map(|its| schema::body(&its.body, &of_leaf)).collect();
        schemas.dedup();
        let schema = match schemas.pop() {
            Some(only) if schemas.is_empty() => only,
            last => json!({ "oneOf": schemas.into_iter().chain(last).collect::<Vec<_>>() }),
        };
        let said = json!({
            "description": if status == operation.reply.status { "the reply" } else { "an answer" },
            "content": { "application/json": { "schema": schema } },
        });
        responses.insert(status.to_string(), said);
    }
    for (status, names) in refusals(operation) {
        let said = json!({
            "description": names.join(", "),
            "content": { PROBLEMS: { "schema": { "type": "object" } } },
        });
        responses.entry(status.to_string()).or_insert(said);
    }
    Json::Object(responses)
}

/// The problems of the checks by their status, each name once, in the order of the file.
fn refusals(operation: &Operation) -> std::collections::BTreeMap<u16, Vec<String>> {
    let mut refusals = std::collections::BTreeMap::<u16, Vec<String>>::new();
    for check in &operation.checks {
        if let Outcome::Problem { status, name } = &check.outcome {
            let names = refusals.entry(*status).or_default();
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    refusals
}

#[cfg(test)]
mod tests;
