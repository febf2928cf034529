//! The journey, pinned whole, and held to Arazzo 1.1 and to the descriptions that it names. To
//! write it anew, set `MORTISE_GOLDEN=write` and read the difference.

use std::collections::{BTreeMap, BTreeSet};

use roas_arazzo::v1_1::Description;
use roas_arazzo::validation::Validate as _;
use roas_arazzo_executor::testing::Fake;
use roas_arazzo_executor::{HttpRequest, Options, execute};

use super::*;
use crate::compile::tests::{block, checked, services};
use crate::export::{authorization, openapi};

const SERVER: AuthorizationServer<'_> = AuthorizationServer {
    issuer: "https://auth.harbour.example",
    metadata: "https://auth.harbour.example/.well-known/oauth-authorization-server",
    pushed_authorization_request_endpoint: "https://auth.harbour.example/par",
    authorization_endpoint: "https://auth.harbour.example/authorize",
    token_endpoint: "https://api.harbour.example/token",
};
const FACTS: Facts<'_> = Facts {
    title: "Instalments",
    product: "checkout-instalment.openapi.json",
    authorization: "authorization.openapi.json",
    server: SERVER,
};

/// A journey, and the descriptions that it names, by the names of its sources.
fn journey(block: &Json) -> (Json, BTreeMap<&'static str, Json>) {
    let plan = checked(block, &services()).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let product = openapi(&plan, FACTS.title, &|_, _, _| None);
    let sources = BTreeMap::from([(PRODUCT, product), (AUTHORIZATION, authorization(&SERVER))]);
    (arazzo(&plan, &FACTS), sources)
}

/// The keys that objects of Arazzo 1.1 may have, those first that they must.
fn has_keys(object: &Json, must: &[&str], may: &[&str]) {
    let members = object.as_object().expect("an object");
    for key in must {
        assert!(members.contains_key(*key), "{key} is missing: {object:#}");
    }
    for key in members.keys() {
        let is_known = must.contains(&key.as_str()) || may.contains(&key.as_str());
        assert!(is_known || key.starts_with("x-"), "{key}: {object:#}");
    }
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json[key].as_array().map_or(&[], Vec::as_slice)
}

/// An operation of a description by its id.
fn operation<'d>(document: &'d Json, id: &str) -> &'d Json {
    let paths = document["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|item| item.as_object().expect("an item").values());
    let mut operations = operations.filter(|its| its["operationId"] == id);
    operations
        .next()
        .unwrap_or_else(|| panic!("{id} is described nowhere"))
}

