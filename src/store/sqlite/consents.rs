//! `ports::Consents` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::Connection;

use model::ports::{
    Change, Changed, Choices, Consent, Consents, Decided, DueConsent, EndedConsent, Keep, Lodge,
    Spend, StandingConsent, StoreUnavailable, Withdrawal,
};
use model::{BankId, ConsentId, Evidence, GrantEvent};

use super::Sqlite;
use super::forget::{Expired, forget};
use super::outbox::post;
use super::writer::Undone;
use crate::consent_life;
use crate::rim::{self, LAPSED_REMEMBERED, instant};

mod days;
pub(super) mod edges;
mod ends;
pub(super) mod rows;

impl Consents for Sqlite {
    fn lodge<'a>(
        &'a self,
        bank: &'a BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Lodge, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| lodge(c, &bank, consent, now, event);
        Box::pin(self.writer.carry_out("keeping a consent", work))
    }

    fn change<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        change: Change,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let work = move |connection: &Connection| {
            let mut change = rim::change(change)?;
            let event = rim::event_with(event, change.evidence.as_ref())?;
            let evidence = change.evidence.take();
            edges::take(connection, &bank, &id, evidence, event, |consent, event| {
                Ok(consent_life::changed(
                    consent,
                    &mut change,
                    event,
                    instant(now),
                )?)
            })
        };
        Box::pin(self.writer.carry_out("changing a consent", work))
    }

    fn keep<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        choices: Choices,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Keep, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let work = move |c: &Connection| edges::keep(c, &bank, &id, choices, instant(now));
        Box::pin(self.writer.carry_out("keeping what was chosen", work))
    }

    fn withdraw<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let work = move |connection: &Connection| {
            let mut withdrawal = rim::withdrawal(withdrawal)?;
            let event = rim::event_with(event, withdrawal.evidence.as_ref())?;
            let (now, until) = (instant(now), withdrawal.tokens_until);
            let evidence = withdrawal.evidence.take();
            let changed =
                edges::take(connection, &bank, &id, evidence, event, |consent, event| {
                    let way = consent_life::way_of(event);
                    Ok(consent_life::withdrawn(consent, &mut withdrawal, way, now))
                })?;
            if matches!(changed, Changed::Done(_)) {
                edges::end_grant(connection, &bank, id.grant(), until)?;
            }
            Ok::<_, Undone>(changed)
        };
        Box::pin(self.writer.carry_out("ending a consent", work))
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let question = move |c: &Connection| rows::of_id(c, &bank, &id);
        Box::pin(self.reader.ask("finding a consent", question))
    }

    fn of_request<'a>(
        &'a self,
        bank: &'a BankId,
        request: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| rows::of_request(c, &bank, request);
        Box::pin(self.reader.ask("finding a request's consent", question))
    }

    fn of_customer<'a>(
        &'a self,
        bank: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<Consent>, StoreUnavailable>> {
        let (bank, subject) = (bank.clone(), subject.to_owned());
        let question = move |c: &Connection| rows::of_customer(c, &bank, &subject, after, limit);
        Box::pin(self.reader.ask("listing a customer's consents", question))
    }

    fn terms<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<StandingConsent>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |connection: &Connection| {
            let found = rows::terms(connection, &bank, digest)?;
            Ok(found.map(|(state, expires, terms)| {
                consent_life::standing(state, expires, terms, instant(now))
            }))
        };
        Box::pin(self.reader.ask("finding a consent's terms", question))
    }

    fn evidence<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Evidence>, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let question = move |c: &Connection| rows::evidence(c, &bank, &id);
        Box::pin(self.reader.ask("reading a consent's evidence", question))
    }

    fn decided<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Decided>, StoreUnavailable>> {
        let (bank, id) = (bank.clone(), id.clone());
        let question = move |c: &Connection| rows::decided(c, &bank, &id);
        Box::pin(self.reader.ask("listing what was decided", question))
    }

    fn confirm<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        let (bank, id, subject) = (bank.clone(), id.clone(), subject.to_owned());
        let work = move |c: &Connection| {
            let confirmed = edges::confirm(c, &bank, &id, &subject, instant(now));
            confirmed.map_err(Undone::from)
        };
        Box::pin(self.writer.carry_out("confirming a consent", work))
    }

    fn due<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<DueConsent>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| ends::due(c, &bank, instant(now), limit);
        Box::pin(self.reader.ask("listing consents that are due", question))
    }

    fn spend<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'a, Result<Spend, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| days::spend(c, &bank, digest, day, max);
        Box::pin(self.writer.carry_out("spending an access", work))
    }

    fn give_back<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| days::give_back(c, &bank, digest, day);
        Box::pin(self.writer.carry_out("giving an access back", work))
    }

    fn ended<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<EndedConsent>, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| ends::ended(c, &bank, instant(now));
        Box::pin(
            self.reader
                .ask("listing consents that have ended", question),
        )
    }
}

/// See [`Consents::lodge`].
fn lodge(
    connection: &Connection,
    bank: &BankId,
    consent: Consent,
    now: Timestamp,
    event: GrantEvent,
) -> Result<Lodge, Undone> {
    let (consent, event) = (rim::lodged(consent)?, rim::event(event)?);
    let long_ago = now.saturating_sub(LAPSED_REMEMBERED).unwrap_or(now);
    forget(connection, Expired::LapsedConsents, long_ago)?;
    let known = match consent.request {
        Some(request) => rows::of_request(connection, bank, request)?,
        None => None,
    };
    if let Some(known) = known {
        return Ok(Lodge::Known(Box::new(known)));
    }
    if rows::has_too_many(connection, bank, &consent.client)? {
        return Ok(Lodge::Full);
    }
    rows::add(connection, bank, &consent)?;
    post(connection, event).map(Lodge::Kept)
}
