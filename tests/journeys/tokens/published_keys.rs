//! Clients that publish their keys at a URL of their own (C-05, OA-52): over real TLS, to a host
//! that may misbehave.

use std::sync::Arc;
use std::time::Duration;

use crypto::{Algorithm, SigningKey};
use kit::{
    Answer, FORM, HouseBuilder, KeyHost, Method, Partner, Publishes, TestHouse, Version, key_set,
    under_kid,
};
use model::MovedClock;
use serde_json::json;
use tokio::time::Instant;

use super::mutual_tls::{BY_ASSERTION, BY_NAME, ID, NAME, certificate};
use super::{connect, is_oauth_error};
use crate::evidence::{one_now, one_soon};
use crate::grants::request_objects::{Object, signed};
use crate::grants::{App, Form};

/// How often a host is asked at most; how long keys are fresh, and how long they are believed.
const ASKED_EVERY: Duration = Duration::from_secs(10);
const FRESH: Duration = Duration::from_mins(5);
const BELIEVED: Duration = Duration::from_hours(1);

fn key() -> SigningKey {
    SigningKey::generate(Algorithm::Es256).expect("a key")
}

/// A house on a clock of the test's whose partner proves itself so, and publishes its keys at this
/// host.
async fn house_at(host: &KeyHost, builder: HouseBuilder, proved: &str) -> TestHouse {
    let port = host.address.port();
    builder
        .edit(
            BY_ASSERTION,
            &format!("{proved}\n        jwks_url: https://localhost:{port}/jwks.json"),
        )
        .edit(
            "    products:\n",
            &format!(
                "    fetch:\n      keys: {{ host: \"localhost:{port}\", authorities: \
                 [file:trust/keys-ca.pem] }}\n    products:\n"
            ),
        )
        .write("trust/keys-ca.pem", &host.authority)
        .start()
        .await
}

/// The same by assertions, with a host that publishes this.
async fn house(publishes: Publishes) -> (TestHouse, KeyHost) {
    let builder = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()));
    let host = KeyHost::start(builder.now(), publishes).await;
    (
        house_at(&host, builder, "auth: private_key_jwt").await,
        host,
    )
}

/// Asks for a token with an assertion that this key signed.
async fn ask(house: &TestHouse, key: &SigningKey) -> Answer {
    let partner = Partner {
        signing_key: under_kid(key, key.kid()),
        ..Partner::of(house, "swiftride-app")
    };
    partner.ask_token(house, "branches").await
}

#[track_caller]
fn is_refused(answer: &Answer) {
    is_oauth_error(answer, 401, "invalid_client", "");
}

#[tokio::test]
async fn a_client_proves_itself_by_the_keys_that_it_publishes_and_changes_them() {
    let (old, new) = (key(), key());
    let (house, host) = house(key_set(&[&old])).await;
    ask(&house, &old).await.ok();
    assert_eq!(host.asked(), 1);
    is_refused(&ask(&house, &new).await);
    host.publishes(key_set(&[&new]));
    house.clock.advance(ASKED_EVERY);
    ask(&house, &new).await.ok();
    assert_eq!(
        host.asked(),
        2,
        "a key that is not known is looked for at once"
    );
    is_refused(&ask(&house, &old).await);
    host.publishes(key_set(&[&old]));
    house.clock.advance(FRESH);
    is_refused(&ask(&house, &new).await);
    assert_eq!(host.asked(), 3, "and one that is known is looked at anew");
    ask(&house, &old).await.ok();
}

#[tokio::test]
async fn keys_under_one_kid_are_all_tried() {
    let (one, other, strange) = (key(), key(), key());
    let [one, other, strange] = [one, other, strange].map(|key| under_kid(&key, "same"));
    let (house, _host) = house(key_set(&[&one, &other])).await;
    ask(&house, &one).await.ok();
    ask(&house, &other).await.ok();
    is_refused(&ask(&house, &strange).await);
}

#[tokio::test]
async fn a_host_that_misbehaves_changes_nothing_until_its_keys_are_too_old() {
    let good = key();
    let (house, host) = house(key_set(&[&good])).await;
    let jwk = good.verification_key().to_jwk();
    let mut private = jwk.clone();
    private["d"] = "AA".into();
    let text = |keys: serde_json::Value| Publishes::Text(json!({ "keys": keys }).to_string());
    for (what, misbehaves) in [
        ("10,000 keys", text(vec![jwk.clone(); 10_000].into())),
        ("21 keys", text(vec![jwk.clone(); 21].into())),
        ("10 MB", Publishes::Bytes(10 << 20)),
        ("a private key", text(json!([jwk, private]))),
        ("a redirect", Publishes::Redirect),
        ("no answer", Publishes::Nothing),
        ("no set", Publishes::Text("<html>".to_owned())),
    ] {
        host.publishes(key_set(&[&good]));
        house.clock.advance(FRESH);
        ask(&house, &good).await.ok();
        host.publishes(misbehaves);
        house.clock.advance(FRESH);
        let (asked, begun) = (host.asked(), Instant::now());
        ask(&house, &good).await.ok();
        assert_eq!(
            host.asked(),
            asked + 1,
            "{what}: asked, and nothing followed"
        );
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        house.clock.advance(BELIEVED);
        is_refused(&ask(&house, &good).await);
        house.clock.advance(ASKED_EVERY);
    }
}

