//! What a customer is told of what they gave: the same value is the page and the JSON.

use jiff::Timestamp;
use jiff::tz::{self, Offset};
use model::ports::{AccessRow, Consent, DeskFault, Looker};
use model::{By, ClientId, ConsentState, Fault};
use serde::Serialize;
use web::{Arg, Language, text};

use super::book::{self, ACCESS_PAGES_MAX, Entry};
use super::given::{Account, Cluster, Value};
use super::{Keeper, language};

/// How many a page has.
const PAGE: usize = 50;
/// The banks' zone: their months begin at midnight there.
const ZONE: Offset = tz::offset(8);
/// The most characters of what is searched for.
const SEARCH_CHARS_MAX: usize = 200;

/// An instant.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    /// RFC 3339.
    at: String,
    /// As people read it.
    say: String,
}

impl Moment {
    fn of(at: Timestamp, language: Language) -> Self {
        Self {
            at: at.to_string(),
            say: web::moment(at, language),
        }
    }
}

/// A consent in a list.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    /// Its place on the page, from 1.
    number: usize,
    /// Where it is shown whole.
    href: String,
    app: String,
    state: &'static str,
    /// The state in words.
    says: String,
    purpose: Option<String>,
    changed: Moment,
    until: Option<Moment>,
    last_used: Option<Moment>,
}

/// Those of a list that stand alike.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    group: &'static str,
    says: String,
    rows: Vec<Row>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct List {
    groups: Vec<Group>,
    /// How many there are on all pages.
    count: usize,
    page: usize,
    pages: usize,
    search: String,
    previous: Option<String>,
    next: Option<String>,
}

/// One consent.
#[derive(Debug, Serialize)]
pub(super) struct One {
    id: String,
    pub(super) app: String,
    legal: Option<String>,
    contact: Option<String>,
    state: &'static str,
    says: String,
    is_in_force: bool,
    purpose: Option<String>,
    keep_days: Option<u16>,
    clusters: Vec<Cluster>,
    accounts: Vec<Account>,
    /// How many accounts the bank does not name now.
    unnamed: usize,
    values: Vec<Value>,
    given: Option<Moment>,
    until: Option<Moment>,
    ended: Option<Moment>,
    ended_by: Option<String>,
    accesses: Vec<Access>,
    this_month: u64,
    previous: Option<String>,
    next: Option<String>,
    receipt: Option<String>,
    withdraw: String,
}

/// An access.
#[derive(Debug, Serialize)]
struct Access {
    at: String,
    moment: String,
    product: String,
    /// The kinds of data that went out.
    what: String,
    answer: String,
    is_good: bool,
    status: u16,
    attended: bool,
    request: String,
}

/// What a customer reads before they withdraw.
#[derive(Debug, Serialize)]
pub(super) struct Stop {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) contact: Option<String>,
    /// Whether there is something to withdraw.
    pub(super) is_in_force: bool,
}

/// How a state stands in a list; `None` of what was never given.
fn group_of(state: ConsentState) -> Option<(usize, &'static str)> {
    match state {
        ConsentState::Authorised => Some((0, "active")),
        ConsentState::Requested | ConsentState::Reviewing | ConsentState::Confirming => {
            Some((1, "waiting"))
        }
        ConsentState::Expired | ConsentState::Withdrawn | ConsentState::Superseded => {
            Some((2, "ended"))
        }
        ConsentState::Refused | ConsentState::Lapsed => None,
    }
}

/// The app's name, and beside it the partner's and where it is reached, while it is a client.
fn app(
    looker: &Looker<'_>,
    client: &ClientId,
) -> Result<(String, Option<String>, Option<String>), Fault> {
    let Some(who) = (looker.app)(client) else {
        return Ok((text::name(client.as_str())?, None, None));
    };
    let (legal, contact) = (text::name(who.legal)?, text::name(who.contact)?);
    Ok((text::name(who.app)?, Some(legal), Some(contact)))
}

