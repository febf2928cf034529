//! What the desk is asked, and what comes of a yes.

use std::collections::BTreeSet;
use std::sync::Arc;

use faulty::{Call, Fails};
use model::ports::{DeskStep, MayAsk};
use model::{
    AuditEvent, ClientId, ConsentId, ConsentPart, ConsentState, DetailType, GrantAction,
    GrantEvent, SignedRequest, Why,
};
use serde_json::{Value, json};

use super::desk::{Scripted, agreed_to, done, house, house_with, page, part, seated};
use super::visitor::{self, CALLBACK, Page};
use crate::test_house::{Answer, House, ISSUER, LiLei, agreed, bank, locked};
use crate::{Agreement, Customers, DetailSchema, DetailSettings, Endpoint};

pub(super) const APP: &str = "swiftride-app";
/// RFC 7636 appendix B: the verifier of the challenge that visitors push.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const OPENID_RATES: (&str, &str) = ("scope", "openid rates");

/// An authorization request that is good.
const REQUEST: [(&str, &str); 5] = [
    ("response_type", "code"),
    ("redirect_uri", CALLBACK),
    ("scope", "rates"),
    (
        "code_challenge",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    ),
    ("code_challenge_method", "S256"),
];

/// A house whose customers approve by name.
async fn without_desk() -> House {
    let customers = || Customers::Password(Arc::new(LiLei));
    House::open_with(|settings| visitor::grants(settings, customers())).await
}

/// What pushing a request with these parameters is answered.
pub(super) async fn pushed(house: &House, more: &[(&'static str, &str)]) -> Answer {
    let mut ask = house.ask(APP);
    ask.unset("grant_type");
    for (name, value) in REQUEST.iter().chain(more) {
        ask.set(name, value);
    }
    house.send_to(Endpoint::Par, ask).await
}

/// The events in the log.
pub(super) fn events(house: &House) -> Vec<GrantEvent> {
    let log = locked(&house.log.durable);
    let events = log.iter().filter_map(|entry| match &entry.event {
        AuditEvent::Grant(event) => Some(event.as_ref().clone()),
        _ => None,
    });
    events.collect()
}

/// The tokens for a code that leads back to the app.
pub(super) async fn redeemed(house: &House, location: &str) -> Answer {
    let (_, query) = location.split_once('?').expect("a query");
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let (_, code) = pairs.find(|(name, _)| name == "code").expect("a code");
    let mut ask = house.ask(APP);
    ask.set("grant_type", "authorization_code");
    ask.set("code", &code);
    ask.set("redirect_uri", CALLBACK);
    ask.set("code_verifier", VERIFIER);
    house.send(ask).await
}

pub(super) fn claims(token: &Answer) -> Value {
    let token = token.body["access_token"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims = crypto::from_base64url(claims).expect("base64url");
    serde_json::from_slice(&claims).expect("JSON")
}

/// A yes on the page of the desk, and where the app is told of it.
pub(super) async fn allowed(house: &House, more: &[(&'static str, &str)]) -> String {
    let (mut visitor, page) = seated(house, more).await;
    let form = page.form(&[("act", "allow")]);
    let page: Page = visitor.post(house, Endpoint::Approve, form).await;
    let (location, _) = done(house, &mut visitor, &page).await;
    location
}

#[tokio::test]
async fn az_12_what_customers_may_not_be_asked_for_is_refused_when_it_is_pushed() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    for (said, status, code, says) in [
        (Some(MayAsk::Yes), 201, None, ""),
        (
            Some(MayAsk::Scope),
            400,
            Some("invalid_scope"),
            "not open to this client",
        ),
        (
            Some(MayAsk::Details),
            400,
            Some("invalid_authorization_details"),
            "authorization_details must go with the scopes",
        ),
        (None, 503, Some("temporarily_unavailable"), "right now"),
    ] {
        *locked(&desk.may_ask) = said;
        let answer = pushed(&house, &[]).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.body["error"].as_str(), code);
        let description = answer.body["error_description"].as_str();
        let description = description.unwrap_or_default();
        assert!(description.contains(says), "{description}");
    }
    let app = ClientId::parse(APP).expect("valid");
    let asked = (app, "rates".to_owned(), "[]".to_owned());
    assert_eq!(*locked(&desk.asked_for), vec![asked; 4]);
}

#[tokio::test]
async fn the_desk_has_the_request_as_the_partner_sent_it() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    seated(&house, &[OPENID_RATES]).await;
    let SignedRequest::Form(form) = locked(&desk.heard)[0].signed.clone() else {
        panic!("no object was sent");
    };
    let pairs: Vec<_> = form_urlencoded::parse(form.as_bytes()).collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_ref()).collect();
    let sent = [
        "response_type",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "scope",
    ];
    assert_eq!(names, sent, "without what the client proved itself by");
    assert!(form.ends_with("&scope=openid+rates"), "{form}");
    let claims = json!({
        "iss": APP, "client_id": APP, "aud": ISSUER,
        "nbf": house.now(), "exp": house.now() + 60,
        "response_type": "code", "redirect_uri": CALLBACK, "scope": "rates", "state": "s-2",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    });
    let object = house.keys[APP].sign("oauth-authz-req+jwt", &claims);
    let object = object.expect("signs");
    seated(&house, &[("request", &object)]).await;
    let heard = locked(&desk.heard);
    assert!(heard[1].signed == SignedRequest::Jar(object));
}

#[tokio::test]
async fn l_11_a_request_that_is_too_long_to_be_kept_is_refused() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let kept = pushed(&house, &[("unknown", &"x".repeat(58 * 1024))]).await;
    assert_eq!(kept.status, 201, "{}", kept.body);
    let refused = pushed(&house, &[("unknown", &"x".repeat(61 * 1024))]).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.body["error"], "invalid_request");
    // Without a desk nothing of it is kept.
    let plain = without_desk().await;
    let long = pushed(&plain, &[("unknown", &"x".repeat(61 * 1024))]).await;
    assert_eq!(long.status, 201, "{}", long.body);
}

