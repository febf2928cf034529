//! The record of an exchange: open from its first moment, written however it ends.

mod watched;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use model::ports::{AuditLog, AuditUnavailable, Stage};
use model::{
    Access, AuditEntry, AuditEvent, Body, ClientId, Clock, ClusterId, Connection, ConsentSeen,
    Decision, Facts, InteractionId, LogName, PartnerId, Refusal, RequestId, StepSeen, Timing, Who,
};
use upstream::Trouble;

use crate::halt::Halt;
use crate::lent::Services;
use crate::metrics::RouteMeters;
use crate::product::Route;
use crate::turned_away::TurnedAway;
use watched::Watched;

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
    route: Option<Arc<Route>>,
    /// The customer's consent, and what of it went out.
    consent: Option<Box<ConsentSeen>>,
    /// The reads of a composed operation.
    steps: Vec<StepSeen>,
    /// The request's deadline, by the clock that never goes back; known with the route.
    deadline: Duration,
    is_written: bool,
    /// What is measured of requests that lead nowhere.
    unrouted: Arc<RouteMeters>,
    /// Whether the outcome is counted.
    is_told: bool,
    /// Its stages, where somebody watches.
    watched: Option<Box<Watched>>,
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
    answer: Option<Body>,
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
            answer: None,
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
            route: None,
            consent: None,
            steps: Vec::new(),
            is_written: false,
            unrouted: Arc::clone(&services.unrouted),
            is_told: false,
            watched: Watched::begin(services.watcher.as_ref(), started),
        }
    }

    /// What was called is known.
    pub(crate) fn object(&mut self, route: &Arc<Route>) {
        self.route = Some(Arc::clone(route));
        self.deadline = self.started.saturating_add(route.deadline);
    }

    /// The route, once it is known.
    pub(crate) fn route(&self) -> Option<&Route> {
        self.route.as_deref()
    }

    /// Until when it may take, by the clock that never goes back.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Who calls is known, by a certificate or by a key.
    pub(crate) fn partner(&mut self, partner: &PartnerId) {
        self.who.partner = Some(partner.clone());
    }

    /// A key was proved, whose ever it is.
    pub(crate) fn key(&mut self, thumbprint: [u8; 32]) {
        self.who.key = Some(thumbprint);
    }

    /// Whose token was shown is known.
    pub(crate) fn token(&mut self, client: &ClientId, jti_digest: [u8; 32]) {
        self.who.client = Some(client.clone());
        self.who.token_jti = Some(jti_digest);
    }

    /// Under which consent it is, and what of it is about to go out.
    pub(crate) fn consent(&mut self, seen: ConsentSeen) {
        self.consent = Some(Box::new(seen));
    }

    /// What of the consent goes out.
    pub(crate) fn disclosed(&mut self, clusters: Vec<ClusterId>, kept: u32, dropped: u32) {
        if let Some(seen) = &mut self.consent {
            seen.clusters = clusters;
            seen.kept = kept;
            seen.dropped = dropped;
        }
    }

    /// What a composed operation read.
    pub(crate) fn steps(&mut self, steps: Vec<StepSeen>) {
        self.steps = steps;
    }

    /// Nothing of it goes out.
    pub(crate) fn withhold(&mut self) {
        self.disclosed(Vec::new(), 0, 0);
    }

    /// Who calls, as far as it is known.
    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// The log it belongs to: the bank's once the route is known.
    pub(crate) fn name(&self) -> LogName {
        match &self.route {
            Some(route) => LogName::Bank(route.object.bank.clone()),
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
        answer: Option<Body>,
    ) -> Result<(), AuditUnavailable> {
        let entry = self.allowed(status, upstream, duration, answer);
        self.written(entry).await
    }

    /// Queues the outcome of an admitted request of class `open`.
    pub(crate) fn allow_queued(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
        answer: Option<Body>,
    ) -> Result<(), AuditUnavailable> {
        let entry = self.allowed(status, upstream, duration, answer);
        self.log.queue(entry)
    }

    fn allowed(
        &mut self,
        status: StatusCode,
        upstream: Duration,
        duration: Duration,
        answer: Option<Body>,
    ) -> AuditEntry {
        self.entry(Told {
            status: status.as_u16(),
            upstream,
            answer,
            ..Told::new(Decision::Allowed, duration)
        })
    }

    /// Queues a refusal of the edge, with the status that it chose.
    pub(crate) fn breach(mut self, status: StatusCode, refusal: &Refusal) {
        let (code, rule) = (refusal.code().as_str(), web::detail(refusal).to_owned());
        self.enter(Stage::Edge);
        self.stop(code, Some(refusal));
        let entry = self.entry(Told {
            status: status.as_u16(),
            code: Some(code),
            rule: Some(rule),
            ..Told::new(Decision::Refused, Duration::ZERO)
        });
        self.queued(entry);
        self.tell(
            Decision::Refused,
            status.as_u16(),
            Some(code),
            Duration::ZERO,
        );
    }

    /// The outcome is what the caller gets: counts it. Gives what is known of the answer.
    pub(crate) fn tell(
        &mut self,
        outcome: Decision,
        status: u16,
        code: Option<&'static str>,
        upstream: Duration,
    ) -> Facts {
        self.is_told = true;
        let took = self.since_start();
        self.show(outcome, status, code, (took, upstream));
        let route = self.route.as_deref();
        let meters = route.map_or(&self.unrouted, |route| &route.meters);
        meters.answered(outcome, status, took);
        if let Some(code) = code {
            meters.refused(code);
        }
        let partner = self.who.partner.as_ref();
        let partner_meters = route.and_then(|route| route.bank.meters(partner?));
        if let Some(meters) = partner_meters {
            meters.answered(outcome, code);
        }
        Facts {
            object: route.map(|route| Arc::clone(&route.object)),
            bank: route.map(|route| route.object.bank.clone()),
            partner: partner.cloned(),
            client: self.who.client.clone(),
            code,
            took: Some(took),
            upstream: (!upstream.is_zero()).then_some(upstream),
        }
    }

    fn since_start(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
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
        let refusal = halt.refusal();
        let code = halt.code();
        let is_flood = matches!(refusal, Some(Refusal::TooManyRequests { .. }));
        if is_flood && !turned_away.is_first(code) {
            self.is_written = true;
            return Ok(());
        }
        let entry = self.entry(Told {
            status: halt.status(),
            code: Some(code),
            rule: refusal.map(|refusal| web::detail(refusal).to_owned()),
            trouble: halt.trouble().map(Trouble::as_str),
            upstream: halt.upstream(),
            ..Told::new(halt.decision(), duration)
        });
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
            object: self.route.as_ref().map(|route| Arc::clone(&route.object)),
            consent: self.consent.clone(),
            steps: std::mem::take(&mut self.steps),
            decision: told.decision,
            status: told.status,
            code: told.code,
            rule: told.rule,
            trouble: told.trouble,
            timing: Timing {
                duration_us: micros(told.duration),
                upstream_us: (!told.upstream.is_zero()).then(|| micros(told.upstream)),
            },
            answer: told.answer,
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
        // Either the client hung up, or what answered it broke, which is answered 500.
        let (outcome, status, code) = if std::thread::panicking() {
            (Decision::Failed, 500, Some("internal"))
        } else {
            (Decision::Aborted, 0, None)
        };
        if !self.is_told {
            if let Some(code) = code {
                self.stop(code, None);
            }
            self.tell(outcome, status, code, Duration::ZERO);
        }
        if self.is_written {
            return;
        }
        let entry = self.entry(Told {
            status,
            code,
            ..Told::new(outcome, self.since_start())
        });
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
