//! Port: a customer proves once more who they are, over values that they see, by the bank's word
//! (specs/consent.md, screen C5).

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::CustomersUnavailable;
use crate::{FactorResult, InteractionId, RequestId};

/// What a customer is to confirm. Printed, it does not say what.
#[derive(Clone, Copy)]
pub struct ToConfirm<'a> {
    /// SHA-256 of the values: a proof over others is none.
    pub over: [u8; 32],
    /// What the customer reads beside the code, in Chinese: one line of 1 to 200 characters.
    pub line_zh: &'a str,
    /// The same in English.
    pub line_en: &'a str,
}

impl fmt::Debug for ToConfirm<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToConfirm").finish_non_exhaustive()
    }
}

/// A proof that was begun: the customer was sent a code, or is asked in the bank's own app.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorBegun {
    /// The bank's id of it: 1 to 128 visible ASCII characters without `/`.
    pub id: String,
    /// How it is asked for, as the bank names it: 1 to 64 visible ASCII characters.
    pub method: String,
    /// Where the code went, as far as it is shown; 1 to 40 characters.
    pub shown_to: String,
    /// When it is good no more.
    pub expires: Timestamp,
    /// How many tries there are.
    pub tries_left: u32,
}

/// What the bank says to a code that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorSaid {
    /// It is the customer's, over these values.
    Good(FactorResult),
    /// It is not.
    Wrong {
        /// How many more tries there are; at least 1.
        tries_left: u32,
    },
    /// Too many were wrong: this proof is over.
    Locked,
    /// It came too late: another may be begun.
    Expired,
    /// It was good once already, or was begun over other values: another may be begun.
    NotOfThis,
}

/// The bank as the judge of a customer's second factor.
pub trait SecondFactor: Send + Sync {
    /// Begins a proof by the customer of this id over these values. Asked once: it may send a
    /// message. Resolves within `deadline`, counted from the first poll.
    fn begin<'a>(
        &'a self,
        subject: &'a str,
        what: ToConfirm<'a>,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<FactorBegun, CustomersUnavailable>>;

    /// Asks whether this code proves it, over the same values. Asked once: the bank counts tries.
    /// Nothing of the code is kept, and it stands in no error.
    fn check<'a>(
        &'a self,
        id: &'a str,
        over: [u8; 32],
        code: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<FactorSaid, CustomersUnavailable>>;
}
