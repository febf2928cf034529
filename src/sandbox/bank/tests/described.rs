//! The API files say what the bank answers, and no more.

use std::collections::{BTreeMap, BTreeSet};

use openapi::{AnswerBody, ApiDescription, Class, OperationDescription};

use super::super::customers::by_id;
use super::super::routes::Answer as Way;
use super::*;

const FILES: [&str; 4] = [
    include_str!("../../../../config/apis/accounts.yaml"),
    include_str!("../../../../config/apis/branches.yaml"),
    include_str!("../../../../config/apis/catalogue.yaml"),
    include_str!("../../../../config/apis/fx.yaml"),
];

fn files() -> impl Iterator<Item = (Value, ApiDescription)> {
    FILES.into_iter().map(|text| {
        let file: Value = serde_saphyr::from_str(text).expect("YAML");
        let description = ApiDescription::read(&file).expect("a description");
        (file, description)
    })
}

/// Where a reference leads, if it is one.
fn resolved<'a>(file: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(target) = value["$ref"].as_str() {
        let pointer = target.strip_prefix('#').expect("a reference within");
        value = file.pointer(pointer).expect("a target");
    }
    value
}

/// What the file says of an answer: by the media type, whether a body fits.
fn fits(file: &Value, operation: &Value, answer: &Answer) -> bool {
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let response = responses.get(&status).unwrap_or(&responses["default"]);
    let kind = answer.kind.split(';').next().expect("a type");
    let schema = &resolved(file, response)["content"][kind]["schema"];
    if schema.is_null() {
        return false;
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": file["components"], "allOf": [schema],
    });
    let holds = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema");
    let text = || Value::from(String::from_utf8_lossy(&answer.body));
    let body = if kind == "text/csv" {
        text()
    } else {
        answer.json()
    };
    holds.is_valid(&body)
}

/// Calls of an operation, each with the status that it has: those that are well, then others.
fn calls(bench: &Bench, id: &str) -> Vec<(u16, Answer)> {
    let get = |status: u16, path: &str| (status, bench.get(path));
    match id {
        "listRates" => vec![
            get(200, "/fx/v1/rates"),
            get(200, "/fx/v1/rates?base=JPY&quote=KRW"),
            get(400, "/fx/v1/rates?base=XAU"),
        ],
        "readRate" => vec![
            get(200, "/fx/v1/rates/EUR-CNY"),
            get(404, "/fx/v1/rates/EUR-XXX"),
        ],
        "listBranches" => vec![
            get(200, "/branches/v1/branches?limit=100"),
            get(200, "/branches/v1/branches?offset=9999"),
            get(400, "/branches/v1/branches?limit=0"),
        ],
        "readBranch" => vec![
            get(200, "/branches/v1/branches/atm-xiamen-01"),
            get(404, "/branches/v1/branches/atm-xiamen-99"),
        ],
        "listProducts" => vec![
            get(200, "/catalogue/v1/products?limit=100"),
            get(400, "/catalogue/v1/products?kind=none"),
        ],
        "readProduct" => vec![
            get(200, "/catalogue/v1/products/loan-cny-24m"),
            get(404, "/catalogue/v1/products/loan-cny-25m"),
        ],
        _ => calls_of_customers(bench, id),
    }
}

