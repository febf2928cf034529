//! A bank that demo apps ask: it answers as a script says, and checks who asks.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use crypto::{Jwks, Rules, Typ, VerificationKey};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};

pub(super) const ISSUER: &str = "https://localhost:8444";
pub(super) const API: &str = "https://localhost:8443";

/// What it was asked.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) headers: HeaderMap,
    pub(super) form: Vec<(String, String)>,
}

/// The bank. Answers of the script come first, each to the path that it is for.
#[derive(Default)]
pub(super) struct FakeBank {
    pub(super) asked: Mutex<Vec<Asked>>,
    script: Mutex<VecDeque<(&'static str, StatusCode, Value)>>,
    /// The nonce that proofs must have, at the issuer and at the APIs.
    pub(super) nonce: Mutex<Option<&'static str>>,
    /// The key that assertions are verified with.
    pub(super) key: Mutex<Option<VerificationKey>>,
}

impl Asked {
    pub(super) fn path(&self) -> &str {
        let rest = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        rest.split('?').next().unwrap_or_default()
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.form.iter().filter(|(its, _)| its == name);
        let found = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{name} stands once");
        found
    }

    /// The claims of its DPoP proof.
    pub(super) fn proof(&self) -> Option<Value> {
        let proof = self.headers.get("dpop")?.to_str().expect("text");
        let rules = Rules {
            typ: Typ::Exactly(&["dpop+jwt"]),
            bytes_max: 8_192,
        };
        let proof = crypto::verify_own_key(proof, &rules).expect("a proof");
        Some(serde_json::from_slice(&proof.claims).expect("claims"))
    }
}

impl FakeBank {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The next call of this path is answered so.
    pub(super) fn next(&self, path: &'static str, status: u16, body: Value) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.script.lock().unwrap().push_back((path, status, body));
    }

    pub(super) fn calls(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// The paths that were called since the last look.
    pub(super) fn paths(&self) -> Vec<String> {
        let calls = self.calls();
        calls.iter().map(|asked| asked.path().to_owned()).collect()
    }

    fn answer(&self, asked: &Asked) -> (StatusCode, Value) {
        let path = asked.path();
        let mut script = self.script.lock().unwrap();
        if script.front().is_some_and(|(of, ..)| *of == path) {
            let (_, status, body) = script.pop_front().expect("an answer");
            return (status, body);
        }
        if let Some(trouble) = self.nonce_trouble(asked) {
            return trouble;
        }
        self.check_assertion(asked);
        (StatusCode::OK, usual(path, asked))
    }

    fn nonce_trouble(&self, asked: &Asked) -> Option<(StatusCode, Value)> {
        let wanted = (*self.nonce.lock().unwrap())?;
        let proof = asked.proof()?;
        let is_api = asked.url.starts_with(API) && asked.method == Method::GET;
        (proof["nonce"] != wanted).then(|| {
            if is_api {
                (
                    StatusCode::UNAUTHORIZED,
                    json!({ "code": "use_dpop_nonce" }),
                )
            } else {
                (
                    StatusCode::BAD_REQUEST,
                    json!({ "error": "use_dpop_nonce" }),
                )
            }
        })
    }

    fn check_assertion(&self, asked: &Asked) {
        let Some(assertion) = asked.parameter("client_assertion") else {
            return;
        };
        let key = self.key.lock().unwrap().clone().expect("a key");
        let rules = Rules {
            typ: Typ::Exactly(&["JWT"]),
            bytes_max: 8_192,
        };
        let verified = crypto::verify(assertion, &Jwks::from_keys(vec![key]), &rules);
        let claims: Value = serde_json::from_slice(&verified.expect("signed").claims).unwrap();
        assert_eq!(claims["aud"], ISSUER);
        assert_eq!(claims["iss"], asked.parameter("client_id").unwrap());
    }
}

/// What the bank says when all is well.
fn usual(path: &str, asked: &Asked) -> Value {
    let is_dpop = asked.headers.contains_key("dpop");
    match path {
        ".well-known/oauth-authorization-server" => json!({
            "issuer": ISSUER,
            "authorization_endpoint": format!("{ISSUER}/authorize"),
            "token_endpoint": format!("{ISSUER}/token"),
            "pushed_authorization_request_endpoint": format!("{ISSUER}/par"),
            "revocation_endpoint": format!("{ISSUER}/revoke"),
            "mtls_endpoint_aliases": {
                "token_endpoint": format!("{API}/token"),
                "pushed_authorization_request_endpoint": format!("{API}/par"),
                "revocation_endpoint": format!("{API}/revoke"),
            },
        }),
        "par" => {
            json!({ "request_uri": "urn:ietf:params:oauth:request_uri:r 1", "expires_in": 60 })
        }
        "token" => json!({
            "access_token": format!("at-{}", asked.parameter("grant_type").unwrap()),
            "token_type": if is_dpop { "DPoP" } else { "Bearer" },
            "expires_in": 300,
            "refresh_token": "rt",
            "scope": if is_dpop { "accounts transactions" } else { "accounts" },
        }),
        "revoke" => json!({}),
        "accounts/v1/accounts" => json!({ "data": [{
            "accountId": "acc-1", "masked": "**** 6321",
            "name": { "en": "Current <account>", "zh-CN": "活期账户" },
        }] }),
        "accounts/v1/accounts/acc-1/balances" => json!({
            "accountId": "acc-1",
            "booked": { "currency": "CNY", "value": "20100.00" },
            "available": { "currency": "CNY", "value": "20000.50" },
        }),
        "accounts/v1/transactions" => json!({ "data": [{
            "bookedOn": "2026-11-22", "amount": { "currency": "CNY", "value": "-12.50" },
            "counterparty": { "en": "Tea House", "zh-CN": "茶馆" },
        }] }),
        other => panic!("the app asks for {other}"),
    }
}

impl Fetch for FakeBank {
    fn fetch(
        &self,
        request: FetchRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        assert!(deadline <= Duration::from_secs(10));
        let form = form_urlencoded::parse(&request.body).into_owned();
        let asked = Asked {
            method: request.method,
            url: request.url.to_string(),
            headers: request.headers,
            form: form.collect(),
        };
        let (status, body) = self.answer(&asked);
        self.asked.lock().unwrap().push(asked);
        let mut headers = HeaderMap::new();
        let id = HeaderValue::from_static("0193aaaa-0000-7000-8000-000000000001");
        headers.insert("x-request-id", id);
        if let Some(nonce) = *self.nonce.lock().unwrap() {
            headers.insert("dpop-nonce", HeaderValue::from_static(nonce));
        }
        let fetched = Fetched {
            status,
            headers,
            body: Bytes::from(body.to_string()),
        };
        std::future::ready(Ok(fetched)).boxed()
    }
}
