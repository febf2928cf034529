use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openapi::ApiDescription;

use super::*;
use crate::expression::{Expression, Member, Names, ObjectType};
use crate::plan::{Check, Needs, Template};

fn names() -> Names {
    let mut names = Names::default();
    let word = Type::one_of(["A", "B"]);
    names.add("grade", word).expect("a name");
    names.add("amount", Type::Decimal).expect("a name");
    let perhaps = Type::Optional(Arc::new(Type::Date));
    names.add("until", perhaps).expect("a name");
    let plan = ObjectType {
        members: BTreeMap::from([
            ("fee".into(), member(Type::Decimal, false)),
            ("note".into(), member(Type::Text { bytes_max: 80 }, true)),
        ]),
        is_open: true,
    };
    let plans = Type::list(Type::Object(Arc::new(plan)), 12);
    names.add("plans", plans).expect("a name");
    names
}

fn member(kind: Type, is_optional: bool) -> Member {
    Member { kind, is_optional }
}

fn reference(text: &str) -> Template {
    Template::Reference(Expression::check(text, &names(), None).expect("an expression"))
}

fn reply(status: u16, members: Vec<(&str, Template)>) -> Reply {
    let members = members.into_iter().map(|(name, its)| (name.into(), its));
    Reply {
        status,
        body: Template::Object(members.collect()),
        needs: BTreeSet::new(),
        lets: BTreeSet::new(),
        clusters: Vec::new(),
    }
}

fn check(outcome: Outcome) -> Check {
    Check {
        outcome,
        condition: Expression::check("true", &names(), None).expect("an expression"),
        needs: BTreeSet::new(),
        lets: BTreeSet::new(),
    }
}

fn plan(method: http::Method, path: &str) -> Plan {
    let input = ObjectType {
        members: BTreeMap::from([
            (
                "offerId".into(),
                member(Type::Text { bytes_max: 64 }, false),
            ),
            ("basketTotal".into(), member(Type::Decimal, false)),
            ("months".into(), member(Type::Int, true)),
        ]),
        is_open: false,
    };
    let is_lent = Template::Literal(Arc::new(json!(true)));
    let operation = Operation {
        name: "offerPlans".into(),
        method,
        path: path.into(),
        class: Class::Customer,
        effect: EffectMark::None,
        consent: Some(Needs {
            scopes: vec!["credit:assess".into()],
            purpose: "instalment_offer".into(),
            bound: Vec::new(),
        }),
        deadline: Duration::from_millis(900),
        names: Arc::new(names()),
        input: Type::Object(Arc::new(input)),
        accounts: BTreeSet::new(),
        steps: Vec::new(),
        lets: Vec::new(),
        checks: vec![
            check(Outcome::Problem {
                status: 422,
                name: "not_verified".to_owned(),
            }),
            check(Outcome::Problem {
                status: 422,
                name: "too_much".to_owned(),
            }),
        ],
        reply: reply(
            200,
            vec![
                ("grade", reference("grade")),
                ("until", reference("until")),
                ("plans", reference("plans")),
                ("lent", is_lent),
            ],
        ),
        answers: vec![(
            "no_offer".into(),
            reply(203, vec![("grade", reference("grade"))]),
        )],
    };
    Plan {
        name: "checkout-instalment".into(),
        version: [1, 2, 0],
        operations: vec![Arc::new(operation)],
    }
}

fn clusters(_: &str, _: u16, pointer: &str) -> Option<String> {
    match pointer {
        "/grade" => Some("credit_result".to_owned()),
        "/plans/*/fee" | "/plans/*/note" => Some("instalment_offer".to_owned()),
        _ => None,
    }
}

#[test]
fn what_is_exported_is_a_description_that_the_road_can_carry() {
    let document = openapi(
        &plan(http::Method::POST, "/plans/{offerId}"),
        "Plans",
        &clusters,
    );
    let read = ApiDescription::read(&document);
    let read = read.unwrap_or_else(|problems| panic!("{problems:#?}\n{document:#}"));
    assert_eq!(
        (read.title.as_str(), read.version.as_str()),
        ("Plans", "1.2.0")
    );
    let [operation] = read.operations.as_slice() else {
        panic!("{:?}", read.operations);
    };
    assert_eq!(operation.id, "offerPlans");
    assert_eq!(operation.template, "/plans/{offerId}");
    assert_eq!(operation.class, Class::Customer);
    assert_eq!(operation.scope.as_deref(), Some("credit:assess"));
    assert!(operation.has_request_body);
}

#[test]
fn a_request_is_held_to_the_types_of_the_input() {
    let document = openapi(
        &plan(http::Method::POST, "/plans/{offerId}"),
        "Plans",
        &clusters,
    );
    let operation = &document["paths"]["/plans/{offerId}"]["post"];
    assert_eq!(
        operation["parameters"],
        json!([{
            "name": "offerId", "in": "path", "required": true, "x-mortise-resource": "none",
            "schema": { "type": "string", "maxLength": 64 },
        }])
    );
    let body = &operation["requestBody"];
    assert_eq!(body["required"], true);
    let schema = &body["content"]["application/json"]["schema"];
    assert_eq!(schema["required"], json!(["basketTotal"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["basketTotal"]["format"], "decimal");
    assert_eq!(schema["properties"]["months"]["type"], "integer");
    // A GET has no body: all that is not in its path is in its query.
    let document = openapi(
        &plan(http::Method::GET, "/plans/{offerId}"),
        "Plans",
        &clusters,
    );
    let operation = &document["paths"]["/plans/{offerId}"]["get"];
    assert!(operation["requestBody"].is_null());
    let places = operation["parameters"].as_array().expect("a list");
    let places: Vec<(&Json, &Json)> = places
        .iter()
        .map(|its| (&its["name"], &its["in"]))
        .collect();
    let query = json!("query");
    assert!(places.contains(&(&json!("months"), &query)), "{places:?}");
    ApiDescription::read(&document).unwrap_or_else(|problems| panic!("{problems:#?}"));
}

#[test]
fn an_answer_is_held_to_the_types_of_what_it_refers_to_and_each_leaf_has_its_cluster() {
    let document = openapi(
        &plan(http::Method::POST, "/plans/{offerId}"),
        "Plans",
        &clusters,
    );
    let responses = &document["paths"]["/plans/{offerId}"]["post"]["responses"];
    let schema = |status: &str| &responses[status]["content"]["application/json"]["schema"];
    let reply = schema("200");
    assert_eq!(reply["required"], json!(["grade", "plans", "lent"]));
    let grade = json!({
        "type": "string", "enum": ["A", "B"],
        "x-mortise-cluster": "credit_result", "x-mortise-resource": "none",
    });
    assert_eq!(reply["properties"]["grade"], grade);
    assert_eq!(schema("203")["properties"]["grade"], grade);
    let none = json!({
        "type": "string", "format": "date",
        "x-mortise-cluster": "none", "x-mortise-date": "none",
    });
    assert_eq!(reply["properties"]["until"], none);
    let plans = &reply["properties"]["plans"];
    assert_eq!(plans["maxItems"], 12);
    assert_eq!(plans["items"]["required"], json!(["fee"]));
    let fee = &plans["items"]["properties"]["fee"];
    assert_eq!(fee["x-mortise-cluster"], "instalment_offer");
    assert_eq!(reply["properties"]["lent"]["const"], true);
    assert_eq!(responses["422"]["description"], "not_verified, too_much");
}
