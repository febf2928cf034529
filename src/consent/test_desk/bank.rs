//! A bank that lists accounts, and knows one code for each proof that it began.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::ports::{
    AccountUnavailable, CustomerAccounts, CustomersUnavailable, FactorBegun, FactorSaid,
    OwnAccount, SecondFactor, ToConfirm,
};
use model::{FactorResult, InteractionId, RequestId, ResourceId};

use super::at;

/// The code that the bank sends.
pub(crate) const CODE: &str = "314159";

/// What the bank was told, and how it behaves.
pub(crate) struct Bank {
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) accounts: Vec<OwnAccount>,
    /// What each proof was begun over, and the lines beside its code.
    pub(crate) begun: Vec<([u8; 32], String, String)>,
    /// What the bank says to a code, whatever it is.
    pub(crate) says: Option<FactorSaid>,
    /// Whether it answers nothing.
    pub(crate) is_down: bool,
    /// Whether it says nothing about second factors.
    pub(crate) is_silent: bool,
    /// Whether its word on a second factor comes later than all that is under way.
    pub(crate) is_slow: bool,
    /// How often a code was asked about.
    pub(crate) checks: u32,
    /// Until when codes are good.
    pub(crate) expires: Timestamp,
}

fn account(number: usize, unavailable: Option<AccountUnavailable>) -> OwnAccount {
    OwnAccount {
        id: ResourceId::parse(&format!("acc-{number}")).expect("valid"),
        masked: format!("632{number}"),
        name_zh: format!("活期账户{number}"),
        name_en: format!("Current account {number}"),
        kind: "savings".to_owned(),
        currency: *b"CNY",
        unavailable,
    }
}

impl Bank {
    /// One account is frozen; so many others can be chosen.
    pub(crate) fn new(free: usize) -> Self {
        let frozen = account(0, Some(AccountUnavailable::Frozen));
        let free = (1..=free).map(|number| account(number, None));
        let accounts = [frozen].into_iter().chain(free).collect();
        Self {
            state: Mutex::new(State {
                accounts,
                begun: Vec::new(),
                says: None,
                is_down: false,
                is_silent: false,
                is_slow: false,
                checks: 0,
                expires: at(10_000),
            }),
        }
    }

    /// Looks at the bank, or changes it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().expect("no test panics within"))
    }

    /// What it says, when it is its time.
    fn later<'a, T: Send + 'a>(&self, said: T) -> BoxFuture<'a, T> {
        let is_slow = self.with(|state| state.is_slow);
        async move {
            if is_slow {
                tokio::task::yield_now().await;
            }
            said
        }
        .boxed()
    }
}

fn unavailable() -> CustomersUnavailable {
    CustomersUnavailable {
        doing: "asking a bank that is down",
        source: None,
    }
}

impl CustomerAccounts for Bank {
    fn list<'a>(
        &'a self,
        subject: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<Vec<OwnAccount>, CustomersUnavailable>> {
        assert_eq!(subject, "li-lei");
        let listed = self.with(|state| {
            let accounts = state.accounts.clone();
            (!state.is_down).then_some(accounts).ok_or_else(unavailable)
        });
        async { listed }.boxed()
    }
}

impl SecondFactor for Bank {
    fn begin<'a>(
        &'a self,
        _: &'a str,
        what: ToConfirm<'a>,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<FactorBegun, CustomersUnavailable>> {
        let begun = self.with(|state| {
            if state.is_down || state.is_silent {
                return Err(unavailable());
            }
            let lines = (what.line_zh.to_owned(), what.line_en.to_owned());
            state.begun.push((what.over, lines.0, lines.1));
            Ok(FactorBegun {
                id: format!("proof-{}", state.begun.len()),
                method: "one_time_code".to_owned(),
                shown_to: "138****0000".to_owned(),
                expires: state.expires,
                tries_left: 3,
            })
        });
        self.later(begun)
    }

    fn check<'a>(
        &'a self,
        id: &'a str,
        over: [u8; 32],
        code: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<FactorSaid, CustomersUnavailable>> {
        let said = self.with(|state| {
            if state.is_down || state.is_silent {
                return Err(unavailable());
            }
            state.checks += 1;
            if let Some(says) = state.says.clone() {
                return Ok(says);
            }
            let last = state.begun.last().map(|(over, ..)| *over);
            let is_last = id == format!("proof-{}", state.begun.len());
            Ok(match (is_last && last == Some(over), code == CODE) {
                (false, _) => FactorSaid::NotOfThis,
                (true, false) => FactorSaid::Wrong { tries_left: 2 },
                (true, true) => FactorSaid::Good(FactorResult {
                    method: "one_time_code".to_owned(),
                    at: at(60),
                    over,
                    reference: "r-1".to_owned(),
                }),
            })
        });
        self.later(said)
    }
}
