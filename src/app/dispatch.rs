//! Listener and path to room: the token endpoint and its kin to `authserver`, what is measured to
//! operators on their listener, the metadata of products from here, everything else to `gateway`.
//! Every answer gets its ids here, and its line in the access log.

mod seen;

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use crypto::Random;
use gateway::{Gateway, Snapshot};
use identity::Operators;
use model::ports::Watcher;
use model::{
    Asked, Breach, Clock, Connection, Facts, Handler, InteractionId, Refusal, Request, RequestId,
    Response,
};

use crate::access_log::Line;
use crate::counted::Counted;
use crate::live::{Live, Place};
use crate::telemetry::Metrics;
use seen::Seen;

const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where operators read what is measured.
const METRICS: &str = "/metrics";

/// The handler of all listeners.
pub(crate) struct Dispatch {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) gateway: Gateway,
    /// What is in force; each request takes it once.
    pub(crate) live: Arc<ArcSwap<Live>>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whoever is shown how calls are decided, if anybody is.
    pub(crate) watcher: Option<Arc<dyn Watcher>>,
}

impl Handler for Dispatch {
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        let answer = Box::write(Box::new_uninit(), self.answer(connection, request));
        Box::into_pin(answer)
    }

    fn refuse(
        &self,
        connection: &Connection,
        head: &http::request::Parts,
        breach: Breach,
    ) -> Response {
        let (now, started) = (self.clock.now(), self.clock.monotonic());
        let ids = self.ids(&head.headers, now);
        tracing::info!(request.id = %ids.0, rule = breach.what, "refused by the edge");
        let asked = (&head.method, head.version);
        let line = Line::open(&self.clock, (now, started), &ids, connection, asked);
        let response = web::breach(breach, ids.0, &head.headers);
        let live = self.live.load_full();
        self.gateway
            .note_breach(&live.snapshot, connection, ids.0, &ids.1, breach);
        let refusal = Refusal::MalformedRequest { what: breach.what };
        let facts = Facts {
            code: Some(refusal.code().as_str()),
            ..Facts::default()
        };
        line.answered(sealed(response, &ids), facts)
    }
}

impl Dispatch {
    async fn answer(&self, connection: Arc<Connection>, request: Request) -> Response {
        let (now, started) = (self.clock.now(), self.clock.monotonic());
        let ids = self.ids(request.headers(), now);
        let what = (request.method(), request.version());
        let mut line = Line::open(&self.clock, (now, started), &ids, &connection, what);
        let (head, body) = request.into_parts();
        let (body, bytes_in) = Counted::count(body);
        line.counts(bytes_in.clone());
        let asked = Asked {
            request_id: ids.0,
            interaction: ids.1.clone(),
            now,
            started,
            connection,
            request: Request::from_parts(head, body),
            bytes_in,
        };
        // What panics has left its record on the way out; the connection and the others go on.
        // (`FutureExt::catch_unwind` takes a future by value: that would copy all its states.)
        let mut choosing = pin!(self.choose(asked));
        let answered = poll_fn(|cx| {
            let polling = AssertUnwindSafe(|| choosing.as_mut().poll(cx));
            match catch_unwind(polling) {
                Ok(polled) => polled.map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        })
        .await;
        let (response, facts) = answered.unwrap_or_else(|_panic| broken(ids.0));
        line.answered(sealed(response, &ids), facts)
    }

    /// An issuer's endpoint, a product's metadata, or the road, under what is in force now, to the
    /// end: what leads nowhere is refused there, and recorded.
    async fn choose(&self, asked: Asked) -> (Response, Facts) {
        let live = self.live.load_full();
        let snapshot = &live.snapshot;
        let doors = live.doors_of(&asked.connection.listener);
        if let Some(operators) = doors.and_then(|doors| doors.operators.as_ref()) {
            return self.serve_operators(snapshot, operators, asked).await;
        }
        let found = doors.and_then(|doors| doors.place(&asked.request));
        let Some(place) = found else {
            return self.gateway.answer(snapshot, asked).await;
        };
        if let Err(refusal) = snapshot.gate().knock(asked.connection.peer.ip()) {
            return self.gateway.turn_away(snapshot, asked, refusal).await;
        }
        let seen = Seen::begin(self.watcher.as_ref(), place, &asked);
        let answered = match place {
            Place::Resource(json) => match web::document(asked.request.method(), json) {
                Ok(response) => (response, Facts::default()),
                Err(refusal) => return self.gateway.turn_away(snapshot, asked, refusal).await,
            },
            Place::Issuer(bank, endpoint) => {
                let Some(authserver) = live.authservers.get(bank) else {
                    let refusal = Refusal::UnknownRoute;
                    return self.gateway.turn_away(snapshot, asked, refusal).await;
                };
                // Boxed: most requests are not for an issuer, and should not carry room for it.
                Box::pin(authserver.answer(bank, *endpoint, asked)).await
            }
        };
        if let Some(seen) = seen {
            seen.answered(&answered.0, &answered.1, self.clock.monotonic());
        }
        answered
    }

    /// What operators read. Whoever is not one is turned away before anything else is said.
    async fn serve_operators(
        &self,
        snapshot: &Arc<Snapshot>,
        operators: &Operators,
        asked: Asked,
    ) -> (Response, Facts) {
        let chain = asked.connection.chain.as_deref();
        let admitted = snapshot
            .gate()
            .knock(asked.connection.peer.ip())
            .and_then(|()| operators.judge(chain, self.clock.now()));
        let method = asked.request.method();
        let refusal = match admitted {
            Err(refusal) => refusal,
            Ok(()) if asked.request.uri().path() != METRICS => Refusal::UnknownRoute,
            Ok(()) if ![Method::GET, Method::HEAD].contains(method) => Refusal::MethodNotAllowed {
                allow: vec![Method::GET, Method::HEAD],
            },
            Ok(()) => {
                let response = self.metrics.answer(method == Method::GET);
                let status = response.status();
                self.gateway.note_answer(snapshot, asked, status);
                return (response, Facts::default());
            }
        };
        self.gateway.turn_away(snapshot, asked, refusal).await
    }

    /// Our id of a request, and the partner's or one of ours (checklist AT-06).
    fn ids(&self, headers: &HeaderMap, now: Timestamp) -> (RequestId, InteractionId) {
        let random = self.random.as_ref();
        let request = RequestId::new(now, crypto::random_array(random));
        let interaction = headers
            .get(INTERACTION_ID)
            .and_then(|value| value.to_str().ok())
            .and_then(InteractionId::parse)
            .unwrap_or_else(|| InteractionId::new(crypto::random_array::<16>(random)));
        (request, interaction)
    }
}

/// What every answer carries.
fn sealed(mut response: Response, (request, interaction): &(RequestId, InteractionId)) -> Response {
    let headers = response.headers_mut();
    for (name, id) in [
        (INTERACTION_ID, interaction.as_str()),
        (REQUEST_ID, request.text().as_str()),
    ] {
        if let Ok(mut value) = HeaderValue::from_str(id) {
            // It does not come again: no place in HTTP/2's table of fields for it.
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    response
}

/// The answer when what should have answered broke.
fn broken(request: RequestId) -> (Response, Facts) {
    let facts = Facts {
        code: Some("internal"),
        ..Facts::default()
    };
    (web::internal_problem(request), facts)
}
