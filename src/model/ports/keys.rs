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
    /// When it begins to sign (see [`crate::KeyLife`]); `None` while nothing says so.
    pub signs_from: Option<Timestamp>,
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

    /// Begins an algorithm in a ring: adds the key, which says when it signs, unless the key that
    /// signs last has its algorithm; answers the ring as it then is, oldest first. Of two callers
    /// with one algorithm one key is kept and both see it. Other keys stay. Durable when it
    /// resolves.
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;

    /// Adds a key that waits, unless one waits already; answers the ring as it then is. Of two
    /// callers one key is kept and both see it. Durable when it resolves.
    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;

    /// Says from when on a key that waits signs; one that does not wait, or is not there, stays as
    /// it is. Answers the ring as it then is. Durable when it resolves.
    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;

    /// Takes a key out of the ring, for ever; one that is not there is out already. Answers the
    /// ring as it then is. Durable when it resolves.
    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;
}

/// Whether a ring's key that signs last has this algorithm: then [`KeyRing::begin`] adds none.
pub fn has_begun(ring: &[SealedKey], alg: &str) -> bool {
    let scheduled = ring.iter().filter(|key| key.signs_from.is_some());
    // Of several the last: the order of making decides between equals.
    let last = scheduled.max_by_key(|key| key.signs_from);
    last.is_some_and(|last| last.alg == alg)
}
