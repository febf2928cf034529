//! The record of an exchange: open from its first moment, written however it ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use model::ports::{AuditLog, AuditUnavailable};
use model::{
    Access, AuditEntry, AuditEvent, ClientId, Clock, Connection, Decision, InteractionId, LogName,
    Object, PartnerId, RequestId, Timing, Who,
};

use crate::product::Route;
use crate::stop::Stop;

/// A record waiting for its outcome. Dropped without one (the client hung up), it queues the
/// outcome `aborted`.
pub(crate) struct OpenRecord {
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    started: Duration,
    request: RequestId,
    interaction: InteractionId,
    peer: IpAddr,
    snapshot: u64,
    who: Who,
    object: Option<Object>,
    is_written: bool,
}

impl OpenRecord {
    pub(crate) fn open(
        log: Arc<dyn AuditLog>,
        clock: Arc<dyn Clock>,
        request: RequestId,
        interaction: InteractionId,
        connection: &Connection,
        snapshot: u64,
    ) -> Self {
        let who = Who {
            certificate: connection.chain.as_ref().map(|chain| chain.leaf_thumbprint),
            ..Who::default()
        };
        Self {
            started: clock.monotonic(),
            log,
            clock,
            request,
            interaction,
            peer: connection.peer.ip(),
            snapshot,
            who,
            object: None,
            is_written: false,
        }
    }

    /// What was called is known.
    pub(crate) fn object(&mut self, route: &Route) {
        self.object = Some(route.object());
    }

    /// Whose certificate was shown is known.
    pub(crate) fn partner(&mut self, partner: &PartnerId, certificate: [u8; 32]) {
        self.who.partner = Some(partner.clone());
        self.who.certificate = Some(certificate);
    }

    /// Whose token was shown is known.
    pub(crate) fn token(&mut self, client: &ClientId, jti_digest: [u8; 32]) {
        self.who.client = Some(client.clone());
        self.who.token_jti = Some(jti_digest);
    }

    /// The log it belongs to: the bank's once the route is known.
    pub(crate) fn name(&self) -> LogName {
        match &self.object {
            Some(object) => LogName::Bank(object.bank.clone()),
            None => LogName::House,
        }
    }

    /// The facts that the record of the answer's end repeats.
    pub(crate) fn end(&self) -> (RequestId, Option<PartnerId>) {
        (self.request, self.who.partner.clone())
    }

    /// Writes the outcome of an admitted request; resolves when it is durable.
    pub(crate) async fn allow(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
    ) -> Result<(), AuditUnavailable> {
        let entry = self.entry(
            Decision::Allowed,
            status.as_u16(),
            None,
            None,
            duration,
            upstream,
        );
        self.log.record(entry).await.map(|_receipt| ())
    }

    /// Queues the outcome of an admitted request of class `open`.
    pub(crate) fn allow_queued(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
    ) -> Result<(), AuditUnavailable> {
        let entry = self.entry(
            Decision::Allowed,
            status.as_u16(),
            None,
            None,
            duration,
            upstream,
        );
        self.log.queue(entry)
    }

    /// Writes a refusal or a fault: durably once the partner is known; before that it is queued,
    /// and a full queue does not turn the refusal into something else.
    pub(crate) async fn stop(
        &mut self,
        stop: &Stop,
        duration: Duration,
    ) -> Result<(), AuditUnavailable> {
        let entry = match stop {
            Stop::Refused(refusal) => self.entry(
                decision(refusal),
                web::status(refusal).as_u16(),
                Some(refusal.code().as_str()),
                Some(web::detail(refusal).to_owned()),
                duration,
                Duration::ZERO,
            ),
            Stop::Broke(_) => self.entry(
                Decision::Failed,
                500,
                Some("internal"),
                None,
                duration,
                Duration::ZERO,
            ),
        };
        if self.who.partner.is_some() {
            return self.log.record(entry).await.map(|_receipt| ());
        }
        if self.log.queue(entry).is_err() {
            tracing::warn!(request.id = %self.request, "a refusal before identify was not recorded");
        }
        Ok(())
    }

    fn entry(
        &mut self,
        decision: Decision,
        status: u16,
        code: Option<&'static str>,
        rule: Option<String>,
        duration: Duration,
        upstream: Duration,
    ) -> AuditEntry {
        self.is_written = true;
        let access = Access {
            request: self.request,
            interaction: self.interaction.clone(),
            peer: self.peer,
            who: self.who.clone(),
            object: self.object.clone(),
            decision,
            status,
            code,
            rule,
            timing: Timing {
                duration_us: micros(duration),
                upstream_us: (!upstream.is_zero()).then(|| micros(upstream)),
            },
            answer: None,
            snapshot: self.snapshot,
        };
        AuditEntry {
            log: self.name(),
            at: self.clock.now(),
            event: AuditEvent::Access(Box::new(access)),
        }
    }
}

impl Drop for OpenRecord {
    fn drop(&mut self) {
        if self.is_written {
            return;
        }
        let duration = self.clock.monotonic().saturating_sub(self.started);
        let entry = self.entry(Decision::Aborted, 0, None, None, duration, Duration::ZERO);
        if self.log.queue(entry).is_err() {
            tracing::warn!(request.id = %self.request, "a hang-up was not recorded");
        }
    }
}

/// Ours to answer for, or the partner's?
fn decision(refusal: &model::Refusal) -> Decision {
    if web::status(refusal).is_server_error() {
        Decision::Failed
    } else {
        Decision::Refused
    }
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
