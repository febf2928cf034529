//! Values that a customer read before consenting: what a request says later is held to them.

use std::fmt;

use super::Resource;
use crate::DetailType;

/// One value of the authorization details that were consented to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundValue {
    /// The type of the details (RFC 9396 §2.1).
    pub detail: DetailType,
    /// The member of them.
    pub member: String,
    /// What it says.
    pub value: BoundTo,
}

/// What a request is held to. Printed, it says of what kind that is, and no more.
#[derive(Clone, PartialEq, Eq)]
pub enum BoundTo {
    /// This account, or other resource.
    Account(Resource),
    /// This money.
    Money {
        /// A decimal number, as it was shown.
        amount: String,
        /// Its currency (ISO 4217).
        currency: [u8; 3],
    },
    /// This text.
    Text(String),
}

impl fmt::Debug for BoundTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Account(_) => "Account",
            Self::Money { .. } => "Money",
            Self::Text(_) => "Text",
        })
    }
}
