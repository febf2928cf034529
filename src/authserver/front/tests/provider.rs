//! A bank's provider that keeps us waiting, or says no.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crypto::{Algorithm, Jwks, SigningKey};
use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};
use model::{ClientId, Decision};

use super::visitor::{self, CALLBACK, Page, Visitor};
use crate::test_house::House;
use crate::{Customers, Endpoint, OpenIdProvider, ProviderSettings, ShownClaim};

const URL: &str = "https://login.bank.example";
const METADATA: &str = "/.well-known/openid-configuration";
const KEYS: &str = "/jwks";
const TOKENS: &str = "/token";

/// Answers as it is told; where it is not told anything, not before the deadline.
#[derive(Default)]
struct Away {
    says: Mutex<HashMap<&'static str, (u16, Value)>>,
    asked: Mutex<Vec<String>>,
}

impl Away {
    fn says(&self, path: &'static str, status: u16, answer: Value) {
        let mut says = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        says.insert(path, (status, answer));
    }

    fn is_silent_at(&self, path: &str) {
        let mut says = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        says.remove(path);
    }

    fn times(&self, path: &str) -> usize {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|its| *its == path).count()
    }
}

impl Fetch for Away {
    fn fetch(
        &self,
        request: FetchRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        let path = request.url.path().to_owned();
        let says = self.says.lock().unwrap_or_else(PoisonError::into_inner);
        let said = says.get(path.as_str()).cloned();
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(path);
        async move {
            let Some((status, body)) = said else {
                let never = std::future::pending::<()>();
                let _ = tokio::time::timeout(deadline, never).await;
                return Err(FetchFailed::TimedOut);
            };
            let mut headers = HeaderMap::new();
            headers.insert("content-type", HeaderValue::from_static("application/json"));
            Ok(Fetched {
                status: StatusCode::from_u16(status).expect("a status"),
                headers,
                body: body.to_string().into(),
            })
        }
        .boxed()
    }
}

/// A house whose bank has a provider.
pub(super) struct Bench {
    pub(super) house: House,
    away: Arc<Away>,
    key: SigningKey,
}

impl Bench {
    pub(super) async fn open() -> Self {
        let generated = || SigningKey::generate(Algorithm::Es256).expect("a key");
        let (away, key, ours) = (Arc::new(Away::default()), generated(), generated());
        let metadata = json!({
            "issuer": URL,
            "authorization_endpoint": format!("{URL}/auth"),
            "token_endpoint": format!("{URL}{TOKENS}"),
            "jwks_uri": format!("{URL}{KEYS}"),
        });
        away.says(METADATA, 200, metadata);
        let keys = Jwks::from_keys(vec![key.verification_key()]);
        away.says(KEYS, 200, keys.to_json());
        let provider = OpenIdProvider::new(ProviderSettings {
            issuer: URL.to_owned(),
            client_id: ClientId::parse("mortise").expect("valid"),
            key: Arc::new(ours),
            shown: ShownClaim::PreferredUsername,
            redirect_uri: format!("{}/logged-in", crate::test_house::ISSUER),
        });
        let provider = Customers::Provider(Arc::new(provider));
        let fetch = Arc::clone(&away);
        let house = House::open_on(
            |settings| visitor::grants(settings, provider),
            |ports| ports.fetch = fetch,
        );
        Self {
            house: house.await,
            away,
            key,
        }
    }

    /// A browser at the provider, and what it was sent there with.
    async fn sent(&self) -> (Visitor, Page) {
        let mut visitor = Visitor::default();
        let link = visitor::link(&self.house, &[]).await;
        let sent = visitor.get(&self.house, Endpoint::Authorize, &link).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        let now = self.house.now();
        let claims = json!({
            "iss": URL,
            "sub": "c-1",
            "aud": "mortise",
            "iat": now,
            "exp": now + 60,
            "auth_time": now,
            "nonce": sent.leads_with("nonce"),
            "preferred_username": "li-lei",
        });
        let id_token = self.key.sign("JWT", &claims).expect("a token");
        let tokens =
            json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": id_token });
        self.away.says(TOKENS, 200, tokens);
        (visitor, sent)
    }

    /// The browser is back with what the provider says.
    async fn back(&self, visitor: &mut Visitor, sent: &Page, says: &str) -> Page {
        let state = sent.leads_with("state").expect("a state");
        let back = format!("/logged-in?state={state}&{says}");
        visitor.get(&self.house, Endpoint::LoggedIn, &back).await
    }

