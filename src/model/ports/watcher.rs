//! Whoever looks on while calls are decided: which stages each passed, how long each took, and
//! where it stopped. The sandbox's request inspector is one; a gateway without it has none, and
//! then nothing here is made.
//!
//! Nothing of a call's own words is told: no path, query, header, body, token or account, only what
//! the configuration, our code and ids that were proved or made here say of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::{
    BankId, ClientId, Decision, InteractionId, Object, PartnerId, ProtectionClass, Refusal,
    RequestId,
};

/// A stage of a call, by the name that DESIGN §4 gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The rules of HTTP, before anything else.
    Edge,
    /// Which operation.
    Route,
    /// Who knocks, by address and certificate.
    Gate,
    /// Who calls.
    Identify,
    /// The agreement's limits.
    Limit,
    /// What the agreement and the token open.
    Authorize,
    /// What the customer allowed.
    Consent,
    /// Whether a record could be kept.
    Evidence,
    /// The bank's service, or a room of the house.
    Forward,
    /// What of the answer may leave under the consent.
    Filter,
    /// Which client asks an issuer.
    Client,
    /// What an issuer decides of it.
    Answer,
    /// The record, before the answer's head leaves.
    Outcome,
}

impl Stage {
    /// All of them, as a call may meet them.
    pub const ALL: [Self; 13] = [
        Self::Edge,
        Self::Route,
        Self::Gate,
        Self::Identify,
        Self::Limit,
        Self::Authorize,
        Self::Consent,
        Self::Evidence,
        Self::Forward,
        Self::Filter,
        Self::Client,
        Self::Answer,
        Self::Outcome,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Route => "route",
            Self::Gate => "gate",
            Self::Identify => "identify",
            Self::Limit => "limit",
            Self::Authorize => "authorize",
            Self::Consent => "consent",
            Self::Evidence => "evidence",
            Self::Forward => "forward",
            Self::Filter => "filter",
            Self::Client => "client",
            Self::Answer => "answer",
            Self::Outcome => "outcome",
        }
    }

    /// Those that every operation of a class meets, in their order.
    pub const fn of_class(class: ProtectionClass) -> &'static [Self] {
        match class {
            ProtectionClass::Open => &[
                Self::Route,
                Self::Gate,
                Self::Evidence,
                Self::Forward,
                Self::Outcome,
            ],
            ProtectionClass::Partner => &[
                Self::Route,
                Self::Gate,
                Self::Identify,
                Self::Limit,
                Self::Authorize,
                Self::Evidence,
                Self::Forward,
                Self::Outcome,
            ],
            ProtectionClass::Customer | ProtectionClass::Payment => &[
                Self::Route,
                Self::Gate,
                Self::Identify,
                Self::Limit,
                Self::Authorize,
                Self::Consent,
                Self::Evidence,
                Self::Forward,
                Self::Filter,
                Self::Outcome,
            ],
        }
    }

    /// Those of an issuer's endpoint for clients.
    pub const OF_ISSUER: &'static [Self] = &[Self::Client, Self::Answer, Self::Outcome];
}

/// How a stage ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The call went on.
    Passed,
    /// The call went no further, with this code.
    Stopped(&'static str),
    /// The client went away meanwhile.
    Left,
}

/// A stage that a call met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub stage: Stage,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
}

/// What was called.
#[derive(Debug, Clone)]
pub enum Called {
    /// An operation of a product.
    Operation(Arc<Object>),
    /// An endpoint of an issuer's, or a document that is published.
    Endpoint {
        /// Whose, where it is one bank's.
        bank: Option<BankId>,
        /// What records call it: `oauth.token`.
        name: &'static str,
    },
    /// Nothing that is there.
    Nothing,
}

