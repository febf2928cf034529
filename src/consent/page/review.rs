//! The page that tells what is asked for (specs/consent.md, screen C2): who, why, what goes out and
//! what does not, until when, how to withdraw, what a refusal leads to. Nothing is ticked before.

use jiff::civil::Date;
use model::ports::OwnAccount;
use model::{Fault, Response};
use serde::Serialize;
use web::{Arg, date, text};

use super::accounts::Chooser;
use super::detail::Table;
use super::{Common, Drawn, Wrong};
use crate::catalogue::{Both, Cluster};

/// What this page has besides.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Review<'a> {
    /// Whether sensitive data is decided on apart.
    pub(crate) wants_separate: bool,
    /// The accounts to choose from; none where they are not chosen here.
    pub(crate) accounts: &'a [OwnAccount],
    /// Those that the customer ticked already.
    pub(crate) ticked: &'a [&'a str],
}

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    who: Who,
    purposes: Vec<Purpose>,
    /// Of which days data is asked for, where they are limited.
    days: Option<String>,
    /// How often while the customer is away, where the app asks for less than the rules allow.
    per_day: Option<String>,
    /// What is decided on with the rest.
    clusters: Vec<Row>,
    /// What is decided on apart.
    separate: Vec<Row>,
    separate_problem: Option<String>,
    not_shared: Vec<String>,
    tables: Vec<Table>,
    chooser: Option<Chooser>,
    effects: Vec<String>,
}

#[derive(Serialize)]
struct Who {
    app: String,
    legal: String,
    legal_tag: Option<&'static str>,
    number: String,
    contact: String,
}

#[derive(Serialize)]
struct Purpose {
    say: String,
    keep_days: u32,
}

/// A kind of data.
#[derive(Serialize)]
struct Row {
    say: String,
    more: String,
    note: Option<String>,
}

/// Makes the page.
pub(crate) fn draw(sheet: &Drawn<'_>, review: &Review<'_>) -> Result<Response, Fault> {
    let (wish, language) = (sheet.wish, sheet.language());
    let say = |both: &Both| text::line(both.in_language(language));
    let is_apart = |cluster: &Cluster| review.wants_separate && cluster.sensitive;
    let rows = |apart: bool| -> Result<Vec<Row>, Fault> {
        let clusters = wish.clusters.iter().map(|(_, cluster)| *cluster);
        let rows = clusters
            .filter(|cluster| is_apart(cluster) == apart)
            .map(|cluster| {
                Ok(Row {
                    say: say(&cluster.say)?,
                    more: say(&cluster.more)?,
                    note: None,
                })
            });
        rows.collect()
    };
    let purposes = wish.purposes.iter().map(|(_, purpose)| {
        Ok(Purpose {
            say: say(&purpose.say)?,
            keep_days: u32::from(purpose.keep_days),
        })
    });
    let page = Page {
        common: sheet.common()?,
        who: who(sheet)?,
        purposes: purposes.collect::<Result<_, Fault>>()?,
        days: days(sheet)?,
        per_day: per_day(sheet)?,
        clusters: rows(false)?,
        separate: rows(true)?,
        separate_problem: sheet.problem_of(&[Wrong::NotSeparate])?,
        not_shared: not_shared(sheet)?,
        tables: sheet.tables(None)?,
        chooser: match review.accounts {
            [] => None,
            accounts => Some(sheet.chooser(accounts, review.ticked)?),
        },
        effects: wish
            .effects
            .iter()
            .map(|both| say(both))
            .collect::<Result<_, Fault>>()?,
    };
    let heading = if wish.is_plain() {
        "heading-plain"
    } else {
        "heading-data"
    };
    sheet.sheet("consent-review.html", heading, page)
}

/// The days that the partner lodged it with.
fn days(sheet: &Drawn<'_>) -> Result<Option<String>, Fault> {
    let lodged = sheet.wish.lodged;
    let said = |day: Option<Date>| day.map(|day| date(day, sheet.language()));
    let from = said(lodged.and_then(|lodged| lodged.data_from));
    let until = said(lodged.and_then(|lodged| lodged.data_until));
    let text = match (&from, &until) {
        (None, None) => return Ok(None),
        (Some(from), None) => sheet.say("days-from", &[("from", Arg::Text(from))])?,
        (None, Some(until)) => sheet.say("days-until", &[("until", Arg::Text(until))])?,
        (Some(from), Some(until)) => {
            let both = [("from", Arg::Text(from)), ("until", Arg::Text(until))];
            sheet.say("days-both", &both)?
        }
    };
    Ok(Some(text))
}

/// How often the partner asks at most while the customer is away.
fn per_day(sheet: &Drawn<'_>) -> Result<Option<String>, Fault> {
    let wished = sheet.wish.lodged.and_then(|its| its.per_day_unattended);
    let said = wished.map(|count| sheet.say("away", &[("count", Arg::Number(count))]));
    said.transpose()
}

/// What one might take for part of it, and is not.
fn not_shared(sheet: &Drawn<'_>) -> Result<Vec<String>, Fault> {
    let app = text::name(sheet.who.app)?;
    let app = [("app", Arg::Text(&app))];
    let clusters = &sheet.wish.clusters;
    let said = clusters
        .iter()
        .filter_map(|(_, cluster)| cluster.not.as_ref());
    let mut sentences: Vec<String> = said
        .map(|both| text::line(both.in_language(sheet.language())))
        .collect::<Result<_, Fault>>()?;
    if clusters.is_empty() {
        sentences.push(sheet.say("not-data", &app)?);
    }
    sentences.push(sheet.say("not-password", &app)?);
    Ok(sentences)
}

fn who(sheet: &Drawn<'_>) -> Result<Who, Fault> {
    let who = sheet.who;
    Ok(Who {
        app: text::name(who.app)?,
        legal: text::name(who.legal)?,
        legal_tag: text::foreign_tag(who.legal, sheet.language()),
        number: text::name(who.number)?,
        contact: text::name(who.contact)?,
    })
}
