//! The consent resource: a partner asks for a consent first, its app names it when it sends the
//! customer, the partner sees what became of it and gives it back; and nobody sees another's.

use jiff::Timestamp;
use kit::{Answer, Browser, HouseBuilder, Method, TestHouse, html, query};
use serde_json::{Value, json};

use super::{account, code_of, given, on};
use crate::grants::{App, Form, log_in};

const CONSENTS: &str = "/consents/v1/consents";
const ACCOUNTS: &str = "/accounts/v1/accounts";

/// A partner of a house whose agreement lets it call often, with a token of its own.
pub(super) struct Partner<'h> {
    pub(super) app: App<'h>,
    bearer: String,
}

/// A house in which a partner may call as often as a test does.
pub(super) fn roomy() -> HouseBuilder {
    let rate = "rate: 5/s, burst: 10 requests, concurrent: 8 requests";
    let more = "rate: 500/s, burst: 900 requests, concurrent: 64 requests";
    let (jwks, callback) = (
        "jwks: file:partners/cartwheel.jwks.json }",
        "jwks: file:partners/cartwheel.jwks.json, response_modes: [query], \
         redirect_uris: [https://app.swiftride.example/callback] }",
    );
    HouseBuilder::consenting()
        .edit(rate, more)
        .edit(jwks, callback)
}

