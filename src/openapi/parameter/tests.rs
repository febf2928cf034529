//! Declared parameters and customers' ids.

use serde_json::{Value, json};

use crate::sample::{BALANCE, RATE, assert_problems, assert_read, put, sample, with, without};

const OF_PATH: &str = "/paths/~1rates~1{pair}/parameters";
const ACCOUNT_ID: &str = "/paths/~1accounts~1{accountId}~1balance/get/parameters/0";

#[test]
fn every_parameter_of_a_path_is_declared_at_the_path_or_the_operation() {
    let document = without(OF_PATH);
    assert_problems(
        &document,
        &[(RATE, "the path parameter is not declared: `{pair}`")],
    );
    let own = format!("{RATE}/parameters");
    let mut document = document;
    put(
        &mut document,
        &own,
        json!([{ "name": "pair", "in": "path", "required": true }]),
    );
    assert_read(&document);
    put(
        &mut document,
        &own,
        json!([{ "name": "pair", "in": "query" }]),
    );
    assert_problems(
        &document,
        &[(RATE, "the path parameter is not declared: `{pair}`")],
    );
}

#[test]
fn a_path_parameter_is_required() {
    let pointer = "/components/parameters/Pair";
    let what = "the path parameter is not required: `pair`";
    for required in [json!(false), json!("true")] {
        assert_problems(
            &with(&format!("{pointer}/required"), required),
            &[(pointer, what)],
        );
    }
    assert_problems(&without(&format!("{pointer}/required")), &[(pointer, what)]);
}

#[test]
fn a_declared_path_parameter_stands_in_the_path() {
    let own = format!("{RATE}/parameters");
    let extra = json!([{ "name": "pear", "in": "path", "required": true }]);
    assert_problems(
        &with(&own, extra),
        &[(
            &format!("{own}/0"),
            "the path has no such parameter: `pear` in `/rates/{pair}`",
        )],
    );
}

#[test]
fn an_ill_formed_parameter_is_refused() {
    let own = format!("{RATE}/parameters");
    let first = format!("{own}/0");
    for (list, pointer, what) in [
        (json!({}), own.as_str(), "`parameters` is not a list"),
        (json!([{}]), &first, "the parameter has no `name`"),
        (json!([7]), &first, "the parameter has no `name`"),
        (
            json!([{ "name": "n", "in": "body" }]),
            &first,
            "the parameter does not say where it stands: `n`",
        ),
        (
            json!([{ "$ref": "#/components/parameters/Pear" }]),
            &format!("{first}/$ref"),
            "the reference points at nothing: `#/components/parameters/Pear`",
        ),
        (
            json!([{ "$ref": "shared.yaml#/Pair" }]),
            &format!("{first}/$ref"),
            "the reference leaves the document: `shared.yaml#/Pair`",
        ),
        (
            json!([{ "name": "n", "in": "query" }, { "name": "n", "in": "query" }]),
            &format!("{own}/1"),
            "the parameter is declared twice: `n`",
        ),
        (
            Value::Array(vec![json!({ "name": "n", "in": "query" }); 257]),
            &own,
            "too many parameters: 257",
        ),
    ] {
        assert_problems(&with(&own, list), &[(pointer, what)]);
    }
}

#[test]
fn from_customer_up_an_id_like_parameter_names_its_resource() {
    let mark = format!("{ACCOUNT_ID}/x-mortise-resource");
    let what = "the parameter looks like an id and has no `x-mortise-resource`: `accountId`";
    assert_problems(&without(&mark), &[(ACCOUNT_ID, what)]);
    assert_read(&with(&mark, json!("none")));
    let class = format!("{BALANCE}/x-mortise-class");
    let mut document = with(&class, json!("payment"));
    assert_read(&document);
    crate::sample::remove(&mut document, &mark);
    assert_problems(&document, &[(ACCOUNT_ID, what)]);
}

#[test]
fn id_like_is_what_ends_in_id() {
    let list = format!("{BALANCE}/parameters");
    let mut base = sample();
    let declared = base.pointer(&list).and_then(Value::as_array).cloned();
    for (name, location, is_refused) in [
        ("id", "query", true),
        ("ID", "query", true),
        ("pot_id", "query", true),
        ("potId", "query", true),
        ("potid", "query", true),
        ("é", "query", false),
        ("i", "query", false),
        ("idle", "query", false),
        ("requestId", "header", false),
        ("requestId", "cookie", false),
    ] {
        let mut parameters = declared.clone().expect("a list");
        parameters.push(json!({ "name": name, "in": location }));
        put(&mut base, &list, Value::Array(parameters));
        if is_refused {
            let what =
                format!("the parameter looks like an id and has no `x-mortise-resource`: `{name}`");
            assert_problems(&base, &[(&format!("{list}/1"), &what)]);
        } else {
            assert_read(&base);
        }
    }
}

#[test]
fn an_id_like_parameter_of_the_path_item_is_checked_unless_declared_anew() {
    let mut document = sample();
    let of_path = "/paths/~1accounts~1{accountId}~1balance/parameters";
    put(
        &mut document,
        of_path,
        json!([{ "name": "accountId", "in": "path", "required": true }]),
    );
    assert_read(&document);
    put(
        &mut document,
        of_path,
        json!([{ "name": "potId", "in": "query" }]),
    );
    assert_problems(
        &document,
        &[(
            &format!("{of_path}/0"),
            "the parameter looks like an id and has no `x-mortise-resource`: `potId`",
        )],
    );
}
