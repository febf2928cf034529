//! Requests: ids that say what they are, days that are cut, values that were consented to.

use serde_json::{Value, json};

use super::*;
use crate::sample::{
    BALANCE, BALANCE_SCHEMA, assert_problems, assert_read, put, remove, sample, with, without,
};

const ACCOUNT_ID: &str = "/paths/~1accounts~1{accountId}~1balance/get/parameters/0";
const PAYMENT: &str = "/paths/~1payments/post";
const BODY: &str = "/paths/~1payments/post/requestBody/content/application~1json/schema";

fn request_of(document: &Value, id: &str) -> RequestDescription {
    let mut operations = assert_read(document).operations.into_iter();
    let operation = operations.find(|operation| operation.id == id);
    operation.expect("described").request
}

/// The sample whose balance has these further parameters.
fn with_parameters(more: &[Value]) -> Value {
    let list = format!("{BALANCE}/parameters");
    let mut document = sample();
    let mut all = document
        .pointer(&list)
        .and_then(Value::as_array)
        .cloned()
        .expect("a list");
    all.extend_from_slice(more);
    put(&mut document, &list, Value::Array(all));
    document
}

/// Demands that the further parameter is refused for this alone.
fn assert_refused(parameter: Value, what: &str) {
    let document = with_parameters(&[parameter]);
    let at = format!("{BALANCE}/parameters/1");
    assert_problems(&document, &[(&at, what)]);
}

#[test]
fn what_parameters_say_is_told() {
    let document = with_parameters(&[
        json!({ "name": "from", "in": "query", "x-mortise-date": "from" }),
        json!({ "name": "X-Card-Id", "in": "header", "x-mortise-resource": "card", "required": true }),
        json!({ "name": "until", "in": "query", "x-mortise-date": "until", "schema": { "format": "date" } }),
    ]);
    let request = request_of(&document, "readBalance");
    let told: Vec<_> = request
        .parameters
        .iter()
        .map(|p| {
            (
                p.name.as_str(),
                p.location,
                p.is_required,
                p.resource.as_deref(),
                p.date,
            )
        })
        .collect();
    let (from, until) = (Some(DateEnd::From), Some(DateEnd::Until));
    assert_eq!(
        told,
        [
            ("accountId", Location::Path, true, Some("account"), None),
            ("from", Location::Query, false, None, from),
            ("x-card-id", Location::Header, true, Some("card"), None),
            ("until", Location::Query, false, None, until),
        ]
    );
    assert!(request.has_window());
    assert!(request.holds(&[]) && request.holds(&["account".to_owned()]));
    assert!(!request.holds(&["account".to_owned(), "card".to_owned()]));
}

#[test]
fn from_customer_up_an_id_like_parameter_names_its_resource() {
    let mark = format!("{ACCOUNT_ID}/x-mortise-resource");
    let what = "the parameter looks like an id and has no `x-mortise-resource`: `accountId`";
    let mut document = without(&mark);
    let whose = "the item holds personal data and does not say whose";
    assert_problems(&document, &[(ACCOUNT_ID, what), (BALANCE_SCHEMA, whose)]);
    put(
        &mut document,
        &format!("{BALANCE}/x-mortise-class"),
        json!("payment"),
    );
    assert_problems(&document, &[(ACCOUNT_ID, what), (BALANCE_SCHEMA, whose)]);
    for place in ["query", "header", "cookie"] {
        for name in ["id", "ID", "pot_id", "potId", "potid", "potIds"] {
            let what =
                format!("the parameter looks like an id and has no `x-mortise-resource`: `{name}`");
            assert_refused(json!({ "name": name, "in": place }), &what);
            let none = json!({ "name": name, "in": place, "x-mortise-resource": "none" });
            assert_read(&with_parameters(&[none]));
        }
    }
    for name in ["é", "i", "idle"] {
        assert_read(&with_parameters(&[json!({ "name": name, "in": "query" })]));
    }
}

#[test]
fn an_id_like_parameter_of_the_path_item_is_checked_unless_declared_anew() {
    let mut document = sample();
    let of_path = "/paths/~1accounts~1{accountId}~1balance/parameters";
    let account = json!([{ "name": "accountId", "in": "path", "required": true }]);
    put(&mut document, of_path, account);
    assert_read(&document);
    put(
        &mut document,
        of_path,
        json!([{ "name": "potId", "in": "query" }]),
    );
    let what = "the parameter looks like an id and has no `x-mortise-resource`: `potId`";
    assert_problems(&document, &[(&format!("{of_path}/0"), what)]);
}