#[tokio::test]
async fn the_desk_is_told_who_asks_whom() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let (mut visitor, page) = seated(&house, &[]).await;
    assert_eq!(page.status, 200);
    let heard = locked(&desk.heard).remove(0);
    let who = ["swiftride", "swiftride", "PSDCN-swiftride"].map(str::to_owned);
    assert_eq!(heard.who[..3], who);
    assert_eq!(heard.who[3], "privacy@app.example");
    let (subject, shown, pseudonym) = heard.customer;
    assert_eq!((subject.as_str(), shown.as_str()), ("c-1", "li-lei"));
    assert_eq!(heard.page[1..3], ["harbour", "auth.harbour.example"]);
    let [language, .., switch] = &heard.page;
    let other = if language == "en" { "zh-CN" } else { "en" };
    let is_switch = switch.starts_with("/authorize?") && switch.ends_with(other);
    assert!(is_switch, "{language} {switch}");
    // The same at a reload; in records the customer is not who a partner knows.
    visitor.get(&house, Endpoint::Authorize, switch).await;
    let again = locked(&desk.heard).remove(0);
    assert_eq!(&again.page[0], other);
    assert_eq!(again.customer.2, pseudonym);
    let location = allowed(&house, &[]).await;
    let token = redeemed(&house, &location).await;
    assert_ne!(
        claims(&token)["sub"],
        json!(crypto::base64url(&pseudonym)),
        "{}",
        token.body
    );
}

