//! The consent desk: one file each for how a customer is seated, what they see, what their forms
//! lead to, the second factor, and how a visit ends. The order of the pages stands in `act.rs`.

mod act;
mod confirm;
mod course;
mod end;
mod fold;
mod gone;
mod plain;
mod renewal;
mod seat;
mod show;
mod stop;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::ports::{
    Answer, AskedFor, Consent, ConsentDesk, DeskFault, DeskSaid, DeskStep, MayAsk, OwnAccount,
    Posted, Seat, StoreUnavailable,
};
use model::{By, Channel, ConsentId, ConsentPart, ConsentState, Fault, GrantId, Scope};
use web::{Language, Pages};

use self::course::Course;
use self::end::Ended;
pub(crate) use self::end::change;
pub(crate) use self::show::whole;
use crate::asked::{self, Wish};
use crate::catalogue::Accounts;
use crate::draft::Draft;
use crate::lodged::{Before, Named};
use crate::page;
use crate::settings::{DeskPorts, DeskSettings};

/// How long the bank may take to answer.
const BANK_PATIENCE: Duration = Duration::from_secs(10);
/// The most members of a form: every account that a bank may list ticked, and the form's own.
const MEMBERS_MAX: usize = 200 + 10;

/// The consent desk of one bank.
pub struct Desk {
    settings: DeskSettings,
    ports: DeskPorts,
    pages: Pages,
    text_version: [u8; 32],
}

impl Desk {
    /// A desk that goes by these settings. Fails when a text or template of ours cannot be read.
    pub fn new(settings: DeskSettings, ports: DeskPorts) -> Result<Self, Fault> {
        let pages = page::pages(&settings.own)?;
        let version = [settings.catalogue.version(), pages.text_version()].concat();
        Ok(Self {
            settings,
            ports,
            pages,
            text_version: crypto::sha256(&version),
        })
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("bank", &self.settings.bank)
            .finish_non_exhaustive()
    }
}

impl ConsentDesk for Desk {
    fn has_scope(&self, scope: &Scope) -> bool {
        asked::has_scope(&self.settings.catalogue, scope)
    }

    fn may_ask<'a>(
        &'a self,
        asked: AskedFor<'a>,
    ) -> BoxFuture<'a, Result<MayAsk, StoreUnavailable>> {
        Box::pin(async move { self.may(asked).await })
    }

    fn show<'a>(&'a self, seat: Seat<'a>) -> BoxFuture<'a, DeskSaid> {
        Box::pin(async move {
            let before = match self.before(&seat.asked).await {
                Ok(before) => before,
                Err(said) => return (said, Vec::new()),
            };
            let mut visit = Visit::of(self, seat, before.as_ref());
            (visit.show().await, visit.posted)
        })
    }

    fn act<'a>(&'a self, seat: Seat<'a>, answer: Answer<'a>) -> BoxFuture<'a, DeskSaid> {
        Box::pin(async move {
            let before = match self.before(&seat.asked).await {
                Ok(before) => before,
                Err(said) => return (said, Vec::new()),
            };
            let mut visit = Visit::of(self, seat, before.as_ref());
            (visit.act(answer).await, visit.posted)
        })
    }
}

impl Desk {
    async fn may(&self, asked: AskedFor<'_>) -> Result<MayAsk, StoreUnavailable> {
        let before = match Named::read(asked.details) {
            Ok(None) => Ok(None),
            Ok(Some(named)) => self.named(&asked, &named).await?,
            Err(not) => Err(not),
        };
        Ok(match before {
            Err(not) => not,
            Ok(Some(before)) if !before.may_be_asked(asked.now) => MayAsk::Details,
            Ok(Some(before)) => {
                let asked = before.asked(asked);
                may(Wish::of_lodged(&self.settings, &asked, &before.lodged))
            }
            Ok(None) => match Wish::of(&self.settings, &asked) {
                Ok(wish) => match self.course(&asked, &wish).await? {
                    Ok(_) => MayAsk::Yes,
                    Err(not) => not,
                },
                Err(not) => not,
            },
        })
    }

    /// The consent that an app names, and that waits for its customer; `None` of one that is in
    /// force, which has a course of its own; or why it must not be named.
    async fn named(
        &self,
        asked: &AskedFor<'_>,
        named: &Named,
    ) -> Result<Result<Option<Before>, MayAsk>, StoreUnavailable> {
        let consents = &self.ports.consents;
        let found = consents.find(&self.settings.bank, &named.id).await?;
        let is_given = |consent: &Consent| consent.state == ConsentState::Authorised;
        if found.as_ref().is_some_and(is_given) {
            return Ok(Ok(None));
        }
        let before = Before::of(asked, named, found).map_err(|fault| StoreUnavailable {
            doing: "reading what was lodged",
            source: Some(Box::new(fault)),
        })?;
        Ok(before.map(Some))
    }

