use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderName;
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::Date;
use openapi::ApiDescription;
use serde_json::{Value, json};

use identity::{ConsentBook, Consents};
use model::ports::{Spend, StandingConsent, StoreUnavailable};
use model::{BodyBroken, ConsentId, Resource, ResourceId, ResourceKind};

use super::*;

/// A book that nobody asks.
struct Shut;

impl ConsentBook for Shut {
    fn terms(
        &self,
        _: [u8; 32],
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<StandingConsent>, StoreUnavailable>> {
        std::future::ready(Ok(None)).boxed()
    }

    fn spend(
        &self,
        _: [u8; 32],
        _: Date,
        _: u32,
    ) -> BoxFuture<'_, Result<Spend, StoreUnavailable>> {
        std::future::ready(Ok(Spend::None)).boxed()
    }

    fn give_back(&self, _: [u8; 32], _: Date) -> BoxFuture<'_, Result<(), StoreUnavailable>> {
        std::future::ready(Ok(())).boxed()
    }
}

fn document() -> Value {
    let operation = |id: &str, responses: Value| {
        json!({
            "operationId": id,
            "x-mortise-class": "customer",
            "x-mortise-effect": "none",
            "x-mortise-scope": "accounts",
            "x-mortise-authorization-details": "none",
            "x-mortise-authentication": "none",
            "responses": responses,
        })
    };
    let account = json!({
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "x-mortise-cluster": "list",
                "x-mortise-resource": "account",
            },
            "balance": { "type": "string", "x-mortise-cluster": "balance" },
        },
    });
    let accounts = json!({
        "type": "object",
        "properties": { "data": { "type": "array", "items": account } },
    });
    let of_account = json!({
        "name": "accountId",
        "in": "path",
        "required": true,
        "x-mortise-resource": "account",
    });
    let mut movement = account.clone();
    movement["properties"]["on"] = json!({
        "type": "string",
        "x-mortise-cluster": "balance",
        "x-mortise-date": "of",
    });
    let list = |item: &Value| json!({ "type": "array", "items": item });
    let movements = json!({
        "type": "object",
        "properties": { "data": list(&movement), "more": list(&account) },
    });
    let mut find = operation(
        "findMovements",
        json!({
            "200": { "content": { "application/json": { "schema": movements } } },
        }),
    );
    find["requestBody"] = json!({ "required": true, "content": { "application/json": {
        "schema": {
            "type": "object",
            "required": ["accountId"],
            "additionalProperties": false,
            "properties": {
                "accountId": { "type": "string", "x-mortise-resource": "account" },
            },
        },
    } } });
    let csv = json!({ "schema": { "type": "string", "x-mortise-cluster": "balance", "x-mortise-date": "none" } });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Accounts", "version": "1" },
        "paths": {
            "/accounts": {
                "get": operation("listAccounts", json!({
                    "200": { "content": { "application/json": { "schema": accounts } } },
                    "204": { "description": "None." },
                })),
            },
            "/accounts/{accountId}/cards": {
                "parameters": [of_account],
                "get": operation("listCards", json!({
                    "200": { "content": { "application/json": { "schema": accounts } } },
                })),
            },
            "/accounts/{accountId}/movements": {
                "parameters": [of_account],
                "get": operation("listMovements", json!({
                    "200": { "content": { "application/json": { "schema": movements } } },
                })),
            },
            "/movements": { "post": find },
            "/accounts/{accountId}": {
                "parameters": [of_account],
                "get": operation("readStatement", json!({
                    "200": { "content": { "text/csv": csv } },
                })),
            },
        },
    })
}

