//! The endpoints from the outside, with ports in memory.

use futures_util::FutureExt;
use futures_util::future::join_all;
use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crypto::{Rules, SigningKey, SystemRandom, Typ};
use model::ports::{Claim, Replay};
use model::{ClientId, Clock, Decision, LogName};

mod forms;
mod state;
mod unkept;

use super::*;
use crate::test_house::{
    API, ASSERTION_TYPE, Answer, Ask, Authority, House, ISSUER, Mood, TOKEN_URL, agreed, asked,
    bank,
};

/// Changes one thing of a good request.
type Change = fn(&House, &mut Ask);

/// A row: checklist id and sentence, the change to a good request, the status, the error, how its
/// words begin, and whether the client is known (so that the refusal is durable before it is
/// answered). The words tell what was refused from what merely failed beside it.
type Row = (&'static str, Change, u16, &'static str, &'static str, Known);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}
use Known::{No, Yes};

const OF_THE_REQUEST: &[Row] = &[
    (
        "TK-01 another method",
        |_, ask| ask.method = Method::GET,
        405,
        "invalid_request",
        "This endpoint takes POST only.",
        No,
    ),
    (
        "TK-01 another media type",
        |_, ask| {
            ask.headers = vec![("content-type", "application/json".into())];
        },
        400,
        "invalid_request",
        "The Content-Type must be application/x-www-form-urlencoded.",
        No,
    ),
    (
        "TK-01 no media type",
        |_, ask| ask.headers.clear(),
        400,
        "invalid_request",
        "The Content-Type must be application/x-www-form-urlencoded.",
        No,
    ),
    (
        "L-11 a form of more than 64 KiB",
        |_, ask| {
            ask.set("more", &"x".repeat(64 * 1024));
        },
        413,
        "invalid_request",
        "The form must not be longer than 65536 bytes.",
        No,
    ),
    (
        "PA-11 a repeated parameter",
        |_, ask| {
            ask.form.push(("scope", Some("rates".into())));
            ask.form.push(("scope", Some("rates".into())));
        },
        400,
        "invalid_request",
        "The parameter scope must not stand more than once.",
        No,
    ),
    (
        "MT-05 no certificate",
        |_, ask| ask.chain = None,
        400,
        "invalid_request",
        "Tokens are bound to a client certificate: show one, at the",
        Yes,
    ),
    (
        "MT-03 a certificate of another authority",
        |_, ask| {
            ask.chain = Some(Authority::new().chain("PSDCN-swiftride"));
        },
        401,
        "invalid_client",
        "The client certificate was not issued by an authority of this bank.",
        Yes,
    ),
    (
        "MT-03 another partner's certificate",
        |house, ask| {
            ask.chain = Some(house.authority.chain("PSDCN-mall"));
        },
        401,
        "invalid_client",
        "The client certificate and the client must belong to the same partner.",
        Yes,
    ),
    (
        "MT-03 a suspended partner's certificate",
        |house, ask| {
            ask.chain = Some(house.authority.chain("PSDCN-frozen"));
        },
        401,
        "invalid_client",
        "The client certificate and the client must belong to the same partner.",
        Yes,
    ),
    (
        "MT-03 nobody's certificate",
        |house, ask| {
            ask.chain = Some(house.authority.chain("PSDCN-nobody"));
        },
        401,
        "invalid_client",
        "No partner of this bank is known by the organizationIdentifier, the",
        Yes,
    ),
    (
        "P2 a suspended partner",
        |house, ask| {
            *ask = house.ask("frozen-app");
        },
        400,
        "unauthorized_client",
        "The partner of this client is suspended.",
        Yes,
    ),
    (
        "RFC 6749 §4.4.2 no grant type",
        |_, ask| {
            ask.unset("grant_type");
        },
        400,
        "invalid_request",
        "The parameter grant_type is required.",
        Yes,
    ),
    (
        "TK-02 the grant type password",
        |_, ask| {
            ask.set("grant_type", "password");
        },
        400,
        "unsupported_grant_type",
        "grant_type must be one of grant_types_supported.",
        Yes,
    ),
    (
        "TK-02 codes where no customer is asked",
        |_, ask| {
            ask.set("grant_type", "authorization_code");
        },
        400,
        "unsupported_grant_type",
        "grant_type must be one of grant_types_supported.",
        Yes,
    ),
    (
        "TK-02 refresh tokens where no customer is asked",
        |_, ask| {
            ask.set("grant_type", "refresh_token");
            ask.set("refresh_token", "a");
        },
        400,
        "unsupported_grant_type",
        "grant_type must be one of grant_types_supported.",
        Yes,
    ),
    (
        "TK-02 a client without scopes",
        |house, ask| {
            *ask = house.ask("bare-app");
        },
        400,
        "unauthorized_client",
        "This grant is not open to this client.",
        Yes,
    ),
    (
        "TK-07 the scope openid",
        |_, ask| {
            ask.set("scope", "openid rates");
        },
        400,
        "invalid_scope",
        "openid is no scope of client_credentials: there is no user.",
        Yes,
    ),
    (
        "RFC 6749 §3.3 a scope the client may not have",
        |_, ask| {
            ask.set("scope", "rates payments");
        },
        400,
        "invalid_scope",
        "scope holds what is not open to this client.",
        Yes,
    ),
    (
        "RFC 6749 §3.3 a scope with a character that is none",
        |_, ask| {
            ask.set("scope", "rates\"");
        },
        400,
        "invalid_scope",
        "scope must be a list of at most 64 scopes with single spaces between",
        Yes,
    ),
    (
        "RFC 6749 §3.3 a scope of spaces",
        |_, ask| ask.set("scope", " "),
        400,
        "invalid_scope",
        "scope must be a list of at most 64 scopes with single spaces between",
        Yes,
    ),
];

const OF_THE_METHOD: &[Row] = &[
    (
        "CA-01 no credentials",
        |_, ask| {
            ask.unset("client_assertion");
            ask.unset("client_assertion_type");
        },
        401,
        "invalid_client",
        "This server authenticates clients by private_key_jwt: send",
        No,
    ),
    (
        "CA-01 a client secret",
        |_, ask| {
            ask.unset("client_assertion");
            ask.set("client_id", "swiftride-app");
            ask.set("client_secret", "s3cret");
        },
        401,
        "invalid_client",
        "This server authenticates clients by private_key_jwt: send",
        No,
    ),
    (
        "CA-01 HTTP Basic",
        |_, ask| {
            ask.unset("client_assertion");
            ask.headers.push(("authorization", "Basic YTpi".into()));
        },
        401,
        "invalid_client",
        "This server authenticates clients by private_key_jwt: send",
        No,
    ),
    (
        "CA-03 an assertion and a secret",
        |_, ask| {
            ask.set("client_secret", "s3cret");
        },
        400,
        "invalid_request",
        "Use the one way to authenticate that the client is registered with,",
        No,
    ),
    (
        "CA-03 an assertion and HTTP Basic",
        |_, ask| {
            ask.headers.push(("authorization", "Basic YTpi".into()));
        },
        400,
        "invalid_request",
        "Use the one way to authenticate that the client is registered with,",
        No,
    ),
    (
        "CA-04 only client_id and a certificate",
        |_, ask| {
            ask.unset("client_assertion");
            ask.unset("client_assertion_type");
            ask.set("client_id", "swiftride-app");
        },
        401,
        "invalid_client",
        "No registered client of this client_id proves itself by this",
        No,
    ),
    (
        "CA-06 another client_id",
        |_, ask| {
            ask.set("client_id", "mall-app");
        },
        401,
        "invalid_client",
        "client_id and the assertion's sub must name the same client.",
        Yes,
    ),
    (
        "PK-01 two assertions",
        |_, ask| {
            ask.form.push(("client_assertion", None));
        },
        400,
        "invalid_request",
        "The parameter client_assertion must not stand more than once.",
        No,
    ),
    (
        "PK-01 two assertion types",
        |_, ask| {
            ask.form
                .push(("client_assertion_type", Some(ASSERTION_TYPE.into())));
        },
        400,
        "invalid_request",
        "The parameter client_assertion_type must not stand more than once.",
        No,
    ),
    (
        "PK-01 an unknown assertion type",
        |_, ask| {
            let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
            ask.set("client_assertion_type", saml);
        },
        401,
        "invalid_client",
        "client_assertion_type must be",
        No,
    ),
    (
        "PK-01 no assertion type",
        |_, ask| {
            ask.unset("client_assertion_type");
        },
        401,
        "invalid_client",
        "client_assertion_type must be",
        No,
    ),
];

/// The key of the client that asks.
fn owners(house: &House) -> &SigningKey {
    &house.keys["swiftride-app"]
}

const OF_THE_ASSERTION: &[Row] = &[
    (
        "PK-01 no JWS",
        |_, ask| ask.assertion = Some("a.b".into()),
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "L-11 an assertion of more than 8 KiB",
        |_, ask| {
            ask.claim("more", json!("x".repeat(8 * 1024)));
        },
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "PK-02 no sub",
        |_, ask| ask.unclaim("sub"),
        401,
        "invalid_client",
        "sub of the assertion must be the client_id.",
        No,
    ),
    (
        "PK-02 a sub that is no string",
        |_, ask| ask.claim("sub", json!(1)),
        401,
        "invalid_client",
        "sub of the assertion must be the client_id.",
        No,
    ),
    (
        "PK-02 no iss",
        |_, ask| ask.unclaim("iss"),
        401,
        "invalid_client",
        "iss and sub of the assertion must both be the client_id.",
        No,
    ),
    (
        "PK-02 another iss",
        |_, ask| ask.claim("iss", json!("mall-app")),
        401,
        "invalid_client",
        "iss and sub of the assertion must both be the client_id.",
        No,
    ),
    (
        "PK-03 aud is an array of the issuer",
        |_, ask| {
            ask.claim("aud", json!([ISSUER]));
        },
        401,
        "invalid_client",
        "aud of the assertion must be the issuer of this server, as one string.",
        No,
    ),
    (
        "PK-03 aud is the token URL",
        |_, ask| {
            ask.claim("aud", json!(TOKEN_URL));
        },
        401,
        "invalid_client",
        "aud of the assertion must be the issuer of this server, as one string.",
        No,
    ),
    (
        "PK-03 aud is nearly the issuer",
        |_, ask| {
            ask.claim("aud", json!(format!("{ISSUER}/")));
        },
        401,
        "invalid_client",
        "aud of the assertion must be the issuer of this server, as one string.",
        No,
    ),
    (
        "PK-03 a foreign aud",
        |_, ask| {
            ask.claim("aud", json!("https://elsewhere.example"));
        },
        401,
        "invalid_client",
        "aud of the assertion must be the issuer of this server, as one string.",
        No,
    ),
    (
        "PK-03 no aud",
        |_, ask| ask.unclaim("aud"),
        401,
        "invalid_client",
        "aud of the assertion must be the issuer of this server, as one string.",
        No,
    ),
    (
        "PK-04 no exp",
        |_, ask| ask.unclaim("exp"),
        401,
        "invalid_client",
        "exp of the assertion is required.",
        No,
    ),
    (
        "PK-04 exp as a string",
        |house, ask| {
            ask.claim("exp", json!((house.now() + 60).to_string()));
        },
        401,
        "invalid_client",
        "exp, nbf and iat of the assertion must be numbers.",
        No,
    ),
    (
        "PK-04 no jti",
        |_, ask| ask.unclaim("jti"),
        401,
        "invalid_client",
        "jti of the assertion must be a string of 1 to 128 characters.",
        No,
    ),
    (
        "PK-04 an empty jti",
        |_, ask| ask.claim("jti", json!("")),
        401,
        "invalid_client",
        "jti of the assertion must be a string of 1 to 128 characters.",
        No,
    ),
    (
        "PK-04 a jti that is no string",
        |_, ask| ask.claim("jti", json!(7)),
        401,
        "invalid_client",
        "jti of the assertion must be a string of 1 to 128 characters.",
        No,
    ),
    (
        "L-04 a jti of 129 characters",
        |_, ask| {
            ask.claim("jti", json!("j".repeat(129)));
        },
        401,
        "invalid_client",
        "jti of the assertion must be a string of 1 to 128 characters.",
        No,
    ),
    (
        "L-04 exp more than 300 s ahead",
        |house, ask| {
            ask.claim("exp", json!(house.now() + 301));
        },
        401,
        "invalid_client",
        "exp of the assertion must be at most 300 seconds ahead.",
        No,
    ),
    (
        "L-02 exp 5 min ago",
        |house, ask| {
            ask.claim("exp", json!(house.now() - 300));
        },
        401,
        "invalid_client",
        "exp of the assertion has passed.",
        No,
    ),
    (
        "L-01 iat 62 s ahead",
        |house, ask| {
            ask.claim("iat", json!(house.now() + 62));
        },
        401,
        "invalid_client",
        "iat of the assertion is in the future.",
        No,
    ),
    (
        "L-01 nbf 62 s ahead",
        |house, ask| {
            ask.claim("nbf", json!(house.now() + 62));
        },
        401,
        "invalid_client",
        "nbf of the assertion is in the future.",
        No,
    ),
    (
        "PK-05 RS256",
        |house, ask| ask.header(&json!({"alg": "RS256"}), owners(house)),
        401,
        "invalid_client",
        "alg of the assertion must be PS256, ES256 or EdDSA.",
        No,
    ),
    (
        "C-01 alg none",
        |_, ask| ask.signed_by(&json!({"alg": "none"}), |_| String::new()),
        401,
        "invalid_client",
        "alg of the assertion must be PS256, ES256 or EdDSA.",
        No,
    ),
    (
        "C-01 alg none and a signature",
        |house, ask| ask.header(&json!({"alg": "none"}), owners(house)),
        401,
        "invalid_client",
        "alg of the assertion must be PS256, ES256 or EdDSA.",
        No,
    ),
    (
        "C-01 HS256 with the public key as its secret",
        |house, ask| {
            let secret = owners(house).verification_key().to_spki();
            ask.signed_by(&json!({"alg": "HS256"}), |text| {
                crypto::base64url(&crypto::hmac_sha256(&secret, text.as_bytes()))
            });
        },
        401,
        "invalid_client",
        "alg of the assertion must be PS256, ES256 or EdDSA.",
        No,
    ),
    (
        "C-01 ES256K",
        |house, ask| ask.header(&json!({"alg": "ES256K"}), owners(house)),
        401,
        "invalid_client",
        "alg of the assertion must be PS256, ES256 or EdDSA.",
        No,
    ),
    (
        "C-02 an algorithm the key does not have",
        |house, ask| {
            let key = owners(house);
            ask.header(&json!({"alg": "PS256", "kid": key.kid()}), key);
        },
        401,
        "invalid_client",
        "No registered client has a key that made this assertion: check sub,",
        No,
    ),
    (
        "C-03 a key in the header",
        |house, ask| {
            let key = &house.keys["mall-app"];
            let jwk = key.verification_key().to_jwk();
            ask.header(&json!({"alg": "ES256", "jwk": jwk}), key);
        },
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "C-03 its own key in the header",
        |house, ask| {
            let key = owners(house);
            let jwk = key.verification_key().to_jwk();
            ask.header(&json!({"alg": "ES256", "jwk": jwk}), key);
        },
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "C-03 where keys are to be fetched",
        |house, ask| {
            let elsewhere = json!({"alg": "ES256", "jku": "https://elsewhere.example/keys"});
            ask.header(&elsewhere, owners(house));
        },
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "C-03 critical extensions",
        |house, ask| {
            let extended = json!({"alg": "ES256", "crit": ["x"], "x": 1});
            ask.header(&extended, owners(house));
        },
        401,
        "invalid_client",
        "client_assertion must be a JWS in compact form of at most 8192 bytes,",
        No,
    ),
    (
        "PK-06 an access token as assertion",
        |_, ask| ask.typ = "at+jwt",
        401,
        "invalid_client",
        "typ of the assertion must be absent, JWT or client-authentication+jwt.",
        No,
    ),
    (
        "PK-06 a proof as assertion",
        |_, ask| ask.typ = "dpop+jwt",
        401,
        "invalid_client",
        "typ of the assertion must be absent, JWT or client-authentication+jwt.",
        No,
    ),
    (
        "PK-06 a request object as assertion",
        |_, ask| {
            ask.typ = "oauth-authz-req+jwt";
        },
        401,
        "invalid_client",
        "typ of the assertion must be absent, JWT or client-authentication+jwt.",
        No,
    ),
    (
        "C-02 another client's key",
        |_, ask| ask.signer = "mall-app",
        401,
        "invalid_client",
        "No registered client has a key that made this assertion: check sub,",
        No,
    ),
    (
        "C-02 another client's key under the client's kid",
        |house, ask| {
            let header = json!({"alg": "ES256", "kid": owners(house).kid()});
            ask.header(&header, &house.keys["mall-app"]);
        },
        401,
        "invalid_client",
        "No registered client has a key that made this assertion: check sub,",
        No,
    ),
    (
        "C-07 a signature that is none",
        |house, ask| {
            let header = json!({"alg": "ES256", "kid": owners(house).kid()});
            ask.signed_by(&header, |_| crypto::base64url(&[1; 64]));
        },
        401,
        "invalid_client",
        "No registered client has a key that made this assertion: check sub,",
        No,
    ),
    (
        "CA-07 an unknown client",
        |_, ask| {
            ask.claim("iss", json!("nobody"));
            ask.claim("sub", json!("nobody"));
        },
        401,
        "invalid_client",
        "No registered client has a key that made this assertion: check sub,",
        No,
    ),
];

#[tokio::test]
async fn every_refusal_has_its_status_its_error_and_its_record() {
    for (row, change, status, error, words, known) in
        [OF_THE_REQUEST, OF_THE_METHOD, OF_THE_ASSERTION].concat()
    {
        let house = House::open().await;
        let mut ask = house.ask("swiftride-app");
        change(&house, &mut ask);
        let answer = house.send(ask).await;

        assert_eq!(
            (answer.status, answer.body["error"].as_str()),
            (status, Some(error)),
            "{row}"
        );
        assert_eq!(
            answer.status == 401,
            error == "invalid_client",
            "CA-05: {row}"
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{row}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{row}"
        );
        let members: Vec<_> = answer.body.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["error", "error_description"], "{row}");
        let description = answer.body["error_description"].as_str().expect("words");
        assert!(
            description.ends_with('.') && description.starts_with(words),
            "{row}: {description}"
        );

        let (durable, queued) = (house.durable(), house.queued());
        let (records, none) = match known {
            Yes => (durable, queued),
            No => (queued, durable),
        };
        assert!(none.is_empty(), "{row}: {none:?}");
        let [record] = records.as_slice() else {
            panic!("{row}: one record, not {records:?}");
        };
        assert_eq!(record.decision, Decision::Refused, "{row}");
        assert_eq!((record.status, record.code), (status, Some(error)), "{row}");
        assert_eq!(record.rule.as_deref(), Some(description), "{row}");
        assert_eq!(record.who.partner.is_some(), known == Yes, "{row}");
        assert_eq!(record.who.token_jti, None, "{row}");
    }
}

