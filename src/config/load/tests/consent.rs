//! What a configuration says of customers' consent.

use std::sync::Arc;

use consent::{ReviewPage, SeparateConsent};

use crate::fixture::{CONSENTING, EXAMPLE, Fixture, MINIMAL, now};
use crate::house::{ConsentPlan, House, Mode};
use crate::{InForce, Loader, explain};

fn loaded(text: impl AsRef<[u8]>) -> House {
    let house = Fixture::new().load(text).map_err(|m| m.to_string());
    house.expect("it loads")
}

fn plan(house: &House) -> &ConsentPlan {
    house.banks[0].consent.as_ref().expect("a plan")
}

#[test]
fn what_is_written_of_consent_is_what_customers_are_asked_by() {
    let house = loaded(CONSENTING);
    let plan = plan(&house);
    let scopes: Vec<_> = plan.catalogue.scopes().map(|(id, _)| id.as_str()).collect();
    assert_eq!(scopes, ["balances", "branches", "movements"]);
    assert_eq!(plan.profile.review_page, ReviewPage::OwnStep);
    let asked = |(upstream, path): &(model::UpstreamId, String)| format!("{upstream}{path}");
    assert_eq!(asked(&plan.accounts), "ledger/customers/v1/accounts");
    assert_eq!(
        asked(&plan.second_factor),
        "ledger/customers/v1/confirmations"
    );
    let mut purposes = plan.purposes.iter();
    let (client, purposes_of_it) = purposes.next().expect("a client");
    assert_eq!(client.as_str(), "swiftride-app");
    let names: Vec<_> = purposes_of_it
        .iter()
        .map(model::PurposeId::as_str)
        .collect();
    assert_eq!(names, ["overview", "books"]);
    assert!(purposes.next().is_none());
}

#[test]
fn the_profile_is_the_written_one() {
    let house = loaded(CONSENTING.replace("cn-pipl", "uk-obie"));
    assert_eq!(plan(&house).profile.separate_consent, SeparateConsent::None);
    let house = loaded(EXAMPLE);
    let cn = plan(&house).profile.separate_consent;
    assert_eq!(cn, SeparateConsent::Sensitive);
}

#[test]
fn operations_of_class_customer_are_there_with_what_their_answers_hold() {
    let house = loaded(CONSENTING);
    let products = &house.banks[0].products;
    let product = products.iter().find(|p| p.id.as_str() == "balances");
    let operations = &product.expect("a product").description.operations;
    assert_eq!(operations[0].class, openapi::Class::Customer);
    assert_eq!(operations[0].scope.as_deref(), Some("balances"));
    let body = operations[0].answers.of(200, "application/json");
    let Some(openapi::AnswerBody::Json(shape)) = body else {
        panic!("no shape: {body:?}");
    };
    assert_eq!(shape.clusters(), ["balance"]);
}

#[test]
fn without_the_section_no_customer_consents_and_the_rest_is_served() {
    assert!(loaded(MINIMAL).banks[0].consent.is_none());
}

#[test]
fn a_client_that_cannot_ask_customers_needs_no_purpose() {
    let asks = "        redirect_uris: [https://app.swiftride.example/callback]
        response_modes: [query]
";
    let purposes = "\n        swiftride-app: [overview, books]\n";
    let text = CONSENTING.replace(purposes, " {}\n");
    assert!(Fixture::new().load(&text).is_err());
    let house = loaded(text.replace(asks, ""));
    assert!(plan(&house).purposes.is_empty());
}

#[test]
fn a_client_without_an_agreement_on_customers_data_needs_no_purpose() {
    let purposes = "\n        swiftride-app: [overview, books]\n";
    let text = CONSENTING.replace(purposes, " {}\n");
    let house = loaded(text.replace("products: [fx, balances]", "products: [fx]"));
    assert!(plan(&house).purposes.is_empty());
}

#[test]
fn an_api_that_was_kept_with_consent_is_refused_without_it() {
    let fixture = Fixture::new();
    fixture.write("gateway.yaml", CONSENTING);
    let path = fixture.path("gateway.yaml");
    let mut loader = Loader::new(path, Mode::Serve, Arc::new(|_| None));
    assert!(loader.load(now()).house.is_ok());
    let start = CONSENTING.find("    consent:\n").expect("the section");
    let end = CONSENTING.find("partners:\n").expect("its end");
    let without = format!("{}{}", &CONSENTING[..start], &CONSENTING[end..]);
    fixture.write("gateway.yaml", &without);
    let kept = loader.load(now()).house.expect_err("no customer is asked");
    let fresh = fixture.load(&without).expect_err("no customer is asked");
    assert_eq!(kept.render(false, 100), fresh.render(false, 100));
    let told = kept.to_string();
    assert!(
        told.contains("the class `customer` demands consents"),
        "{told}"
    );
    fixture.write("gateway.yaml", CONSENTING);
    assert!(loader.load(now()).house.is_ok());
}

fn told(text: &str) -> Vec<InForce> {
    let fixture = Fixture::new();
    fixture.write("gateway.yaml", text);
    let path = fixture.path("gateway.yaml");
    let (_, told) = explain(&path, Mode::Serve, &|_| None, now()).expect("it loads");
    told.into_iter()
        .filter(|one| one.key.contains("consent"))
        .collect()
}

#[test]
fn scopes_that_no_customer_is_asked_for_are_told() {
    let found = told(CONSENTING);
    let [one] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(one.key, "banks.harbour.consent.catalogue.scopes.rates");
    let then = "clients ask for it for themselves alone, and no customer is asked";
    assert_eq!((one.value, one.then), (None, Some(then)));
    assert!(one.file.ends_with("consent/small.yaml"), "{}", one.file);
    assert_eq!((one.line, one.column), (12, 1));
    let found = told(MINIMAL);
    let [one] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(one.key, "banks.harbour.consent");
    let then = "its customers consent to nothing: no operation has the class `customer`";
    assert_eq!((one.value, one.then), (None, Some(then)));
}
