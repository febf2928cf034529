use std::collections::BTreeSet;

use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt;
use openapi::ApiDescription;
use openapi::{DateEnd, Location, ParameterDescription, RequestDescription};
use serde_json::{Value, json};

use model::{
    BoundTo, BoundValue, ConsentId, DetailType, Resource, ResourceId, ResourceKind, Terms,
};

use super::named::Held;
use super::*;

const TEMPLATE: &str = "/accounts/v1/accounts/{accountId}/transactions";

fn parameter(name: &str, location: Location) -> ParameterDescription {
    ParameterDescription {
        name: name.to_owned(),
        location,
        is_required: location == Location::Path,
        resource: None,
        date: None,
        bound: None,
    }
}

fn naming(name: &str, location: Location) -> ParameterDescription {
    ParameterDescription {
        resource: Some("account".to_owned()),
        ..parameter(name, location)
    }
}

fn request() -> RequestDescription {
    let day = |name, end| ParameterDescription {
        date: Some(end),
        ..parameter(name, Location::Query)
    };
    RequestDescription {
        parameters: vec![
            naming("accountId", Location::Path),
            naming("also", Location::Query),
            naming("x-account-id", Location::Header),
            parameter("limit", Location::Query),
            day("from", DateEnd::From),
            day("until", DateEnd::Until),
        ],
        ..RequestDescription::default()
    }
}

fn detail() -> DetailType {
    DetailType::parse("funds_check").expect("valid")
}

/// A consent to two accounts, in March, and to 500.00 CNY of the first.
fn terms() -> Terms {
    let account = |id: &str| Resource {
        kind: ResourceKind::parse("account").expect("valid"),
        id: ResourceId::parse(id).expect("valid"),
    };
    let bound = |member: &str, value| BoundValue {
        detail: detail(),
        member: member.to_owned(),
        value,
    };
    Terms {
        id: ConsentId::parse("g").expect("valid"),
        customer: "li-lei".into(),
        clusters: BTreeSet::new(),
        resources: BTreeSet::from([account("acc-1"), account("acc-2")]),
        purpose: None,
        per_day_unattended: 4,
        data_from: Some("2026-03-01".parse().expect("a day")),
        data_until: Some("2026-03-31".parse().expect("a day")),
        bound: vec![
            bound("account", BoundTo::Account(account("acc-1"))),
            bound(
                "max",
                BoundTo::Money {
                    amount: "500.00".to_owned(),
                    currency: *b"CNY",
                },
            ),
        ],
        authorised_at: Timestamp::UNIX_EPOCH,
        reauth_at: None,
        expires: Timestamp::MAX,
    }
}

fn checked(target: &str, header: Option<&str>) -> Result<(), Refusal> {
    let terms = terms();
    let held = Held {
        terms: &terms,
        detail: None,
    };
    let (mut head, ()) = Request::new(()).into_parts();
    head.uri = target.parse().expect("a target");
    if let Some(header) = header {
        let value = HeaderValue::from_str(header).expect("a header");
        head.headers.append("x-account-id", value);
    }
    named::check(&held, &request(), TEMPLATE, &head)
}

