//! A store that fails once in a while, before or after the write took hold.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use model::ports::{Claim, KeyRing, KeyUse, Published, Replay, SealedKey, StoreUnavailable};
use model::{BankId, ClientId};

use crate::stores::Store;

mod grants;

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreUnavailable>> + Send + 'a>>;

/// When a call fails, seen from the write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fails {
    /// Nothing took hold.
    Before,
    /// It took hold, and the caller does not learn of it.
    After,
}

/// A store whose next call fails once it is told so.
pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    fails: Fails,
    armed: AtomicBool,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Store>, fails: Fails) -> Self {
        Self {
            inner,
            fails,
            armed: AtomicBool::new(false),
        }
    }

    /// Makes the next call fail.
    pub(crate) fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T, StoreUnavailable>>,
    ) -> Result<T, StoreUnavailable> {
        let failed = || StoreUnavailable {
            doing: "failing on purpose",
            source: None,
        };
        let fails = self.armed.swap(false, Ordering::SeqCst);
        if fails && self.fails == Fails::Before {
            return Err(failed());
        }
        let answer = call.await?;
        if fails { Err(failed()) } else { Ok(answer) }
    }
}

impl Replay for Faulty {
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        now: Timestamp,
    ) -> Answer<'a, Claim> {
        Box::pin(self.through(self.inner.claim(bank, client, jti, expires, now)))
    }
}

impl KeyRing for Faulty {
    fn list<'a>(&'a self, bank: &'a BankId, key_use: KeyUse) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(self.inner.list(bank, key_use)))
    }

    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(KeyRing::begin(&*self.inner, bank, key_use, key)))
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(self.inner.lay_by(bank, key_use, key)))
    }

    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(self.inner.schedule(bank, key_use, kid, from)))
    }

    fn publish<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        times: Published,
    ) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(self.inner.publish(bank, key_use, kid, times)))
    }

    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        now: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        Box::pin(self.through(self.inner.remove(bank, key_use, kid, now)))
    }

    fn distrust<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        instead: Option<SealedKey>,
        at: Timestamp,
    ) -> Answer<'a, Vec<SealedKey>> {
        let distrusted = self.inner.distrust(bank, key_use, kid, instead, at);
        Box::pin(self.through(distrusted))
    }
}
