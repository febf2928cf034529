//! Clients that prove themselves by their certificate (RFC 8705 §2; MT-01 to MT-04, CA-04).

use std::time::Duration;

use jiff::Timestamp;
use kit::{
    Answer, FORM, HouseBuilder, Identity, Leaf, Method, Partner, Purpose, TestHouse, Version,
    issue, other_authority, partner_leaf,
};

use model::Clock;

use super::{BRANCHES, connect, decoded, is_oauth_error};

pub(super) const BY_ASSERTION: &str =
    "auth: private_key_jwt\n        jwks: file:partners/swiftride.jwks.json";
pub(super) const BY_NAME: &str =
    "auth: tls_client_auth\n        certificate: { san_dns: batch.swiftride.example }";
const SELF_SIGNED: &str =
    "auth: self_signed_tls_client_auth\n        jwks: file:partners/own.jwks.json";
pub(super) const ID: &str = "PSDCN-SWIFTRIDE-001";
pub(super) const NAME: &str = "batch.swiftride.example";
const HOUR: Duration = Duration::from_hours(1);

/// A certificate of this authority that says this.
pub(super) fn certificate(
    house: &TestHouse,
    authority: &kit::TestCa,
    id: &str,
    names: &[&str],
) -> Identity {
    let mut leaf = partner_leaf(Some(id), house.now(), HOUR);
    leaf.names = names.iter().map(|name| (*name).to_owned()).collect();
    Identity::issued(&issue(authority, &leaf))
}

/// Asks for a token with a certificate and a client_id alone.
async fn ask(house: &TestHouse, identity: Option<&Identity>, form: &str) -> Answer {
    let dial = house.dial(identity, Version::Http2);
    let mut client = connect(&dial, house).await;
    let form = format!("grant_type=client_credentials&scope=branches{form}");
    let answer = client.call(Method::POST, "/token", &[FORM], form).await;
    answer.expect("an answer")
}

/// Gets a token with this certificate, bound to it, and with both into the road.
async fn gets_in(house: &TestHouse, identity: &Identity) {
    let answer = ask(house, Some(identity), "&client_id=swiftride-app").await;
    let token = answer.ok()["access_token"]
        .as_str()
        .expect("text")
        .to_owned();
    let (_, claims) = decoded(&token);
    assert_eq!(claims["cnf"]["x5t#S256"], identity.thumbprint());
    assert_eq!(claims["client_id"], "swiftride-app");
    let mut client = connect(&house.dial(Some(identity), Version::Http1), house).await;
    let bearer = format!("Bearer {token}");
    client
        .get(BRANCHES, &[("authorization", &bearer)])
        .await
        .ok();
    let mut other = connect(
        &Partner::of(house, "swiftride-app").dial(house, Version::Http1),
        house,
    )
    .await;
    let stolen = other.get(BRANCHES, &[("authorization", &bearer)]).await;
    stolen.refused(401, "wrong_binding");
}

#[tokio::test]
async fn a_client_registered_by_a_name_proves_itself_by_a_certificate_that_bears_it() {
    let builder = HouseBuilder::new();
    let authority = builder.partner_authority();
    // Of the client's partner and with its name: all but in force.
    let leaf = |now: Timestamp, purpose: Purpose| Leaf {
        names: vec![NAME.to_owned()],
        purposes: vec![purpose],
        ..partner_leaf(Some(ID), now, HOUR)
    };
    let now = builder.now();
    let before = now.checked_sub(HOUR * 3).expect("an instant");
    let revoked = issue(&authority, &leaf(now, Purpose::Client));
    let over = issue(&authority, &leaf(before, Purpose::Client));
    let for_servers = issue(&authority, &leaf(now, Purpose::Server));
    let house = builder
        .edit(BY_ASSERTION, BY_NAME)
        .revoking(&[&revoked.serial])
        .start()
        .await;
    let good = certificate(&house, &authority, ID, &["other.example", NAME]);
    gets_in(&house, &good).await;

    let named = "&client_id=swiftride-app";
    let told = "No registered client of this client_id proves itself by this certificate";
    let stranger = other_authority("Other CA", house.now());
    for (who, identity) in [
        ("without the name", certificate(&house, &authority, ID, &[])),
        (
            "another partner's",
            certificate(&house, &authority, "PSDCN-CARTWHEEL-001", &[NAME]),
        ),
        ("another CA's", certificate(&house, &stranger, ID, &[NAME])),
        ("revoked", Identity::issued(&revoked)),
        ("expired", Identity::issued(&over)),
        ("for servers", Identity::issued(&for_servers)),
    ] {
        let answer = ask(&house, Some(&identity), named).await;
        is_oauth_error(&answer, 401, "invalid_client", told);
        assert!(answer.json().get("access_token").is_none(), "{who}");
    }
    // MT-03, CA-04, CA-07: no name, another's, nobody's: no token, and nothing told of who exists.
    for (form, says) in [
        ("", "show it, and send client_id"),
        ("&client_id=cartwheel-app", told),
        ("&client_id=nobody", told),
        ("&client_id=%20", told),
    ] {
        let answer = ask(&house, Some(&good), form).await;
        is_oauth_error(&answer, 401, "invalid_client", says);
    }
    let without = ask(&house, None, named).await;
    is_oauth_error(
        &without,
        401,
        "invalid_client",
        "show it, and send client_id",
    );
}