#[test]
fn each_id_must_be_consented_to_wherever_and_however_often_it_stands() {
    let path = |id: &str| format!("/accounts/v1/accounts/{id}/transactions");
    for good in [
        "",
        "?limit=1",
        "?also=acc-1",
        "?also=acc-1&also=acc-2",
        "?also=acc-1,acc-2",
    ] {
        assert_eq!(
            checked(&format!("{}{good}", path("acc-1")), None),
            Ok(()),
            "{good}"
        );
    }
    assert_eq!(
        checked(
            &path("acc-2"),
            Some("acc-1, acc-2".replace(", ", ",").as_str())
        ),
        Ok(())
    );
    assert_eq!(checked(&path("acc%2D1"), None), Ok(()));
    for bad in [
        path("acc-3"),
        path("ACC-1"),
        path("acc-1%20"),
        path("%FF"),
        path("acc-1,acc-2,"),
        format!("{}?also=acc-3", path("acc-1")),
        format!("{}?also=", path("acc-1")),
        format!("{}?also", path("acc-1")),
        format!("{}?also=acc-1&also=acc-3", path("acc-1")),
        format!("{}?also=acc-1,acc-3", path("acc-1")),
        format!("{}?also=acc-1%2Cacc-3", path("acc-1")),
        format!("{}?also=acc-1+acc-3", path("acc-1")),
        format!("{}?also=acc-1%7Cacc-3", path("acc-1")),
        format!("{}?%61lso=acc-3", path("acc-1")),
    ] {
        assert_eq!(checked(&bad, None), Err(Refusal::NotCovered), "{bad}");
    }
    assert_eq!(
        checked(&path("acc-1"), Some("acc-3")),
        Err(Refusal::NotCovered)
    );
    for odd in [
        "?Also=acc-3",
        "?also[]=acc-3",
        "?also%5B0%5D=acc-3",
        "?limit=1;also=acc-3",
        "?x=1",
    ] {
        let refused = checked(&format!("{}{odd}", path("acc-1")), None);
        assert!(
            matches!(refused, Err(Refusal::MalformedRequest { .. })),
            "{odd}"
        );
    }
}

#[test]
fn a_parameter_that_must_be_there_is_not_covered_without() {
    let held_terms = terms();
    let held = Held {
        terms: &held_terms,
        detail: None,
    };
    let (head, ()) = Request::new(()).into_parts();
    for location in [Location::Query, Location::Header, Location::Path] {
        let mut named = naming("x-account-id", location);
        named.is_required = true;
        let request = RequestDescription {
            parameters: vec![named],
            ..RequestDescription::default()
        };
        let checked = named::check(&held, &request, "/", &head);
        assert_eq!(checked, Err(Refusal::NotCovered), "{location:?}");
    }
}

#[test]
fn a_resource_is_the_same_however_it_is_spelt() {
    let template = "/accounts/{accountId}/of/{other}";
    for path in ["/accounts/acc-1/of/b", "/accounts/%61cc%2D1/of/%62"] {
        let found: Vec<_> = named::in_order(template, path).collect();
        assert_eq!(found, ["acc-1", "b"], "{path}");
    }
    assert_eq!(named::in_order("/accounts", "/accounts").count(), 0);
}

fn cut(query: &str) -> Result<Option<String>, Refusal> {
    let uri: Uri = format!("/a{query}").parse().expect("a target");
    let cut = window::cut(&terms(), &request(), &uri)?;
    Ok(cut.map(|target| target.as_str().to_owned()))
}

#[test]
fn the_days_that_are_asked_for_are_cut_to_the_consents() {
    let whole = "from=2026%2D03%2D01&until=2026%2D03%2D31";
    for (query, expected) in [
        ("", whole.to_owned()),
        ("?from=2020-01-01&until=2030-01-01", whole.to_owned()),
        ("?limit=5&until=2030-01-01", format!("limit=5&{whole}")),
        (
            "?until=2026-03-09&limit=5&from=2026-03-02",
            "limit=5&from=2026%2D03%2D02&until=2026%2D03%2D09".to_owned(),
        ),
        (
            "?from=2026-03-31",
            "from=2026%2D03%2D31&until=2026%2D03%2D31".to_owned(),
        ),
    ] {
        assert_eq!(cut(query), Ok(Some(format!("/a?{expected}"))), "{query}");
    }
    for query in [
        "?until=2026-02-28",
        "?from=2026-04-01",
        "?from=2026-03-09&until=2026-03-08",
    ] {
        assert_eq!(cut(query), Err(Refusal::NotCovered), "{query}");
    }
    for query in [
        "?from=2026-03-01&from=2020-01-01",
        "?from=",
        "?from=2026-3-1",
        "?until=2026-03-09T00:00:00Z",
        "?until=tomorrow",
    ] {
        let refused = matches!(cut(query), Err(Refusal::MalformedRequest { .. }));
        assert!(refused, "{query}");
    }
}