/// A call that has ended, as far as it was known.
#[derive(Debug, Clone)]
pub struct Call {
    /// Our id of it.
    pub request: RequestId,
    /// The partner's.
    pub interaction: InteractionId,
    /// When it came.
    pub at: Timestamp,
    /// Its method, as [`crate::method_word`] says it, where it is known.
    pub method: Option<&'static str>,
    /// What was called.
    pub called: Called,
    /// The partner, once proved.
    pub partner: Option<PartnerId>,
    /// The OAuth client, once proved.
    pub client: Option<ClientId>,
    /// How it was decided.
    pub decision: Decision,
    /// The status; 0 where the client went away.
    pub status: u16,
    /// The code that is told, of a refusal or an OAuth error.
    pub code: Option<&'static str>,
    /// From its head to the answer's.
    pub took: Duration,
    /// Of it, waiting for the bank's service.
    pub upstream: Option<Duration>,
}

/// A call that has ended, with its stages.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The call.
    pub call: Call,
    /// The stages that it met, in their order: of each of [`Stage::ALL`] two at most.
    pub steps: Vec<Step>,
    /// What was refused, without the request's own words; none of OAuth errors and of faults.
    pub refusal: Option<Refusal>,
}

/// Looks on.
pub trait Watcher: Send + Sync {
    /// A call has ended, in whatever way. Returns at once, and never fails.
    fn saw(&self, trace: Trace);
}

/// The stages of a call under way. Kept by whoever decides it, and made only where somebody
/// watches.
pub struct Trail {
    watcher: Arc<dyn Watcher>,
    steps: Vec<Step>,
    /// The stage that it is in.
    open: Option<Stage>,
    /// Since when, by the clock that never goes back.
    since: Duration,
    refusal: Option<Refusal>,
}

impl Trail {
    /// Begins one, of a call that came at this instant of the clock that never goes back.
    pub fn begin(watcher: &Arc<dyn Watcher>, started: Duration) -> Self {
        Self {
            watcher: Arc::clone(watcher),
            steps: Vec::with_capacity(Stage::ALL.len()),
            open: None,
            since: started,
            refusal: None,
        }
    }

    /// A stage begins now; the one before it was passed.
    pub fn enter(&mut self, stage: Stage, now: Duration) {
        if self.open != Some(stage) {
            self.close(Verdict::Passed, now);
            self.open = Some(stage);
        }
    }

    /// The call goes no further than the stage that it is in. What is left to do is its record.
    pub fn stop(&mut self, code: &'static str, refusal: Option<&Refusal>, now: Duration) {
        let stopped = self.open;
        self.close(Verdict::Stopped(code), now);
        self.open = (stopped != Some(Stage::Outcome)).then_some(Stage::Outcome);
        self.refusal = refusal.map(without_its_words);
    }

    /// The call has ended: the watcher is told.
    pub fn end(mut self, call: Call, now: Duration) {
        let last = match call.decision {
            Decision::Aborted => Verdict::Left,
            Decision::Allowed | Decision::Refused | Decision::Failed => Verdict::Passed,
        };
        self.close(last, now);
        self.watcher.saw(Trace {
            call,
            steps: self.steps,
            refusal: self.refusal,
        });
    }

    fn close(&mut self, verdict: Verdict, now: Duration) {
        if let Some(stage) = self.open.take() {
            let took = now.saturating_sub(self.since);
            self.steps.push(Step {
                stage,
                verdict,
                took,
            });
            self.since = now;
        }
    }
}

impl fmt::Debug for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trail")
            .field("steps", &self.steps)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}

