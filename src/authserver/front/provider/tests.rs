use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crypto::{Algorithm, SystemRandom, TimeProblem};
use model::MovedClock;

use super::*;

const ISSUER: &str = "https://login.bank.example";
const BACK: &str = "https://auth.bank.example/logged-in";
const CODE: &str = "planted-code";
const ACCESS: &str = "planted-access-token";
const NONCE: &str = "n-0S6_WzA2Mj";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const METADATA: &str = "/.well-known/openid-configuration";

const BOUND: Bound<'_> = Bound {
    nonce: NONCE,
    verifier: VERIFIER,
};

const WANTED: Wanted<'_> = Wanted {
    state: "the state",
    bound: BOUND,
    language: "zh-CN",
    max_age_s: 900,
    again: false,
    acr_values: "",
    login_hint: None,
};

/// The status of an answer that never comes.
const HANGS: u16 = 0;

/// What was asked: method, path and content.
type Asked = (Method, String, Bytes);

/// A provider that answers by path as it is told, and keeps what it was asked.
#[derive(Default)]
struct Away {
    answers: Mutex<HashMap<&'static str, (u16, String)>>,
    asked: Mutex<Vec<Asked>>,
}

impl Away {
    fn says(&self, path: &'static str, status: u16, body: &impl ToString) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(path, (status, body.to_string()));
    }

    /// Nobody is reached at this path from here on.
    fn is_down_at(&self, path: &'static str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.remove(path);
    }

    /// Whoever asks at this path waits for ever from here on.
    fn hangs_at(&self, path: &'static str) {
        self.says(path, HANGS, &"");
    }

    fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }

    fn times(&self, path: &str) -> usize {
        self.asked()
            .iter()
            .filter(|(_, its, _)| its == path)
            .count()
    }
}

impl Fetch for Away {
    fn fetch(
        &self,
        request: FetchRequest,
        _: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        let path = request.url.path().to_owned();
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = answers.get(path.as_str()).cloned();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push((request.method, path, request.body));
        async move {
            let (status, body) = answer.ok_or(FetchFailed::TimedOut)?;
            if status == HANGS {
                return std::future::pending().await;
            }
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            Ok(Fetched {
                status: StatusCode::from_u16(status).expect("a status"),
                headers,
                body: body.into(),
            })
        }
        .boxed()
    }
}

/// A provider whose answers are good, and our side of it.
struct Bench {
    away: Arc<Away>,
    provider: OpenIdProvider,
    clock: MovedClock,
    /// Signs its ID tokens.
    key: SigningKey,
    ours: Arc<SigningKey>,
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).expect("a key")
}

fn key_set(keys: &[&SigningKey]) -> Value {
    let keys = keys.iter().map(|key| key.verification_key()).collect();
    Jwks::from_keys(keys).to_json()
}

fn metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/auth?tenant=1"),
        "token_endpoint": format!("{ISSUER}/token"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "claims_parameter_supported": true,
        "authorization_response_iss_parameter_supported": true,
        "response_types_supported": ["code"],
    })
}

impl Bench {
    fn new() -> Self {
        Self::signing(Algorithm::Es256)
    }

