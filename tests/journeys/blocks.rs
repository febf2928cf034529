//! Blocks on the road: one call of a partner, several reads at the bank, one answer.

use std::net::SocketAddr;

use kit::{Answer, Client, HouseBuilder, Partner, Script, ScriptedBank, TestHouse, Version};
use serde_json::{Value, json};

/// What an amount is worth: one rate, and another that may be missed.
const BLOCK: &str = "\
block: exchange
version: 1.0.0
title: { en: What an amount is worth, zh-CN: 金额换算 }
sources: [fx, other]
operations:
  worth:
    expose: GET /exchange/worth
    class: partner
    effect: none
    deadline: 2s
    input: { pair: string, amount: decimal }
    reads:
      rate:   { call: fx.readRate, with: { pair: $input.pair }, timeout: 1s }
      second: { call: other.readRate, with: { pair: $input.pair }, timeout: 200ms, optional: true }
    checks:
      - 422 amount_too_high unless input.amount <= 10000
      - answer nothing unless input.amount > 0
    let:
      worth: input.amount * rate.bid
      isAlone: failed(second)
    reply:
      status: 200
      body: { worth: $worth, bid: $rate.bid, date: $rate.date, isAlone: $isAlone }
    answers:
      nothing: { status: 200, body: { worth: '0' } }
";

/// What the bank's file leaves open: rates are decimals.
const OVERLAY: &str = "\
overlay: 1.0.0
info: { title: Ours, version: '1' }
actions:
  - target: $.components.schemas.Decimal
    update: { format: decimal }
";

const RATE: &str = r#"{"pair":"EUR-CNY","base":"EUR","quote":"CNY","date":"2026-11-24",
    "bid":"7.70","mid":"7.75","ask":"7.80"}"#;

fn http(status: &str, body: &str) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n");
    Script::Answer(format!("{head}Content-Length: {length}\r\n\r\n{body}").into_bytes())
}

/// A house with the block; its second source stands at this address.
fn with_block(other: SocketAddr, block: &str) -> HouseBuilder {
    HouseBuilder::new()
        .write("exchange.block.yaml", block)
        .write("apis/fx.overlay.yaml", OVERLAY)
        .edit(
            "    upstreams:\n",
            &format!(
                "    upstreams:\n      other: {{ endpoints: [\"{other}\"], tls: none, limits: \
                 standard }}\n"
            ),
        )
        .edit(
            "    products:\n",
            "    products:
      exchange:
        block: file:exchange.block.yaml
        sources:
          fx: { openapi: file:apis/fx.yaml, overlay: file:apis/fx.overlay.yaml, upstream: core }
          other: { openapi: file:apis/fx.yaml, overlay: file:apis/fx.overlay.yaml, upstream: other }
        listeners: [api]
        deadline: 30s
",
        )
        .edit(
            "products: [branches, catalogue]",
            "products: [branches, catalogue, exchange]",
        )
}

struct Caller {
    client: Client,
    token: String,
}

impl Caller {
    async fn of(house: &TestHouse) -> Self {
        let partner = Partner::of(house, "swiftride-app");
        let token = partner.bearer(house, "exchange").await;
        let dial = house.dial(Some(&partner.identity), Version::Http2);
        let client = dial.connect(house.api()).await.expect("a connection");
        Self { client, token }
    }

    async fn ask(&mut self, query: &str) -> Answer {
        let target = format!("/exchange/worth{query}");
        let headers = [("authorization", self.token.as_str())];
        self.client.get(&target, &headers).await
    }
}

#[tokio::test]
async fn a_block_reads_two_services_and_answers_once() {
    let bank = ScriptedBank::start(http("200 OK", RATE)).await;
    let house = with_block(bank.address, BLOCK).start().await;
    let mut caller = Caller::of(&house).await;
    let answer = caller.ask("?pair=EUR-CNY&amount=2.50").await;
    let body = answer.ok();
    assert_eq!(body["isAlone"], false);
    assert_eq!(answer.header("x-mortise-degraded"), "");
    let decimal = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    let (worth, bid) = (decimal(&body["worth"]), decimal(&body["bid"]));
    let apart = worth.expect("a decimal") - 2.5 * bid.expect("a decimal");
    assert!(apart.abs() < 1e-9, "{body}");
    assert_eq!((bank.calls(), house.bank.calls_of("readRate")), (1, 1));
    let record = house.recorded(&answer.request_id()).await;
    assert_eq!(record["object"]["product"], "exchange");
    let steps = record["steps"].as_array().expect("its reads");
    let named: Vec<&Value> = steps.iter().map(|step| &step["step"]).collect();
    assert_eq!(named, ["rate", "second"]);
    assert!(
        steps
            .iter()
            .all(|step| step["us"].is_u64() && step["calls"] == 1)
    );
}

/// The block's own problem, by its name.
fn is_too_high(answer: &Answer) {
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(problem["code"], "amount_too_high");
    assert_eq!(problem["type"], "urn:mortise:block:amount_too_high");
    assert_eq!(problem["explain"], answer.request_id());
}

#[tokio::test]
async fn a_check_that_does_not_hold_is_the_blocks_own_problem_and_an_answer_ends_well() {
    let bank = ScriptedBank::start(http("200 OK", RATE)).await;
    let house = with_block(bank.address, BLOCK).start().await;
    let mut caller = Caller::of(&house).await;
    let refused = caller.ask("?pair=EUR-CNY&amount=10000.01").await;
    is_too_high(&refused);
    let record = house.recorded(&refused.request_id()).await;
    assert_eq!(record["outcome"]["status"], 422);
    let ended = caller.ask("?pair=EUR-CNY&amount=0").await;
    assert_eq!(ended.ok(), json!({ "worth": "0" }));
}

