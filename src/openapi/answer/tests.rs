//! Shapes: what is followed, what is refused.

use serde_json::{Value, json};

use super::*;
use crate::sample::{
    BALANCE, BALANCE_SCHEMA, assert_problems, assert_read, put, remove, sample, with,
};
use crate::{Measure, Step};

/// The shape that the balance's body has with this schema.
fn shape(schema: Value) -> AnswerShape {
    read(&with(BALANCE_SCHEMA, schema))
}

fn read(document: &Value) -> AnswerShape {
    match answers_of(document).of(200, "application/json") {
        Some(AnswerBody::Json(shape)) => shape.clone(),
        other => panic!("no shape: {other:?}"),
    }
}

fn answers_of(document: &Value) -> Answers {
    let description = assert_read(document);
    let mut operations = description.operations.into_iter();
    let balance = operations.find(|operation| operation.id == "readBalance");
    balance.expect("described").answers
}

/// The shape as text: `{a:0!account,…:[1]}`, a leaf by the bits of its clusters.
fn drawn(shape: &AnswerShape, number: usize, depth: usize) -> String {
    let node = shape.node(number);
    if depth > 6 {
        return "~".to_owned();
    }
    let mut text = match &node.kind {
        NodeKind::Leaf(leaf) => {
            let kind = leaf
                .resource
                .map(|at| shape.kinds()[usize::from(at)].as_str());
            let kind = kind.map(|kind| format!("!{kind}")).unwrap_or_default();
            let date = if leaf.is_date { "@" } else { "" };
            let total = leaf.total.map(|at| format!("#{at}")).unwrap_or_default();
            format!("{}{kind}{date}{total}", node.clusters)
        }
        NodeKind::Object { members, rest } => {
            let members = members.iter().map(|member| {
                assert_eq!(member.text, format!("{}:", json!(member.name)));
                format!("{}:{}", member.name, drawn(shape, member.node, depth + 1))
            });
            let rest = rest.map(|Rest { name, value }| {
                let name = drawn(shape, name, depth + 1);
                format!("…{name}:{}", drawn(shape, value, depth + 1))
            });
            format!("{{{}}}", members.chain(rest).collect::<Vec<_>>().join(","))
        }
        NodeKind::List { item } => format!("[{}]", drawn(shape, *item, depth + 1)),
        NodeKind::Never => "-".to_owned(),
    };
    if node.is_nullable {
        text.push('?');
    }
    text
}

fn assert_shape(schema: Value, expected: &str) {
    let shape = shape(schema);
    assert_eq!(drawn(&shape, shape.root(), 0), expected);
}

fn text(cluster: &str) -> Value {
    json!({ "type": "string", "x-mortise-cluster": cluster })
}

/// Demands that this schema is refused at exactly these places, written from the schema.
fn assert_refused(schema: Value, expected: &[(&str, &str)]) {
    let expected: Vec<(String, &str)> = expected
        .iter()
        .map(|(at, what)| (format!("{BALANCE_SCHEMA}{at}"), *what))
        .collect();
    let expected: Vec<(&str, &str)> = expected
        .iter()
        .map(|(at, what)| (at.as_str(), *what))
        .collect();
    assert_problems(&with(BALANCE_SCHEMA, schema), &expected);
}

#[test]
fn objects_lists_and_leaves_keep_their_structure() {
    let schema = json!({
        "type": ["object", "null"],
        "properties": {
            "b": { "type": "array", "items": { "properties": {
                "id": { "type": "string", "x-mortise-cluster": "list", "x-mortise-resource": "account" },
                "on": { "type": "string", "x-mortise-cluster": "none", "x-mortise-date": "of" },
            } } },
            "a": text("balance"),
            "n": { "type": "integer", "x-mortise-cluster": "none", "x-mortise-total": "count /b" },
            "never": false,
            "empty": { "type": "object", "additionalProperties": false },
            "secret": { "type": "string", "x-mortise-cluster": "list", "writeOnly": true },
        },
        "additionalProperties": text("balance"),
        "propertyNames": text("list"),
    });
    assert_shape(
        schema.clone(),
        "{a:1,b:[{id:2!account,on:0@}],empty:{},n:0#0,never:-,secret:-,…2:1}?",
    );
    let shape = shape(schema);
    assert_eq!(shape.clusters(), ["balance", "list"]);
    assert_eq!(shape.kinds(), ["account"]);
    let path = vec![Step::Member("b".to_owned())];
    let measure = Measure::Count;
    assert_eq!(shape.totals(), [crate::Total { measure, path }]);
}

