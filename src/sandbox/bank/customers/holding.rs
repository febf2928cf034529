//! What people hold at the bank: a kind of account, whose it is, and how money moves on it.

use serde::Serialize;

/// A text in the bank's two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Words {
    pub(crate) en: &'static str,
    #[serde(rename = "zh-CN")]
    pub(crate) zh: &'static str,
}

/// A kind of account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Money comes in by the month and goes out by the day.
    Current,
    /// Money lies there.
    Savings,
    /// A credit card: its balance is what is owed, below zero.
    Card,
}

/// Whose an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holder {
    /// Its customer's alone.
    Sole,
    /// Its customer's and somebody else's.
    Joint,
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Open,
    /// No money goes out.
    Frozen,
}

/// How money moves on an account; amounts in hundredths of a yuan. A month's movements come to
/// nought but for a few hundred yuan: what goes out by the day, one movement a month brings back.
#[derive(Debug)]
pub(crate) struct Habit {
    /// Each month's closing balance lies between `level` and `level + band`.
    pub(crate) level: i64,
    /// See `level`; at least 1.
    pub(crate) band: u64,
    /// On one day out of so many something goes out.
    pub(crate) one_day_in: u64,
    /// How many movements such a day has: at least, and at most.
    pub(crate) a_day: (u32, u32),
    /// What one movement takes: at least, and at most.
    pub(crate) takes: (u64, u64),
    /// How much the account may owe.
    pub(crate) credit: i64,
}

/// One account that somebody holds.
#[derive(Debug)]
pub(crate) struct Holding {
    pub(crate) kind: Kind,
    pub(crate) holder: Holder,
    pub(crate) state: State,
    pub(crate) habit: &'static Habit,
}

/// A wage comes in, a life goes out.
pub(super) const WAGE: Habit = Habit {
    level: 2_000_000,
    band: 200_000,
    one_day_in: 1,
    a_day: (0, 2),
    takes: (600, 30_000),
    credit: 0,
};
/// A little is taken now and then.
pub(super) const NEST_EGG: Habit = Habit {
    level: 8_000_000,
    band: 100_000,
    one_day_in: 6,
    a_day: (1, 1),
    takes: (10_000, 50_000),
    credit: 0,
};
/// Bought today, paid back once a month.
pub(super) const PLASTIC: Habit = Habit {
    level: -300_000,
    band: 100_000,
    one_day_in: 2,
    a_day: (1, 2),
    takes: (600, 20_000),
    credit: 3_000_000,
};
/// Twenty-five movements, day by day: 400 days hold 10,000.
pub(super) const BUSTLE: Habit = Habit {
    level: 500_000_000,
    band: 20_000_000,
    one_day_in: 1,
    a_day: (25, 25),
    takes: (600, 40_000),
    credit: 0,
};

impl Kind {
    /// What people call it.
    pub(crate) fn name(self, holder: Holder) -> Words {
        let (en, zh) = match (self, holder) {
            (_, Holder::Joint) => ("Joint account", "联名账户"),
            (Self::Current, _) => ("Current account", "活期账户"),
            (Self::Savings, _) => ("Savings account", "储蓄账户"),
            (Self::Card, _) => ("Credit card", "信用卡"),
        };
        Words { en, zh }
    }
}

impl Holding {
    /// One of its customer's own, open.
    pub(super) const fn own(kind: Kind, habit: &'static Habit) -> Self {
        Self {
            kind,
            holder: Holder::Sole,
            state: State::Open,
            habit,
        }
    }
}
