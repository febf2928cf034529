//! How many consents of the model bank's customers are in force, as the store has them.

use std::sync::{Arc, OnceLock, Weak};

use jiff::Timestamp;

use model::ports::{Consent, Consents};
use model::{BankId, ConsentState};

use crate::bank::PEOPLE;

/// The most consents of a customer that are looked at: the last changed.
const LOOKED_AT_MAX: u16 = 50;

/// The consents of the bank, known once the house stands. They are the house's: when it has ended
/// there are none.
#[derive(Default)]
pub struct InForce(OnceLock<(BankId, Weak<dyn Consents>)>);

impl InForce {
    /// Of a house that does not stand yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The house stands, and keeps its bank's consents there. Said once.
    pub fn kept_in(&self, bank: BankId, consents: &Arc<dyn Consents>) {
        let _ = self.0.set((bank, Arc::downgrade(consents)));
    }

    /// How many are in force; none where nobody can say.
    pub(super) async fn count(&self, now: Timestamp) -> Option<u64> {
        let (bank, consents) = self.0.get()?;
        let consents = consents.upgrade()?;
        let is_in_force = |one: &Consent| {
            one.state == ConsentState::Authorised && one.expires.is_none_or(|end| now < end)
        };
        let mut count = 0;
        for person in &PEOPLE {
            let subject = person.id();
            let of_one = consents.of_customer(bank, &subject, None, LOOKED_AT_MAX);
            let of_one = of_one.await.ok()?;
            let found = of_one.iter().filter(|one| is_in_force(one)).count();
            count += u64::try_from(found).unwrap_or(0);
        }
        Some(count)
    }
}

impl std::fmt::Debug for InForce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InForce")
    }
}