    /// The consent that the app of a seat names, if it names one that waits for its customer; or
    /// how the visit ends.
    async fn before(&self, asked: &AskedFor<'_>) -> Result<Option<Before>, Stepped> {
        let before = match Named::read(asked.details) {
            Ok(None) => return Ok(None),
            Ok(Some(named)) => self.named(asked, &named).await,
            Err(not) => Ok(Err(not)),
        };
        match before {
            Ok(Ok(before)) => Ok(before),
            Ok(Err(not)) => Err(Ok(DeskStep::Over(may_not(not)))),
            Err(cause) => Err(Err(cause.into())),
        }
    }
}

fn may(wish: Result<Wish<'_>, MayAsk>) -> MayAsk {
    wish.map_or_else(|not| not, |_| MayAsk::Yes)
}

/// How a visit ends whose request must not be asked any more.
fn may_not(not: MayAsk) -> Ended {
    match not {
        MayAsk::Scope => end::failed("invalid_scope"),
        MayAsk::Details => end::failed("invalid_authorization_details"),
        MayAsk::Yes => end::failed("access_denied"),
    }
}

/// One call of the desk.
struct Visit<'a> {
    desk: &'a Desk,
    seat: Seat<'a>,
    /// The consent that the app names, where it does; then the seat's details are its.
    before: Option<&'a Before>,
    /// The events of what took hold.
    posted: Vec<Posted>,
}

/// A consent that the customer decides about.
struct Case {
    consent: Consent,
    draft: Draft,
    course: Course,
}

/// What a step of a visit comes to.
type Stepped = Result<DeskStep, DeskFault>;

impl<'a> Visit<'a> {
    fn of(desk: &'a Desk, mut seat: Seat<'a>, before: Option<&'a Before>) -> Self {
        if let Some(before) = before {
            seat.asked = before.asked(seat.asked);
        }
        Self {
            desk,
            seat,
            before,
            posted: Vec::new(),
        }
    }

    /// What is asked for; or how the visit ends because it must not be asked for any more.
    fn wish(&self) -> Result<Wish<'a>, Ended> {
        let (settings, asked) = (&self.desk.settings, &self.seat.asked);
        let wish = match self.before {
            Some(before) => Wish::of_lodged(settings, asked, &before.lodged),
            None => Wish::of(settings, asked),
        };
        wish.map_err(may_not)
    }

    /// Whether the customer decides on the app alone, on one page. What was lodged is there to be
    /// decided, whatever it opens by now.
    fn is_plain(&self, wish: &Wish<'_>) -> bool {
        wish.is_plain() && self.before.is_none() && wish.named.is_none()
    }

    fn language(&self) -> Result<Language, Fault> {
        let tag = self.seat.page.language;
        Language::ALL
            .into_iter()
            .find(|language| language.tag() == tag)
            .ok_or_else(|| Fault::new("showing a page in a language that it is not written in"))
    }

    /// The customer's accounts by the bank's word of now; none where none are chosen.
    async fn accounts(&self, wish: &Wish<'_>) -> Result<Vec<OwnAccount>, DeskFault> {
        if wish.accounts == Accounts::None {
            return Ok(Vec::new());
        }
        let seat = &self.seat;
        let (subject, request) = (seat.customer.subject, seat.request_id);
        let accounts = self.desk.ports.accounts.as_ref();
        let listed = accounts.list(subject, request, seat.interaction, BANK_PATIENCE);
        listed.await.map_err(unavailable)
    }

    /// The id of a consent to be.
    fn new_id(&self) -> Result<ConsentId, Fault> {
        let random = crypto::random_array::<16>(self.desk.ports.random.as_ref());
        let id = GrantId::parse(&crypto::base64url(&random))
            .map_err(|cause| Fault::caused("making the id of a consent", cause))?;
        Ok(ConsentId::from(id))
    }

    /// What records tell of an edge that the customer takes on a page.
    fn part(
        &self,
        from: Option<ConsentState>,
        to: ConsentState,
        wish: &Wish<'_>,
        accounts: usize,
    ) -> ConsentPart {
        ConsentPart {
            from,
            to,
            by: By::Customer,
            channel: Channel::Page,
            text_version: Some(self.desk.text_version),
            customer: Some(self.seat.customer.pseudonym),
            clusters: wish.clusters.iter().map(|(id, _)| (*id).clone()).collect(),
            resources: u32::try_from(accounts).unwrap_or(u32::MAX),
            evidence_digest: None,
        }
    }
}

/// The bank does not answer: soon it may.
fn unavailable(cause: model::ports::CustomersUnavailable) -> DeskFault {
    DeskFault::Unavailable(Box::new(cause))
}

#[cfg(test)]
mod tests;
