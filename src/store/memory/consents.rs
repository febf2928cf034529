//! `ports::Consents` in memory.

use std::collections::HashMap;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

use model::ports::{
    Change, Changed, Choices, Consent, Consents, Decided, DueConsent, EndedConsent, Keep, Lodge,
    Spend, StandingConsent, StoreUnavailable, Withdrawal,
};
use model::{BankId, By, ConsentId, ConsentState, Evidence, GrantEvent, GrantId, Why};

use super::spent::{give_back, spend};
use super::{Books, Memory, lock};
use crate::consent_life::{self, Next};
use crate::rim::{
    self, FORGOTTEN_PER_CHANGE, LAPSED_REMEMBERED, PAGE_MAX, UNDECIDED_PER_CLIENT_MAX, Unfit,
    instant,
};

/// A bank, and an id that is unique in it.
type Place = (BankId, ConsentId);

/// Every consent, and what is kept of each, in order.
#[derive(Debug, Default)]
pub(super) struct Book {
    consents: HashMap<Place, Consent>,
    evidence: HashMap<Place, Vec<Evidence>>,
}

impl Book {
    fn of_bank(&self, bank: &BankId) -> impl Iterator<Item = &Consent> {
        let all = self.consents.iter();
        all.filter(move |((of, _), _)| of == bank)
            .map(|(_, consent)| consent)
    }

    fn of_request(&self, bank: &BankId, request: [u8; 32]) -> Option<&Consent> {
        self.of_bank(bank)
            .find(|consent| consent.request == Some(request))
    }

    fn of_digest(&self, bank: &BankId, digest: [u8; 32]) -> Option<&Consent> {
        self.of_bank(bank).find(|consent| consent.digest == digest)
    }

    /// Forgets a few of what lapsed long ago before anybody logged in, the oldest first.
    fn forget(&mut self, now: Timestamp) {
        let until = now.saturating_sub(LAPSED_REMEMBERED).unwrap_or(now);
        let lapsed = self.consents.iter().filter(|(_, consent)| {
            consent.state == ConsentState::Lapsed
                && consent.subject.is_none()
                && consent.changed_at < until
        });
        let mut lapsed: Vec<_> = lapsed
            .map(|(place, consent)| (consent.changed_at, place.clone()))
            .collect();
        lapsed.sort_unstable();
        for (_, place) in lapsed.into_iter().take(FORGOTTEN_PER_CHANGE.into()) {
            self.consents.remove(&place);
            self.evidence.remove(&place);
        }
    }

    /// The consent of an id.
    pub(super) fn find(&self, bank: &BankId, id: &ConsentId) -> Option<&Consent> {
        self.consents.get(&(bank.clone(), id.clone()))
    }

    /// Whether what a consent is known by is no other's: it can be kept.
    pub(super) fn fits(&self, bank: &BankId, its: &Consent) -> Result<(), Unfit> {
        let is_taken = self.of_bank(bank).any(|other| {
            let is_request = its.request.is_some() && its.request == other.request;
            other.id != its.id && (other.digest == its.digest || is_request)
        });
        if is_taken {
            return Err(Unfit::Taken);
        }
        Ok(())
    }

    /// Keeps a consent, and what is kept of its change.
    pub(super) fn keep(&mut self, bank: &BankId, changed: Consent, evidence: Option<Evidence>) {
        let place = (bank.clone(), changed.id.clone());
        if let Some(evidence) = evidence {
            self.evidence
                .entry(place.clone())
                .or_default()
                .push(evidence);
        }
        self.consents.insert(place, changed);
    }

    /// See [`Consents::keep`].
    fn choose(
        &mut self,
        bank: &BankId,
        id: &ConsentId,
        mut choices: Choices,
        now: Timestamp,
    ) -> Result<Keep, Unfit> {
        let Some(consent) = self.find(bank, id) else {
            return Ok(Keep::Gone);
        };
        match consent_life::kept(consent.clone(), &mut choices, now) {
            Next::Gone => Ok(Keep::Gone),
            Next::Otherwise(state) => Ok(Keep::Otherwise(state)),
            Next::To(kept) => {
                self.fits(bank, &kept)?;
                self.keep(bank, *kept, None);
                Ok(Keep::Kept)
            }
        }
    }

