//! Values that a customer read before consenting: what a request says later is held to them.

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

/// What a request is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
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
