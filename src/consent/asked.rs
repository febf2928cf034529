//! What an app asks for, in the terms of the consent catalogue: decided by values alone, so that a
//! request is judged the same when it is pushed and when its customer comes.

mod detail;

use std::collections::HashSet;

use model::ports::{AskedFor, MayAsk};
use model::{ClusterId, ConsentId, PurposeId, ResourceKind, Scope};
use serde_json::Value;
use web::Language;

pub(crate) use self::detail::{ACCOUNT, Detail, Told};
use crate::catalogue::{Accounts, Both, Catalogue, Cluster, Consented, Purpose, ScopeEntry};
use crate::lodged::{Lodged, Named, names_consent};
use crate::openid::is_openid;
use crate::settings::{DeskSettings, DetailWords};

/// The most authorization details of one request: what a page can show.
const DETAILS_MAX: usize = 10;

/// The most characters of all bound amounts, one after the other: what the line beside a code has
/// room for.
const AMOUNTS_CHARS_MAX: usize = 60;
/// What stands between two of them, at most.
const JOINT_CHARS: usize = 2;

/// What a customer is asked.
#[derive(Debug)]
pub(crate) struct Wish<'a> {
    /// The data, in the order in which it is told, each kind once.
    pub(crate) clusters: Vec<(&'a ClusterId, &'a Cluster)>,
    /// What accounts are, as far as any are chosen.
    pub(crate) kinds: Vec<&'a ResourceKind>,
    /// How many accounts are chosen.
    pub(crate) accounts: Accounts,
    /// Whether the customer proves once more who they are.
    pub(crate) second_factor: bool,
    /// The authorization details, as they came, but for the one that names a consent.
    pub(crate) details: Vec<Detail>,
    /// The consent that it names.
    pub(crate) named: Option<ConsentId>,
    /// What follows when the customer refuses.
    pub(crate) effects: Vec<&'a Both>,
    /// What the data may be for: the client's purposes, and once its customer is seated the one
    /// that they are asked for.
    pub(crate) purposes: Vec<(&'a PurposeId, &'a Purpose)>,
    /// What a partner lodged it with, where one did: the app names it, and it goes no further.
    pub(crate) lodged: Option<&'a Lodged>,
}

impl<'a> Wish<'a> {
    /// What is asked for; or why it must not be.
    pub(crate) fn of(settings: &'a DeskSettings, asked: &AskedFor<'_>) -> Result<Self, MayAsk> {
        let scopes = scopes(settings, asked)?;
        let values: Vec<Value> =
            serde_json::from_str(asked.details).map_err(|_| MayAsk::Details)?;
        let details = details(settings, &scopes, &values)?;
        let mut wish = Self {
            clusters: Vec::new(),
            kinds: Vec::new(),
            accounts: Accounts::None,
            second_factor: false,
            details,
            named: Named::read(asked.details)?.map(|named| named.id),
            effects: Vec::new(),
            purposes: Vec::new(),
            lodged: None,
        };
        for scope in scopes {
            wish.add(settings, scope);
        }
        if !wish.clusters.is_empty() {
            wish.purposes = purposes(settings, asked)?;
        }
        // The account is the customer's to name: an app that names one has it chosen already.
        let names_account = |detail: &Detail| detail.is_bound && detail.has(ACCOUNT);
        if wish.accounts != Accounts::None && wish.details.iter().any(names_account) {
            return Err(MayAsk::Details);
        }
        if !wish.amounts_fit() {
            return Err(MayAsk::Details);
        }
        Ok(wish)
    }

    /// What a partner lodged; or why it must not be asked for. The details of `asked` are those
    /// that were lodged.
    pub(crate) fn of_lodged(
        settings: &'a DeskSettings,
        asked: &AskedFor<'_>,
        lodged: &'a Lodged,
    ) -> Result<Self, MayAsk> {
        let mut wish = Self::of(settings, asked)?;
        // What changes another consent is asked at the authorization endpoint alone.
        if wish.named.is_some() {
            return Err(MayAsk::Details);
        }
        if let Some(named) = &lodged.purpose {
            wish.purposes.retain(|(id, _)| id.as_str() == named);
            if wish.purposes.is_empty() {
                return Err(MayAsk::Scope);
            }
        }
        wish.lodged = Some(lodged);
        Ok(wish)
    }

    /// Whether it opens no data and binds nothing: the customer decides on the app alone.
    pub(crate) fn is_plain(&self) -> bool {
        self.clusters.is_empty() && !self.has_values()
    }

    /// Whether it binds values.
    pub(crate) fn has_values(&self) -> bool {
        self.details.iter().any(|detail| detail.is_bound)
    }

    /// The amounts that it binds, all of them, as they are read.
    pub(crate) fn amounts(&self, language: Language) -> Vec<String> {
        let bound = self.details.iter().filter(|detail| detail.is_bound);
        let members = bound.flat_map(|detail| &detail.members);
        let amounts = members.filter_map(|member| member.amount(language));
        amounts.collect()
    }

