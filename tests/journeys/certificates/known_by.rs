//! What a partner's certificates are known by, through both doors.

use std::time::Duration;

use kit::{HouseBuilder, Identity, Partner, TestHouse, Version, issue, partner_leaf};

use super::{BRANCHES, connect};

const BY_ID: &str = "{ organization_id: PSDCN-SWIFTRIDE-001 }";

/// The partner with a new certificate that bears these names and no organizationIdentifier.
fn named(house: &TestHouse, authority: &kit::TestCa, names: &[&str]) -> Partner {
    let mut leaf = partner_leaf(None, house.now(), Duration::from_hours(1));
    leaf.names = names.iter().map(|name| (*name).to_owned()).collect();
    let mut partner = Partner::of(house, "swiftride-app");
    partner.identity = Identity::issued(&issue(authority, &leaf));
    partner
}

/// Asks for a token and with it for branches; both doors judge alike.
async fn gets_in(house: &TestHouse, partner: &Partner) {
    let token = partner.bearer(house, "branches").await;
    for version in Version::BOTH {
        let mut client = connect(partner, house, version).await;
        client
            .get(BRANCHES, &[("authorization", &token)])
            .await
            .ok();
    }
}

async fn is_refused(house: &TestHouse, partner: &Partner, says: &str) {
    let calls = house.bank.calls();
    for version in Version::BOTH {
        let mut client = connect(partner, house, version).await;
        let answer = client.get(BRANCHES, &[]).await;
        answer.refused_saying(401, "certificate_refused", says);
    }
    assert_eq!(partner.ask_token(house, "branches").await.status, 401);
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

#[tokio::test]
async fn a_partner_known_by_its_subject_gets_in_with_that_subject_alone() {
    let builder = HouseBuilder::new();
    let authority = builder.partner_authority();
    let subject = r#"{ subject_dn: "cn=A  Partner's APP , O=a partner co. ltd." }"#;
    let house = builder.edit(BY_ID, subject).start().await;
    gets_in(&house, &named(&house, &authority, &[])).await;
    let before = Partner::of(&house, "swiftride-app");
    is_refused(&house, &before, "No partner of this bank is known by").await;
}

#[tokio::test]
async fn a_partner_known_by_a_dns_name_gets_in_with_that_name_among_others() {
    let builder = HouseBuilder::new();
    let authority = builder.partner_authority();
    let by_name = "{ san_dns: api.swiftride.example }";
    let house = builder.edit(BY_ID, by_name).start().await;
    let names = ["other.example", "API.SwiftRide.example"];
    gets_in(&house, &named(&house, &authority, &names)).await;
    for names in [&[][..], &["*.swiftride.example"], &["192.0.2.7"]] {
        let other = named(&house, &authority, names);
        is_refused(&house, &other, "No partner of this bank is known by").await;
    }
}

#[tokio::test]
async fn a_certificate_that_names_two_partners_serves_neither() {
    let builder = HouseBuilder::new();
    let authority = builder.partner_authority();
    let house = builder
        .edit(BY_ID, "{ san_dns: api.swiftride.example }")
        .edit(
            "{ organization_id: PSDCN-CARTWHEEL-001 }",
            "{ san_ip: 192.0.2.7 }",
        )
        .start()
        .await;
    let both = ["api.swiftride.example", "192.0.2.7"];
    let both = named(&house, &authority, &both);
    is_refused(&house, &both, "names of several partners").await;
    gets_in(
        &house,
        &named(&house, &authority, &["api.swiftride.example"]),
    )
    .await;
}
