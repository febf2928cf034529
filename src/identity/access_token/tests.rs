use proptest::prelude::*;
use rcgen::KeyPair;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crypto::{Algorithm, SigningKey};
use std::collections::BTreeMap;

use super::*;
use crate::test_house::{AUDIENCE, ISSUER, NOW, at, claims, issuer, key};

const THUMBPRINT: [u8; 32] = [7; 32];

/// An issuer, its key, and a verifier.
struct House {
    key: SigningKey,
    issuer: Issuer,
    tokens: AccessTokens,
}

impl House {
    fn new() -> Self {
        Self::with_key(key())
    }

    fn with_key(key: SigningKey) -> Self {
        Self {
            issuer: issuer(&key),
            key,
            tokens: AccessTokens::new(10),
        }
    }

    fn good_token(&self) -> String {
        self.signed(&claims(&THUMBPRINT))
    }

    fn signed(&self, claims: &Value) -> String {
        self.key.sign("at+jwt", claims).expect("signs")
    }

    /// Claims as they are written, which [`Value`] could not hold.
    fn signed_text(&self, claims: &str) -> String {
        let claims = RawValue::from_string(claims.to_owned()).expect("JSON");
        self.key.sign("at+jwt", &claims).expect("signs")
    }

    fn verified(&self, token: &str) -> Result<Arc<AccessToken>, TokenProblem> {
        self.verified_at(token, NOW)
    }

    fn verified_at(&self, token: &str, second: i64) -> Result<Arc<AccessToken>, TokenProblem> {
        match self.tokens.verify(&self.issuer, token, at(second)) {
            Ok(token) => Ok(token),
            Err(Refusal::BadToken(problem)) => Err(problem),
            Err(other) => panic!("not of a token: {other:?}"),
        }
    }

    /// Why a good token is refused once this claim is another.
    fn refused_with(&self, claim: &str, value: Value) -> Option<TokenProblem> {
        let mut claims = claims(&THUMBPRINT);
        claims[claim] = value;
        self.verified(&self.signed(&claims)).err()
    }

    /// Why a good token is refused once this claim is not there.
    fn refused_without(&self, claim: &str) -> Option<TokenProblem> {
        let mut claims = claims(&THUMBPRINT);
        let members = claims.as_object_mut().expect("an object");
        members.remove(claim).expect("a claim");
        self.verified(&self.signed(&claims)).err()
    }
}

/// A token with this header, the claims of a good one, and no signature worth the name.
fn unsigned(header: &str) -> String {
    let payload = crypto::base64url(claims(&THUMBPRINT).to_string().as_bytes());
    let signature = crypto::base64url(&[1; 64]);
    format!(
        "{}.{payload}.{signature}",
        crypto::base64url(header.as_bytes())
    )
}

#[test]
fn a_good_token_gives_its_facts() {
    let house = House::new();
    let text = house.good_token();
    let token = house.verified(&text).expect("good");
    assert_eq!(token.client.as_str(), "swiftride-app");
    assert_eq!(token.scope.to_string(), "branches rates");
    assert_eq!(token.jti_digest, crypto::sha256(b"jti-1"));
    assert_eq!(token.confirmation, Confirmation::Certificate(THUMBPRINT));
    assert_eq!(token.digest, crypto::sha256(text.as_bytes()));
}

#[test]
fn each_algorithm_of_the_profile_is_accepted() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let house = House::with_key(SigningKey::generate(algorithm).expect("generates"));
        assert!(house.verified(&house.good_token()).is_ok(), "{algorithm:?}");
    }
}

