//! Marks misspelt, misplaced, badly written.

use serde_json::{Value, json};

use crate::ApiDescription;
use crate::sample::{
    BALANCE_SCHEMA, PAYMENT, RATE, assert_problems, assert_read, put, sample, with,
};

#[test]
fn an_unknown_mark_is_refused_with_the_nearest_name() {
    for (key, near) in [
        ("x-mortise-clas", Some("x-mortise-class")),
        ("x-mortice-scope", Some("x-mortise-scope")),
        ("X-Mortise-Effect", Some("x-mortise-effect")),
        ("mortise-class", Some("x-mortise-class")),
        ("x-mortise-journal", None),
        ("x-mortise", None),
    ] {
        let pointer = format!("{PAYMENT}/{key}");
        let document = with(&pointer, json!("money"));
        let what = format!("unknown mark: `{key}`");
        assert_problems(&document, &[(&pointer, &what)]);
        let problems = ApiDescription::read(&document).expect_err("refused");
        let help = problems.first().map(|p| p.help.clone()).expect("told");
        let list = "the marks: x-mortise-class, x-mortise-effect, x-mortise-scope, \
                    x-mortise-authorization-details, x-mortise-authentication, \
                    x-mortise-cluster, x-mortise-resource, x-mortise-total, \
                    x-mortise-date, x-mortise-link, x-mortise-bound, \
                    x-mortise-idempotent";
        match near {
            Some(near) => assert_eq!(help, format!("did you mean `{near}`? {list}")),
            None => assert!(help.ends_with(list), "{help}"),
        }
    }
}

#[test]
fn a_mark_out_of_place_is_refused() {
    for (pointer, what) in [
        ("/x-mortise-class", "`x-mortise-class` has no effect here"),
        (
            "/info/x-mortise-scope",
            "`x-mortise-scope` has no effect here",
        ),
        (
            "/paths/x-mortise-class",
            "`x-mortise-class` has no effect here",
        ),
        (
            "/paths/~1payments/x-mortise-class",
            "`x-mortise-class` has no effect here",
        ),
        (
            "/paths/~1payments/post/x-mortise-cluster",
            "`x-mortise-cluster` has no effect here",
        ),
        (
            "/paths/~1payments/post/requestBody/x-mortise-resource",
            "`x-mortise-resource` has no effect here",
        ),
        (
            "/components/parameters/Pair/x-mortise-cluster",
            "`x-mortise-cluster` has no effect here",
        ),
        (
            "/components/schemas/Amount/x-mortise-class",
            "`x-mortise-class` has no effect here",
        ),
    ] {
        assert_problems(&with(pointer, json!("open")), &[(pointer, what)]);
    }
}

#[test]
fn names_of_clusters_and_resources_are_checked() {
    let pointer = "/components/schemas/Amount/x-mortise-resource";
    assert_read(&with(pointer, json!("account")));
    for (value, shown) in [
        (json!("Account"), "`\\\"Account\\\"`"),
        (json!(""), "`\\\"\\\"`"),
        (json!(true), "`true`"),
        (json!("1st"), "`\\\"1st\\\"`"),
    ] {
        let what = format!("`x-mortise-resource` is not a name: {shown}");
        assert_problems(&with(pointer, value), &[(pointer, &what)]);
    }
    let cluster = "/components/schemas/Unused";
    assert_problems(
        &with(
            cluster,
            json!({ "type": "string", "x-mortise-cluster": "a b" }),
        ),
        &[(
            "/components/schemas/Unused/x-mortise-cluster",
            "`x-mortise-cluster` is not a name: `\\\"a b\\\"`",
        )],
    );
}

#[test]
fn a_mark_beside_a_reference_is_refused_where_it_would_be_ignored() {
    let what = "the mark stands beside a `$ref`, where it is ignored";
    let parameter = "/paths/~1rates~1{pair}/parameters/0/x-mortise-resource";
    assert_problems(&with(parameter, json!("none")), &[(parameter, what)]);
    let schema = format!("{BALANCE_SCHEMA}/properties/available/x-mortise-cluster");
    let mut document = with(&schema, json!("balance"));
    assert_read(&document);
    put(&mut document, "/openapi", json!("3.0.3"));
    assert_problems(&document, &[(&schema, what)]);
}

#[test]
fn names_and_data_of_the_author_are_not_taken_for_marks() {
    for (pointer, value) in [
        (
            "/components/schemas/Free",
            json!({ "properties": { "x-mortise-clas": { "type": "string" } } }),
        ),
        (
            "/components/schemas/Free",
            json!({ "example": { "x-mortise-class": 7 }, "default": { "x-mortise": 1 } }),
        ),
        ("/x-vendor", json!({ "x-mortise-class": "open" })),
        (
            "/components/headers",
            json!({ "x-mortise-request": { "schema": { "type": "string" } } }),
        ),
    ] {
        assert_read(&with(pointer, value));
    }
    let header = format!("{RATE}/responses/200/headers");
    assert_read(&with(&header, json!({ "x-mortise-request": {} })));
}