#[tokio::test]
async fn tk_01_a_granted_token_is_answered_whole() {
    let house = House::open().await;
    let ask = house.ask("swiftride-app");
    let thumbprint = ask.chain.as_ref().expect("a chain").leaf_thumbprint;
    let answer = house.send(ask).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let token = answer.body["access_token"].as_str().expect("a token");
    assert_eq!(
        answer.body,
        json!({
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "branches rates",
        })
    );

    let claims = open_token(&house, token);
    let jti = claims["jti"].as_str().expect("a jti");
    assert_eq!(jti.len(), 22, "128 bits");
    assert_eq!(
        claims,
        json!({
            "iss": ISSUER,
            "sub": "swiftride-app",
            "aud": "https://api.harbour.example:8443",
            "client_id": "swiftride-app",
            "iat": house.now(),
            "exp": house.now() + 300,
            "jti": jti,
            "scope": "branches rates",
            "cnf": {"x5t#S256": crypto::base64url(&thumbprint)},
        }),
        "AT-01"
    );

    let records = house.durable();
    let [record] = records.as_slice() else {
        panic!("one record, not {records:?}");
    };
    assert_eq!((record.decision, record.status), (Decision::Allowed, 200));
    assert_eq!(
        record.who.client.as_ref().map(ClientId::as_str),
        Some("swiftride-app")
    );
    assert_eq!(
        record.who.partner.as_ref().map(model::PartnerId::as_str),
        Some("swiftride")
    );
    assert_eq!(record.who.certificate, Some(thumbprint));
    assert_eq!(record.who.token_jti, Some(crypto::sha256(jti.as_bytes())));
    assert_eq!(record.scope.as_deref(), Some("branches rates"));
    assert_eq!(record.grant_type, Some("client_credentials"));
    assert!(house.queued().is_empty());
}

