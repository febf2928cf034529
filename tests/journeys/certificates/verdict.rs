//! The verdict holds no longer than what it rests on: also on connections that are open, and on
//! those resumed from an earlier session.

use std::time::Duration;

use kit::{
    HouseBuilder, Identity, Partner, SWIFTRIDE, TestHouse, Version, intermediate, issue,
    partner_leaf, revocation_list,
};

use super::{BRANCHES, connect};

/// Calls on a connection that is open, then on one that is resumed; then the house's clock moves
/// on, and both ways are refused for this reason. The token has not expired by then.
async fn refuses_after(house: &TestHouse, partner: &Partner, later: Duration, reason: &str) {
    let token = partner.bearer(house, "branches").await;
    let headers = [("authorization", token.as_str())];
    let mut all = Vec::new();
    for version in Version::BOTH {
        for dial in [
            partner.dial(house, version),
            house.dial12(Some(&partner.identity), version),
        ] {
            let mut open = dial.connect(house.api()).await.expect("a connection");
            assert!(!open.is_resumed());
            open.get(BRANCHES, &headers).await.ok();
            let mut resumed = dial.connect(house.api()).await.expect("a connection");
            assert!(
                resumed.is_resumed(),
                "{version:?}: the session was not resumed"
            );
            resumed.get(BRANCHES, &headers).await.ok();
            all.push((dial, open, resumed));
        }
    }
    house.clock.advance(later);
    let calls = house.bank.calls();
    for (dial, mut open, mut resumed) in all {
        for client in [&mut open, &mut resumed] {
            let answer = client.get(BRANCHES, &headers).await;
            answer.refused_saying(401, "certificate_refused", reason);
        }
        let mut again = dial.connect(house.api()).await.expect("a connection");
        assert!(again.is_resumed(), "the session was not resumed");
        let answer = again.get(BRANCHES, &headers).await;
        answer.refused_saying(401, "certificate_refused", reason);
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

fn long_lived_tokens(house: HouseBuilder) -> HouseBuilder {
    house.edit(
        "access_token_lifetime: 300s",
        "access_token_lifetime: 15min",
    )
}

#[tokio::test]
async fn a_revocation_list_grown_too_old_refuses_open_and_resumed_connections() {
    let house = long_lived_tokens(HouseBuilder::new())
        .edit(
            "refuse_when_older_than: 720h",
            "refuse_when_older_than: 10min",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let later = Duration::from_mins(11);
    refuses_after(&house, &partner, later, "no current revocation list").await;
}

#[tokio::test]
async fn a_certificate_past_its_end_refuses_open_and_resumed_connections() {
    let builder = long_lived_tokens(HouseBuilder::new());
    let soon = Duration::from_mins(10);
    let leaf = partner_leaf(Some(SWIFTRIDE), builder.now(), soon);
    let issued = issue(&builder.partner_authority(), &leaf);
    let house = builder.start().await;
    let mut partner = Partner::of(&house, "swiftride-app");
    partner.identity = Identity::issued(&issued);
    let later = Duration::from_mins(11);
    refuses_after(&house, &partner, later, "expired or not yet valid").await;
}

#[tokio::test]
async fn an_intermediate_past_its_end_takes_its_certificates_with_it() {
    let builder = long_lived_tokens(HouseBuilder::new());
    let (now, soon) = (builder.now(), Duration::from_mins(10));
    let authority = intermediate(&builder.partner_authority(), "Partners, east", now, soon);
    let issued = issue(&authority, &partner_leaf(Some(SWIFTRIDE), now, 6 * soon));
    let house = builder
        .write("trust/east.crl", &revocation_list(&authority, &[], now))
        .edit(
            "crl: [file:trust/partners.crl]",
            "crl: [file:trust/partners.crl, file:trust/east.crl]",
        )
        .start()
        .await;
    let mut partner = Partner::of(&house, "swiftride-app");
    partner.identity = Identity::issued(&issued);
    let later = Duration::from_mins(11);
    refuses_after(&house, &partner, later, "expired or not yet valid").await;
}

#[tokio::test]
async fn a_renewed_certificate_needs_no_edit_and_no_token_of_the_old_one_serves_it() {
    let builder = HouseBuilder::new();
    let leaf = partner_leaf(Some(SWIFTRIDE), builder.now(), Duration::from_hours(1));
    let issued = issue(&builder.partner_authority(), &leaf);
    let house = builder.start().await;
    let mut partner = Partner::of(&house, "swiftride-app");
    let old = partner.bearer(&house, "branches").await;
    partner.identity = Identity::issued(&issued);
    let token = partner.bearer(&house, "branches").await;
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        client
            .get(BRANCHES, &[("authorization", &token)])
            .await
            .ok();
        client
            .get(BRANCHES, &[("authorization", &old)])
            .await
            .refused(401, "wrong_binding");
    }
}
