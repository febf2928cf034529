//! One page's conversation with the bank: bounded in time and bytes, every call of it written down
//! for whoever wants to see what happened.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use model::ports::{FetchRequest, Fetched};

use super::proving::Proven;
use super::trouble::Trouble;
use super::{Demo, DemoSettings};

/// How long all calls of one page may take.
const TOGETHER: Duration = Duration::from_secs(20);
/// How long one of them may take.
const EACH: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The most bytes of a nonce that is kept.
const NONCE_BYTES_MAX: usize = 256;
/// The most servers whose nonces are kept.
const NONCES_MAX: usize = 8;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
/// Says that the customer sits before the app (FAPI): what they look at themselves is not counted
/// as the app's own looking.
const CUSTOMER: HeaderName = HeaderName::from_static("x-fapi-customer-ip-address");

/// A call that was made, as it is shown: nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) at: Timestamp,
    pub(super) method: Method,
    /// Where to: the path, without its query.
    pub(super) path: String,
    /// None where no answer came.
    pub(super) status: Option<u16>,
    /// The gateway's id of it.
    pub(super) request: Option<String>,
    pub(super) took: Duration,
}

/// What servers want to see in the next DPoP proof (RFC 9449 §8), by their host and port.
#[derive(Default)]
pub(super) struct Nonces(Mutex<HashMap<String, String>>);

/// The conversation.
pub(super) struct Talk<'a> {
    demo: &'a Demo,
    until: Duration,
    calls: Vec<Call>,
}

impl<'a> Talk<'a> {
    /// Begins one; its time runs.
    pub(super) fn begin(demo: &'a Demo) -> Self {
        Self {
            demo,
            until: demo.ports.clock.monotonic().saturating_add(TOGETHER),
            calls: Vec::new(),
        }
    }

    /// The calls that were made, in their order.
    pub(super) fn end(self) -> Vec<Call> {
        self.calls
    }

