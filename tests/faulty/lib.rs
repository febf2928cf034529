//! A store that fails where it is told to, before or after the write took hold, or never answers:
//! for the contract of the ports, and for rooms that must bear it. It depends on the ports alone.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use model::ports::{Claim, KeyRing, KeyUse, Published, Replay, SealedKey, StoreUnavailable};
use model::{BankId, ClientId};

mod consents;
mod grants;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreUnavailable>> + Send + 'a>>;

/// When a call fails, seen from the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// Nothing took hold.
    Before,
    /// It took hold, and the caller does not learn of it.
    After,
    /// Nothing took hold, and there is no answer, ever.
    Unanswered,
}

/// What is asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "each is called as what is asked: a method, or a whole port"
)]
pub enum Call {
    Push,
    Open,
    Approve,
    TurnDown,
    Code,
    Redeem,
    RefreshToken,
    RevokeGrant,
    RevokeToken,
    Revoked,
    Begin,
    Find,
    End,
    Lodge,
    Change,
    Keep,
    Confirm,
    Withdraw,
    Terms,
    Spend,
    Consents,
    Accesses,
    Outbox,
    Replay,
    KeyRing,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Next,
    Each(Call),
    All,
}

/// A store that works until it is told otherwise.
pub struct Faulty<S: ?Sized> {
    inner: Arc<S>,
    /// How it fails once it is armed.
    fails: Fails,
    rule: Mutex<Option<(Which, Fails)>>,
}

impl<S: ?Sized> Faulty<S> {
    /// This store, which fails like this when it is armed.
    pub fn new(inner: Arc<S>, fails: Fails) -> Self {
        let rule = Mutex::new(None);
        Self { inner, fails, rule }
    }

    /// Makes the next call fail, and that alone.
    pub fn arm(&self) {
        *self.rule() = Some((Which::Next, self.fails));
    }

    /// From now on this call alone fails, or none.
    pub fn fails_at(&self, call: Call, fails: impl Into<Option<Fails>>) {
        *self.rule() = fails.into().map(|fails| (Which::Each(call), fails));
    }

    /// From now on all fail, or none.
    pub fn all(&self, fails: impl Into<Option<Fails>>) {
        *self.rule() = fails.into().map(|fails| (Which::All, fails));
    }

    fn through<'a, T: Send + 'a>(
        &'a self,
        call: Call,
        answer: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        let failed = || StoreUnavailable {
            doing: "failing on purpose",
            source: None,
        };
        let failure = self.failure(call);
        Box::pin(async move {
            match failure {
                None => answer().await,
                Some(Fails::Before) => Err(failed()),
                Some(Fails::After) => {
                    answer().await?;
                    Err(failed())
                }
                Some(Fails::Unanswered) => std::future::pending().await,
            }
        })
    }

    /// How this call fails, if it does.
    fn failure(&self, call: Call) -> Option<Fails> {
        let mut rule = self.rule();
        let (which, fails) = (*rule)?;
        match which {
            Which::Next => *rule = None,
            Which::Each(its) if its != call => return None,
            Which::Each(_) | Which::All => {}
        }
        Some(fails)
    }

    fn rule(&self) -> MutexGuard<'_, Option<(Which, Fails)>> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: Replay + ?Sized> Replay for Faulty<S> {
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Answer<'a, Claim> {
        self.through(Call::Replay, move || {
            self.inner.claim(bank, client, jti, expires, now)
        })
    }
}

impl<S: KeyRing + ?Sized> KeyRing for Faulty<S> {
    fn list<'a>(&'a self, bank: &'a BankId, key_use: KeyUse) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || self.inner.list(bank, key_use))
    }

    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || self.inner.begin(bank, key_use, key))
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || self.inner.lay_by(bank, key_use, key))
    }

    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || {
            self.inner.schedule(bank, key_use, kid, from)
        })
    }

    fn publish<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        times: Published,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || {
            self.inner.publish(bank, key_use, kid, times)
        })
    }

    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        now: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || {
            self.inner.remove(bank, key_use, kid, now)
        })
    }

    fn distrust<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        instead: Option<SealedKey>,
        at: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        self.through(Call::KeyRing, move || {
            self.inner.distrust(bank, key_use, kid, instead, at)
        })
    }
}
