//! A consent in force that its client names: what it covers, and whether what is asked now is no
//! more than that.

use std::collections::BTreeSet;

use jiff::Timestamp;
use model::ports::{AskedFor, Consent, OwnAccount};
use model::{ConsentState, PurposeId, Resource, ResourceId, ResourceKind, Scope, ScopeSet, Terms};
use serde_json::Value;

use crate::asked::Wish;
use crate::catalogue::Accounts;
use crate::chosen;
use crate::lodged::{Lodged, own_details};
use crate::openid::is_openid;
use crate::profile::ProfileRules;

/// A consent in force.
pub(crate) struct Former {
    pub(crate) consent: Consent,
    pub(crate) terms: Terms,
    scopes: ScopeSet,
    /// The authorization details that were asked for with it.
    pub(crate) details: Vec<Value>,
}

impl Former {
    /// A consent as it stands; `None` of one that is not in force.
    pub(crate) fn of(consent: Consent, now: Timestamp) -> Option<Self> {
        let terms = consent.terms.clone();
        let is_live = consent.state == ConsentState::Authorised;
        let terms = terms.filter(|terms| is_live && now < terms.expires)?;
        // Of one that opens no data nothing is kept: whatever is asked is more.
        let lodged = Lodged::of_consent(&consent).ok().flatten();
        let scopes = lodged.as_ref().map(|lodged| ScopeSet::parse(&lodged.scope));
        let details = lodged
            .as_ref()
            .map(|lodged| own_details(&lodged.authorization_details));
        Some(Self {
            scopes: scopes.and_then(Result::ok).unwrap_or_default(),
            details: details.unwrap_or_default(),
            consent,
            terms,
        })
    }

    /// Whether it was given for this purpose.
    pub(crate) fn is_for(&self, purpose: &PurposeId) -> bool {
        self.terms.purpose.as_ref() == Some(purpose)
    }

    /// Whether it is this customer's.
    pub(crate) fn is_of(&self, subject: &str) -> bool {
        *self.terms.customer == *subject
    }

    /// Whether this asks for nothing that its customer did not give: no other scope, kind of data,
    /// purpose or kind of thing, and the same details.
    pub(crate) fn has_all(&self, asked: &AskedFor<'_>, wish: &Wish<'_>) -> bool {
        let is_given = |scope: &Scope| is_openid(scope) || self.scopes.contains(scope);
        let mut purposes = wish.purposes.iter().map(|(id, _)| *id);
        let kinds: BTreeSet<_> = self.terms.resources.iter().map(|one| &one.kind).collect();
        asked.scopes.iter().all(is_given)
            && wish
                .clusters
                .iter()
                .all(|(id, _)| self.terms.clusters.contains(*id))
            && (wish.clusters.is_empty() || purposes.any(|id| self.is_for(id)))
            && wish.kinds.iter().all(|kind| kinds.contains(kind))
            && (wish.accounts != Accounts::One || self.accounts().len() == 1)
            && are_same(&own_details(asked.details), self.details.clone())
    }

    /// The ids of what was chosen, each once.
    pub(crate) fn accounts(&self) -> BTreeSet<&ResourceId> {
        self.terms.resources.iter().map(|one| &one.id).collect()
    }

    /// Those of the accounts that were chosen for all that is asked now, and could be today.
    pub(crate) fn still_chosen<'l>(
        &self,
        wish: &Wish<'_>,
        listed: &'l [OwnAccount],
    ) -> impl Iterator<Item = &'l OwnAccount> {
        listed.iter().filter(move |account| {
            let is_chosen = |kind: &&ResourceKind| {
                self.terms.resources.contains(&Resource {
                    kind: (*kind).clone(),
                    id: account.id.clone(),
                })
            };
            account.unavailable.is_none() && wish.kinds.iter().all(is_chosen)
        })
    }

    /// When it ends once it is renewed now: as one that is given today, but what a partner lodged
    /// no later than by as much time as it was given for.
    pub(crate) fn renewed_end(
        &self,
        profile: &ProfileRules,
        now: Timestamp,
        latest: Timestamp,
    ) -> Timestamp {
        let end = chosen::end(profile, now, latest);
        if !self.consent.is_lodged {
            return end;
        }
        let terms = &self.terms;
        let length = terms.expires.duration_since(terms.authorised_at);
        let as_long = now.checked_add(length).unwrap_or(end);
        end.min(as_long.max(terms.expires))
    }

    /// These terms, for what it was given for.
    pub(crate) fn renewed(&self, terms: Terms) -> Terms {
        Terms {
            purpose: self.terms.purpose.clone(),
            ..self.within_its_days(terms)
        }
    }

    /// These terms for data of the days that it covers, and as often at most: nobody was asked
    /// about others.
    pub(crate) fn within_its_days(&self, terms: Terms) -> Terms {
        let per_day = terms.per_day_unattended;
        Terms {
            per_day_unattended: per_day.min(self.terms.per_day_unattended),
            data_from: self.terms.data_from,
            data_until: self.terms.data_until,
            ..terms
        }
    }
}

/// Whether two lists hold the same, whatever the order.
fn are_same(ours: &[Value], mut others: Vec<Value>) -> bool {
    let is_there = |one: &Value| {
        let place = others.iter().position(|other| other == one);
        place.map(|at| others.swap_remove(at)).is_some()
    };
    ours.iter().all(is_there) && others.is_empty()
}

#[cfg(test)]
mod tests;