/// What this operation is held to, under a scope that opens lists and balances.
fn coverage(id: &str) -> Coverage {
    let description = ApiDescription::read(&document()).expect("it is followed");
    let mut operations = description.operations.into_iter();
    let operation = operations.find(|operation| operation.id == id);
    let operation = operation.expect("the operation");
    let cluster = |id: &str| ClusterId::parse(id).expect("valid");
    Coverage {
        consents: Arc::new(Consents::of(Box::new(Shut), 1)),
        clusters: ["list", "balance"].map(cluster).into(),
        request: operation.request,
        answers: operation.answers,
    }
}

/// A consent to one account.
fn terms(clusters: &[&str]) -> Terms {
    let clusters = clusters.iter();
    Terms {
        id: ConsentId::parse("g").expect("valid"),
        customer: "li-lei".into(),
        clusters: clusters
            .map(|id| ClusterId::parse(id).expect("valid"))
            .collect(),
        resources: [Resource {
            kind: ResourceKind::parse("account").expect("valid"),
            id: ResourceId::parse("acc-1").expect("valid"),
        }]
        .into(),
        purpose: None,
        per_day_unattended: 4,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: Timestamp::UNIX_EPOCH,
        reauth_at: None,
        expires: Timestamp::MAX,
    }
}

const EVERY: [&str; 3] = ["list", "balance", "transaction"];
const JSON: &str = "application/json";
const BODY: &str = r#"{"data":[{"id":"acc-1","balance":"1","x":"marker"},
    {"id":"marker","balance":"2"}],"marker":3}"#;

/// An answer of the bank's, with a marker wherever one may be planted.
fn answer(status: u16, content_type: &str, body: impl Into<bytes::Bytes>) -> Response {
    let mut answer = http::Response::builder()
        .status(status)
        .header("etag", "\"marker\"")
        .header("link", "</accounts/marker>")
        .header("x-marker", "1")
        .header("content-length", "4711");
    if !content_type.is_empty() {
        answer = answer.header(CONTENT_TYPE, content_type);
    }
    answer.body(model::full(body)).expect("an answer")
}

async fn disclosed(id: &str, terms: &Terms, answer: Response) -> Result<Disclosed, Withheld> {
    let left = Duration::from_secs(5);
    disclose(terms, &coverage(id), &Method::GET, answer, left).await
}

/// The head and the body as texts.
async fn read(response: Response) -> (Vec<String>, String) {
    let (head, body) = response.into_parts();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().expect("text")));
    let body = body.collect().await.expect("whole").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    (headers.collect(), body)
}

