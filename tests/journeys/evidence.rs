//! What a call leaves in the audit log, and when: whoever has been identified is answered only
//! once the record is durable.

use kit::{Answer, HouseBuilder, Method, Partner, Script, ScriptedBank, TestHouse, Version, text};
use serde_json::Value;

use crate::extra;
use crate::process::eventually;
use crate::tokens::is_oauth_error;

/// The records of a request that are on disk now, oldest first.
fn now_on_disk(house: &TestHouse, request: &str) -> Vec<Value> {
    assert_eq!(request.len(), 36, "a request id: {request}");
    house
        .records()
        .into_iter()
        .filter(|record| record["req"] == request)
        .collect()
}

/// The one record of this type that a request has on disk now.
pub(crate) fn one_now(house: &TestHouse, answer: &Answer, kind: &str) -> Value {
    let records = now_on_disk(house, &answer.request_id());
    let mut found = records.iter().filter(|record| record["type"] == kind);
    let first = found
        .next()
        .unwrap_or_else(|| panic!("no {kind} on disk: {records:#?}"));
    assert_eq!(found.next(), None, "two records of {kind}");
    first.clone()
}

/// The same, waited for.
pub(crate) async fn one_soon(house: &TestHouse, request: &str, kind: &str) -> Value {
    let is_it = |record: &Value| record["type"] == kind;
    eventually(kind, || now_on_disk(house, request).into_iter().find(is_it)).await
}

/// Checks what the log tells of an answer's body: a short one that came together with its head is
/// held whole, and its record has length and, unless it is open to all, digest; any other has a
/// record of its end. Says whether it was held.
async fn body_is_told(house: &TestHouse, answer: &Answer, record: &Value) -> bool {
    let request = answer.request_id();
    if let Some(told) = record.get("resp") {
        assert_eq!(told["len"], answer.body.len(), "{record:#}");
        let digest = Value::from(crypto::base64url(&crypto::sha256(&answer.body)));
        let is_open = record["object"]["class"] == "open";
        let expected = (!is_open).then_some(&digest);
        assert_eq!(told.get("sha256"), expected, "{record:#}");
        return true;
    }
    let end = one_soon(house, &request, "api.end").await;
    assert_eq!(end["ended"], "clean", "{end:#}");
    assert_eq!(
        (&end["bytes"]["in"], &end["bytes"]["out"]),
        (&0.into(), &answer.body.len().into())
    );
    assert_eq!(end["log"], record["log"]);
    false
}

