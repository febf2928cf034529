//! What a customer agrees to, as one thing: what the second factor is over, what a consent covers,
//! and what the grant says in detail, all from the same draft.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use model::ports::AskedFor;
use model::{ConsentId, Fault, Resource, Terms};
use serde::Serialize;
use serde_json::{Value, json};

use crate::asked::{ACCOUNT, Wish};
use crate::draft::{ChosenAccount, Draft};
use crate::lodged::{CONSENT, CONSENT_ID, names_consent};
use crate::profile::ProfileRules;

/// All that the second factor is over, its members always in this order.
#[derive(Serialize)]
struct Over<'a> {
    bank: &'a str,
    client: &'a str,
    customer: &'a str,
    consent: &'a str,
    catalogue: [u8; 32],
    scopes: String,
    clusters: Vec<&'a str>,
    purposes: Vec<&'a str>,
    accounts: Vec<&'a str>,
    details: &'a str,
    until: Timestamp,
    days: [Option<Date>; 2],
    per_day: Option<u32>,
}

/// What one customer chose of one wish.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) asked: &'a AskedFor<'a>,
    pub(crate) wish: &'a Wish<'a>,
    pub(crate) customer: &'a str,
    pub(crate) id: &'a ConsentId,
    pub(crate) draft: &'a Draft,
}

impl Chosen<'_> {
    /// SHA-256 of all of it: with another value, account or end it is another.
    pub(crate) fn over(&self) -> Result<[u8; 32], Fault> {
        let details = self.details()?;
        let accounts = self.draft.accounts.iter();
        let over = Over {
            bank: self.asked.bank.as_str(),
            client: self.asked.client.as_str(),
            customer: self.customer,
            consent: self.id.as_str(),
            catalogue: self.draft.catalogue,
            scopes: self.asked.scopes.to_string(),
            clusters: self
                .wish
                .clusters
                .iter()
                .map(|(id, _)| id.as_str())
                .collect(),
            purposes: self
                .wish
                .purposes
                .iter()
                .map(|(id, _)| id.as_str())
                .collect(),
            accounts: accounts.map(|account| account.id.as_str()).collect(),
            details: &details,
            until: self.draft.until,
            days: self.days(),
            per_day: self
                .wish
                .lodged
                .and_then(|lodged| lodged.per_day_unattended),
        };
        let text = serde_json::to_vec(&over)
            .map_err(|cause| Fault::caused("writing what a second factor is over", cause))?;
        Ok(crypto::sha256(&text))
    }

    /// The details of the grant: those that were asked for, the bound ones with the account that
    /// was chosen; and the consent itself that comes of it, where the app named one.
    pub(crate) fn details(&self) -> Result<String, Fault> {
        let mut details: Vec<Value> = serde_json::from_str(self.asked.details)
            .map_err(|cause| Fault::caused("reading authorization details", cause))?;
        let account = self.account().map(|only| &only.id);
        let is_own = |detail: &&mut Value| !names_consent(detail);
        let own = details.iter_mut().filter(is_own);
        for (detail, read) in own.zip(&self.wish.details) {
            if let (Some(id), Some(members), true) =
                (account, detail.as_object_mut(), read.is_bound)
            {
                members.insert(ACCOUNT.to_owned(), Value::from(id.as_str()));
            }
        }
        for detail in details.iter_mut().filter(|detail| names_consent(detail)) {
            detail[CONSENT_ID] = Value::from(self.id.as_str());
        }
        if self.wish.lodged.is_some() {
            details.push(json!({ "type": CONSENT, CONSENT_ID: self.id.as_str() }));
        }
        Ok(Value::from(details).to_string())
    }

    /// The one account that was chosen, where it is one, as how many kinds of resource ever.
    fn account(&self) -> Option<&ChosenAccount> {
        match self.draft.accounts.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The first day of which data is wanted, and the last, as far as they were lodged.
    fn days(&self) -> [Option<Date>; 2] {
        let lodged = self.wish.lodged;
        lodged.map_or([None; 2], |lodged| [lodged.data_from, lodged.data_until])
    }

    /// What the consent covers from now on.
    pub(crate) fn terms(&self, profile: &ProfileRules) -> Result<Terms, Fault> {
        let now = self.asked.now;
        let resources: Vec<Resource> = self.draft.resources(&self.wish.kinds)?;
        let is_it = |resource: &&Resource| {
            let account = self.account();
            account.is_some_and(|only| only.id == resource.id.as_str())
        };
        let account = resources.iter().find(is_it);
        let values = self.wish.details.iter().filter(|one| one.is_bound);
        let bound = values.flat_map(|detail| detail.bound(account)).collect();
        let [data_from, data_until] = self.days();
        let per_day = self.wish.lodged.and_then(|its| its.per_day_unattended);
        let reauth_at = profile.reauth_days.map(|days| after(now, days));
        Ok(Terms {
            id: self.id.clone(),
            customer: self.customer.into(),
            clusters: self
                .wish
                .clusters
                .iter()
                .map(|(id, _)| (*id).clone())
                .collect(),
            resources: resources.iter().cloned().collect::<BTreeSet<_>>(),
            purpose: self.wish.purposes.first().map(|(id, _)| (*id).clone()),
            per_day_unattended: per_day
                .unwrap_or(profile.per_day_unattended)
                .min(profile.per_day_unattended),
            data_from,
            data_until,
            bound,
            authorised_at: now,
            reauth_at: reauth_at.map(|at| at.min(self.draft.until)),
            expires: self.draft.until,
        })
    }
}

/// When a consent of today ends: as the profile says, not after this instant; whole seconds.
pub(crate) fn end(profile: &ProfileRules, now: Timestamp, latest: Timestamp) -> Timestamp {
    let end = after(now, profile.lifetime_max_days).min(latest);
    Timestamp::from_second(end.as_second()).unwrap_or(end)
}

/// So many days of 24 hours later.
fn after(now: Timestamp, days: u16) -> Timestamp {
    let hours = SignedDuration::from_hours(i64::from(days) * 24);
    now.checked_add(hours).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
