//! Lists of what a customer let apps do: the same value is the page and the JSON.

mod sample;

use jiff::Timestamp;
use model::ports::{Consent, DeskFault, Looker};
use model::{By, ClientId, ConsentState, Fault};
use serde::Serialize;
use web::{Arg, text};

use super::book::{self, Stands};
use super::decided::Decision;
use super::moment::Moment;
use super::remind::Remind;
use super::{Keeper, language};

/// How many a page has: so few that it is seen with 30 kB.
const PAGE: usize = 40;
/// The most characters of what is searched for.
const SEARCH_CHARS_MAX: usize = 200;

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
    /// When data last went out.
    last_used: Option<Moment>,
    /// Whether they still need it, of what is in force.
    remind: Option<Remind>,
    /// Why it ended, in the words of whoever ended it.
    reason: Option<String>,
    /// What was decided about it, the last first: in the history alone.
    decisions: Vec<Decision>,
}

/// Those of a list that stand alike.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    group: &'static str,
    says: String,
    rows: Vec<Row>,
}

/// A page of a list.
#[derive(Debug, Default, Serialize)]
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

/// What a customer reads before they withdraw.
#[derive(Debug, Serialize)]
pub(super) struct Stop {
    pub(super) id: String,
    pub(super) app: String,
    pub(super) contact: Option<String>,
    /// Whether there is something to withdraw.
    pub(super) is_in_force: bool,
    /// The mark of this page, which its form sends back.
    pub(super) shown: String,
}

/// Which lists there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// What is in force, what waits and what has ended.
    Kept,
    /// What was decided.
    Decided,
}

/// How a consent stands in a list; `None` of what was never given.
fn group_of(stands: Stands) -> Option<(usize, &'static str)> {
    match stands {
        Stands::In(ConsentState::Authorised) => Some((0, "active")),
        Stands::Paused => Some((1, "paused")),
        Stands::In(
            ConsentState::Requested | ConsentState::Reviewing | ConsentState::Confirming,
        ) => Some((2, "waiting")),
        Stands::In(ConsentState::Expired | ConsentState::Withdrawn | ConsentState::Superseded) => {
            Some((3, "ended"))
        }
        Stands::In(ConsentState::Refused | ConsentState::Lapsed) => None,
    }
}

/// Who an app is; besides its name, while it is a client.
#[derive(Debug)]
pub(super) struct App {
    pub(super) name: String,
    pub(super) legal: Option<String>,
    pub(super) number: Option<String>,
    pub(super) contact: Option<String>,
}

impl App {
    pub(super) fn of(looker: &Looker<'_>, client: &ClientId) -> Result<Self, Fault> {
        let Some(who) = (looker.app)(client) else {
            return Ok(Self {
                name: text::name(client.as_str())?,
                legal: None,
                number: None,
                contact: None,
            });
        };
        Ok(Self {
            name: text::name(who.app)?,
            legal: Some(text::name(who.legal)?),
            number: Some(text::name(who.number)?),
            contact: Some(text::name(who.contact)?),
        })
    }
}

/// Why something ended, as it may stand on a page: text, of no more than 500 characters.
pub(super) fn reason(consent: &Consent, now: Timestamp) -> Option<String> {
    let is_over = consent.stands(now).0.is_end();
    let reason = consent.reason.as_deref().filter(|_| is_over);
    reason.map(text::beginning)
}

impl Keeper {
    /// What is in force, what waits and what has ended; of apps whose name has this in it. What its
    /// customer is to be reminded of comes first.
    pub(super) async fn list(
        &self,
        looker: &Looker<'_>,
        search: &str,
        page: u32,
    ) -> Result<List, DeskFault> {
        let search: String = search.trim().chars().take(SEARCH_CHARS_MAX).collect();
        let wanted = search.to_lowercase();
        let group = |one: &Consent| group_of(Stands::of(one, looker.now));
        let mut all = self.all(looker).await?;
        all.retain(|one| {
            let name = App::of(looker, &one.client).map(|app| app.name.to_lowercase());
            group(one).is_some() && name.is_ok_and(|name| name.contains(&wanted))
        });
        // Those that stand alike stay in their order.
        all.sort_by_key(|one| (group(one), !self.is_due(one, looker.now)));
        let search = text::beginning(&search);
        self.paged(looker, all, (Which::Kept, search, page)).await
    }