#[test]
fn a_day_in_the_query_says_which_end_it_is() {
    let day = json!({ "name": "on", "in": "query", "schema": { "type": "string", "format": "date-time" } });
    assert_refused(
        day.clone(),
        "the parameter is a date and has no `x-mortise-date`: `on`",
    );
    for said in ["from", "until", "none"] {
        let mut day = day.clone();
        day["x-mortise-date"] = json!(said);
        assert_read(&with_parameters(&[day]));
    }
    assert_refused(
        json!({ "name": "on", "in": "header", "x-mortise-date": "from" }),
        "only a query parameter is cut to the days of a consent: `on`",
    );
    let from = |name: &str| json!({ "name": name, "in": "query", "x-mortise-date": "from" });
    assert_problems(
        &with_parameters(&[from("from"), from("since")]),
        &[(BALANCE, "two parameters name one end of the days")],
    );
}

#[test]
fn a_parameter_has_no_parts_of_its_own() {
    let what = "the parameter has parts of its own: `filter`";
    for more in [
        json!({ "style": "deepObject" }),
        json!({ "content": {} }),
        json!({ "schema": { "type": "object" } }),
        json!({ "schema": { "properties": { "accountId": {} } } }),
    ] {
        let mut parameter = json!({ "name": "filter", "in": "query" });
        let (to, more) = (parameter.as_object_mut(), more.as_object().cloned());
        to.expect("an object").extend(more.expect("an object"));
        assert_refused(parameter, what);
    }
}

#[test]
fn the_ids_of_a_body_are_told_with_their_way() {
    let request = request_of(&sample(), "makePayment");
    let member = |name: &str| Step::Member(name.to_owned());
    assert_eq!(
        request.body,
        [BodyPart {
            path: vec![member("accountId")],
            is_required: true,
            resource: Some("account".to_owned()),
            bound: None,
        }]
    );
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["accountId", "parts"],
        "properties": {
            "accountId": { "type": "string", "x-mortise-resource": "account" },
            "parts": { "type": "array", "items": {
                "type": "object", "additionalProperties": false,
                "properties": { "cardIds": { "type": "array", "items": {
                    "type": "string", "x-mortise-resource": "card",
                } } },
            } },
        },
    });
    let request = request_of(&with(BODY, schema), "makePayment");
    let mut found: Vec<_> = request.body.iter().map(|part| part.path.clone()).collect();
    found.sort_by_key(Vec::len);
    let inside = vec![member("parts"), Step::Item, member("cardIds"), Step::Item];
    assert_eq!(found, [vec![member("accountId")], inside]);
    assert!(request.holds(&["account".to_owned()]), "it is always there");
    assert!(!request.holds(&["card".to_owned()]));
}

#[test]
fn what_a_body_may_hold_is_described_to_the_last_leaf() {
    let at = format!("{BODY}/properties/accountId");
    let no_mark = "the member looks like an id and has no `x-mortise-resource`: `accountId`";
    let whose = "the item holds personal data and does not say whose";
    let answer = "/components/responses/Paid/content/application~1json/schema";
    assert_problems(
        &without(&format!("{at}/x-mortise-resource")),
        &[(&at, no_mark), (answer, whose)],
    );
    let open = "an object in the request's body may hold what is not described";
    assert_problems(
        &without(&format!("{BODY}/additionalProperties")),
        &[(BODY, open)],
    );
    assert_problems(
        &with(
            &format!("{BODY}/additionalProperties"),
            json!({ "type": "string" }),
        ),
        &[(BODY, open)],
    );
    assert_problems(
        &with(&format!("{BODY}/x-mortise-resource"), json!("account")),
        &[(
            &format!("{BODY}/x-mortise-resource"),
            "`x-mortise-resource` is on an object or an array, where it marks nothing",
        )],
    );
    let content = format!("{PAYMENT}/requestBody/content");
    for media in ["text/plain", "application/x-www-form-urlencoded", "*/*"] {
        let problems = crate::ApiDescription::read(&with(&content, json!({ media: {} })));
        let problems = problems.expect_err(media);
        assert!(
            problems
                .iter()
                .any(|p| p.what.contains("not of one media type that is JSON"))
        );
    }
    let mut optional = sample();
    remove(&mut optional, &format!("{BODY}/required"));
    assert_problems(&optional, &[(answer, whose)]);
}

#[test]
fn all_that_a_body_may_hold_is_kept() {
    assert_eq!(request_of(&sample(), "readBalance").shape, None);
    let shape = request_of(&sample(), "makePayment").shape.expect("a body");
    assert!(shape.is_of("application/json") && shape.describes(&json!({ "accountId": "a" })));
    assert!(!shape.describes(&json!({ "accountId": "a", "account_id": "b" })));
    let schema = json!({
        "type": "object", "additionalProperties": false, "required": ["accountId"],
        "properties": {
            "accountId": { "type": "string", "x-mortise-resource": "account" },
            "never": false,
            "nothing": { "type": "null" },
            "lines": { "type": "array", "items": { "$ref": "#/components/schemas/Line" } },
        },
    });
    let mut document = with(&format!("{PAYMENT}/requestBody/content"), json!({}));
    let media = format!("{PAYMENT}/requestBody/content/application~1vnd.bank+json");
    put(&mut document, &media, json!({ "schema": schema }));
    let text = json!({ "type": "string" });
    let line = json!({ "allOf": [
        { "type": "object", "additionalProperties": false, "properties": { "a": text } },
        { "properties": { "b": text } },
    ] });
    put(&mut document, "/components/schemas/Line", line);
    let shape = request_of(&document, "makePayment").shape.expect("a body");
    assert_eq!(shape.media_type, "application/vnd.bank+json");
    for (more, is_described) in [
        (json!({ "nothing": null }), true),
        (
            json!({ "lines": [{ "a": "1" }, { "b": "2", "a": "1" }] }),
            true,
        ),
        (json!({ "never": 1 }), false),
        (json!({ "lines": [{ "c": "3" }] }), false),
        (json!({ "lines": { "a": "1" } }), false),
    ] {
        assert_eq!(shape.describes(&more), is_described, "{more}");
    }
}

