//! Services that do as a test says: each call the next thing, the last one ever after.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value as Json};

use crate::run::{CallFault, Caller, SourceCall};

/// How long a reply takes where nothing is said: some time, so that whoever asks for ever comes to
/// the deadline.
pub(super) const AFTER: Duration = Duration::from_millis(1);

/// How a service fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It takes no connection.
    Refused,
    /// It says that it is unavailable.
    Unavailable,
    /// It never answers.
    Hangs,
    /// The connection breaks.
    Reset,
    /// It answers what is no JSON.
    Malformed,
    /// It answers what is not described.
    WrongType,
    /// It answers more than is taken.
    TooBig,
    /// It answers when the read's time is just over.
    Late,
}

impl Fault {
    pub(super) const ALL: [Self; 8] = [
        Self::Refused,
        Self::Unavailable,
        Self::Hangs,
        Self::Reset,
        Self::Malformed,
        Self::WrongType,
        Self::TooBig,
        Self::Late,
    ];

    /// Its word in a file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unavailable => "503",
            Self::Hangs => "hangs",
            Self::Reset => "reset",
            Self::Malformed => "malformed",
            Self::WrongType => "wrong_type",
            Self::TooBig => "too_big",
            Self::Late => "late",
        }
    }
}

/// What one operation of a service does.
#[derive(Debug)]
pub(super) struct Mock {
    /// At each call in turn; at least one.
    pub(super) turns: Vec<Turn>,
}

/// What is done at one call.
#[derive(Debug, Clone)]
pub(super) enum Turn {
    Ends {
        after: Duration,
        with: Result<Json, CallFault>,
    },
    Hangs,
}

impl Turn {
    /// What a fault does to a read that waits so long.
    pub(super) fn of(fault: Fault, timeout: Duration) -> Self {
        let pointer = String::new();
        let (after, fault) = match fault {
            Fault::Hangs => return Self::Hangs,
            Fault::Late => (timeout.saturating_add(AFTER), CallFault::TimedOut),
            Fault::Refused | Fault::Unavailable => (AFTER, CallFault::Unavailable),
            Fault::Reset => (AFTER, CallFault::Reset),
            Fault::Malformed => (AFTER, CallFault::Malformed),
            Fault::WrongType => (AFTER, CallFault::WrongType { pointer }),
            Fault::TooBig => (AFTER, CallFault::TooBig),
        };
        let with = Err(fault);
        Self::Ends { after, with }
    }
}

/// The services of one test.
pub(super) struct Mocked<'m> {
    mocks: &'m BTreeMap<String, Mock>,
    made: Mutex<Vec<Made>>,
}

/// A call that was made.
#[derive(Debug)]
pub(super) struct Made {
    /// `source.operation`.
    pub(super) name: String,
    arguments: Map<String, Json>,
    /// Whether nothing says what is answered.
    pub(super) is_unknown: bool,
    /// Whether the same was called before, and that call did not go well.
    pub(super) is_repeat: bool,
    /// Whether it failed, or was let go before it ended.
    has_failed: bool,
}

impl<'m> Mocked<'m> {
    pub(super) fn new(mocks: &'m BTreeMap<String, Mock>) -> Self {
        Self {
            mocks,
            made: Mutex::default(),
        }
    }

    fn made(&self) -> MutexGuard<'_, Vec<Made>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that were made, in their order.
    pub(super) fn into_made(self) -> Vec<Made> {
        let made = self.made.into_inner();
        made.unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a call; its place among those that were made, and what is done.
    fn note(&self, call: &SourceCall) -> (usize, Turn) {
        let name = format!("{}.{}", call.source, call.operation);
        let mut made = self.made();
        let before = made.iter().filter(|its| its.name == name);
        let turns = self.mocks.get(&name).map(|mock| mock.turns.as_slice());
        let turn = turns.and_then(|turns| turns.get(before.count()).or_else(|| turns.last()));
        let is_same = |its: &&Made| its.name == name && its.arguments == call.arguments;
        let is_repeat = made.iter().rfind(is_same).is_some_and(|its| its.has_failed);
        let place = made.len();
        made.push(Made {
            name,
            arguments: call.arguments.clone(),
            is_unknown: turn.is_none(),
            is_repeat,
            has_failed: false,
        });
        let unknown = Turn::of(Fault::Refused, Duration::ZERO);
        (place, turn.cloned().unwrap_or(unknown))
    }
}

/// Notes that a call failed, unless it is told that it went well.
struct Open<'o, 'm> {
    mocked: &'o Mocked<'m>,
    place: usize,
    is_good: bool,
}

impl Drop for Open<'_, '_> {
    fn drop(&mut self) {
        if let Some(made) = self.mocked.made().get_mut(self.place) {
            made.has_failed = !self.is_good;
        }
    }
}

impl Caller for Mocked<'_> {
    fn call<'a>(&'a self, call: &'a SourceCall) -> BoxFuture<'a, Result<Json, CallFault>> {
        let (place, turn) = self.note(call);
        Box::pin(async move {
            let mut open = Open {
                mocked: self,
                place,
                is_good: false,
            };
            match turn {
                Turn::Hangs => std::future::pending().await,
                Turn::Ends { after, with } => {
                    tokio::time::sleep(after).await;
                    open.is_good = with.is_ok();
                    with
                }
            }
        })
    }
}