#[tokio::test]
async fn ca_04_no_client_is_taken_by_another_method_than_its_own() {
    let builder = HouseBuilder::new();
    let authority = builder.partner_authority();
    let house = builder.edit(BY_ASSERTION, BY_NAME).start().await;
    let good = certificate(&house, &authority, ID, &[NAME]);
    // An assertion with the key that was registered before.
    let mut partner = Partner::of(&house, "swiftride-app");
    partner.identity = good.clone();
    let answer = partner.ask_token(&house, "branches").await;
    is_oauth_error(&answer, 401, "invalid_client", "No registered client");
    // A certificate of its own for a client registered with keys.
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let answer = ask(
        &house,
        Some(&cartwheel.identity),
        "&client_id=cartwheel-app",
    )
    .await;
    is_oauth_error(&answer, 401, "invalid_client", "No registered client");
    // CA-01: a secret is no method, whatever stands beside it.
    let two = "&client_id=swiftride-app&client_secret=guess";
    let answer = ask(&house, Some(&good), two).await;
    is_oauth_error(&answer, 401, "invalid_client", "private_key_jwt");
}

#[tokio::test]
async fn mt_02_a_self_signed_certificate_serves_while_its_key_is_registered() {
    let builder = HouseBuilder::new();
    let own = kit::self_signed("swiftride", builder.clock.now(), HOUR);
    let house = builder
        .write("partners/own.jwks.json", &own.jwks)
        .edit(BY_ASSERTION, SELF_SIGNED)
        .start()
        .await;
    gets_in(&house, &own.identity).await;
    let told = "No registered client of this client_id proves itself by this certificate";
    let others = kit::self_signed("swiftride", house.now(), HOUR);
    let answer = ask(&house, Some(&others.identity), "&client_id=swiftride-app").await;
    is_oauth_error(&answer, 401, "invalid_client", told);
    // The certificate of another partner, good at this bank, for a client it is not registered of.
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let answer = ask(
        &house,
        Some(&cartwheel.identity),
        "&client_id=swiftride-app",
    )
    .await;
    is_oauth_error(&answer, 401, "invalid_client", told);
    // Once it has ended, neither door takes it.
    house.clock.advance(HOUR + Duration::from_secs(1));
    let answer = ask(&house, Some(&own.identity), "&client_id=swiftride-app").await;
    is_oauth_error(&answer, 401, "invalid_client", told);
    let mut client = connect(&house.dial(Some(&own.identity), Version::Http1), &house).await;
    let refused = client.get(BRANCHES, &[]).await;
    refused.refused(401, "certificate_refused");
}

#[tokio::test]
async fn mt_01_a_name_counts_only_in_a_certificate_that_an_authority_signed() {
    let builder = HouseBuilder::new();
    // Another client of the same partner registered the key; whoever holds it writes the name.
    let own = kit::self_signed(NAME, builder.clock.now(), HOUR);
    let house = builder
        .write("partners/own.jwks.json", &own.jwks)
        .edit(
            BY_ASSERTION,
            "auth: tls_client_auth\n        certificate: { subject_dn: \"CN=batch.swiftride.example\" }",
        )
        .edit(
            "      swiftride-app:\n",
            "      swiftride-test:
        { auth: self_signed_tls_client_auth, bound_by: mtls, jwks: file:partners/own.jwks.json }
      swiftride-app:\n",
        )
        .start()
        .await;
    let answer = ask(&house, Some(&own.identity), "&client_id=swiftride-test").await;
    answer.ok();
    let told = "No registered client of this client_id proves itself by this certificate";
    let answer = ask(&house, Some(&own.identity), "&client_id=swiftride-app").await;
    is_oauth_error(&answer, 401, "invalid_client", told);
}

#[tokio::test]
async fn another_partners_key_registered_as_ones_own_takes_nothing_from_it() {
    let builder = HouseBuilder::new();
    let mut partners = builder.prepared().partners.iter();
    let files = partners.find(|files| files.client == "cartwheel-app");
    let key = kit::text(&files.expect("a partner").key);
    let cartwheel_jwks = kit::jwks_of(key.as_bytes());
    let house = builder
        .write("partners/own.jwks.json", &cartwheel_jwks)
        .edit(BY_ASSERTION, SELF_SIGNED)
        .start()
        .await;
    // The certificate stays its owner's: an authority issued it.
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let token = cartwheel.bearer(&house, "catalogue").await;
    let mut client = connect(&cartwheel.dial(&house, Version::Http1), &house).await;
    let products = "/catalogue/v1/products";
    client
        .get(products, &[("authorization", &token)])
        .await
        .ok();
    let answer = ask(
        &house,
        Some(&cartwheel.identity),
        "&client_id=swiftride-app",
    )
    .await;
    is_oauth_error(&answer, 401, "invalid_client", "No registered client");
}