fn open_token(house: &House, token: &str) -> Value {
    let rules = Rules {
        typ: Typ::Exactly(&["at+jwt"]),
        bytes_max: 8192,
    };
    let keys = house.server.keys(&bank()).keys;
    let verified = crypto::verify(token, &keys, &rules).expect("verifies");
    assert_eq!(verified.kid.as_deref(), keys.keys()[0].kid());
    serde_json::from_slice(&verified.claims).expect("JSON")
}

#[tokio::test]
async fn what_the_checklist_allows_is_granted() {
    const ALLOWED: &[(&str, Change)] = &[
        ("L-01 iat 8 s ahead", |house, ask| {
            ask.claim("iat", json!(house.now() + 8));
        }),
        ("L-01 nbf 8 s ahead", |house, ask| {
            ask.claim("nbf", json!(house.now() + 8));
        }),
        ("L-02 exp passed 5 s ago", |house, ask| {
            ask.claim("exp", json!(house.now() - 5));
        }),
        ("L-04 exp 300 s ahead", |house, ask| {
            ask.claim("exp", json!(house.now() + 300));
        }),
        ("L-04 a jti of 128 characters", |_, ask| {
            ask.claim("jti", json!("j".repeat(128)));
        }),
        ("PK-04 no iat", |_, ask| ask.unclaim("iat")),
        ("PK-06 no typ", |house, ask| {
            ask.without_typ(&house.keys["swiftride-app"]);
        }),
        ("PK-06 its own typ", |_, ask| {
            ask.typ = "client-authentication+jwt";
        }),
        ("CA-06 the same client_id", |_, ask| {
            ask.set("client_id", "swiftride-app");
        }),
        ("PA-11 an unknown parameter", |_, ask| {
            ask.set("resource_hint", "1");
        }),
        ("PA-11 a repeated unknown parameter", |_, ask| {
            ask.form.push(("x", Some("1".into())));
            ask.form.push(("x", Some("2".into())));
        }),
        ("RFC 6749 §3.2 an empty parameter", |_, ask| {
            ask.set("scope", "");
        }),
        ("a media type with charset", |_, ask| {
            let form = "application/x-www-form-urlencoded; charset=UTF-8";
            ask.headers = vec![("content-type", form.into())];
        }),
    ];
    let house = House::open().await;
    for (row, change) in ALLOWED {
        let mut ask = house.ask("swiftride-app");
        change(&house, &mut ask);
        let answer = house.send(ask).await;
        assert_eq!(answer.status, 200, "{row}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_partner_that_the_trust_store_knows_as_suspended_gets_no_token() {
    let house = House::open_with(|settings| {
        let frozen = settings.clients.get_mut("frozen-app").expect("a client");
        frozen.standing = model::Standing::Active;
    })
    .await;
    let answer = house.send(house.ask("frozen-app")).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("unauthorized_client"))
    );
}

