//! What is read of the store for a customer: theirs, and nobody else's (CO-25).

use std::fmt;

use jiff::Timestamp;
use model::ports::{AccessRow, Consent, DeskFault, Looker};
use model::{ConsentId, ConsentState, RequestId};

use super::Keeper;

/// How many the store gives at once.
const GIVEN_MAX: u16 = 50;
/// The most consents of a customer that are read: they are sorted, and searched by the names of
/// apps, which no store knows.
const READ_MAX: usize = 5_000;

/// Where a consent stands, as its customer is told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// In this state, whether or not anybody said so.
    In(ConsentState),
    /// In force, but nothing is answered under it until the app asks once more.
    Paused,
}

impl Stands {
    /// Where a consent stands at this instant.
    pub(super) fn of(consent: &Consent, now: Timestamp) -> Self {
        match consent.paused_since(now) {
            Some(_) => Self::Paused,
            None => Self::In(consent.stands(now).0),
        }
    }

    /// The word for it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::In(state) => state.as_str(),
            Self::Paused => "paused",
        }
    }
}

/// The state of a consent at this instant.
pub(super) fn state(consent: &Consent, now: Timestamp) -> ConsentState {
    consent.stands(now).0
}

/// When what stands so at this instant ends, where that is known.
pub(super) fn until(consent: &Consent, now: Timestamp) -> Option<Timestamp> {
    match state(consent, now) {
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
    /// All of a customer's, the last changed first, without what was asked and is being chosen.
    pub(super) async fn all(&self, looker: &Looker<'_>) -> Result<Vec<Consent>, DeskFault> {
        let (bank, subject) = (&self.settings.bank, looker.customer.subject);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let consents = &self.ports.consents;
            let some = consents.of_customer(bank, subject, after.take(), GIVEN_MAX);
            let some = some.await?;
            let is_last = some.len() < usize::from(GIVEN_MAX);
            after = some.last().map(|one| (one.changed_at, one.id.clone()));
            all.extend(some.into_iter().map(|one| Consent {
                lodged: Vec::new(),
                draft: Vec::new(),
                ..one
            }));
            if is_last || all.len() >= READ_MAX {
                return Ok(all);
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

    /// The accesses under a consent that come after this place, the latest first, and the place
    /// after which there are others.
    pub(super) async fn accesses(
        &self,
        digest: [u8; 32],
        after: Option<Place>,
    ) -> Result<(Vec<AccessRow>, Option<Place>), DeskFault> {
        let (bank, accesses) = (&self.settings.bank, &self.ports.accesses);
        let after = after.map(|Place(at, request)| (at, request));
        let rows = accesses.of(bank, digest, after, GIVEN_MAX).await?;
        let is_full = rows.len() == usize::from(GIVEN_MAX);
        let last = rows.last().filter(|_| is_full);
        let Some(last) = last.map(|row| (row.at, row.request)) else {
            return Ok((rows, None));
        };
        let has_more = !accesses.of(bank, digest, Some(last), 1).await?.is_empty();
        Ok((rows, has_more.then_some(Place(last.0, last.1))))
    }

    /// When data last went out under a consent.
    pub(super) async fn last_used(&self, digest: [u8; 32]) -> Result<Option<Timestamp>, DeskFault> {
        let bank = &self.settings.bank;
        Ok(self.ports.accesses.last_given(bank, digest).await?)
    }
}

/// A place in the order of accesses: that of one of them. As text it stands in addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place(Timestamp, RequestId);

impl Place {
    /// The place of a text; `None` where it is none, which is before the latest.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (at, request) = text.split_once('.')?;
        let at = Timestamp::from_microsecond(at.parse().ok()?).ok()?;
        Some(Self(at, RequestId::parse(request)?))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(at, request) = self;
        write!(f, "{}.{request}", at.as_microsecond())
    }
}