/// Every text in a value.
fn texts(json: &Json) -> Vec<&str> {
    match json {
        Json::String(text) => vec![text],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// What stands behind this word in runtime expressions: `steps.par.outputs.request_uri`.
fn named<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = &'t str> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c));
    text.split(word)
        .skip(1)
        .filter_map(move |rest| rest.split(is_end).next())
}

/// Holds a journey to the standard and to the descriptions of its sources.
fn holds(journey: &Json, sources: &BTreeMap<&str, Json>) {
    has_keys(
        journey,
        &["arazzo", "info", "sourceDescriptions", "workflows"],
        &[],
    );
    assert_eq!(journey["arazzo"], "1.1.0");
    has_keys(
        &journey["info"],
        &["title", "version"],
        &["summary", "description"],
    );
    let named_sources: BTreeSet<&str> = list(journey, "sourceDescriptions")
        .iter()
        .map(|its| {
            has_keys(its, &["name", "url"], &["type"]);
            its["name"].as_str().expect("a name")
        })
        .collect();
    assert_eq!(named_sources, sources.keys().copied().collect());
    let [workflow] = list(journey, "workflows") else {
        panic!("{journey:#}");
    };
    has_keys(
        workflow,
        &["workflowId", "steps"],
        &["summary", "inputs", "outputs"],
    );
    let mut done = BTreeSet::new();
    for its in list(workflow, "steps") {
        step(its, &done, sources);
        let id = its["stepId"].as_str().expect("an id");
        assert!(
            id.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
            "{id}"
        );
        let outputs = its["outputs"].as_object().expect("outputs");
        for name in outputs.keys() {
            assert!(
                done.insert(format!("{id}.outputs.{name}")),
                "{id} stands here twice"
            );
        }
    }
    for text in texts(&workflow["outputs"]) {
        assert!(
            named(text, "$steps.").all(|its| done.contains(its)),
            "{text}"
        );
    }
    // What is asked for is used, and what is used is asked for.
    let asked = workflow["inputs"]["properties"]
        .as_object()
        .expect("inputs");
    let steps = texts(&workflow["steps"]);
    let used = steps.into_iter().flat_map(|text| named(text, "$inputs."));
    let used: BTreeSet<&str> = used.collect();
    assert_eq!(used, asked.keys().map(String::as_str).collect());
}

/// Holds a step to what is done before it and to the operation that it calls.
fn step(step: &Json, done: &BTreeSet<String>, sources: &BTreeMap<&str, Json>) {
    let may = ["description", "parameters", "requestBody", "outputs"];
    has_keys(step, &["stepId", "operationId", "successCriteria"], &may);
    for text in texts(step) {
        assert!(
            named(text, "$steps.").all(|its| done.contains(its)),
            "{text}"
        );
    }
    let id = step["operationId"].as_str().expect("an id");
    let id = id.strip_prefix("$sourceDescriptions.").expect("a source");
    let (source, id) = id.split_once('.').expect("an operation of it");
    let called = operation(&sources[source], id);
    let mut given = BTreeSet::new();
    for parameter in list(step, "parameters") {
        has_keys(parameter, &["name", "in", "value"], &[]);
        given.insert((parameter["in"].as_str(), parameter["name"].as_str()));
    }
    given.remove(&(Some("header"), Some("Authorization")));
    let required = list(called, "parameters")
        .iter()
        .filter(|its| its["required"] == true);
    let required = required.map(|its| (its["in"].as_str(), its["name"].as_str()));
    assert_eq!(given, required.collect(), "{step:#}");
    if called["requestBody"].is_null() {
        assert!(step["requestBody"].is_null(), "{step:#}");
    } else {
        has_keys(&step["requestBody"], &["contentType", "payload"], &[]);
        let media = step["requestBody"]["contentType"].as_str().expect("a type");
        assert!(
            called["requestBody"]["content"][media].is_object(),
            "{step:#}"
        );
    }
    assert!(!list(step, "successCriteria").is_empty());
    for criterion in list(step, "successCriteria") {
        has_keys(criterion, &["condition"], &[]);
        let condition = criterion["condition"].as_str().expect("a condition");
        for status in condition.split("$statusCode == ").skip(1) {
            let status = status.get(..3).expect("a status");
            assert!(
                called["responses"][status].is_object(),
                "{status}: {called:#}"
            );
        }
    }
}

#[test]
fn the_journey_goes_from_asking_the_customer_to_the_answer() {
    let (journey, sources) = journey(&block());
    holds(&journey, &sources);
    let steps = list(&journey["workflows"][0], "steps");
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|its| its["stepId"].as_str())
        .collect();
    assert_eq!(ids, ["par", "authorise", "token", "offerPlans"]);
    let people: Vec<bool> = steps
        .iter()
        .map(|its| its["x-mortise-human"] == true)
        .collect();
    assert_eq!(people, [false, true, false, false]);
    let asked = "card:instalment-quote card:spending-summary credit:assess";
    assert_eq!(steps[0]["requestBody"]["payload"]["scope"], asked);

    let written = format!("{journey:#}\n");
    if std::env::var_os("MORTISE_GOLDEN").is_some() {
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/export/arazzo/journey.golden.json"
        );
        std::fs::write(file, &written).expect("the file is written");
    }
    assert_eq!(include_str!("journey.golden.json"), written);
}

#[test]
fn what_a_get_must_be_given_goes_into_its_path_and_its_query() {
    let mut block = block();
    let operation = &mut block["operations"]["offerPlans"];
    operation["expose"] = json!("GET /plans/{basketTotal}");
    operation["input"]["months"] = json!("int");
    operation["input"]["later"] = json!("int?");
    let checks = operation["checks"].as_array_mut().expect("checks");
    checks.push(json!(
        "422 too_long unless input.months + default(input.later, 0) < 12"
    ));
    let (journey, sources) = journey(&block);
    holds(&journey, &sources);
    let step = &list(&journey["workflows"][0], "steps")[3];
    let parameters = list(step, "parameters")[1..].to_vec();
    assert_eq!(
        Json::from(parameters),
        json!([
            { "name": "basketTotal", "in": "path", "value": "$inputs.offerPlans.basketTotal" },
            { "name": "months", "in": "query", "value": "$inputs.offerPlans.months" },
        ])
    );
    let inputs = &journey["workflows"][0]["inputs"]["properties"];
    assert_eq!(inputs["offerPlans.basketTotal"]["format"], "decimal");
}

/// The same block for partners alone: nothing of a customer is read.
fn without_customer() -> Json {
    let mut block = block();
    let operation = &mut block["operations"]["offerPlans"];
    operation["class"] = json!("partner");
    operation["consent"] = Json::Null;
    if let Some(members) = operation.as_object_mut() {
        members.remove("consent");
        members.remove("answers");
    }
    operation["input"] = json!({ "total": "decimal" });
    operation["reads"] = json!({ "plans": {
        "call": "card.quotePlans", "with": { "amount": "$input.total", "grade": "A" },
        "timeout": "300ms",
    } });
    operation["checks"] = json!(["422 no_plan unless size(plans.plans) > 0"]);
    operation["let"] = json!({});
    operation["reply"]["body"] = json!({ "has_plan": true });
    block["sources"] = json!(["card"]);
    block
}

