mod lists;
mod mistakes;

use openapi::contracts;
use serde_json::{Value as Json, json};

use super::*;
use crate::plan::Fallback;

/// An answer of these members, all of them there.
pub(crate) fn answer(members: &Json) -> Json {
    let names: Vec<&String> = members.as_object().expect("an object").keys().collect();
    json!({ "200": { "description": "an answer", "content": { "application/json": { "schema": {
        "type": "object", "required": names, "properties": members,
    } } } } })
}

pub(crate) fn takes(members: &Json, required: &[&str]) -> Json {
    json!({ "required": true, "content": { "application/json": { "schema": {
        "type": "object", "required": required, "additionalProperties": false,
        "properties": members,
    } } } })
}

pub(crate) fn service(paths: &Json) -> Json {
    json!({ "openapi": "3.1.0", "info": { "title": "A service", "version": "1" }, "paths": paths })
}

/// A leaf of text that is somebody's data.
fn leaf(cluster: &str) -> Json {
    json!({ "type": "string", "maxLength": 64, "x-mortise-cluster": cluster })
}

/// The services by their names.
pub(crate) fn services() -> Json {
    let amount = json!({ "type": "string", "format": "decimal" });
    let credit = json!({
        "type": "string", "format": "decimal", "x-mortise-cluster": "credit_result",
    });
    let grade = json!({ "enum": ["A", "B", "C", "D"], "x-mortise-cluster": "credit_result" });
    let plan = json!({
        "type": "object", "required": ["months", "fee"], "properties": {
            "months": { "type": "integer", "x-mortise-cluster": "instalment_offer" },
            "fee": { "type": "string", "format": "decimal", "x-mortise-cluster": "instalment_offer" },
        },
    });
    let customer = json!({ "type": "string", "maxLength": 64 });
    json!({
        "risk": service(&json!({ "/scores": { "post": {
            "operationId": "scoreApplicant",
            "x-mortise-effect": "none",
            "x-mortise-scope": "credit:assess",
            "requestBody": takes(&json!({
                "customerId": customer, "product": { "enum": ["RIDE_LOAN", "INSTALMENT"] },
                "spendingBand": { "enum": ["LOW", "MID", "HIGH"] },
            }), &["customerId", "product"]),
            "responses": answer(&json!({ "grade": grade, "limit": credit })),
        } } })),
        "card": service(&json!({
            "/profiles/{customerId}": { "get": {
                "operationId": "getSpendingProfile",
                "x-mortise-scope": "card:spending-summary",
                "parameters": [{
                    "name": "customerId", "in": "path", "required": true, "schema": customer,
                }],
                "responses": answer(&json!({
                    "band": { "enum": ["LOW", "MID", "HIGH"], "x-mortise-cluster": "spending" },
                })),
            } },
            "/plans": { "post": {
                "operationId": "quotePlans",
                "x-mortise-effect": "none",
                "x-mortise-scope": "card:instalment-quote",
                "requestBody": takes(&json!({ "amount": amount, "grade": { "enum": ["A", "B", "C", "D"] } }),
                    &["amount", "grade"]),
                "responses": answer(&json!({
                    "plans": { "type": "array", "maxItems": 12, "items": plan },
                    "next": { "type": "string", "maxLength": 40 },
                })),
            } },
            "/orders/{orderId}": { "get": {
                "operationId": "getOrder",
                "x-mortise-scope": "card:instalment-quote",
                "parameters": [{
                    "name": "orderId", "in": "path", "required": true, "schema": customer,
                }],
                "responses": answer(&json!({ "owner": leaf("owner"), "total": amount })),
            } },
            "/blocks": { "post": {
                "operationId": "blockCard",
                "x-mortise-effect": "change",
                "responses": { "204": { "description": "blocked" } },
            } },
        })),
    })
}

