//! The consent desk: one file each for how a customer is seated, what they see, what their forms
//! lead to, the second factor, and how a visit ends. The order of the pages stands in `act.rs`.

mod act;
mod confirm;
mod end;
mod plain;
mod seat;
mod show;

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use model::ports::{
    Answer, AskedFor, Consent, ConsentDesk, DeskFault, DeskSaid, DeskStep, MayAsk, OwnAccount,
    Posted, Seat, StoreUnavailable,
};
use model::{By, Channel, ConsentId, ConsentPart, ConsentState, Fault, GrantId, Scope};
use web::{Language, Pages};

use self::end::Ended;
pub(crate) use self::show::whole;
use crate::asked::{self, Wish};
use crate::catalogue::Accounts;
use crate::draft::Draft;
use crate::page;
use crate::settings::{DeskPorts, DeskSettings};

/// How long the bank may take to answer.
const BANK_PATIENCE: Duration = Duration::from_secs(10);
/// The most members of a form.
const MEMBERS_MAX: usize = 100;

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
        let pages = page::pages()?;
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
        let may = Wish::of(&self.settings, &asked).map_or_else(|not| not, |_| MayAsk::Yes);
        Box::pin(async move { Ok(may) })
    }

    fn show<'a>(&'a self, seat: Seat<'a>) -> BoxFuture<'a, DeskSaid> {
        Box::pin(async move {
            let mut visit = Visit {
                desk: self,
                seat,
                posted: Vec::new(),
            };
            (visit.show().await, visit.posted)
        })
    }

    fn act<'a>(&'a self, seat: Seat<'a>, answer: Answer<'a>) -> BoxFuture<'a, DeskSaid> {
        Box::pin(async move {
            let mut visit = Visit {
                desk: self,
                seat,
                posted: Vec::new(),
            };
            (visit.act(answer).await, visit.posted)
        })
    }
}

/// One call of the desk.
struct Visit<'a> {
    desk: &'a Desk,
    seat: Seat<'a>,
    /// The events of what took hold.
    posted: Vec<Posted>,
}

/// A consent that the customer decides about.
struct Case {
    consent: Consent,
    draft: Draft,
}

/// What a step of a visit comes to.
type Stepped = Result<DeskStep, DeskFault>;

impl<'a> Visit<'a> {
    /// What is asked for; or how the visit ends because it must not be asked for any more.
    fn wish(&self) -> Result<Wish<'a>, Ended> {
        Wish::of(&self.desk.settings, &self.seat.asked).map_err(|not| match not {
            MayAsk::Scope => end::failed("invalid_scope"),
            MayAsk::Details => end::failed("invalid_authorization_details"),
            MayAsk::Yes => end::failed("access_denied"),
        })
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
        }
    }
}

/// The bank does not answer: soon it may.
fn unavailable(cause: model::ports::CustomersUnavailable) -> DeskFault {
    DeskFault::Unavailable(Box::new(cause))
}

#[cfg(test)]
mod tests;