#[tokio::test]
async fn only_what_is_covered_leaves_under_a_head_of_ours() {
    for content_type in [JSON, "Application/JSON; charset=utf-8; marker=1"] {
        let answer = answer(200, content_type, BODY);
        let disclosed = disclosed("listAccounts", &terms(&EVERY), answer).await;
        let disclosed = disclosed.expect("it is covered");
        assert_eq!((disclosed.kept, disclosed.dropped), (1, 1));
        let clusters: Vec<&str> = disclosed.clusters.iter().map(ClusterId::as_str).collect();
        assert_eq!(clusters, ["balance", "list"]);
        assert_eq!(disclosed.response.status(), 200);
        let (headers, body) = read(disclosed.response).await;
        assert_eq!(body, r#"{"data":[{"id":"acc-1","balance":"1"}]}"#);
        assert_eq!(
            headers,
            ["content-type: application/json", "cache-control: no-store"]
        );
    }
}

#[tokio::test]
async fn what_the_consent_or_the_scope_has_not_is_left_out() {
    let given = disclosed("listAccounts", &terms(&["list"]), answer(200, JSON, BODY)).await;
    let given = given.expect("some is covered");
    assert_eq!(given.clusters, [ClusterId::parse("list").expect("valid")]);
    let (_, body) = read(given.response).await;
    assert_eq!(body, r#"{"data":[{"id":"acc-1"}]}"#);
    let mut narrow = coverage("listAccounts");
    narrow.clusters = [ClusterId::parse("list").expect("valid")].into();
    let answer = answer(200, JSON, BODY);
    let left = Duration::from_secs(5);
    let given = disclose(&terms(&EVERY), &narrow, &Method::GET, answer, left).await;
    let (_, body) = read(given.expect("some is covered").response).await;
    assert_eq!(body, r#"{"data":[{"id":"acc-1"}]}"#);
}

#[tokio::test]
async fn of_what_the_bank_refuses_only_the_status_is_told() {
    for status in [100, 301, 304, 400, 401, 404, 500, 503] {
        let withheld = disclosed("listAccounts", &terms(&EVERY), answer(status, JSON, BODY)).await;
        let refusal = withheld.expect_err("withheld").refusal;
        assert_eq!(refusal, Refusal::BankRefused { status });
    }
}

#[tokio::test]
async fn what_is_not_as_described_never_leaves() {
    let long = format!("\"{}\"", "a".repeat(HELD_BYTES_MAX));
    for (status, content_type, body) in [
        (201, JSON, BODY),
        (200, "", BODY),
        (200, "text/csv", BODY),
        (200, "application/json; charset=gb18030", BODY),
        (200, JSON, "not JSON"),
        (200, JSON, ""),
        (200, JSON, r#"{"data":[{"id":1e400}]}"#),
        (200, JSON, r#"{"data":[],"data":[]}"#),
        (200, JSON, r#"{"data":3}"#),
        (200, JSON, r#"{"data":[]} {}"#),
        (200, JSON, long.as_str()),
    ] {
        let answer = answer(status, content_type, body.to_owned());
        let withheld = disclosed("listAccounts", &terms(&EVERY), answer).await;
        let withheld = withheld.expect_err(content_type);
        let told = (withheld.refusal, withheld.trouble);
        let expected = (Refusal::UpstreamInvalid, Some(Trouble::Garbage));
        assert_eq!(told, expected, "{content_type} {}", withheld.why);
    }
    for (name, value) in [("content-encoding", "gzip"), ("content-type", "text/plain")] {
        let mut answer = answer(200, JSON, BODY);
        let name = HeaderName::from_static(name);
        answer
            .headers_mut()
            .append(name, value.parse().expect("a header"));
        let withheld = disclosed("listAccounts", &terms(&EVERY), answer).await;
        assert_eq!(
            withheld.expect_err("withheld").refusal,
            Refusal::UpstreamInvalid
        );
    }
}

#[tokio::test]
async fn where_nothing_is_covered_there_is_no_answer() {
    for (id, content_type, given) in [
        ("listAccounts", JSON, &["transaction"][..]),
        ("listAccounts", JSON, &[]),
        ("readStatement", "text/csv", &["list"]),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let (answer, left) = (answer(200, content_type, BODY), Duration::from_secs(5));
            let withheld = disclose(&terms(given), &coverage(id), &method, answer, left).await;
            let refusal = withheld.expect_err("withheld").refusal;
            assert_eq!(refusal, Refusal::NotCovered, "{id} {method}");
        }
    }
}

#[tokio::test]
async fn a_list_of_another_account_than_the_one_that_was_asked_for_is_withheld_whole() {
    let list = |ids: &[&str]| {
        let items: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        answer(200, JSON, json!({ "data": items }).to_string())
    };
    let theirs = ["acc-2", "acc-2"];
    let withheld = disclosed("listCards", &terms(&EVERY), list(&theirs)).await;
    assert_eq!(withheld.expect_err("withheld").refusal, Refusal::NotCovered);
    for (id, ids, kept) in [
        ("listCards", &[][..], 0),
        ("listCards", &["acc-1", "acc-1"], 2),
        ("listAccounts", &theirs, 0),
    ] {
        let given = disclosed(id, &terms(&EVERY), list(ids)).await;
        assert_eq!(given.expect("it is given").kept, kept, "{id}");
    }
    let mixed = disclosed("listCards", &terms(&EVERY), list(&["acc-1", "acc-2"])).await;
    assert_eq!(mixed.expect_err("withheld").refusal, Refusal::NotCovered);
}

#[tokio::test]
async fn days_that_are_not_covered_leave_an_empty_list_and_anothers_item_leaves_nothing() {
    let march = Terms {
        data_from: Some(jiff::civil::date(2026, 3, 1)),
        data_until: Some(jiff::civil::date(2026, 3, 31)),
        ..terms(&EVERY)
    };
    let item = |id: &str, on: &str| json!({ "id": id, "on": on });
    let (march_1, april_1) = (item("acc-1", "2026-03-01"), item("acc-1", "2026-04-01"));
    for id in ["listMovements", "findMovements"] {
        for (items, kept) in [(json!([april_1]), 0), (json!([march_1, april_1]), 1)] {
            let body = json!({ "data": items }).to_string();
            let given = disclosed(id, &march, answer(200, JSON, body)).await;
            assert_eq!(given.expect("it is given").kept, kept, "{id} {items}");
        }
        let theirs = json!({ "data": [march_1], "more": [{ "id": "acc-2" }] });
        let withheld = disclosed(id, &march, answer(200, JSON, theirs.to_string())).await;
        let withheld = withheld.expect_err("withheld");
        assert_eq!(withheld.refusal, Refusal::NotCovered, "{id}");
    }
}

#[tokio::test]
async fn what_is_no_json_is_given_whole() {
    let csv = || answer(200, "text/csv", "a,b");
    let given = disclosed("readStatement", &terms(&EVERY), csv()).await;
    let given = given.expect("it is given");
    assert_eq!(
        given.clusters,
        [ClusterId::parse("balance").expect("valid")]
    );
    let (headers, body) = read(given.response).await;
    assert_eq!(body, "a,b");
    assert_eq!(
        headers,
        ["content-type: text/csv", "cache-control: no-store"]
    );
}

#[tokio::test]
async fn an_answer_without_a_body_has_none_and_tells_no_length() {
    let none = disclosed("listAccounts", &terms(&EVERY), answer(204, "", "")).await;
    let (headers, body) = read(none.expect("it is described").response).await;
    assert_eq!(
        (headers, body),
        (vec!["cache-control: no-store".to_owned()], String::new())
    );
    let (all, answer) = (terms(&EVERY), answer(200, JSON, ""));
    let left = Duration::from_secs(5);
    let head = disclose(&all, &coverage("listAccounts"), &Method::HEAD, answer, left).await;
    let (headers, body) = read(head.expect("it is described").response).await;
    assert_eq!(
        (headers, body),
        (vec!["cache-control: no-store".to_owned()], String::new())
    );
}

#[tokio::test]
async fn what_breaks_off_or_comes_too_late_is_told_as_that() {
    let broken = http_body_util::StreamBody::new(futures_util::stream::iter([Err::<
        http_body::Frame<bytes::Bytes>,
        model::BodyError,
    >(
        BodyBroken::BrokenOff.into(),
    )]));
    let never = http_body_util::StreamBody::new(futures_util::stream::pending::<
        Result<http_body::Frame<bytes::Bytes>, model::BodyError>,
    >());
    for (body, refusal, trouble) in [
        (
            broken.boxed_unsync(),
            Refusal::UpstreamInvalid,
            Trouble::Truncated,
        ),
        (
            never.boxed_unsync(),
            Refusal::UpstreamTimeout,
            Trouble::Stalled,
        ),
    ] {
        let mut answer = answer(200, JSON, "");
        *answer.body_mut() = body;
        let (all, coverage) = (terms(&EVERY), coverage("listAccounts"));
        let withheld = disclose(&all, &coverage, &Method::GET, answer, Duration::ZERO).await;
        let withheld = withheld.expect_err("withheld");
        assert_eq!(
            (withheld.refusal, withheld.trouble),
            (refusal, Some(trouble))
        );
    }
}
