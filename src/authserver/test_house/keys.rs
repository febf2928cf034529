//! A key ring in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::BankId;
use model::ports::{
    KeyRing, KeyUse, Published, SealedKey, StoreUnavailable, distrust, has_begun, lay_by, may_go,
    publish, schedule,
};

use super::locked;

#[derive(Default)]
pub(crate) struct Keys(pub(crate) Mutex<HashMap<(BankId, KeyUse), Vec<SealedKey>>>);

impl KeyRing for Keys {
    fn list<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let ring = locked(&self.0).get(&(bank.clone(), key_use)).cloned();
        Box::pin(async move { Ok(ring.unwrap_or_default()) })
    }

    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            Ok(self.changed(bank, key_use, |ring| {
                if !has_begun(ring, &key.alg) {
                    ring.push(key);
                }
            }))
        })
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move { Ok(self.changed(bank, key_use, |ring| lay_by(ring, key))) })
    }

    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move { Ok(self.changed(bank, key_use, |ring| schedule(ring, kid, from))) })
    }

    fn publish<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        times: Published,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move { Ok(self.changed(bank, key_use, |ring| publish(ring, kid, times))) })
    }

    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            Ok(self.changed(bank, key_use, |ring| {
                if may_go(ring, kid, now) {
                    ring.retain(|key| key.kid != kid);
                }
            }))
        })
    }

    fn distrust<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        instead: Option<SealedKey>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(
            async move { Ok(self.changed(bank, key_use, |ring| distrust(ring, kid, instead, at))) },
        )
    }
}

impl Keys {
    /// Changes a ring; answers it as it then is.
    fn changed(
        &self,
        bank: &BankId,
        key_use: KeyUse,
        change: impl FnOnce(&mut Vec<SealedKey>),
    ) -> Vec<SealedKey> {
        let mut rings = locked(&self.0);
        let ring = rings.entry((bank.clone(), key_use)).or_default();
        change(ring);
        ring.clone()
    }
}