    /// Whether the line beside a code has room for every amount: none is left unsaid.
    fn amounts_fit(&self) -> bool {
        Language::ALL.into_iter().all(|language| {
            let amounts = self.amounts(language);
            let chars = amounts.iter().map(|one| one.chars().count() + JOINT_CHARS);
            chars.sum::<usize>() <= AMOUNTS_CHARS_MAX
        })
    }

    /// Asks for one purpose: this one, if the client has it, or else the client's first.
    pub(crate) fn keep_purpose(&mut self, wanted: Option<&PurposeId>) {
        let is_wanted = |(id, _): &(&PurposeId, _)| Some(*id) == wanted;
        let at = self.purposes.iter().position(is_wanted).unwrap_or(0);
        self.purposes = self.purposes.get(at).copied().into_iter().collect();
    }

    fn add(&mut self, settings: &'a DeskSettings, scope: &'a Consented) {
        for id in &scope.clusters {
            let is_new = self.clusters.iter().all(|(known, _)| *known != id);
            if let Some(cluster) = settings.catalogue.cluster(id).filter(|_| is_new) {
                self.clusters.push((id, cluster));
            }
        }
        for kind in &scope.resources {
            if !self.kinds.contains(&kind) {
                self.kinds.push(kind);
            }
        }
        // Exactly one is the narrower wish: of two scopes it holds for both.
        self.accounts = match (self.accounts, scope.accounts) {
            (Accounts::One, _) | (_, Accounts::One) => Accounts::One,
            (Accounts::Some, _) | (_, Accounts::Some) => Accounts::Some,
            (Accounts::None, Accounts::None) => Accounts::None,
        };
        self.second_factor |= scope.second_factor;
        if !self.effects.contains(&&scope.refuse_effect) {
            self.effects.push(&scope.refuse_effect);
        }
    }
}

/// Whether customers may be asked for a scope at all.
pub(crate) fn has_scope(catalogue: &Catalogue, scope: &Scope) -> bool {
    is_openid(scope) || catalogue.scope(scope).is_some()
}

/// What the scopes mean; every one but `openid` stands in the catalogue.
fn scopes<'a>(
    settings: &'a DeskSettings,
    asked: &AskedFor<'_>,
) -> Result<Vec<&'a Consented>, MayAsk> {
    let mut found = Vec::new();
    for scope in asked.scopes.iter().filter(|one| !is_openid(one)) {
        let entry = settings.catalogue.scope(scope).ok_or(MayAsk::Scope)?;
        found.extend(entry.consented());
    }
    Ok(found)
}

/// The details: exactly one of each type that a scope binds, and none of a type that only scopes
/// bind which are not asked for.
fn details(
    settings: &DeskSettings,
    scopes: &[&Consented],
    values: &[Value],
) -> Result<Vec<Detail>, MayAsk> {
    if values.len() > DETAILS_MAX {
        return Err(MayAsk::Details);
    }
    let mut details = Vec::new();
    for value in values.iter().filter(|value| !names_consent(value)) {
        let mut detail = Detail::read(value).ok_or(MayAsk::Details)?;
        let binds = |scope: &Consented| scope.bound.as_ref() == Some(&detail.kind);
        let is_claimed = settings
            .catalogue
            .scopes()
            .filter_map(|(_, entry): (_, &ScopeEntry)| entry.consented())
            .any(binds);
        detail.is_bound = scopes.iter().any(|scope| binds(scope));
        // What has no words, or two lines that are called the same, cannot be shown.
        let words = settings.details.get(&detail.kind);
        let is_told = words.is_some_and(|words| tells_apart(words, &detail));
        if !is_told || (is_claimed && !detail.is_bound) {
            return Err(MayAsk::Details);
        }
        details.push(detail);
    }
    for kind in scopes.iter().filter_map(|scope| scope.bound.as_ref()) {
        if details.iter().filter(|one| one.kind == *kind).count() != 1 {
            return Err(MayAsk::Details);
        }
    }
    Ok(details)
}

/// Whether no two members are called the same.
fn tells_apart(words: &DetailWords, detail: &Detail) -> bool {
    Language::ALL.into_iter().all(|language| {
        let mut called = HashSet::new();
        let mut names = detail
            .members
            .iter()
            .map(|one| words.called(&one.path, language));
        names.all(|name| called.insert(name))
    })
}

/// What the client wants data for: without a reviewed purpose nobody is asked for data.
fn purposes<'a>(
    settings: &'a DeskSettings,
    asked: &AskedFor<'_>,
) -> Result<Vec<(&'a PurposeId, &'a Purpose)>, MayAsk> {
    let named = settings.purposes.get(asked.client).map(Vec::as_slice);
    let found: Option<Vec<_>> = named
        .unwrap_or_default()
        .iter()
        .map(|id| Some((id, settings.catalogue.purpose(id)?)))
        .collect();
    found.filter(|found| !found.is_empty()).ok_or(MayAsk::Scope)
}

#[cfg(test)]
mod tests;
