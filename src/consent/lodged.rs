//! What a consent is asked for, as the store keeps it; and how an app names one that it asked for
//! before its customer came.

use jiff::Timestamp;
use jiff::civil::Date;
use model::ports::{AskedFor, Consent, MayAsk};
use model::{ConsentId, ConsentState, Fault, ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::openid::is_openid;

/// The type of authorization details (RFC 9396) by which an app names a consent.
pub(crate) const CONSENT: &str = "consent";
/// The member that does.
pub(crate) const CONSENT_ID: &str = "consent_id";

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lodged {
    /// The scopes, space-delimited.
    pub(crate) scope: String,
    /// The authorization details: the text of a JSON array.
    pub(crate) authorization_details: String,
    /// The one purpose that the partner named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<String>,
    /// The end that it wished for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<Timestamp>,
    /// The first day of which it wants data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_from: Option<Date>,
    /// The last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data_until: Option<Date>,
    /// How often a day it wants data while the customer is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) per_day_unattended: Option<u32>,
}

impl Lodged {
    /// Scopes and details, and nothing besides.
    pub(crate) fn of(scopes: &ScopeSet, details: &str) -> Self {
        Self {
            scope: scopes.to_string(),
            authorization_details: details.to_owned(),
            purpose: None,
            expires: None,
            data_from: None,
            data_until: None,
            per_day_unattended: None,
        }
    }

    /// For the store.
    pub(crate) fn kept(&self) -> Result<Vec<u8>, Fault> {
        serde_json::to_vec(self)
            .map_err(|cause| Fault::caused("writing what a consent is asked for", cause))
    }

    /// What the store kept of a consent; `None` of one of which nothing was.
    pub(crate) fn of_consent(consent: &Consent) -> Result<Option<Self>, Fault> {
        if consent.lodged.is_empty() {
            return Ok(None);
        }
        serde_json::from_slice(&consent.lodged)
            .map(Some)
            .map_err(|cause| Fault::caused("reading what a consent is asked for", cause))
    }
}

/// Whether an authorization detail is the one that names a consent.
pub(crate) fn names_consent(detail: &Value) -> bool {
    detail.get("type").and_then(Value::as_str) == Some(CONSENT)
}

/// The authorization details of a JSON array, but for the one that names a consent.
pub(crate) fn own_details(details: &str) -> Vec<Value> {
    let details: Vec<Value> = serde_json::from_str(details).unwrap_or_default();
    let is_own = |detail: &Value| !names_consent(detail);
    details.into_iter().filter(is_own).collect()
}

/// The consent that details name, and the details beside it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) id: ConsentId,
    beside: Vec<Value>,
}

impl Named {
    /// Reads details; `None` where they name no consent. They name one at most.
    pub(crate) fn read(details: &str) -> Result<Option<Self>, MayAsk> {
        let details: Vec<Value> = serde_json::from_str(details).map_err(|_| MayAsk::Details)?;
        let (named, beside): (Vec<_>, Vec<_>) = details.into_iter().partition(names_consent);
        let [one] = named.as_slice() else {
            return if named.is_empty() {
                Ok(None)
            } else {
                Err(MayAsk::Details)
            };
        };
        let id = one.get(CONSENT_ID).and_then(Value::as_str);
        let id = id.and_then(|id| ConsentId::parse(id).ok());
        let is_plain = one.as_object().is_some_and(|members| members.len() == 2);
        let id = id.filter(|_| is_plain).ok_or(MayAsk::Details)?;
        Ok(Some(Self { id, beside }))
    }
}

/// A consent that a partner lodged and its app names, and what it was lodged for.
#[derive(Debug)]
pub(crate) struct Before {
    pub(crate) consent: Consent,
    pub(crate) lodged: Lodged,
}