impl<'h> Partner<'h> {
    pub(super) async fn of(house: &'h TestHouse, client: &str) -> Self {
        let mut app = App::of(house, client).await;
        let form = Form::own().with("scope", Some("consents"));
        let token = app.post("/token", form).await.ok();
        let token = token["access_token"].as_str().expect("a token");
        Self {
            bearer: format!("Bearer {token}"),
            app,
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let headers = [
            ("authorization", self.bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let sent = self
            .app
            .client
            .call(method, path, &headers, body.to_owned());
        sent.await.expect("an answer")
    }

    pub(super) async fn lodge(&mut self, wish: &Value) -> Answer {
        self.send(Method::POST, CONSENTS, &wish.to_string()).await
    }

    /// The id of a consent that is asked for now.
    pub(super) async fn lodged(&mut self, wish: &Value) -> String {
        let answer = self.lodge(wish).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().expect("an id").to_owned()
    }

    pub(super) async fn read(&mut self, id: &str) -> Answer {
        self.send(Method::GET, &format!("{CONSENTS}/{id}"), "")
            .await
    }

    pub(super) async fn end(&mut self, id: &str) -> Answer {
        let path = format!("{CONSENTS}/{id}");
        self.send(Method::DELETE, &path, "").await
    }

    /// What the road answers to a customer's token.
    pub(super) async fn call(&mut self, token: &Value) -> Answer {
        let bearer = format!("Bearer {}", token.as_str().expect("a token"));
        let headers = [("authorization", bearer.as_str())];
        self.app.client.get(ACCOUNTS, &headers).await
    }
}

/// A request that names a consent.
fn naming(id: &str, scope: &str) -> Form {
    let details = json!([{ "type": "consent", "consent_id": id }]);
    Form::request()
        .with("scope", Some(scope))
        .with("authorization_details", Some(&details.to_string()))
}

#[tokio::test]
async fn what_a_partner_asked_for_first_is_given_read_and_given_back() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let wish = json!({
        "scope": "accounts",
        "purpose": "account_overview",
        "data_from": "2026-01-01",
        "per_day_unattended": 2,
    });
    let answer = partner.lodge(&wish).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let told = answer.json();
    let id = told["id"].as_str().expect("an id").to_owned();
    assert_eq!(answer.header("location"), format!("{CONSENTS}/{id}"));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(told["status"], "awaiting_authorisation");
    assert_eq!(told["asked"]["scope"], "accounts");
    assert_eq!(told["asked"]["data_from"], "2026-01-01");
    assert_eq!(told.get("given"), None, "{told}");
    assert_eq!(partner.read(&id).await.ok(), told);

    // The customer is asked for just that, and gives one account.
    let link = partner.app.pushed_link(naming(&id, "openid accounts"));
    let link = link.await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, "li-lei").await;
    for said in ["1 January 2026", "at most 2 times a day"] {
        assert!(html(&review).contains(said), "{said}: {}", html(&review));
    }
    let chosen = account(&review, 1);
    let back = given(&house, &mut browser, &review, ("li-lei", &[1])).await;
    let code = query(&back).remove("code").expect("a code");
    let tokens = partner.app.post("/token", Form::code(&code)).await.ok();
    let named = json!([{ "type": "consent", "consent_id": id }]);
    assert_eq!(tokens["authorization_details"], named, "{tokens}");
    let token = &tokens["access_token"];
    let claims = crate::grants::claims(token);
    assert_eq!(claims["grant_id"], id.as_str(), "one object");
    assert_eq!(
        partner.call(token).await.ok()["data"][0]["accountId"],
        chosen
    );

    let told = partner.read(&id).await.ok();
    assert_eq!(told["status"], "authorised", "{told}");
    let given = &told["given"];
    assert_eq!(given["resources"], 1, "{told}");
    assert_eq!(given["clusters"], json!(["account_list", "balance"]));
    assert_eq!(given["purpose"], "account_overview");
    assert_eq!(given["data_from"], "2026-01-01");
    assert_eq!(given["per_day_unattended"], 2);
    // Neither who nor which account is a partner's to know.
    for secret in [chosen.as_str(), "li-lei", "harbour-"] {
        assert!(!told.to_string().contains(secret), "{secret}: {told}");
    }

    // Given back, it opens nothing from the next call on.
    assert_eq!(partner.end(&id).await.status, 204);
    partner.call(token).await.refused(403, "consent_withdrawn");
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let refused = partner.app.post("/token", Form::refresh(refresh)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.json()["error"], "invalid_grant");
    let told = partner.read(&id).await.ok();
    assert_eq!(told["status"], "withdrawn", "{told}");
    assert_eq!(told["ended_by"], "partner");
    assert_eq!(partner.end(&id).await.status, 204, "it stays ended");

    // Each edge is in the log, under the one id.
    let (_, records) = house.end().await;
    let digest = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let edges: Vec<_> = records
        .iter()
        .filter(|record| record["type"] == "oauth.grant" && record["gid"] == digest.as_str())
        .map(|record| record["action"].as_str().expect("text"))
        .collect();
    assert_eq!(
        edges,
        [
            "consent.lodge",
            "consent.open",
            "consent.allow",
            "grant.approve",
            "code.redeem",
            "consent.withdraw",
        ]
    );
}

#[tokio::test]
async fn another_clients_consent_is_as_unknown_as_one_that_there_is_not() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let id = partner.lodged(&json!({ "scope": "accounts" })).await;
    let mut other = Partner::of(&house, "cartwheel-app").await;
    let mut bodies = Vec::new();
    for unknown in [
        id.as_str(),
        "AAAAAAAAAAAAAAAAAAAAAA",
        "no%20id",
        &"x".repeat(300),
    ] {
        let read = other.read(unknown).await.refused(404, "unknown_consent");
        let ended = other.end(unknown).await.refused(404, "unknown_consent");
        for mut body in [read, ended] {
            body["explain"] = Value::Null;
            bodies.push(body);
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one body: {bodies:#?}");
    let told = partner.read(&id).await.ok();
    assert_eq!(told["status"], "awaiting_authorisation", "nothing changed");

    // Nor is it named at the issuer.
    let mut said = Vec::new();
    for unknown in [id.as_str(), "AAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = other.app.post("/par", naming(unknown, "accounts")).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        said.push(refused.json());
    }
    assert_eq!(
        said[0]["error"], "invalid_authorization_details",
        "{said:?}"
    );
    assert_eq!(said[0], said[1]);
}

#[tokio::test]
async fn a_named_consent_is_asked_for_as_it_was_lodged_or_not_at_all() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let id = partner.lodged(&json!({ "scope": "accounts" })).await;
    for scope in ["accounts transactions", "transactions", "openid"] {
        let refused = partner.app.post("/par", naming(&id, scope)).await;
        assert_eq!(refused.status, 400, "{scope}: {refused:?}");
        let error = &refused.json()["error"];
        assert_eq!(error, "invalid_authorization_details", "{scope}");
    }
    let pushed = partner.app.post("/par", naming(&id, "accounts")).await;
    assert_eq!(pushed.status, 201, "{pushed:?}");
    // Given back before anybody came, it is named no more.
    assert_eq!(partner.end(&id).await.status, 204);
    assert_eq!(partner.read(&id).await.ok()["status"], "refused");
    let refused = partner.app.post("/par", naming(&id, "accounts")).await;
    assert_eq!(refused.status, 400, "{refused:?}");
}

#[tokio::test]
async fn values_that_were_lodged_are_shown_and_bound() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let check = json!({
        "type": "funds_check",
        "max_amount": { "currency": "CNY", "value": "3000.00" },
    });
    let wish = json!({ "scope": "funds", "authorization_details": [check] });
    let id = partner.lodged(&wish).await;
    let link = partner.app.pushed_link(naming(&id, "funds")).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, "li-lei").await;
    let chosen = account(&review, 1);
    let fields = [
        ("separate", "yes"),
        ("act", "allow"),
        ("account", chosen.as_str()),
    ];
    let values = on(&mut browser, &review, &fields).await;
    assert!(html(&values).contains("3,000.00"), "{}", html(&values));
    let confirm = on(&mut browser, &values, &[("act", "allow")]).await;
    let code = code_of(&house, "li-lei");
    let done = on(&mut browser, &confirm, &[("code", &code), ("act", "allow")]).await;
    let code = query(&kit::way_back(&done)).remove("code").expect("a code");
    let tokens = partner.app.post("/token", Form::code(&code)).await.ok();
    let details = tokens["authorization_details"].as_array().expect("details");
    assert_eq!(details.len(), 2, "{details:?}");
    assert_eq!(details[0]["account"], chosen.as_str(), "{details:?}");
    assert_eq!(details[0]["max_amount"]["value"], "3000.00", "{details:?}");
    assert_eq!(details[1]["consent_id"], id.as_str(), "{details:?}");
}