#[test]
fn a_value_carries_what_is_in_it_and_names_what_its_members_name() {
    let shape = shape(json!({ "properties": {
        "inner": { "properties": {
            "id": { "type": "string", "x-mortise-cluster": "none", "x-mortise-resource": "account" },
        } },
        "list": { "items": { "properties": {
            "on": { "type": "string", "x-mortise-cluster": "a", "x-mortise-date": "of" },
        } } },
    } }));
    let root = shape.node(shape.root());
    assert_eq!(root.clusters, 1);
    assert!(root.names_resource, "through an object");
    assert!(!root.names_date, "but not through a list");
}

#[test]
fn compositions_are_the_union_of_their_members() {
    assert_shape(
        json!({
            "allOf": [{ "properties": { "a": text("x") } }, { "required": ["a"] }],
            "oneOf": [{ "properties": { "b": text("y") } }, { "type": "null" }],
            "anyOf": [{ "properties": { "a": text("x"), "c": text("none") } }],
        }),
        "{a:1,b:2,c:0}?",
    );
    assert_shape(
        json!({ "x-mortise-cluster": "balance", "allOf": [{ "$ref": "#/components/schemas/Amount" }] }),
        "1",
    );
}

#[test]
fn circles_are_followed_and_end() {
    let mut document = sample();
    let tree = json!({ "properties": {
        "name": text("x"),
        "children": { "items": { "$ref": "#/components/schemas/Tree" } },
    } });
    put(&mut document, "/components/schemas/Tree", tree);
    put(
        &mut document,
        BALANCE_SCHEMA,
        json!({ "$ref": "#/components/schemas/Tree" }),
    );
    let shape = read(&document);
    assert_eq!(
        drawn(&shape, shape.root(), 2),
        "{children:[{children:[{children:~,name:~}],name:1}],name:1}"
    );
    assert!(shape.nodes.len() < 6);
}

#[test]
fn nullable_of_3_0_is_read() {
    let mut document = with(
        BALANCE_SCHEMA,
        json!({ "type": "object", "nullable": true, "properties": { "a": text("x") } }),
    );
    put(&mut document, "/openapi", json!("3.0.3"));
    let shape = read(&document);
    assert_eq!(drawn(&shape, shape.root(), 0), "{a:1}?");
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let members = json!({ "a": text("x") });
    for key in UNFOLLOWED {
        let schema = json!({ "properties": members, key: { "minProperties": 1 } });
        let what = format!("`{key}` cannot be followed when values are held against a consent");
        let document = with(BALANCE_SCHEMA, schema);
        let problems = crate::ApiDescription::read(&document).expect_err(key);
        let pointer = format!("{BALANCE_SCHEMA}/{key}");
        assert!(
            problems
                .iter()
                .any(|p| p.pointer == pointer && p.what == what),
            "{key}: {problems:?}"
        );
    }
    assert_shape(
        json!({ "properties": members, "unevaluatedProperties": false }),
        "{a:1}",
    );
    let marked = |schema: Value| {
        let mut schema = schema;
        put(&mut schema, "/x-mortise-cluster", json!("x"));
        schema
    };
    for (schema, what) in [
        (json!({}), "it is not said what this is"),
        (json!({ "format": "date" }), "it is not said what this is"),
        (
            json!({ "type": "object" }),
            "the object's members are not described",
        ),
        (
            json!({ "type": "array" }),
            "the items of the list are not described",
        ),
        (
            json!({ "type": ["string", "object"] }),
            "the value may be of several kinds",
        ),
        (
            json!({ "enum": ["a", []] }),
            "the value may be of several kinds",
        ),
        (
            json!({ "oneOf": [{ "type": "string" }, { "type": "array" }] }),
            "the value may be of several kinds",
        ),
    ] {
        let what = format!("{what}, so the answer cannot be filtered by consent");
        assert_refused(marked(schema), &[("", &what)]);
    }
}

