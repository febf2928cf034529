//! `ports::Sessions` in memory.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{Posted, Session, Sessions, StoreUnavailable};
use model::{BankId, GrantEvent};

use super::{Books, Memory, lock};
use crate::expiring::Expiring;
use crate::rim::{self, SESSIONS_PER_SUBJECT_MAX, Unfit};

/// A bank, and the digest of a session's secret.
type Place = (BankId, [u8; 32]);

/// The sessions, each until it expires.
#[derive(Debug, Default)]
pub(super) struct Book(Expiring<Place, Session>);

impl Book {
    /// Ends what its customer has too many of, those that expire first.
    fn thin_out(&mut self, bank: &BankId, subject: &str) {
        let theirs = self
            .0
            .all()
            .filter(|((of, _), _, session)| of == bank && session.subject == subject);
        let mut theirs: Vec<_> = theirs.map(|(place, until, _)| (until, place.1)).collect();
        theirs.sort_unstable();
        let too_many = theirs
            .len()
            .saturating_sub(usize::from(SESSIONS_PER_SUBJECT_MAX));
        for (_, digest) in theirs.iter().take(too_many) {
            self.0.remove(&(bank.clone(), *digest));
        }
    }

    fn live(&self, place: &Place, now: Timestamp) -> Option<&Session> {
        let (until, session) = self.0.find(place)?;
        (now < until).then_some(session)
    }
}

impl Books {
    fn begin(
        &mut self,
        bank: &BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Posted, Unfit> {
        self.sessions.0.forget(now);
        let place = (bank.clone(), session.digest);
        if self.sessions.0.has(&place) {
            return Err(Unfit::Taken);
        }
        let room = self.outbox.room()?;
        if let Some(former) = former {
            self.sessions.0.remove(&(bank.clone(), former));
        }
        let subject = session.subject.clone();
        self.sessions.0.keep(place, session.expires, session);
        self.sessions.thin_out(bank, &subject);
        Ok(room.post(event))
    }
}

impl Sessions for Memory {
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Posted, StoreUnavailable>> {
        Box::pin(async move {
            let begun = || {
                let (session, event) = (rim::session(session)?, rim::event(event)?);
                lock(&self.books).begin(bank, session, former, rim::instant(now), event)
            };
            begun().map_err(|unfit| unfit.while_doing("beginning a session"))
        })
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Session>, StoreUnavailable>> {
        Box::pin(async move {
            let books = lock(&self.books);
            let place = (bank.clone(), digest);
            Ok(books.sessions.live(&place, rim::instant(now)).cloned())
        })
    }

    fn end<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        Box::pin(async move {
            let mut books = lock(&self.books);
            let place = (bank.clone(), digest);
            let was_live = books.sessions.live(&place, rim::instant(now)).is_some();
            books.sessions.0.remove(&place);
            Ok(was_live)
        })
    }
}