async fn get(house: &TestHouse, partner: Option<&Partner>, target: &str, token: &str) -> Answer {
    let dial = house.dial(partner.map(|partner| &partner.identity), Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    if token.is_empty() {
        return client.get(target, &[]).await;
    }
    client.get(target, &[("authorization", token)]).await
}

/// What `x5t` of a record must be.
fn thumbprint(house: &TestHouse, client: &str) -> String {
    let pem = std::fs::read(&house.files(client).certificate).expect("a readable file");
    let chain = crypto::certificates(&pem).expect("certificates in PEM");
    crypto::base64url(&crypto::sha256(&chain[0]))
}

#[tokio::test]
async fn an_open_call_is_recorded_with_its_end_though_its_answer_does_not_wait() {
    let house = TestHouse::start().await;
    let answer = get(&house, None, "/fx/v1/rates/EUR-CNY?date=2026-01-05", "").await;
    let request = answer.request_id();
    let record = one_soon(&house, &request, "api.access").await;
    assert_eq!(record["log"], "bank/harbour");
    assert_eq!(record["iid"], answer.header("x-fapi-interaction-id"));
    assert_eq!(record["net"], "127.0.0.0/24");
    assert_eq!(record["outcome"]["decision"], "allowed", "{record:#}");
    assert_eq!(record["outcome"]["status"], answer.status.as_u16());
    let object = &record["object"];
    assert_eq!(object["path"], "/fx/v1/rates/{pair}", "{object}");
    assert_eq!(
        (&object["product"], &object["op"]),
        (&"fx".into(), &"readRate".into())
    );
    assert_eq!(
        (&object["class"], &object["method"]),
        (&"open".into(), &"GET".into())
    );
    assert!(
        record.get("partner").is_none() && record.get("auth").is_none(),
        "{record:#}"
    );
    assert!(record["timing"]["up_us"].as_u64() <= record["timing"]["us"].as_u64());
    body_is_told(&house, &answer, &record).await;
}

#[tokio::test]
async fn a_partners_record_is_on_disk_when_its_answer_is_here() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let asked = partner.ask_token(&house, "branches catalogue").await;
    let issued = one_now(&house, &asked, "oauth.token");
    assert_eq!(issued["outcome"]["decision"], "allowed", "{issued:#}");
    assert_eq!(
        (&issued["outcome"]["status"], &issued["pseq"]),
        (&200.into(), &1.into())
    );
    assert_eq!(issued["grant"], "client_credentials");
    assert_eq!(issued["scope"], "branches catalogue");
    assert_eq!(issued["aud"], house.api_url());
    let token = format!(
        "Bearer {}",
        asked.json()["access_token"].as_str().expect("a token")
    );
    for number in 2..6 {
        let answer = get(
            &house,
            Some(&partner),
            "/branches/v1/branches?limit=2",
            &token,
        )
        .await;
        assert_eq!(answer.status, 200);
        let record = one_now(&house, &answer, "api.access");
        assert_eq!(record["outcome"]["decision"], "allowed", "{record:#}");
        assert_eq!(record["outcome"]["status"], 200);
        assert_eq!(record["partner"]["id"], "swiftride");
        assert_eq!(record["partner"]["client"], "swiftride-app");
        assert_eq!(record["auth"]["x5t"], thumbprint(&house, "swiftride-app"));
        assert_eq!(record["auth"]["jti"], issued["auth"]["jti"]);
        assert_eq!(record["log"], "bank/harbour");
        // The ends of the answers before may stand between.
        let pseq = record["pseq"].as_u64().expect("a number");
        assert!(pseq >= number, "{record:#}");
    }
}

#[tokio::test]
async fn a_refused_token_request_is_on_disk_when_its_answer_is_here() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let dial = partner.dial(&house, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let first = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    assert_eq!(first.status, 200);
    let refused = partner
        .ask_token_on(&mut client, "payments", &assertion)
        .await;
    is_oauth_error(&refused, 401, "invalid_client", "jti was used before");
    // Who used it twice was known by its signature.
    let record = one_now(&house, &refused, "oauth.token");
    assert_eq!(record["outcome"]["decision"], "refused", "{record:#}");
    assert_eq!(record["outcome"]["status"], 401, "{record:#}");
    assert_eq!(record["outcome"]["code"], "invalid_client", "{record:#}");
    assert_eq!(record["partner"]["id"], "swiftride", "{record:#}");
    assert_eq!(record["partner"]["client"], "swiftride-app", "{record:#}");

    let scope = partner.ask_token(&house, "payments").await;
    is_oauth_error(&scope, 400, "invalid_scope", "not open to this client");
    let record = one_now(&house, &scope, "oauth.token");
    assert_eq!(record["outcome"]["decision"], "refused", "{record:#}");
    assert_eq!(record["outcome"]["status"], 400);
    assert_eq!(record["partner"]["id"], "swiftride");
    assert!(
        record["outcome"]["rule"]
            .as_str()
            .is_some_and(|rule| !rule.is_empty())
    );
}

