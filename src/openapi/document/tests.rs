//! The document as a whole, broken in one place at a time.

use http::Method;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::sample::{RATE, assert_problems, assert_read, put, remove, sample, with, without};
use crate::{ApiDescription, Class, EffectMark, OperationDescription};

#[test]
fn a_right_document_is_read_whole() {
    let description = assert_read(&sample());
    assert_eq!(description.title, "Harbour");
    assert_eq!(description.version, "1.2");
    assert_eq!(description.base_path, "/harbour/v1");
    let ids: Vec<&str> = description
        .operations
        .iter()
        .map(|o| o.id.as_str())
        .collect();
    assert_eq!(
        ids,
        ["readBalance", "listBranches", "makePayment", "readRate"]
    );
    assert_eq!(
        description.operations[2],
        OperationDescription {
            id: "makePayment".to_owned(),
            method: Method::POST,
            template: "/payments".to_owned(),
            pointer: "/paths/~1payments/post".to_owned(),
            class: Class::Payment,
            effect: EffectMark::Money,
            scope: Some("payments:initiate".to_owned()),
            detail: None,
            authentication: None,
            has_request_body: true,
            request: description.operations[2].request.clone(),
            answers: description.operations[2].answers.clone(),
        }
    );
}

#[test]
fn only_3_0_and_3_1_are_read() {
    for version in ["3.0.0", "3.0.4", "3.1.0", "3.1.12"] {
        assert_read(&with("/openapi", json!(version)));
    }
    for (version, shown) in [
        (json!("2.0"), "`2.0`"),
        (json!("3.2.0"), "`3.2.0`"),
        (json!("3.1"), "`3.1`"),
        (json!("3.1."), "`3.1.`"),
        (json!("3.1.0-rc1"), "`3.1.0-rc1`"),
        (json!(3.1), "`3.1`"),
    ] {
        let what = format!("not an OpenAPI version that is read: {shown}");
        assert_problems(&with("/openapi", version), &[("/openapi", &what)]);
    }
    assert_problems(
        &without("/openapi"),
        &[("", "the document does not say its `openapi` version")],
    );
    assert_problems(
        &json!({ "swagger": "2.0" }),
        &[("", "the document is Swagger 2.0, which is not read")],
    );
    assert_problems(&json!([]), &[("", "the document is not an object")]);
}

#[test]
fn a_document_has_a_title_and_a_version() {
    assert_problems(&without("/info"), &[("", "the document has no `info`")]);
    assert_problems(
        &without("/info/title"),
        &[("/info", "`info` has no `title`")],
    );
    assert_problems(
        &without("/info/version"),
        &[("/info", "`info` has no `version`")],
    );
    for value in [json!(1.2), json!(""), json!("a\nb"), json!("a".repeat(257))] {
        assert_problems(
            &with("/info/version", value),
            &[("/info/version", "the `version` is not usable")],
        );
    }
}

#[test]
fn a_document_describes_at_least_one_operation() {
    for (paths, pointer, what) in [
        (json!([]), "", "the document has no `paths`"),
        (json!({}), "/paths", "the document describes no operation"),
        (
            json!({ "/a": { "summary": "nothing" }, "x-b": { "get": {} } }),
            "/paths",
            "the document describes no operation",
        ),
    ] {
        assert_problems(&with("/paths", paths), &[(pointer, what)]);
    }
    assert_problems(&without("/paths"), &[("", "the document has no `paths`")]);
}

#[test]
fn an_illegal_template_is_refused_where_it_stands() {
    let mut document = sample();
    let item = document
        .pointer("/paths/~1branches")
        .expect("exists")
        .clone();
    remove(&mut document, "/paths/~1branches");
    put(&mut document, "/paths/~1branches~1", item);
    assert_problems(
        &document,
        &[("/paths/~1branches~1", "the path has an empty segment")],
    );
}

#[test]
fn two_templates_of_one_shape_are_refused() {
    let other = json!({ "summary": "the same requests" });
    assert_problems(
        &with("/paths/~1rates~1{pear}", other),
        &[(
            "/paths/~1rates~1{pear}",
            "the path matches the same requests as `/rates/{pair}`",
        )],
    );
}

#[test]
fn an_operation_id_is_unique() {
    assert_problems(
        &with(&format!("{RATE}/operationId"), json!("listBranches")),
        &[(
            "/paths/~1rates~1{pair}/get/operationId",
            "the `operationId` is taken: `listBranches`",
        )],
    );
}

#[test]
fn trace_and_unknown_methods_are_refused() {
    let what = "the method `trace` is not carried";
    let pointer = "/paths/~1branches/trace";
    assert_problems(&with(pointer, json!({})), &[(pointer, what)]);
    let pointer = "/paths/~1branches/PUT";
    let document = with(pointer, json!({}));
    assert_problems(&document, &[(pointer, "a path item has no `PUT`")]);
    let problems = ApiDescription::read(&document).expect_err("refused");
    assert!(problems[0].help.starts_with("did you mean `put`?"));
}

