//! Port: the ring of an issuer's signing keys, at rest always sealed.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{BankId, KeyLife};

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
    /// When a gateway first published it; `None` before: it cannot sign before others know it.
    pub published_at: Option<Timestamp>,
}

/// What a key signs. Keys of different uses are never mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Access tokens of the bank's issuer.
    Tokens,
    /// Identity assertions to the bank's services.
    Assertions,
    /// The subjects by which partners know customers: one secret, which never changes.
    Subjects,
}

impl KeyUse {
    /// The word in stores and in additional authenticated data.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Assertions => "assertions",
            Self::Subjects => "subjects",
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

    /// Says since when a key is published and, of one that has its time, from when on it signs; a
    /// key that was published before, or is not there, stays as it is. Answers the ring as it then
    /// is. Durable when it resolves.
    fn publish<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        times: Published,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;

    /// Takes a key out of the ring, for ever, if it waits or has ended by `now`; any other stays,
    /// and one that is not there is out already. Answers the ring as it then is. Durable when it
    /// resolves.
    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>>;
}

/// Since when a key is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The instant.
    pub at: Timestamp,
    /// From when on it signs, if it has its time at all.
    pub signs_from: Timestamp,
}

/// [`KeyRing::lay_by`] on a ring in memory.
pub fn lay_by(ring: &mut Vec<SealedKey>, key: SealedKey) {
    if ring.iter().all(|its| its.signs_from.is_some()) {
        ring.push(SealedKey {
            signs_from: None,
            ..key
        });
    }
}

/// [`KeyRing::schedule`] on a ring in memory.
pub fn schedule(ring: &mut [SealedKey], kid: &str, from: Timestamp) {
    for key in ring.iter_mut().filter(|key| key.kid == kid) {
        key.signs_from.get_or_insert(from);
    }
}

/// [`KeyRing::publish`] on a ring in memory.
pub fn publish(ring: &mut [SealedKey], kid: &str, times: Published) {
    for key in ring.iter_mut().filter(|key| key.kid == kid) {
        if key.published_at.is_none() {
            key.published_at = Some(times.at);
            key.signs_from = key.signs_from.map(|_| times.signs_from);
        }
    }
}

/// Whether [`KeyRing::remove`] takes a key out: nothing depends on it.
pub fn may_go(ring: &[SealedKey], kid: &str, now: Timestamp) -> bool {
    let times: Vec<_> = ring.iter().map(|key| key.signs_from).collect();
    let lives = KeyLife::of_ring(&times, now);
    let mut lives = ring.iter().zip(lives).filter(|(key, _)| key.kid == kid);
    lives.all(|(_, life)| matches!(life, KeyLife::Waits | KeyLife::Ended))
}

/// Whether a ring's key that signs last has this algorithm: then [`KeyRing::begin`] adds none.
pub fn has_begun(ring: &[SealedKey], alg: &str) -> bool {
    let scheduled = ring.iter().filter(|key| key.signs_from.is_some());
    // Of several the last: the order of making decides between equals.
    let last = scheduled.max_by_key(|key| key.signs_from);
    last.is_some_and(|last| last.alg == alg)
}
