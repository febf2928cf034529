//! Listener and path to room: the token endpoint and its kin to `authserver`, everything else on
//! an API listener to `gateway`. Every answer gets its ids here, and its line in the access log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use authserver::{AuthServer, Endpoint};
use crypto::Random;
use gateway::{Gate, Gateway};
use model::{
    Asked, BankId, Breach, Clock, Connection, Handler, InteractionId, ListenerId, Refusal, Request,
    RequestId, Response,
};

use crate::access_log;

const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a listener serves besides products.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    /// `host[:port]` of the listener's `url`.
    pub(crate) authority: String,
    /// Paths of the issuers' endpoints.
    pub(crate) endpoints: HashMap<String, (BankId, Endpoint)>,
}

impl Doors {
    /// The issuer's endpoint that a request names by host and path.
    fn endpoint(&self, request: &Request) -> Option<(BankId, Endpoint)> {
        let found = self.endpoints.get(request.uri().path())?;
        gateway::names_authority(request, &self.authority).then(|| found.clone())
    }
}

/// The handler of all listeners.
pub(crate) struct Dispatch {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) gateway: Gateway,
    pub(crate) authservers: HashMap<BankId, AuthServer>,
    pub(crate) doors: HashMap<ListenerId, Doors>,
}

impl Handler for Dispatch {
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        self.answer(connection, request).boxed()
    }

    fn refuse(
        &self,
        connection: &Connection,
        head: &http::request::Parts,
        breach: Breach,
    ) -> Response {
        let ids = self.ids(&head.headers);
        tracing::info!(request.id = %ids.0, rule = breach.what, "refused by the edge");
        let response = web::breach(breach, ids.0);
        self.gateway.note_breach(connection, ids.0, &ids.1, breach);
        let since = self.clock.monotonic();
        self.seal(connection, &head.method, &ids, since, response)
    }
}

impl Dispatch {
    async fn answer(&self, connection: Arc<Connection>, request: Request) -> Response {
        let started = self.clock.monotonic();
        let ids = self.ids(request.headers());
        let method = request.method().clone();
        let asked = Asked {
            request_id: ids.0,
            interaction: ids.1.clone(),
            connection: Arc::clone(&connection),
            request,
        };
        let response = self.choose(asked).await;
        self.seal(&connection, &method, &ids, started, response)
    }

    /// What every answer carries, and its line in the access log.
    fn seal(
        &self,
        connection: &Connection,
        method: &Method,
        (request_id, interaction): &(RequestId, InteractionId),
        started: Duration,
        mut response: Response,
    ) -> Response {
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(interaction.as_str()) {
            headers.insert(INTERACTION_ID, value);
        }
        if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
            headers.insert(REQUEST_ID, value);
        }
        let duration = self.clock.monotonic().saturating_sub(started);
        access_log::line(
            connection,
            method,
            *request_id,
            interaction,
            &response,
            duration,
        );
        response
    }

    /// An issuer's endpoint, or the road: what leads nowhere is refused there, and recorded.
    async fn choose(&self, asked: Asked) -> Response {
        let doors = self.doors.get(&asked.connection.listener);
        let found = doors.and_then(|doors| doors.endpoint(&asked.request));
        let Some((bank, endpoint)) = found else {
            return self.gateway.answer(asked).await;
        };
        if let Err(refusal) = self.gate.knock(asked.connection.peer.ip()) {
            return self.gateway.turn_away(asked, refusal).await;
        }
        match self.authservers.get(&bank) {
            Some(authserver) => authserver.answer(&bank, endpoint, asked).await,
            None => self.gateway.turn_away(asked, Refusal::UnknownRoute).await,
        }
    }

    /// Our id of a request, and the partner's or one of ours (checklist AT-06).
    fn ids(&self, headers: &HeaderMap) -> (RequestId, InteractionId) {
        let random = self.random.as_ref();
        let request = RequestId::new(self.clock.now(), crypto::random_array(random));
        let interaction = headers
            .get(INTERACTION_ID)
            .and_then(|value| value.to_str().ok())
            .and_then(InteractionId::parse)
            .unwrap_or_else(|| InteractionId::new(crypto::random_array::<16>(random)));
        (request, interaction)
    }
}
