//! What was given, in words: kinds of data, accounts, and values.

use std::time::Duration;

use model::ports::{Consent, Looker, OwnAccount};
use model::{BoundTo, BoundValue, ClusterId, Fault, Terms};
use serde::Serialize;
use web::{Decimal, Language, money, text};

use super::Keeper;
use crate::asked::{Detail, Told};
use crate::lodged::{Lodged, own_details};
use crate::settings::DetailWords;

/// How long the bank may take to say what accounts are called.
const BANK_PATIENCE: Duration = Duration::from_secs(3);

/// A kind of data.
#[derive(Debug, Serialize)]
pub(super) struct Cluster {
    id: String,
    say: String,
    more: String,
    /// The row of the look wants it.
    note: Option<String>,
}

/// An account that was chosen.
#[derive(Debug, Serialize)]
pub(super) struct Account {
    name: String,
    masked: String,
}

/// A value that was bound.
#[derive(Debug, Serialize)]
pub(super) struct Value {
    label: String,
    value: String,
    tag: Option<&'static str>,
    capital: Option<String>,
    is_amount: bool,
}

/// What was asked for in detail, and is bound by no consent.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    title: String,
    rows: Vec<Value>,
}

impl Cluster {
    /// One made up, for the trial of a bank's own pages.
    pub(super) fn sample() -> Self {
        Self {
            id: "sample".to_owned(),
            say: "Sample data".to_owned(),
            more: "Sample details".to_owned(),
            note: None,
        }
    }
}

impl Account {
    /// One made up, likewise.
    pub(super) fn sample() -> Self {
        Self {
            name: "Sample account".to_owned(),
            masked: "6321".to_owned(),
        }
    }
}

impl Value {
    /// One made up, likewise, with this label and value.
    pub(super) fn sample(label: &str, value: &str) -> Self {
        Self {
            label: label.to_owned(),
            value: value.to_owned(),
            tag: None,
            capital: None,
            is_amount: false,
        }
    }
}

impl Table {
    /// One made up, likewise.
    pub(super) fn sample() -> Self {
        Self {
            title: "Sample table".to_owned(),
            rows: vec![Value::sample("Sample member", "Sample text")],
        }
    }
}

