//! A key ring in memory.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::BankId;
use model::ports::{KeyRing, KeyUse, SealedKey, StoreUnavailable, has_begun};

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
        let mut rings = locked(&self.0);
        let ring = rings.entry((bank.clone(), key_use)).or_default();
        if !has_begun(ring, &key.alg) {
            ring.push(key);
        }
        let ring = ring.clone();
        Box::pin(async move { Ok(ring) })
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        Box::pin(async move {
            let mut rings = locked(&self.0);
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
            let mut rings = locked(&self.0);
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
            let mut rings = locked(&self.0);
            let ring = rings.entry((bank.clone(), key_use)).or_default();
            ring.retain(|key| key.kid != kid);
            Ok(ring.clone())
        })
    }
}
