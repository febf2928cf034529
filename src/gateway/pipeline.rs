//! The order of a request. Read this file first.
//!
//! ```text
//! route → gate → identify → limit → authorize → consent → [Admitted] → forward → outcome → answer
//!         open: route, gate                       partner: all but consent   customer: all of them
//! ```
//! No stage calls the next one and no setting changes the order; what a class demands is said by
//! its constructor in `permit.rs`. A request comes with the snapshot that was in force when it
//! came, and lives under it to its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::StatusCode;

use model::ports::{AuditUnavailable, Stage};
use model::{
    Asked, Breach, Connection, Decision, Facts, InteractionId, Refusal, RequestId, Response,
};

use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::lent::Services;
use crate::permit::Admitted;
use crate::record::OpenRecord;
use crate::snapshot::Snapshot;
use crate::stage::authorize::authorize;
use crate::stage::consent::consent;
use crate::stage::forward::{Answered, forward};
use crate::stage::gate::gate;
use crate::stage::identify::identify;
use crate::stage::limit::limit;
use crate::stage::respond::{halted, respond};
use crate::stage::route::{Routed, route};
use crate::turned_away::TurnedAway;

/// The road up to the bank's door.
pub(crate) async fn admit(
    exchange: &mut Exchange,
    services: &Services,
) -> Result<Admitted, Refusal> {
    let routed = match route(exchange) {
        Ok(routed) => routed,
        Err(refusal) => {
            // What leads nowhere draws from the address's bucket too.
            let address = exchange.connection.peer.ip();
            let knocked = exchange.snapshot.gate().knock(address);
            knocked.inspect_err(|_| exchange.record.enter(Stage::Gate))?;
            return Err(refusal);
        }
    };
    exchange.record.enter(Stage::Gate);
    let knocked = gate(exchange, services, &routed)?;
    Ok(match routed {
        Routed::Open(routed) => Admitted::open(routed, knocked),
        Routed::Partner(routed) => {
            exchange.record.enter(Stage::Identify);
            let identified = identify(exchange, services, routed.guarded())?;
            exchange.record.enter(Stage::Limit);
            let within = limit(exchange, routed.guarded(), &identified)?;
            exchange.record.enter(Stage::Authorize);
            let allowed = authorize(exchange, routed.guarded(), &identified)?;
            Admitted::partner(routed, knocked, identified, within, allowed)
        }
        Routed::Customer(routed) => {
            exchange.record.enter(Stage::Identify);
            let identified = identify(exchange, services, routed.guarded())?;
            exchange.record.enter(Stage::Limit);
            let within = limit(exchange, routed.guarded(), &identified)?;
            exchange.record.enter(Stage::Authorize);
            let allowed = authorize(exchange, routed.guarded(), &identified)?;
            exchange.record.enter(Stage::Consent);
            // Apart, so that no other class's request carries the room for it.
            let consented = consent(exchange, &routed, &identified).boxed().await?;
            Admitted::customer(routed, knocked, identified, within, allowed, consented)
        }
    })
}

/// The data plane.
pub struct Gateway {
    services: Services,
    turned_away: TurnedAway,
}

impl Gateway {
    /// A gateway; each request brings its snapshot.
    pub fn new(services: Services) -> Self {
        let turned_away = TurnedAway::new(Arc::clone(&services.log), Arc::clone(&services.clock));
        Self {
            services,
            turned_away,
        }
    }

    /// Answers one request under this snapshot. Every answer is recorded first (class `partner`,
    /// and every refusal once the partner is known: durably); a future dropped on the way leaves
    /// the record `aborted`.
    pub async fn answer(&self, snapshot: &Arc<Snapshot>, asked: Asked) -> (Response, Facts) {
        let mut exchange = Exchange::begin(asked, Arc::clone(snapshot), &self.services);
        match self.walk(&mut exchange).await {
            Ok(answered) => self.finish(&mut exchange, answered).await,
            Err(halt) => self.halt(&mut exchange, &halt).await,
        }
    }

    /// Refuses and records a request that another door turned away before its room was asked.
    pub async fn turn_away(
        &self,
        snapshot: &Arc<Snapshot>,
        asked: Asked,
        refusal: Refusal,
    ) -> (Response, Facts) {
        let mut exchange = Exchange::begin(asked, Arc::clone(snapshot), &self.services);
        if matches!(refusal, Refusal::TooManyRequests { .. }) {
            exchange.record.enter(Stage::Gate);
        }
        self.halt(&mut exchange, &Halt::Refused(refusal)).await
    }

    /// Queues the record of an answer that another door gave.
    pub fn note_answer(&self, snapshot: &Arc<Snapshot>, asked: Asked, status: StatusCode) {
        let mut exchange = Exchange::begin(asked, Arc::clone(snapshot), &self.services);
        let duration = self.since(exchange.started);
        let queued = exchange
            .record
            .allow_queued(status, Duration::ZERO, duration, None);
        if queued.is_err() {
            tracing::warn!(request.id = %exchange.request_id, "an operator's read was not recorded");
        }
        let status = status.as_u16();
        exchange
            .record
            .tell(Decision::Allowed, status, None, Duration::ZERO);
    }

