//! An upstream against banks of our own, over real sockets.

mod answers;
mod bank;
mod cancelled;
mod connections;
mod faults;
mod fetched;
mod raw;
mod resting;
mod settings;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tokio_util::task::TaskTracker;

use model::{Clock, MessageBody, MovedClock, UpstreamId};

use crate::{
    ClientTls, EndpointSettings, Terms, Upstream, UpstreamFailure, UpstreamLimits, UpstreamSettings,
};

use bank::{Bank, Pki};

/// An upstream under test, with the clock that its ages are measured by.
struct House {
    upstream: Arc<Upstream>,
    clock: Arc<MovedClock>,
    tracker: TaskTracker,
}

impl House {
    /// An upstream whose endpoints are these banks.
    fn new(banks: &[&Bank], tls: Option<ClientTls>, limits: UpstreamLimits) -> Self {
        let ports: Vec<u16> = banks.iter().map(|bank| bank.port).collect();
        Self::at(&ports, tls, limits)
    }

    /// An upstream whose endpoints are these ports.
    fn at(ports: &[u16], tls: Option<ClientTls>, limits: UpstreamLimits) -> Self {
        let endpoint = |port: &u16| EndpointSettings {
            host: "127.0.0.1".to_owned(),
            port: *port,
        };
        let settings = UpstreamSettings {
            id: UpstreamId::parse("ledger").expect("valid"),
            endpoints: ports.iter().map(endpoint).collect(),
            tls,
            limits,
        };
        let clock = Arc::new(MovedClock::stopped());
        let tracker = TaskTracker::new();
        let upstream = Upstream::new(settings, clock.clone(), tracker.clone()).expect("valid");
        Self {
            upstream,
            clock,
            tracker,
        }
    }

    /// Sends a request; the deadline is far.
    async fn send(
        &self,
        request: Request<MessageBody>,
    ) -> Result<Response<MessageBody>, UpstreamFailure> {
        let deadline = self.clock.monotonic() + Duration::from_mins(1);
        self.send_until(request, deadline).await
    }

    /// Sends a request until a deadline. GET and HEAD have no effect, the others have.
    async fn send_until(
        &self,
        request: Request<MessageBody>,
        deadline: Duration,
    ) -> Result<Response<MessageBody>, UpstreamFailure> {
        let terms = Terms {
            deadline,
            has_no_effect: matches!(*request.method(), Method::GET | Method::HEAD),
        };
        let (head, body) = request.into_parts();
        let head = || Request::from_parts(head.clone(), ());
        let answer = self.upstream.send(head, body, terms).await;
        answer.map_err(|unanswered| unanswered.failure)
    }

    /// Gets a path and reads the answer to its end.
    async fn get(&self, path: &str) -> Result<String, UpstreamFailure> {
        let answer = self.send(get(path)).await?;
        let body = answer.into_body().collect().await.expect("a whole body");
        Ok(String::from_utf8(body.to_bytes().to_vec()).expect("text"))
    }

    /// Requests in use, connections open, and idle ones among them.
    fn counts(&self) -> (usize, usize, usize) {
        let upstream = &self.upstream;
        (
            upstream.in_use(),
            upstream.connections_open(),
            upstream.idle(),
        )
    }

    /// Lets the runtime's other tasks run until this holds. A test that would wait for ever fails
    /// instead.
    async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..100_000 {
            if holds(self) {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("it never came to be that {what}: {:?}", self.counts());
    }
}

fn get(path: &str) -> Request<MessageBody> {
    Request::get(path).body(model::empty()).expect("valid")
}

fn post(path: &str, body: MessageBody) -> Request<MessageBody> {
    Request::post(path).body(body).expect("valid")
}

/// The ways to reach a bank, each with its bank and the TLS settings that fit.
async fn every_protocol(
    answer: fn() -> bank::Behaviour,
) -> Vec<(&'static str, Bank, Option<ClientTls>)> {
    let pki = Pki::new();
    vec![
        ("plain", Bank::plain(answer()).await, None),
        (
            "http/1.1",
            Bank::tls(&pki, &["http/1.1"], answer()).await,
            Some(pki.client_tls()),
        ),
        (
            "h2",
            Bank::tls(&pki, &["h2"], answer()).await,
            Some(pki.client_tls()),
        ),
    ]
}
