//! `ports::KeyRing` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;

use model::BankId;
use model::ports::{KeyRing, KeyUse, SealedKey, StoreUnavailable};

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
            if !ring.iter().any(|its| its.alg == key.alg) {
                ring.push(key);
            }
            Ok(ring.clone())
        })
    }
}