    /// Asserts that a customer gets in, and how long that takes.
    async fn gets_in_within(&self, seconds: u64) {
        let started = Instant::now();
        let (mut visitor, sent) = self.sent().await;
        let page = self.back(&mut visitor, &sent, "code=good").await;
        assert_eq!(page.status, 303, "{page:?}");
        let location = page.location.expect("a link");
        assert!(location.starts_with("/authorize?"), "{location}");
        let took = started.elapsed();
        assert!(took <= Duration::from_secs(seconds), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn customers_get_in_soon_although_the_providers_documents_hang() {
    let bench = Bench::open().await;
    bench.gets_in_within(0).await;
    bench.away.is_silent_at(METADATA);
    bench.away.is_silent_at(KEYS);
    for _ in 0..3 {
        bench.house.clock.advance(Duration::from_mins(10));
        // The first waits for each document, two seconds; nobody else does.
        bench.gets_in_within(5).await;
        bench.gets_in_within(0).await;
        bench.house.clock.advance(Duration::from_secs(29));
        bench.gets_in_within(0).await;
    }
    assert_eq!(bench.away.times(METADATA), 4);
    assert_eq!(bench.away.times(KEYS), 4);
}

#[tokio::test]
async fn what_the_provider_says_instead_of_a_code_is_no_fault_unless_it_says_that_it_is() {
    use Decision::{Allowed, Failed, Refused};
    let bench = Bench::open().await;
    let strength = "unmet_authentication_requirements";
    for (says, error, decision) in [
        // The customer's own word: led back as whoever cancels on a page of ours.
        ("access_denied", "access_denied", Allowed),
        ("login_required", "login_required", Refused),
        ("interaction_required", "login_required", Refused),
        ("account_selection_required", "login_required", Refused),
        ("consent_required", "login_required", Refused),
        (strength, strength, Refused),
        ("invalid_request", "access_denied", Refused),
        ("invalid_request&code=good", "access_denied", Refused),
        ("unauthorized_client", "access_denied", Refused),
        ("unsupported_response_type", "access_denied", Refused),
        ("invalid_scope", "access_denied", Refused),
        ("invalid_request_uri", "access_denied", Refused),
        ("invalid_request_object", "access_denied", Refused),
        ("request_not_supported", "access_denied", Refused),
        ("registration_not_supported", "access_denied", Refused),
        ("of%0D%0Aits%20own", "access_denied", Refused),
        ("", "access_denied", Refused),
        ("server_error", "temporarily_unavailable", Failed),
        ("temporarily_unavailable", "temporarily_unavailable", Failed),
    ] {
        let (mut visitor, sent) = bench.sent().await;
        let says = format!("error={says}");
        let page = bench.back(&mut visitor, &sent, &says).await;
        is_told(&bench, &page, &says, error, decision);
    }
    let (mut visitor, sent) = bench.sent().await;
    let page = bench.back(&mut visitor, &sent, "").await;
    is_told(&bench, &page, "nothing", "access_denied", Refused);
    // A code that the provider did not give, or not for this, is no fault of ours either.
    for (code, error, decision) in [
        ("invalid_grant", "access_denied", Refused),
        ("invalid_client", "temporarily_unavailable", Failed),
        ("invalid_request", "temporarily_unavailable", Failed),
    ] {
        let (mut visitor, sent) = bench.sent().await;
        bench.away.says(TOKENS, 400, json!({ "error": code }));
        let page = bench.back(&mut visitor, &sent, "code=bad").await;
        is_told(&bench, &page, code, error, decision);
    }
}

/// Asserts what the app is told, and how that is recorded.
#[track_caller]
fn is_told(bench: &Bench, page: &Page, says: &str, error: &str, decision: Decision) {
    assert_eq!(page.status, 303, "{says}");
    let location = page.location.as_deref().unwrap_or_default();
    assert!(location.starts_with(CALLBACK), "{says}: {location}");
    assert_eq!(page.leads_with("error").as_deref(), Some(error), "{says}");
    let queued = bench.house.queued();
    let last = queued.last().expect("a record");
    assert_eq!(last.decision, decision, "{says}");
    let is_coded = decision != Decision::Allowed;
    assert_eq!(last.code, is_coded.then_some(error), "{says}");
}
