//! What is left of answers.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use jiff::civil::date;
use jiff::tz::offset;
use openapi::{AnswerBody, ApiDescription, Leaf};

use super::fuzz::description::DESCRIPTION;
use super::fuzz::naive::{Rules, Tree};
use super::fuzz::shape as one_of_everything;
use super::*;

mod drawn;

/// The zone of a bank in China.
static CHINA: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::fixed(offset(8)));

fn shape() -> AnswerShape {
    one_of_everything().expect("the description is read")
}

/// The shape of an answer that has this schema.
fn shape_of(schema: Json) -> AnswerShape {
    let mut document: Json = serde_json::from_str(DESCRIPTION).expect("JSON");
    document["components"]["schemas"]["Answer"] = schema;
    let description = ApiDescription::read(&document).expect("the schema is followed");
    match description.operations[0]
        .answers
        .of(200, "application/json")
    {
        Some(AnswerBody::Json(shape)) => shape.clone(),
        other => panic!("no shape: {other:?}"),
    }
}

fn clusters(shape: &AnswerShape, given: &[&str]) -> u64 {
    let known = shape.clusters().iter().enumerate();
    known.fold(0, |set, (at, name)| {
        set | u64::from(given.contains(&name.as_str())) << at
    })
}

const EVERY: [&str; 4] = ["list", "balance", "transaction", "holder"];

fn is_mine(_: u8, id: &str) -> bool {
    id.starts_with("mine")
}

/// Filters with these clusters, for the accounts that begin with `mine`.
fn left(shape: &AnswerShape, given: &[&str], body: &str) -> Result<(String, Kept), Unfit> {
    let covers = Covers {
        clusters: clusters(shape, given),
        resource: &is_mine,
        dates: None,
        zone: &CHINA,
    };
    run(shape, &covers, body)
}

fn run(shape: &AnswerShape, covers: &Covers<'_>, body: &str) -> Result<(String, Kept), Unfit> {
    let mut out = b"what it held".to_vec();
    let kept = filter(shape, covers, body.as_bytes(), &mut out);
    assert!(kept.is_ok() || out.is_empty());
    kept.map(|kept| (String::from_utf8(out).expect("text"), kept))
}

/// Demands that exactly this is left.
fn assert_left(given: &[&str], body: &str, expected: &str) {
    let (text, _) = left(&shape(), given, body).expect(body);
    assert_eq!(text, expected);
}

fn assert_unfit(body: &str, expected: Unfit) {
    assert_eq!(left(&shape(), &EVERY, body), Err(expected), "{body}");
}

#[test]
fn an_account_that_is_not_covered_leaves_no_trace() {
    let body = r#" { "data" : [
        { "id": "mine-1", "balance": { "amount": "12.50", "currency": "CNY" }, "label": "薪\u8d44" },
        { "balance": { "amount": "99.00" }, "label": "other", "id": "other-1" },
        { "id": "mine-2", "balance": null }
    ], "meta": { "count": 3, "sum": "111.500", "bank": "Harbour" } } "#;
    assert_left(
        &EVERY,
        body,
        concat!(
            r#"{"data":[{"id":"mine-1","balance":{"amount":"12.50","currency":"CNY"},"#,
            r#""label":"薪\u8d44"},{"id":"mine-2","balance":null}],"#,
            r#""meta":{"count":2,"sum":"12.50","bank":"Harbour"}}"#
        ),
    );
    let (_, kept) = left(&shape(), &EVERY, body).expect("fits");
    let expected = clusters(&shape(), &["list", "balance"]);
    assert_eq!((kept.items, kept.dropped, kept.clusters), (2, 1, expected));
}

#[test]
fn what_is_not_given_leaves_no_trace_and_still_says_whose_it_is() {
    let body = r#"{"data":[
        {"id":"mine-1","balance":{"amount":1,"currency":"CNY"},"holders":["a","b"]},
        {"balance":{"amount":2},"id":"other"}],
        "name":"n","meta":{"count":2,"sum":3}}"#;
    assert_left(
        &["balance"],
        body,
        r#"{"data":[{"balance":{"amount":1,"currency":"CNY"}}],"meta":{"count":1,"sum":1}}"#,
    );
    assert_left(
        &["holder"],
        body,
        r#"{"data":[{"holders":["a","b"]}],"name":"n"}"#,
    );
    assert_left(&["list"], body, r#"{"data":[{"id":"mine-1"}]}"#);
}

