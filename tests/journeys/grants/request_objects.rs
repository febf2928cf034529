//! Signed requests (RFC 9101, FAPI 2.0 Message Signing §5.3): what counts is what was signed, by
//! the client itself, for this server, now.

use kit::{HouseBuilder, Partner, TestHouse};
use serde_json::{Value, json};

use super::{App, Form};
use crate::tokens::is_oauth_error;

/// A request object, to be changed and signed.
pub(crate) struct Object {
    pub(super) header: Value,
    pub(super) claims: Value,
    /// In Unix seconds.
    now: i64,
}

impl Object {
    /// A good one that says what this form says.
    pub(crate) fn of(app: &App<'_>, form: &Form) -> Self {
        let now = app.house.now().as_second();
        let client = app.partner.client_id.as_str();
        let mut claims = json!({
            "iss": client,
            "client_id": client,
            "aud": app.house.issuer_url(),
            "nbf": now,
            "exp": now + 60,
        });
        for (name, value) in &form.0 {
            claims[*name] = json!(value);
        }
        let kid = app.partner.signing_key.kid();
        let header = json!({ "typ": "oauth-authz-req+jwt", "alg": "ES256", "kid": kid });
        Self {
            header,
            claims,
            now,
        }
    }

    fn good(app: &App<'_>) -> Self {
        Self::of(app, &Form::request())
    }

    fn without(mut self, claim: &str) -> Self {
        let claims = self.claims.as_object_mut().expect("claims");
        claims.remove(claim).expect("a claim");
        self
    }

    pub(super) fn with(mut self, claim: &str, value: impl Into<Value>) -> Self {
        self.claims[claim] = value.into();
        self
    }

    /// With this claim so many seconds from now.
    fn at(self, claim: &str, seconds: i64) -> Self {
        let at = self.now + seconds;
        self.with(claim, at)
    }

    fn headed(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.header[member] = value.into();
        self
    }

    /// Signed with this partner's key.
    pub(crate) fn by(&self, partner: &Partner) -> String {
        partner.jws(&self.header.to_string(), &self.claims.to_string())
    }
}

/// A form with a request object alone.
pub(crate) fn signed(object: &str) -> Form {
    Form(vec![("request", object.to_owned())])
}

/// A house whose issuer demands that requests are signed.
pub(super) async fn message_signing() -> TestHouse {
    let builder = HouseBuilder::new();
    let demands = "profile: fapi2_message_signing ";
    builder.edit("profile: fapi2 ", demands).start().await
}

/// A row: its ids, how the good object is changed, and what the refusal says.
type Row = (&'static str, fn(Object) -> Object, &'static str);

const ROWS: &[Row] = &[
    (
        "OA-58 JA-03 no exp",
        |object| object.without("exp"),
        "exp of the request object is required",
    ),
    (
        "OA-58 JA-03 no nbf",
        |object| object.without("nbf"),
        "nbf of the request object is required",
    ),
    (
        "OA-61 expired five minutes ago",
        |object| object.at("nbf", -600).at("exp", -300),
        "has passed",
    ),
    (
        "L-03 an exp 70 minutes ahead",
        |object| object.at("exp", 4_200),
        "at most 3600 seconds",
    ),
    (
        "L-03 an nbf 70 minutes ago",
        |object| object.at("nbf", -4_200),
        "at most 3600 seconds",
    ),
    (
        "L-01 an nbf 62 seconds ahead",
        |object| object.at("nbf", 62).at("exp", 120),
        "nbf of the request object is in the future",
    ),
    (
        "JA-03 an exp that is a text",
        |object| object.with("exp", "1900000000"),
        "must be numbers",
    ),
    (
        "OA-60 JA-03 another audience",
        |object| object.with("aud", "https://auth.other.example"),
        "aud of the request object",
    ),
    (
        "OA-60 no audience",
        |object| object.without("aud"),
        "aud of the request object",
    ),
    (
        "OA-60 JA-03 the endpoint as its audience",
        |object| {
            let par = format!("{}/par", object.claims["aud"].as_str().expect("text"));
            object.with("aud", json!([par.clone(), [par]]))
        },
        "aud of the request object",
    ),
    (
        "JA-03 another iss",
        |object| object.with("iss", "cartwheel-app"),
        "iss of the request object",
    ),
    (
        "JA-03 no iss",
        |object| object.without("iss"),
        "iss of the request object",
    ),
    (
        "JA-03 another client_id",
        |object| object.with("client_id", "cartwheel-app"),
        "client_id in the request object",
    ),
    (
        "JA-03 no client_id",
        |object| object.without("client_id"),
        "client_id in the request object",
    ),
    (
        "JA-07 the sub of an assertion",
        |object| object.with("sub", "swiftride-app"),
        "sub of the request object",
    ),
    (
        "JA-04 the typ of an access token",
        |object| object.headed("typ", "at+jwt"),
        "typ of the request object",
    ),
    (
        "JA-04 the typ of a proof",
        |object| object.headed("typ", "dpop+jwt"),
        "typ of the request object",
    ),
    (
        "JA-04 the typ of an assertion",
        |object| object.headed("typ", "client-authentication+jwt"),
        "typ of the request object",
    ),
    (
        "C-01 RS256",
        |object| object.headed("alg", "RS256"),
        "PS256, ES256 or EdDSA",
    ),
    (
        "C-01 HS256",
        |object| object.headed("alg", "HS256"),
        "PS256, ES256 or EdDSA",
    ),
    (
        "C-02 an algorithm that is not its key's",
        |object| object.headed("alg", "PS256"),
        "that of a registered key",
    ),
    (
        "C-03 a key of its own",
        |object| object.headed("jwk", json!({ "kty": "EC" })),
        "without keys in its header",
    ),
    (
        "C-03 an extension that must be understood",
        |object| object.headed("crit", json!(["b64"])),
        "without crit",
    ),
    (
        "JA-02 a key that nobody registered",
        |object| object.headed("kid", "unknown"),
        "No registered key",
    ),
    (
        "PA-04 a request_uri inside",
        |object| object.with("request_uri", "urn:ietf:params:oauth:request_uri:a"),
        "neither request nor request_uri",
    ),
    (
        "PA-04 a request inside",
        |object| object.with("request", "a.b.c"),
        "neither request nor request_uri",
    ),
    (
        "JA-01 a parameter that is null",
        |object| object.with("state", Value::Null),
        "no parameter in it null",
    ),
    (
        "JA-09 a jti that is no text",
        |object| object.with("jti", 1),
        "1 to 128 characters",
    ),
    (
        "JA-09 a jti that is too long",
        |object| object.with("jti", "j".repeat(129)),
        "1 to 128 characters",
    ),
    (
        "L-11 more than 32 KiB",
        |object| object.with("unknown", "u".repeat(32 * 1024)),
        "32768 bytes",
    ),
];

