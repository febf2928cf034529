//! What a consent changes whose place another takes (specs/consent.md, screen C11): old and new,
//! line by line, in words.

use jiff::Timestamp;
use model::{ClusterId, Fault};
use serde::Serialize;
use web::{Arg, moment, text};

use super::Drawn;
use super::detail::Table;
use crate::asked::Detail;
use crate::catalogue::{Catalogue, Cluster};
use crate::former::Former;

/// The consent whose place another is to take.
#[derive(Clone, Copy)]
pub(crate) struct Amended<'a> {
    pub(crate) former: &'a Former,
    /// The words for what it covers.
    pub(crate) catalogue: &'a Catalogue,
}

/// What changes.
#[derive(Serialize)]
pub(super) struct Changes {
    rows: Vec<Row>,
    /// The values that were bound before.
    tables: Vec<Table>,
    /// When it ended, as it was.
    until: String,
}

/// A line of the comparison, as `values` of the look has it.
#[derive(Serialize)]
struct Row {
    label: String,
    value: String,
    tag: Option<&'static str>,
    capital: Option<String>,
    is_amount: bool,
}

pub(super) fn changes(sheet: &Drawn<'_>, amended: &Amended<'_>) -> Result<Changes, Fault> {
    let (terms, wish) = (&amended.former.terms, sheet.wish);
    let asked = wish.clusters.iter().map(|(id, cluster)| {
        let is_old = terms.clusters.contains(*id);
        let key = if is_old { "change-stays" } else { "change-new" };
        sheet.compared(cluster, key)
    });
    let is_asked = |id: &&ClusterId| wish.clusters.iter().any(|(asked, _)| asked == id);
    let left = terms.clusters.iter().filter(|id| !is_asked(id));
    // What the bank has no words for any more is given to nobody.
    let left = left.filter_map(|id| amended.catalogue.cluster(id));
    let left = left.map(|cluster| sheet.compared(cluster, "change-ends"));
    let mut rows: Vec<Row> = asked.chain(left).collect::<Result<_, Fault>>()?;
    rows.push(sheet.ends(terms.expires)?);
    let details = amended.former.details.iter().filter_map(Detail::read);
    let told = details.filter(|detail| sheet.words.contains_key(&detail.kind));
    Ok(Changes {
        rows,
        tables: told
            .map(|detail| sheet.table(&detail))
            .collect::<Result<_, Fault>>()?,
        until: moment(terms.expires, sheet.language()),
    })
}

impl Drawn<'_> {
    fn compared(&self, cluster: &Cluster, key: &str) -> Result<Row, Fault> {
        let label = text::line(cluster.say.in_language(self.language()))?;
        Ok(row(label, self.say(key, &[])?))
    }

    fn ends(&self, before: Timestamp) -> Result<Row, Fault> {
        let before = moment(before, self.language());
        let after = moment(self.until, self.language());
        let args = [("before", Arg::Text(&before)), ("after", Arg::Text(&after))];
        Ok(row(
            self.say("until", &[])?,
            self.say("change-until", &args)?,
        ))
    }
}

fn row(label: String, value: String) -> Row {
    Row {
        label,
        value,
        tag: None,
        capital: None,
        is_amount: false,
    }
}