#[test]
fn a_path_item_may_be_a_reference_and_nothing_beside_it() {
    let mut document = sample();
    let item = document
        .pointer("/paths/~1branches")
        .expect("exists")
        .clone();
    put(
        &mut document,
        "/components/pathItems",
        json!({ "Branches": item }),
    );
    let reference = json!({ "$ref": "#/components/pathItems/Branches" });
    put(&mut document, "/paths/~1branches", reference.clone());
    assert_eq!(assert_read(&document).operations.len(), 4);
    put(&mut document, "/paths/~1offices", reference);
    assert_problems(
        &document,
        &[(
            "/components/pathItems/Branches/get/operationId",
            "the `operationId` is taken: `listBranches`",
        )],
    );
    remove(&mut document, "/paths/~1offices");
    put(&mut document, "/paths/~1branches/summary", json!("beside"));
    assert_problems(
        &document,
        &[(
            "/paths/~1branches/$ref",
            "the path item has other members beside its `$ref`",
        )],
    );
    assert_problems(
        &with("/paths/~1branches", json!(7)),
        &[("/paths/~1branches", "the path item is not an object")],
    );
}

#[test]
fn the_number_of_operations_is_bounded() {
    let operation = |n: usize, method: &str| {
        json!({
            "operationId": format!("{method}{n}"),
            "x-mortise-class": "open",
            "x-mortise-effect": "none",
        })
    };
    let paths = |count: usize, methods: &[&str]| {
        let item = |n: usize| -> Value {
            let pairs = methods.iter().map(|m| ((*m).to_owned(), operation(n, m)));
            Value::Object(pairs.collect())
        };
        let members: Map<String, Value> = (0..count).map(|n| (format!("/p{n}"), item(n))).collect();
        with("/paths", Value::Object(members))
    };
    let most = assert_read(&paths(1_000, &["get", "put"]));
    assert_eq!(most.operations.len(), 2_000);
    assert_problems(
        &paths(1_001, &["get", "put"]),
        &[("/paths", "the document has too many operations")],
    );
    assert_problems(
        &paths(2_001, &["get"]),
        &[("/paths", "the document has too many paths")],
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let mut document = sample();
    remove(&mut document, "/info/title");
    put(&mut document, "/servers/0/url", json!("v1"));
    remove(&mut document, &format!("{RATE}/x-mortise-class"));
    put(
        &mut document,
        &format!("{RATE}/x-mortise-clas"),
        json!("partner"),
    );
    assert_problems(
        &document,
        &[
            ("/info", "`info` has no `title`"),
            ("/servers/0/url", "the server's url is not usable: `v1`"),
            (RATE, "the operation has no `x-mortise-class`"),
            (
                &format!("{RATE}/x-mortise-clas"),
                "unknown mark: `x-mortise-clas`",
            ),
        ],
    );
}

/// Every place of the document but the whole.
fn places(value: &Value, pointer: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, child)| (crate::reference::escaped(key), child))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, child)| (index.to_string(), child))
            .collect(),
        _ => return,
    };
    for (key, child) in children {
        let pointer = format!("{pointer}/{key}");
        places(child, &pointer, found);
        found.push(pointer);
    }
}

#[test]
fn no_deletion_lowers_what_an_operation_demands() {
    let intact = assert_read(&sample());
    let mut pointers = Vec::new();
    places(&sample(), "", &mut pointers);
    assert!(pointers.len() > 80);
    for pointer in pointers {
        let Ok(read) = ApiDescription::read(&without(&pointer)) else {
            continue;
        };
        for operation in read.operations {
            let before = intact.operations.iter().find(|o| o.id == operation.id);
            let before = before.expect("a deletion makes no operation");
            assert_eq!(operation.class, before.class, "without {pointer}");
            assert_eq!(operation.effect, before.effect, "without {pointer}");
            assert_eq!(operation.scope, before.scope, "without {pointer}");
            assert_eq!(operation.template, before.template, "without {pointer}");
        }
    }
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "$ref",
            "openapi",
            "info",
            "paths",
            "/a/{id}",
            "get",
            "post",
            "parameters",
            "name",
            "in",
            "required",
            "responses",
            "200",
            "content",
            "schema",
            "properties",
            "items",
            "allOf",
            "oneOf",
            "type",
            "servers",
            "url",
            "components",
            "operationId",
            "x-mortise-class",
            "x-mortise-effect",
            "x-mortise-scope",
            "x-mortise-cluster",
            "x-mortise-resource",
            "requestBody",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec![
            "",
            "#",
            "#/paths",
            "#/components/schemas/Amount",
            "#/%",
            "open",
            "customer",
            "none",
            "path",
            "3.1.0",
            "https://a.example/b%",
            "é",
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(any_key(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_panics(value in any_json()) {
        if let Err(problems) = ApiDescription::read(&value) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn no_value_inside_a_document_panics_and_every_pointer_points(
        place in any::<prop::sample::Index>(),
        key in any_key(),
        value in any_json(),
    ) {
        let mut document = sample();
        let mut pointers = Vec::new();
        places(&document, "", &mut pointers);
        let pointer = place.get(&pointers);
        put(&mut document, pointer, value.clone());
        let mut added = sample();
        if let Some(Value::Object(members)) = added.pointer_mut(pointer) {
            members.insert(key, value);
        }
        for document in [document, added] {
            if let Err(problems) = ApiDescription::read(&document) {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    prop_assert!(document.pointer(&problem.pointer).is_some(), "{}", problem);
                }
            }
        }
    }

    #[test]
    fn no_url_or_path_panics(text in ".{0,40}") {
        let mut document = with("/servers/0/url", json!(text));
        put(&mut document, "/paths/~1branches", json!({}));
        if let Some(Value::Object(paths)) = document.pointer_mut("/paths") {
            paths.insert(format!("/{text}"), json!({}));
        }
        let _ = ApiDescription::read(&document);
    }
}