impl Keeper {
    /// The accounts that were chosen, by the bank's names of now, and how many it does not name. A
    /// bank that does not answer keeps nobody from withdrawing.
    pub(super) async fn accounts(
        &self,
        looker: &Looker<'_>,
        terms: Option<&Terms>,
    ) -> (Vec<Account>, usize) {
        let chosen = terms.map(|terms| &terms.resources);
        let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty()) else {
            return (Vec::new(), 0);
        };
        let (subject, request) = (looker.customer.subject, looker.request_id);
        let accounts = &self.ports.accounts;
        let listed = accounts.list(subject, request, looker.interaction, BANK_PATIENCE);
        let listed = listed.await.unwrap_or_default();
        let is_chosen = |account: &&OwnAccount| chosen.iter().any(|one| one.id == account.id);
        let named = listed.iter().filter(is_chosen).filter_map(|account| {
            let name = if looker.language == Language::ZhCn.tag() {
                &account.name_zh
            } else {
                &account.name_en
            };
            Some(Account {
                name: text::name(name).ok()?,
                masked: text::name(&account.masked).ok()?,
            })
        });
        let named: Vec<Account> = named.collect();
        let unnamed = chosen.len().saturating_sub(named.len());
        (named, unnamed)
    }

    pub(super) fn clusters(
        &self,
        terms: Option<&Terms>,
        language: Language,
    ) -> Result<Vec<Cluster>, Fault> {
        let given = terms.into_iter().flat_map(|terms| &terms.clusters);
        let told = given.map(|id| {
            let Some(cluster) = self.settings.catalogue.cluster(id) else {
                // It left the catalogue: nothing of it leaves any more, and its name is all.
                return Ok(Cluster {
                    id: id.to_string(),
                    say: text::name(id.as_str())?,
                    more: String::new(),
                    note: None,
                });
            };
            Ok(Cluster {
                id: id.to_string(),
                say: text::line(cluster.say.in_language(language))?,
                more: text::line(cluster.more.in_language(language))?,
                note: None,
            })
        });
        told.collect()
    }

    pub(super) fn values(
        &self,
        terms: Option<&Terms>,
        language: Language,
    ) -> Result<Vec<Value>, Fault> {
        let bound = terms.into_iter().flat_map(|terms| &terms.bound);
        let told = bound.filter_map(|one| self.value(one, language).transpose());
        told.collect()
    }

    /// The details that a consent was asked for with and that are not among its bound values.
    pub(super) fn details(
        &self,
        consent: &Consent,
        language: Language,
    ) -> Result<Vec<Table>, Fault> {
        let Some(terms) = &consent.terms else {
            return Ok(Vec::new());
        };
        // What cannot be read is not told: it keeps nobody from withdrawing.
        let lodged = Lodged::of_consent(consent).ok().flatten();
        let details = lodged.map(|lodged| own_details(&lodged.authorization_details));
        let details = details.unwrap_or_default();
        let details = details.iter().filter_map(Detail::read);
        let is_bound = |detail: &Detail| terms.bound.iter().any(|one| one.detail == detail.kind);
        details
            .filter(|detail| !is_bound(detail))
            .map(|detail| self.table(&detail, language))
            .collect()
    }

    fn table(&self, detail: &Detail, language: Language) -> Result<Table, Fault> {
        let words = self.settings.details.get(&detail.kind);
        let title = words.map_or(detail.kind.as_str(), |its| its.say.in_language(language));
        let rows = detail.members.iter().map(|member| {
            let called = |words: &DetailWords| words.called(&member.path, language);
            let label = words.map_or_else(|| member.path.join("."), called);
            match &member.told {
                Told::Money { amount, currency } => worth(&label, amount, *currency, language),
                Told::Text(said) => said_as(&label, said, language),
            }
        });
        Ok(Table {
            title: text::name(title)?,
            rows: rows.collect::<Result<_, Fault>>()?,
        })
    }

    /// A bound value in words; an account stands among the accounts.
    fn value(&self, bound: &BoundValue, language: Language) -> Result<Option<Value>, Fault> {
        let words = self.settings.details.get(&bound.detail);
        let path: Vec<String> = bound.member.split('.').map(str::to_owned).collect();
        let label = words.map_or_else(
            || bound.member.clone(),
            |words| words.called(&path, language),
        );
        match &bound.value {
            BoundTo::Account(_) => Ok(None),
            BoundTo::Text(said) => said_as(&label, said, language).map(Some),
            BoundTo::Money { amount, currency } => {
                let amount = Decimal::parse(amount)
                    .map_err(|cause| Fault::caused("reading an amount", cause))?;
                worth(&label, &amount, *currency, language).map(Some)
            }
        }
    }

    /// What a kind of data is called; one that left the catalogue has its name alone.
    pub(super) fn cluster_words<'s>(&'s self, id: &'s ClusterId, language: Language) -> &'s str {
        let cluster = self.settings.catalogue.cluster(id);
        cluster.map_or(id.as_str(), |one| one.say.in_language(language))
    }
}

/// A value that is a text.
fn said_as(label: &str, said: &str, language: Language) -> Result<Value, Fault> {
    Ok(Value {
        label: text::line(label)?,
        tag: text::foreign_tag(said, language),
        value: text::line(said)?,
        capital: None,
        is_amount: false,
    })
}

/// A value that is money.
fn worth(
    label: &str,
    amount: &Decimal,
    currency: [u8; 3],
    language: Language,
) -> Result<Value, Fault> {
    let code = std::str::from_utf8(&currency)
        .map_err(|cause| Fault::caused("reading a currency", cause))?;
    Ok(Value {
        label: text::line(label)?,
        value: money(amount, code, language),
        tag: None,
        capital: None,
        is_amount: true,
    })
}