#[test]
fn without_days_of_the_consents_own_a_request_goes_as_it_came() {
    let uri: Uri = "/a?from=tomorrow".parse().expect("a target");
    let open = Terms {
        data_from: None,
        data_until: None,
        ..terms()
    };
    assert_eq!(window::cut(&open, &request(), &uri), Ok(None));
    let half = Terms {
        data_until: None,
        ..terms()
    };
    let cut = window::cut(&half, &request(), &"/a".parse().expect("a target"));
    let cut = cut.expect("good").expect("cut");
    assert_eq!(cut.as_str(), "/a?from=2026%2D03%2D01");
}

/// What a request says that names an account and an amount, and may have a note.
fn described() -> RequestDescription {
    let text = json!({ "type": "string", "x-mortise-bound": "none" });
    let closed = |required: &[&str], properties: Value| {
        json!({
            "type": "object",
            "additionalProperties": false,
            "required": required,
            "properties": properties,
        })
    };
    let mut account = json!({ "type": "string", "x-mortise-bound": "same account" });
    account["x-mortise-resource"] = json!("account");
    let plain = json!({ "type": "string" });
    let mut amount = closed(&[], json!({ "currency": plain, "value": plain }));
    amount["x-mortise-bound"] = json!("at-most max");
    let parts = closed(&[], json!({ "text": text }));
    let members = json!({
        "accountId": account,
        "amount": amount,
        "notes": { "type": "array", "items": parts },
    });
    let schema = closed(&["accountId", "amount"], members);
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Funds", "version": "1" },
        "paths": { "/funds": { "post": {
            "operationId": "confirmFunds",
            "x-mortise-class": "customer",
            "x-mortise-effect": "none",
            "x-mortise-scope": "funds",
            "x-mortise-authorization-details": "funds_check",
            "x-mortise-authentication": "none",
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": schema } },
            },
            "responses": { "204": { "description": "So it is." } },
        } } },
    });
    let mut read = ApiDescription::read(&document).expect("it is followed");
    read.operations.remove(0).request
}

/// What becomes of a body under this description and these content types.
fn body_of(request: &RequestDescription, types: &[&str], text: &str) -> Result<String, Refusal> {
    let (terms, detail) = (terms(), detail());
    let held = Held {
        terms: &terms,
        detail: Some(&detail),
    };
    let mut headers = HeaderMap::new();
    for one in types {
        let one = HeaderValue::from_str(one).expect("a header");
        headers.append(CONTENT_TYPE, one);
    }
    let body = model::full(text.to_owned());
    let checked = body::check(&held, request, &headers, body).now_or_never();
    let body = checked.expect("at once")?;
    let bytes = body.collect().now_or_never().expect("at once");
    let bytes = bytes.expect("whole").to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).expect("text"))
}

/// What becomes of a body that names an account and an amount.
fn body_checked(text: &str) -> Result<String, Refusal> {
    body_of(&described(), &["application/json"], text)
}

const GOOD: &str = r#"{"accountId":"acc-1","amount":{"value":"1","currency":"CNY"}}"#;

fn is_malformed(checked: &Result<String, Refusal>) -> bool {
    matches!(checked, Err(Refusal::MalformedRequest { .. }))
}

#[test]
fn a_body_holds_nothing_that_is_not_described() {
    let open = GOOD.strip_suffix('}').expect("an object");
    let with = |more: &str| format!("{open},{more}}}");
    for more in [r#""notes":[]"#, r#""notes":[{"text":"a"},{}]"#] {
        assert!(body_checked(&with(more)).is_ok(), "{more}");
    }
    for more in [
        r#""account_id":"acc-3""#,
        r#""AccountId":"acc-3""#,
        r#""x":null"#,
        r#""notes":{"account_id":"acc-3"}"#,
        r#""notes":[{"text":"a","account_id":"acc-3"}]"#,
        r#""notes":[{"text":{"account_id":"acc-3"}}]"#,
    ] {
        assert!(is_malformed(&body_checked(&with(more))), "{more}");
    }
    let inside = GOOD.replace("\"CNY\"", "\"CNY\",\"account_id\":\"acc-3\"");
    assert!(is_malformed(&body_checked(&inside)), "{inside}");
}