#[tokio::test]
async fn refusals_after_identify_are_on_disk_when_they_are_here() {
    let house = HouseBuilder::new()
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 1/h, burst: 2 requests",
        )
        .start()
        .await;
    let swiftride = Partner::of(&house, "swiftride-app");
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let narrow = swiftride.bearer(&house, "catalogue").await;
    let strange = cartwheel.bearer(&house, "catalogue").await;
    let branches = "/branches/v1/branches";
    let mut seen = Vec::new();
    for (partner, token, id) in [
        (&cartwheel, &strange, "cartwheel"),
        (&swiftride, &narrow, "swiftride"),
        (&swiftride, &narrow, "swiftride"),
        (&swiftride, &narrow, "swiftride"),
    ] {
        let answer = get(&house, Some(partner), branches, token).await;
        let record = one_now(&house, &answer, "api.access");
        let outcome = &record["outcome"];
        assert_eq!(outcome["decision"], "refused", "{record:#}");
        assert_eq!(outcome["status"], answer.status.as_u16(), "{record:#}");
        assert_eq!(outcome["code"], answer.code(), "{record:#}");
        assert!(
            outcome["rule"]
                .as_str()
                .is_some_and(|rule| !rule.is_empty()),
            "{record:#}"
        );
        assert_eq!(record["partner"]["id"], id, "{record:#}");
        assert_eq!(record["object"]["op"], "listBranches");
        seen.push((answer.status.as_u16(), answer.code()));
    }
    let expected = [
        (403, "no_agreement"),
        (403, "insufficient_scope"),
        (403, "insufficient_scope"),
        (429, "rate_limited"),
    ];
    assert_eq!(
        seen,
        expected.map(|(status, code)| (status, code.to_owned()))
    );
    // With a certificate but without a token the partner is known all the same.
    let answer = get(&house, Some(&swiftride), branches, "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (401, "no_token".into())
    );
    assert_eq!(
        one_now(&house, &answer, "api.access")["partner"]["id"],
        "swiftride"
    );
}

#[tokio::test]
async fn refusals_before_identify_are_recorded_too() {
    let house = TestHouse::start().await;
    let unknown = get(&house, None, "/nowhere", "").await;
    let record = one_soon(&house, &unknown.request_id(), "api.access").await;
    assert_eq!(
        (&record["log"], &record["outcome"]["status"]),
        (&"house".into(), &404.into())
    );
    assert_eq!(record["outcome"]["code"], "unknown_route");
    assert!(record.get("object").is_none(), "{record:#}");
    let bare = get(&house, None, "/branches/v1/branches", "").await;
    let record = one_soon(&house, &bare.request_id(), "api.access").await;
    assert_eq!(record["log"], "bank/harbour");
    assert_eq!(record["outcome"]["code"], bare.code());
    assert!(record.get("partner").is_none(), "{record:#}");
}

#[tokio::test]
async fn no_record_holds_a_path_a_query_a_token_or_a_key() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let dial = partner.dial(&house, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let issued = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await
        .json();
    let token = issued["access_token"].as_str().expect("a token");
    let bearer = format!("Bearer {token}");
    let broken = format!("Bearer {token}x");
    let place = "/branches/v1/branches/nobody-knows-me";
    for (target, token) in [
        ("/fx/v1/rates/EUR-CNY?date=2026-01-06", ""),
        ("/branches/v1/branches?city=shanghai", &bearer),
        (place, &bearer),
        (place, &broken),
        ("/sess-4711/none?password=hunter2", &bearer),
        ("/fx/v1/../secret-segment", ""),
    ] {
        let answer = client
            .get(
                target,
                &[("authorization", token), ("cookie", "sid=c0ffee")],
            )
            .await;
        one_soon(&house, &answer.request_id(), "api.access").await;
    }
    let read = |token: &str| token.rsplit('.').next().expect("a signature").to_owned();
    let (signature, proof) = (read(token), read(&assertion));
    let key = text(&house.files("swiftride-app").key);
    let key_line = key.lines().nth(1).expect("a line of a key");
    let log: String = house.records().iter().map(Value::to_string).collect();
    assert!(log.contains("/branches/v1/branches/{id}") && log.contains("/fx/v1/rates/{pair}"));
    for secret in [
        token,
        &signature,
        &assertion,
        &proof,
        key_line,
        "eyJ",
        "Bearer",
        "EUR-CNY",
        "2026-01-06",
        "shanghai",
        "nobody-knows-me",
        "sess-4711",
        "hunter2",
        "secret-segment",
        "c0ffee",
    ] {
        assert!(!log.contains(secret), "a record holds {secret}");
    }
}