    /// Records a request that broke a rule of HTTP at the edge. What comes from an address without
    /// room in its bucket is counted, not written one by one.
    pub fn note_breach(
        &self,
        snapshot: &Snapshot,
        connection: &Connection,
        request: RequestId,
        interaction: &InteractionId,
        breach: Breach,
    ) {
        let refusal = Refusal::MalformedRequest { what: breach.what };
        let is_flood = snapshot.gate().knock(connection.peer.ip()).is_err();
        let code = refusal.code().as_str();
        if is_flood && !self.turned_away.is_first(code) {
            let (unrouted, status) = (&self.services.unrouted, breach.status.as_u16());
            unrouted.answered(Decision::Refused, status, Duration::ZERO);
            unrouted.refused(code);
            return;
        }
        let number = snapshot.number();
        let clock = &self.services.clock;
        OpenRecord::open(
            &self.services,
            request,
            interaction.clone(),
            connection,
            number,
            (clock.now(), clock.monotonic()),
        )
        .breach(breach.status, &refusal);
    }

    /// The road itself.
    async fn walk(&self, exchange: &mut Exchange) -> Result<Answered, Halt> {
        let services = &self.services;
        let admitted = admit(exchange, services).await?;
        exchange.record.enter(Stage::Evidence);
        if !services.log.is_available() {
            // The bank is not called when it is known that no evidence of it could be kept.
            return Err(Refusal::AuditUnavailable.into());
        }
        exchange.record.enter(Stage::Forward);
        forward(exchange, services, admitted).await
    }

    /// Outcome, then answer. The answer is tracked before its record is waited for: a client that
    /// hangs up meanwhile leaves `api.end` with `aborted` behind the record.
    async fn finish(&self, exchange: &mut Exchange, answered: Answered) -> (Response, Facts) {
        let duration = answered.came.saturating_sub(exchange.started);
        let (waits, upstream) = (answered.waits_for_evidence(), answered.upstream);
        // From here to the record being handed in nothing is waited for: behind the record of a
        // withdrawal stands no answer under that consent (CO-10).
        if let Err(refusal) = still_stands(exchange, &answered) {
            exchange.record.withhold();
            let trouble = None;
            let halt = Halt::Failed {
                refusal,
                trouble,
                upstream,
            };
            return self.halt(exchange, &halt).await;
        }
        exchange.record.enter(Stage::Outcome);
        let (response, whole, unsent) = respond(exchange, &self.services, answered);
        let written = if waits {
            exchange
                .record
                .allow(response.status(), upstream, duration, whole)
                .await
        } else {
            exchange
                .record
                .allow_queued(response.status(), upstream, duration, whole)
        };
        match written {
            Ok(()) => {
                if let Some(unsent) = unsent {
                    unsent.sent();
                }
                let status = response.status().as_u16();
                let outcome = Decision::Allowed;
                (
                    response,
                    exchange.record.tell(outcome, status, None, upstream),
                )
            }
            Err(AuditUnavailable) => unrecorded(exchange, upstream),
        }
    }

    /// Outcome, then refusal.
    async fn halt(&self, exchange: &mut Exchange, halt: &Halt) -> (Response, Facts) {
        let duration = self.since(exchange.started);
        exchange.record.stop(halt.code(), halt.refusal());
        match exchange
            .record
            .halt(halt, duration, &self.turned_away)
            .await
        {
            Ok(()) => told(exchange, halt, halt.decision(), halt.upstream()),
            Err(AuditUnavailable) => unrecorded(exchange, halt.upstream()),
        }
    }

    fn since(&self, started: Duration) -> Duration {
        self.services.clock.monotonic().saturating_sub(started)
    }
}

/// Whether the customer's token stands for what it did when the bank was called.
fn still_stands(exchange: &Exchange, answered: &Answered) -> Result<(), Refusal> {
    match (exchange.record.route(), answered.token()) {
        (Some(route), Some(token)) => identity::not_ended(&route.issuer, token),
        (None, _) | (_, None) => Ok(()),
    }
}

/// What was done without evidence is not answered for.
fn unrecorded(exchange: &mut Exchange, upstream: Duration) -> (Response, Facts) {
    let halt = Halt::Refused(Refusal::AuditUnavailable);
    exchange.record.stop(halt.code(), halt.refusal());
    told(exchange, &halt, Decision::Failed, upstream)
}

fn told(
    exchange: &mut Exchange,
    halt: &Halt,
    outcome: Decision,
    upstream: Duration,
) -> (Response, Facts) {
    let (status, code) = (halt.status(), halt.code());
    let facts = exchange.record.tell(outcome, status, Some(code), upstream);
    (halted(exchange, halt), facts)
}