#[tokio::test]
async fn a_request_object_that_breaks_a_rule_is_refused_and_nothing_else_is_looked_at() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (row, change, says) in ROWS {
        let object = change(Object::good(&app)).by(&app.partner);
        let answer = app.post("/par", signed(&object)).await;
        let told = String::from_utf8_lossy(&answer.body);
        assert!(told.contains(says), "{row}: {told}");
        is_oauth_error(&answer, 400, "invalid_request_object", says);
    }
}

/// The parts of a JWS, to be put together otherwise.
fn parts(object: &str) -> (&str, &str, &str) {
    let (signed, signature) = object.rsplit_once('.').expect("a signature");
    let (header, claims) = signed.split_once('.').expect("two parts");
    (header, claims, signature)
}

#[tokio::test]
async fn only_the_clients_own_signature_makes_a_request_object() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let good = Object::good(&app);
    let object = good.by(&app.partner);
    let (header, claims, signature) = parts(&object);
    let none = |alg: &str| {
        let header = json!({ "typ": "oauth-authz-req+jwt", "alg": alg }).to_string();
        let header = crypto::base64url(header.as_bytes());
        [
            format!("{header}.{claims}."),
            format!("{header}.{claims}.{signature}"),
        ]
    };
    let other = Partner::of(&house, "cartwheel-app");
    let mut others = Object::good(&app);
    others.header["kid"] = json!(other.signing_key.kid());
    let changed = good.claims.to_string().replace("branches", "catalogue");
    let changed = crypto::base64url(changed.as_bytes());
    let twice = good.claims.to_string();
    let twice = format!("{{\"scope\":\"catalogue\",{}", &twice[1..]);
    let twice = app.partner.jws(&good.header.to_string(), &twice);
    let mut rows = vec![
        ("OA-54 no signature", format!("{header}.{claims}.")),
        ("OA-54 two parts", format!("{header}.{claims}")),
        ("OA-57 by another client", good.by(&other)),
        ("OA-57 by another client's kid", others.by(&other)),
        (
            "OA-57 a bad signature",
            format!("{header}.{claims}.{}", "A".repeat(86)),
        ),
        (
            "OA-57 other claims than were signed",
            format!("{header}.{changed}.{signature}"),
        ),
        ("JA-02 five parts", format!("{object}.a.b")),
        ("JA-02 no JWS", "a.b.c".to_owned()),
        ("JA-02 a claim twice", twice),
    ];
    for alg in ["none", "None", "NONE"] {
        rows.extend(none(alg).map(|object| ("OA-55 alg none", object)));
    }
    for (row, object) in rows {
        let answer = app.post("/par", signed(&object)).await;
        assert_eq!(answer.code(), "invalid_request_object", "{row}: {answer:?}");
        is_oauth_error(&answer, 400, "invalid_request_object", "");
    }
    assert_eq!(app.post("/par", signed(&object)).await.status, 201);
}

