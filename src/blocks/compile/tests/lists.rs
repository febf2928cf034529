//! The mistakes that lists, pages, nested arguments and consents have beside those of one block.

use super::*;

/// A service whose one operation takes an object and answers with a page of a list.
fn ledger() -> Json {
    let id = json!({ "type": "string", "maxLength": 64 });
    let period = json!({
        "type": "object", "required": ["from"], "additionalProperties": false,
        "properties": { "from": { "type": "string", "format": "date" } },
    });
    json!({ "ledger": service(&json!({ "/bookings": { "post": {
        "operationId": "listBookings",
        "x-mortise-effect": "none",
        "requestBody": takes(&json!({ "accountId": id, "period": period, "next": id }), &[]),
        "responses": answer(&json!({
            "data": { "type": "array", "items": { "type": "integer" }, "maxItems": 3 },
            "next": id,
            "count": { "type": "integer" },
        })),
    } } })) })
}

fn walk() -> Json {
    json!({
        "block": "walk", "version": "1.0.0", "title": { "en": "Walk", "zh-CN": "走" },
        "sources": ["ledger"],
        "operations": { "all": {
            "expose": "POST /all", "class": "partner", "effect": "none", "deadline": "9s",
            "input": { "ids": "string" },
            "reads": { "booked": {
                "call": "ledger.listBookings", "timeout": "1s",
                "with": { "accountId": "$input.ids", "period": { "from": "2026-11-01" } },
                "pages": { "next": "next", "items": "data", "max": 5 },
            } },
            "reply": { "status": 200, "body": { "booked": "$booked" } },
        } },
    })
}

fn put(document: &mut Json, pointer: &str, value: Json) {
    *document
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("{pointer}")) = value;
}

/// Where the operation of the service stands.
const AT: &str = "/ledger/paths/~1bookings/post";

/// The mistake of this class, with its place below the operation.
fn told(block: &Json, services: &Json, code: &str) -> (String, String) {
    let mistakes = checked(block, services).expect_err("mistakes");
    let found = mistakes.iter().find(|its| its.code == code);
    let found = found.unwrap_or_else(|| panic!("no {code}: {mistakes:#?}"));
    let place = found
        .pointer
        .trim_start_matches("/operations/all")
        .to_owned();
    (place, found.what.clone())
}

#[test]
fn a_block_that_walks_is_right() {
    let plan = checked(&walk(), &ledger());
    assert!(plan.is_ok(), "{plan:#?}");
}

#[test]
fn each_edit_of_a_walk_is_told() {
    const BOOKED: &str = "/operations/all/reads/booked";
    let each = |list: &str| json!({ "each": format!("a in {list}"), "max": 3, "at_once": 1 });
    for (pointer, value, code, place, what) in [
        (
            format!("{BOOKED}/pages/next"),
            json!("count"),
            "E148",
            "/reads/booked/call",
            "answers of `listBookings` have no text `count`",
        ),
        (
            format!("{BOOKED}/pages/items"),
            json!("next"),
            "E149",
            "/reads/booked/call",
            "answers of `listBookings` have no list `next`",
        ),
        (
            format!("{BOOKED}/with/period"),
            json!({ "form": "2026-11-01" }),
            "E134",
            "/reads/booked/with/period/form",
            "no member `form` is taken here",
        ),
        (
            format!("{BOOKED}/with/period"),
            json!({}),
            "E135",
            "/reads/booked/with/period",
            "the member `from` is missing",
        ),
        (
            "/operations/all/class".to_owned(),
            json!("customer"),
            "E170",
            "",
            "class `customer` and no consent",
        ),
    ] {
        let mut block = walk();
        put(&mut block, &pointer, value);
        let found = told(&block, &ledger(), code);
        assert_eq!(found, (place.to_owned(), what.to_owned()));
    }
    for (list, code, what) in [
        ("input.id", "E146", "`input` has no member `id`"),
        ("input.ids", "E147", "this is no list: string"),
    ] {
        let mut block = walk();
        let read = block
            .pointer_mut(BOOKED)
            .and_then(Json::as_object_mut)
            .expect("a read");
        read.remove("pages");
        read.insert("for".to_owned(), each(list));
        assert_eq!(told(&block, &ledger(), code).1, what);
    }
}

#[test]
fn an_operation_that_nobody_described_is_told() {
    let mut services = ledger();
    let silent = json!({ "204": { "description": "nothing" } });
    put(&mut services, &format!("{AT}/responses"), silent);
    let what = "nothing says what `listBookings` answers";
    assert_eq!(told(&walk(), &services, "E142").1, what);
    let mut services = ledger();
    let post = services
        .pointer_mut(AT)
        .and_then(Json::as_object_mut)
        .expect("an operation");
    let limit = json!([{ "name": "accountId", "in": "query", "schema": { "type": "string" } }]);
    post.insert("parameters".to_owned(), limit);
    let what = "`accountId` is a parameter and a member of the body";
    assert_eq!(told(&walk(), &services, "E143").1, what);
}

#[test]
fn a_scope_that_needs_values_bound_has_some() {
    let mut services = ledger();
    let post = services.pointer_mut(AT);
    let post = post.and_then(Json::as_object_mut).expect("an operation");
    post.insert("x-mortise-scope".to_owned(), json!("loan:accept"));
    let mut block = walk();
    let operation = block
        .pointer_mut("/operations/all")
        .and_then(Json::as_object_mut);
    let operation = operation.expect("an operation");
    operation.insert("class".to_owned(), json!("customer"));
    let consent = json!({ "scopes": ["loan:accept"], "purpose": "instalment_offer" });
    operation.insert("consent".to_owned(), consent);
    let (place, what) = told(&block, &services, "E175");
    assert_eq!(place, "/consent/scopes");
    assert_eq!(what, "`loan:accept` needs values bound into the consent");
}

#[test]
fn a_body_is_not_endless() {
    let mut deep = json!("$booked");
    for _ in 0..20 {
        deep = json!([deep]);
    }
    let mut block = walk();
    put(&mut block, "/operations/all/reply/body", deep);
    assert_eq!(
        told(&block, &ledger(), "E130").1,
        "this is too deep for a body"
    );
}
