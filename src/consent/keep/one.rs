//! One consent, as its customer is told it: all of what was given, and a page of what was read
//! under it.

mod sample;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{self, Offset};
use model::ports::{AccessRow, Consent, DeskFault, Looker, Outcome};
use model::{ConsentId, ConsentState, Fault, Terms};
use serde::Serialize;
use web::{Arg, text};

use super::book::{self, Place, Stands};
use super::decided::Decision;
use super::given::{Account, Cluster, Table, Value};
use super::moment::Moment;
use super::remind::Remind;
use super::told::{App, reason};
use super::{Keeper, language};

/// The banks' zone: their months begin at midnight there.
const ZONE: Offset = tz::offset(8);

/// One consent.
#[derive(Debug, Serialize)]
pub(super) struct One {
    pub(super) id: String,
    pub(super) app: String,
    legal: Option<String>,
    /// By which the bank knows the partner.
    partner_number: Option<String>,
    contact: Option<String>,
    state: &'static str,
    says: String,
    pub(super) is_in_force: bool,
    /// Since when nothing is answered under it, until the app asks once more.
    paused: Option<Moment>,
    /// Whether they still need it, while it is in force.
    remind: Option<Remind>,
    purpose: Option<String>,
    keep_days: Option<u16>,
    data: Option<Days>,
    /// How often a day data may be asked for while the customer is away.
    per_day: Option<u32>,
    clusters: Vec<Cluster>,
    accounts: Vec<Account>,
    /// How many accounts the bank does not name now.
    unnamed: usize,
    values: Vec<Value>,
    /// What the app asked for in detail, and is held to by the bank alone.
    details: Vec<Table>,
    given: Option<Moment>,
    until: Option<Moment>,
    ended: Option<Moment>,
    ended_by: Option<String>,
    reason: Option<String>,
    replaces: Option<Link>,
    replaced_by: Option<Link>,
    decisions: Vec<Decision>,
    #[serde(flatten)]
    used: Used,
    receipt: Option<String>,
    withdraw: Option<String>,
}

/// What was read under a consent.
#[derive(Debug, Serialize)]
struct Used {
    accesses: Vec<Access>,
    /// How often data went out since the month began.
    this_month: u64,
    /// The page of the latest accesses, where this is another.
    latest: Option<String>,
    next: Option<String>,
}

/// The days of which data is covered.
#[derive(Debug, Serialize)]
struct Days {
    /// The first; none: from the beginning.
    from: Option<String>,
    /// The last; none: to the end.
    until: Option<String>,
    says: String,
}

/// Another consent.
#[derive(Debug, Serialize)]
struct Link {
    id: String,
    href: String,
}

/// An access.
#[derive(Debug, Serialize)]
struct Access {
    at: String,
    moment: String,
    /// What the product is called.
    product: String,
    product_id: String,
    /// The kinds of data that went out.
    what: String,
    /// What came of it: `given`, `refused`, `unanswered` or `unknown`.
    outcome: &'static str,
    /// The same in words.
    answer: String,
    is_good: bool,
    status: u16,
    attended: bool,
    request: String,
}

impl Link {
    fn to(looker: &Looker<'_>, id: Option<&ConsentId>) -> Option<Self> {
        id.map(|id| Self {
            id: id.to_string(),
            href: format!("{}/{id}", looker.path),
        })
    }
}

