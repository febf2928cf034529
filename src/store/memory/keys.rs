//! `ports::KeyRing` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::BankId;
use model::ports::{KeyRing, KeyUse, SealedKey, StoreUnavailable, has_begun};

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
            let mut rings = lock(&self.keys);
            let ring = rings.entry((bank.clone(), key_use)).or_default();
            if !has_begun(ring, &key.alg) {
                ring.push(key);
            }
            Ok(ring.clone())
        })
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            let mut rings = lock(&self.keys);
            let ring = rings.entry((bank.clone(), key_use)).or_default();
            if ring.iter().all(|its| its.signs_from.is_some()) {
                ring.push(SealedKey {
                    signs_from: None,
                    ..key
                });
            }
            Ok(ring.clone())
        })
    }

    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            let mut rings = lock(&self.keys);
            let ring = rings.entry((bank.clone(), key_use)).or_default();
            for key in ring.iter_mut().filter(|key| key.kid == kid) {
                key.signs_from.get_or_insert(from);
            }
            Ok(ring.clone())
        })
    }

    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            let mut rings = lock(&self.keys);
            let ring = rings.entry((bank.clone(), key_use)).or_default();
            ring.retain(|key| key.kid != kid);
            Ok(ring.clone())
        })
    }
}