    fn signing(algorithm: Algorithm) -> Self {
        let (away, ours, theirs) = (
            Arc::new(Away::default()),
            Arc::new(key(Algorithm::Es256)),
            key(algorithm),
        );
        away.says(METADATA, 200, &metadata());
        away.says("/jwks", 200, &key_set(&[&theirs]));
        let provider = OpenIdProvider::new(ProviderSettings {
            issuer: ISSUER.to_owned(),
            client_id: ClientId::parse("mortise").expect("an id"),
            key: Arc::clone(&ours),
            shown: ShownClaim::PreferredUsername,
            redirect_uri: BACK.to_owned(),
        });
        Self {
            away,
            provider,
            clock: MovedClock::stopped(),
            key: theirs,
            ours,
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER,
            "sub": "c-1",
            "aud": "mortise",
            "exp": self.now() + 60,
            "iat": self.now(),
            "auth_time": self.now() - 5,
            "nonce": NONCE,
            "acr": "urn:bank:2",
            "preferred_username": "李雷",
        })
    }

    /// The token endpoint answers with these claims, signed by this key.
    fn issues(&self, claims: &Value, key: &SigningKey) {
        let id_token = key.sign("JWT", claims).expect("a token");
        self.away.says("/token", 200, &tokens(&id_token));
    }

    /// The same by a key that the token does not name, signed by a library that is not ours.
    fn says_without_kid(&self, key: &SigningKey) {
        use jsonwebtoken::{Algorithm as Theirs, EncodingKey, Header};
        let der = key.to_pkcs8();
        let der = der.expose_secret();
        let (algorithm, key) = match key.algorithm() {
            Algorithm::EdDsa => (Theirs::EdDSA, EncodingKey::from_ed_der(der)),
            _ => (Theirs::ES256, EncodingKey::from_ec_der(der)),
        };
        let signed = jsonwebtoken::encode(&Header::new(algorithm), &self.claims(), &key);
        let id_token = signed.expect("signs");
        self.away.says("/token", 200, &tokens(&id_token));
    }

    fn means(&self) -> Means<'_> {
        Means {
            fetch: self.away.as_ref(),
            clock: &self.clock,
            random: &SystemRandom,
            deadline: Duration::from_secs(8),
        }
    }

    async fn link(&self) -> Result<String, ProviderFailed> {
        self.provider.link(WANTED, self.means()).await
    }

    fn returned(&self) -> Returned<'static> {
        Returned {
            code: Some(CODE),
            error: None,
            iss: Some(ISSUER),
            bound: BOUND,
            since: self.now() - 900,
        }
    }

    async fn who(&self) -> Result<Outcome, ProviderFailed> {
        self.provider.who(self.returned(), self.means()).await
    }

    /// Why this ID token is not believed.
    async fn problem(&self) -> IdTokenProblem {
        match self.who().await {
            Err(ProviderFailed::IdToken(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }
}

fn tokens(id_token: &str) -> Value {
    json!({ "access_token": ACCESS, "token_type": "Bearer", "expires_in": 60, "id_token": id_token })
}

/// All that could be printed of a failure.
fn printed(failure: &dyn Error) -> String {
    let mut text = String::new();
    let mut cause = Some(failure);
    while let Some(error) = cause {
        let _ = write!(text, "{error} {error:?} {error:#?} ");
        cause = error.source();
    }
    text
}

fn pairs(query: &str) -> HashMap<String, String> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn the_link_binds_the_log_in_to_state_nonce_and_verifier_and_asks_when_it_was() {
    let bench = Bench::new();
    let link = bench.link().await.expect("a link");
    let (place, query) = link.split_once('?').expect("a query");
    assert_eq!(place, "https://login.bank.example/auth");
    let mut query = pairs(query);
    for (name, value) in [
        ("tenant", "1"),
        ("response_type", "code"),
        ("client_id", "mortise"),
        ("redirect_uri", BACK),
        ("scope", "openid profile"),
        ("state", "the state"),
        ("nonce", NONCE),
        // RFC 7636 appendix B.
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("max_age", "900"),
        ("ui_locales", "zh-CN"),
        (
            "claims",
            r#"{"id_token":{"preferred_username":null,"acr":null}}"#,
        ),
    ] {
        assert_eq!(query.remove(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(query, HashMap::new());
    assert!(!link.contains(VERIFIER));
}

#[tokio::test]
async fn what_an_app_asks_of_the_log_in_is_asked_of_the_provider() {
    let bench = Bench::new();
    let wanted = Wanted {
        max_age_s: 60,
        again: true,
        acr_values: "urn:bank:2 urn:bank:3",
        login_hint: Some("li-lei@bank.example"),
        ..WANTED
    };
    let link = bench.provider.link(wanted, bench.means()).await;
    let link = link.expect("a link");
    let (_, query) = link.split_once('?').expect("a query");
    let query = pairs(query);
    for (name, value) in [
        ("max_age", "60"),
        ("prompt", "login"),
        ("acr_values", "urn:bank:2 urn:bank:3"),
        ("login_hint", "li-lei@bank.example"),
    ] {
        assert_eq!(query[name], value, "{name}");
    }
}

#[tokio::test]
async fn what_a_provider_does_not_take_it_is_not_sent() {
    let bench = Bench::new();
    let mut plain = metadata();
    plain["claims_parameter_supported"] = false.into();
    bench.away.says(METADATA, 200, &plain);
    let link = bench.link().await.expect("a link");
    assert!(!link.contains("claims="), "{link}");
}

#[tokio::test]
async fn a_code_is_brought_back_with_its_verifier_and_a_signed_proof_of_who_we_are() {
    let bench = Bench::new();
    bench.issues(&bench.claims(), &bench.key);
    let outcome = bench.who().await.expect("an outcome");
    let Outcome::Known(customer, auth_time) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(customer.subject, "c-1");
    assert_eq!(customer.shown, "李雷");
    assert_eq!(customer.acr.as_deref(), Some("urn:bank:2"));
    assert_eq!(auth_time.as_second(), bench.now() - 5);

    let asked = bench.away.asked();
    let (method, _, body) = asked
        .iter()
        .find(|(_, path, _)| path == "/token")
        .expect("asked");
    assert_eq!(method, Method::POST);
    let mut form = pairs(std::str::from_utf8(body).expect("text"));
    let assertion = form.remove("client_assertion").expect("an assertion");
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", CODE),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
        ("client_id", "mortise"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(form, HashMap::from(expected));
    let rules = crypto::Rules {
        typ: crypto::Typ::Exactly(&["JWT"]),
        bytes_max: 8192,
    };
    let keys = Jwks::from_keys(vec![bench.ours.verification_key()]);
    let proved = crypto::verify(&assertion, &keys, &rules).expect("our signature");
    let proved: Value = serde_json::from_slice(&proved.claims).expect("claims");
    assert_eq!(proved["iss"], "mortise");
    assert_eq!(proved["sub"], "mortise");
    assert_eq!(proved["aud"], ISSUER);
    assert_eq!(proved["exp"], bench.now() + 60);
}

#[tokio::test]
async fn an_id_token_is_believed_with_each_algorithm_and_the_access_tokens_hash() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let bench = Bench::signing(algorithm);
        let mut claims = bench.claims();
        claims["at_hash"] = match algorithm {
            Algorithm::EdDsa => crypto::base64url(&crypto::sha512(ACCESS.as_bytes())[..32]),
            _ => crypto::base64url(&crypto::sha256(ACCESS.as_bytes())[..16]),
        }
        .into();
        claims["aud"] = json!(["mortise"]);
        claims["azp"] = "mortise".into();
        claims["auth_time"] = json!(f64::from(u32::try_from(bench.now()).expect("fits")) + 0.5);
        bench.issues(&claims, &bench.key);
        assert!(bench.who().await.is_ok(), "{algorithm}");
        claims["at_hash"] = crypto::base64url(&[7; 16]).into();
        bench.issues(&claims, &bench.key);
        assert_eq!(bench.problem().await, IdTokenProblem::AccessToken);
    }
}

#[tokio::test]
async fn an_id_token_with_one_thing_wrong_is_not_believed() {
    let bench = Bench::new();
    let now = bench.now();
    let long = "x".repeat(256);
    let rows = [
        (
            "iss",
            json!("https://login.other.example"),
            IdTokenProblem::Issuer,
        ),
        ("iss", json!(format!("{ISSUER}/")), IdTokenProblem::Issuer),
        ("iss", Value::Null, IdTokenProblem::Malformed),
        ("aud", json!("another"), IdTokenProblem::Audience),
        (
            "aud",
            json!(["mortise", "another"]),
            IdTokenProblem::Audience,
        ),
        ("aud", json!([]), IdTokenProblem::Audience),
        ("azp", json!("another"), IdTokenProblem::Party),
        (
            "exp",
            json!(now - 11),
            IdTokenProblem::Times(TimeProblem::Expired),
        ),
        (
            "exp",
            Value::Null,
            IdTokenProblem::Times(TimeProblem::Malformed),
        ),
        (
            "iat",
            json!(now + 62),
            IdTokenProblem::Times(TimeProblem::IssuedInFuture),
        ),
        ("nonce", json!("another"), IdTokenProblem::Nonce),
        ("nonce", json!(""), IdTokenProblem::Nonce),
        ("auth_time", json!(now + 62), IdTokenProblem::AuthTime),
        ("auth_time", json!(now - 911), IdTokenProblem::TooOld),
        ("auth_time", json!("today"), IdTokenProblem::Malformed),
        ("sub", json!(""), IdTokenProblem::Subject),
        ("sub", json!(long), IdTokenProblem::Subject),
        ("sub", json!("李雷"), IdTokenProblem::Subject),
        ("acr", json!("a b"), IdTokenProblem::Acr),
        ("preferred_username", json!(""), IdTokenProblem::Shown),
        ("preferred_username", json!("a\nb"), IdTokenProblem::Shown),
        ("preferred_username", json!(7), IdTokenProblem::Shown),
    ];
    for (claim, value, problem) in rows {
        let mut claims = bench.claims();
        claims[claim] = value;
        bench.issues(&claims, &bench.key);
        assert_eq!(bench.problem().await, problem, "{claims}");
    }
    for (claim, problem) in [
        ("exp", IdTokenProblem::Times(TimeProblem::ExpMissing)),
        ("iat", IdTokenProblem::IssuedAt),
        ("nonce", IdTokenProblem::Nonce),
        ("auth_time", IdTokenProblem::AuthTime),
        ("sub", IdTokenProblem::Malformed),
        ("preferred_username", IdTokenProblem::Shown),
    ] {
        let mut claims = bench.claims();
        claims.as_object_mut().expect("an object").remove(claim);
        bench.issues(&claims, &bench.key);
        assert_eq!(bench.problem().await, problem, "without {claim}");
    }
    bench.issues(&bench.claims(), &bench.key);
    assert!(bench.who().await.is_ok(), "the claims are good otherwise");
}

#[tokio::test]
async fn an_id_token_by_another_key_or_of_another_kind_is_not_believed() {
    let bench = Bench::new();
    bench.issues(&bench.claims(), &key(Algorithm::Es256));
    let unknown = IdTokenProblem::Jws(JwsProblem::UnknownKey);
    assert_eq!(bench.problem().await, unknown);
    let logout = bench.key.sign("logout+jwt", &bench.claims());
    let logout = logout.expect("a token");
    bench.away.says("/token", 200, &tokens(&logout));
    assert_eq!(bench.problem().await, IdTokenProblem::Jws(JwsProblem::Typ));
    let good = bench.key.sign("JWT", &bench.claims()).expect("a token");
    let (_, rest) = good.split_once('.').expect("parts");
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "RS256", "kid": bench.key.kid() }),
        json!({ "alg": "HS256", "kid": bench.key.kid() }),
    ] {
        let header = crypto::base64url(header.to_string().as_bytes());
        let forged = format!("{header}.{rest}");
        bench.away.says("/token", 200, &tokens(&forged));
        let problem = bench.problem().await;
        assert_eq!(problem, IdTokenProblem::Jws(JwsProblem::Algorithm));
    }
}

#[tokio::test]
async fn a_new_key_is_read_once_it_is_met_and_not_at_every_unknown_one() {
    let bench = Bench::new();
    bench.issues(&bench.claims(), &bench.key);
    assert!(bench.who().await.is_ok());
    let next = key(Algorithm::Ps256);
    bench
        .away
        .says("/jwks", 200, &key_set(&[&bench.key, &next]));
    bench.issues(&bench.claims(), &next);
    let unknown = IdTokenProblem::Jws(JwsProblem::UnknownKey);
    assert_eq!(bench.problem().await, unknown);
    assert_eq!(bench.problem().await, unknown);
    assert_eq!(
        bench.away.times("/jwks"),
        1,
        "C-05: not more often than that"
    );
    bench.clock.advance(KEYS_AGE_MIN);
    bench.issues(&bench.claims(), &next);
    assert!(bench.who().await.is_ok());
    assert_eq!(bench.away.times("/jwks"), 2);
    assert_eq!(bench.away.times(METADATA), 1);
}

#[tokio::test]
async fn keys_for_others_are_passed_over_and_none_for_us_is_refused() {
    let bench = Bench::new();
    bench.issues(&bench.claims(), &bench.key);
    let mut set = key_set(&[&bench.key, &key(Algorithm::Ps256)]);
    set["keys"][1]["alg"] = "RS256".into();
    let encrypts = json!({ "kty": "EC", "crv": "P-384", "use": "enc", "x": "AA", "y": "AA" });
    set["keys"].as_array_mut().expect("keys").push(encrypts);
    bench.away.says("/jwks", 200, &set);
    assert!(bench.who().await.is_ok());

    for keys in [
        json!({ "keys": [set["keys"][1]] }),
        json!({ "keys": [] }),
        json!({ "keys": vec![set["keys"][0].clone(); 51] }),
        json!([]),
        json!({ "keys": {} }),
    ] {
        let bench = Bench::new();
        bench.issues(&bench.claims(), &bench.key);
        bench.away.says("/jwks", 200, &keys);
        let failed = bench.who().await.expect_err("no keys");
        let text = failed.to_string();
        assert!(text.starts_with(discovery::DOING_KEYS), "{text}");
    }
}

#[tokio::test]
async fn the_answer_of_another_provider_is_not_taken() {
    let bench = Bench::new();
    bench.issues(&bench.claims(), &bench.key);
    for iss in [None, Some("https://login.other.example"), Some("")] {
        for (code, error) in [(Some(CODE), None), (None, Some("access_denied"))] {
            let returned = Returned {
                code,
                error,
                iss,
                ..bench.returned()
            };
            let failed = bench.provider.who(returned, bench.means()).await;
            assert!(failed.is_err(), "RFC 9207: {iss:?}");
        }
    }
    assert_eq!(bench.away.times("/token"), 0, "the code went nowhere");
    let mut silent = metadata();
    silent["authorization_response_iss_parameter_supported"] = false.into();
    let bench = Bench::new();
    bench.away.says(METADATA, 200, &silent);
    bench.issues(&bench.claims(), &bench.key);
    let returned = Returned {
        iss: None,
        ..bench.returned()
    };
    let outcome = bench.provider.who(returned, bench.means()).await;
    assert!(outcome.is_ok(), "one that never says who it is");
}

#[tokio::test]
async fn only_access_denied_is_the_customers_own_word() {
    let bench = Bench::new();
    let says = |error| Returned {
        code: None,
        error,
        ..bench.returned()
    };
    let denied = bench
        .provider
        .who(says(Some("access_denied")), bench.means());
    assert!(matches!(denied.await, Ok(Outcome::Cancelled)));
    for (error, told, logged) in [
        (Some("login_required"), "login_required", "login_required"),
        (Some("a\r\nb=1 <x>"), "access_denied", "a??b?1??x?"),
        (None, "access_denied", "neither_code_nor_error"),
    ] {
        let outcome = bench.provider.who(says(error), bench.means()).await;
        let Ok(Outcome::Refused { error, said }) = outcome else {
            panic!("{error:?}: {outcome:?}");
        };
        assert_eq!((error, said.as_str()), (told, logged));
    }
    let failed = says(Some("server_error"));
    let failed = bench.provider.who(failed, bench.means()).await;
    let failed = failed.expect_err("its own fault").to_string();
    assert!(failed.contains("says server_error"), "{failed}");
    let long = "c".repeat(CODE_BYTES_MAX + 1);
    let returned = Returned {
        code: Some(&long),
        ..bench.returned()
    };
    let outcome = bench.provider.who(returned, bench.means()).await;
    assert!(matches!(outcome, Ok(Outcome::Refused { .. })));
    assert_eq!(bench.away.times("/token"), 0);
}

#[tokio::test]
async fn metadata_are_read_anew_when_they_are_old_and_used_longer_when_nobody_answers() {
    let bench = Bench::new();
    assert_eq!(
        bench.away.times(METADATA),
        0,
        "nothing is asked before a log-in"
    );
    for _ in 0..3 {
        bench.link().await.expect("a link");
    }
    assert_eq!(bench.away.times(METADATA), 1);
    bench.clock.advance(AGE_MAX);
    bench.away.is_down_at(METADATA);
    bench.link().await.expect("a link by what is known");
    assert_eq!(bench.away.times(METADATA), 2);
    bench.clock.advance(MANNER.stale_max);
    let failed = bench.link().await.expect_err("nothing is known any more");
    assert!(matches!(failed, ProviderFailed::Unreached { .. }));
    bench.away.says(METADATA, 200, &metadata());
    let failed = bench.link().await.expect_err("not asked at once again");
    assert!(matches!(failed, ProviderFailed::Lately { .. }));
    bench.clock.advance(MANNER.without_wait);
    bench.link().await.expect("it is back");
}

#[tokio::test]
async fn one_at_a_time_reads_what_is_too_old_and_the_others_do_not_wait_while_they_need_not() {
    let bench = Bench::new();
    let links = (0..20).map(|_| bench.link());
    let links = futures_util::future::join_all(links).await;
    assert!(links.iter().all(Result::is_ok));
    assert_eq!(bench.away.times(METADATA), 1);
    bench.clock.advance(AGE_MAX);
    bench.away.hangs_at(METADATA);
    let mut first = std::pin::pin!(bench.link());
    assert!(first.as_mut().now_or_never().is_none(), "it waits");
    for _ in 0..20 {
        let other = bench.link().now_or_never();
        assert!(other.expect("at once").is_ok());
    }
    assert_eq!(bench.away.times(METADATA), 2);
}

#[tokio::test]
async fn a_new_key_without_a_name_is_read_too_whatever_its_algorithm() {
    for (algorithm, problem) in [
        (Algorithm::Es256, JwsProblem::Signature),
        (Algorithm::EdDsa, JwsProblem::Algorithm),
    ] {
        let bench = Bench::new();
        bench.away.says("/jwks", 200, &nameless(&bench.key));
        bench.says_without_kid(&bench.key);
        assert!(bench.who().await.is_ok());
        let next = key(algorithm);
        bench.away.says("/jwks", 200, &nameless(&next));
        bench.says_without_kid(&next);
        assert_eq!(bench.problem().await, IdTokenProblem::Jws(problem));
        assert_eq!(bench.away.times("/jwks"), 1, "not more often than that");
        bench.clock.advance(KEYS_AGE_MIN);
        bench.says_without_kid(&next);
        assert!(bench.who().await.is_ok());
        assert_eq!(bench.away.times("/jwks"), 2);
    }
}

/// The keys of a provider that names none.
fn nameless(key: &SigningKey) -> Value {
    let mut keys = key_set(&[key]);
    let key = keys["keys"][0].as_object_mut().expect("a key");
    key.remove("kid");
    keys
}

#[tokio::test]
async fn metadata_that_break_a_rule_are_not_taken() {
    let change = |name: &str, value: Value| {
        let mut document = metadata();
        document[name] = value;
        document.to_string()
    };
    let rows = [
        (200, change("issuer", json!("https://login.other.example"))),
        (200, change("issuer", json!(format!("{ISSUER}/")))),
        (
            200,
            change("token_endpoint", json!("http://login.bank.example/token")),
        ),
        (200, change("token_endpoint", Value::Null)),
        (200, change("jwks_uri", json!("/jwks"))),
        (
            200,
            change("jwks_uri", json!("https://me@login.bank.example/jwks")),
        ),
        (
            200,
            change("authorization_endpoint", json!("javascript:alert(1)")),
        ),
        (
            200,
            change(
                "authorization_endpoint",
                json!("https://login.bank.example/#a"),
            ),
        ),
        (200, "[]".to_owned()),
        (200, "not JSON".to_owned()),
        (404, metadata().to_string()),
        (302, metadata().to_string()),
    ];
    for (status, document) in rows {
        let bench = Bench::new();
        bench.away.says(METADATA, status, &document);
        let failed = bench.link().await.expect_err("not taken").to_string();
        assert!(failed.starts_with(discovery::DOING), "{failed}: {document}");
    }
}

#[tokio::test]
async fn a_code_that_is_not_exchanged_logs_nobody_in_and_stands_in_no_error() {
    let id_token = "planted.id.token";
    let rows = [
        (
            400,
            json!({ "error": "invalid_client", "error_description": CODE }),
            "invalid_client",
        ),
        (
            401,
            json!({ "error": format!("x {CODE}") }),
            "a code of its own",
        ),
        (400, json!([CODE]), "a code of its own"),
        (
            200,
            json!({ "id_token": id_token, "code": CODE }),
            "RFC 6749",
        ),
        (
            200,
            json!({ "access_token": ACCESS, "token_type": "Bearer" }),
            "an id_token",
        ),
        (302, json!({ "access_token": ACCESS }), "RFC 6749"),
        (503, json!(""), "RFC 6749"),
    ];
    for (status, answer, told) in rows {
        let bench = Bench::new();
        bench.away.says("/token", status, &answer);
        let failed = bench.who().await.expect_err("nobody");
        let text = printed(&failed);
        assert!(text.contains(told), "{text}");
        for secret in [CODE, ACCESS, id_token, VERIFIER] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    let bench = Bench::new();
    let failed = bench.who().await.expect_err("nobody answers");
    assert!(
        matches!(failed, ProviderFailed::Unreached { .. }),
        "{failed}"
    );
    assert!(!printed(&failed).contains(CODE));
}