#[tokio::test]
async fn a_partner_that_the_settings_alone_know_as_suspended_gets_no_token_and_no_word_of_one() {
    let house = House::open_with(|settings| {
        let client = settings.clients.get_mut("mall-app").expect("a client");
        client.standing = model::Standing::Suspended;
    })
    .await;
    for endpoint in [Endpoint::Introspect, Endpoint::Token] {
        let mut ask = house.ask("mall-app");
        ask.set("token", "some-token");
        let answer = house.send_to(endpoint, ask).await;
        assert_eq!(answer.status, 400, "{endpoint:?}: {}", answer.body);
        assert_eq!(
            answer.body,
            json!({
                "error": "unauthorized_client",
                "error_description": "The partner of this client is suspended.",
            }),
            "{endpoint:?}"
        );
    }
}

#[tokio::test]
async fn scopes_are_narrowed_on_request_and_several_audiences_are_an_array() {
    const CLOUD: &str = "https://cloud.harbour.example";
    let house = House::open_with(|settings| {
        settings.audience.push(CLOUD.to_owned());
        settings
            .audience
            .push("https://fx.harbour.example".to_owned());
        // Its agreement holds no product that is served at the third.
        let agreed = crate::Agreement {
            resources: [API, CLOUD].map(str::to_owned).into(),
            ..agreed("rates branches")[0].clone()
        };
        let client = settings.clients.values_mut();
        client.for_each(|client| client.agreements = [agreed.clone()].into());
    })
    .await;
    let mut ask = house.ask("swiftride-app");
    ask.set("scope", "rates");
    let answer = house.send(ask).await;
    assert_eq!(answer.body["scope"], "rates");
    let claims = open_token(
        &house,
        answer.body["access_token"].as_str().expect("a token"),
    );
    assert_eq!(claims["scope"], "rates");
    assert_eq!(claims["aud"], json!([API, CLOUD]));
}

