//! The road: a call goes through to the bank, and what may not go with it stays here.

use kit::{Answer, Dial, EchoBank, HouseBuilder, Identity, Method, Partner, TestHouse, Version};
use model::{Clock, SystemClock};
use serde_json::Value;

const RATE: &str = "/fx/v1/rates/EUR-CNY";
const INTERACTION: &str = "93bac548-d2de-4546-b106-880a5018460D";

/// The bank itself, asked past the gateway with the gateway's own certificate.
fn dial_bank(house: &TestHouse) -> Dial {
    let prepared = house.prepared();
    let key = house.dir().join("tls/gateway-client.key");
    let gateway = Identity::from_files(&prepared.gateway_certificate, &key);
    house.dial(Some(&gateway), Version::Http1)
}

async fn get(house: &TestHouse, version: Version, target: &str) -> Answer {
    let dial = house.dial(None, version);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    client.get(target, &[]).await
}

#[tokio::test]
async fn an_open_call_goes_through_and_the_answer_is_the_banks() {
    let house = TestHouse::start().await;
    let mut bank = dial_bank(&house)
        .connect(house.bank_address())
        .await
        .expect("the bank");
    let theirs = bank.get(RATE, &[]).await;
    let rate = theirs.ok();
    assert_eq!(rate["pair"], "EUR-CNY");
    for version in Version::BOTH {
        let ours = get(&house, version, RATE).await;
        assert_eq!(ours.ok(), rate, "{version:?}");
        assert_eq!(ours.body, theirs.body, "{version:?}");
        assert_eq!(ours.header("content-type"), "application/json");
        ours.has_ids();
    }
    assert_eq!(house.bank.calls_of("readRate"), 3);
}

#[tokio::test]
async fn l_15_date_of_a_resources_answer_is_within_five_minutes_of_the_true_time() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        for (target, status) in [(RATE, 200), ("/branches/v1/branches", 401), ("/x", 404)] {
            let answer = get(&house, version, target).await;
            assert_eq!(answer.status, status);
            let date = answer.header("date");
            let date = jiff::fmt::rfc2822::parse(date).unwrap_or_else(|_| panic!("{date}"));
            let apart = date.timestamp().duration_since(SystemClock::new().now());
            assert!(apart.abs().as_secs() < 300, "{target}: {date}");
        }
    }
}

#[tokio::test]
async fn a_client_of_tls_1_2_is_served_and_one_version_is_as_good_as_the_other() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    for version in Version::BOTH {
        let dial = house.dial12(Some(&partner.identity), version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        assert!(client.is_tls12());
        client.get(RATE, &[]).await.ok();
        let branches = client
            .get("/branches/v1/branches", &[("authorization", &token)])
            .await;
        assert!(branches.ok()["data"].is_array());
    }
}

#[tokio::test]
async fn a_refusal_of_the_banks_is_passed_on_as_it_is() {
    let house = TestHouse::start().await;
    let mut bank = dial_bank(&house)
        .connect(house.bank_address())
        .await
        .expect("the bank");
    for target in ["/fx/v1/rates?base=XXX", "/fx/v1/rates/EUR-EUR"] {
        let theirs = bank.get(target, &[]).await;
        let ours = get(&house, Version::Http2, target).await;
        assert!(ours.status.is_client_error(), "{:?}", ours.body);
        assert_eq!(ours.status, theirs.status);
        assert_eq!(ours.body, theirs.body);
        assert_eq!(ours.header("content-type"), "application/problem+json");
        ours.has_ids();
    }
}

#[tokio::test]
async fn every_answer_bears_both_ids_and_the_partners_is_echoed() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut api = dial.connect(house.api()).await.expect("a connection");
        let mut issuer = dial.connect(house.issuer()).await.expect("a connection");
        let mut requests = Vec::new();
        let mut made = Vec::new();
        for (target, status) in [
            (RATE, 200),
            ("/fx/v1/rates?base=XXX", 400),
            ("/nowhere", 404),
            ("/branches/v1/branches", 401),
            ("/fx/v1/../rates", 400),
        ] {
            let echoed = api
                .get(target, &[("x-fapi-interaction-id", INTERACTION)])
                .await;
            assert_eq!(echoed.status, status, "{target}");
            echoed.has_ids();
            assert_eq!(
                echoed.header("x-fapi-interaction-id"),
                INTERACTION,
                "{target}"
            );
            let fresh = api.get(target, &[]).await;
            let unfit = api
                .get(target, &[("x-fapi-interaction-id", "not-a-uuid")])
                .await;
            for answer in [fresh, unfit] {
                answer.has_ids();
                made.push(answer.header("x-fapi-interaction-id").to_owned());
                requests.push(answer.request_id());
            }
            requests.push(echoed.request_id());
        }
        let posted = issuer
            .call(Method::POST, "/token", &[], "")
            .await
            .expect("an answer");
        assert_eq!(
            (posted.status.as_u16(), posted.code().as_str()),
            (400, "invalid_request")
        );
        posted.has_ids();
        requests.push(posted.request_id());
        for list in [&mut requests, &mut made] {
            let count = list.len();
            list.sort();
            list.dedup();
            assert_eq!(list.len(), count, "an id stands twice: {list:?}");
        }
    }
}

#[tokio::test]
async fn what_the_edge_itself_refuses_bears_both_ids_too() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let twice = [
            ("authorization", "Bearer a"),
            ("authorization", "Bearer b"),
            ("x-fapi-interaction-id", INTERACTION),
        ];
        let answer = client.get(RATE, &twice).await;
        answer.refused_saying(400, "malformed_request", "Authorization must be sent once");
        assert_eq!(answer.header("x-fapi-interaction-id"), INTERACTION);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let answer = client.get(RATE, &[("expect", "miracles")]).await;
        answer.refused_saying(417, "malformed_request", "100-continue");
    }
}

