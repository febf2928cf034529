//! What is left of answers.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use jiff::civil::date;
use openapi::{AnswerBody, ApiDescription, Measure, Step};

use super::fuzz::description::DESCRIPTION;
use super::fuzz::shape as one_of_everything;
use super::*;

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
            r#""meta":{"count":2,"sum":"12.500","bank":"Harbour"}}"#
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
    assert_eq!(
        left(&shape(), &EVERY, body),
        Err(Unfit::Shape),
        "no sum of texts"
    );
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
        {"amount":"8.00","when":{"booked":"2026-03-01"}},
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
    let body = r#"{"meta":{"lines":"x","count":"9","sum":0.0},"data":[
        {"id":"mine","balance":{"amount":"-0.05"},"transactions":[{},{}]},
        {"id":"other","balance":{"amount":"7"},"transactions":[{}]},
        {"id":"mine","balance":{"amount":null}},
        {"id":"mine","balance":{"amount":3}}]}"#;
    assert_unfit(body, Unfit::Shape);
    let (text, _) = left(&shape(), &EVERY, &body.replace("\"x\"", "null")).expect("fits");
    assert!(
        text.starts_with(r#"{"meta":{"lines":null,"count":"3","sum":2.95},"data""#),
        "{text}"
    );
    assert_unfit(
        r#"{"meta":{"sum":1},"data":[{"id":"mine","balance":{"amount":1e3}}]}"#,
        Unfit::Shape,
    );
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

/// The rules once more, over values instead of bytes.
struct Rules<'a> {
    shape: &'a AnswerShape,
    covers: &'a Covers<'a>,
}

impl Rules<'_> {
    fn is_given(&self, number: usize) -> bool {
        let clusters = self.shape.node(number).clusters;
        clusters == 0 || clusters & self.covers.clusters != 0
    }

    /// What is left of a value, and whether it is covered.
    fn left(&self, number: usize, value: &Json) -> (Json, bool) {
        let node = self.shape.node(number);
        let has_dates = self.covers.dates.is_some();
        let is_asked = |number: usize| {
            let node = self.shape.node(number);
            node.names_resource || (node.names_date && has_dates)
        };
        match (&node.kind, value) {
            (NodeKind::Leaf(leaf), _) => (value.clone(), self.names_covered(leaf, value)),
            (NodeKind::Object { members, rest }, Json::Object(object)) => {
                let mut out = Map::new();
                let lacks =
                    |m: &&openapi::Member| is_asked(m.node) && !object.contains_key(&m.name);
                let mut is_covered = members.iter().find(lacks).is_none();
                for (name, value) in object {
                    let member = members.iter().find(|member| member.name == *name);
                    let Some(inner) = member.map(|member| member.node).or(*rest) else {
                        continue;
                    };
                    let (left, covered) = self.left(inner, value);
                    is_covered &= covered || member.is_none();
                    if self.is_given(inner) && (covered || member.is_some()) {
                        out.insert(name.clone(), left);
                    }
                }
                (Json::Object(out), is_covered)
            }
            (NodeKind::List { item }, Json::Array(items)) => {
                let items = items.iter().map(|value| self.left(*item, value));
                (
                    items
                        .filter(|(_, covered)| *covered)
                        .map(|(left, _)| left)
                        .collect(),
                    true,
                )
            }
            _ => (Json::Null, !is_asked(number)),
        }
    }

    fn names_covered(&self, leaf: &openapi::Leaf, value: &Json) -> bool {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let is_ours = leaf
            .resource
            .is_none_or(|kind| (self.covers.resource)(kind, &text));
        let dates = self.covers.dates.filter(|_| leaf.is_date);
        let day = || text.get(..10)?.parse().ok();
        is_ours
            && dates
                .is_none_or(|(first, last)| day().is_some_and(|day| first <= day && day <= last))
    }

    /// Puts in the totals of what is left.
    fn total(&self, number: usize, value: &mut Json, root: &Json) {
        match (&self.shape.node(number).kind, value) {
            (NodeKind::Object { members, .. }, Json::Object(object)) => {
                for member in members {
                    if let Some(value) = object.get_mut(&member.name) {
                        self.total(member.node, value, root);
                    }
                }
            }
            (NodeKind::Leaf(leaf), value) => {
                let Some(at) = leaf.total else { return };
                let total = &self.shape.totals()[usize::from(at)];
                let mut found = vec![root];
                for step in &total.path {
                    found = found
                        .into_iter()
                        .flat_map(|value| match step {
                            Step::Member(name) => value.get(name).into_iter().collect::<Vec<_>>(),
                            Step::Item => value.as_array().into_iter().flatten().collect(),
                        })
                        .collect();
                }
                let cents = |value: &&Json| -> i64 {
                    value
                        .as_str()
                        .expect("a text")
                        .replace('.', "")
                        .parse()
                        .expect("cents")
                };
                *value = match total.measure {
                    Measure::Count => {
                        json!(
                            found
                                .iter()
                                .filter_map(|v| v.as_array())
                                .map(Vec::len)
                                .sum::<usize>()
                        )
                    }
                    Measure::Sum => {
                        let sum: i64 = found.iter().map(cents).sum();
                        let sign = if sum < 0 { "-" } else { "" };
                        json!(format!("{sign}{}.{:02}", sum.abs() / 100, sum.abs() % 100))
                    }
                };
            }
            _ => {}
        }
    }

    fn whole(&self, value: &Json) -> Json {
        let (mut left, is_covered) = self.left(self.shape.root(), value);
        assert!(is_covered);
        let root = left.clone();
        self.total(self.shape.root(), &mut left, &root);
        left
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
        let covers = Covers { clusters: given, resource: &is_mine, dates };
        if given == 0 {
            prop_assert_eq!(run(&shape, &covers, &body), Err(Unfit::Empty));
            return Ok(());
        }
        let (text, kept) = run(&shape, &covers, &body).expect("fits");
        let read: Json = serde_json::from_str(&text).expect("JSON");
        let expected = Rules { shape: &shape, covers: &covers }.whole(&answer);
        prop_assert_eq!(&read, &expected);
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
            prop_assert_eq!(twice, Kept { dropped: 0, ..kept });
        }
    }

    #[test]
    fn what_is_covered_whole_loses_only_what_is_not_described(seed: u64) {
        let shape = shape();
        let mut dice = Dice(seed);
        let covers = Covers { clusters: u64::MAX, resource: &|_, _| true, dates: None };
        let rules = Rules { shape: &shape, covers: &covers };
        let mut answer = dice.answer(false);
        // With totals that are right from the first.
        let root = answer.clone();
        rules.total(shape.root(), &mut answer, &root);
        let mut body = String::new();
        dice.spell(&answer, &mut body);
        let (text, kept) = run(&shape, &covers, &body).expect("fits");
        undescribed_taken_out(&mut answer);
        prop_assert_eq!(serde_json::from_str::<Json>(&text).expect("JSON"), answer);
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
