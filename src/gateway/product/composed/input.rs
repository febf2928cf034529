//! A partner's request as the input of a composed operation: held to the contract first, then read
//! as the plan's type.

use blocks::{Type, Value};
use http::request::Parts;
use openapi::{Location, RequestParts, is_parameter};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value as Json};

use model::{Misfit, Refusal};

use super::ComposedOperation;

/// The longest body of a request to a composed operation, in bytes.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// The input of a request with this body.
///
/// Errors: [`Refusal::NotAsDescribed`], where it is not as the contract says.
pub(crate) fn read(
    operation: &ComposedOperation,
    head: &Parts,
    body: &[u8],
) -> Result<Value, Refusal> {
    let json = match body {
        [] => None,
        body => Some(crypto::strict_json(body).map_err(|_| {
            let what = "must be JSON, no name twice in an object";
            invalid("/body", what)
        })?),
    };
    let (path, query) = (head.uri.path(), head.uri.query());
    let asked = RequestParts {
        path,
        query,
        headers: &head.headers,
        body: json.as_ref(),
    };
    let contract = &operation.contract;
    contract.check_request(&asked).map_err(|violations| {
        let errors = violations.into_iter().map(|its| Misfit {
            pointer: its.pointer,
            what: its.what,
        });
        Refusal::NotAsDescribed {
            errors: errors.collect(),
        }
    })?;
    let kind = &operation.plan.input;
    let mut members = match json {
        Some(Json::Object(members)) => members,
        _ => Map::new(),
    };
    for (name, location, text) in texts(operation, path, query.unwrap_or_default()) {
        let value = of(kind, &name, text);
        let value = value.ok_or_else(|| {
            let place = match location {
                Location::Path => "path",
                _ => "query",
            };
            invalid(&format!("/{place}/{name}"), "is not as described")
        })?;
        put(&mut members, name, value);
    }
    Value::read(kind, &Json::Object(members)).map_err(|_| invalid("", "is not as described"))
}

fn invalid(pointer: &str, what: &str) -> Refusal {
    let errors = vec![Misfit {
        pointer: pointer.to_owned(),
        what: what.to_owned(),
    }];
    Refusal::NotAsDescribed { errors }
}

/// What stands in path and query, by name.
fn texts(
    operation: &ComposedOperation,
    path: &str,
    query: &str,
) -> Vec<(String, Location, String)> {
    let segments = operation.contract.template.split('/').zip(path.split('/'));
    let in_path = segments.filter(|(known, _)| is_parameter(known));
    let in_path = in_path.filter_map(|(known, written)| {
        let name = known.trim_matches(['{', '}']).to_owned();
        Some((name, Location::Path, decoded(written)?))
    });
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let in_query = pairs.filter_map(|pair| {
        let pair = pair.replace('+', "%20");
        let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
        Some((decoded(name)?, Location::Query, decoded(value)?))
    });
    in_path.chain(in_query).collect()
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    Some(text.into_owned())
}

/// A text as JSON of the member's type.
fn of(input: &Type, name: &str, text: String) -> Option<Json> {
    let Type::Object(object) = input else {
        return None;
    };
    let member = object.members.get(name)?;
    typed(&member.kind, text)
}

fn typed(kind: &Type, text: String) -> Option<Json> {
    match kind {
        Type::Optional(inner) => typed(inner, text),
        Type::List { item, .. } => typed(item, text).map(|item| Json::Array(vec![item])),
        Type::Bool => text.parse().ok().map(Json::Bool),
        Type::Int => text.parse::<i64>().ok().map(Json::from),
        Type::Decimal
        | Type::Text { .. }
        | Type::OneOf(_)
        | Type::Timestamp
        | Type::Date
        | Type::Duration => Some(Json::String(text)),
        Type::Object(_) | Type::Json => None,
    }
}

/// A list in the query has a pair for each item.
fn put(members: &mut Map<String, Json>, name: String, value: Json) {
    match (members.get_mut(&name), value) {
        (Some(Json::Array(items)), Json::Array(more)) => items.extend(more),
        (_, value) => {
            members.insert(name, value);
        }
    }
}
