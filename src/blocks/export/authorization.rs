//! What a partner's journey calls of an authorization server, as an OpenAPI 3.1 description: Arazzo
//! can name nothing else, and metadata (RFC 8414) say where endpoints are, not what they take.

use serde_json::{Value as Json, json};

/// An authorization server, as its metadata tell it.
#[derive(Debug, Clone, Copy)]
pub struct AuthorizationServer<'s> {
    /// Its identifier.
    pub issuer: &'s str,
    /// Where its metadata are (RFC 8414 §3).
    pub metadata: &'s str,
    /// Where requests are pushed.
    pub pushed_authorization_request_endpoint: &'s str,
    /// What the customer's browser opens.
    pub authorization_endpoint: &'s str,
    /// Where codes are redeemed.
    pub token_endpoint: &'s str,
}

/// The description of these endpoints.
pub fn authorization(server: &AuthorizationServer<'_>) -> Json {
    let request = json!({ "type": "object", "required": ["request_uri", "expires_in"], "properties": {
        "request_uri": { "type": "string" }, "expires_in": { "type": "integer" },
    } });
    let token = json!({ "type": "object", "required": ["access_token", "token_type"], "properties": {
        "access_token": { "type": "string" }, "token_type": { "type": "string" },
        "expires_in": { "type": "integer" }, "scope": { "type": "string" },
    } });
    let endpoints = [
        (
            server.pushed_authorization_request_endpoint,
            "post",
            posted(
                "par",
                "Say what the customer will be asked (RFC 9126)",
                "201",
                &request,
            ),
        ),
        (server.authorization_endpoint, "get", opened()),
        (
            server.token_endpoint,
            "post",
            posted("token", "Redeem a code (RFC 6749 §4.1.3)", "200", &token),
        ),
    ];
    let paths = endpoints.into_iter().map(|(url, method, operation)| {
        let (origin, path) = split(url);
        let item = json!({ "servers": [{ "url": origin }], method: operation });
        (path.to_owned(), item)
    });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": format!("Authorization server {}", server.issuer),
            "version": "1.0.0",
            "description": format!("What it offers: {}", server.metadata),
        },
        "paths": paths.collect::<serde_json::Map<String, Json>>(),
    })
}

/// An endpoint that clients send a form to.
fn posted(id: &str, summary: &str, status: &str, answer: &Json) -> Json {
    let form = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    let form = json!({ "schema": form });
    json!({
        "operationId": id,
        "summary": summary,
        "requestBody": {
            "required": true,
            "content": { "application/x-www-form-urlencoded": form },
        },
        "responses": {
            status: {
                "description": "done",
                "content": { "application/json": { "schema": answer } },
            },
            "default": { "description": "an error (RFC 6749 §5.2)" },
        },
    })
}

/// What a browser opens.
fn opened() -> Json {
    let parameter = |name: &str| {
        let schema = json!({ "type": "string" });
        json!({ "name": name, "in": "query", "required": true, "schema": schema })
    };
    json!({
        "operationId": "authorize",
        "summary": "Ask the customer (RFC 6749 §4.1.1)",
        "parameters": [parameter("client_id"), parameter("request_uri")],
        "responses": {
            "200": { "description": "a page for the customer" },
            "303": {
                "description": "back to the client, with `code`, `state` and `iss`, or an error",
                "headers": { "Location": { "schema": { "type": "string", "format": "uri" } } },
            },
        },
    })
}

/// The origin of a URL, and its path.
fn split(url: &str) -> (&str, &str) {
    let host = url.find("://").map_or(0, |scheme| scheme + "://".len());
    let path = url.get(host..).and_then(|rest| rest.find('/'));
    path.and_then(|path| url.split_at_checked(host + path))
        .unwrap_or((url, "/"))
}
