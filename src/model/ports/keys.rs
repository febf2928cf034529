//! Port: the ring of an issuer's signing keys, at rest always sealed.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{BankId, KeyLife, KeyTimes};

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
    /// Since when it is distrusted, if it is: then nothing is sealed here any more, and it stays
    /// so that nothing brings its `kid` back.
    pub distrusted_at: Option<Timestamp>,
}

impl SealedKey {
    /// Whether nobody said that it is not to be trusted.
    pub fn is_trusted(&self) -> bool {
        self.distrusted_at.is_none()
    }

    /// Whether it waits for its time.
    pub fn waits(&self) -> bool {
        self.is_trusted() && self.signs_from.is_none()
    }

    /// What its life follows from.
    pub fn times(&self) -> KeyTimes {
        KeyTimes {
            signs_from: self.signs_from,
            distrusted_at: self.distrusted_at,
        }
    }
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

    /// Distrusts a key for ever: its sealed part is gone, a time that lies ahead is taken from it,
    /// and if it signs `at` that instant, `instead` is added, published, and signs from then on.
    /// One that signs stays as it is when there is nothing instead; so does one that is distrusted
    /// already, or not there. Answers the ring as it then is. Durable when it resolves.
    fn distrust<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        instead: Option<SealedKey>,
        at: Timestamp,
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
    if !ring.iter().any(SealedKey::waits) {
        ring.push(SealedKey {
            signs_from: None,
            ..key
        });
    }
}

/// [`KeyRing::schedule`] on a ring in memory.
pub fn schedule(ring: &mut [SealedKey], kid: &str, from: Timestamp) {
    let named = |key: &&mut SealedKey| key.kid == kid && key.is_trusted();
    for key in ring.iter_mut().filter(named) {
        key.signs_from.get_or_insert(from);
    }
}

/// [`KeyRing::publish`] on a ring in memory.
pub fn publish(ring: &mut [SealedKey], kid: &str, times: Published) {
    let named = |key: &&mut SealedKey| key.kid == kid && key.is_trusted();
    for key in ring.iter_mut().filter(named) {
        if key.published_at.is_none() {
            key.published_at = Some(times.at);
            key.signs_from = key.signs_from.map(|_| times.signs_from);
        }
    }
}

/// [`KeyRing::distrust`] on a ring in memory.
pub fn distrust(ring: &mut Vec<SealedKey>, kid: &str, instead: Option<SealedKey>, at: Timestamp) {
    let lives = lives(ring, at);
    let mut keys = ring.iter_mut().zip(lives);
    let Some((key, life)) = keys.find(|(key, _)| key.kid == kid && key.is_trusted()) else {
        return;
    };
    let signs = life == KeyLife::Signs;
    if signs && instead.is_none() {
        return;
    }
    if let KeyLife::Starts { .. } = life {
        // It ends nobody: the one before it goes on.
        key.signs_from = None;
    }
    key.distrusted_at = Some(at);
    key.sealed.clear();
    if let Some(instead) = instead.filter(|_| signs) {
        ring.push(SealedKey {
            signs_from: Some(at),
            published_at: Some(at),
            ..instead
        });
    }
}

/// Where each key of a ring stands in its life.
pub fn lives(ring: &[SealedKey], now: Timestamp) -> Vec<KeyLife> {
    let times: Vec<_> = ring.iter().map(SealedKey::times).collect();
    KeyLife::of_ring(&times, now)
}

/// Whether [`KeyRing::remove`] takes a key out: nothing depends on it, and nothing is to keep it
/// from coming back.
pub fn may_go(ring: &[SealedKey], kid: &str, now: Timestamp) -> bool {
    let lives = lives(ring, now);
    let mut lives = ring.iter().zip(lives).filter(|(key, _)| key.kid == kid);
    lives.all(|(_, life)| matches!(life, KeyLife::Waits | KeyLife::Ended))
}

/// Whether a ring's key that signs last has this algorithm: then [`KeyRing::begin`] adds none.
pub fn has_begun(ring: &[SealedKey], alg: &str) -> bool {
    let scheduled = ring
        .iter()
        .filter(|key| key.is_trusted() && key.signs_from.is_some());
    // Of several the last: the order of making decides between equals.
    let last = scheduled.max_by_key(|key| key.signs_from);
    last.is_some_and(|last| last.alg == alg)
}