impl Keeper {
    /// What is in force, what waits and what has ended; of apps whose name has this in it.
    pub(super) async fn list(
        &self,
        looker: &Looker<'_>,
        search: &str,
        page: u32,
    ) -> Result<List, DeskFault> {
        let search: String = search.trim().chars().take(SEARCH_CHARS_MAX).collect();
        let wanted = search.to_lowercase();
        let mut entries = self.entries(looker).await?;
        entries.retain(|entry| {
            let name = app(looker, &entry.client).map(|(name, ..)| name.to_lowercase());
            group_of(entry.state).is_some() && name.is_ok_and(|name| name.contains(&wanted))
        });
        // Those of one group stay in their order.
        entries.sort_by_key(|entry| group_of(entry.state).map(|(order, _)| order));
        let group = |entry: &Entry| group_of(entry.state).map_or("ended", |(_, group)| group);
        let search = text::beginning(&search);
        self.paged(looker, entries, (search, page), "", group).await
    }

    /// Whatever was decided about, or was not in time.
    pub(super) async fn history(&self, looker: &Looker<'_>, page: u32) -> Result<List, DeskFault> {
        let entries = self.entries(looker).await?;
        let search = (String::new(), page);
        self.paged(looker, entries, search, "/history", |_| "history")
            .await
    }

    async fn paged(
        &self,
        looker: &Looker<'_>,
        entries: Vec<Entry>,
        (search, page): (String, u32),
        place: &str,
        group: impl Fn(&Entry) -> &'static str,
    ) -> Result<List, DeskFault> {
        let (count, pages) = (entries.len(), entries.len().div_ceil(PAGE).max(1));
        let page = usize::try_from(page).unwrap_or(pages).clamp(1, pages);
        let mut groups: Vec<Group> = Vec::new();
        let shown = entries.into_iter().skip((page - 1) * PAGE).take(PAGE);
        for (at, entry) in shown.enumerate() {
            let group = group(&entry);
            let row = self.row(looker, &entry, at + 1).await?;
            match groups.last_mut().filter(|last| last.group == group) {
                Some(last) => last.rows.push(row),
                None => groups.push(Group {
                    group,
                    says: self.say(looker, &format!("group-{group}"), &[])?,
                    rows: vec![row],
                }),
            }
        }
        let path = looker.path;
        let link = |page: usize| {
            let search = escaped(&search);
            format!("{path}{place}?page={page}&search={search}")
        };
        Ok(List {
            groups,
            count,
            page,
            pages,
            previous: (page > 1).then(|| link(page - 1)),
            next: (page < pages).then(|| link(page + 1)),
            search,
        })
    }

    async fn row(
        &self,
        looker: &Looker<'_>,
        entry: &Entry,
        number: usize,
    ) -> Result<Row, DeskFault> {
        let language = language(looker)?;
        let moment = |at| Moment::of(at, language);
        let last_used = if entry.was_in_force {
            self.last_used(entry.digest).await?
        } else {
            None
        };
        let purpose = entry.purpose.as_ref();
        let purpose = purpose.and_then(|id| self.settings.catalogue.purpose(id));
        let purpose = purpose.map(|one| text::line(one.say.in_language(language)));
        Ok(Row {
            id: entry.id.to_string(),
            number,
            href: format!("{}/{}", looker.path, entry.id),
            app: app(looker, &entry.client)?.0,
            state: entry.state.as_str(),
            says: self.state_words(looker, entry.state)?,
            purpose: purpose.transpose()?,
            changed: moment(entry.changed_at),
            until: entry.until.map(moment),
            last_used: last_used.map(moment),
        })
    }