#[test]
fn each_cluster_that_is_not_given_takes_its_leaves_along() {
    let body = r#"{"data":[{"id":"mine-1","label":"mk-list","balance":{"amount":"mk-balance"},
        "holders":["mk-holder"],"transactions":[{"memo":"mk-transaction"}]}],"name":"mk-holder"}"#;
    let without_sums = body.replace("\"mk-balance\"", "7.77");
    for lacking in EVERY {
        let given: Vec<&str> = EVERY.into_iter().filter(|name| *name != lacking).collect();
        let (text, kept) = left(&shape(), &given, &without_sums).expect("fits");
        let marker = if lacking == "balance" {
            "7.77".to_owned()
        } else {
            format!("mk-{lacking}")
        };
        assert!(
            without_sums.contains(&marker) && !text.contains(&marker),
            "{lacking}: {text}"
        );
        assert_eq!(kept.clusters, clusters(&shape(), &given));
    }
}

#[test]
fn an_item_that_does_not_say_whose_it_is_is_dropped() {
    for item in [
        r#"{"label":"mk"}"#,
        r#"{"label":"mk","id":null}"#,
        r#"{"label":"mk","id":true}"#,
        r#"{"label":"mk","id":"\u006fther"}"#,
        r#"{"label":"mk","id":7}"#,
        r#"{"label":"mk","id":""}"#,
    ] {
        let body = format!(r#"{{"data":[{item}]}}"#);
        assert_left(&EVERY, &body, r#"{"data":[]}"#);
    }
    let spelt = r#"{"data":[{"\u0069d":"\u006dine-1"}]}"#;
    assert_left(&EVERY, spelt, r#"{"data":[{"id":"\u006dine-1"}]}"#);
}

#[test]
fn an_item_within_an_item_goes_by_itself_and_with_the_outer_one() {
    let body = r#"{"data":[
        {"id":"mine-1","parts":[{"id":"other"},{"id":"mine-2","parts":[]}]},
        {"id":"other","parts":[{"id":"mine-3"}]}]}"#;
    let (text, kept) = left(&shape(), &EVERY, body).expect("fits");
    assert_eq!(
        text,
        r#"{"data":[{"id":"mine-1","parts":[{"id":"mine-2","parts":[]}]}]}"#
    );
    assert_eq!((kept.items, kept.dropped), (2, 2));
}

#[test]
fn a_member_of_a_map_goes_with_its_name() {
    let body = r#"{"limits":{"mk-other":{"most":1,"of":{"account":"other"}},
        "a\"\u00e9":{"of":{"account":"mine"},"most":2},"mk-empty":{"of":{},"most":3},
        "mk-none":{"most":4}}}"#;
    assert_left(
        &EVERY,
        body,
        r#"{"limits":{"a\"é":{"of":{"account":"mine"},"most":2}}}"#,
    );
    assert_left(&["holder"], body, "{}");
}

#[test]
fn what_the_description_does_not_name_never_leaves() {
    let body = r#"{"data":[{"id":"mine","ID":"mk","extra":{"deep":["mk"]},"iḋ":1}],"mk":"mk",
        "meta":{"count":1,"\u0063ounts":"mk"},"":null}"#;
    assert_left(
        &EVERY,
        body,
        r#"{"data":[{"id":"mine"}],"meta":{"count":1}}"#,
    );
}

