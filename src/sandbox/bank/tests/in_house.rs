//! What is for the gateway alone.

use super::*;

const PATHS: [&str; 4] = [
    "/customers/v1/log-in",
    "/customers/v1/accounts",
    "/customers/v1/confirmations",
    "/customers/v1/confirmations/some-id",
];

#[test]
fn in_house_the_bank_answers_its_gateway_only_and_without_an_assertion() {
    let mut bench = Bench::new();
    bench.bank = bench.bank.pinned_to([7; 32]);
    for path in PATHS {
        // 400: it came as far as its empty body.
        for (certificate, status) in [(None, 403), (Some([8; 32]), 403), (Some([7; 32]), 400)] {
            let answer = bench.send("POST", path, &[], certificate);
            assert_eq!(answer.status, status, "{path} {certificate:?}");
            assert_eq!(answer.kind, "application/problem+json");
        }
        assert_eq!(
            bench.send("GET", path, &[], Some([7; 32])).status,
            405,
            "{path}"
        );
        let below = format!("{path}/a/b");
        assert_eq!(
            bench.send("POST", &below, &[], Some([7; 32])).status,
            404,
            "{below}"
        );
    }
}

#[test]
fn bodies_are_json_by_their_type_and_of_a_few_lines() {
    let bench = Bench::new();
    for path in PATHS {
        let long = json!({ "customer": "x".repeat(body::BYTES_MAX) });
        assert_eq!(bench.in_house(path, &long).status, 400, "{path}");
        let request = http::Request::post(path).header("content-type", "text/plain");
        let request = request
            .body(model::full("{}".to_owned()))
            .expect("a request");
        assert_eq!(bench.answer_to(request, None).status, 400, "{path}");
    }
}

#[test]
fn what_cannot_be_chosen_says_why() {
    let bench = Bench::new();
    for (customer, reasons) in [
        ("harbour-000101", vec![None, None, None]),
        ("harbour-000104", vec![None, Some("joint")]),
        ("harbour-000105", vec![Some("frozen")]),
    ] {
        let answer = bench.in_house(PATHS[1], &json!({ "customer": customer }));
        assert_eq!(answer.status, 200);
        let choice = answer.json();
        let choice = choice["accounts"].as_array().expect("a list");
        let why = choice.iter().map(|one| one.get("unavailable"));
        let why: Vec<_> = why.map(|why| why.and_then(Value::as_str)).collect();
        assert_eq!(why, reasons, "{customer}");
        // The same accounts as an app is told of.
        let ids: Vec<_> = choice.iter().filter_map(|one| one["id"].as_str()).collect();
        assert_eq!(ids, accounts::ids_of(&bench, customer));
    }
    for (body, status) in [
        (json!({ "customer": "harbour-000107" }), 403),
        (json!({ "customer": "li-lei" }), 403),
        (json!({ "customer": null }), 400),
    ] {
        assert_eq!(bench.in_house(PATHS[1], &body).status, status, "{body}");
    }
}

#[test]
fn a_code_is_read_from_the_customers_messages_alone() {
    let bench = Bench::new();
    let over = crypto::base64url(&[7; 32]);
    let line = json!({ "en": "3 accounts for SwiftRide", "zh-CN": "向迅行出行开放 3 个账户" });
    let wanted = json!({ "customer": "harbour-000101", "over": over, "line": line });
    let begun = bench.in_house(PATHS[2], &wanted);
    assert_eq!(begun.status, 201);
    let [message] = bench.bank.messages().try_into().expect("one message");
    let said = String::from_utf8(begun.body.clone()).expect("text");
    assert!(!said.contains(&message.code) && !format!("{message:?}").contains(&message.code));
    assert_eq!((message.customer, message.name_en), ("li-lei", "Li Lei"));
    assert_eq!(message.line_zh, "向迅行出行开放 3 个账户");
    let begun = begun.json();
    let path = format!("{}/{}", PATHS[2], begun["id"].as_str().expect("an id"));
    let good = bench.in_house(&path, &json!({ "over": over, "code": message.code }));
    assert_eq!(
        (good.status, good.json()["outcome"].as_str()),
        (200, Some("good"))
    );
    assert_eq!(bench.bank.messages(), []);
    let unknown = format!("{}/none", PATHS[2]);
    let typed = json!({ "over": over, "code": message.code });
    assert_eq!(bench.in_house(&unknown, &typed).status, 404);
}