/// The values of a header as the bank got them.
fn came(echo: &Value, name: &str) -> Vec<String> {
    let values = echo["headers"][name]
        .as_array()
        .cloned()
        .unwrap_or_default();
    values
        .iter()
        .map(|value| value.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What a partner may write and the bank must never read.
const OURS_TO_SAY: [(&str, &str); 16] = [
    ("x-forwarded-for", "198.51.100.7"),
    ("x-forwarded-host", "bank.example"),
    ("x-envoy-upstream-rq-timeout-ms", "1"),
    ("x-envoy-retry-on", "5xx"),
    ("forwarded", "for=198.51.100.7"),
    ("x-real-ip", "198.51.100.7"),
    ("client-cert", ":Zm9yZ2Vk:"),
    ("client-cert-chain", ":Zm9yZ2Vk:"),
    ("x-client-cert", "forged"),
    ("x-ssl-client-verify", "SUCCESS"),
    ("dpop", "forged"),
    ("proxy-authorization", "Basic Zm9yZ2Vk"),
    ("x-mortise-identity", "forged"),
    ("x-mortise-partner", "cartwheel"),
    ("x_request_id", "forged"),
    ("x-request-id", "forged"),
];

#[tokio::test]
async fn what_only_we_may_say_never_reaches_the_bank() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    for version in Version::BOTH {
        let mut client = partner
            .dial(&house, version)
            .connect(house.api())
            .await
            .expect("a connection");
        let mut headers = vec![("authorization", token.as_str())];
        headers.extend(OURS_TO_SAY);
        for target in ["/echo/v1/open", "/echo/v1/guarded"] {
            let answer = client.get(target, &headers).await;
            let echo = answer.ok();
            for (name, forged) in OURS_TO_SAY {
                let came = came(&echo, name);
                assert!(
                    !came.contains(&forged.to_owned()),
                    "{name} came through: {came:?}"
                );
            }
            assert!(
                came(&echo, "authorization").is_empty(),
                "the token left the house"
            );
            assert_eq!(came(&echo, "x-request-id"), [answer.request_id()]);
            let interaction = answer.header("x-fapi-interaction-id");
            assert_eq!(came(&echo, "x-fapi-interaction-id"), [interaction]);
            let assertions = came(&echo, "x-mortise-identity").len();
            assert_eq!(
                assertions,
                usize::from(target == "/echo/v1/guarded"),
                "{target}"
            );
        }
    }
}

#[tokio::test]
async fn hop_by_hop_fields_end_here_in_http_1_1() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let hops = [
        ("connection", "keep-alive, x-inner"),
        ("x-inner", "for you alone"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("upgrade", "websocket"),
    ];
    let echo = client.get("/echo/v1/open", &hops).await.ok();
    for name in ["x-inner", "keep-alive", "proxy-connection", "te", "upgrade"] {
        assert!(came(&echo, name).is_empty(), "{name}: {echo}");
    }
    let connection = came(&echo, "connection").join(",");
    assert!(!connection.contains("x-inner"), "{connection}");
    let answer = client
        .get("/echo/v1/open", &[("connection", "authorization")])
        .await;
    answer.refused_saying(400, "malformed_request", "Connection must not name a field");
}

#[tokio::test]
async fn the_query_and_what_is_the_partners_to_say_go_on() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let headers = [
            ("traceparent", traceparent),
            ("tracestate", "shop=1"),
            ("accept-language", "zh-CN"),
            ("x-partner-note", "one"),
            ("x-partner-note", "two"),
        ];
        let target = "/echo/v1/open?city=%E4%B8%8A%E6%B5%B7&a=1&a=2&empty=&+";
        let echo = client.get(target, &headers).await.ok();
        assert_eq!(echo["target"], target);
        assert_eq!(echo["method"], "GET");
        assert_eq!(came(&echo, "traceparent"), [traceparent]);
        assert_eq!(came(&echo, "tracestate"), ["shop=1"]);
        assert_eq!(came(&echo, "accept-language"), ["zh-CN"]);
        assert_eq!(came(&echo, "x-partner-note"), ["one", "two"]);
    }
}

#[tokio::test]
async fn each_version_meets_a_bank_of_each_version_over_mutual_tls() {
    for behind in Version::BOTH {
        let builder = HouseBuilder::new();
        let bank = EchoBank::tls(&builder, behind).await;
        let house = builder.with_echo(&bank).start().await;
        let gateway = house.prepared().gateway_certificate.clone();
        let gateway = Identity::from_files(&gateway, &house.dir().join("tls/gateway-client.key"));
        let partner = Partner::of(&house, "swiftride-app");
        let token = partner.bearer(&house, "echo").await;
        let sent = vec![b'x'; 100_000];
        for before in Version::BOTH {
            let mut client = partner
                .dial(&house, before)
                .connect(house.api())
                .await
                .expect("a connection");
            let headers = [("authorization", token.as_str())];
            let answer = client.call(Method::POST, "/echo/v1/guarded", &headers, sent.clone());
            let echo = answer.await.expect("an answer").ok();
            let spoken = if behind == Version::Http2 {
                "HTTP/2.0"
            } else {
                "HTTP/1.1"
            };
            assert_eq!(echo["version"], spoken, "{before:?}");
            assert_eq!(echo["bytes"], sent.len());
            assert_eq!(echo["sha256"], crypto::hex(&crypto::sha256(&sent)));
            assert_eq!(echo["certificate"], gateway.thumbprint());
        }
        assert_eq!(bank.calls(), 2);
    }
}
