//! The order of a request. Read this file first.
//!
//! ```text
//! route → gate → identify → limit → authorize → [Admitted] → forward → outcome → answer
//!         open: route, gate                       partner: all of them
//! ```
//! No stage calls the next one and no setting changes the order; what a class demands is said by
//! its constructor in `permit.rs`.

use std::time::Duration;

use arc_swap::ArcSwap;

use model::ports::AuditUnavailable;
use model::{Asked, Refusal, Response};

use crate::exchange::Exchange;
use crate::lent::Services;
use crate::permit::Admitted;
use crate::product::Class;
use crate::snapshot::Snapshot;
use crate::stage::authorize::authorize;
use crate::stage::forward::{Answered, forward};
use crate::stage::gate::gate;
use crate::stage::identify::identify;
use crate::stage::limit::limit;
use crate::stage::respond::{respond, stopped};
use crate::stage::route::route;
use crate::stop::Stop;

/// The data plane.
pub struct Gateway {
    services: Services,
    snapshot: ArcSwap<Snapshot>,
}

impl Gateway {
    /// A gateway that starts with this snapshot.
    pub fn new(services: Services, snapshot: Snapshot) -> Self {
        Self {
            services,
            snapshot: ArcSwap::from_pointee(snapshot),
        }
    }

    /// Answers one request. Every answer is recorded first (class `partner`, and every refusal once
    /// the partner is known: durably); a future dropped on the way leaves the record `aborted`.
    pub async fn answer(&self, asked: Asked) -> Response {
        let snapshot = self.snapshot.load_full();
        let mut exchange = Exchange::begin(asked, snapshot, &self.services);
        match self.walk(&mut exchange).await {
            Ok(answered) => self.finish(exchange, answered).await,
            Err(stop) => self.stop(exchange, &stop).await,
        }
    }

    /// The road itself.
    async fn walk(&self, exchange: &mut Exchange) -> Result<Answered, Stop> {
        let services = &self.services;
        let routed = route(exchange)?;
        let knocked = gate(exchange, services, &routed)?;
        let admitted = match routed.class() {
            Class::Open => Admitted::open(routed, knocked),
            Class::Partner => {
                let identified = identify(exchange, services, &routed)?;
                let within = limit(exchange, &routed, &identified)?;
                let allowed = authorize(exchange, &routed, &identified)?;
                Admitted::partner(routed, knocked, identified, within, allowed)
            }
        };
        forward(exchange, services, admitted).await
    }

    /// Outcome, then answer.
    async fn finish(&self, mut exchange: Exchange, answered: Answered) -> Response {
        let duration = self.since(exchange.started);
        let written = if answered.waits_for_evidence() {
            exchange
                .record
                .allow(answered.status(), answered.upstream, duration)
                .await
        } else {
            exchange
                .record
                .allow_queued(answered.status(), answered.upstream, duration)
        };
        match written {
            Ok(()) => respond(exchange, &self.services, answered),
            Err(AuditUnavailable) => stopped(exchange, &Stop::Refused(Refusal::AuditUnavailable)),
        }
    }

    /// Outcome, then refusal.
    async fn stop(&self, mut exchange: Exchange, stop: &Stop) -> Response {
        let duration = self.since(exchange.started);
        match exchange.record.stop(stop, duration).await {
            Ok(()) => stopped(exchange, stop),
            Err(AuditUnavailable) => stopped(exchange, &Stop::Refused(Refusal::AuditUnavailable)),
        }
    }

    fn since(&self, started: Duration) -> Duration {
        self.services.clock.monotonic().saturating_sub(started)
    }
}
