//! The choice of accounts (specs/consent.md, screen C3): those that cannot be chosen stand there
//! too, and say why.

use model::ports::{AccountUnavailable, OwnAccount};
use model::{Fault, Response};
use serde::Serialize;
use web::{Language, text};

use super::asks::{Purpose, Who, who};
use super::{Common, Drawn, Wrong};
use crate::catalogue::Accounts;

/// The accounts to choose from.
#[derive(Serialize)]
pub(super) struct Chooser {
    /// `radio` for exactly one, `checkbox` for some.
    kind: &'static str,
    rows: Vec<Row>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Row {
    value: String,
    name: String,
    masked: String,
    about: String,
    /// Why it cannot be chosen.
    reason: Option<String>,
    is_chosen: bool,
}

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    /// Who asks, where no page said so before.
    who: Option<Who>,
    purposes: Vec<Purpose>,
    chooser: Chooser,
}

/// Makes the page.
pub(crate) fn draw(
    sheet: &Drawn<'_>,
    accounts: &[OwnAccount],
    ticked: &[&str],
    is_first: bool,
) -> Result<Response, Fault> {
    let page = Page {
        common: sheet.common()?,
        who: is_first.then(|| who(sheet)).transpose()?,
        purposes: sheet.purposes()?,
        chooser: sheet.chooser(accounts, ticked)?,
    };
    sheet.sheet("consent-accounts.html", "heading-accounts", page)
}

impl Drawn<'_> {
    /// The accounts that can be chosen first, so that the first field is one to choose.
    pub(super) fn chooser(
        &self,
        accounts: &[OwnAccount],
        ticked: &[&str],
    ) -> Result<Chooser, Fault> {
        let mut sorted: Vec<&OwnAccount> = accounts.iter().collect();
        sorted.sort_by_key(|account| account.unavailable.is_some());
        let rows = sorted.into_iter().map(|account| self.row(account, ticked));
        let problems = [Wrong::NoAccount, Wrong::TooManyAccounts, Wrong::AccountGone];
        Ok(Chooser {
            kind: match self.wish.accounts {
                Accounts::One => "radio",
                Accounts::None | Accounts::Some => "checkbox",
            },
            rows: rows.collect::<Result<_, Fault>>()?,
            problem: self.problem_of(&problems)?,
        })
    }

    fn row(&self, account: &OwnAccount, ticked: &[&str]) -> Result<Row, Fault> {
        let name = match self.language() {
            Language::ZhCn => &account.name_zh,
            Language::En => &account.name_en,
        };
        let reason = account.unavailable.map(|reason| self.say(key(reason), &[]));
        let is_free = account.unavailable.is_none();
        Ok(Row {
            value: account.id.as_str().to_owned(),
            name: text::name(name)?,
            masked: text::name(&account.masked)?,
            about: String::from_utf8_lossy(&account.currency).into_owned(),
            reason: reason.transpose()?,
            is_chosen: is_free && ticked.contains(&account.id.as_str()),
        })
    }
}

fn key(reason: AccountUnavailable) -> &'static str {
    match reason {
        AccountUnavailable::Joint => "account-joint",
        AccountUnavailable::Frozen => "account-frozen",
        AccountUnavailable::Closed => "account-closed",
        AccountUnavailable::Kind => "account-kind",
    }
}