#[tokio::test]
async fn az_12_a_consent_is_named_in_a_detail_of_a_type_of_ours() {
    let desk = Scripted::new();
    let with_desk = house(&desk).await;
    let named = |id: &str| json!([{ "type": "consent", "consent_id": id }]).to_string();
    let asked = async |house: &House, client: &'static str, id: &str| {
        let mut ask = house.ask(client);
        ask.unset("grant_type");
        for (name, value) in REQUEST {
            ask.set(name, value);
        }
        ask.set("authorization_details", &named(id));
        let answer = house.send_to(Endpoint::Par, ask).await;
        (answer.status, answer.body["error"].clone())
    };
    assert_eq!(asked(&with_desk, APP, "Zk-_9").await, (201, Value::Null));
    let (_, _, details) = locked(&desk.asked_for).remove(0);
    let heard: Value = serde_json::from_str(&details).expect("JSON");
    assert_eq!(heard.to_string(), named("Zk-_9"));
    let refused = (400, json!("invalid_authorization_details"));
    for id in ["", "a b", "a/b", "x".repeat(65).as_str()] {
        assert_eq!(asked(&with_desk, APP, id).await, refused, "{id}");
    }
    // A partner without an agreement is a stranger.
    let strange = house_with(&desk, |settings| {
        for client in settings.clients.values_mut() {
            client.agreements = Arc::new([]);
            client.redirect_uris = vec![CALLBACK.to_owned()];
        }
    });
    let strange = strange.await;
    assert_eq!(asked(&strange, APP, "Zk-_9").await, refused);
    let plain = without_desk().await;
    assert_eq!(asked(&plain, APP, "Zk-_9").await, refused);
}

#[tokio::test]
async fn a_yes_is_a_grant_under_the_id_of_its_consent() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let location = allowed(&house, &[OPENID_RATES]).await;
    assert!(location.starts_with(CALLBACK), "{location}");
    assert!(location.contains("&state=s-1&iss="), "{location}");
    let event = events(&house).pop().expect("an event");
    assert_eq!(event.action, GrantAction::Approve);
    assert_eq!(event.grant, Some(crypto::sha256(b"consent-1")));
    let consents: &dyn model::ports::Consents = house.store.as_ref();
    let id = ConsentId::parse("consent-1").expect("valid");
    let evidence = consents.evidence(&bank(), &id).await.expect("answers");
    let sealed = evidence.last().map(|kept| crypto::sha256(&kept.sealed));
    assert!(sealed.is_some(), "nothing is kept of it");
    let named = ConsentPart {
        evidence_digest: sealed,
        ..part(ConsentState::Authorised)
    };
    assert_eq!(event.consent, Some(named));
    let token = redeemed(&house, &location).await;
    assert_eq!(token.status, 200, "{}", token.body);
    assert_eq!(claims(&token)["grant_id"], "consent-1");
    assert_eq!(token.body["scope"], "openid rates");
    let kept = consents.find(&bank(), &id).await.expect("answers");
    let kept = kept.expect("a consent");
    assert_eq!(kept.state, ConsentState::Authorised);
    assert_eq!(kept.subject.as_deref(), Some("c-1"));
}

/// A type of details that names the account that was chosen.
fn with_details(settings: &mut crate::IssuerSettings) {
    let its = DetailType::parse("funds_check").expect("valid");
    let schema =
        br#"{ "properties": { "max": { "type": "string" }, "account": { "type": "string" } } }"#;
    let details = DetailSettings {
        schema: Arc::new(DetailSchema::read(&its, schema).expect("a schema")),
        zh_cn: "查询余额是否足够".to_owned(),
        en: "Check that there is enough".to_owned(),
    };
    settings.details.insert(its.clone(), details);
    let client = ClientId::parse(APP).expect("valid");
    let client = settings.clients.get_mut(&client).expect("a client");
    client.agreements = Arc::new([Agreement {
        details: BTreeSet::from([its]),
        ..agreed("rates branches")[0].clone()
    }]);
}

#[tokio::test]
async fn what_is_granted_in_detail_is_what_the_customer_chose() {
    let desk = Scripted::new();
    let house = house_with(&desk, with_details).await;
    desk.says(Box::new(|seat, answer| {
        if answer.is_none() {
            return (Ok(DeskStep::Page(page(seat))), Vec::new());
        }
        let mut agreed = agreed_to(seat, "consent-1");
        agreed.details = r#"[{"type":"funds_check","max":"10.00","account":"acc-7"}]"#.to_owned();
        (Ok(DeskStep::Agreed(Box::new(agreed))), Vec::new())
    }));
    let asked = r#"[{"type":"funds_check","max":"10.00"}]"#;
    let location = allowed(&house, &[("authorization_details", asked)]).await;
    let heard: Value = serde_json::from_str(&locked(&desk.heard)[0].details).expect("JSON");
    assert_eq!(heard, serde_json::from_str::<Value>(asked).expect("JSON"));
    let token = redeemed(&house, &location).await;
    let chosen = json!([{ "type": "funds_check", "max": "10.00", "account": "acc-7" }]);
    assert_eq!(
        token.body["authorization_details"], chosen,
        "{}",
        token.body
    );
    assert_eq!(claims(&token)["authorization_details"], chosen);
}