const UNFOLLOWED: [&str; 9] = [
    "patternProperties",
    "prefixItems",
    "if",
    "then",
    "else",
    "dependentSchemas",
    "not",
    "unevaluatedProperties",
    "unevaluatedItems",
];

#[test]
fn one_name_has_one_cluster_in_all_its_descriptions() {
    let schema = json!({ "oneOf": [
        { "properties": { "a": text("x") } },
        { "properties": { "a": text("none") } },
    ] });
    assert_refused(
        schema,
        &[(
            "/oneOf/1/properties/a/x-mortise-cluster",
            "one value has two clusters: `x` and `none`",
        )],
    );
}

#[test]
fn a_mark_on_what_has_parts_is_refused() {
    for (mark, said) in [
        ("x-mortise-resource", "account"),
        ("x-mortise-date", "of"),
        ("x-mortise-total", "count /a"),
    ] {
        let what = format!("`{mark}` is on an object or an array, where it marks nothing");
        let at = format!("/{mark}");
        assert_refused(
            json!({ "properties": { "a": text("x") }, mark: said }),
            &[(&at, &what)],
        );
    }
}

#[test]
fn items_say_whose_they_are_unless_the_path_does() {
    let what = "the item holds personal data and does not say whose";
    let list = |item: Value| {
        let mut document = with(
            BALANCE_SCHEMA,
            json!({ "properties": { "data": { "items": item } } }),
        );
        put(
            &mut document,
            &format!("{BALANCE}/parameters/0/x-mortise-resource"),
            json!("none"),
        );
        document
    };
    let item = |leaf: Value| json!({ "properties": { "id": leaf, "amount": text("x") } });
    let at = format!("{BALANCE_SCHEMA}/properties/data/items");
    assert_problems(&list(item(text("none"))), &[(&at, what)]);
    assert_problems(&list(text("x")), &[(&at, what)]);
    assert_read(&list(text("none")));
    for whose in ["account", "none"] {
        let mut leaf = text("none");
        put(&mut leaf, "/x-mortise-resource", json!(whose));
        assert_read(&list(item(leaf)));
    }
    assert_read(&with(
        BALANCE_SCHEMA,
        json!({ "items": item(text("none")) }),
    ));
    // What says that it is nobody's says so of itself, and of no list inside it.
    let mut nobodys = text("none");
    put(&mut nobodys, "/x-mortise-resource", json!("none"));
    let mut document = list(item(text("none")));
    put(
        &mut document,
        &format!("{BALANCE_SCHEMA}/properties/request"),
        nobodys.clone(),
    );
    assert_problems(&document, &[(&at, what)]);
    let inner = json!({ "items": item(text("none")) });
    let outer = json!({ "properties": { "id": nobodys, "inner": inner } });
    let inner_at = format!("{at}/properties/inner/items");
    assert_problems(&list(outer), &[(&inner_at, what)]);
    let map = json!({ "additionalProperties": text("x"), "propertyNames": text("none") });
    let mut document = list(text("none"));
    put(&mut document, BALANCE_SCHEMA, map);
    let at = format!("{BALANCE_SCHEMA}/additionalProperties");
    assert_problems(&document, &[(&at, what)]);
}