/// A block that is right.
pub(crate) fn block() -> Json {
    json!({
        "block": "checkout-instalment",
        "version": "1.0.0",
        "title": { "en": "Instalments", "zh-CN": "分期" },
        "sources": ["card", "risk"],
        "operations": { "offerPlans": {
            "expose": "POST /plans",
            "class": "customer",
            "effect": "none",
            "consent": {
                "scopes": ["credit:assess", "card:spending-summary", "card:instalment-quote"],
                "purpose": "instalment_offer",
                "bound": { "most": "decimal" },
            },
            "deadline": "900ms",
            "input": { "basketTotal": "decimal" },
            "reads": {
                "plans": {
                    "call": "card.quotePlans",
                    "with": { "amount": "$asked", "grade": "$score.grade" },
                    "timeout": "300ms",
                },
                "profile": {
                    "call": "card.getSpendingProfile",
                    "with": { "customerId": "$consent.customerId" },
                    "timeout": "150ms",
                    "or_else": { "band": "LOW" },
                },
                "score": {
                    "call": "risk.scoreApplicant",
                    "with": {
                        "customerId": "$consent.customerId", "product": "INSTALMENT",
                        "spendingBand": "$profile.band",
                    },
                    "timeout": "350ms",
                },
            },
            "checks": [
                "answer no_offer unless score.grade != \"D\"",
                "422 too_much unless asked <= score.limit",
            ],
            "let": {
                "asked": "min(input.basketTotal, consent.bound.most)",
                "degraded": "failed(profile)",
            },
            "reply": { "status": 200, "body": { "plans": "$plans.plans", "degraded": "$degraded" } },
            "answers": { "no_offer": { "status": 200, "body": { "plans": [] } } },
        } },
    })
}

pub(crate) fn catalogue() -> Catalogue {
    let scope = |clusters: &[&str]| ScopeSays {
        clusters: clusters.iter().map(|its| (*its).to_owned()).collect(),
        is_bound: false,
    };
    Catalogue {
        scopes: BTreeMap::from([
            ("credit:assess".to_owned(), scope(&["credit_result"])),
            ("card:spending-summary".to_owned(), scope(&["spending"])),
            (
                "card:instalment-quote".to_owned(),
                scope(&["instalment_offer"]),
            ),
            (
                "loan:accept".to_owned(),
                ScopeSays {
                    is_bound: true,
                    ..scope(&[])
                },
            ),
        ]),
        purposes: BTreeSet::from(["instalment_offer".to_owned()]),
    }
}

/// What is said of this block of these services.
pub(crate) fn checked(block: &Json, services: &Json) -> Result<Plan, Vec<Mistake>> {
    let file = BlockFile::read(block).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let services = services.as_object().expect("an object").iter();
    let sources = services.map(|(name, document)| {
        let read = contracts(document);
        let read = read.unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        (name.clone(), Source::new(&read))
    });
    Plan::check(&file, &sources.collect(), &catalogue())
}

#[test]
fn each_part_stands_behind_what_it_needs() {
    let plan = checked(&block(), &services());
    let plan = plan.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let [operation] = plan.operations.as_slice() else {
        panic!("{plan:?}");
    };
    let names: Vec<&str> = operation
        .steps
        .iter()
        .map(|step| step.name.as_ref())
        .collect();
    assert_eq!(names, ["profile", "score", "plans"]);
    let needs: Vec<Vec<usize>> = operation
        .steps
        .iter()
        .map(|step| step.needs.iter().copied().collect())
        .collect();
    assert_eq!(needs, [vec![], vec![0], vec![1]]);
    let lets: Vec<&str> = operation.lets.iter().map(|its| its.name.as_ref()).collect();
    assert_eq!(lets, ["asked", "degraded"]);
    // The plans are quoted for what was asked.
    assert_eq!(operation.steps[2].lets, BTreeSet::from([0]));
    assert!(matches!(operation.steps[0].fallback, Fallback::Value(_)));
    assert_eq!(operation.checks[1].needs, BTreeSet::from([1]));
    assert_eq!(operation.checks[1].lets, BTreeSet::from([0]));
    assert_eq!(operation.reply.needs, BTreeSet::from([0, 2]));
    let needs = operation.consent.as_ref().expect("a consent");
    assert_eq!(needs.bound.len(), 1);
}

#[test]
fn a_plan_can_be_drawn_and_exported() {
    let plan = checked(&block(), &services()).expect("a plan");
    let operation = &plan.operations[0];
    let picture = crate::drawing::svg(operation);
    assert!(picture.contains("then reads profile; then reads score; then reads plans; then 2"));
    let none: &crate::export::Clusters<'_> = &|_, _, _| None;
    let document = crate::export::openapi(&plan, "Instalments", none);
    let post = &document["paths"]["/plans"]["post"];
    let schema = &post["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(
        schema["oneOf"].as_array().map(Vec::len),
        Some(2),
        "{document:#}"
    );
}
