//! The page that tells what is asked for (specs/consent.md, screen C2): who, why, what goes out and
//! what does not, until when, how to withdraw, what a refusal leads to. Nothing is ticked before,
//! but the accounts of a consent whose place this takes; of that it tells what changes (C11).

use jiff::civil::Date;
use model::ports::OwnAccount;
use model::{ClusterId, Fault, Response};
use serde::Serialize;
use web::{Arg, date, text};

use super::accounts::Chooser;
use super::amendment::{Amended, Changes, changes};
use super::asks::{Purpose, Who, who};
use super::confirm::Factor;
use super::detail::Table;
use super::values::{Chosen, chosen};
use super::{Common, Drawn, Wrong};
use crate::catalogue::{Both, Cluster};
use crate::draft::ChosenAccount;

/// What this page has besides.
#[derive(Clone, Copy, Default)]
pub(crate) struct Review<'a> {
    /// The data that is decided on apart.
    pub(crate) apart: &'a [&'a ClusterId],
    /// The accounts to choose from; none where they are not chosen here.
    pub(crate) accounts: &'a [OwnAccount],
    /// Those that the customer ticked already.
    pub(crate) ticked: &'a [&'a str],
    /// Those that were chosen on a page before, where this one takes the code.
    pub(crate) chosen: &'a [ChosenAccount],
    /// The consent whose place this takes.
    pub(crate) amended: Option<Amended<'a>>,
}

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    who: Who,
    /// Against the consent whose place this takes.
    changes: Option<Changes>,
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
    accounts: Vec<Chosen>,
    /// Where it is confirmed on this page.
    factor: Option<Factor>,
    effects: Vec<String>,
}

/// A kind of data.
#[derive(Serialize)]
pub(super) struct Row {
    say: String,
    more: String,
    note: Option<String>,
}

/// Makes the page.
pub(crate) fn draw(
    sheet: &Drawn<'_>,
    review: &Review<'_>,
    factor: Option<Factor>,
) -> Result<Response, Fault> {
    let (wish, language) = (sheet.wish, sheet.language());
    let say = |both: &Both| text::line(both.in_language(language));
    let rows = |is_apart: bool| {
        let its = |id: &ClusterId| review.apart.contains(&id) == is_apart;
        let note = |cluster: &Cluster| match &review.amended {
            Some(_) if !is_apart => Some("note-as-before"),
            Some(_) if cluster.sensitive => Some("note-sensitive"),
            _ => None,
        };
        sheet.clusters(its, note)
    };
    let amended = review.amended.as_ref();
    let page = Page {
        common: sheet.common()?,
        who: who(sheet)?,
        changes: amended.map(|its| changes(sheet, its)).transpose()?,
        purposes: sheet.purposes()?,
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
        accounts: chosen(review.chosen, language)?,
        factor,
        effects: wish
            .effects
            .iter()
            .map(|both| say(both))
            .collect::<Result<_, Fault>>()?,
    };
    let heading = match review.amended {
        Some(_) => "heading-amendment",
        None if wish.is_plain() => "heading-plain",
        None => "heading-data",
    };
    sheet.sheet("consent-review.html", heading, page)
}

impl Drawn<'_> {
    /// The kinds of data of which this holds, each with the word that goes with it.
    pub(super) fn clusters(
        &self,
        holds: impl Fn(&ClusterId) -> bool,
        note: impl Fn(&Cluster) -> Option<&'static str>,
    ) -> Result<Vec<Row>, Fault> {
        let say = |both: &Both| text::line(both.in_language(self.language()));
        let clusters = self.wish.clusters.iter().filter(|(id, _)| holds(id));
        let rows = clusters.map(|(_, cluster)| {
            let note = note(cluster).map(|key| self.say(key, &[]));
            Ok(Row {
                say: say(&cluster.say)?,
                more: say(&cluster.more)?,
                note: note.transpose()?,
            })
        });
        rows.collect()
    }
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
pub(super) fn not_shared(sheet: &Drawn<'_>) -> Result<Vec<String>, Fault> {
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