    /// All of what was given, and a page of what was read under it.
    pub(super) async fn one(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
        page: u32,
    ) -> Result<One, DeskFault> {
        let language = language(looker)?;
        let state = book::state(consent, looker.now);
        let (app, legal, contact) = app(looker, &consent.client)?;
        let terms = consent.terms.as_ref();
        let purpose = terms.and_then(|terms| terms.purpose.as_ref());
        let purpose = purpose.and_then(|id| self.settings.catalogue.purpose(id));
        let (accounts, unnamed) = self.accounts(looker, terms).await;
        let page = page.clamp(1, ACCESS_PAGES_MAX);
        let (rows, has_more) = self.accesses(consent.digest, page).await?;
        let rows = rows.iter().map(|row| self.access(looker, row));
        let here = format!("{}/{}", looker.path, consent.id);
        let accesses = &self.ports.accesses;
        let since = month(looker.now)?;
        let this_month = accesses.count_since(&self.settings.bank, consent.digest, since);
        let by = consent.ended_by.filter(|_| state.is_end());
        Ok(One {
            id: consent.id.to_string(),
            app,
            legal,
            contact,
            state: state.as_str(),
            says: self.state_words(looker, state)?,
            is_in_force: state == ConsentState::Authorised,
            purpose: purpose
                .map(|one| text::line(one.say.in_language(language)))
                .transpose()?,
            keep_days: purpose.map(|one| one.keep_days),
            clusters: self.clusters(terms, language)?,
            accounts,
            unnamed,
            values: self.values(terms, language)?,
            given: terms.map(|terms| Moment::of(terms.authorised_at, language)),
            until: book::until(consent, state).map(|at| Moment::of(at, language)),
            ended: (state.is_end() && consent.state == state)
                .then(|| Moment::of(consent.changed_at, language)),
            ended_by: by.map(|by| self.by_words(looker, by)).transpose()?,
            accesses: rows.collect::<Result<_, Fault>>()?,
            this_month: this_month.await?,
            previous: (page > 1).then(|| format!("{here}?page={}", page - 1)),
            next: (has_more && page < ACCESS_PAGES_MAX)
                .then(|| format!("{here}?page={}", page + 1)),
            receipt: self
                .has_receipt(consent)
                .await?
                .then(|| format!("{here}/receipt")),
            withdraw: format!("{here}/withdraw"),
        })
    }

    /// What a customer reads before they withdraw it.
    pub(super) fn stop(looker: &Looker<'_>, consent: &Consent) -> Result<Stop, Fault> {
        let (app, _, contact) = app(looker, &consent.client)?;
        Ok(Stop {
            id: consent.id.to_string(),
            app,
            contact,
            is_in_force: book::state(consent, looker.now) == ConsentState::Authorised,
        })
    }

    fn access(&self, looker: &Looker<'_>, row: &AccessRow) -> Result<Access, Fault> {
        let language = language(looker)?;
        let is_good = row.status < 400;
        let given = row.clusters.iter();
        let what: Vec<&str> = given.map(|id| self.cluster_words(id, language)).collect();
        let joint = self.say(looker, "joint", &[])?;
        let key = if is_good {
            "answer-given"
        } else {
            "answer-refused"
        };
        Ok(Access {
            at: row.at.to_string(),
            moment: web::moment(row.at, language),
            product: text::name(row.product.as_str())?,
            what: text::beginning(&what.join(&joint)),
            answer: self.say(looker, key, &[])?,
            is_good,
            status: row.status,
            attended: row.attended,
            request: row.request.to_string(),
        })
    }

    pub(super) fn say(
        &self,
        looker: &Looker<'_>,
        key: &str,
        args: &[(&str, Arg<'_>)],
    ) -> Result<String, Fault> {
        self.pages.words(language(looker)?, key, args)
    }

    fn state_words(&self, looker: &Looker<'_>, state: ConsentState) -> Result<String, Fault> {
        self.say(looker, &format!("state-{}", state.as_str()), &[])
    }

    fn by_words(&self, looker: &Looker<'_>, by: By) -> Result<String, Fault> {
        self.say(looker, &format!("by-{}", by.as_str()), &[])
    }
}

/// When this month began.
fn month(now: Timestamp) -> Result<Timestamp, Fault> {
    let first = ZONE.to_datetime(now).date().first_of_month();
    ZONE.to_timestamp(first.at(0, 0, 0, 0))
        .map_err(|cause| Fault::caused("finding the beginning of a month", cause))
}

/// A text as it stands in a query (RFC 3986 §2.1).
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
