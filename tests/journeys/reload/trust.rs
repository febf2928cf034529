//! What a reload takes away is refused to the next request: on connections that are open and on
//! those resumed from an earlier session, in both versions of HTTP and of TLS.

use std::time::Duration;

use crypto::{Algorithm, SigningKey};
use kit::{
    Client, Dial, HouseBuilder, Identity, Partner, SWIFTRIDE, TestHouse, Version, issue,
    other_authority, partner_leaf, revocation_list, serial,
};

const BRANCHES: &str = "/branches/v1/branches";
const CATALOGUE: &str = "/catalogue/v1/products";

/// A partner with a token, an open and a resumed connection of each kind, all of them in use.
struct Access {
    target: &'static str,
    token: String,
    ways: Vec<(Dial, Client, Client)>,
}

impl Access {
    async fn of(house: &TestHouse, partner: &Partner, target: &'static str, scope: &str) -> Self {
        let token = partner.bearer(house, scope).await;
        let mut access = Self {
            target,
            token,
            ways: Vec::new(),
        };
        for version in Version::BOTH {
            for dial in [
                partner.dial(house, version),
                house.dial12(Some(&partner.identity), version),
            ] {
                let mut open = dial.connect(house.api()).await.expect("a connection");
                access.get(&mut open).await.ok();
                let mut resumed = dial.connect(house.api()).await.expect("a connection");
                assert!(resumed.is_resumed(), "{version:?}");
                access.get(&mut resumed).await.ok();
                access.ways.push((dial, open, resumed));
            }
        }
        access
    }

    async fn get(&self, client: &mut Client) -> kit::Answer {
        let headers = [("authorization", self.token.as_str())];
        client.get(self.target, &headers).await
    }

    /// Each way gets what `judge` asserts: open, resumed, and resumed anew.
    async fn each(mut self, house: &TestHouse, judge: impl Fn(kit::Answer)) {
        for (dial, mut open, mut resumed) in std::mem::take(&mut self.ways) {
            judge(self.get(&mut open).await);
            judge(self.get(&mut resumed).await);
            let mut again = dial.connect(house.api()).await.expect("a connection");
            assert!(again.is_resumed(), "the session was not resumed");
            judge(self.get(&mut again).await);
        }
    }
}

/// A house with limits that no test here meets.
fn wide() -> HouseBuilder {
    HouseBuilder::new().edit(
        "rate: 5/s, burst: 10 requests",
        "rate: 100000/s, burst: 100000 requests",
    )
}