#[tokio::test]
async fn the_records_of_two_banks_lie_in_two_logs() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    let other = ScriptedBank::start(Script::Answer(answer)).await;
    let builder = HouseBuilder::new();
    let issuer = format!("{}/lagoon", builder.prepared().issuer_url);
    let bank = format!(
        "banks:
  lagoon:
    issuer: {{ url: {issuer}, access_token_lifetime: 300s, profile: fapi2, keys: {{ kek: file:keys/kek }} }}
    partner_ca:
      authorities: [file:trust/partners-ca.pem]
      revocation: {{ crl: [file:trust/partners.crl], refuse_when_older_than: 720h }}
    upstreams: {{ core: {{ endpoints: [\"{}\"], tls: none, limits: standard }} }}
    products:
      rates: {{ openapi: file:apis/rates.yaml, upstream: core, listeners: [api], deadline: 30s }}
",
        other.address
    );
    let api = text(&builder.dir().join("apis/fx.yaml")).replace("/fx/v1", "/lagoon-fx");
    let house = builder
        .edit("banks:\n", &bank)
        .write("apis/rates.yaml", &api)
        .start()
        .await;
    let ours = get(&house, None, "/fx/v1/rates", "").await;
    let theirs = get(&house, None, "/lagoon-fx/rates", "").await;
    assert_eq!((ours.status.as_u16(), theirs.status.as_u16()), (200, 200));
    assert_eq!(other.calls(), 1);
    for (answer, log, bank) in [
        (&ours, "bank/harbour", "harbour"),
        (&theirs, "bank/lagoon", "lagoon"),
    ] {
        let record = one_soon(&house, &answer.request_id(), "api.access").await;
        assert_eq!(record["log"], log, "{record:#}");
        body_is_told(&house, answer, &record).await;
        let of_log = |record: &Value| record["log"] == log && record["object"]["bank"].is_string();
        let records: Vec<Value> = house.records().into_iter().filter(of_log).collect();
        assert!(!records.is_empty() && records.iter().all(|r| r["object"]["bank"] == bank));
    }
}

#[tokio::test]
async fn a_short_answer_is_held_and_one_record_tells_all_of_it() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken".to_vec();
    let bank = ScriptedBank::start(Script::Answer(answer)).await;
    let house = extra::add(HouseBuilder::new(), "extra", bank.address)
        .start()
        .await;
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let answer = client.get("/extra/open", &[]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"taken"[..])
        );
        let record = one_soon(&house, &answer.request_id(), "api.access").await;
        if body_is_told(&house, &answer, &record).await {
            drop(client);
            let ends = |record: &Value| record["type"] == "api.end";
            let records = now_on_disk(&house, &answer.request_id());
            assert!(!records.iter().any(ends), "{records:#?}");
        }
    }
}

#[tokio::test]
async fn a_body_sent_up_is_counted_in_the_record_of_the_end() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ntaken".to_vec();
    let bank = ScriptedBank::start(Script::Pause(answer, Vec::new())).await;
    let house = extra::add(HouseBuilder::new(), "extra", bank.address)
        .start()
        .await;
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let body = vec![7_u8; 3_000];
    let sent = client
        .call(Method::POST, "/extra/open", &[], body)
        .await
        .expect("an answer");
    assert_eq!((sent.status.as_u16(), &sent.body[..]), (200, &b"taken"[..]));
    let end = one_soon(&house, &sent.request_id(), "api.end").await;
    assert_eq!(
        (&end["bytes"]["out"], &end["ended"]),
        (&5.into(), &"clean".into()),
        "{end:#}"
    );
    assert_eq!(end["bytes"]["in"], 3_000, "{end:#}");
}