/// A refusal may name a place in the body, which has the names that the request chose.
fn without_its_words(refusal: &Refusal) -> Refusal {
    match refusal {
        Refusal::RequestInvalid { what, .. } => Refusal::RequestInvalid {
            pointer: String::new(),
            what,
        },
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Told(Mutex<Vec<Trace>>);

    impl Watcher for Told {
        fn saw(&self, trace: Trace) {
            self.0.lock().expect("sound").push(trace);
        }
    }

    fn call(decision: Decision) -> Call {
        Call {
            request: RequestId::new(Timestamp::UNIX_EPOCH, [1; 10]),
            interaction: InteractionId::new([2; 16]),
            at: Timestamp::UNIX_EPOCH,
            method: Some("GET"),
            called: Called::Nothing,
            partner: None,
            client: None,
            decision,
            status: 0,
            code: None,
            took: Duration::ZERO,
            upstream: None,
        }
    }

    fn at(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    /// What is told of a trail that begins at 100 µs and ends at 200.
    fn told(decision: Decision, walk: impl FnOnce(&mut Trail)) -> Trace {
        let told = Arc::new(Told::default());
        let watcher: Arc<dyn Watcher> = Arc::clone(&told) as _;
        let mut trail = Trail::begin(&watcher, at(100));
        walk(&mut trail);
        trail.end(call(decision), at(200));
        let mut all = told.0.lock().expect("sound");
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    fn steps(trace: &Trace) -> Vec<(Stage, Verdict, u128)> {
        let steps = trace.steps.iter();
        steps
            .map(|step| (step.stage, step.verdict, step.took.as_micros()))
            .collect()
    }

    #[test]
    fn a_call_that_passes_has_each_stage_with_its_time() {
        let trace = told(Decision::Allowed, |trail| {
            trail.enter(Stage::Route, at(101));
            trail.enter(Stage::Gate, at(110));
            trail.enter(Stage::Gate, at(120));
            trail.enter(Stage::Outcome, at(150));
        });
        let expected = [
            (Stage::Route, Verdict::Passed, 10),
            (Stage::Gate, Verdict::Passed, 40),
            (Stage::Outcome, Verdict::Passed, 50),
        ];
        assert_eq!(steps(&trace), expected);
        assert_eq!(trace.refusal, None);
    }

    #[test]
    fn a_call_that_is_refused_stops_at_one_stage_and_is_recorded() {
        let refusal = Refusal::RequestInvalid {
            pointer: "/planted".to_owned(),
            what: "a rule",
        };
        let trace = told(Decision::Refused, |trail| {
            trail.enter(Stage::Route, at(100));
            trail.enter(Stage::Forward, at(110));
            trail.stop("request_invalid", Some(&refusal), at(130));
        });
        let expected = [
            (Stage::Route, Verdict::Passed, 10),
            (Stage::Forward, Verdict::Stopped("request_invalid"), 20),
            (Stage::Outcome, Verdict::Passed, 70),
        ];
        assert_eq!(steps(&trace), expected);
        let masked = Refusal::RequestInvalid {
            pointer: String::new(),
            what: "a rule",
        };
        assert_eq!(trace.refusal, Some(masked));
    }

    #[test]
    fn a_record_that_cannot_be_kept_is_the_last_that_stops() {
        let trace = told(Decision::Failed, |trail| {
            trail.enter(Stage::Gate, at(100));
            trail.stop("too_many_requests", None, at(110));
            let unavailable = Refusal::AuditUnavailable;
            trail.stop("audit_unavailable", Some(&unavailable), at(120));
        });
        let expected = [
            (Stage::Gate, Verdict::Stopped("too_many_requests"), 10),
            (Stage::Outcome, Verdict::Stopped("audit_unavailable"), 10),
        ];
        assert_eq!(steps(&trace), expected);
        assert_eq!(trace.refusal, Some(Refusal::AuditUnavailable));
    }

    #[test]
    fn who_hangs_up_leaves_in_the_stage_that_it_was_in() {
        let trace = told(Decision::Aborted, |trail| {
            trail.enter(Stage::Forward, at(100));
        });
        assert_eq!(steps(&trace), [(Stage::Forward, Verdict::Left, 100)]);
    }

    #[test]
    fn every_class_begins_with_its_route_and_ends_with_its_record() {
        for class in [
            ProtectionClass::Open,
            ProtectionClass::Partner,
            ProtectionClass::Customer,
            ProtectionClass::Payment,
        ] {
            let stages = Stage::of_class(class);
            assert_eq!(stages.first(), Some(&Stage::Route));
            assert_eq!(stages.last(), Some(&Stage::Outcome));
            let place = |stage: &Stage| Stage::ALL.iter().position(|one| one == stage);
            assert!(stages.iter().map(place).is_sorted());
        }
    }
}