/// As many scopes, of this length.
fn scopes(count: usize, length: usize) -> model::ScopeSet {
    let scope = |at: usize| model::Scope::parse(&format!("{at:0length$}")).expect("valid");
    (0..count).map(scope).collect()
}

#[tokio::test]
async fn no_token_is_made_that_the_road_does_not_read() {
    let long = |length: usize| format!("https://{}.example", "a".repeat(length));
    let of = async |scopes: model::ScopeSet, audience: String| {
        let house = House::open_with(|settings| {
            settings.audience = vec![audience.clone()];
            let agreed = crate::Agreement {
                scopes: scopes.clone(),
                resources: [audience].into(),
                ..agreed("rates")[0].clone()
            };
            let client = settings.clients.values_mut();
            client.for_each(|client| client.agreements = [agreed.clone()].into());
        })
        .await;
        let answer = house.send(house.ask("swiftride-app")).await;
        let [issue] = &house.durable()[..] else {
            panic!("one record");
        };
        (answer, issue.code)
    };
    // Scopes that the road reads, and one more.
    let (answer, _) = of(scopes(64, 64), API.to_owned()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (answer, code) = of(scopes(65, 64), API.to_owned()).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("invalid_scope"))
    );
    assert_eq!(code, Some("invalid_scope"));
    // A token as long as it may be, and one that is longer.
    let (answer, _) = of(scopes(1, 8), long(16_000)).await;
    let token = answer.body["access_token"].as_str().expect("a token");
    assert!(token.len() <= identity::TOKEN_BYTES_MAX, "{}", token.len());
    let (answer, code) = of(scopes(1, 8), long(18_500)).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (400, &json!("invalid_scope"))
    );
    let description = answer.body["error_description"].as_str();
    assert!(description.is_some_and(|its| its.contains("ask for less at once")));
    assert_eq!(answer.body.get("access_token"), None);
    assert_eq!(code, Some("invalid_scope"));
}

#[tokio::test]
async fn pk_04_of_many_requests_with_one_assertion_one_gets_a_token() {
    let house = House::open().await;
    let claims = house.ask("swiftride-app").claims;
    let answers = join_all((0..10).map(|_| {
        let mut ask = house.ask("swiftride-app");
        ask.claims = claims.clone();
        house.send(ask)
    }))
    .await;
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(granted, 1);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (refused.status, &refused.body["error"]),
            (401, &json!("invalid_client"))
        );
    }
    let records = house.durable();
    assert_eq!(records.len(), 10, "a replay is evidence too");
    assert!(records.iter().all(|record| record.who.client.is_some()));
}