async fn both(house: &TestHouse) -> (Access, Access) {
    let ours = Partner::of(house, "swiftride-app");
    let other = Partner::of(house, "cartwheel-app");
    (
        Access::of(house, &ours, BRANCHES, "branches").await,
        Access::of(house, &other, CATALOGUE, "catalogue").await,
    )
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_at_once_and_the_other_partner_is_not() {
    let house = wide().start().await;
    let (ours, other) = both(&house).await;
    let pem = kit::text(&house.files("swiftride-app").certificate);
    house.revoke(&[&serial(&pem)]);
    house.reload().await;
    let calls = house.bank.calls();
    ours.each(&house, |answer| {
        answer.refused_saying(401, "certificate_refused", "is revoked");
    })
    .await;
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
    other.each(&house, |answer| drop(answer.ok())).await;
}

/// CF-04.
#[tokio::test]
async fn a_suspended_partner_is_refused_at_once_and_comes_back_as_it_was() {
    let house = wide().start().await;
    let (ours, other) = both(&house).await;
    let active = "swiftride.example\n    standing: active";
    let suspended = "swiftride.example\n    standing: suspended";
    house.edit("gateway.yaml", active, suspended);
    house.reload().await;
    ours.each(&house, |answer| {
        answer.refused(403, "partner_suspended");
    })
    .await;
    let partner = Partner::of(&house, "swiftride-app");
    let asked = partner.ask_token(&house, "branches").await;
    assert_eq!(
        (asked.status.as_u16(), asked.code()),
        (400, "unauthorized_client".to_owned())
    );
    other.each(&house, |answer| drop(answer.ok())).await;
    house.edit("gateway.yaml", suspended, active);
    house.reload().await;
    Access::of(&house, &partner, BRANCHES, "branches").await;
}

#[tokio::test]
async fn certificates_of_an_authority_that_was_taken_out_are_refused_at_once() {
    let builder = wide();
    let now = builder.now();
    let second = other_authority("Partners, west", now);
    let leaf = issue(
        &second,
        &partner_leaf(Some(SWIFTRIDE), now, Duration::from_hours(1)),
    );
    let (one_ca, one_crl) = (
        "authorities: [file:trust/partners-ca.pem]",
        "crl: [file:trust/partners.crl]",
    );
    let both_ca = "authorities: [file:trust/partners-ca.pem, file:trust/west-ca.pem]";
    let both_crl = "crl: [file:trust/partners.crl, file:trust/west.crl]";
    let house = builder
        .write("trust/west-ca.pem", second.certificate())
        .write("trust/west.crl", &revocation_list(&second, &[], now))
        .edit(one_ca, both_ca)
        .edit(one_crl, both_crl)
        .start()
        .await;
    let mut west = Partner::of(&house, "swiftride-app");
    west.identity = Identity::issued(&leaf);
    let ours = Access::of(&house, &west, BRANCHES, "branches").await;
    let other = Partner::of(&house, "cartwheel-app");
    let other = Access::of(&house, &other, CATALOGUE, "catalogue").await;
    house.edit("gateway.yaml", both_ca, one_ca);
    house.edit("gateway.yaml", both_crl, one_crl);
    house.reload().await;
    ours.each(&house, |answer| {
        answer.refused(401, "certificate_refused");
    })
    .await;
    other.each(&house, |answer| drop(answer.ok())).await;
}

#[tokio::test]
async fn yesterdays_list_does_not_take_back_who_is_revoked() {
    let house = wide().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let access = Access::of(&house, &partner, BRANCHES, "branches").await;
    let yesterdays = kit::text(&house.dir().join("trust/partners.crl"));
    house.clock.advance(Duration::from_mins(1));
    let pem = kit::text(&house.files("swiftride-app").certificate);
    house.revoke(&[&serial(&pem)]);
    house.reload().await;
    house.write("trust/partners.crl", &yesterdays);
    let told = house.refuses_to_reload().await;
    assert!(told.contains("is older than the list of"), "{told}");
    access
        .each(&house, |answer| {
            answer.refused_saying(401, "certificate_refused", "is revoked");
        })
        .await;
}

#[tokio::test]
async fn a_client_that_changes_its_keys_proves_itself_with_the_new_ones_alone() {
    let house = wide().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let file = house.files("swiftride-app").jwks.clone();
    let old = kit::text(&file);
    let fresh = SigningKey::generate(Algorithm::Es256).expect("a key");
    let jwk = |key: &SigningKey| key.verification_key().to_jwk();
    let only = serde_json::json!({ "keys": [jwk(&fresh)] });
    let mut both: serde_json::Value = serde_json::from_str(&old).expect("JSON");
    let keys = both["keys"].as_array_mut().expect("keys");
    keys.push(jwk(&fresh));
    let next = Partner {
        client_id: partner.client_id.clone(),
        identity: partner.identity.clone(),
        signing_key: fresh,
    };
    let asks = async |partner: &Partner| partner.ask_token(&house, "branches").await.status;
    assert!(asks(&partner).await == 200 && asks(&next).await == 401);
    // The overlap: both are good.
    std::fs::write(&file, both.to_string()).expect("a writable file");
    house.reload().await;
    assert!(asks(&partner).await.is_success() && asks(&next).await.is_success());
    std::fs::write(&file, only.to_string()).expect("a writable file");
    house.reload().await;
    assert!(asks(&partner).await == 401 && asks(&next).await.is_success());
}

#[tokio::test]
async fn a_revocation_list_that_ran_out_shuts_its_own_bank_and_keeps_no_reload_away() {
    let old = "refuse_when_older_than: 720h";
    let house = wide().edit(old, "refuse_when_older_than: 1min");
    let house = house.restartable().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    house.clock.advance(Duration::from_secs(61));
    let outcome = house.running.reload().await;
    let applied = outcome.as_ref().as_ref().expect("in force");
    let lapsed = applied.lapsed.as_ref().expect("something ran out");
    let told = lapsed.render(false, 100);
    assert!(
        told.contains("older than `refuse_when_older_than`"),
        "{told}"
    );
    let house = house.rebuild().await.start().await;
    for version in Version::BOTH {
        let dial = partner.dial(&house, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let answer = client.get(BRANCHES, &[("authorization", "Bearer x")]).await;
        answer.refused(401, "certificate_refused");
        client.get("/fx/v1/rates", &[]).await.ok();
    }
}
