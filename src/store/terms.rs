//! The terms of a consent as a file keeps them: one JSON object, whose members are closed.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use model::{
    BadId, BoundTo, BoundValue, ClusterId, ConsentId, DetailType, PurposeId, Resource, ResourceId,
    ResourceKind, Terms,
};

/// What was kept as terms is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoTerms {
    /// It is not what this file writes.
    #[error("what was kept of a consent are no terms")]
    Json(#[source] serde_json::Error),
    /// An id in it is none.
    #[error("what was kept of a consent names what cannot be")]
    Id(#[from] BadId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    id: String,
    customer: String,
    clusters: Vec<String>,
    resources: Vec<KeptResource>,
    purpose: Option<String>,
    per_day_unattended: u32,
    data_from: Option<Date>,
    data_until: Option<Date>,
    bound: Vec<KeptBound>,
    authorised_at: Timestamp,
    reauth_at: Option<Timestamp>,
    expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptResource {
    kind: String,
    id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptBound {
    detail: String,
    member: String,
    value: KeptValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum KeptValue {
    Account(KeptResource),
    Money { amount: String, currency: [u8; 3] },
    Text(String),
}

/// The bytes of terms.
pub(crate) fn written(terms: &Terms) -> Vec<u8> {
    let clusters = terms.clusters.iter();
    let kept = Kept {
        id: terms.id.to_string(),
        customer: terms.customer.to_string(),
        clusters: clusters.map(ClusterId::to_string).collect(),
        resources: terms.resources.iter().map(KeptResource::of).collect(),
        purpose: terms.purpose.as_ref().map(PurposeId::to_string),
        per_day_unattended: terms.per_day_unattended,
        data_from: terms.data_from,
        data_until: terms.data_until,
        bound: terms.bound.iter().map(KeptBound::of).collect(),
        authorised_at: terms.authorised_at,
        reauth_at: terms.reauth_at,
        expires: terms.expires,
    };
    serde_json::to_vec(&kept).expect("texts, numbers, days and instants must make JSON")
}

/// The terms of bytes.
pub(crate) fn read(bytes: &[u8]) -> Result<Terms, NoTerms> {
    let kept: Kept = serde_json::from_slice(bytes).map_err(NoTerms::Json)?;
    let clusters = kept.clusters.iter();
    Ok(Terms {
        id: ConsentId::parse(&kept.id)?,
        customer: kept.customer.into(),
        clusters: clusters
            .map(|id| ClusterId::parse(id))
            .collect::<Result<_, _>>()?,
        resources: kept
            .resources
            .iter()
            .map(KeptResource::resource)
            .collect::<Result<_, _>>()?,
        purpose: kept.purpose.as_deref().map(PurposeId::parse).transpose()?,
        per_day_unattended: kept.per_day_unattended,
        data_from: kept.data_from,
        data_until: kept.data_until,
        bound: kept
            .bound
            .into_iter()
            .map(KeptBound::bound)
            .collect::<Result<_, _>>()?,
        authorised_at: kept.authorised_at,
        reauth_at: kept.reauth_at,
        expires: kept.expires,
    })
}

impl KeptResource {
    fn of(resource: &Resource) -> Self {
        Self {
            kind: resource.kind.to_string(),
            id: resource.id.to_string(),
        }
    }

    fn resource(&self) -> Result<Resource, BadId> {
        Ok(Resource {
            kind: ResourceKind::parse(&self.kind)?,
            id: ResourceId::parse(&self.id)?,
        })
    }
}

impl KeptBound {
    fn of(bound: &BoundValue) -> Self {
        let value = match &bound.value {
            BoundTo::Account(resource) => KeptValue::Account(KeptResource::of(resource)),
            BoundTo::Money { amount, currency } => KeptValue::Money {
                amount: amount.clone(),
                currency: *currency,
            },
            BoundTo::Text(text) => KeptValue::Text(text.clone()),
        };
        Self {
            detail: bound.detail.to_string(),
            member: bound.member.clone(),
            value,
        }
    }

    fn bound(self) -> Result<BoundValue, BadId> {
        Ok(BoundValue {
            detail: DetailType::parse(&self.detail)?,
            member: self.member,
            value: match self.value {
                KeptValue::Account(resource) => BoundTo::Account(resource.resource()?),
                KeptValue::Money { amount, currency } => BoundTo::Money { amount, currency },
                KeptValue::Text(text) => BoundTo::Text(text),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: &str) -> Resource {
        Resource {
            kind: ResourceKind::parse("account").expect("valid"),
            id: ResourceId::parse(id).expect("valid"),
        }
    }

    fn full() -> Terms {
        let bound = |member: &str, value| BoundValue {
            detail: DetailType::parse("funds_check").expect("valid"),
            member: member.to_owned(),
            value,
        };
        let money = BoundTo::Money {
            amount: "3000.00".to_owned(),
            currency: *b"CNY",
        };
        Terms {
            id: ConsentId::parse("g-1").expect("valid"),
            customer: "li \"lei\" 界".into(),
            clusters: ["balance", "account_list"]
                .map(|id| ClusterId::parse(id).expect("valid"))
                .into(),
            resources: [account("acc-2"), account("acc-1")].into(),
            purpose: Some(PurposeId::parse("overview").expect("valid")),
            per_day_unattended: 4,
            data_from: Some(Date::constant(2026, 1, 31)),
            data_until: Some(Date::constant(2026, 12, 31)),
            bound: vec![
                bound("account", BoundTo::Account(account("acc-2"))),
                bound("max", money),
                bound("payee", BoundTo::Text("\u{1}\"".to_owned())),
            ],
            authorised_at: Timestamp::new(1_800_000_000, 123_456_000).expect("in range"),
            reauth_at: Some(Timestamp::UNIX_EPOCH),
            expires: Timestamp::MAX,
        }
    }

    #[test]
    fn terms_read_back_as_they_were_written() {
        let full = full();
        let bare = Terms {
            clusters: [].into(),
            resources: [].into(),
            purpose: None,
            data_from: None,
            data_until: None,
            bound: Vec::new(),
            reauth_at: None,
            ..full.clone()
        };
        for terms in [full, bare] {
            assert_eq!(read(&written(&terms)).expect("reads"), terms);
        }
    }

    #[test]
    fn what_are_no_terms_is_an_error() {
        let text = String::from_utf8(written(&full())).expect("text");
        for (whole, broken) in [
            ("{", "["),
            ("{", "{\"more\":1,"),
            ("\"clusters\"", "\"customers\""),
            ("balance", "Balance"),
            ("acc-2", "acc 2"),
            ("2026-01-31", "2026-02-31"),
            ("\"money\"", "\"gold\""),
        ] {
            assert!(text.contains(whole), "{whole}");
            let broken = text.replacen(whole, broken, 1);
            assert!(read(broken.as_bytes()).is_err(), "{broken}");
        }
    }
}