#[test]
fn the_checks_come_in_the_order_of_the_checklist() {
    let (house, other) = (House::new(), key());
    let mut wrong = json!({
        "iss": "https://elsewhere.example",
        "sub": "swiftride-app",
        "client_id": "swiftride-app",
        "aud": "https://elsewhere.example",
        "iat": NOW - 600,
        "exp": NOW - 300,
        "jti": "jti-1",
    });
    let kid = house.key.kid();
    assert_eq!(
        house.verified("no token").err(),
        Some(TokenProblem::NotAnAccessToken)
    );
    assert_eq!(
        house
            .verified(&unsigned(r#"{"alg":"none","typ":"JWT"}"#))
            .err(),
        Some(TokenProblem::NotAnAccessToken),
        "typ before alg"
    );
    assert_eq!(
        house
            .verified(&unsigned(r#"{"alg":"none","typ":"at+jwt","kid":"?"}"#))
            .err(),
        Some(TokenProblem::Algorithm),
        "alg before key"
    );
    let by_other = other.sign("at+jwt", &wrong).expect("signs");
    assert_eq!(
        house.verified(&by_other).err(),
        Some(TokenProblem::Signature),
        "key before claims"
    );
    let forged = unsigned(&format!(
        r#"{{"alg":"ES256","typ":"at+jwt","kid":"{kid}"}}"#
    ));
    assert_eq!(house.verified(&forged).err(), Some(TokenProblem::Signature));
    let mut next = |claim: &str, value: Value, after: &str| {
        let refused = house.verified(&house.signed(&wrong)).err();
        wrong[claim] = value;
        (refused, after.to_owned())
    };
    let order = [
        next("iss", json!(ISSUER), "iss first"),
        next("aud", json!(AUDIENCE), "then aud"),
        next("exp", json!(NOW + 300), "then the times"),
        next("cnf", claims(&THUMBPRINT)["cnf"].clone(), "then binding"),
        next("scope", json!("rates"), "then nothing"),
    ];
    let expected = [
        Some(TokenProblem::Issuer),
        Some(TokenProblem::Audience),
        Some(TokenProblem::OutsideValidity),
        Some(TokenProblem::Unbound),
        None,
    ];
    for ((refused, after), expected) in order.into_iter().zip(expected) {
        assert_eq!(refused, expected, "{after}");
    }
}

#[test]
fn what_is_no_compact_jws_is_refused() {
    let house = House::new();
    let good = house.good_token();
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    for bad in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        signed,
        &format!("{signed}.{signature}=="),
        &format!("{good}.{signature}"),
        &format!(" {good}"),
        &format!("{good}\n"),
        &format!("{signed}.{signature}\u{0}"),
    ] {
        assert_eq!(
            house.verified(bad).err(),
            Some(TokenProblem::NotAnAccessToken),
            "{bad:?}"
        );
    }
    assert_eq!(
        house.verified(&format!("{signed}.")).err(),
        Some(TokenProblem::Signature),
        "an empty signature is one that does not verify"
    );
}

#[test]
fn only_the_type_at_jwt_is_an_access_token() {
    let house = House::new();
    let typed = |typ: &str| {
        let token = house.key.sign(typ, &claims(&THUMBPRINT));
        house.verified(&token.expect("signs")).err()
    };
    // RFC 7515 §4.1.9: a media type, compared without case, its prefix left out or not.
    for same in ["at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt"] {
        assert_eq!(typed(same), None, "{same}");
    }
    for other in [
        "JWT",
        "jwt",
        "",
        "at+jwt ",
        "at",
        "dpop+jwt",
        "text/at+jwt",
        "oauth-authz-req+jwt",
    ] {
        assert_eq!(
            typed(other),
            Some(TokenProblem::NotAnAccessToken),
            "{other:?}"
        );
    }
}

#[test]
fn a_token_without_a_type_is_refused() {
    let pair = KeyPair::generate().expect("generates");
    let pem = pair.serialize_pem();
    let house = House::with_key(SigningKey::from_pem(None, pem.as_bytes()).expect("a key"));
    let key = jsonwebtoken::EncodingKey::from_ec_der(&pair.serialize_der());
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    header.kid = Some(house.key.kid().to_owned());
    let mut typed = |typ: Option<&str>| {
        header.typ = typ.map(str::to_owned);
        let token = jsonwebtoken::encode(&header, &claims(&THUMBPRINT), &key);
        house.verified(&token.expect("signs")).err()
    };
    assert_eq!(typed(Some("at+jwt")), None);
    assert_eq!(typed(None), Some(TokenProblem::NotAnAccessToken));
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let house = House::new();
    let kid = house.key.kid();
    for alg in ["none", "None", "NONE", ""] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        let token = unsigned(&header);
        let bare = token.rsplit_once('.').expect("three parts").0;
        for token in [format!("{bare}."), token.clone()] {
            assert_eq!(
                house.verified(&token).err(),
                Some(TokenProblem::Algorithm),
                "{alg:?}"
            );
        }
    }
}

#[test]
fn a_mac_made_with_the_public_key_is_refused() {
    let pair = KeyPair::generate().expect("generates");
    let pem = pair.serialize_pem();
    let house = House::with_key(SigningKey::from_pem(None, pem.as_bytes()).expect("a key"));
    let jwk = house.key.verification_key().to_jwk().to_string();
    for secret in [pair.public_key_pem(), jwk] {
        for alg in [
            jsonwebtoken::Algorithm::HS256,
            jsonwebtoken::Algorithm::HS384,
            jsonwebtoken::Algorithm::HS512,
        ] {
            let mut header = jsonwebtoken::Header::new(alg);
            header.typ = Some("at+jwt".to_owned());
            header.kid = Some(house.key.kid().to_owned());
            let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
            let token = jsonwebtoken::encode(&header, &claims(&THUMBPRINT), &secret);
            assert_eq!(
                house.verified(&token.expect("signs")).err(),
                Some(TokenProblem::Algorithm)
            );
        }
    }
}

#[test]
fn an_algorithm_that_is_not_the_keys_is_refused() {
    let house = House::new();
    let kid = house.key.kid();
    for alg in ["RS256", "PS256", "EdDSA", "ES384", "ES256K", "es256"] {
        let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#);
        assert_eq!(
            house.verified(&unsigned(&header)).err(),
            Some(TokenProblem::Algorithm),
            "{alg}"
        );
    }
}

#[test]
fn a_signature_of_another_key_is_refused_whatever_kid_it_names() {
    let house = House::new();
    let own_kid = key();
    let same_kid = SigningKey::from_pem(
        Some(house.key.kid()),
        KeyPair::generate()
            .expect("generates")
            .serialize_pem()
            .as_bytes(),
    )
    .expect("a key");
    for forger in [own_kid, same_kid] {
        let token = forger.sign("at+jwt", &claims(&THUMBPRINT)).expect("signs");
        assert_eq!(house.verified(&token).err(), Some(TokenProblem::Signature));
    }
}

#[test]
fn a_header_that_brings_its_own_key_or_extension_is_refused() {
    let house = House::new();
    let jwk = key().verification_key().to_jwk();
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""jku":"https://elsewhere.example/jwks""#.to_owned(),
        r#""x5c":["AAAA"]"#.to_owned(),
        r#""x5u":"https://elsewhere.example/x5c""#.to_owned(),
        r#""crit":["exp"]"#.to_owned(),
        r#""b64":false"#.to_owned(),
        r#""alg":"ES256""#.to_owned(),
        r#""typ":"at+jwt""#.to_owned(),
    ] {
        let header = format!(r#"{{"alg":"ES256","typ":"at+jwt",{member}}}"#);
        assert_eq!(
            house.verified(&unsigned(&header)).err(),
            Some(TokenProblem::NotAnAccessToken),
            "{header}"
        );
    }
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    let house = House::new();
    for other in [
        "",
        "https://auth.harbour.example/",
        "https://AUTH.harbour.example",
        "http://auth.harbour.example",
        AUDIENCE,
    ] {
        let refused = house.refused_with("iss", json!(other));
        assert_eq!(refused, Some(TokenProblem::Issuer), "{other:?}");
    }
    for no_text in [json!(null), json!([ISSUER]), json!(1)] {
        let refused = house.refused_with("iss", no_text.clone());
        assert_eq!(refused, Some(TokenProblem::NotAnAccessToken), "{no_text}");
    }
}

#[test]
fn the_audience_is_ours_alone_or_one_of_several() {
    let house = House::new();
    for ours in [
        json!(AUDIENCE),
        json!([AUDIENCE]),
        json!(["https://elsewhere.example", AUDIENCE]),
    ] {
        assert_eq!(house.refused_with("aud", ours.clone()), None, "{ours}");
    }
    for other in [
        json!(""),
        json!([]),
        json!(format!("{AUDIENCE}/")),
        json!(format!("https://elsewhere.example {AUDIENCE}")),
        json!(ISSUER),
        json!(["https://elsewhere.example", ISSUER]),
    ] {
        assert_eq!(
            house.refused_with("aud", other.clone()),
            Some(TokenProblem::Audience),
            "{other}"
        );
    }
    for no_audience in [
        json!(null),
        json!(1),
        json!({ "aud": AUDIENCE }),
        json!([AUDIENCE, 1]),
        json!([[AUDIENCE]]),
    ] {
        assert_eq!(
            house.refused_with("aud", no_audience.clone()),
            Some(TokenProblem::NotAnAccessToken),
            "{no_audience}"
        );
    }
}

#[test]
fn clocks_may_differ_by_ten_seconds() {
    let house = House::new();
    let outside = Some(TokenProblem::OutsideValidity);
    assert_eq!(house.refused_with("exp", json!(NOW)), None);
    assert_eq!(house.refused_with("exp", json!(NOW - 9)), None);
    assert_eq!(house.refused_with("exp", json!(NOW - 10)), outside);
    assert_eq!(house.refused_with("exp", json!(NOW - 11)), outside);
    assert_eq!(house.refused_with("exp", json!(0)), outside);
    assert_eq!(house.refused_with("exp", json!(-1)), outside);
    for claim in ["nbf", "iat"] {
        assert_eq!(house.refused_with(claim, json!(NOW + 10)), None, "{claim}");
        assert_eq!(
            house.refused_with(claim, json!(NOW + 11)),
            outside,
            "{claim}"
        );
        assert_eq!(
            house.refused_with(claim, json!(NOW + 62)),
            outside,
            "{claim}"
        );
    }
}

#[test]
fn a_time_that_is_no_number_is_refused_and_not_taken_for_none() {
    let house = House::new();
    for claim in ["exp", "nbf", "iat"] {
        for no_time in [
            json!(NOW.to_string()),
            json!(null),
            json!(true),
            json!([NOW]),
            json!({}),
            json!(1e300),
            json!(u64::MAX),
            json!(i64::MAX),
        ] {
            assert_eq!(
                house.refused_with(claim, no_time.clone()),
                Some(TokenProblem::NotAnAccessToken),
                "{claim}: {no_time}"
            );
        }
        // RFC 7519 §2: a NumericDate may have a fraction.
        assert_eq!(
            house.refused_with(claim, json!(1_800_000_000.5)),
            None,
            "{claim}"
        );
    }
}

#[test]
fn a_token_lacks_none_of_the_claims_it_is_judged_by() {
    let house = House::new();
    for claim in ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"] {
        assert_eq!(
            house.refused_without(claim),
            Some(TokenProblem::NotAnAccessToken),
            "{claim}"
        );
    }
    for claim in ["nbf", "scope"] {
        assert_eq!(house.refused_without(claim), None, "{claim}");
    }
}

#[test]
fn a_token_is_bound_to_what_its_confirmation_names() {
    let house = House::new();
    let (certificate, key) = (THUMBPRINT, [8; 32]);
    let text = |bytes: [u8; 32]| crypto::base64url(&bytes);
    for (cnf, bound_to) in [
        (
            json!({ "x5t#S256": text(certificate), "x": 1 }),
            Confirmation::Certificate(certificate),
        ),
        (json!({ "jkt": text(key) }), Confirmation::Key(key)),
        (
            json!({ "jkt": text(key), "x5t#S256": text(certificate) }),
            Confirmation::Both { certificate, key },
        ),
    ] {
        let mut claims = claims(&THUMBPRINT);
        claims["cnf"] = cnf.clone();
        let token = house.verified(&house.signed(&claims)).expect("good");
        assert_eq!(token.confirmation, bound_to, "{cnf}");
    }
}

#[test]
fn a_token_that_is_bound_to_nothing_that_can_be_held_is_refused() {
    let house = House::new();
    let unbound = Some(TokenProblem::Unbound);
    assert_eq!(house.refused_without("cnf"), unbound);
    let thumbprint = crypto::base64url(&THUMBPRINT);
    for cnf in [
        json!(null),
        json!({}),
        json!({ "x5t": thumbprint }),
        json!({ "x5t#s256": thumbprint }),
        json!({ "JKT": thumbprint }),
        json!({ "jwk": { "kty": "EC" } }),
    ] {
        assert_eq!(house.refused_with("cnf", cnf.clone()), unbound, "{cnf}");
    }
    for (member, other) in [("x5t#S256", "jkt"), ("jkt", "x5t#S256")] {
        assert_eq!(house.refused_with("cnf", json!({ member: null })), unbound);
        for bad in [
            String::new(),
            crypto::base64url(&[7; 31]),
            crypto::base64url(&[7; 33]),
            format!("{thumbprint}="),
            crypto::hex(&THUMBPRINT),
            "_".repeat(43),
        ] {
            // What can be held beside it does not make up for it.
            for cnf in [
                json!({ member: bad }),
                json!({ member: bad, other: thumbprint }),
            ] {
                assert_eq!(house.refused_with("cnf", cnf.clone()), unbound, "{cnf}");
            }
        }
        for no_text in [json!(1), json!([thumbprint])] {
            let refused = house.refused_with("cnf", json!({ member: no_text }));
            assert_eq!(refused, Some(TokenProblem::NotAnAccessToken));
        }
    }
    for no_confirmation in [json!("x"), json!(1)] {
        let refused = house.refused_with("cnf", no_confirmation);
        assert_eq!(refused, Some(TokenProblem::NotAnAccessToken));
    }
}

#[test]
fn client_scope_and_jti_must_be_readable() {
    let house = House::new();
    let too_many: Vec<String> = (0..65).map(|number| format!("s{number}")).collect();
    for (claim, value) in [
        ("client_id", json!(null)),
        ("client_id", json!(1)),
        ("client_id", json!("")),
        ("client_id", json!("a b")),
        ("client_id", json!("a".repeat(129))),
        ("scope", json!(null)),
        ("scope", json!(["rates"])),
        ("scope", json!("ra\"tes")),
        ("scope", json!("rates\nbranches")),
        ("scope", json!(too_many.join(" "))),
        ("jti", json!(1)),
    ] {
        assert_eq!(
            house.refused_with(claim, value.clone()),
            Some(TokenProblem::NotAnAccessToken),
            "{claim}: {value}"
        );
    }
}

#[test]
fn a_log_in_that_cannot_be_read_is_not_said_and_the_token_good() {
    let house = House::new();
    let said = |auth_time: Value, acr: Value| {
        let mut claims = claims(&THUMBPRINT);
        claims["sub"] = json!("a-customer");
        claims["auth_time"] = auth_time;
        claims["acr"] = acr;
        let token = house.verified(&house.signed(&claims)).expect("good");
        token.log_in.clone().map(|said| (said.auth_time, said.acr))
    };
    let loa2 = Some("loa2".to_owned());
    assert_eq!(said(json!(NOW), json!("loa2")), Some((NOW, loa2)));
    assert_eq!(said(json!(NOW), json!(2)), Some((NOW, None)));
    for no_second in [json!(1.5), json!("1"), json!(null), json!({})] {
        assert_eq!(said(no_second, json!("loa2")), None);
    }
}

#[test]
fn a_token_without_scope_has_none() {
    let house = House::new();
    let mut claims = claims(&THUMBPRINT);
    claims["scope"] = json!("");
    let token = house.verified(&house.signed(&claims)).expect("good");
    assert!(token.scope.is_empty());
}

#[test]
fn ra_05_the_types_of_a_tokens_details_are_kept_and_what_is_none_does_not_count() {
    let house = House::new();
    let with = |details: Value| {
        let mut claims = claims(&THUMBPRINT);
        claims["authorization_details"] = details;
        house.verified(&house.signed(&claims))
    };
    let token = with(json!([{ "type": "a", "x": 1 }, { "type": "b" }])).expect("good");
    let types: Vec<_> = token.details.iter().map(DetailType::as_str).collect();
    assert_eq!(types, ["a", "b"]);
    // Only what is to be used here (RFC 9396 §2.2).
    let here = AUDIENCE;
    let located = with(json!([
        { "type": "a", "locations": ["https://elsewhere.example"] },
        { "type": "b", "locations": ["https://elsewhere.example", here] },
        { "type": "c", "locations": [] },
    ]));
    let located = located.expect("good").details.clone();
    let types: Vec<_> = located.iter().map(DetailType::as_str).collect();
    assert_eq!(types, ["b"]);
    for bad in [
        json!({ "type": "a" }),
        json!("a"),
        json!([{}, "a", null]),
        json!([{ "type": 1 }]),
        json!([{ "type": "" }]),
        json!([{ "type": "a b" }]),
        json!([{ "type": "a", "locations": [1] }]),
        json!([{ "type": "a", "locations": here }]),
    ] {
        let token = with(bad.clone()).expect("good");
        assert_eq!(token.details, [], "{bad}");
    }
    let many = with(json!(vec![json!({ "type": "a" }); 21])).expect("good");
    assert_eq!(many.details.len(), 20);
}

#[test]
fn a_member_that_stands_twice_is_refused_at_any_depth() {
    let house = House::new();
    let good = claims(&THUMBPRINT).to_string();
    assert!(house.verified(&house.signed_text(&good)).is_ok());
    let thumbprint = crypto::base64url(&THUMBPRINT);
    for (once, twice) in [
        ("{", format!(r#"{{"exp":{},"#, NOW + 300)),
        ("{", format!(r#"{{"iss":"{ISSUER}","#)),
        ("{", r#"{"x":1,"x":1,"#.to_owned()),
        ("{", r#"{"x":[{"y":1,"y":2}],"#.to_owned()),
        (
            r#""cnf":{"#,
            format!(r#""cnf":{{"x5t#S256":"{thumbprint}","#),
        ),
    ] {
        let text = good.replacen(once, &twice, 1);
        assert_ne!(text, good);
        assert_eq!(
            house.verified(&house.signed_text(&text)).err(),
            Some(TokenProblem::NotAnAccessToken),
            "{text}"
        );
    }
}

#[test]
fn a_token_has_at_most_24_kib() {
    let house = House::new();
    let padded = |bytes: usize| {
        let mut claims = claims(&THUMBPRINT);
        claims["pad"] = json!("a".repeat(bytes));
        house.signed(&claims)
    };
    let longest = (17_000..18_500)
        .rev()
        .find(|bytes| padded(*bytes).len() <= 24 * 1024)
        .expect("some length fits");
    assert!(padded(longest).len() > 24 * 1024 - 3);
    assert!(house.verified(&padded(longest)).is_ok());
    for longer in [longest + 1, longest + 2, 100_000] {
        assert_eq!(
            house.verified(&padded(longer)).err(),
            Some(TokenProblem::NotAnAccessToken),
            "{longer}"
        );
    }
}

#[test]
fn a_good_token_is_verified_once() {
    let house = House::new();
    let text = house.good_token();
    let first = house.verified(&text).expect("good");
    let second = house.verified_at(&text, NOW + 1).expect("good");
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(house.tokens.verified.len(), 1);
    // The same claims in another token are another token.
    let again = house.verified(&house.good_token()).expect("good");
    assert!(!Arc::ptr_eq(&first, &again));
}

#[test]
fn the_times_of_a_remembered_token_are_checked_each_time() {
    let house = House::new();
    let text = house.good_token();
    let outside = Some(TokenProblem::OutsideValidity);
    assert!(house.verified(&text).is_ok());
    assert!(house.verified_at(&text, NOW + 309).is_ok());
    assert_eq!(house.verified_at(&text, NOW + 310).err(), outside);
    assert!(house.verified_at(&text, NOW - 10).is_ok());
    assert_eq!(house.verified_at(&text, NOW - 11).err(), outside);
    assert_eq!(
        house.tokens.verified.len(),
        1,
        "it was remembered all along"
    );
}

#[test]
fn a_token_remembered_under_old_keys_is_not_believed_under_new_ones() {
    let (old, new) = (House::new(), House::new());
    let token = old.good_token();
    let tokens = &old.tokens;
    assert!(tokens.verify(&old.issuer, &token, at(NOW)).is_ok());
    assert_eq!(
        tokens.verify(&new.issuer, &token, at(NOW)).err(),
        Some(Refusal::BadToken(TokenProblem::Signature))
    );
    assert!(tokens.verify(&old.issuer, &token, at(NOW)).is_ok());
}

#[test]
fn a_token_remembered_for_one_audience_is_not_believed_for_another() {
    let house = House::new();
    let token = house.good_token();
    assert!(house.verified(&token).is_ok());
    let keys = Jwks::from_keys(vec![house.key.verification_key()]);
    let elsewhere = "https://elsewhere.example".to_owned();
    let other_audience = Issuer::new(ISSUER.to_owned(), elsewhere.clone(), keys.clone());
    assert_eq!(
        house.tokens.verify(&other_audience, &token, at(NOW)).err(),
        Some(Refusal::BadToken(TokenProblem::Audience))
    );
    let other_issuer = Issuer::new(elsewhere, AUDIENCE.to_owned(), keys);
    assert_eq!(
        house.tokens.verify(&other_issuer, &token, at(NOW)).err(),
        Some(Refusal::BadToken(TokenProblem::Issuer))
    );
}

#[test]
fn a_refused_token_is_not_remembered() {
    let house = House::new();
    for (claim, value) in [
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!("https://elsewhere.example")),
        ("exp", json!(NOW - 10)),
        ("nbf", json!(NOW + 11)),
        ("cnf", json!({})),
        ("client_id", json!("")),
        ("scope", json!("\"")),
    ] {
        assert!(house.refused_with(claim, value).is_some(), "{claim}");
        assert_eq!(house.tokens.verified.len(), 0, "{claim}");
    }
}

#[test]
fn no_more_tokens_are_remembered_than_the_capacity() {
    let mut house = House::new();
    house.tokens = AccessTokens::new(8);
    for number in 0..100 {
        assert!(house.verified(&house.good_token()).is_ok());
        assert!(house.tokens.verified.len() <= 8, "{number}");
    }
    assert!(!house.tokens.verified.is_empty());
}

#[test]
fn a_remembered_token_with_one_character_changed_is_refused() {
    let house = House::new();
    let good = house.good_token();
    assert!(house.verified(&good).is_ok());
    proptest!(|(place in 0..good.len(), put in "[A-Za-z0-9_.=-]")| {
        let mut changed = good.clone();
        changed.replace_range(place..=place, &put);
        prop_assume!(changed != good);
        prop_assert!(house.verified(&changed).is_err());
    });
}

#[test]
fn no_text_makes_the_verifier_panic() {
    let house = House::new();
    let signed = |claims: String| {
        house
            .key
            .sign("at+jwt", &RawValue::from_string(claims).ok())
    };
    proptest!(|(text in "\\PC{0,200}", claims in r#"\{("[a-z]{1,3}":[0-9]{1,3}){0,1}\}"#)| {
        prop_assert!(house.verified(&text).is_err());
        prop_assert!(house.verified(&unsigned(&text)).is_err());
        if let Ok(token) = signed(claims) {
            prop_assert_eq!(house.verified(&token).err(), Some(TokenProblem::NotAnAccessToken));
        }
    });
}

#[test]
fn an_issuer_that_says_the_same_keeps_its_generation_and_any_change_makes_a_new_one() {
    let (issuers, key, other) = (Issuers::default(), key(), key());
    let revoked = Arc::default();
    let jwks = |key: &SigningKey| Jwks::from_keys(vec![key.verification_key()]);
    let first = issuers.issuer(
        "https://a.example",
        "https://api.example",
        &jwks(&key).into(),
        &revoked,
    );
    let same = issuers.issuer(
        "https://a.example",
        "https://api.example",
        &jwks(&key).into(),
        &revoked,
    );
    assert_eq!(first.generation, same.generation);
    for (issuer, audience, key) in [
        ("https://b.example", "https://api.example", &key),
        ("https://a.example", "https://api2.example", &key),
        ("https://a.example", "https://api.example", &other),
    ] {
        let changed = issuers.issuer(issuer, audience, &jwks(key).into(), &revoked);
        assert_ne!(first.generation, changed.generation);
    }
    drop((first, same));
    let _again = issuers.issuer(
        "https://a.example",
        "https://api.example",
        &jwks(&key).into(),
        &revoked,
    );
    assert_eq!(
        issuers.0.lock().expect("sound").len(),
        1,
        "others are forgotten"
    );
}

#[test]
fn a_key_that_does_not_sign_yet_verifies_nothing_beyond_what_clocks_differ() {
    let next = key();
    let keys = IssuerKeys {
        keys: Jwks::from_keys(vec![next.verification_key()]),
        times: BTreeMap::from([(
            next.kid().to_owned(),
            KeyTime {
                from: at(NOW + 10),
                until: None,
            },
        )]),
    };
    let issuer = Issuer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), keys);
    let token = next.sign("at+jwt", &claims(&[7; 32])).expect("signs");
    let early = AccessTokens::new(1).verify(&issuer, &token, at(NOW - 1));
    let early = early.map(drop);
    assert_eq!(early, Err(Refusal::BadToken(TokenProblem::Signature)));
    let verified = AccessTokens::new(1).verify(&issuer, &token, at(NOW));
    assert!(verified.is_ok());
}

#[test]
fn a_key_verifies_until_it_ends_and_no_token_of_it_is_remembered_longer() {
    let (old, new) = (key(), key());
    let both = Jwks::from_keys(vec![old.verification_key(), new.verification_key()]);
    let keys = IssuerKeys {
        keys: both,
        times: BTreeMap::from([(
            old.kid().to_owned(),
            KeyTime {
                from: Timestamp::MIN,
                until: Some(at(NOW + 100)),
            },
        )]),
    };
    let issuer = Issuer::new(ISSUER.to_owned(), AUDIENCE.to_owned(), keys);
    let tokens = AccessTokens::new(10);
    let by = |key: &SigningKey| key.sign("at+jwt", &claims(&[7; 32])).expect("signs");
    let (of_old, of_new) = (by(&old), by(&new));
    let signature = Err(Refusal::BadToken(TokenProblem::Signature));
    for (second, old_is_good) in [(NOW, true), (NOW + 99, true), (NOW + 100, false)] {
        for remembers in [&tokens, &AccessTokens::new(1)] {
            let verified = remembers.verify(&issuer, &of_old, at(second)).map(drop);
            let expected = if old_is_good {
                Ok(())
            } else {
                signature.clone()
            };
            assert_eq!(verified, expected, "{second}");
            assert!(
                remembers.verify(&issuer, &of_new, at(second)).is_ok(),
                "{second}"
            );
        }
    }
}