    /// Whatever was decided about, or was not in time.
    pub(super) async fn history(&self, looker: &Looker<'_>, page: u32) -> Result<List, DeskFault> {
        let mut all = self.all(looker).await?;
        all.retain(|one| !one.stands(looker.now).0.is_undecided());
        let turned = (Which::Decided, String::new(), page);
        self.paged(looker, all, turned).await
    }

    async fn paged(
        &self,
        looker: &Looker<'_>,
        all: Vec<Consent>,
        (which, search, page): (Which, String, u32),
    ) -> Result<List, DeskFault> {
        let (count, pages) = (all.len(), all.len().div_ceil(PAGE).max(1));
        let page = usize::try_from(page).unwrap_or(pages).clamp(1, pages);
        let mut groups: Vec<Group> = Vec::new();
        let shown = all.iter().skip((page - 1) * PAGE).take(PAGE);
        for (at, consent) in shown.enumerate() {
            let group = match which {
                Which::Kept => group_of(Stands::of(consent, looker.now)),
                Which::Decided => Some((0, "history")),
            };
            let group = group.map_or("ended", |(_, group)| group);
            let row = self.row(looker, consent, (which, at + 1)).await?;
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
        let place = match which {
            Which::Kept => "",
            Which::Decided => "/history",
        };
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
        consent: &Consent,
        (which, number): (Which, usize),
    ) -> Result<Row, DeskFault> {
        let (language, now) = (language(looker)?, looker.now);
        let moment = |at| Moment::of(at, language);
        let terms = consent.terms.as_ref();
        let last_used = match terms {
            Some(_) => self.last_used(consent.digest).await?,
            None => None,
        };
        let decisions = match which {
            Which::Kept => Vec::new(),
            Which::Decided => self.decisions(looker, consent).await?,
        };
        let purpose = terms.and_then(|terms| terms.purpose.as_ref());
        let purpose = purpose.and_then(|id| self.settings.catalogue.purpose(id));
        let purpose = purpose.map(|one| text::line(one.say.in_language(language)));
        let stands = Stands::of(consent, now);
        Ok(Row {
            id: consent.id.to_string(),
            number,
            href: format!("{}/{}", looker.path, consent.id),
            app: App::of(looker, &consent.client)?.name,
            state: stands.as_str(),
            says: self.state_words(looker, stands)?,
            purpose: purpose.transpose()?,
            changed: moment(consent.stands(now).1),
            until: book::until(consent, now).map(moment),
            last_used: last_used.map(moment),
            remind: self.remind(looker, consent)?,
            reason: reason(consent, now),
            decisions,
        })
    }

    /// What a customer reads before they withdraw it; its page has no mark yet.
    pub(super) fn stop(looker: &Looker<'_>, consent: &Consent) -> Result<Stop, Fault> {
        let app = App::of(looker, &consent.client)?;
        Ok(Stop {
            id: consent.id.to_string(),
            app: app.name,
            contact: app.contact,
            is_in_force: book::state(consent, looker.now) == ConsentState::Authorised,
            shown: String::new(),
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

    pub(super) fn state_words(&self, looker: &Looker<'_>, stands: Stands) -> Result<String, Fault> {
        self.say(looker, &format!("state-{}", stands.as_str()), &[])
    }

    pub(super) fn by_words(&self, looker: &Looker<'_>, by: By) -> Result<String, Fault> {
        self.say(looker, &format!("by-{}", by.as_str()), &[])
    }
}

/// A text as it stands in a query (RFC 3986 §2.1).
pub(super) fn escaped(text: &str) -> String {
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
