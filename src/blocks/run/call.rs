//! One read: its tries, its pages, its items.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::{House, covered};
use crate::expression::{Type, Value};
use crate::plan::{Pages, Step};

/// How long a first repeat waits, about; each further one twice as long.
const BACK_OFF: Duration = Duration::from_millis(20);
/// What a repeated call costs of the budget, and what each first call brings: a tenth.
const REPEAT_COSTS: i64 = 10;
/// The most that the budget holds: ten repeats at once.
const BUDGET_MAX: i64 = 100;

/// A call of a bank's service.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceCall {
    /// The service, by the block's name of it.
    pub source: Arc<str>,
    /// The operation (`operationId`).
    pub operation: Arc<str>,
    /// What it is called with: parameters and members of the body.
    pub arguments: Map<String, Json>,
}

/// Why a call gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallFault {
    /// The service refused it.
    #[error("refused with {status}")]
    Refused {
        /// The service's status.
        status: u16,
    },
    /// The service could not be reached, or says that it is unavailable.
    #[error("unavailable")]
    Unavailable,
    /// No answer came in time.
    #[error("timed out")]
    TimedOut,
    /// The connection broke.
    #[error("the connection broke")]
    Reset,
    /// The answer is no JSON.
    #[error("the answer is malformed")]
    Malformed,
    /// The answer is not what is described.
    #[error("the answer is not as described at {pointer}")]
    WrongType {
        /// Where, as a JSON Pointer (RFC 6901).
        pointer: String,
    },
    /// The answer, or what it is called for, is larger than what is taken.
    #[error("too big")]
    TooBig,
    /// The answer is of what the customer did not choose.
    #[error("the answer is another's")]
    Anothers,
    /// What it is called with cannot be sent as the service's contract says.
    #[error("it cannot be asked for")]
    Unaskable,
}

/// What a partner is told of a read that failed: the problem's name is the road's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultTold {
    /// 503: the service cannot be reached now.
    Unavailable,
    /// 504: it did not answer in time.
    TimedOut,
    /// 502: it gave no answer that the block can read.
    Invalid,
    /// 403: what it told is not covered by the consent.
    NotCovered,
}

impl CallFault {
    /// What a partner is told of it. A read has changed nothing, so that one whose connection broke
    /// is as good as one that could not be made.
    pub fn told(&self) -> FaultTold {
        match self {
            Self::Unavailable | Self::Reset => FaultTold::Unavailable,
            Self::TimedOut => FaultTold::TimedOut,
            Self::Anothers => FaultTold::NotCovered,
            Self::Refused { .. }
            | Self::Malformed
            | Self::WrongType { .. }
            | Self::TooBig
            | Self::Unaskable => FaultTold::Invalid,
        }
    }

    /// In one word of a closed set, as records name it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::Reset => "reset",
            Self::Malformed => "malformed",
            Self::WrongType { .. } => "wrong_type",
            Self::TooBig => "too_big",
            Self::Anothers => "anothers",
            Self::Unaskable => "unaskable",
        }
    }

    /// Whether the same call might go well a moment later.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable | Self::TimedOut | Self::Reset)
    }
}

/// Calls a bank's services. What is dropped before it has ended is let go.
pub trait Caller: Send + Sync {
    /// The JSON body of the answer.
    fn call<'a>(&'a self, call: &'a SourceCall) -> BoxFuture<'a, Result<Json, CallFault>>;
}

/// How many calls may be repeated, over all runs: one for ten that are made, and a few at once.
#[derive(Debug)]
pub struct RetryBudget(AtomicI64);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicI64::new(BUDGET_MAX))
    }
}

