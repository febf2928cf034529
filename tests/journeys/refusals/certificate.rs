//! Certificates that are missing, or that are not good here.

use std::time::Duration;

use jiff::SignedDuration;
use kit::{
    HouseBuilder, Identity, Leaf, Partner, Purpose, SWIFTRIDE, TestHouse, Validity, Version, issue,
    other_authority, partner_leaf,
};

use super::{BOTH, BRANCHES, connect, metadata, stranger};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_partners_operation_wants_a_certificate_even_with_a_good_token() {
    let house = TestHouse::start().await;
    let token = Partner::of(&house, "swiftride-app")
        .bearer(&house, "branches")
        .await;
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        for headers in [&[][..], &[("authorization", token.as_str())][..]] {
            let answer = client.get(BRANCHES, headers).await;
            answer.refused_saying(401, "no_certificate", "without a client certificate");
            answer.challenges(&BOTH, &metadata(&house));
        }
    }
    assert_eq!(house.bank.calls(), 0);
}

/// Shows this certificate, with the token of another, and is refused for this reason.
async fn is_refused(house: &TestHouse, identity: Identity, reason: &str) {
    let mut partner = Partner::of(house, "swiftride-app");
    let token = partner.bearer(house, "branches").await;
    partner.identity = identity;
    for version in Version::BOTH {
        let mut client = connect(&partner, house, version).await;
        let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
        answer.refused_saying(401, "certificate_refused", reason);
        answer.challenges(&BOTH, &metadata(house));
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_the_bank_does_not_know_is_refused() {
    let house = TestHouse::start().await;
    let now = house.now();
    let stranger = other_authority("Mortise sandbox partners", now);
    let forged = issue(&stranger, &partner_leaf(Some(SWIFTRIDE), now, HOUR));
    is_refused(
        &house,
        Identity::issued(&forged),
        "does not chain to an authority",
    )
    .await;
    // The sandbox's authority of servers is no authority of partners.
    let gateway = house.prepared().gateway_certificate.clone();
    let gateway = Identity::from_files(&gateway, &house.dir().join("tls/gateway-client.key"));
    is_refused(&house, gateway, "does not chain to an authority").await;
}

#[tokio::test]
async fn a_certificate_outside_its_time_is_refused() {
    let builder = HouseBuilder::new();
    let (now, authority) = (builder.now(), builder.partner_authority());
    let at = |hours| {
        now.checked_add(SignedDuration::from_hours(hours))
            .expect("an instant")
    };
    let over = Validity {
        not_before: at(-48),
        not_after: at(-1),
    };
    let ahead = Validity {
        not_before: at(1),
        not_after: at(48),
    };
    let leaf = partner_leaf(Some(SWIFTRIDE), now, HOUR);
    let house = builder.start().await;
    for validity in [over, ahead] {
        let issued = issue(
            &authority,
            &Leaf {
                validity,
                ..leaf.clone()
            },
        );
        is_refused(
            &house,
            Identity::issued(&issued),
            "expired or not yet valid",
        )
        .await;
    }
}

#[tokio::test]
async fn a_certificate_for_servers_is_refused() {
    let builder = HouseBuilder::new();
    let leaf = partner_leaf(Some(SWIFTRIDE), builder.now(), HOUR);
    let leaf = Leaf {
        purposes: vec![Purpose::Server],
        ..leaf
    };
    let issued = issue(&builder.partner_authority(), &leaf);
    let house = builder.start().await;
    is_refused(
        &house,
        Identity::issued(&issued),
        "lacks the extended key usage",
    )
    .await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let builder = HouseBuilder::new();
    let leaf = partner_leaf(Some(SWIFTRIDE), builder.now(), HOUR);
    let issued = issue(&builder.partner_authority(), &leaf);
    let house = builder.revoking(&[&issued.serial]).start().await;
    is_refused(&house, Identity::issued(&issued), "is revoked").await;
}

#[tokio::test]
async fn nobody_is_believed_once_the_revocation_list_is_too_old() {
    let house = HouseBuilder::new()
        .edit(
            "refuse_when_older_than: 720h",
            "refuse_when_older_than: 1min",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    house.clock.advance(Duration::from_secs(61));
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
        answer.refused_saying(401, "certificate_refused", "no current revocation list");
        client.get(super::OPEN, &[]).await.ok();
    }
}

#[tokio::test]
async fn a_good_certificate_of_no_partner_is_refused() {
    let builder = HouseBuilder::new();
    let (now, authority) = (builder.now(), builder.partner_authority());
    let house = builder.start().await;
    for organization_id in [None, Some("PSDCN-NOBODY-001"), Some("psdcn-swiftride-001")] {
        let issued = issue(&authority, &partner_leaf(organization_id, now, HOUR));
        is_refused(&house, Identity::issued(&issued), "No partner of this bank").await;
    }
}

#[tokio::test]
async fn a_suspended_partner_is_refused_with_whatever_it_shows() {
    let house = HouseBuilder::new()
        .edit(
            "swiftride.example\n    standing: active",
            "swiftride.example\n    standing: suspended",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        // The second time the gate knows the certificate.
        for headers in [&[][..], &[("authorization", "Bearer a.b.c")][..], &[][..]] {
            let answer = client.get(BRANCHES, headers).await;
            answer.refused_saying(403, "partner_suspended", "suspended this partner");
        }
    }
    assert_eq!(house.bank.calls(), 0);
    let other = Partner::of(&house, "cartwheel-app");
    let token = other.bearer(&house, "catalogue").await;
    let mut client = connect(&other, &house, Version::Http1).await;
    client
        .get("/catalogue/v1/products", &[("authorization", &token)])
        .await
        .ok();
}