#[tokio::test]
async fn a_desk_that_grants_too_much_breaks() {
    for broken in ["until", "text", "long"] {
        let desk = Scripted::new();
        let house = house(&desk).await;
        desk.says(Box::new(move |seat, answer| {
            if answer.is_none() {
                return (Ok(DeskStep::Page(page(seat))), Vec::new());
            }
            let mut agreed = agreed_to(seat, "consent-1");
            match broken {
                "until" => agreed.until += std::time::Duration::from_secs(1),
                "text" => agreed.details = "[{}".to_owned(),
                _ => agreed.details = format!("[{{\"type\":\"{}\"}}]", "x".repeat(16_370)),
            }
            (Ok(DeskStep::Agreed(Box::new(agreed))), Vec::new())
        }));
        let location = allowed(&house, &[]).await;
        assert!(location.contains("?error=server_error"), "{location}");
        let id = ConsentId::parse("consent-1").expect("valid");
        let consents: &dyn model::ports::Consents = house.store.as_ref();
        let kept = consents.find(&bank(), &id).await.expect("answers");
        assert_eq!(kept, None, "{broken}");
    }
}

#[tokio::test]
async fn a_scope_that_left_the_catalogue_leaves_new_tokens() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    let location = allowed(&house, &[("scope", "openid rates branches")]).await;
    *locked(&desk.scopes) = model::ScopeSet::parse("branches").expect("valid");
    let token = redeemed(&house, &location).await;
    assert_eq!(token.body["scope"], "branches openid", "{}", token.body);
    let refresh = token.body["refresh_token"].as_str().expect("a token");
    *locked(&desk.scopes) = model::ScopeSet::default();
    let refreshed = |scope: Option<&'static str>| {
        let mut ask = house.ask(APP);
        ask.set("grant_type", "refresh_token");
        ask.set("refresh_token", refresh);
        if let Some(scope) = scope {
            ask.set("scope", scope);
        }
        house.send(ask)
    };
    assert_eq!(refreshed(None).await.body["scope"], "openid");
    let refused = refreshed(Some("branches")).await;
    assert_eq!(refused.body["error"], "invalid_scope", "{}", refused.body);
    // A client's own token asks no customer.
    let mut own = house.ask(APP);
    own.set("scope", "rates");
    assert_eq!(house.send(own).await.body["scope"], "rates");
    let mut asked = house.ask(APP);
    asked.unset("grant_type");
    asked.set("token", refresh);
    let told = house.send_to(Endpoint::Introspect, asked).await;
    assert_eq!(told.body["scope"], "openid", "{}", told.body);
}

#[tokio::test]
async fn what_has_another_in_its_place_is_refused_with_its_tokens() {
    let desk = Scripted::new();
    let mut ending = None;
    let house = house_with(&desk, |settings| {
        ending = Some(Arc::clone(&settings.ending));
    })
    .await;
    let former = redeemed(&house, &allowed(&house, &[]).await).await;
    let is_active = async || {
        let mut asked = house.ask(APP);
        asked.unset("grant_type");
        asked.set("token", former.body["access_token"].as_str().expect("text"));
        let told = house.send_to(Endpoint::Introspect, asked).await;
        told.body["active"].as_bool().expect("a boolean")
    };
    assert!(is_active().await);
    desk.says(Box::new(|seat, answer| {
        if answer.is_none() {
            return (Ok(DeskStep::Page(page(seat))), Vec::new());
        }
        let mut agreed = agreed_to(seat, "consent-2");
        let old = ConsentId::parse("consent-1").expect("valid");
        agreed.consent.replaces = Some((old, seat.asked.now));
        agreed.superseded = Some(part(ConsentState::Superseded));
        (Ok(DeskStep::Agreed(Box::new(agreed))), Vec::new())
    }));
    let latter = redeemed(&house, &allowed(&house, &[]).await).await;
    assert_eq!(claims(&latter)["grant_id"], "consent-2");
    assert!(!is_active().await);
    let (revoked, former_id) = (ending.expect("settings"), crypto::sha256(b"consent-1"));
    let why = revoked.revoked().held([Some(&former_id), None]);
    assert_eq!(why, Some(Why::Superseded), "what the road tells");
    let events = events(&house);
    let superseded = |event: &&GrantEvent| event.action == GrantAction::ConsentSupersede;
    let superseded = events.iter().find(superseded).expect("an event");
    assert_eq!(superseded.grant, Some(crypto::sha256(b"consent-1")));
    assert_eq!(superseded.consent, Some(part(ConsentState::Superseded)));
    let refresh = former.body["refresh_token"].as_str().expect("a token");
    let mut ask = house.ask(APP);
    ask.set("grant_type", "refresh_token");
    ask.set("refresh_token", refresh);
    assert_eq!(house.send(ask).await.body["error"], "invalid_grant");
}

