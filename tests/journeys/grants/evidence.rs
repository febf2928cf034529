//! What a grant leaves in the log: each step before its answer, and what a crash left over at the
//! next start.

use kit::{Browser, HouseBuilder, TestHouse};
use model::ports::Session;
use model::{
    BankId, Clock, EventId, GrantAction, GrantEvent, InteractionId, Network, RequestId, Who,
};
use serde_json::Value;

use super::{App, Form, log_in};

/// The steps of grants in the log now, oldest first.
fn steps(house: &TestHouse) -> Vec<Value> {
    let mut records = house.records();
    records.retain(|record| record["type"] == "oauth.grant");
    records
}

fn actions(house: &TestHouse) -> Vec<String> {
    let action = |record: &Value| record["action"].as_str().unwrap_or_default().to_owned();
    steps(house).iter().map(action).collect()
}

#[tokio::test]
async fn every_step_of_a_grant_is_in_the_log_when_it_is_answered() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    assert_eq!(actions(&house), [""; 0]);
    let page = log_in(&mut browser, &page, "li-lei").await;
    assert_eq!(actions(&house), ["session.begin"]);
    let back = super::decide(&mut browser, &page, "allow").await;
    assert_eq!(actions(&house), ["session.begin", "grant.approve"]);
    let code = kit::query(&back).remove("code").expect("a code");
    let answer = app.post("/token", Form::code(&code)).await;
    let tokens = answer.ok();
    assert_eq!(actions(&house)[2..], ["code.redeem"]);
    let refresh = tokens["refresh_token"].as_str().expect("text").to_owned();
    let refreshed = app.post("/token", Form::refresh(&refresh)).await;
    let form = Form(vec![("token", refresh.clone())]);
    let told = app.post("/introspect", form).await.ok();
    app.post("/token", Form::code(&code)).await;
    let form = Form(vec![("token", refresh)]);
    app.post("/revoke", form).await;
    assert_eq!(
        actions(&house)[3..],
        ["code.reuse"],
        "a revoked grant is not revoked again"
    );

    let steps = steps(&house);
    let grant = &steps[1]["gid"];
    assert!(grant.is_string());
    for step in &steps[1..] {
        assert_eq!(step["gid"], *grant);
        assert_eq!(step["partner"]["client"], "swiftride-app");
        assert_eq!(step["object"]["bank"], "harbour");
    }
    // What the customer read is told: how far it goes, and until when.
    let approved = &steps[1];
    assert_eq!(approved["scope"], "branches");
    assert_eq!(approved.get("resource"), None);
    let until = approved["until"].as_str().expect("an end");
    let until: jiff::Timestamp = until.parse().expect("a timestamp");
    assert_eq!(Some(until.as_second()), told["exp"].as_i64());
    // The tokens of a grant name it too, and nobody names the customer or a secret.
    for answer in [&answer, &refreshed] {
        let record = crate::evidence::one_now(&house, answer, "oauth.token");
        assert_eq!(record["gid"], *grant);
        assert_eq!(record["aud"], house.api_url());
    }
    let log = format!("{:?}", house.records());
    for secret in ["li-lei", "harbour-000101", kit::PASSWORD, &code, &reference] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_refusal_in_the_log() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let wrong = [
        ("username", "li-lei"),
        ("password", "guess"),
        ("act", "log-in"),
    ];
    let told = browser.send(&page, &wrong).await;
    let record = crate::evidence::one_soon(&house, &told.request_id(), "oauth.authz").await;
    assert_eq!(record["outcome"]["decision"], "refused");
    assert_eq!(record["outcome"]["code"], "access_denied");
    assert_eq!(record["partner"]["client"], "swiftride-app");
}

#[tokio::test]
async fn what_a_crash_left_in_the_outbox_is_in_the_log_before_a_listener_opens() {
    let house = HouseBuilder::new().restartable().start().await;
    let builder = house.rebuild().await;
    let now = builder.clock.now();
    let event = GrantEvent {
        id: EventId::new(now, [7; 10]),
        at: now,
        request: RequestId::new(now, [7; 10]),
        interaction: InteractionId::new([7; 16]),
        network: Network::of([127, 0, 0, 1].into()),
        bank: BankId::parse("harbour").expect("valid"),
        who: Who::default(),
        grant: None,
        extent: None,
        consent: None,
        action: GrantAction::LogIn,
        code: None,
        rule: None,
    };
    let id = event.id.to_string();
    {
        let store = store::Sqlite::open(&builder.dir().join("mortise.sqlite")).expect("a store");
        let session = Session {
            digest: [7; 32],
            subject: "somebody".to_owned(),
            shown: "somebody".to_owned(),
            auth_time: now,
            acr: None,
            expires: now,
        };
        let bank = event.bank.clone();
        let begun = model::ports::Sessions::begin(store.as_ref(), &bank, session, None, now, event);
        begun.await.expect("a store that answers");
    }
    let house = builder.start().await;
    let found = || {
        steps(&house)
            .iter()
            .filter(|step| step["eid"] == id.as_str())
            .count()
    };
    assert_eq!(found(), 1);
    let house = house.rebuild().await.start().await;
    let found = steps(&house)
        .iter()
        .filter(|step| step["eid"] == id.as_str())
        .count();
    assert_eq!(found, 1, "and the store has forgotten it");
}