#[tokio::test]
async fn what_a_request_says_is_held_to_the_blocks_input() {
    let bank = ScriptedBank::start(http("200 OK", RATE)).await;
    let house = with_block(bank.address, BLOCK).start().await;
    let mut caller = Caller::of(&house).await;
    for (query, pointer) in [
        ("?pair=EUR-CNY", "/query/amount"),
        ("?pair=EUR-CNY&amount=much", "/query/amount"),
        ("?amount=1", "/query/pair"),
        ("?pair=EUR-CNY&amount=1&amont=2", "/query"),
    ] {
        let problem = caller.ask(query).await.refused(400, "request_invalid");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}");
    }
    assert_eq!((bank.calls(), house.bank.calls_of("readRate")), (0, 0));
}

/// Each way in which a service can fail a read, and what a partner is told of it.
fn faults() -> Vec<(&'static str, Script, u16, &'static str)> {
    let long = format!("{{\"pair\":\"{}\"}}", "A".repeat(2 << 20));
    vec![
        (
            "unavailable",
            http("503 Service Unavailable", "{}"),
            503,
            "upstream_unavailable",
        ),
        ("timed_out", Script::Silence, 504, "upstream_timeout"),
        (
            "reset",
            Script::Answer(Vec::new()),
            503,
            "upstream_unavailable",
        ),
        (
            "malformed",
            http("200 OK", "{\"bid\":"),
            502,
            "upstream_invalid",
        ),
        (
            "wrong_type",
            http("200 OK", &RATE.replace("\"7.70\"", "7.70")),
            502,
            "upstream_invalid",
        ),
        ("too_big", http("200 OK", &long), 502, "upstream_invalid"),
        (
            "refused",
            http("404 Not Found", "{}"),
            502,
            "upstream_invalid",
        ),
    ]
}

#[tokio::test]
async fn whatever_befalls_a_read_has_its_outcome_and_names_the_step() {
    let demanded = BLOCK
        .replace(", optional: true", "")
        .replace("failed(second)", "second.bid > 0");
    for (fault, script, status, code) in faults() {
        let bank = ScriptedBank::start(script).await;
        let house = with_block(bank.address, &demanded).start().await;
        let mut caller = Caller::of(&house).await;
        let answer = caller.ask("?pair=EUR-CNY&amount=1").await;
        let problem = answer.refused(status, code);
        assert_eq!(problem["step"], "second", "{fault}");
        let record = house.recorded(&answer.request_id()).await;
        assert_eq!(record["steps"][1]["fault"], fault, "{record}");
        assert_eq!(record["outcome"]["decision"], "failed", "{fault}");
    }
}

#[tokio::test]
async fn what_may_be_missed_is_missed_and_the_answer_says_so() {
    for (fault, script, ..) in faults() {
        let bank = ScriptedBank::start(script).await;
        let house = with_block(bank.address, BLOCK).start().await;
        let mut caller = Caller::of(&house).await;
        let answer = caller.ask("?pair=EUR-CNY&amount=1").await;
        assert_eq!(answer.ok()["isAlone"], true, "{fault}");
        assert_eq!(answer.header("x-mortise-degraded"), "true", "{fault}");
    }
}

#[tokio::test]
async fn nobody_listens_there_and_the_read_is_unavailable() {
    let deaf = tokio::net::TcpSocket::new_v4().expect("a socket");
    deaf.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = deaf.local_addr().expect("an address");
    let house = with_block(address, BLOCK).start().await;
    let mut caller = Caller::of(&house).await;
    let answer = caller.ask("?pair=EUR-CNY&amount=1").await;
    assert_eq!(answer.ok()["isAlone"], true);
}

#[tokio::test]
async fn a_block_is_guarded_as_any_product_is() {
    let bank = ScriptedBank::start(http("200 OK", RATE)).await;
    let house = with_block(bank.address, BLOCK).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let other = partner.bearer(&house, "branches").await;
    let mut caller = Caller::of(&house).await;
    let mine = std::mem::replace(&mut caller.token, other);
    let query = "?pair=EUR-CNY&amount=1";
    caller.ask(query).await.refused(403, "insufficient_scope");
    caller.token = String::new();
    caller.ask(query).await.refused(401, "no_token");
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let dial = house.dial(Some(&cartwheel.identity), Version::Http2);
    caller.client = dial.connect(house.api()).await.expect("a connection");
    caller.token = mine;
    let refused = caller.ask(query).await;
    assert_eq!(refused.status, 401, "{:?}", refused.body);
    assert_eq!((bank.calls(), house.bank.calls_of("readRate")), (0, 0));
}

#[tokio::test]
async fn a_good_edit_is_in_force_and_a_bad_one_is_told_at_its_line_while_the_old_one_serves() {
    let bank = ScriptedBank::start(http("200 OK", RATE)).await;
    let house = with_block(bank.address, BLOCK).start().await;
    let mut caller = Caller::of(&house).await;
    house.edit("exchange.block.yaml", "<= 10000", "<= 100");
    house.reload().await;
    let query = "?pair=EUR-CNY&amount=500";
    is_too_high(&caller.ask(query).await);
    house.edit("exchange.block.yaml", "rate.bid, date", "rate.bit, date");
    let told = house.refuses_to_reload().await;
    for words in [
        "exchange.block.yaml:23:",
        "no member `bit`",
        "did you mean `bid`",
    ] {
        assert!(told.contains(words), "{told}");
    }
    is_too_high(&caller.ask(query).await);
}