#[test]
fn a_body_without_end_is_refused() {
    let node = json!({
        "type": "object", "additionalProperties": false,
        "properties": { "next": { "$ref": "#/components/schemas/Node" } },
    });
    let mut document = with("/components/schemas/Node", node);
    put(
        &mut document,
        &format!("{BODY}/properties/next"),
        json!({ "$ref": "#/components/schemas/Node" }),
    );
    assert_problems(
        &document,
        &[(
            "/components/schemas/Node/properties/next",
            "the request's body is nested too deep, or without end",
        )],
    );
}

/// The sample whose payment is held to details of a type.
fn bound() -> Value {
    let mut document = with(
        &format!("{PAYMENT}/x-mortise-authorization-details"),
        json!("payment_once"),
    );
    let account = format!("{BODY}/properties/accountId/x-mortise-bound");
    put(&mut document, &account, json!("same account"));
    let text = json!({ "type": "string" });
    let amount = json!({
        "type": "object", "additionalProperties": false, "x-mortise-bound": "at-most max_amount",
        "properties": { "currency": text, "value": text },
    });
    put(&mut document, &format!("{BODY}/properties/amount"), amount);
    document
}

#[test]
fn with_details_each_leaf_says_what_it_is_held_to() {
    let request = request_of(&bound(), "makePayment");
    let mut found: Vec<_> = request
        .body
        .iter()
        .filter_map(|part| part.bound.clone())
        .collect();
    found.sort_by_key(|bound| matches!(bound, Bound::Same(_)));
    let expected = [
        Bound::AtMost("max_amount".to_owned()),
        Bound::Same("account".to_owned()),
    ];
    assert_eq!(found, expected);
    for (taken, at, name) in [
        ("accountId/x-mortise-bound", "accountId", "accountId"),
        ("amount/x-mortise-bound", "amount/properties/value", "value"),
    ] {
        let mut document = bound();
        remove(&mut document, &format!("{BODY}/properties/{taken}"));
        let problems = crate::ApiDescription::read(&document).expect_err(taken);
        let what = format!(
            "the leaf of the request has no `x-mortise-bound`, and details are demanded: `{name}`"
        );
        let at = format!("{BODY}/properties/{at}");
        assert!(
            problems.iter().any(|p| p.pointer == at && p.what == what),
            "{problems:?}"
        );
    }
    let mut document = bound();
    put(
        &mut document,
        &format!("{BODY}/properties/note"),
        json!({ "type": "string", "x-mortise-bound": "none" }),
    );
    assert_read(&document);
}

#[test]
fn a_limit_is_of_money_and_a_bound_of_something() {
    let amount = format!("{BODY}/properties/amount");
    for (at, value) in [
        ("properties/value/type", json!("number")),
        ("properties/note", json!({ "type": "string" })),
        ("additionalProperties", json!(true)),
    ] {
        let mut document = bound();
        put(&mut document, &format!("{amount}/{at}"), value);
        let problems = crate::ApiDescription::read(&document).expect_err(at);
        let is_told = |p: &crate::Problem| p.what == "what is held to a limit is no money";
        assert!(problems.iter().any(is_told), "{at}: {problems:?}");
    }
    let mut document = bound();
    put(
        &mut document,
        &format!("{PAYMENT}/x-mortise-authorization-details"),
        json!("none"),
    );
    assert_problems(
        &document,
        &[(
            PAYMENT,
            "a part of the request has `x-mortise-bound`, and there is nothing to hold it to",
        )],
    );
    let details = format!("{BALANCE}/x-mortise-authorization-details");
    let id = "the parameter names a resource and has no `x-mortise-bound`: `accountId`";
    let nothing =
        "`x-mortise-authorization-details` is demanded, and no part of the request is held to it";
    let mut document = with(&details, json!("one_look"));
    assert_problems(&document, &[(ACCOUNT_ID, id), (BALANCE, nothing)]);
    put(
        &mut document,
        &format!("{ACCOUNT_ID}/x-mortise-bound"),
        json!("same account"),
    );
    let request = request_of(&document, "readBalance");
    assert_eq!(
        request.parameters[0].bound,
        Some(Bound::Same("account".to_owned()))
    );
}