impl RetryBudget {
    fn earn(&self) {
        let more = |held: i64| (held < BUDGET_MAX).then_some(held + 1);
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    fn spend(&self) -> bool {
        let less = |held: i64| (held >= REPEAT_COSTS).then_some(held - REPEAT_COSTS);
        let spent = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        spent.is_ok()
    }
}

/// The calls of a step.
#[derive(Debug)]
pub(super) enum Calls {
    One(SourceCall),
    /// One for each item of a list.
    Each(Vec<SourceCall>),
}

/// Makes the calls of a step; how many were made, and what its value is.
pub(super) async fn perform(
    step: &Step,
    calls: Calls,
    (house, own): (&House<'_>, Option<&BTreeSet<Arc<str>>>),
    deadline: Instant,
) -> (u32, Result<Value, CallFault>) {
    let made = std::sync::atomic::AtomicU32::new(0);
    let trying = Trying {
        step,
        house,
        own,
        deadline,
        made: &made,
    };
    let value = match (calls, &step.pages, &step.each) {
        (Calls::One(call), Some(pages), _) => trying.pages(call, pages).await,
        (Calls::One(call), None, _) => trying.one(&call, &step.kind).await,
        (Calls::Each(calls), _, Some(each)) => {
            let (trying, kind) = (&trying, &each.one);
            let answers = stream::iter(calls);
            let answers = answers.map(|call| async move { trying.one(&call, kind).await });
            let at_once = each.at_once.max(1) as usize;
            let answers: Result<Vec<Value>, CallFault> =
                answers.buffered(at_once).try_collect().await;
            answers.map(|answers| Value::List(answers.into()))
        }
        (Calls::Each(_), _, None) => Err(CallFault::Malformed),
    };
    (made.load(Ordering::Relaxed), value)
}

struct Trying<'t> {
    step: &'t Step,
    house: &'t House<'t>,
    /// The things that the customer chose.
    own: Option<&'t BTreeSet<Arc<str>>>,
    deadline: Instant,
    made: &'t std::sync::atomic::AtomicU32,
}

impl Trying<'_> {
    /// An answer of this type.
    async fn one(&self, call: &SourceCall, kind: &Type) -> Result<Value, CallFault> {
        let House { cache, whose, .. } = *self.house;
        if self.step.cache.is_some()
            && let Some(kept) = cache.find(whose, call)
        {
            return read(kind, &kept);
        }
        let mut wait = BACK_OFF;
        let mut repeats = 0;
        self.house.budget.earn();
        loop {
            let fault = match self.tried(call).await {
                Ok(mut json) => {
                    let is_own = |own| covered::keep(&mut json, &self.step.resources, own);
                    if !self.own.is_none_or(is_own) {
                        return Err(CallFault::Anothers);
                    }
                    let value = read(kind, &json);
                    if let (Some(time), Ok(_)) = (self.step.cache, &value) {
                        cache.keep(whose, call, json, time);
                    }
                    return value;
                }
                Err(fault) => fault,
            };
            let pause = self.spread(wait);
            let has_room = Instant::now() + pause < self.deadline;
            let is_repeated = fault.is_passing() && repeats < self.step.retries && has_room;
            if !is_repeated || !self.house.budget.spend() {
                return Err(fault);
            }
            repeats += 1;
            wait = wait.saturating_mul(2);
            tokio::time::sleep(pause).await;
        }
    }

    async fn tried(&self, call: &SourceCall) -> Result<Json, CallFault> {
        self.made.fetch_add(1, Ordering::Relaxed);
        let answer = tokio::time::timeout(self.step.timeout, self.house.caller.call(call));
        answer.await.unwrap_or(Err(CallFault::TimedOut))
    }

    /// Between half of it and one and a half.
    fn spread(&self, wait: Duration) -> Duration {
        let mut byte = [0];
        self.house.random.fill(&mut byte);
        wait / 2 + wait * u32::from(byte[0]) / 256
    }

    /// The items of all pages, up to as many as are gathered.
    async fn pages(&self, mut call: SourceCall, pages: &Pages) -> Result<Value, CallFault> {
        let mut gathered: Vec<Value> = Vec::new();
        loop {
            let Value::Object(page) = self.one(&call, &pages.page).await? else {
                return Err(CallFault::Malformed);
            };
            // A page without items would lead on for ever.
            let items = match page.get(&pages.items) {
                Some(Value::List(items)) if !items.is_empty() => items,
                _ => break,
            };
            let left = (pages.items_max as usize).saturating_sub(gathered.len());
            gathered.extend(items.iter().take(left).cloned());
            let next = match page.get(&pages.next) {
                Some(Value::Text(next)) if !next.is_empty() => Json::from(&**next),
                _ => break,
            };
            if gathered.len() >= pages.items_max as usize {
                break;
            }
            call.arguments.insert(pages.parameter.to_string(), next);
        }
        Ok(Value::List(gathered.into()))
    }
}

fn read(kind: &Type, json: &Json) -> Result<Value, CallFault> {
    Value::read(kind, json).map_err(|unfit| CallFault::WrongType {
        pointer: unfit.pointer,
    })
}
