//! Port: the ring of an issuer's signing keys, at rest always sealed.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::BankId;

/// The store did not answer, or could not.
#[derive(Debug, thiserror::Error)]
#[error("the store is unavailable: {doing}")]
pub struct StoreUnavailable {
    /// What was being done.
    pub doing: &'static str,
    /// Why not.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A signing key as stored: the private part sealed by the key-encryption key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// Its `kid` (RFC 7517 §4.5), unique within a bank.
    pub kid: String,
    /// Its algorithm (RFC 7518 §3.1, RFC 8037 §3.1): `ES256`, `PS256` or `EdDSA`.
    pub alg: String,
    /// The sealed private key: opaque to the store.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub made_at: Timestamp,
}

/// What a key signs. Keys of different uses are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Access tokens of the bank's issuer.
    Tokens,
    /// Identity assertions to the bank's services.
    Assertions,
}

impl KeyUse {
    /// The word in stores and in additional authenticated data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Assertions => "assertions",
        }
    }
}

/// The signing keys of the banks, a ring for each bank and use.
pub trait KeyRing: Send + Sync {
    /// All keys of a bank for a use, oldest first; empty when there is none.
    fn list<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;

    /// Begins an algorithm in a ring: adds the key unless the ring has one of its algorithm;
    /// answers the ring as it then is, oldest first. Of two callers with one algorithm one key is
    /// kept and both see it. Keys of other algorithms stay. Durable when it resolves.
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;
}
