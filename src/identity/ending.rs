//! Consents that end: whoever ends one by this door has the road know it before the store does,
//! and before anybody is answered (CO-10).

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

use model::ports::{
    self, Change, Changed, Choices, Consent, Decided, DueConsent, EndedConsent, Keep, Lodge, Spend,
    StandingConsent, StoreUnavailable, Withdrawal,
};
use model::{BankId, ConsentId, Edge, Evidence, GrantEvent, Why};

use crate::{Consents, Revoked};

/// The consents of a bank in the store, and what the road knows of them. As a port all but
/// [`withdraw`](ports::Consents::withdraw) is the store's.
pub struct Ending {
    store: Arc<dyn ports::Consents>,
    revoked: Arc<Revoked>,
    known: Arc<Consents>,
}

/// A consent that is about to end.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// What its tokens are refused with.
    pub why: Why,
    /// Until when one of its tokens may be shown.
    pub until: Timestamp,
    /// Now.
    pub now: Timestamp,
}

impl Ending {
    /// The consents of the bank that `revoked` and `known` are of.
    pub fn new(
        store: Arc<dyn ports::Consents>,
        revoked: Arc<Revoked>,
        known: Arc<Consents>,
    ) -> Self {
        Self {
            store,
            revoked,
            known,
        }
    }

    /// What of the bank's tokens is refused.
    pub fn revoked(&self) -> &Arc<Revoked> {
        &self.revoked
    }

    /// From here on no token of the consent is good, whatever the store says; the first reason that
    /// there was is the one that is told.
    pub fn hold(&self, end: End) {
        self.revoked.hold(end.digest, end.why, end.until, end.now);
        self.known.forget(&end.digest);
    }

    /// The consent of this digest is another than before: the road looks it up anew.
    pub fn changed(&self, digest: &[u8; 32]) {
        self.known.forget(digest);
    }

    /// Asks the store for an end, and tells by `ended` for which reason, if any, it has ended by
    /// what the store said. From the first poll on no token of the consent is good; they are good
    /// again only when it has not ended. A store that fails, and a caller who hangs up, leave that
    /// open: then they stay refused until the last of them is over.
    ///
    /// Errors: the store's.
    pub async fn end<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        end: End,
        ask: impl FnOnce() -> F,
        ended: impl FnOnce(&T) -> Option<Why>,
    ) -> Result<T, E> {
        let End {
            digest,
            why,
            until,
            now,
        } = end;
        self.revoked.doubt(digest, why, until, now);
        let after = self.revoked.moment();
        self.known.forget(&digest);
        // Stores may begin before they are waited for.
        let said = ask().await;
        if let Ok(said) = &said {
            match ended(said) {
                Some(why) => self.revoked.hold(digest, why, until, now),
                None => self.revoked.settle(&digest, after),
            }
        }
        // What a request looked up meanwhile is of before.
        self.known.forget(&digest);
        said
    }
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending").finish_non_exhaustive()
    }
}

type Asked<'a, T> = BoxFuture<'a, Result<T, StoreUnavailable>>;

impl ports::Consents for Ending {
    fn lodge<'a>(
        &'a self,
        bank: &'a BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> Asked<'a, Lodge> {
        self.store.lodge(bank, consent, now, event)
    }

    fn change<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        change: Change,
        now: Timestamp,
        event: GrantEvent,
    ) -> Asked<'a, Changed> {
        self.store.change(bank, id, change, now, event)
    }

    fn keep<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        choices: Choices,
        now: Timestamp,
    ) -> Asked<'a, Keep> {
        self.store.keep(bank, id, choices, now)
    }

    fn withdraw<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> Asked<'a, Changed> {
        let why = match withdrawal.edge {
            Edge::Expire => Why::Expired,
            _ => Why::Withdrawn,
        };
        let end = End {
            digest: crypto::sha256(id.as_str().as_bytes()),
            why,
            until: withdrawal.tokens_until,
            now,
        };
        let ask = move || self.store.withdraw(bank, id, withdrawal, now, event);
        self.end(end, ask, move |changed| match changed {
            Changed::Done(_) => Some(why),
            // Another has ended it, and maybe nobody heard the store say so.
            Changed::Otherwise(state) => Why::of(*state),
            Changed::Gone => None,
        })
        .boxed()
    }

    fn find<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Asked<'a, Option<Consent>> {
        self.store.find(bank, id)
    }

    fn of_request<'a>(&'a self, bank: &'a BankId, request: [u8; 32]) -> Asked<'a, Option<Consent>> {
        self.store.of_request(bank, request)
    }

    fn of_customer<'a>(
        &'a self,
        bank: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> Asked<'a, Vec<Consent>> {
        self.store.of_customer(bank, subject, after, limit)
    }

    fn terms<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Asked<'a, Option<StandingConsent>> {
        self.store.terms(bank, digest, now)
    }

    fn evidence<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Asked<'a, Vec<Evidence>> {
        self.store.evidence(bank, id)
    }

    fn decided<'a>(&'a self, bank: &'a BankId, id: &'a ConsentId) -> Asked<'a, Vec<Decided>> {
        self.store.decided(bank, id)
    }

    fn confirm<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> Asked<'a, bool> {
        self.store.confirm(bank, id, subject, now)
    }

    fn due<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
        limit: u16,
    ) -> Asked<'a, Vec<DueConsent>> {
        self.store.due(bank, now, limit)
    }

    fn spend<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> Asked<'a, Spend> {
        self.store.spend(bank, digest, day, max)
    }

    fn give_back<'a>(&'a self, bank: &'a BankId, digest: [u8; 32], day: Date) -> Asked<'a, ()> {
        self.store.give_back(bank, digest, day)
    }

    fn ended<'a>(&'a self, bank: &'a BankId, now: Timestamp) -> Asked<'a, Vec<EndedConsent>> {
        self.store.ended(bank, now)
    }
}

#[cfg(test)]
mod tests;
