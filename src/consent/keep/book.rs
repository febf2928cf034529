//! What is read of the store for a customer: theirs, and nobody else's (CO-25).

use jiff::Timestamp;
use model::ports::{AccessRow, Consent, DeskFault, Looker};
use model::{ClientId, ConsentId, ConsentState, PurposeId};

use super::Keeper;

/// How many the store gives at once.
const GIVEN_MAX: u16 = 50;
/// The most consents of a customer that are read: they are sorted, and searched by the names of
/// apps, which no store knows.
const READ_MAX: usize = 5_000;
/// The last page of accesses that is turned to: each is read through those before it.
pub(super) const ACCESS_PAGES_MAX: u32 = 40;

/// What a list needs of a consent.
pub(super) struct Entry {
    pub(super) id: ConsentId,
    pub(super) digest: [u8; 32],
    pub(super) client: ClientId,
    /// Where it stands now, whether or not anybody said so.
    pub(super) state: ConsentState,
    pub(super) purpose: Option<PurposeId>,
    pub(super) changed_at: Timestamp,
    /// When it ends, or until when it can be decided.
    pub(super) until: Option<Timestamp>,
    pub(super) was_in_force: bool,
}

impl Entry {
    fn of(consent: Consent, now: Timestamp) -> Self {
        let state = state(&consent, now);
        Self {
            state,
            changed_at: consent.changed_at,
            until: until(&consent, state),
            was_in_force: consent.terms.is_some(),
            purpose: consent.terms.and_then(|terms| terms.purpose),
            id: consent.id,
            digest: consent.digest,
            client: consent.client,
        }
    }
}

/// Where a consent stands at this instant: an end that has come is one, also before it is noted.
pub(super) fn state(consent: &Consent, now: Timestamp) -> ConsentState {
    match consent.state {
        ConsentState::Authorised if consent.expires.is_some_and(|end| end <= now) => {
            ConsentState::Expired
        }
        ConsentState::Requested | ConsentState::Reviewing | ConsentState::Confirming
            if consent.decide_until <= now =>
        {
            ConsentState::Lapsed
        }
        stands => stands,
    }
}

/// When what stands so ends, where that is known.
pub(super) fn until(consent: &Consent, state: ConsentState) -> Option<Timestamp> {
    match state {
        ConsentState::Requested | ConsentState::Reviewing | ConsentState::Confirming => {
            Some(consent.decide_until)
        }
        ConsentState::Authorised | ConsentState::Expired => consent.expires,
        ConsentState::Refused
        | ConsentState::Lapsed
        | ConsentState::Withdrawn
        | ConsentState::Superseded => None,
    }
}

impl Keeper {
    /// All of a customer's, the last changed first.
    pub(super) async fn entries(&self, looker: &Looker<'_>) -> Result<Vec<Entry>, DeskFault> {
        let (bank, subject) = (&self.settings.bank, looker.customer.subject);
        let mut entries = Vec::new();
        let mut after = None;
        loop {
            let consents = &self.ports.consents;
            let some = consents.of_customer(bank, subject, after.take(), GIVEN_MAX);
            let some = some.await?;
            let is_last = some.len() < usize::from(GIVEN_MAX);
            after = some.last().map(|one| (one.changed_at, one.id.clone()));
            let some = some.into_iter().map(|one| Entry::of(one, looker.now));
            entries.extend(some);
            if is_last || entries.len() >= READ_MAX {
                return Ok(entries);
            }
        }
    }

    /// The customer's consent of this id: what is another's, what there is not and what is no id
    /// are the same.
    pub(super) async fn own(
        &self,
        looker: &Looker<'_>,
        id: &str,
    ) -> Result<Option<Consent>, DeskFault> {
        let Ok(id) = ConsentId::parse(id) else {
            return Ok(None);
        };
        let found = self.ports.consents.find(&self.settings.bank, &id).await?;
        let subject = Some(looker.customer.subject);
        Ok(found.filter(|consent| consent.subject.as_deref() == subject))
    }

    /// A page of the accesses under a consent, the latest first, and whether there is another.
    pub(super) async fn accesses(
        &self,
        digest: [u8; 32],
        page: u32,
    ) -> Result<(Vec<AccessRow>, bool), DeskFault> {
        let (bank, accesses) = (&self.settings.bank, &self.ports.accesses);
        let mut after = None;
        let mut rows = Vec::new();
        for _ in 0..page.clamp(1, ACCESS_PAGES_MAX) {
            rows = accesses.of(bank, digest, after, GIVEN_MAX).await?;
            after = rows.last().map(|row| (row.at, row.request));
            if after.is_none() {
                break;
            }
        }
        let is_full = rows.len() == usize::from(GIVEN_MAX);
        let has_more = is_full && !accesses.of(bank, digest, after, 1).await?.is_empty();
        Ok((rows, has_more))
    }

    /// When data last went out under a consent.
    pub(super) async fn last_used(&self, digest: [u8; 32]) -> Result<Option<Timestamp>, DeskFault> {
        let bank = &self.settings.bank;
        let rows = self.ports.accesses.of(bank, digest, None, 1).await?;
        Ok(rows.first().map(|row| row.at))
    }
}