impl Before {
    /// The consent that was found by what an app names, if the app may ask for it so: it is the
    /// client's, a partner lodged it, and what is asked is what was lodged. The scopes are
    /// repeated, for the token has them of the request; `openid` may stand beside them, and the
    /// details need not be repeated. Of a consent that is another's, unknown, or asked for
    /// otherwise the same is told (CO-03).
    pub(crate) fn of(
        asked: &AskedFor<'_>,
        named: &Named,
        found: Option<Consent>,
    ) -> Result<Result<Self, MayAsk>, Fault> {
        let is_own = |consent: &Consent| consent.is_lodged && consent.client == *asked.client;
        let Some(consent) = found.filter(is_own) else {
            return Ok(Err(MayAsk::Details));
        };
        let Some(lodged) = Lodged::of_consent(&consent)? else {
            return Ok(Err(MayAsk::Details));
        };
        let scopes = asked.scopes.iter().filter(|one| !is_openid(one));
        let scopes: ScopeSet = scopes.cloned().collect();
        let details = serde_json::from_str(&lodged.authorization_details);
        let details: Vec<Value> = details
            .map_err(|cause| Fault::caused("reading the details of a lodged consent", cause))?;
        let is_the_same = scopes.to_string() == lodged.scope
            && (named.beside.is_empty() || named.beside == details);
        if !is_the_same {
            return Ok(Err(MayAsk::Details));
        }
        Ok(Ok(Self { consent, lodged }))
    }

    /// The same question, with the details that were lodged.
    pub(crate) fn asked<'a>(&'a self, asked: AskedFor<'a>) -> AskedFor<'a> {
        AskedFor {
            details: &self.lodged.authorization_details,
            ..asked
        }
    }

    /// Whether an app may ask its customer now. Once the customer came they are told what became of
    /// it, if nobody consented.
    pub(crate) fn may_be_asked(&self, now: Timestamp) -> bool {
        let consent = &self.consent;
        match consent.state {
            ConsentState::Requested => now < consent.decide_until,
            ConsentState::Reviewing
            | ConsentState::Confirming
            | ConsentState::Refused
            | ConsentState::Lapsed => consent.subject.is_some(),
            ConsentState::Authorised
            | ConsentState::Expired
            | ConsentState::Withdrawn
            | ConsentState::Superseded => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_one_consent_and_nothing_else_of_it() {
        let named = |details: &str| Named::read(details).map(|named| named.map(|its| its.id));
        let id = ConsentId::parse("c-1").expect("valid");
        let one = r#"{"type":"consent","consent_id":"c-1"}"#;
        assert_eq!(named("[]"), Ok(None));
        assert_eq!(named(r#"[{"type":"funds_check"}]"#), Ok(None));
        assert_eq!(named(&format!("[{one}]")), Ok(Some(id)));
        let beside = Named::read(&format!(r#"[{{"type":"x"}},{one}]"#));
        assert_eq!(beside.map(|it| it.map(|it| it.beside.len())), Ok(Some(1)));
        for bad in [
            format!("[{one},{one}]"),
            r#"[{"type":"consent"}]"#.to_owned(),
            r#"[{"type":"consent","consent_id":7}]"#.to_owned(),
            r#"[{"type":"consent","consent_id":"a b"}]"#.to_owned(),
            r#"[{"type":"consent","consent_id":"c-1","locations":["x"]}]"#.to_owned(),
            "{}".to_owned(),
        ] {
            assert_eq!(named(&bad), Err(MayAsk::Details), "{bad}");
        }
    }

    #[test]
    fn what_is_kept_is_read_back_and_what_was_kept_before_there_was_more_too() {
        let scopes = ScopeSet::parse("accounts").expect("scopes");
        let mut lodged = Lodged::of(&scopes, "[]");
        let kept = lodged.kept().expect("text");
        assert_eq!(
            kept,
            br#"{"scope":"accounts","authorization_details":"[]"}"#
        );
        lodged.data_from = Some(jiff::civil::date(2026, 1, 2));
        lodged.per_day_unattended = Some(2);
        let kept = lodged.kept().expect("text");
        assert_eq!(serde_json::from_slice::<Lodged>(&kept).ok(), Some(lodged));
    }
}