#[test]
fn a_value_does_not_name_its_owner_inside_itself_for_ever() {
    let mut document = sample();
    let mut id = text("none");
    put(&mut id, "/x-mortise-resource", json!("account"));
    let chain = json!({ "properties": {
        "id": id,
        "next": { "$ref": "#/components/schemas/Chain" },
    } });
    put(&mut document, "/components/schemas/Chain", chain);
    put(
        &mut document,
        BALANCE_SCHEMA,
        json!({ "$ref": "#/components/schemas/Chain" }),
    );
    let what = "the value names its owner or its date inside itself, without end";
    assert_problems(
        &document,
        &[
            (BALANCE_SCHEMA, what),
            ("/components/schemas/Chain/properties/next", what),
        ],
    );
}

#[test]
fn totals_are_of_something_outside_of_items() {
    let schema = |total: &str, cluster: &str| {
        json!({ "properties": {
            "data": { "items": { "properties": { "amount": text("x") } } },
            "total": { "type": "string", "x-mortise-cluster": cluster, "x-mortise-total": total },
        } })
    };
    let at = "/properties/total/x-mortise-total";
    for total in ["count /data", "sum /data/*/amount"] {
        shape(schema(total, "x"));
    }
    shape(schema("count /data", "none"));
    for total in [
        "count /other",
        "count /data/*",
        "sum /data",
        "sum /total",
        "sum /data/amount",
    ] {
        assert_refused(schema(total, "x"), &[(at, "the total is of nothing")]);
    }
    assert_refused(
        schema("sum /data/*/amount", "none"),
        &[(at, "the sum is of another cluster than what it sums up")],
    );
    let mut within = text("x");
    put(&mut within, "/x-mortise-total", json!("count /data"));
    assert_refused(
        json!({ "properties": { "data": { "items": { "properties": { "n": within } } } } }),
        &[(
            "/properties/data/items/properties/n",
            "a total stands in an item, where its path means something else",
        )],
    );
}

#[test]
fn a_link_beside_a_list_that_may_lose_items_says_what_it_is() {
    let what = "a link beside a list that may lose items, and it may lead to those";
    let id =
        json!({ "type": "string", "x-mortise-cluster": "list", "x-mortise-resource": "account" });
    let schema = json!({ "properties": {
        "data": { "items": { "properties": { "id": id } } },
    } });
    for (name, format) in [
        ("next", "x"),
        ("nextCursor", "x"),
        ("page_token", "x"),
        ("elsewhere", "uri-reference"),
    ] {
        let mut schema = schema.clone();
        schema["properties"][name] = text("none");
        schema["properties"][name]["format"] = json!(format);
        assert_refused(schema.clone(), &[(&format!("/properties/{name}"), what)]);
        for says in ["page", "none"] {
            let mut schema = schema.clone();
            schema["properties"][name]["x-mortise-link"] = json!(says);
            assert_eq!(shape(schema).has_links(), says == "page", "{name}");
        }
        // In an item it is one of the item's own, and without a list it tells of nothing.
        let inside = json!({ "properties": { "data": { "items": schema["properties"][name] } } });
        assert!(!shape(inside).has_links());
    }
    let mut list = json!({ "items": text("none") });
    list["x-mortise-link"] = json!("page");
    assert_refused(
        list,
        &[(
            "/x-mortise-link",
            "`x-mortise-link` is on an object or an array, where it marks nothing",
        )],
    );
}

#[test]
fn at_most_64_clusters_are_told_apart() {
    let schema = |count: usize| {
        let names = (0..count).map(|n| (format!("m{n}"), text(&format!("c{n}"))));
        json!({ "properties": names.collect::<serde_json::Map<_, _>>() })
    };
    assert_eq!(shape(schema(64)).node(0).clusters, u64::MAX);
    let document = with(BALANCE_SCHEMA, schema(65));
    let problems = crate::ApiDescription::read(&document).expect_err("too many");
    assert_eq!(problems[0].what, "the answer has too many clusters");
}

