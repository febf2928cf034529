//! `ports::KeyRing` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::BankId;
use model::ports::{
    KeyRing, KeyUse, Published, SealedKey, StoreUnavailable, distrust, has_begun, lay_by, may_go,
    publish, schedule,
};

use super::{Memory, lock};

/// The rings by bank and use, each oldest first.
pub(super) type Rings = HashMap<(BankId, KeyUse), Vec<SealedKey>>;

impl KeyRing for Memory {
    fn list<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            let place = (bank.clone(), key_use);
            Ok(lock(&self.keys).get(&place).cloned().unwrap_or_default())
        })
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

impl Memory {
    /// Changes a ring; answers it as it then is.
    fn changed(
        &self,
        bank: &BankId,
        key_use: KeyUse,
        change: impl FnOnce(&mut Vec<SealedKey>),
    ) -> Vec<SealedKey> {
        let mut rings = lock(&self.keys);
        let ring = rings.entry((bank.clone(), key_use)).or_default();
        change(ring);
        ring.clone()
    }
}