#[test]
fn marks_of_callbacks_and_webhooks_are_checked_too() {
    let pointer = format!("{RATE}/callbacks");
    let value = json!({ "done": { "{$url}": { "post": { "x-mortise-clas": "open" } } } });
    assert_problems(
        &with(&pointer, value),
        &[(
            &format!("{pointer}/done/{{$url}}/post/x-mortise-clas"),
            "unknown mark: `x-mortise-clas`",
        )],
    );
    assert_problems(
        &with(
            "/webhooks",
            json!({ "done": { "x-mortise-class": "open" } }),
        ),
        &[(
            "/webhooks/done/x-mortise-class",
            "`x-mortise-class` has no effect here",
        )],
    );
}

#[test]
fn a_document_nested_too_deep_is_refused() {
    let mut deep = json!({});
    for _ in 0..200 {
        deep = json!({ "items": deep });
    }
    assert_problems(
        &with("/components/schemas/Deep", deep),
        &[("", "the document is too large")],
    );
}

#[test]
fn a_document_of_too_many_values_is_refused() {
    let mut document = sample();
    let many = vec![Value::Bool(true); 1_000_001];
    put(&mut document, "/tags", Value::Array(many));
    assert_problems(&document, &[("", "the document is too large")]);
}

#[test]
fn totals_and_dates_say_what_is_understood() {
    let total = "/components/schemas/Amount/x-mortise-total";
    assert_read(&with(
        "/components/schemas/Unused",
        json!({ "x-mortise-total": "count /data" }),
    ));
    for text in [
        json!("data"),
        json!("count data"),
        json!("max /data"),
        json!(7),
    ] {
        let what = format!(
            "`x-mortise-total` is not what it may say: {}",
            crate::problem::quoted(&text.to_string())
        );
        assert_problems(&with(total, text), &[(total, &what)]);
    }
    let schema = "/components/schemas/Amount/x-mortise-date";
    let parameter = "/components/parameters/Pair/x-mortise-date";
    for (pointer, right, wrong) in [(schema, "of", "from"), (parameter, "until", "of")] {
        assert_read(&with(pointer, json!(right)));
        assert_read(&with(pointer, json!("none")));
        let what = format!("`x-mortise-date` is not what it may say: `\\\"{wrong}\\\"`");
        assert_problems(&with(pointer, json!(wrong)), &[(pointer, &what)]);
    }
    let operation = format!("{RATE}/x-mortise-date");
    let what = "`x-mortise-date` has no effect here";
    assert_problems(&with(&operation, json!("of")), &[(&operation, what)]);
}

#[test]
fn marks_that_no_walk_meets_are_refused() {
    for key in ["not", "if", "contains", "contentSchema", "dependencies"] {
        let schema = json!({ key: { "properties": { "a": { "x-mortise-resource": "account" } } } });
        let at = format!("/components/schemas/Unused/{key}/properties/a/x-mortise-resource");
        let what = "`x-mortise-resource` has no effect here";
        assert_problems(&with("/components/schemas/Unused", schema), &[(&at, what)]);
    }
}

#[test]
fn a_reference_leads_to_what_was_looked_at_as_the_same_thing() {
    let schema = format!("{BALANCE_SCHEMA}/properties/available");
    let shared = json!({ "type": "string", "x-mortise-clutser": "balance" });
    for (place, value) in [
        ("/x-shared", json!({ "Amount": shared })),
        ("/components/x-shared", json!({ "Amount": shared })),
        (
            "/components/schemas/Amount/example",
            json!({ "Amount": shared }),
        ),
        ("/components/headers", json!({ "Amount": shared })),
    ] {
        let target = format!("{place}/Amount");
        let mut document = with(place, value);
        put(
            &mut document,
            &schema,
            json!({ "$ref": format!("#{target}") }),
        );
        let problems = ApiDescription::read(&document).expect_err(place);
        let what = format!("the reference leads to another kind of thing: `{target}`");
        let at = format!("{schema}/$ref");
        assert!(
            problems.iter().any(|p| p.pointer == at && p.what == what),
            "{problems:?}"
        );
    }
    let inner = json!({ "$ref": "#/components/schemas/Outer/properties/a~1b" });
    let outer = json!({ "properties": { "a/b": { "type": "string", "x-mortise-cluster": "x" } } });
    let mut document = with("/components/schemas/Outer", outer);
    put(&mut document, &schema, inner);
    assert_read(&document);
}