    pub(super) fn settings(&self) -> &'a DemoSettings {
        &self.demo.settings
    }

    pub(super) fn redirect_uri(&self) -> String {
        self.demo.redirect_uri()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.demo.ports.clock.now()
    }

    pub(super) fn draw(&self) -> [u8; 32] {
        crypto::random_array(&*self.demo.ports.random)
    }

    /// See [`super::DemoProof::thumbprint`].
    pub(super) fn thumbprint(&self) -> Option<String> {
        self.demo.proof.thumbprint()
    }

    /// See [`super::DemoProof::scheme`].
    pub(super) fn scheme(&self) -> &'static str {
        self.demo.proof.scheme()
    }

    /// Reads what anybody may read.
    pub(super) async fn open<T: DeserializeOwned>(&mut self, url: &str) -> Result<T, Trouble> {
        let fetched = self.ask(Method::GET, url, HeaderMap::new(), Bytes::new());
        told(&fetched.await?, Trouble::of_issuer)
    }

    /// Sends a form to the issuer, with what proves who sends it. Gives the answer of 2xx.
    pub(super) async fn form(
        &mut self,
        url: &str,
        form: &[(&'static str, String)],
    ) -> Result<Bytes, Trouble> {
        for is_last in [false, true] {
            let body = self.proved(form)?;
            let mut headers = HeaderMap::new();
            let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(CONTENT_TYPE, kind);
            let shown = self.nonce(url);
            self.put_proof(&mut headers, &Method::POST, url, None)?;
            let fetched = self.ask(Method::POST, url, headers, body).await?;
            if fetched.status.is_success() {
                return Ok(fetched.body);
            }
            let trouble = Trouble::of_issuer(&fetched.body);
            if is_last || !self.wants_nonce(url, shown.as_deref(), &trouble) {
                return Err(trouble);
            }
        }
        Err(Trouble::Unreadable)
    }

    /// Reads from an API with an access token.
    pub(super) async fn read<T: DeserializeOwned>(
        &mut self,
        path: &str,
        token: &str,
    ) -> Result<T, Trouble> {
        let url = format!("{}{path}", self.demo.settings.api);
        for is_last in [false, true] {
            let mut headers = HeaderMap::new();
            let authorization = format!("{} {token}", self.scheme());
            let authorization = HeaderValue::from_str(&authorization);
            headers.insert(AUTHORIZATION, authorization.or(Err(Trouble::Unreadable))?);
            headers.insert(CUSTOMER, HeaderValue::from_static("127.0.0.1"));
            let shown = self.nonce(&url);
            self.put_proof(&mut headers, &Method::GET, &url, Some(token))?;
            let asked = self.ask(Method::GET, &url, headers, Bytes::new());
            let fetched = asked.await?;
            if fetched.status.is_success() || is_last {
                return told(&fetched, Trouble::of_api);
            }
            let trouble = Trouble::of_api(&fetched.body);
            if !self.wants_nonce(&url, shown.as_deref(), &trouble) {
                return Err(trouble);
            }
        }
        Err(Trouble::Unreadable)
    }

    /// The form's body, the client's proof among it: a new one each time that it is sent.
    fn proved(&self, form: &[(&'static str, String)]) -> Result<Bytes, Trouble> {
        let (settings, random) = (&self.demo.settings, &*self.demo.ports.random);
        let (client, issuer) = (&settings.client, &settings.issuer);
        let proof = self
            .demo
            .proof
            .parameters(client, issuer, self.now(), random)?;
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("client_id", client);
        body.extend_pairs(form.iter().chain(&proof));
        Ok(Bytes::from(body.finish()))
    }

    fn put_proof(
        &self,
        headers: &mut HeaderMap,
        method: &Method,
        url: &str,
        token: Option<&str>,
    ) -> Result<(), Trouble> {
        let nonce = self.nonce(url);
        let bare = url.split(['?', '#']).next().unwrap_or(url);
        let proven = Proven {
            method,
            url: bare,
            token,
            nonce: nonce.as_deref(),
        };
        let (proof, random) = (&self.demo.proof, &*self.demo.ports.random);
        if let Some(proof) = proof.header(&proven, self.now(), random)? {
            let proof = HeaderValue::from_str(&proof).or(Err(Trouble::Unreadable))?;
            headers.insert(DPOP, proof);
        }
        Ok(())
    }

    /// Whether to send it once more: the server wants a nonce (RFC 9449 §8, §9), and gave one that
    /// was not shown yet.
    fn wants_nonce(&self, url: &str, shown: Option<&str>, trouble: &Trouble) -> bool {
        let given = self.nonce(url);
        trouble.code() == "use_dpop_nonce" && given.is_some() && given.as_deref() != shown
    }

    fn nonce(&self, url: &str) -> Option<String> {
        let nonces = self.demo.nonces.0.lock();
        let nonces = nonces.unwrap_or_else(PoisonError::into_inner);
        nonces.get(&server(url)?).cloned()
    }

    fn keep_nonce(&self, url: &str, headers: &HeaderMap) {
        let given = headers
            .get(DPOP_NONCE)
            .and_then(|value| value.to_str().ok());
        let given = given.filter(|given| (1..=NONCE_BYTES_MAX).contains(&given.len()));
        if let (Some(given), Some(server)) = (given, server(url)) {
            let nonces = self.demo.nonces.0.lock();
            let mut nonces = nonces.unwrap_or_else(PoisonError::into_inner);
            if nonces.len() < NONCES_MAX || nonces.contains_key(&server) {
                nonces.insert(server, given.to_owned());
            }
        }
    }

    /// Asks once, and writes it down.
    async fn ask(
        &mut self,
        method: Method,
        url: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Result<Fetched, Trouble> {
        let uri: Uri = url.parse().or(Err(Trouble::Unreadable))?;
        let (at, started) = (self.now(), self.demo.ports.clock.monotonic());
        let left = self.until.saturating_sub(started).min(EACH);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let path = uri.path().to_owned();
        let request = FetchRequest {
            method: method.clone(),
            url: uri,
            headers,
            body,
            answer_bytes_max: ANSWER_BYTES_MAX,
        };
        let fetched = self.demo.ports.fetch.fetch(request, left).await;
        let ended = self.demo.ports.clock.monotonic();
        let answered = fetched.as_ref().ok();
        self.calls.push(Call {
            at,
            method,
            path,
            status: answered.map(|fetched| fetched.status.as_u16()),
            request: answered.and_then(|fetched| request_id(&fetched.headers)),
            took: ended.saturating_sub(started),
        });
        if let Some(fetched) = answered {
            self.keep_nonce(url, &fetched.headers);
        }
        Ok(fetched?)
    }
}

/// The gateway's id of a request, as far as it looks like one.
fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    ((1..=64).contains(&id.len()) && id.chars().all(fits)).then(|| id.to_owned())
}

/// The host and port of a URL.
fn server(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    uri.authority()
        .map(|authority| authority.as_str().to_owned())
}

/// An answer's content, where it is one; else the trouble that it tells of.
fn told<T: DeserializeOwned>(
    fetched: &Fetched,
    trouble: fn(&[u8]) -> Trouble,
) -> Result<T, Trouble> {
    if fetched.status != StatusCode::OK {
        return Err(trouble(&fetched.body));
    }
    serde_json::from_slice(&fetched.body).or(Err(Trouble::Unreadable))
}