#[tokio::test]
async fn a_consent_that_is_given_back_while_its_customer_reads_ends_their_visit() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let id = partner.lodged(&json!({ "scope": "accounts" })).await;
    let link = partner.app.pushed_link(naming(&id, "accounts")).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, "li-lei").await;
    assert_eq!(partner.end(&id).await.status, 204);
    let chosen = account(&review, 1);
    let fields = [
        ("separate", "yes"),
        ("act", "allow"),
        ("account", chosen.as_str()),
    ];
    let done = on(&mut browser, &review, &fields).await;
    let back = query(&kit::way_back(&done));
    assert_eq!(back["error"], "access_denied", "{back:?}");
    assert_eq!(back["state"], "s-1 &=?");
    assert_eq!(back["iss"], house.issuer_url());
    let told = partner.read(&id).await.ok();
    assert_eq!(
        (&told["status"], &told["ended_by"]),
        (&json!("refused"), &json!("partner"))
    );
}

/// Wishes that are refused, each with the JSON Pointer to what is wrong.
fn ill_formed(now: Timestamp) -> Vec<(Value, Option<&'static str>)> {
    let after = |minutes: i64| {
        let later = jiff::SignedDuration::from_mins(minutes);
        now.checked_add(later).expect("in range").to_string()
    };
    let check = json!({ "type": "funds_check" });
    vec![
        (json!([]), None),
        (json!({}), Some("/scope")),
        (json!({ "scope": 7 }), Some("/scope")),
        (json!({ "scope": "" }), Some("/scope")),
        (json!({ "scope": "openid accounts" }), Some("/scope")),
        (json!({ "scope": "accounts nothing" }), Some("/scope")),
        // It opens nothing of a customer's.
        (json!({ "scope": "branches" }), Some("/scope")),
        (json!({ "scope": "consents" }), Some("/scope")),
        (json!({ "scope": "accounts", "id": "x" }), Some("/id")),
        (
            json!({ "scope": "accounts", "status": "authorised" }),
            Some("/status"),
        ),
        (json!({ "scope": "accounts", "a/b~c": 1 }), Some("/a~1b~0c")),
        (
            json!({ "scope": "accounts", "purpose": "order_cover" }),
            Some("/purpose"),
        ),
        (
            json!({ "scope": "accounts", "expires_at": "tomorrow" }),
            Some("/expires_at"),
        ),
        (
            json!({ "scope": "accounts", "expires_at": after(0) }),
            Some("/expires_at"),
        ),
        (
            json!({ "scope": "accounts", "expires_at": after(-60) }),
            Some("/expires_at"),
        ),
        (
            json!({ "scope": "accounts", "expires_at": after(44) }),
            Some("/expires_at"),
        ),
        (
            json!({ "scope": "accounts", "expires_at": after(181 * 1_440) }),
            Some("/expires_at"),
        ),
        (
            json!({ "scope": "accounts", "data_from": "2026-02-30" }),
            Some("/data_from"),
        ),
        (
            json!({ "scope": "accounts", "data_from": "2026-02-02", "data_until": "2026-02-01" }),
            Some("/data_until"),
        ),
        (
            json!({ "scope": "accounts", "per_day_unattended": 5 }),
            Some("/per_day_unattended"),
        ),
        (
            json!({ "scope": "accounts", "per_day_unattended": -1 }),
            Some("/per_day_unattended"),
        ),
        (json!({ "scope": "funds" }), Some("/authorization_details")),
        (
            json!({ "scope": "funds", "authorization_details": {} }),
            Some("/authorization_details"),
        ),
        (
            json!({ "scope": "funds", "authorization_details": [check] }),
            Some("/authorization_details/0"),
        ),
    ]
}