#[test]
fn answers_are_found_by_status_and_media_type() {
    let mut document = sample();
    let responses = format!("{BALANCE}/responses");
    let csv = format!("{responses}/200/content/text~1csv; charset=utf-8");
    let mut whole = text("balance");
    put(&mut whole, "/x-mortise-date", json!("none"));
    put(&mut document, &csv, json!({ "schema": whole }));
    put(
        &mut document,
        &format!("{responses}/204"),
        json!({ "description": "nothing" }),
    );
    let range = json!({ "content": { "application/hal+json": { "schema": text("none") } } });
    put(&mut document, &format!("{responses}/2XX"), range);
    let answers = answers_of(&document);
    let is_json = |status, of| matches!(answers.of(status, of), Some(AnswerBody::Json(_)));
    assert!(is_json(200, "Application/JSON ; charset=utf-8"));
    assert!(is_json(206, "application/hal+json"));
    assert!(
        !is_json(200, "application/hal+json"),
        "200 is described by itself"
    );
    assert!(!is_json(200, "application/json; charset=gb18030"));
    let sent = |status, of| answers.media_type(status, of);
    assert_eq!(sent(200, "Text/CSV; charset=\"UTF-8\""), Some("text/csv"));
    assert_eq!((sent(204, ""), sent(200, "text/html")), (None, None));
    let cluster = Some("balance".to_owned());
    assert_eq!(
        answers.of(200, "text/csv"),
        Some(&AnswerBody::Opaque { cluster })
    );
    assert_eq!(answers.of(204, ""), Some(&AnswerBody::None));
    for (status, of) in [
        (200, ""),
        (200, "text/html"),
        (404, "application/json"),
        (302, ""),
    ] {
        assert_eq!(answers.of(status, of), None, "{status} {of}");
    }
    assert_eq!(answers.bodies().count(), 4);
}

#[test]
fn below_class_customer_nothing_is_known() {
    let description = assert_read(&sample());
    let is_known = |id: &str| {
        let mut operations = description.operations.iter();
        let found = operations.find(|operation| operation.id == id);
        found.is_some_and(|operation| operation.answers != Answers::default())
    };
    assert!(!is_known("readRate") && !is_known("listBranches"));
    assert!(is_known("readBalance") && is_known("makePayment"));
}

#[test]
fn what_is_no_json_is_one_leaf_of_the_one_whom_the_path_names() {
    let content = format!("{BALANCE}/responses/200/content");
    let with_body =
        |media: &str, schema: Value| with(&content, json!({ media: { "schema": schema } }));
    let at = format!("{content}/text~1csv/schema");
    let object = json!({ "properties": { "a": text("x") } });
    assert_problems(
        &with_body("text/csv", object),
        &[(&at, "the body is no JSON, and so cannot be filtered")],
    );
    let mut document = with_body("text/csv", text("x"));
    let undated =
        "the body is no JSON, holds personal data, and the request does not say of which days";
    assert_problems(&document, &[(&at, undated)]);
    let mut windowed = document.clone();
    for end in ["from", "until"] {
        let list = windowed.pointer_mut(&format!("{BALANCE}/parameters"));
        let list = list.and_then(Value::as_array_mut).expect("a list");
        list.push(json!({ "name": end, "in": "query", "x-mortise-date": end }));
    }
    assert_read(&windowed);
    put(
        &mut document,
        &format!("{at}/x-mortise-date"),
        json!("none"),
    );
    assert_read(&document);
    let whose = format!("{BALANCE}/parameters/0/x-mortise-resource");
    put(&mut document, &whose, json!("none"));
    let item = "the item holds personal data and does not say whose";
    assert_problems(&document, &[(&at, item)]);
    put(
        &mut document,
        &format!("{at}/x-mortise-resource"),
        json!("none"),
    );
    assert_read(&document);
}

