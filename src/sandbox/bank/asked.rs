//! What is asked of an operation of the bank.

use jiff::civil::Date;

use super::seed::Seed;

/// What is asked of an operation.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// The seed of the data.
    pub(super) seed: Seed,
    /// The bank's calendar day.
    pub(super) today: Date,
    /// The path as it was asked for.
    pub(super) path: &'a str,
    /// The last segment, where the operation has an argument; else empty.
    pub(super) argument: &'a str,
    /// The query as it was sent.
    pub(super) query: Option<&'a str>,
    /// The accounts that the customer shares with the caller, where the gateway says which.
    pub(super) shared: Option<&'a [String]>,
}

impl Asked<'_> {
    /// Whether the customer shares this account with the caller, as far as that is said.
    pub(super) fn is_shared(&self, account: &str) -> bool {
        self.shared
            .is_none_or(|shared| shared.iter().any(|id| id == account))
    }
}