#[tokio::test]
async fn pk_04_a_jti_is_taken_for_as_long_as_its_assertion_is_good() {
    let house = House::open().await;
    let mut ask = house.ask("swiftride-app");
    ask.claim("exp", json!(house.now() + 200));
    house.send(ask).await;
    let taken_until = house.replays.expiries.lock().expect("sound")[0];
    assert_eq!(
        taken_until.as_second(),
        house.now() + 210,
        "exp and the leeway of L-02"
    );
}

#[tokio::test]
async fn pk_04_two_clients_may_use_the_same_jti() {
    let house = House::open().await;
    for client in ["swiftride-app", "mall-app"] {
        let mut ask = house.ask(client);
        ask.claim("jti", json!("the-same"));
        assert_eq!(house.send(ask).await.status, 200, "{client}");
    }
}

#[tokio::test]
async fn pk_04_a_jti_is_taken_at_its_own_bank_alone() {
    let house = House::open().await;
    let mut ask = house.ask("swiftride-app");
    ask.claim("jti", json!("the-same"));
    let (other, client) = (
        BankId::parse("other").expect("valid"),
        ClientId::parse("swiftride-app").expect("valid"),
    );
    let (now, replay) = (house.clock.now(), house.replay.as_ref());
    let at_the_other = replay.claim(&other, &client, "the-same", now, now).await;
    assert_eq!(at_the_other.expect("answers"), Claim::First);
    assert_eq!(
        house.send(ask).await.status,
        200,
        "the other bank's is not ours"
    );
    let at_ours = replay.claim(&bank(), &client, "the-same", now, now).await;
    assert_eq!(
        at_ours.expect("answers"),
        Claim::Seen,
        "taken under our bank"
    );
}

#[tokio::test]
async fn pa_11_no_known_parameter_may_stand_twice_whatever_else_is_wrong() {
    for name in [
        "grant_type",
        "scope",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
    ] {
        let house = House::open().await;
        let mut ask = house.ask("swiftride-app");
        // A stranger's assertion: what is looked at late is refused before it all the same.
        ask.signer = "mall-app";
        ask.unset(name);
        ask.form.push((name, Some(String::new())));
        ask.form.push((name, Some("x".into())));
        let answer = house.send(ask).await;
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(
            answer.body["error_description"],
            format!("The parameter {name} must not stand more than once.")
        );
    }
}

#[tokio::test]
async fn ca_06_a_wrong_client_id_is_told_to_the_holder_of_the_key_alone_and_costs_no_jti() {
    let house = House::open().await;
    let mut stranger = house.ask("swiftride-app");
    stranger.signer = "mall-app";
    stranger.set("client_id", "mall-app");
    let answer = house.send(stranger).await;
    let words = answer.body["error_description"].as_str().expect("words");
    assert!(words.starts_with("No registered client"), "{words}");
    assert!(house.durable().is_empty(), "nobody is known");

    let mut ask = house.ask("swiftride-app");
    let claims = ask.claims.clone();
    ask.set("client_id", "mall-app");
    house.send(ask).await;
    let durable = house.durable();
    let [record] = durable.as_slice() else {
        panic!("one record, not {durable:?}");
    };
    assert_eq!(
        record.who.client.as_ref().map(ClientId::as_str),
        Some("swiftride-app"),
        "who proved itself, not who was named"
    );

    let mut again = house.ask("swiftride-app");
    again.claims = claims;
    assert_eq!(house.send(again).await.status, 200, "the jti was free");
}

#[tokio::test]
async fn ca_07_unknown_clients_and_wrong_keys_are_answered_alike() {
    let house = House::open().await;
    let mut answers = Vec::new();
    for (client, header) in [
        (
            "swiftride-app",
            json!({"alg": "ES256", "kid": house.keys["swiftride-app"].kid()}),
        ),
        ("swiftride-app", json!({"alg": "ES256", "kid": "unknown"})),
        ("swiftride-app", json!({"alg": "PS256"})),
        ("swiftride-app", json!({"alg": "EdDSA"})),
        ("nobody", json!({"alg": "ES256"})),
        ("nobody", json!({"alg": "PS256", "kid": "unknown"})),
    ] {
        let mut ask = house.ask("swiftride-app");
        ask.claim("sub", json!(client));
        ask.header(&header, &house.keys["mall-app"]);
        let answer = house.send(ask).await;
        answers.push((answer.status, answer.headers, answer.body));
    }
    for answer in &answers {
        assert_eq!(answer, &answers[0]);
    }
}

#[tokio::test]
async fn ca_07_rules_of_form_are_told_alike_for_unknown_and_known_clients() {
    let house = House::open().await;
    for header in [
        json!({"alg": "RS256"}),
        json!({"alg": "ES256", "typ": "at+jwt"}),
        json!({"alg": "ES256", "crit": ["x"]}),
        json!({"alg": "ES256", "kid": 7}),
        json!({}),
    ] {
        let mut bodies = Vec::new();
        for client in ["swiftride-app", "nobody"] {
            let mut ask = house.ask("swiftride-app");
            ask.claim("sub", json!(client));
            ask.header(&header, owners(&house));
            bodies.push(house.send(ask).await.body);
        }
        assert_eq!(bodies[0], bodies[1], "{header}");
    }
}

#[tokio::test]
async fn an_authorization_header_is_answered_in_its_own_scheme() {
    let house = House::open().await;
    for (sent, challenge) in [
        ("Basic YTpi", "Basic realm=\"token\""),
        ("bearer abc", "Bearer realm=\"token\""),
        ("DPoP abc", "DPoP realm=\"token\""),
        ("Strange", "Basic realm=\"token\""),
    ] {
        let mut ask = house.ask("swiftride-app");
        ask.unset("client_assertion");
        ask.headers.push(("authorization", sent.into()));
        let answer = house.send(ask).await;
        assert_eq!(
            answer.header("www-authenticate"),
            Some(challenge),
            "RFC 6749 §5.2: {sent}"
        );
    }
    let mut ask = house.ask("swiftride-app");
    ask.unset("client_assertion");
    assert_eq!(house.send(ask).await.header("www-authenticate"), None);
}