#[test]
fn the_answer_itself_is_an_item() {
    let mut document = sample();
    let whose = format!("{BALANCE}/parameters/0/x-mortise-resource");
    put(&mut document, &whose, json!("none"));
    let what = "the item holds personal data and does not say whose";
    assert_problems(&document, &[(BALANCE_SCHEMA, what)]);
    let currency = format!("{BALANCE_SCHEMA}/properties/currency/x-mortise-resource");
    for said in ["account", "none"] {
        put(&mut document, &currency, json!(said));
        assert_read(&document);
    }
    remove(&mut document, &currency);
    let total = json!({ "properties": {
        "data": { "items": { "properties": { "id": owner("account"), "amount": text("x") } } },
        "sum": { "type": "string", "x-mortise-cluster": "x", "x-mortise-total": "sum /data/*/amount" },
    } });
    put(&mut document, BALANCE_SCHEMA, total);
    assert_read(&document);
}

fn owner(kind: &str) -> Value {
    json!({ "type": "string", "x-mortise-cluster": "none", "x-mortise-resource": kind })
}

#[test]
fn a_path_holds_only_what_is_of_its_kind() {
    let schema = json!({ "properties": {
        "amount": text("x"),
        "cards": { "items": { "properties": { "id": owner("card") } } },
    } });
    assert_refused(
        schema,
        &[("", "the item holds personal data and does not say whose")],
    );
}

#[test]
fn a_number_beside_a_list_that_may_lose_items_says_what_it_is_of() {
    let schema = |item: Value| {
        json!({ "properties": {
            "data": { "items": item },
            "meta": { "properties": { "n": { "type": "integer", "x-mortise-cluster": "none" } } },
        } })
    };
    let item = json!({ "properties": { "id": owner("account"), "n": {
        "type": "integer", "x-mortise-cluster": "x",
    } } });
    let what = "a number beside a list that may lose items, and it may tell of those";
    assert_refused(
        schema(item.clone()),
        &[("/properties/meta/properties/n", what)],
    );
    shape(schema(json!({ "properties": { "a": text("x") } })));
    for said in ["none", "count /data"] {
        let mut schema = schema(item.clone());
        put(
            &mut schema,
            "/properties/meta/properties/n/x-mortise-total",
            json!(said),
        );
        shape(schema);
    }
    let map = json!({
        "properties": { "n": { "type": "number", "x-mortise-cluster": "none" } },
        "additionalProperties": text("x"), "propertyNames": owner("account"),
    });
    assert_refused(map, &[("/properties/n", what)]);
}

#[test]
fn a_date_says_whether_days_are_held_against_it() {
    let what = "a date, and it is not said whether a consent's days are held against it";
    for format in ["date", "date-time"] {
        let mut on = text("x");
        put(&mut on, "/format", json!(format));
        let schema = |on: &Value| json!({ "items": { "properties": { "on": on } } });
        assert_refused(schema(&on), &[("/items/properties/on", what)]);
        for (said, expected) in [("of", "[{on:1@}]"), ("none", "[{on:1}]")] {
            put(&mut on, "/x-mortise-date", json!(said));
            assert_shape(schema(&on), expected);
        }
    }
}

#[test]
fn the_names_of_a_map_are_data() {
    let map = |names: Value| json!({ "additionalProperties": text("x"), "propertyNames": names });
    assert_shape(map(text("y")), "{…1:2}");
    assert_shape(map(owner("account")), "{…0!account:1}");
    assert_refused(
        json!({ "additionalProperties": text("x") }),
        &[(
            "",
            "the map's names are not described, and they are data too",
        )],
    );
    let number = json!({ "type": "integer", "x-mortise-cluster": "none" });
    assert_refused(
        map(number),
        &[("", "the names of the map are no plain texts")],
    );
    let unmarked = json!({ "type": "string" });
    let what = "the answer's leaf has no `x-mortise-cluster`, which the operation's class demands";
    assert_refused(map(unmarked), &[("/propertyNames", what)]);
}

