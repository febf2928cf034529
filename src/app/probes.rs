//! The health service: `/livez` says that the process turns over, `/readyz` whether it should be
//! sent requests, and why not. It knows nothing of partners, stands on listeners of its own without
//! certificates, is not recorded, and answers before the rooms stand and until all else is drained.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::BoxFuture;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use tokio::sync::watch;

use crypto::Random;
use model::ports::AuditLog;
use model::{Breach, Clock, Connection, Handler, Refusal, Request, RequestId, Response, full};

/// How far the house has come, as the probes tell it.
pub(crate) struct Condition {
    phase: AtomicU8,
    log: OnceLock<Arc<dyn AuditLog>>,
    poisoned: watch::Receiver<bool>,
}

const STARTING: u8 = 0;
const SERVING: u8 = 1;
const DRAINING: u8 = 2;

impl Condition {
    /// A house that starts; `poisoned` tells when its log cannot be written any more.
    pub(crate) fn starting(poisoned: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            phase: AtomicU8::new(STARTING),
            log: OnceLock::new(),
            poisoned,
        })
    }

    /// All listeners are open; from now on the house is as ready as its log.
    pub(crate) fn serving(&self, log: Arc<dyn AuditLog>) {
        let _ = self.log.set(log);
        self.phase.store(SERVING, Ordering::Relaxed);
    }

    /// The house takes no more.
    pub(crate) fn draining(&self) {
        self.phase.store(DRAINING, Ordering::Relaxed);
    }

    /// Why no requests should be sent; none when it is ready. A closed list of words.
    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        match self.phase.load(Ordering::Relaxed) {
            STARTING => reasons.push("starting"),
            DRAINING => reasons.push("draining"),
            _ => {}
        }
        if *self.poisoned.borrow() {
            reasons.push("audit_poisoned");
        } else if self.log.get().is_some_and(|log| !log.is_available()) {
            reasons.push("audit_unavailable");
        }
        reasons
    }
}

/// Answers probes.
pub(crate) struct Probes {
    pub(crate) condition: Arc<Condition>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Handler for Probes {
    fn handle(&self, _: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        let response = self.answer(request.uri().path(), request.method());
        Box::pin(std::future::ready(response))
    }

    fn refuse(&self, _: &Connection, head: &http::request::Parts, breach: Breach) -> Response {
        web::breach(breach, self.request_id(), &head.headers)
    }
}

impl Probes {
    fn answer(&self, path: &str, method: &Method) -> Response {
        let reasons = match path {
            "/livez" => Vec::new(),
            "/readyz" => self.condition.reasons(),
            _ => return web::problem(&Refusal::UnknownRoute, self.request_id()),
        };
        if ![Method::GET, Method::HEAD].contains(method) {
            let allow = vec![Method::GET, Method::HEAD];
            return web::problem(&Refusal::MethodNotAllowed { allow }, self.request_id());
        }
        let status = if reasons.is_empty() {
            "ok"
        } else {
            "not_ready"
        };
        let body = serde_json::json!({ "status": status, "reasons": reasons });
        let mut response = Response::new(if method == Method::HEAD {
            model::empty()
        } else {
            full(format!("{body}\n"))
        });
        if !reasons.is_empty() {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    fn request_id(&self) -> RequestId {
        RequestId::new(self.clock.now(), crypto::random_array(self.random.as_ref()))
    }
}
