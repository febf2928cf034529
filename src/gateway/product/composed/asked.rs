//! A call of a block as the request that its service's contract describes.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use http::uri::PathAndQuery;
use openapi::{Contract, Location, is_parameter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};

/// The longest target of a request to a service, in bytes.
const TARGET_BYTES_MAX: usize = 8 * 1024;
/// What is written as it is in a target: the unreserved characters of RFC 3986 §2.3.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a service is asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asks {
    pub(crate) method: Method,
    pub(crate) target: PathAndQuery,
    /// The JSON body, where there is one.
    pub(crate) body: Option<Bytes>,
}

/// The request of these arguments; nothing when they cannot be sent so: a text that would be
/// another path, or a target that is too long.
pub(crate) fn asks(
    contract: &Contract,
    base_path: &str,
    arguments: &Map<String, Json>,
) -> Option<Asks> {
    let mut target = base_path.to_owned();
    for segment in contract.template.split('/').skip(1) {
        target.push('/');
        if is_parameter(segment) {
            let name = segment.trim_matches(['{', '}']);
            target.push_str(&in_path(arguments.get(name)?)?);
        } else {
            target.push_str(segment);
        }
    }
    let mut mark = '?';
    for (name, value) in in_query(contract, arguments) {
        target.push(mark);
        target.extend(utf8_percent_encode(name, ENCODED));
        target.push('=');
        target.push_str(&value?);
        mark = '&';
    }
    if target.len() > TARGET_BYTES_MAX {
        return None;
    }
    Some(Asks {
        method: contract.method.clone(),
        target: target.parse().ok()?,
        body: body(contract, arguments)?,
    })
}

/// A value in a path. What is empty, or a step through the path, would lead elsewhere
/// (RFC 3986 §3.3).
fn in_path(value: &Json) -> Option<String> {
    let text = text(value)?;
    let is_elsewhere = matches!(text.as_str(), "" | "." | "..");
    (!is_elsewhere).then(|| encoded(&text))
}

/// The pairs of the query, in the contract's order.
fn in_query<'a>(
    contract: &'a Contract,
    arguments: &'a Map<String, Json>,
) -> impl Iterator<Item = (&'a str, Option<String>)> {
    let parameters = contract.parameters.iter();
    let parameters = parameters.filter(|its| its.location == Location::Query);
    parameters.flat_map(move |parameter| {
        let name = parameter.name.as_str();
        let pairs: Vec<(&str, Option<String>)> = match arguments.get(name) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) if parameter.is_exploded() => {
                let each = items.iter().map(|item| (name, text(item)));
                each.map(|(name, text)| (name, text.as_deref().map(encoded)))
                    .collect()
            }
            Some(Json::Array(items)) => {
                let texts: Option<Vec<String>> = items.iter().map(text).collect();
                let texts = texts.map(|texts| texts.iter().map(|text| encoded(text)).collect());
                vec![(name, texts.map(|texts: Vec<String>| texts.join(",")))]
            }
            Some(value) => vec![(name, text(value).as_deref().map(encoded))],
        };
        pairs
    })
}

/// The members that are no parameters, where the operation takes a body.
#[expect(
    clippy::option_option,
    reason = "no body, or a body that cannot be written"
)]
fn body(contract: &Contract, arguments: &Map<String, Json>) -> Option<Option<Bytes>> {
    if contract.body.is_none() {
        return Some(None);
    }
    let is_parameter = |name: &str| contract.parameters.iter().any(|its| its.name == name);
    let members = arguments.iter().filter(|(name, _)| !is_parameter(name));
    let members: BTreeMap<&String, &Json> = members.collect();
    serde_json::to_vec(&members)
        .ok()
        .map(|body| Some(body.into()))
}

/// A value as text; nothing of what has parts.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(_) | Json::Number(_) => Some(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contract(operation: &str) -> Contract {
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": {
                "/accounts/{id}/lines": { "get": {
                    "operationId": "lines",
                    "parameters": [
                        { "name": "id", "in": "path", "required": true,
                          "schema": { "type": "string" } },
                        { "name": "day", "in": "query", "schema": { "type": "string" } },
                        { "name": "kinds", "in": "query",
                          "schema": { "type": "array", "items": { "type": "string" } } },
                        { "name": "marks", "in": "query", "explode": false,
                          "schema": { "type": "array", "items": { "type": "string" } } },
                    ],
                    "responses": { "200": { "description": "ok" } },
                } },
                "/scores": { "post": {
                    "operationId": "score",
                    "x-mortise-effect": "none",
                    "requestBody": { "content": { "application/json": { "schema": {
                        "type": "object", "properties": { "who": { "type": "string" } },
                    } } } },
                    "responses": { "200": { "description": "ok" } },
                } },
            },
        });
        let mut contracts = openapi::contracts(&document).expect("contracts");
        contracts.remove(operation).expect("the operation")
    }

    fn arguments(json: Json) -> Map<String, Json> {
        match json {
            Json::Object(members) => members,
            _ => Map::new(),
        }
    }

    fn target(given: Json) -> Option<String> {
        let asks = asks(&contract("lines"), "/v1", &arguments(given));
        asks.map(|asks| asks.target.to_string())
    }

    #[test]
    fn parameters_stand_where_the_contract_says() {
        let given = json!({ "id": "a b/ç", "day": "2026-11-24", "kinds": ["x", "y&z"],
                            "marks": ["1", "2,3"] });
        let expected = "/v1/accounts/a%20b%2F%C3%A7/lines?day=2026-11-24&kinds=x&kinds=y%26z\
                        &marks=1,2%2C3";
        assert_eq!(target(given).as_deref(), Some(expected));
        let bare = target(json!({ "id": 7, "day": null }));
        assert_eq!(bare.as_deref(), Some("/v1/accounts/7/lines"));
    }

    #[test]
    fn what_would_lead_elsewhere_is_not_asked() {
        for id in [
            json!(""),
            json!("."),
            json!(".."),
            json!(["a"]),
            json!(null),
        ] {
            assert_eq!(target(json!({ "id": id })), None, "{id}");
        }
        assert_eq!(target(json!({})), None);
        assert_eq!(target(json!({ "id": "a".repeat(9_000) })), None);
        assert_eq!(target(json!({ "id": "a", "day": { "b": 1 } })), None);
    }

    #[test]
    fn members_that_are_no_parameters_are_the_body() {
        let given = arguments(json!({ "who": "li-lei" }));
        let asks = asks(&contract("score"), "", &given).expect("a request");
        assert_eq!(
            (asks.method, asks.target.as_str()),
            (Method::POST, "/scores")
        );
        assert_eq!(
            asks.body.as_deref(),
            Some(br#"{"who":"li-lei"}"#.as_slice())
        );
    }
}