#[test]
fn what_a_branch_says_of_all_other_members_it_says_of_those_that_another_describes() {
    let map = json!({ "additionalProperties": text("x"), "propertyNames": text("none") });
    let described = json!({ "properties": { "a": text("none") } });
    let two = |one: &Value, other: &Value| json!({ "oneOf": [one, other] });
    let what = "one value has two clusters: `none` and `x`";
    assert_refused(
        two(&described, &map),
        &[("/oneOf/1/additionalProperties/x-mortise-cluster", what)],
    );
    let mut both = map.clone();
    put(&mut both, "/properties", json!({ "a": text("none") }));
    assert_shape(two(&described, &both), "{a:0,…0:1}");
}

#[test]
fn branches_name_their_owner_by_one_name() {
    let branch = |name: &str| json!({ "properties": { name: owner("account"), "a": text("x") } });
    let union = |key: &str, other: &str| json!({ "items": { key: [branch("id"), branch(other)] } });
    let what = "one branch of the value names its owner or its date, and another does not";
    for key in ["oneOf", "anyOf"] {
        assert_refused(union(key, "no"), &[("/items", what)]);
        assert_shape(union(key, "id"), "[{a:1,id:0!account}]");
    }
    assert_shape(union("allOf", "no"), "[{a:1,id:0!account,no:0!account}]");
    let beside = json!({
        "properties": { "id": owner("account") },
        "oneOf": [{ "properties": { "a": text("x") } }, { "properties": { "b": text("x") } }],
    });
    assert_shape(json!({ "items": beside }), "[{a:1,b:1,id:0!account}]");
}

#[test]
fn items_have_one_schema() {
    let what = "`items` is a list of schemas, one for each place";
    assert_refused(json!({ "items": [text("x")] }), &[("/items", what)]);
}

#[test]
fn leaves_keep_their_types_and_values() {
    let leaf = |schema: Value| {
        let shape = shape(json!({ "properties": { "a": schema } }));
        let NodeKind::Object { members, .. } = &shape.node(shape.root()).kind else {
            panic!("no object");
        };
        match &shape.node(members[0].node).kind {
            NodeKind::Leaf(leaf) => (leaf.types, leaf.values.clone()),
            other => panic!("no leaf: {other:?}"),
        }
    };
    let text = Types {
        text: true,
        ..Types::default()
    };
    let cluster = |schema: Value| {
        let mut schema = schema;
        put(&mut schema, "/x-mortise-cluster", json!("x"));
        schema
    };
    let counted = vec![json!("a"), json!("b")];
    for (schema, values) in [
        (json!({ "type": "string" }), None),
        (
            json!({ "type": "string", "enum": ["a", "b"] }),
            Some(counted.clone()),
        ),
        (json!({ "enum": ["a", "b"] }), Some(counted.clone())),
        (
            json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] }),
            Some(counted),
        ),
        (
            json!({ "oneOf": [{ "const": "a" }, { "type": "string" }] }),
            None,
        ),
    ] {
        assert_eq!(leaf(cluster(schema.clone())), (text, values), "{schema}");
    }
    let several = Types {
        integer: true,
        boolean: true,
        ..Types::default()
    };
    let schema = json!({ "type": ["integer", "boolean", "null"] });
    assert_eq!(leaf(cluster(schema)), (several, None));
}

#[test]
fn a_media_type_is_whole_and_described_once() {
    let content = format!("{BALANCE}/responses/200/content");
    let body = json!({ "schema": text("x") });
    for range in ["*/*", "application/*", "json"] {
        let what = format!("not one media type: `{range}`");
        let at = format!("{content}/{}", range.replace('/', "~1"));
        assert_problems(&with(&content, json!({ range: body })), &[(&at, &what)]);
    }
    let twice = json!({ "application/json": body, "application/json; v=2": body });
    assert_problems(
        &with(&content, twice),
        &[(
            &format!("{content}/application~1json; v=2"),
            "the media type is described twice: `application/json`",
        )],
    );
}