#[test]
fn where_no_customer_is_meant_the_client_asks_for_itself() {
    let mut services = services();
    let quote = &mut services["card"]["paths"]["/plans"]["post"];
    quote
        .as_object_mut()
        .expect("an operation")
        .remove("x-mortise-scope");
    let plan = checked(&without_customer(), &services);
    let plan = plan.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let product = openapi(&plan, FACTS.title, &|_, _, _| None);
    let sources = BTreeMap::from([(PRODUCT, product), (AUTHORIZATION, authorization(&SERVER))]);
    let journey = arazzo(&plan, &FACTS);
    holds(&journey, &sources);
    let steps = list(&journey["workflows"][0], "steps");
    let ids: Vec<&str> = steps
        .iter()
        .filter_map(|its| its["stepId"].as_str())
        .collect();
    assert_eq!(ids, ["token", "offerPlans"]);
    let grant = &steps[0]["requestBody"]["payload"]["grant_type"];
    assert_eq!(grant, "client_credentials");
}

#[test]
fn each_endpoint_has_the_origin_that_its_metadata_say() {
    let document = authorization(&SERVER);
    let paths = document["paths"].as_object().expect("paths").iter();
    let places = paths.map(|(path, item)| (path.as_str(), item["servers"][0]["url"].as_str()));
    let auth = Some("https://auth.harbour.example");
    let api = Some("https://api.harbour.example");
    assert_eq!(
        places.collect::<BTreeSet<_>>(),
        BTreeSet::from([("/authorize", auth), ("/par", auth), ("/token", api)])
    );
}

/// What a runner that is not ours sends, where services answer so and a customer brings this back.
#[expect(
    clippy::default_trait_access,
    reason = "the type is of a crate that only its own caller knows"
)]
fn run(brought: &Json) -> (bool, Vec<HttpRequest>) {
    let (journey, mut sources) = journey(&block());
    let description: Description = serde_json::from_value(journey).expect("a description");
    let none = Default::default();
    description.validate(none).expect("what the standard asks");
    let inputs = json!({
        "client_id": "swiftride-app", "par_assertion": "p.a.r", "token_assertion": "t.o.k",
        "redirect_uri": "https://app.swiftride.example/callback", "state": "s-1",
        "code_verifier": "verifier", "code_challenge": "challenge",
        "authorization_details": "[]", "offerPlans": { "basketTotal": "250.00" },
    });
    let mut source = |name: &str| sources.remove(name).expect("a source");
    let options = Options::new()
        .source(PRODUCT, FACTS.product, source(PRODUCT))
        .source(AUTHORIZATION, FACTS.authorization, source(AUTHORIZATION))
        .base_url(PRODUCT, "https://api.harbour.example/instalments/v1")
        .inputs(inputs);
    let mut client = Fake::new()
        .reply(201, &json!({ "request_uri": "urn:r:1", "expires_in": 60 }))
        .reply(200, brought)
        .reply(
            200,
            &json!({ "access_token": "a-t", "token_type": "Bearer" }),
        )
        .reply(200, &json!({ "plans": [] }));
    let report = execute(&description, &options, &mut client);
    let is_good = report.is_ok_and(|report| report.is_success());
    (is_good, client.sent().to_vec())
}

#[test]
fn a_runner_not_ours_walks_it() {
    let brought = json!({ "code": "c-1", "state": "s-1", "iss": SERVER.issuer });
    let (is_good, sent) = run(&brought);
    assert!(is_good, "{sent:#?}");
    let urls: Vec<&str> = sent.iter().map(|its| its.url.as_str()).collect();
    let opened = "https://auth.harbour.example/authorize?client_id=swiftride-app&request_uri=urn";
    assert_eq!(urls[0], "https://auth.harbour.example/par");
    assert!(urls[1].starts_with(opened), "{urls:?}");
    assert_eq!(
        urls[2..],
        [
            "https://api.harbour.example/token",
            "https://api.harbour.example/instalments/v1/plans"
        ]
    );
    // It says what a form holds as JSON, and leaves writing it as one to its client.
    let form = |its: &HttpRequest| -> Json {
        assert_eq!(its.header("Content-Type"), Some(FORM));
        serde_json::from_str(&its.text()).expect("members")
    };
    let (pushed, redeemed) = (form(&sent[0]), form(&sent[2]));
    let scope = "card:instalment-quote card:spending-summary credit:assess";
    assert_eq!(pushed["scope"], scope);
    assert_eq!(pushed["code_challenge"], "challenge");
    assert_eq!(pushed["client_assertion"], "p.a.r");
    assert_eq!(redeemed["code"], "c-1");
    assert_eq!(redeemed["code_verifier"], "verifier");
    assert_eq!(redeemed["client_assertion"], "t.o.k");
    assert_eq!(sent[3].header("Authorization"), Some("Bearer a-t"));
    assert_eq!(sent[3].text(), r#"{"basketTotal":"250.00"}"#);
}

#[test]
fn a_code_of_another_visit_or_another_server_is_not_redeemed() {
    for (state, issuer) in [("s-2", SERVER.issuer), ("s-1", "https://elsewhere.example")] {
        let (is_good, sent) = run(&json!({ "code": "c-1", "state": state, "iss": issuer }));
        assert!(!is_good && sent.len() == 2, "{state} {issuer}: {sent:#?}");
    }
}