impl Keeper {
    /// All of what was given, and of what was read under it those after a place.
    pub(super) async fn one(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
        after: &str,
    ) -> Result<One, DeskFault> {
        let (language, now) = (language(looker)?, looker.now);
        let stands = Stands::of(consent, now);
        let (state, since) = consent.stands(now);
        let moment = |at| Moment::of(at, language);
        let app = App::of(looker, &consent.client)?;
        let terms = consent.terms.as_ref();
        let purpose = terms.and_then(|terms| terms.purpose.as_ref());
        let purpose = purpose.and_then(|id| self.settings.catalogue.purpose(id));
        let (accounts, unnamed) = self.accounts(looker, terms).await;
        let here = format!("{}/{}", looker.path, consent.id);
        let has_receipt = self.has_receipt(consent).await?;
        let by = consent.ended_by.filter(|_| state.is_end());
        let is_in_force = state == ConsentState::Authorised;
        Ok(One {
            id: consent.id.to_string(),
            app: app.name,
            legal: app.legal,
            partner_number: app.number,
            contact: app.contact,
            state: stands.as_str(),
            says: self.state_words(looker, stands)?,
            is_in_force,
            paused: consent.paused_since(now).map(moment),
            remind: self.remind(looker, consent)?,
            purpose: purpose
                .map(|one| text::line(one.say.in_language(language)))
                .transpose()?,
            keep_days: purpose.map(|one| one.keep_days),
            data: self.days(looker, terms)?,
            per_day: terms
                .filter(|terms| !terms.clusters.is_empty())
                .map(|terms| terms.per_day_unattended),
            clusters: self.clusters(terms, language)?,
            accounts,
            unnamed,
            values: self.values(terms, language)?,
            details: self.details(consent, language)?,
            given: terms.map(|terms| moment(terms.authorised_at)),
            until: book::until(consent, now).map(moment),
            ended: state.is_end().then(|| moment(since)),
            ended_by: by.map(|by| self.by_words(looker, by)).transpose()?,
            reason: reason(consent, now),
            replaces: Link::to(looker, consent.replaces.as_ref()),
            replaced_by: Link::to(looker, consent.replaced_by.as_ref()),
            decisions: self.decisions(looker, consent).await?,
            used: self.used(looker, consent, after).await?,
            receipt: has_receipt.then(|| format!("{here}/receipt")),
            withdraw: is_in_force.then(|| format!("{here}/withdraw")),
        })
    }

    /// What was read under a consent after a place, and how often this month.
    async fn used(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
        after: &str,
    ) -> Result<Used, DeskFault> {
        let after = Place::parse(after);
        let (rows, next) = self.accesses(consent.digest, after).await?;
        let rows = rows.iter().map(|row| self.access(looker, row));
        let here = format!("{}/{}", looker.path, consent.id);
        let (bank, month) = (&self.settings.bank, month(looker.now)?);
        let this_month = self.ports.accesses.given_since(bank, consent.digest, month);
        Ok(Used {
            accesses: rows.collect::<Result<_, Fault>>()?,
            this_month: this_month.await?,
            latest: after.map(|_| here.clone()),
            next: next.map(|place| format!("{here}?after={place}")),
        })
    }

    /// The days of which data is covered; `None` of all days.
    fn days(&self, looker: &Looker<'_>, terms: Option<&Terms>) -> Result<Option<Days>, Fault> {
        let days = terms.map(|terms| (terms.data_from, terms.data_until));
        let Some((from, until)) = days.filter(|(from, until)| from.or(*until).is_some()) else {
            return Ok(None);
        };
        let language = language(looker)?;
        let say = |day: Option<Date>| day.map(|day| web::date(day, language)).unwrap_or_default();
        let (first, last) = (say(from), say(until));
        let (first, last) = (Arg::Text(&first), Arg::Text(&last));
        let says = match (from, until) {
            (Some(_), Some(_)) => self.say(
                looker,
                "permission-days-between",
                &[("from", first), ("until", last)],
            ),
            (Some(_), None) => self.say(looker, "permission-days-from", &[("from", first)]),
            (None, _) => self.say(looker, "permission-days-until", &[("until", last)]),
        };
        Ok(Some(Days {
            from: from.map(|day| day.to_string()),
            until: until.map(|day| day.to_string()),
            says: says?,
        }))
    }

    fn access(&self, looker: &Looker<'_>, row: &AccessRow) -> Result<Access, Fault> {
        let language = language(looker)?;
        let given = row.clusters.iter();
        let what: Vec<&str> = given.map(|id| self.cluster_words(id, language)).collect();
        let joint = self.say(looker, "joint", &[])?;
        let outcome = row.outcome();
        let title = self.settings.products.get(&row.product);
        let title = title.map_or(row.product.as_str(), String::as_str);
        Ok(Access {
            at: row.at.to_string(),
            moment: web::moment(row.at, language),
            product: text::beginning(title),
            product_id: row.product.to_string(),
            what: text::beginning(&what.join(&joint)),
            outcome: outcome.as_str(),
            answer: self.say(looker, &format!("answer-{}", outcome.as_str()), &[])?,
            is_good: outcome == Outcome::Given,
            status: row.status,
            attended: row.attended,
            request: row.request.to_string(),
        })
    }
}

/// When this month began.
fn month(now: Timestamp) -> Result<Timestamp, Fault> {
    let first = ZONE.to_datetime(now).date().first_of_month();
    ZONE.to_timestamp(first.at(0, 0, 0, 0))
        .map_err(|cause| Fault::caused("finding the beginning of a month", cause))
}