#[tokio::test]
async fn what_request_objects_may_leave_out_or_say_otherwise_is_taken() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let issuer = house.issuer_url();
    let untyped = |mut object: Object, member: &str| {
        let header = object.header.as_object_mut().expect("a header");
        header.remove(member).expect("a member");
        object
    };
    for (row, object) in [
        ("JA-04 typ JWT", Object::good(&app).headed("typ", "JWT")),
        (
            "JA-04 its typ in another case",
            Object::good(&app).headed("typ", "OAuth-AuthZ-Req+JWT"),
        ),
        ("JA-04 no typ", untyped(Object::good(&app), "typ")),
        ("C-06 no kid", untyped(Object::good(&app), "kid")),
        (
            "JA-03 a list with the issuer",
            Object::good(&app).with("aud", json!(["https://auth.other.example", issuer])),
        ),
        (
            "L-01 an nbf 8 seconds ahead",
            Object::good(&app).at("nbf", 8).at("exp", 120),
        ),
        (
            "L-03 an hour, all but passed",
            Object::good(&app).at("nbf", -3_500).at("exp", 100),
        ),
        (
            "JA-04 iat and jti",
            Object::good(&app).at("iat", 0).with("jti", "j-1"),
        ),
        (
            "another sub, and what nobody knows",
            Object::good(&app)
                .with("sub", "somebody")
                .with("unknown", json!({ "a": null })),
        ),
    ] {
        let answer = app.post("/par", signed(&object.by(&app.partner))).await;
        assert_eq!(answer.status, 201, "{row}: {answer:?}");
    }
}

#[tokio::test]
async fn ja_01_under_message_signing_a_plain_request_is_refused() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for form in [Form::request(), Form::request().and("request", "")] {
        let answer = app.post("/par", form).await;
        is_oauth_error(&answer, 400, "invalid_request", "Requests are signed here");
    }
}

#[tokio::test]
async fn ja_05_what_a_request_object_lacks_is_not_taken_from_beside_it() {
    for house in [TestHouse::start().await, message_signing().await] {
        let mut app = App::of(&house, "swiftride-app").await;
        for lacks in [
            "response_type",
            "redirect_uri",
            "scope",
            "code_challenge",
            "code_challenge_method",
        ] {
            let object = Object::good(&app).without(lacks).by(&app.partner);
            let form = Form::request().with("request", Some(&object));
            let answer = app.post("/par", form).await;
            is_oauth_error(&answer, 400, "invalid_request", lacks);
        }
    }
}

#[tokio::test]
async fn ja_01_a_signed_request_leads_to_tokens_by_what_was_signed_alone() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let object = Object::good(&app).by(&app.partner);
    let mut beside = Form::request().with("request", Some(&object));
    for (name, value) in [
        ("state", "of another"),
        ("scope", "catalogue"),
        ("redirect_uri", "https://evil.example/"),
        ("code_challenge", "x"),
        ("response_mode", "fragment"),
    ] {
        beside = beside.with(name, Some(value));
    }
    let back = app.allowed(beside, "li-lei").await;
    assert_eq!(back["state"], "s-1 &=?");
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens["scope"], "branches");
    app.call(&tokens["access_token"]).await.ok();
}

#[tokio::test]
async fn ja_09_a_jti_is_good_once_and_a_refused_request_costs_none() {
    let house = message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let object = Object::good(&app).with("jti", "j-1");
    let once = object.by(&app.partner);
    // Refused for what stands beside it; then taken, and never again.
    let refused = signed(&once).and("request_uri", "urn:x");
    let answer = app.post("/par", refused).await;
    is_oauth_error(&answer, 400, "invalid_request", "given out here");
    let wrong = Object::good(&app).with("jti", "j-1").with("scope", "none");
    let answer = app.post("/par", signed(&wrong.by(&app.partner))).await;
    is_oauth_error(&answer, 400, "invalid_scope", "not open");
    assert_eq!(app.post("/par", signed(&once)).await.status, 201);
    for again in [once, object.at("exp", 61).by(&app.partner)] {
        let answer = app.post("/par", signed(&again)).await;
        is_oauth_error(&answer, 400, "invalid_request_object", "used before");
    }
}

#[tokio::test]
async fn ja_07_a_request_object_is_no_assertion_whatever_its_sub() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for sub in [None, Some("swiftride-app")] {
        let object = Object::good(&app).with("jti", "j-1");
        let object = sub.map_or(Object::good(&app), |sub| object.with("sub", sub));
        let form = kit::token_form("branches", &object.by(&app.partner));
        let asked = app
            .client
            .call(kit::Method::POST, "/token", &[kit::FORM], form);
        let answer = asked.await.expect("an answer");
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (401, "invalid_client")
        );
    }
}