#[tokio::test]
async fn members_that_are_ours_to_set_and_all_that_is_ill_formed_are_refused() {
    let house = roomy().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    for (wish, pointer) in ill_formed(house.now()) {
        let answer = partner.lodge(&wish).await;
        let problem = answer.refused(400, "request_invalid");
        let expected = problem["expected"].as_str().expect("text");
        match pointer {
            Some(pointer) => assert!(
                expected.contains(&format!("At {pointer} ")),
                "{wish} {problem}"
            ),
            None => assert!(!expected.contains("At /"), "{wish} {problem}"),
        }
    }
    for text in [
        "",
        "{",
        "{\"scope\":\"accounts\",\"scope\":\"accounts\"}",
        "\u{feff}{}",
    ] {
        let answer = partner.send(Method::POST, CONSENTS, text).await;
        answer.refused(400, "request_invalid");
    }
    let long = "x".repeat(70_000);
    let answer = partner.send(Method::POST, CONSENTS, &long).await;
    answer.refused(413, "body_too_large");
    // Whoever has no token for it does not come so far.
    let token = partner.app.post("/token", Form::own()).await.ok();
    partner.bearer = format!(
        "Bearer {}",
        token["access_token"].as_str().expect("a token")
    );
    let answer = partner.lodge(&json!({ "scope": "accounts" })).await;
    answer.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn who_has_as_many_undecided_as_may_be_waits() {
    let builder = roomy();
    super::crowd::lodge(&builder, ("swiftride-app", None), 10_000).await;
    let house = builder.start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let answer = partner.lodge(&json!({ "scope": "accounts" })).await;
    answer.refused(429, "too_many_undecided");
    assert_eq!(answer.header("retry-after"), "60");
    let mut other = Partner::of(&house, "cartwheel-app").await;
    let answer = other.lodge(&json!({ "scope": "accounts" })).await;
    assert_eq!(answer.status, 201, "of each client: {answer:?}");
}
