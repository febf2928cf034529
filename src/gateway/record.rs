//! The record of an exchange: open from its first moment, written however it ends.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use model::ports::{AuditLog, AuditUnavailable};
use model::{
    Access, AuditEntry, AuditEvent, ClientId, Clock, Connection, Decision, InteractionId, LogName,
    Object, PartnerId, Refusal, RequestId, Timing, Who,
};
use upstream::Trouble;

use crate::halt::Halt;
use crate::lent::Services;
use crate::product::Route;
use crate::turned_away::TurnedAway;

/// A record waiting for its outcome. Dropped without one (the client hung up), it queues the
/// outcome `aborted`.
pub(crate) struct OpenRecord {
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    /// When the request came, by the wall and by the clock that never goes back.
    now: Timestamp,
    started: Duration,
    request: RequestId,
    interaction: InteractionId,
    peer: IpAddr,
    snapshot: u64,
    who: Who,
    object: Option<Arc<Object>>,
    /// The request's deadline, by the clock that never goes back; known with the route.
    deadline: Duration,
    is_written: bool,
}

/// How a request ended, as its record tells it.
struct Told {
    decision: Decision,
    status: u16,
    code: Option<&'static str>,
    rule: Option<String>,
    trouble: Option<&'static str>,
    duration: Duration,
    upstream: Duration,
}

impl Told {
    fn new(decision: Decision, duration: Duration) -> Self {
        Self {
            decision,
            status: 0,
            code: None,
            rule: None,
            trouble: None,
            duration,
            upstream: Duration::ZERO,
        }
    }
}

/// Evidence is waited for until the request's deadline, and at least this long: a request that
/// failed at its deadline has its record too.
const EVIDENCE_WAIT_MIN: Duration = Duration::from_secs(2);

impl OpenRecord {
    pub(crate) fn open(
        services: &Services,
        request: RequestId,
        interaction: InteractionId,
        connection: &Connection,
        snapshot: u64,
        (now, started): (Timestamp, Duration),
    ) -> Self {
        let who = Who {
            certificate: connection.chain.as_ref().map(|chain| chain.leaf_thumbprint),
            ..Who::default()
        };
        Self {
            log: Arc::clone(&services.log),
            now,
            started,
            clock: Arc::clone(&services.clock),
            deadline: Duration::ZERO,
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
        self.object = Some(Arc::clone(&route.object));
        self.deadline = self.started.saturating_add(route.deadline);
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
        let entry = self.allowed(status, upstream, duration);
        self.written(entry).await
    }

    /// Queues the outcome of an admitted request of class `open`.
    pub(crate) fn allow_queued(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
    ) -> Result<(), AuditUnavailable> {
        let entry = self.allowed(status, upstream, duration);
        self.log.queue(entry)
    }

    fn allowed(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
    ) -> AuditEntry {
        self.entry(Told {
            status: status.as_u16(),
            upstream,
            ..Told::new(Decision::Allowed, duration)
        })
    }

    /// Queues a refusal of the edge, with the status that it chose.
    pub(crate) fn breach(mut self, status: StatusCode, refusal: &Refusal) {
        let (code, rule) = (refusal.code().as_str(), web::detail(refusal).to_owned());
        let entry = self.entry(Told {
            status: status.as_u16(),
            code: Some(code),
            rule: Some(rule),
            ..Told::new(Decision::Refused, Duration::ZERO)
        });
        self.queued(entry);
    }

    /// Queues what need not be waited for; that it could not be is told to the operator only.
    fn queued(&self, entry: AuditEntry) {
        if self.log.queue(entry).is_err() {
            tracing::warn!(request.id = %self.request, "a refusal before identify was not recorded");
        }
    }

    /// Writes a refusal, a failure or a fault: durably once the partner is known; before that it is
    /// queued, and a full queue does not turn the refusal into something else. What an address
    /// without room in its bucket asks for is counted, not written one by one.
    pub(crate) async fn halt(
        &mut self,
        halt: &Halt,
        duration: Duration,
        turned_away: &TurnedAway,
    ) -> Result<(), AuditUnavailable> {
        let (refusal, mut told) = match halt {
            Halt::Refused(refusal) => (Some(refusal), Told::new(Decision::Refused, duration)),
            Halt::Failed {
                refusal,
                trouble,
                upstream,
            } => {
                let told = Told {
                    trouble: trouble.map(Trouble::as_str),
                    upstream: *upstream,
                    ..Told::new(Decision::Failed, duration)
                };
                (Some(refusal), told)
            }
            Halt::Broke(_) => (None, Told::new(Decision::Failed, duration)),
        };
        let code = refusal.map_or("internal", |refusal| refusal.code().as_str());
        let is_flood = matches!(refusal, Some(Refusal::TooManyRequests { .. }));
        if is_flood && !turned_away.is_first(code) {
            self.is_written = true;
            return Ok(());
        }
        told.status = refusal.map_or(500, |refusal| web::status(refusal).as_u16());
        told.code = Some(code);
        told.rule = refusal.map(|refusal| web::detail(refusal).to_owned());
        let entry = self.entry(told);
        if self.who.partner.is_some() {
            return self.written(entry).await;
        }
        self.queued(entry);
        Ok(())
    }

    /// Hands an entry in and waits until it is durable, not longer than the request may take. An
    /// entry that was waited for in vain stays handed in.
    async fn written(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
        let left = self.deadline.saturating_sub(self.clock.monotonic());
        let durable = self.log.record(entry);
        match tokio::time::timeout(left.max(EVIDENCE_WAIT_MIN), durable).await {
            Ok(written) => written.map(|_receipt| ()),
            Err(_elapsed) => Err(AuditUnavailable),
        }
    }

    fn entry(&mut self, told: Told) -> AuditEntry {
        self.is_written = true;
        let access = Access {
            request: self.request,
            interaction: self.interaction.clone(),
            peer: self.peer,
            who: self.who.clone(),
            object: self.object.clone(),
            decision: told.decision,
            status: told.status,
            code: told.code,
            rule: told.rule,
            trouble: told.trouble,
            timing: Timing {
                duration_us: micros(told.duration),
                upstream_us: (!told.upstream.is_zero()).then(|| micros(told.upstream)),
            },
            answer: None,
            snapshot: self.snapshot,
        };
        AuditEntry {
            log: self.name(),
            at: later(self.now, told.duration),
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
        let entry = self.entry(Told::new(Decision::Aborted, duration));
        if self.log.queue(entry).is_err() {
            tracing::warn!(request.id = %self.request, "a hang-up was not recorded");
        }
    }
}

/// The instant so long after another.
pub(crate) fn later(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}

pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