#[test]
fn a_body_where_none_is_described_is_refused() {
    for text in ["{}", GOOD, "account_id=acc-3", " "] {
        let checked = body_of(&request(), &["application/json"], text);
        assert!(is_malformed(&checked), "{text}");
    }
    assert_eq!(body_of(&request(), &[], ""), Ok(String::new()));
}

#[test]
fn a_body_is_said_once_to_be_what_it_is_read_as() {
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    for types in [&[json][..], &["application/json; charset=UTF-8"]] {
        let checked = body_of(&described(), types, GOOD);
        assert_eq!(checked.as_deref(), Ok(GOOD), "{types:?}");
    }
    for types in [
        &[][..],
        &[""],
        &[form],
        &["text/plain"],
        &["application/json; charset=gb18030"],
        &["application/json; x=y"],
        &[json, json],
        &[json, form],
    ] {
        let checked = body_of(&described(), types, GOOD);
        assert!(is_malformed(&checked), "{types:?}");
    }
}

#[test]
fn a_body_is_held_to_what_was_consented_to_and_goes_on_as_it_came() {
    let body = |account: &str, value: &str, currency: &str| -> Value {
        json!({ "accountId": account, "amount": { "value": value, "currency": currency } })
    };
    for (account, value, currency, is_covered) in [
        ("acc-1", "500.00", "CNY", true),
        ("acc-1", "0", "CNY", true),
        ("acc-2", "500.00", "CNY", false),
        ("acc-3", "500.00", "CNY", false),
        ("acc-1", "500.01", "CNY", false),
        ("acc-1", "-1", "CNY", false),
        ("acc-1", "1e2", "CNY", false),
        ("acc-1", "1", "USD", false),
    ] {
        let text = body(account, value, currency).to_string();
        let expected = if is_covered {
            Ok(text.clone())
        } else {
            Err(Refusal::NotCovered)
        };
        assert_eq!(body_checked(&text), expected, "{text}");
    }
    for (text, is_json) in [
        ("{}", true),
        ("[]", true),
        (
            r#"{"accountId":["acc-1"],"amount":{"value":"1","currency":"CNY"}}"#,
            true,
        ),
        (r#"{"accountId":"acc-3","accountId":"acc-1"}"#, false),
        ("", false),
    ] {
        let refused = body_checked(text).expect_err("refused");
        assert_eq!(
            refused == Refusal::NotCovered,
            is_json,
            "{text}: {refused:?}"
        );
    }
    let long = format!("\"{}\"", "a".repeat(65 * 1024));
    let refused = body_checked(&long);
    assert!(
        matches!(refused, Err(Refusal::BodyTooLarge { .. })),
        "{refused:?}"
    );
}

#[test]
fn the_customer_is_there_when_one_address_says_so() {
    let attended = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            let value = HeaderValue::from_str(value).expect("a header");
            headers.append(CUSTOMER_ADDRESS, value);
        }
        is_attended(&headers)
    };
    assert!(attended(&["203.0.113.7"]) && attended(&["2001:db8::1"]));
    for away in [
        &[][..],
        &[""],
        &["yes"],
        &["203.0.113.7", "203.0.113.8"],
        &["203.0.113.7, 1"],
        &["0.0.0.0"],
        &["255.255.255.255"],
        &["224.0.0.1"],
        &["::"],
        &["ff02::1"],
        &["::ffff:0.0.0.0"],
    ] {
        assert!(!attended(away), "{away:?}");
    }
}