#[tokio::test]
async fn only_a_client_that_publishes_its_keys_makes_us_ask_and_not_often() {
    let good = key();
    let (house, host) = house(key_set(&[&good])).await;
    ask(&house, &good).await.ok();
    house.clock.advance(FRESH);
    let asked = host.asked();
    let nobody = Partner {
        client_id: model::ClientId::parse("nobody").expect("an id"),
        ..Partner::of(&house, "swiftride-app")
    };
    is_refused(&nobody.ask_token(&house, "branches").await);
    let of_a_file = Partner::of(&house, "cartwheel-app");
    of_a_file.ask_token(&house, "catalogue").await.ok();
    let wrong = Partner {
        signing_key: key(),
        ..of_a_file
    };
    is_refused(&wrong.ask_token(&house, "catalogue").await);
    assert_eq!(host.asked(), asked, "none of these has keys there");
    for _ in 0..20 {
        is_refused(&ask(&house, &key()).await);
    }
    assert_eq!(host.asked(), asked + 1);
}

#[tokio::test]
async fn keys_are_kept_over_a_reload_and_a_host_that_is_down_stops_no_start() {
    let good = key();
    let (house, host) = house(Publishes::Nothing).await;
    let answer = ask(&house, &good).await;
    is_refused(&answer);
    let record = one_soon(&house, &answer.request_id(), "oauth.token").await;
    assert_eq!(record["outcome"]["decision"], "refused", "{record:#}");
    host.publishes(key_set(&[&good]));
    house.clock.advance(ASKED_EVERY);
    ask(&house, &good).await.ok();
    let asked = host.asked();
    host.publishes(Publishes::Nothing);
    house.edit("gateway.yaml", "rate: 200/s", "rate: 201/s");
    house.reload().await;
    ask(&house, &good).await.ok();
    assert_eq!(host.asked(), asked, "fresh keys are not fetched again");
}

#[tokio::test]
async fn a_url_that_changes_takes_its_keys_along() {
    let (old, new) = (key(), key());
    let (house, host) = house(key_set(&[&old])).await;
    ask(&house, &old).await.ok();
    host.publishes(key_set(&[&new]));
    house.edit("gateway.yaml", "/jwks.json", "/moved.json");
    house.reload().await;
    ask(&house, &new).await.ok();
    is_refused(&ask(&house, &old).await);
    assert_eq!(host.asked(), 2, "each URL once");
}

/// Pushes a request that the one key signs, by a client that the other proves.
async fn push(app: &mut App<'_>, signs: &SigningKey, proves: &SigningKey) -> Answer {
    app.partner.signing_key = under_kid(signs, signs.kid());
    let object = Object::of(app, &Form::request()).by(&app.partner);
    app.partner.signing_key = under_kid(proves, proves.kid());
    app.post("/par", signed(&object)).await
}

#[track_caller]
fn is_no_request(answer: &Answer) {
    is_oauth_error(answer, 400, "invalid_request_object", "registered key");
}

#[tokio::test]
async fn a_request_is_signed_by_a_key_that_is_published_and_a_new_one_is_looked_for() {
    let (old, new) = (key(), key());
    let (house, host) = house(key_set(&[&old])).await;
    let mut app = App::of(&house, "swiftride-app").await;
    assert_eq!(push(&mut app, &old, &old).await.status, 201);
    for _ in 0..20 {
        let answer = push(&mut app, &new, &old).await;
        is_no_request(&answer);
        let record = one_now(&house, &answer, "oauth.par");
        assert_eq!(record["outcome"]["decision"], "refused", "{record:#}");
    }
    assert_eq!(host.asked(), 1, "the host was asked a moment ago");
    host.publishes(key_set(&[&old, &new]));
    house.clock.advance(ASKED_EVERY);
    assert_eq!(push(&mut app, &new, &old).await.status, 201);
    assert_eq!(host.asked(), 2);
    host.publishes(key_set(&[&old]));
    house.clock.advance(FRESH);
    is_no_request(&push(&mut app, &new, &old).await);
    assert_eq!(host.asked(), 3);
}

#[tokio::test]
async fn a_client_with_a_certificate_publishes_the_keys_of_its_requests() {
    let builder = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()));
    let authority = builder.partner_authority();
    let (good, strange) = (key(), key());
    let host = KeyHost::start(builder.now(), key_set(&[&good])).await;
    let house = house_at(&host, builder, BY_NAME).await;
    let identity = certificate(&house, &authority, ID, &[NAME]);
    let mut app = App::of(&house, "swiftride-app").await;
    let dial = house.dial(Some(&identity), Version::Http2);
    let mut client = connect(&dial, &house).await;
    for (signs, status) in [(&good, 201), (&strange, 400)] {
        app.partner.signing_key = under_kid(signs, signs.kid());
        let object = Object::of(&app, &Form::request()).by(&app.partner);
        let form = format!("client_id=swiftride-app&request={object}");
        let sent = client.call(Method::POST, "/par", &[FORM], form);
        let answer = sent.await.expect("an answer");
        assert_eq!(answer.status, status, "{answer:?}");
    }
    assert_eq!(host.asked(), 1);
    // The keys prove nobody.
    is_refused(&ask(&house, &good).await);
}
