//! The proofs of each bank apart: whoever fills the memory of one takes nothing from another.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crypto::Random;
use model::{BankId, Clock};

use super::{Nonces, Proofs};

/// The judge of proofs of each bank: made when the bank is first asked for, and kept as long as
/// the process, so that no reload forgets what was used.
pub struct BankProofs {
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    started: Duration,
    known: RwLock<HashMap<BankId, Arc<Proofs>>>,
}

impl BankProofs {
    /// Those of a process that starts now: for a while nonces are demanded ([`Nonces::AtStart`]).
    pub fn new(clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self {
            started: clock.monotonic(),
            clock,
            random,
            known: RwLock::default(),
        }
    }

    /// The judge of this bank's.
    pub fn of(&self, bank: &BankId) -> Arc<Proofs> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(proofs) = known.get(bank) {
            return Arc::clone(proofs);
        }
        drop(known);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let clock = Arc::clone(&self.clock);
            let (random, demanded) = (self.random.as_ref(), Nonces::AtStart);
            Arc::new(Proofs::since(self.started, clock, random, demanded))
        };
        Arc::clone(known.entry(bank.clone()).or_insert_with(fresh))
    }
}

impl fmt::Debug for BankProofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BankProofs").finish_non_exhaustive()
    }
}