fn calls_of_customers(bench: &Bench, id: &str) -> Vec<(u16, Answer)> {
    let mut all = Vec::new();
    for number in (101..=107).filter(|number| by_id(&format!("harbour-{number:06}")).is_some()) {
        let customer = format!("harbour-{number:06}");
        let mine = accounts::ids_of(bench, &customer);
        let ids = mine.iter().map(String::as_str).chain(["acc-none"]);
        for account in ids {
            let status = if account == "acc-none" { 404 } else { 200 };
            let below = format!("/accounts/v1/accounts/{account}");
            let path = match id {
                "listAccounts" => "/accounts/v1/accounts".to_owned(),
                "readAccount" => below,
                "readBalances" => below + "/balances",
                "listTransactions" => below + "/transactions?limit=60&offset=20",
                "readStatement" => below + "/statement",
                "listAllTransactions" => "/accounts/v1/transactions?limit=60".to_owned(),
                "confirmFunds" => "/accounts/v1/funds-confirmations".to_owned(),
                other => panic!("{other} is not called"),
            };
            let is_list = id == "listAccounts" || id == "listAllTransactions";
            let status = if is_list { 200 } else { status };
            let amount = json!({ "currency": "CNY", "value": "12.50" });
            let asked = json!({ "accountId": account, "amount": amount });
            all.push(match id {
                "confirmFunds" => (status, bench.post_as(&customer, &path, &asked)),
                _ => (status, bench.get_as(&customer, &path)),
            });
            let mistaken = if path.contains('?') {
                path + "&x=1"
            } else {
                path + "?x=1"
            };
            if status == 200 && id != "confirmFunds" {
                all.push((400, bench.get_as(&customer, &mistaken)));
            }
        }
    }
    all
}

#[test]
fn the_api_files_name_every_operation_with_its_guards() {
    let mut described = 0;
    for (_, description) in files() {
        for told in description.operations {
            let operation = OPERATIONS.iter().find(|operation| operation.id == told.id);
            let operation = operation.expect("the bank has what the file describes");
            assert_eq!(told.scope.as_deref(), operation.scope(), "{}", told.id);
            assert_eq!(told.method, operation.method(), "{}", told.id);
            let class = match operation.answer {
                Way::Anyone(_) => Class::Open,
                Way::Partner(..) => Class::Partner,
                Way::Customer(..) | Way::CustomerBody(..) => Class::Customer,
            };
            assert_eq!(told.class, class, "{}", told.id);
            let is_bound = told.detail.as_deref() == Some("funds_check");
            assert_eq!(is_bound, told.id == "confirmFunds");
            described += 1;
        }
    }
    assert_eq!(described, OPERATIONS.len());
}

#[test]
fn every_answer_is_as_its_api_file_says() {
    let bench = Bench::new();
    for (file, description) in files() {
        for told in description.operations {
            let operation = file.pointer(&told.pointer).expect("an operation");
            let calls = calls(&bench, &told.id);
            for (status, mut answer) in calls {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                assert_eq!(answer.status, status, "{}: {body}", told.id);
                assert!(fits(&file, operation, &answer), "{}: {body}", told.id);
                if let Ok(Value::Object(mut other)) = serde_json::from_slice(&answer.body)
                    && status == 200
                {
                    other.insert("undescribed".to_owned(), json!(1));
                    answer.body = serde_json::to_vec(&other).expect("JSON");
                    assert!(!fits(&file, operation, &answer), "{} is open", told.id);
                }
            }
        }
    }
}

#[test]
fn every_leaf_that_names_an_account_is_marked_as_one() {
    let file: Value = serde_saphyr::from_str(FILES[0]).expect("YAML");
    let mut open = vec![&file];
    let mut found = 0;
    while let Some(value) = open.pop() {
        if let Some(leaf) = value["properties"].get("accountId") {
            assert_eq!(resolved(&file, leaf)["x-mortise-resource"], "account");
            found += 1;
        }
        open.extend(
            value
                .as_object()
                .into_iter()
                .flat_map(|members| members.values()),
        );
        open.extend(value.as_array().into_iter().flatten());
    }
    assert_eq!(found, 4);
}