#[tokio::test]
async fn a_yes_that_took_hold_unheard_is_told_to_the_app_and_to_the_log() {
    let desk = Scripted::new();
    let mut ending = None;
    let house = house_with(&desk, |settings| {
        ending = Some(Arc::clone(&settings.ending));
    })
    .await;
    for id in ["consent-1", "consent-2"] {
        desk.says(Box::new(move |seat, answer| {
            if answer.is_none() {
                return (Ok(DeskStep::Page(page(seat))), Vec::new());
            }
            let mut agreed = agreed_to(seat, id);
            if id == "consent-2" {
                let old = ConsentId::parse("consent-1").expect("valid");
                agreed.consent.replaces = Some((old, seat.asked.now));
                agreed.superseded = Some(part(ConsentState::Superseded));
            }
            (Ok(DeskStep::Agreed(Box::new(agreed))), Vec::new())
        }));
        house.store.fails_at(Call::Approve, Fails::After);
        let location = allowed(&house, &[]).await;
        house.store.fails_at(Call::Approve, None);
        let token = redeemed(&house, &location).await;
        assert_eq!(token.status, 200, "{location} {}", token.body);
        assert_eq!(claims(&token)["grant_id"], id);
    }
    let actions: Vec<_> = events(&house).iter().map(|event| event.action).collect();
    let count = |wanted| actions.iter().filter(|action| **action == wanted).count();
    assert_eq!(count(GrantAction::Approve), 2, "{actions:?}");
    assert_eq!(count(GrantAction::ConsentSupersede), 1, "{actions:?}");
    let ending = ending.expect("settings");
    let held = |id: &[u8]| ending.revoked().held([Some(&crypto::sha256(id)), None]);
    assert_eq!(held(b"consent-1"), Some(Why::Superseded));
    assert_eq!(held(b"consent-2"), None);
}

#[tokio::test]
async fn a_yes_that_did_not_take_hold_leaves_nothing_behind() {
    let desk = Scripted::new();
    let house = house(&desk).await;
    house.store.fails_at(Call::Approve, Fails::Before);
    let location = allowed(&house, &[]).await;
    house.store.fails_at(Call::Approve, None);
    let expected = format!("{CALLBACK}?error=temporarily_unavailable&");
    assert!(location.starts_with(&expected), "{location}");
    let consents: &dyn model::ports::Consents = house.store.as_ref();
    let id = ConsentId::parse("consent-1").expect("valid");
    assert_eq!(consents.find(&bank(), &id).await.expect("answers"), None);
}

#[tokio::test]
async fn without_a_desk_customers_approve_as_before() {
    let house = without_desk().await;
    let (mut visitor, page) = seated(&house, &[]).await;
    assert!(page.html.contains("value=\"allow\""), "{}", page.html);
    let form = page.form(&[("act", "allow")]);
    let page = visitor.post(&house, Endpoint::Approve, form).await;
    let (location, _) = done(&house, &mut visitor, &page).await;
    let token = redeemed(&house, &location).await;
    assert_eq!(token.status, 200, "{}", token.body);
    let event = events(&house).pop().expect("an event");
    assert_eq!((event.action, event.consent), (GrantAction::Redeem, None));
}