#[test]
fn items_outside_of_the_window_are_dropped() {
    let body = r#"{"data":[{"id":"mine","transactions":[
        {"amount":"1.00","when":{"booked":"2026-01-31"}},
        {"amount":"2.00","when":{"booked":"2026-02-01"}},
        {"when":{"booked":"2026-02-28T23:59:59+08:00"},"amount":"4.00"},
        {"amount":"8.00","when":{"booked":"2026-02-28T16:00:00Z"}},
        {"amount":"16.00","when":{"booked":null}},
        {"amount":"32.00","when":{}},
        {"amount":"64.00"},
        {"amount":"128.00","when":{"booked":"soon"}}]}],
        "meta":{"moved":"0","lines":8}}"#;
    let shape = shape();
    let within = |dates, given: &[&str]| {
        let covers = Covers {
            clusters: clusters(&shape, given),
            resource: &is_mine,
            dates,
            zone: &CHINA,
        };
        run(&shape, &covers, body).expect("fits")
    };
    let february = Some((date(2026, 2, 1), date(2026, 2, 28)));
    let (text, kept) = within(february, &EVERY);
    assert_eq!(
        text,
        concat!(
            r#"{"data":[{"id":"mine","transactions":[{"amount":"2.00","when":{"booked":"2026-02-01"}},"#,
            r#"{"when":{"booked":"2026-02-28T23:59:59+08:00"},"amount":"4.00"}]}],"#,
            r#""meta":{"moved":"6.00","lines":2}}"#
        )
    );
    assert_eq!((kept.items, kept.dropped), (3, 6));
    let (text, _) = within(february, &["transaction"]);
    assert_eq!(
        text,
        concat!(
            r#"{"data":[{"transactions":[{"amount":"2.00"},{"amount":"4.00"}]}],"#,
            r#""meta":{"moved":"6.00","lines":2}}"#
        )
    );
    let (text, kept) = within(None, &EVERY);
    assert!(text.contains(r#""moved":"255.00","lines":8"#), "{text}");
    assert_eq!(kept.dropped, 0);
}

#[test]
fn a_total_before_its_parts_is_right_too() {
    let body = r#"{"meta":{"lines":7,"count":9,"sum":0.0},"data":[
        {"id":"mine","balance":{"amount":"-0.05"},"transactions":[{"memo":"a"},{"memo":"b"}]},
        {"id":"other","balance":{"amount":"7"},"transactions":[{}]},
        {"id":"mine","balance":{"amount":null}},
        {"id":"mine","balance":{"amount":3}}]}"#;
    let meta = |body: &str| {
        let (text, _) = left(&shape(), &EVERY, body).expect("fits");
        let end = text.find(",\"data\"").expect("data");
        text[..end].to_owned()
    };
    assert_eq!(meta(body), r#"{"meta":{"lines":2,"count":3,"sum":2.95}"#);
    let text = body.replace("0.0}", "\"soon\"}");
    assert_eq!(meta(&text), r#"{"meta":{"lines":2,"count":3,"sum":"2.95"}"#);
    assert_unfit(
        &body.replace("\"count\":9", "\"count\":\"9\""),
        Unfit::Shape,
    );
}

#[test]
fn totals_tell_nothing_of_what_was_dropped() {
    let sum = |items: &str, written: &str| {
        let body = format!(r#"{{"data":[{items}],"meta":{{"sum":{written}}}}}"#);
        let (text, _) = left(&shape(), &EVERY, &body)?;
        let start = text.find("\"sum\":").expect("a sum") + 6;
        Ok(text[start..text.len() - 2].to_owned())
    };
    let item =
        |id: &str, amount: &str| format!(r#"{{"id":"{id}","balance":{{"amount":{amount}}}}}"#);
    let two = |mine: &str, other: &str| [item("mine", mine), item("other", other)].join(",");
    for (items, written, expected) in [
        (two("\"12.50\"", "\"7.1250\""), "\"19.6250\"", "\"12.50\""),
        // A bad number that does not leave is nobody's business.
        (two("1.5", "\"soon\""), "\"x\"", "\"1.5\""),
        (two("1.5e1", "1e300"), "2", "15"),
        (two("1E-2", "0"), "2", "0.01"),
        (item("other", "\"7.00\""), "\"7.00\"", "\"0\""),
        // Nothing is left that it could be made of.
        (item("other", "7"), "null", "null"),
        (item("mine", "null"), "null", "null"),
        (item("mine", "7"), "null", "7"),
    ] {
        assert_eq!(sum(&items, written), Ok(expected.to_owned()), "{items}");
    }
    for bad in ["\"soon\"", "1e30", "\"1e-30\""] {
        assert_eq!(sum(&item("mine", bad), "1"), Err(Unfit::Shape), "{bad}");
    }
}

#[test]
fn an_item_of_which_nothing_is_left_goes_too() {
    let body = r#"{"data":[{"id":"mine","balance":{"amount":1}},{"id":"mine"},
        {"id":"mine","label":"l"}],"limits":{"a":{"of":{"account":"mine"}},"b":{}},
        "meta":{"count":3}}"#;
    let (text, kept) = left(&shape(), &["balance"], body).expect("fits");
    assert_eq!(
        text,
        r#"{"data":[{"balance":{"amount":1}}],"limits":{},"meta":{"count":1}}"#
    );
    assert_eq!((kept.items, kept.dropped), (1, 2));
}

#[test]
fn a_leaf_is_as_described_or_there_is_no_answer() {
    for body in [
        r#"{"data":[{"id":"mine","label":7}]}"#,
        r#"{"data":[{"id":"mine","label":null}]}"#,
        r#"{"data":[{"id":"mine","is_open":"yes"}]}"#,
        r#"{"data":[{"id":"mine","is_open":1}]}"#,
        r#"{"data":[{"id":"mine","balance":{"amount":true}}]}"#,
        r#"{"limits":{"a":{"of":{"account":"mine"},"most":"1"}}}"#,
        r#"{"meta":{"count":1.5}}"#,
        r#"{"name":true}"#,
    ] {
        assert_unfit(body, Unfit::Shape);
    }
    let state = json!({ "type": "string", "enum": ["open"], "x-mortise-cluster": "none" });
    let shape = shape_of(json!({ "properties": { "state": state } }));
    assert!(left(&shape, &[], r#"{"state":"\u006fpen"}"#).is_ok());
    assert_eq!(left(&shape, &[], r#"{"state":"6222"}"#), Err(Unfit::Shape));
}

#[test]
fn the_name_of_a_member_is_held_against_the_consent() {
    let text = |cluster: &str| json!({ "type": "string", "x-mortise-cluster": cluster });
    let mut account = text("none");
    account["x-mortise-resource"] = json!("account");
    let map = |names: Json| {
        shape_of(json!({ "propertyNames": names, "additionalProperties": text("x") }))
    };
    let body = r#"{"mine":"a","other":"b","\u006dine2":"c"}"#;
    let (whole, kept) = left(&map(account), &["x"], body).expect("fits");
    assert_eq!(whole, r#"{"mine":"a","mine2":"c"}"#);
    assert_eq!((kept.items, kept.dropped), (2, 1));
    let mut named = text("list");
    named["x-mortise-resource"] = json!("account");
    let named = map(named);
    assert_eq!(left(&named, &["x"], body).expect("fits").0, "{}");
    assert_eq!(left(&named, &["list"], body).expect("fits").0, "{}");
    assert_eq!(left(&named, &["list", "x"], body).expect("fits").1.items, 2);
}

#[test]
fn a_name_that_is_there_twice_is_refused_wherever_it_is() {
    for body in [
        r#"{"name":"a","name":"a"}"#,
        r#"{"name":"a","\u006eame":"b"}"#,
        r#"{"data":[{"id":"other","id":"mine"}]}"#,
        r#"{"x":1,"x":2}"#,
        r#"{"x":1,"\u0078":2}"#,
        r#"{"limits":{"a":{},"a":{}}}"#,
        r#"{"x":[{"y":{"a":1,"a":1}}]}"#,
    ] {
        assert_unfit(body, Unfit::TwiceNamed);
    }
    let hidden = r#"{"name":"a","name":"b","data":[]}"#;
    assert_eq!(left(&shape(), &["list"], hidden), Err(Unfit::TwiceNamed));
}

#[test]
fn nesting_is_bounded_whether_it_is_described_or_not() {
    let nested = |depth: usize| format!(r#"{{"x":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    assert_left(&EVERY, &nested(DEPTH_MAX - 1), "{}");
    assert_unfit(&nested(DEPTH_MAX), Unfit::TooDeep);
    let maps = format!(
        "{}1{}",
        r#"{"x":"#.repeat(DEPTH_MAX + 1),
        "}".repeat(DEPTH_MAX + 1)
    );
    assert_unfit(&maps, Unfit::TooDeep);
    let parts = |lists: usize| {
        let open = r#""parts":[{"id":"mine","#.repeat(lists);
        format!(
            r#"{{"data":[{{{open}"label":"a"{}}}]}}"#,
            "}]".repeat(lists)
        )
    };
    assert!(matches!(left(&shape(), &EVERY, &parts(30)), Ok((_, kept)) if kept.dropped == 1));
    assert_unfit(&parts(40), Unfit::TooDeep);
    assert_unfit(&nested(100_000), Unfit::TooDeep);
}

#[test]
fn what_is_no_json_is_refused() {
    for body in [
        "",
        " ",
        "{",
        "{}{}",
        "{},",
        "{} x",
        "\u{feff}{}",
        "{'name':1}",
        r#"{"name":"a",}"#,
        r#"{"name":NaN}"#,
        r#"{"name":01}"#,
        "{\"name\":\"a\nb\"}",
        r#"{"name":"\x"}"#,
        r#"{"name":"\ud800"}"#,
        r#"{"\ud800":1}"#,
        r#"{"name":1e400}"#,
        r#"{"x":1e400}"#,
        r#"{"x":tru}"#,
        r#"{"x":[1,]}"#,
        "// {}",
    ] {
        let unfit = left(&shape(), &EVERY, body);
        assert_eq!(unfit, Err(Unfit::NotJson), "{body}");
    }
    let mut out = Vec::new();
    let covers = Covers {
        clusters: 1,
        resource: &is_mine,
        dates: None,
        zone: &CHINA,
    };
    let body = b"{\"name\":\"\xff\"}";
    assert_eq!(
        filter(&shape(), &covers, body, &mut out),
        Err(Unfit::NotJson)
    );
}

#[test]
fn what_is_not_as_described_is_refused() {
    for body in [
        "[]",
        "null",
        "7",
        r#""text""#,
        r#"{"data":{}}"#,
        r#"{"data":null}"#,
        r#"{"data":[[]]}"#,
        r#"{"data":["a"]}"#,
        r#"{"name":{"a":1}}"#,
        r#"{"name":[]}"#,
        r#"{"meta":[]}"#,
        r#"{"meta":true}"#,
        r#"{"data":[{"id":["mine"]}]}"#,
    ] {
        assert_unfit(body, Unfit::Shape);
    }
    assert_left(&EVERY, r#"{"meta":null}"#, r#"{"meta":null}"#);
}

#[test]
fn an_item_of_anothers_is_told_from_one_of_another_day() {
    let leaf = json!({ "type": "string", "x-mortise-cluster": "list" });
    let (mut id, mut on) = (leaf.clone(), leaf.clone());
    id["x-mortise-resource"] = json!("account");
    on["x-mortise-date"] = json!("of");
    let part = json!({ "properties": { "id": id } });
    let item = json!({ "properties": {
        "id": id, "on": on, "parts": { "type": "array", "items": part },
    } });
    let list = shape_of(json!({ "items": item }));
    let covers = Covers {
        clusters: 1,
        resource: &is_mine,
        dates: Some((date(2026, 1, 1), date(2026, 1, 2))),
        zone: &CHINA,
    };
    for (item, dropped, has_anothers) in [
        (r#"{"id":"mine","on":"2026-01-02"}"#, 0, false),
        (r#"{"id":"mine","on":"2026-01-03"}"#, 1, false),
        (r#"{"id":"mine","on":"soon"}"#, 1, false),
        (r#"{"id":"mine"}"#, 1, false),
        (r#"{"id":"other","on":"2026-01-02"}"#, 1, true),
        (r#"{"id":"other","on":"2026-01-03"}"#, 1, true),
        (r#"{"on":"2026-01-03","id":null}"#, 1, true),
        (r#"{"on":"2026-01-03"}"#, 1, true),
        (
            r#"{"id":"mine","on":"2026-01-02","parts":[{"id":"other"}]}"#,
            1,
            true,
        ),
        (
            r#"{"id":"mine","on":"2026-01-03","parts":[{"id":"other"}]}"#,
            1,
            true,
        ),
    ] {
        let (_, kept) = run(&list, &covers, &format!("[{item}]")).expect(item);
        let told = (kept.dropped, kept.has_anothers);
        assert_eq!(told, (dropped, has_anothers), "{item}");
    }
}

#[test]
fn an_answer_that_is_itself_anothers_is_refused() {
    let leaf = |cluster: &str| json!({ "type": "string", "x-mortise-cluster": cluster });
    let mut id = leaf("none");
    id["x-mortise-resource"] = json!("account");
    let mut on = leaf("list");
    on["x-mortise-date"] = json!("of");
    let one = shape_of(json!({ "properties": { "id": id, "a": leaf("list"), "on": on } }));
    let whole = r#"{"a":"b","id":"mine"}"#;
    assert_eq!(left(&one, &["list"], whole).expect("mine").0, whole);
    for body in [r#"{"a":"b","id":"other"}"#, r#"{"a":"b"}"#, "{}"] {
        assert_eq!(left(&one, &["list"], body), Err(Unfit::Root), "{body}");
    }
    let covers = Covers {
        clusters: 1,
        resource: &is_mine,
        dates: Some((date(2026, 1, 1), date(2026, 1, 2))),
        zone: &CHINA,
    };
    assert_eq!(run(&one, &covers, whole), Err(Unfit::Root));
    assert!(run(&one, &covers, r#"{"id":"mine","on":"2026-01-02"}"#).is_ok());
    let list = shape_of(json!({ "items": id }));
    let (text, kept) = left(&list, &[], r#"["other","mine",null]"#).expect("a list");
    assert_eq!(
        (text.as_str(), kept.items, kept.dropped),
        (r#"["mine"]"#, 1, 2)
    );
}

#[test]
fn links_to_other_pages_go_where_an_item_does() {
    let link = |says: &str| {
        json!({
            "type": "string",
            "format": "uri-reference",
            "x-mortise-cluster": "none",
            "x-mortise-link": says,
        })
    };
    let id = json!({
        "type": "string", "x-mortise-cluster": "list", "x-mortise-resource": "account",
    });
    let shape = shape_of(json!({ "type": "object", "properties": {
        "links": { "type": "object", "properties": { "self": link("none"), "next": link("page") } },
        "data": { "type": "array", "items": { "type": "object", "properties": { "id": id } } },
    } }));
    let body = |id: &str| {
        let links = r#"{"next":"/a?offset=2","self":"/a"}"#;
        format!("{{\"links\":{links},\"data\":[{{\"id\":\"mine-1\"}},{{\"id\":\"{id}\"}}]}}")
    };
    let (out, _) = left(&shape, &EVERY, &body("mine-2")).expect("it fits");
    assert_eq!(out, body("mine-2"));
    let (out, kept) = left(&shape, &EVERY, &body("hers-1")).expect("it fits");
    assert_eq!(out, r#"{"links":{"self":"/a"},"data":[{"id":"mine-1"}]}"#);
    assert_eq!((kept.items, kept.dropped, kept.has_anothers), (1, 1, true));
}

#[test]
fn an_answer_of_which_nothing_is_given_is_refused_unread() {
    assert_eq!(left(&shape(), &[], "{"), Err(Unfit::Empty));
    let open = shape_of(json!({ "type": "boolean", "x-mortise-cluster": "none" }));
    assert_eq!(left(&open, &[], "true").expect("nobody's").0, "true");
}

/// Draws numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (drawn ^ (drawn >> 31)) % limit
    }

    fn marker(&mut self, of: &str) -> Json {
        json!(format!("mk-{of}-{:x}", self.below(u64::MAX)))
    }

    /// Perhaps a member.
    fn maybe(&mut self, of: &mut Json, name: &str, value: impl FnOnce(&mut Self) -> Json) {
        if self.below(4) > 0 {
            let value = value(self);
            of[name] = value;
        }
    }

    fn list(&mut self, most: u64, item: impl Fn(&mut Self) -> Json) -> Json {
        (0..self.below(most + 1)).map(|_| item(self)).collect()
    }

    fn id(&mut self, may_lack: bool) -> Json {
        let number = self.below(u64::MAX);
        match self.below(if may_lack { 8 } else { 6 }) {
            0..3 => json!(format!("mine-{number:x}")),
            3..6 => json!(format!("mk-other-{number:x}")),
            6 => Json::Null,
            _ => json!(number),
        }
    }

    fn cents(&mut self) -> String {
        let cents = i64::try_from(self.below(200_000)).expect("few") - 100_000;
        let sign = if cents < 0 { "-" } else { "" };
        format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100)
    }

    fn number(&mut self) -> Json {
        serde_json::from_str(&self.cents()).expect("a number")
    }

    fn account(&mut self, may_lack: bool, depth: u64) -> Json {
        let mut account = json!({ "id": self.id(may_lack) });
        self.maybe(&mut account, "label", |dice| dice.marker("label"));
        self.maybe(
            &mut account,
            "extra",
            |dice| json!({ "mk-extra": dice.marker("extra") }),
        );
        self.maybe(&mut account, "holders", |dice| {
            dice.list(3, |dice| dice.marker("holder"))
        });
        self.maybe(
            &mut account,
            "balance",
            |dice| json!({ "amount": dice.cents(), "currency": "CNY", "extra-b": dice.number() }),
        );
        self.maybe(&mut account, "transactions", |dice| {
            dice.list(4, |dice| dice.transaction(may_lack))
        });
        if depth > 0 {
            self.maybe(&mut account, "parts", |dice| {
                dice.list(3, |dice| dice.account(may_lack, depth - 1))
            });
        }
        if may_lack && self.below(8) == 0 {
            account.as_object_mut().expect("an object").remove("id");
        }
        account
    }

    fn transaction(&mut self, may_lack: bool) -> Json {
        let day = [
            "2026-01-31",
            "2026-02-01",
            "2026-02-28T10:00:00Z",
            "2026-03-01",
        ];
        let at = usize::try_from(self.below(4)).expect("few");
        let mut one = json!({ "when": { "booked": day[at] } });
        self.maybe(&mut one, "memo", |dice| dice.marker("memo"));
        self.maybe(&mut one, "amount", |dice| json!(dice.cents()));
        if may_lack && self.below(6) == 0 {
            one["when"] = json!({ "booked": null });
        }
        one
    }

    fn answer(&mut self, may_lack: bool) -> Json {
        let mut answer = json!({ "data": self.list(4, |dice| dice.account(may_lack, 2)) });
        self.maybe(&mut answer, "name", |dice| dice.marker("name"));
        self.maybe(&mut answer, "meta", |dice| {
            let mut meta = json!({ "count": 77, "lines": 77, "bank": dice.marker("bank") });
            dice.maybe(&mut meta, "sum", |_| json!("77.00"));
            dice.maybe(&mut meta, "moved", |_| json!("77.00"));
            meta
        });
        self.maybe(&mut answer, "limits", |dice| {
            let names = (0..dice.below(4)).map(|_| {
                let name = dice.marker("limit").as_str().expect("a text").to_owned();
                (
                    name,
                    json!({ "of": { "account": dice.id(may_lack) }, "most": dice.number() }),
                )
            });
            Json::Object(names.collect())
        });
        answer
    }

    /// Writes a value in one of the many ways that mean the same.
    fn spell(&mut self, value: &Json, to: &mut String) {
        self.space(to);
        match value {
            Json::Object(members) => {
                to.push('{');
                let mut members: Vec<_> = members.iter().collect();
                let turn = usize::try_from(self.below(8)).expect("few") % members.len().max(1);
                members.rotate_left(turn);
                for (at, (name, value)) in members.into_iter().enumerate() {
                    to.push_str(if at == 0 { "" } else { "," });
                    self.spell(&json!(name), to);
                    to.push(':');
                    self.spell(value, to);
                }
                to.push('}');
            }
            Json::Array(items) => {
                to.push('[');
                for (at, item) in items.iter().enumerate() {
                    to.push_str(if at == 0 { "" } else { "," });
                    self.spell(item, to);
                }
                to.push(']');
            }
            Json::String(text) => {
                to.push('"');
                for character in text.chars() {
                    if self.below(10) == 0 {
                        write!(to, "\\u{:04x}", u32::from(character)).expect("a text");
                    } else {
                        to.push(character);
                    }
                }
                to.push('"');
            }
            other => to.push_str(&other.to_string()),
        }
        self.space(to);
    }

    fn space(&mut self, to: &mut String) {
        to.push_str(["", "", "", " ", "\n\t"][usize::try_from(self.below(5)).expect("few")]);
    }
}

fn json_of(tree: &Tree) -> Json {
    match tree {
        Tree::Leaf(raw) => serde_json::from_str(raw).expect("a leaf"),
        Tree::List(items) => items.iter().map(json_of).collect(),
        Tree::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (name.clone(), json_of(value)));
            Json::Object(members.collect())
        }
    }
}

/// All texts and names in a value that are markers.
fn markers(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::String(text) if text.starts_with("mk-") => drop(found.insert(text.clone())),
        Json::Array(items) => items.iter().for_each(|item| markers(item, found)),
        Json::Object(members) => {
            for (name, value) in members {
                markers(&json!(name), found);
                markers(value, found);
            }
        }
        _ => {}
    }
}

/// Takes out all members that begin with `extra`, which no description names.
fn undescribed_taken_out(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(undescribed_taken_out),
        Json::Object(members) => {
            members.retain(|name, _| !name.starts_with("extra"));
            members.values_mut().for_each(undescribed_taken_out);
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn what_is_left_is_exactly_what_is_covered(seed: u64, given in 0_u64..16, february: bool) {
        let shape = shape();
        let mut dice = Dice(seed);
        let answer = dice.answer(true);
        let mut body = String::new();
        dice.spell(&answer, &mut body);
        let dates = february.then(|| (date(2026, 2, 1), date(2026, 2, 28)));
        let covers = Covers { clusters: given, resource: &is_mine, dates, zone: &CHINA };
        if given == 0 {
            prop_assert_eq!(run(&shape, &covers, &body), Err(Unfit::Empty));
            return Ok(());
        }
        let (text, kept) = run(&shape, &covers, &body).expect("fits");
        let read: Json = serde_json::from_str(&text).expect("JSON");
        let tree = Tree::read(&body).expect("JSON");
        let expected = Rules { shape: &shape, covers: &covers }.left(&tree);
        prop_assert_eq!(Tree::read(&text), expected.clone());
        let expected = json_of(&expected.expect("covered"));
        let (mut planted, mut allowed, mut found) = Default::default();
        markers(&answer, &mut planted);
        markers(&expected, &mut allowed);
        markers(&read, &mut found);
        prop_assert!(found.is_subset(&allowed));
        for marker in planted.difference(&allowed) {
            prop_assert!(!text.contains(marker), "{} in {}", marker, text);
        }
        prop_assert_eq!(kept.clusters & !given, 0);
        if given & clusters(&shape, &["list"]) != 0 {
            let (again, twice) = run(&shape, &covers, &text).expect("fits again");
            prop_assert_eq!(again, text);
            prop_assert_eq!(twice, Kept { dropped: 0, has_anothers: false, ..kept });
        }
    }

    #[test]
    fn what_is_covered_whole_loses_only_what_is_not_described(seed: u64) {
        let shape = shape();
        let mut dice = Dice(seed);
        let resource = &|_: u8, _: &str| true;
        let covers = Covers { clusters: u64::MAX, resource, dates: None, zone: &CHINA };
        let answer = dice.answer(false);
        let mut body = String::new();
        dice.spell(&answer, &mut body);
        let (text, kept) = run(&shape, &covers, &body).expect("fits");
        let mut answer = answer;
        undescribed_taken_out(&mut answer);
        let mut read: Json = serde_json::from_str(&text).expect("JSON");
        for value in [&mut answer, &mut read] {
            // Totals are made anew.
            if let Some(meta) = value.get_mut("meta").and_then(Json::as_object_mut) {
                meta.retain(|name, _| name == "bank");
            }
        }
        prop_assert_eq!(read, answer);
        prop_assert_eq!(kept.dropped, 0);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz_answer_filter(&bytes);
    }

    #[test]
    fn no_change_of_a_byte_makes_it_panic(seed: u64, flags: u8, at: prop::sample::Index, to: u8) {
        let mut dice = Dice(seed);
        let answer = dice.answer(true);
        let mut body = String::new();
        dice.spell(&answer, &mut body);
        let mut bytes = [vec![flags], body.into_bytes()].concat();
        let at = at.index(bytes.len());
        bytes[at] = to;
        fuzz_answer_filter(&bytes);
    }
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/answer_filter");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_answer_filter(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_answer_filter(&changed);
        }
        fuzz_answer_filter(&bytes);
        count += 1;
    }
    assert!(count >= 8, "{count}");
}