/// Where the marks of a value stand, each as a JSON Pointer.
fn marks(value: &Value, at: &str, found: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(place, value)| (place.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in members {
        let at = format!("{at}/{name}");
        if name.starts_with("x-mortise-") {
            found.push(at);
        } else {
            marks(value, &at, found);
        }
    }
}

#[test]
fn no_mark_can_be_left_out() {
    for (file, description) in files() {
        let mut found = Vec::new();
        marks(&file, "", &mut found);
        assert!(!found.is_empty());
        for pointer in found {
            let (parent, name) = pointer.rsplit_once('/').expect("a member");
            let mut changed = file.clone();
            let parent = changed.pointer_mut(parent).and_then(Value::as_object_mut);
            parent.expect("an object").remove(name).expect("a mark");
            // What is left out is missed, or was the default.
            if let Ok(read) = ApiDescription::read(&changed) {
                assert_eq!(read, description, "{pointer}");
            }
        }
    }
}

#[test]
fn the_road_learns_what_names_an_account_and_a_day() {
    let (_, description) = files().next().expect("the accounts");
    let mut told = Vec::new();
    for operation in &description.operations {
        for parameter in &operation.request.parameters {
            let kind = parameter.resource.as_deref().unwrap_or("-");
            if kind != "-" || parameter.date.is_some() {
                let date = parameter.date.map(|date| format!("{date:?}"));
                let date = date.unwrap_or_default();
                told.push(format!("{} {} {kind} {date}", operation.id, parameter.name));
            }
        }
        for part in &operation.request.body {
            told.push(format!("{} {:?} {:?}", operation.id, part.path, part.bound));
        }
    }
    told.sort();
    assert_eq!(
        told,
        [
            r#"confirmFunds [Member("accountId")] Some(Same("account"))"#,
            r#"confirmFunds [Member("amount")] Some(AtMost("max_amount"))"#,
            "listAllTransactions from - From",
            "listAllTransactions until - Until",
            "listTransactions accountId account ",
            "listTransactions from - From",
            "listTransactions until - Until",
            "readAccount accountId account ",
            "readBalances accountId account ",
            "readStatement accountId account ",
            "readStatement from - From",
            "readStatement until - Until",
        ]
    );
}

/// The clusters of what an operation answers, and the kinds of resources that it speaks of.
fn carried(operation: &OperationDescription) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut clusters, mut kinds) = <(BTreeSet<_>, BTreeSet<_>)>::default();
    for body in operation.answers.bodies() {
        match body {
            AnswerBody::Json(shape) => {
                clusters.extend(shape.clusters().iter().cloned());
                kinds.extend(shape.kinds().iter().cloned());
            }
            AnswerBody::Opaque { cluster } => clusters.extend(cluster.clone()),
            AnswerBody::None => {}
        }
    }
    let request = &operation.request;
    kinds.extend(request.parameters.iter().filter_map(|p| p.resource.clone()));
    kinds.extend(request.body.iter().filter_map(|part| part.resource.clone()));
    (clusters, kinds)
}

fn names(value: &Value) -> BTreeSet<String> {
    let names = value.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

#[test]
fn the_consent_catalogue_tells_of_all_that_goes_out_and_of_nothing_else() {
    let text = include_str!("../../../../config/consent/catalogue.yaml");
    let catalogue: Value = serde_saphyr::from_str(text).expect("YAML");
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, description) in files() {
        for operation in &description.operations {
            let scope = operation.scope.clone().unwrap_or_default();
            let entry = &catalogue["scopes"][&scope];
            if operation.class < Class::Customer {
                let is_plain =
                    operation.class == Class::Open || names(&entry["clusters"]).is_empty();
                assert!(is_plain, "{}", operation.id);
                continue;
            }
            let (clusters, kinds) = carried(operation);
            assert!(
                clusters.is_subset(&names(&entry["clusters"])),
                "{}",
                operation.id
            );
            assert!(
                kinds.is_subset(&names(&entry["resources"])),
                "{}",
                operation.id
            );
            let bound = operation.detail.as_deref().unwrap_or("none");
            assert_eq!(entry["bound"], bound, "{}", operation.id);
            used.entry(scope).or_default().extend(clusters);
        }
    }
    for (scope, entry) in catalogue["scopes"].as_object().expect("scopes") {
        let told = names(&entry["clusters"]);
        assert_eq!(used.remove(scope).unwrap_or_default(), told, "{scope}");
    }
    assert!(used.is_empty(), "{used:?}");
}