#[tokio::test]
async fn another_method_is_told_which_is_allowed() {
    let house = House::open().await;
    let mut ask = house.ask("swiftride-app");
    ask.method = Method::PUT;
    assert_eq!(house.send(ask).await.header("allow"), Some("POST"));
}

#[tokio::test]
async fn p4_without_evidence_no_token_leaves_and_no_known_client_is_refused() {
    let house = House::open().await;
    *house.log.mood.lock().expect("sound") = Mood::FailsBefore;
    let mut without_certificate = house.ask("swiftride-app");
    without_certificate.chain = None;
    for ask in [house.ask("swiftride-app"), without_certificate] {
        let answer = house.send(ask).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body["error"], "temporarily_unavailable");
        assert_eq!(answer.body.get("access_token"), None);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn p4_the_answer_waits_for_the_record() {
    let house = House::open().await;
    *house.log.mood.lock().expect("sound") = Mood::Hangs;
    assert!(
        house
            .send(house.ask("swiftride-app"))
            .now_or_never()
            .is_none()
    );
    assert!(house.queued().is_empty(), "decided, so not aborted as well");
}

#[tokio::test(start_paused = true)]
async fn p4_a_log_that_never_answers_is_not_waited_for_for_ever() {
    let house = House::open().await;
    *house.log.mood.lock().expect("sound") = Mood::Hangs;
    let mut without_certificate = house.ask("swiftride-app");
    without_certificate.chain = None;
    for ask in [house.ask("swiftride-app"), without_certificate] {
        let started = tokio::time::Instant::now();
        let answer = house.send(ask).await;
        assert_eq!(started.elapsed().as_secs(), 5);
        assert_eq!(answer.status, 503);
        assert_eq!(answer.body["error"], "temporarily_unavailable");
        assert_eq!(answer.body.get("access_token"), None);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
}

#[tokio::test(start_paused = true)]
async fn bc_11_a_store_that_never_answers_is_not_waited_for_for_ever() {
    let house = House::open().await;
    house.replay.all(Mood::Hangs);
    let started = tokio::time::Instant::now();
    let answer = house.send(house.ask("swiftride-app")).await;
    assert_eq!(started.elapsed().as_secs(), 10);
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body["error"], "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some("1"));
    let records = house.durable();
    let [record] = records.as_slice() else {
        panic!("one record, not {records:?}");
    };
    assert_eq!((record.decision, record.status), (Decision::Failed, 503));
    assert_eq!(record.code, Some("temporarily_unavailable"));
    let rule = record.rule.as_deref().expect("words");
    assert!(rule.contains("not decided in time"), "{rule}");
    assert_eq!(
        record.who.client.as_ref().map(ClientId::as_str),
        Some("swiftride-app")
    );
    assert!(house.queued().is_empty(), "decided, so not aborted as well");
}

#[tokio::test(start_paused = true)]
async fn a_form_that_never_arrives_is_not_waited_for_for_ever() {
    let house = House::open().await;
    let mut asked = house.asked(house.ask("swiftride-app"));
    *asked.request.body_mut() = never();
    let response = house.server.answer(&bank(), Endpoint::Token, asked).await.0;
    assert_eq!(Answer::of(response).await.status, 503);
    let records = house.queued();
    let [record] = records.as_slice() else {
        panic!("one record, not {records:?}");
    };
    assert_eq!((record.decision, record.status), (Decision::Failed, 503));
    assert_eq!(record.who.client, None);
}

/// A body that neither ends nor breaks.
fn never() -> model::MessageBody {
    let frames = futures_util::stream::pending::<Result<_, model::BodyError>>();
    http_body_util::StreamBody::new(frames).boxed_unsync()
}

#[tokio::test]
async fn bc_11_without_the_replay_store_no_token_leaves() {
    for mood in [Mood::FailsBefore, Mood::FailsAfter] {
        let house = House::open().await;
        house.replay.all(mood);
        let claims = house.ask("swiftride-app").claims;
        let again = || {
            let mut ask = house.ask("swiftride-app");
            ask.claims = claims.clone();
            house.send(ask)
        };
        let answer = again().await;
        assert_eq!(answer.status, 503, "{mood:?}");
        assert_eq!(answer.body["error"], "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("1"));
        let [record] = &house.durable()[..] else {
            panic!("one record");
        };
        assert_eq!((record.decision, record.status), (Decision::Failed, 503));

        house.replay.all(Mood::Works);
        let expected = if mood == Mood::FailsBefore { 200 } else { 401 };
        assert_eq!(
            again().await.status,
            expected,
            "the same assertion again, {mood:?}"
        );
        assert_ne!(again().await.status, 200, "never a second token");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_record() {
    let house = House::open().await;
    house.replay.all(Mood::Hangs);
    assert!(
        house
            .send(house.ask("swiftride-app"))
            .now_or_never()
            .is_none()
    );
    let records = house.queued();
    let [record] = records.as_slice() else {
        panic!("one record, not {records:?}");
    };
    assert_eq!(
        (record.decision, record.status),
        (Decision::Aborted, 0),
        "nothing was sent"
    );
    assert_eq!(
        record.who.client.as_ref().map(ClientId::as_str),
        Some("swiftride-app")
    );
}

#[tokio::test]
async fn records_stand_in_the_banks_log_and_hold_no_secret() {
    let house = House::open().await;
    let mut ask = house.ask("swiftride-app");
    ask.set("client_id", "mall-app");
    ask.without_typ(&house.keys["swiftride-app"]);
    let assertion = ask.assertion.clone().expect("set");
    house.send(ask).await;
    let mut stranger = house.ask("swiftride-app");
    stranger.signer = "mall-app";
    house.send(stranger).await;
    let answer = house.send(house.ask("swiftride-app")).await;
    let token = answer.body["access_token"].as_str().expect("a token");

    let durable = house.log.durable.lock().expect("sound").clone();
    let queued = house.log.queued.lock().expect("sound").clone();
    assert_eq!((durable.len(), queued.len()), (2, 1));
    for entry in durable.iter().chain(&queued) {
        assert_eq!(entry.log, LogName::Bank(bank()));
        let text = format!("{entry:?}");
        for secret in assertion.split('.').chain(token.split('.')) {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn what_the_command_line_makes_is_granted() {
    let house = House::open().await;
    let client = ClientId::parse("swiftride-app").expect("valid");
    let key = &house.keys["swiftride-app"];
    for _ in 0..2 {
        let mut ask = house.ask("swiftride-app");
        let now = house.clock.now();
        let made = crate::assertion(&client, ISSUER, key, now, &SystemRandom);
        ask.assertion = Some(made.expect("signs"));
        assert_eq!(house.send(ask).await.status, 200);
    }
}

async fn get(house: &House, endpoint: Endpoint, method: Method) -> Answer {
    let mut request = http::Request::new(model::empty());
    *request.method_mut() = method;
    let response = house
        .server
        .answer(&bank(), endpoint, asked(request, None))
        .await
        .0;
    Answer::of(response).await
}

#[tokio::test]
async fn md_05_the_metadata_hold_what_is_active_and_nothing_else() {
    let house = House::open().await;
    let answer = get(&house, Endpoint::Metadata, Method::GET).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
    assert_eq!(
        answer.body,
        json!({
            "issuer": "https://auth.harbour.example",
            "token_endpoint": "https://auth.harbour.example/token",
            "jwks_uri": "https://auth.harbour.example/jwks",
            "introspection_endpoint": "https://auth.harbour.example/introspect",
            "introspection_endpoint_auth_methods_supported": [
                "private_key_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
            ],
            "revocation_endpoint": "https://auth.harbour.example/revoke",
            "revocation_endpoint_auth_methods_supported": [
                "private_key_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
            ],
            "scopes_supported": ["branches", "rates"],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": [
                "private_key_jwt",
                "tls_client_auth",
                "self_signed_tls_client_auth",
            ],
            "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
            "tls_client_certificate_bound_access_tokens": true,
            "dpop_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
            "mtls_endpoint_aliases": {
                "token_endpoint": "https://api.harbour.example:8443/token",
                "introspection_endpoint": "https://api.harbour.example:8443/introspect",
                "revocation_endpoint": "https://api.harbour.example:8443/revoke",
            },
        })
    );
}

#[tokio::test]
async fn rv_02_what_cannot_be_kept_or_looked_up_is_answered_503() {
    let house = House::with_customers().await;
    house.store.all(Mood::FailsBefore);
    for endpoint in [Endpoint::Revoke, Endpoint::Introspect] {
        let mut ask = house.ask("swiftride-app");
        ask.set("token", "some-token");
        let answer = house.send_to(endpoint, ask).await;
        assert_eq!(answer.status, 503, "{endpoint:?}");
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.body["error"], "temporarily_unavailable");
    }
    // A token of ours is read without the store; that it is revoked must be kept.
    let token = house.send(house.ask("swiftride-app")).await;
    let token = token.body["access_token"].as_str().expect("a token");
    for (endpoint, status, active) in [
        (Endpoint::Introspect, 200, json!(true)),
        (Endpoint::Revoke, 503, Value::Null),
        // What could not be kept is refused here all the same.
        (Endpoint::Introspect, 200, json!(false)),
    ] {
        let mut ask = house.ask("swiftride-app");
        ask.set("token", token);
        let answer = house.send_to(endpoint, ask).await;
        assert_eq!(
            (answer.status, &answer.body["active"]),
            (status, &active),
            "{endpoint:?}"
        );
    }
}

#[tokio::test]
async fn c_06_the_published_keys_are_public_and_named() {
    let house = House::open().await;
    let answer = get(&house, Endpoint::Jwks, Method::GET).await;
    let keys = answer.body["keys"].as_array().expect("keys");
    let [key] = keys.as_slice() else {
        panic!("one key, not {keys:?}");
    };
    let mut members: Vec<_> = key.as_object().expect("an object").keys().collect();
    members.sort();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("ES256")));
    assert_eq!(answer.body, house.server.keys(&bank()).keys.to_json());
}

#[tokio::test]
async fn documents_are_read_only() {
    let house = House::open().await;
    for endpoint in [Endpoint::Metadata, Endpoint::Jwks, Endpoint::UpstreamJwks] {
        let whole = get(&house, endpoint, Method::GET).await;
        let head = get(&house, endpoint, Method::HEAD).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.body, Value::Null, "no body");
        assert_eq!(
            head.header("content-length"),
            whole.header("content-length")
        );
        let post = get(&house, endpoint, Method::POST).await;
        assert_eq!(
            (post.status, post.header("allow")),
            (405, Some("GET, HEAD"))
        );
    }
}

#[tokio::test]
async fn a_bank_without_issuer_has_no_endpoints_and_no_keys() {
    let house = House::open().await;
    let other = BankId::parse("other").expect("valid");
    let request = asked(http::Request::new(model::empty()), None);
    let response = house
        .server
        .answer(&other, Endpoint::Metadata, request)
        .await
        .0;
    assert_eq!(Answer::of(response).await.status, 404);
    assert!(house.server.keys(&other).keys.keys().is_empty());
}