    /// Withdraws the consent of a grant that was revoked, if it is in force.
    pub(super) fn end_with_grant(
        &mut self,
        bank: &BankId,
        grant: &GrantId,
        by: By,
        until: Timestamp,
        now: Timestamp,
    ) {
        let Some(consent) = self.find(bank, &grant.clone().into()) else {
            return;
        };
        let ended = consent_life::ended_with_grant(consent.clone(), by, until, now);
        if let Next::To(ended) = ended {
            self.keep(bank, *ended, None);
        }
    }
}

impl Books {
    fn lodge(
        &mut self,
        bank: &BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Lodge, Unfit> {
        let book = &mut self.consents;
        book.forget(now);
        let known = consent.request.and_then(|its| book.of_request(bank, its));
        if let Some(known) = known {
            return Ok(Lodge::Known(Box::new(known.clone())));
        }
        let undecided = book
            .of_bank(bank)
            .filter(|its| its.client == consent.client && its.state.is_undecided());
        if undecided.count() >= UNDECIDED_PER_CLIENT_MAX {
            return Ok(Lodge::Full);
        }
        if book.find(bank, &consent.id).is_some() {
            return Err(Unfit::Taken);
        }
        book.fits(bank, &consent)?;
        let room = self.outbox.room()?;
        book.keep(bank, consent, None);
        Ok(Lodge::Kept(room.post(event)))
    }

    /// Takes an edge, which `next` decides.
    pub(super) fn take(
        &mut self,
        bank: &BankId,
        id: &ConsentId,
        evidence: Option<Evidence>,
        event: GrantEvent,
        next: impl FnOnce(Consent, &GrantEvent) -> Result<Next, Unfit>,
    ) -> Result<Changed, Unfit> {
        let book = &mut self.consents;
        let Some(consent) = book.find(bank, id) else {
            return Ok(Changed::Gone);
        };
        match next(consent.clone(), &event)? {
            Next::Gone => Ok(Changed::Gone),
            Next::Otherwise(state) => Ok(Changed::Otherwise(state)),
            Next::To(changed) => {
                book.fits(bank, &changed)?;
                let room = self.outbox.room()?;
                book.keep(bank, *changed, evidence);
                Ok(Changed::Done(room.post(event)))
            }
        }
    }

    fn withdraw(
        &mut self,
        bank: &BankId,
        id: &ConsentId,
        mut withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Changed, Unfit> {
        let (evidence, until) = (withdrawal.evidence.take(), withdrawal.tokens_until);
        let changed = self.take(bank, id, evidence, event, |consent, event| {
            let way = consent_life::way_of(event);
            Ok(consent_life::withdrawn(consent, &mut withdrawal, way, now))
        })?;
        if matches!(changed, Changed::Done(_)) {
            self.grants
                .live_on(bank, id.grant(), |life| life.revoked(until));
        }
        Ok(changed)
    }
}

/// See [`Consents::of_customer`].
fn page(
    book: &Book,
    bank: &BankId,
    subject: &str,
    after: Option<&(Timestamp, ConsentId)>,
    limit: u16,
) -> Vec<Consent> {
    let theirs = book
        .of_bank(bank)
        .filter(|consent| consent.subject.as_deref() == Some(subject));
    let is_after = |consent: &Consent| {
        after.is_none_or(|(at, id)| {
            let at = instant(*at);
            consent.changed_at < at || (consent.changed_at == at && consent.id > *id)
        })
    };
    let mut theirs: Vec<_> = theirs
        .filter(|consent| is_after(consent))
        .cloned()
        .collect();
    theirs.sort_by(|a, b| (b.changed_at, &a.id).cmp(&(a.changed_at, &b.id)));
    theirs.truncate(limit.min(PAGE_MAX).into());
    theirs
}

/// See [`Consents::due`].
fn due(book: &Book, bank: &BankId, now: Timestamp, limit: u16) -> Vec<DueConsent> {
    let since = |consent: &Consent| match consent.state {
        state if state.is_undecided() => Some(consent.decide_until),
        ConsentState::Authorised => consent.expires,
        _ => None,
    };
    let due = book.of_bank(bank).filter_map(|consent| {
        let since = since(consent).filter(|since| *since <= now)?;
        Some((since, consent))
    });
    let mut due: Vec<_> = due.collect();
    due.sort_by(|(a, one), (b, other)| (a, &one.id).cmp(&(b, &other.id)));
    due.truncate(limit.into());
    due.into_iter()
        .map(|(_, consent)| (consent.id.clone(), consent.state, consent.version))
        .collect()
}

impl Consents for Memory {
    fn lodge<'a>(
        &'a self,
        bank: &'a BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Lodge, StoreUnavailable>> {
        Box::pin(async move {
            self.change("keeping a consent", |books| {
                let (consent, event) = (rim::lodged(consent)?, rim::event(event)?);
                books.lodge(bank, consent, instant(now), event)
            })
        })
    }

    fn change<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        change: Change,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>> {
        Box::pin(async move {
            self.change("changing a consent", |books| {
                let mut change = rim::change(change)?;
                let event = rim::event_with(event, change.evidence.as_ref())?;
                let evidence = change.evidence.take();
                books.take(bank, id, evidence, event, |consent, event| {
                    consent_life::changed(consent, &mut change, event, instant(now))
                })
            })
        })
    }

    fn keep<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        choices: Choices,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Keep, StoreUnavailable>> {
        Box::pin(async move {
            self.change("keeping what was chosen", |books| {
                let choices = rim::choices(choices)?;
                books.consents.choose(bank, id, choices, instant(now))
            })
        })
    }

    fn withdraw<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>> {
        Box::pin(async move {
            self.change("ending a consent", |books| {
                let withdrawal = rim::withdrawal(withdrawal)?;
                let event = rim::event_with(event, withdrawal.evidence.as_ref())?;
                books.withdraw(bank, id, withdrawal, instant(now), event)
            })
        })
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            Ok(books.consents.find(bank, id).cloned())
        })
    }

    fn of_request<'a>(
        &'a self,
        bank: &'a BankId,
        request: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            Ok(books.consents.of_request(bank, request).cloned())
        })
    }

    fn of_customer<'a>(
        &'a self,
        bank: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<Consent>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            Ok(page(&books.consents, bank, subject, after.as_ref(), limit))
        })
    }

    fn terms<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<StandingConsent>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let found = books.consents.of_digest(bank, digest);
            Ok(found.map(|its| {
                consent_life::standing(its.state, its.expires, its.terms.clone(), instant(now))
            }))
        })
    }

    fn evidence<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Evidence>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let kept = books.consents.evidence.get(&(bank.clone(), id.clone()));
            Ok(kept.cloned().unwrap_or_default())
        })
    }

    fn decided<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Decided>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let kept = books.consents.evidence.get(&(bank.clone(), id.clone()));
            let kept = kept.into_iter().flatten();
            Ok(kept.map(|one| (one.edge, one.by, one.at)).collect())
        })
    }

    fn confirm<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        Box::pin(async move {
            let mut books = lock(&self.books);
            let book = &mut books.consents;
            let found = book.find(bank, id).cloned();
            let confirmed =
                found.and_then(|its| consent_life::confirmed(its, subject, instant(now)));
            let is_confirmed = confirmed.is_some();
            if let Some(confirmed) = confirmed {
                book.keep(bank, confirmed, None);
            }
            Ok(is_confirmed)
        })
    }

    fn due<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<DueConsent>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            Ok(due(&books.consents, bank, instant(now), limit))
        })
    }

    fn spend<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'a, Result<Spend, StoreUnavailable>> {
        Box::pin(async move {
            let key = (day, bank.clone(), digest);
            Ok(spend(&mut lock(&self.spent), key, max))
        })
    }

    fn give_back<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        Box::pin(async move {
            let key = (day, bank.clone(), digest);
            give_back(&mut lock(&self.spent), &key);
            Ok(())
        })
    }

    fn ended<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<EndedConsent>, StoreUnavailable>> {
        Box::pin(async move {
            let (now, books) = (instant(now), lock(&self.books));
            let ended = books.consents.of_bank(bank).filter_map(|consent| {
                let until = consent.ended_until.filter(|until| now < *until)?;
                Some((consent.digest, Why::of(consent.state)?, until))
            });
            let mut ended: Vec<_> = ended.collect();
            ended.sort_unstable_by_key(|(digest, _, _)| *digest);
            Ok(ended)
        })
    }
}
