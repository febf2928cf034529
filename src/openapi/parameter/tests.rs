//! Declared parameters.

use serde_json::{Value, json};

use crate::sample::{RATE, assert_problems, assert_read, put, with, without};

const OF_PATH: &str = "/paths/~1rates~1{pair}/parameters";

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
