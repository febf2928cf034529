//! Two banks behind one gateway: each believes its own authority and no other.

use std::time::Duration;

use kit::{
    EchoBank, HouseBuilder, Identity, Method, Partner, SWIFTRIDE, TestCa, TestHouse, Version,
    issue, other_authority, partner_leaf, revocation_list,
};

use super::{BRANCHES, connect};

const INLAND: &str = "/inland/v1/rates";
const INLAND_API: &str = r"openapi: 3.1.0
info: { title: Rates, version: 1.0.0 }
servers: [{ url: /inland/v1 }]
paths:
  /rates:
    get:
      operationId: inlandRates
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: inland
      x-mortise-authorization-details: none
      x-mortise-authentication: none
      responses: { '200': { description: Rates. } }
";

/// A second bank with an authority of its own, and an agreement with `SwiftRide`.
async fn house() -> (TestHouse, TestCa, EchoBank) {
    let bank = EchoBank::plain().await;
    let builder = HouseBuilder::new();
    let now = builder.now();
    let authority = other_authority("Inland partners", now);
    let issuer = builder.prepared().issuer_url.clone();
    let until = now.to_string();
    let year: i32 = until[..4].parse().expect("a year");
    let house = builder
        .write("trust/inland-ca.pem", authority.certificate())
        .write("trust/inland.crl", &revocation_list(&authority, &[], now))
        .write("apis/inland.yaml", INLAND_API)
        .edit(
            "banks:\n",
            &format!(
                "banks:\n  inland:\n    issuer:\n      url: {issuer}/inland\n      \
                 access_token_lifetime: 300s\n      profile: fapi2\n      \
                 keys: {{ kek: file:keys/kek }}\n    partner_ca:\n      \
                 authorities: [file:trust/inland-ca.pem]\n      revocation:\n        \
                 crl: [file:trust/inland.crl]\n        refuse_when_older_than: 24h\n    \
                 upstreams:\n      core: {{ endpoints: [\"{}\"], tls: none, limits: standard }}\n    products:\n      \
                 rates: {{ openapi: file:apis/inland.yaml, upstream: core, \
                 listeners: [api], deadline: 30s }}\n",
                bank.address
            ),
        )
        .edit(
            "agreements:\n",
            &format!(
                "agreements:\n  - {{ partner: swiftride, bank: inland, products: [rates], \
                 plan: trial, from: {year}-01-01, until: {}-12-31 }}\n",
                year + 1
            ),
        )
        .start()
        .await;
    (house, authority, bank)
}

/// Asks the second bank's issuer.
async fn ask_inland(house: &TestHouse, partner: &Partner) -> kit::Answer {
    let issuer = format!("{}/inland", house.issuer_url());
    let assertion = partner.assertion(&issuer, house.clock.as_ref());
    let form = format!(
        "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A\
         client-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
    );
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let mut client = connect(partner, house, Version::Http1).await;
    client
        .call(Method::POST, "/inland/token", &headers, form)
        .await
        .expect("an answer")
}

#[tokio::test]
async fn a_certificate_of_one_banks_authority_is_refused_at_the_other() {
    let (house, authority, bank) = house().await;
    let harbour = Partner::of(&house, "swiftride-app");
    let mut inland = Partner::of(&house, "swiftride-app");
    let leaf = partner_leaf(Some(SWIFTRIDE), house.now(), Duration::from_hours(1));
    inland.identity = Identity::issued(&issue(&authority, &leaf));

    let at_harbour = harbour.bearer(&house, "branches").await;
    let token = ask_inland(&house, &inland).await.ok();
    assert_eq!(token["scope"], "inland");
    let at_inland = format!(
        "Bearer {}",
        token["access_token"].as_str().expect("a token")
    );
    let (harbours, inlands) = (
        [("authorization", at_harbour.as_str())],
        [("authorization", at_inland.as_str())],
    );

    let unknown = "does not chain to an authority of this bank";
    for version in Version::BOTH {
        let mut client = connect(&harbour, &house, version).await;
        client.get(BRANCHES, &harbours).await.ok();
        for headers in [&harbours, &inlands] {
            let answer = client.get(INLAND, headers).await;
            answer.refused_saying(401, "certificate_refused", unknown);
        }
        let mut client = connect(&inland, &house, version).await;
        client.get(INLAND, &inlands).await.ok();
        for headers in [&harbours, &inlands] {
            let answer = client.get(BRANCHES, headers).await;
            answer.refused_saying(401, "certificate_refused", unknown);
        }
        let answer = client.get(INLAND, &harbours).await;
        answer.refused_saying(401, "bad_token", "No key of the issuer");
    }
    assert_eq!(bank.calls(), 2);
    for (partner, answer) in [
        (&harbour, ask_inland(&house, &harbour).await),
        (&inland, inland.ask_token(&house, "branches").await),
    ] {
        let told = (answer.status.as_u16(), answer.code());
        assert_eq!(
            told,
            (401, "invalid_client".to_owned()),
            "{:?}",
            partner.client_id
        );
    }
}
