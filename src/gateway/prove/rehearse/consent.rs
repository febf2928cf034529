//! The consents of a rehearsal: the customer's covers what the honest call names, and no more.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use http::HeaderName;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use openapi::{Bound, Location, ParameterDescription, Step};

use identity::{ConsentBook, Consents};
use model::ports::{Spend, StandingConsent, StoreUnavailable};
use model::{
    BoundTo, BoundValue, ConsentId, ConsentState, DetailType, MessageBody, Resource, ResourceId,
    ResourceKind, Terms,
};

use crate::product::{Class, Coverage};
use crate::prove::Attack;

/// What the customer did not choose.
const ANOTHERS: &str = "another-customers";
/// Money that was consented to.
const AMOUNT: &str = "1.00";
const CURRENCY: &[u8; 3] = b"CNY";

/// A book in which every consent stands so.
struct Standing(Option<StandingConsent>);

impl ConsentBook for Standing {
    fn terms(
        &self,
        _: [u8; 32],
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<StandingConsent>, StoreUnavailable>> {
        ready(Ok(self.0.clone())).boxed()
    }

    fn spend(
        &self,
        _: [u8; 32],
        _: Date,
        _: u32,
    ) -> BoxFuture<'_, Result<Spend, StoreUnavailable>> {
        ready(Ok(Spend::Left(0))).boxed()
    }

    fn give_back(&self, _: [u8; 32], _: Date) -> BoxFuture<'_, Result<(), StoreUnavailable>> {
        ready(Ok(())).boxed()
    }
}

/// The class of a rehearsed operation; `named` is what the honest call names.
pub(super) fn class(of: &Class, attack: Option<Attack>, named: &str, now: Timestamp) -> Class {
    match of {
        Class::Open | Class::Partner { .. } => of.clone(),
        Class::Customer {
            scope,
            detail,
            coverage,
        } => {
            let standing = match attack {
                Some(Attack::NoConsent) => None,
                Some(Attack::WithdrawnConsent) => Some((ConsentState::Withdrawn, None)),
                Some(Attack::OthersResource) => in_force(coverage, ANOTHERS, now),
                _ => in_force(coverage, named, now),
            };
            let standing = standing.map(|(state, terms)| {
                let bound = |terms: Terms| Terms {
                    bound: bound(coverage, detail.as_ref(), named),
                    ..terms
                };
                (state, terms.map(bound))
            });
            let consents = Consents::of(Box::new(Standing(standing)), 4);
            Class::Customer {
                scope: scope.clone(),
                detail: detail.clone(),
                coverage: coverage.rehearsed(consents).into(),
            }
        }
    }
}

fn in_force(coverage: &Coverage, chosen: &str, now: Timestamp) -> Option<StandingConsent> {
    let of_parameters = coverage.request.parameters.iter().map(|p| &p.resource);
    let of_body = coverage.request.body.iter().map(|part| &part.resource);
    let kinds: BTreeSet<&String> = of_parameters.chain(of_body).flatten().collect();
    let resources = kinds.into_iter().filter_map(|kind| {
        Some(Resource {
            kind: ResourceKind::parse(kind).ok()?,
            id: ResourceId::parse(chosen).ok()?,
        })
    });
    let terms = Terms {
        id: ConsentId::parse("rehearsal").ok()?,
        customer: "a customer".into(),
        clusters: coverage.clusters.clone(),
        resources: resources.collect(),
        purpose: None,
        per_day_unattended: 1,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: now,
        reauth_at: None,
        expires: now.saturating_add(SignedDuration::from_hours(1)).ok()?,
    };
    Some((ConsentState::Authorised, Some(terms)))
}

/// The values that were consented to: what the honest call says.
fn bound(coverage: &Coverage, detail: Option<&DetailType>, named: &str) -> Vec<BoundValue> {
    let Some(detail) = detail else {
        return Vec::new();
    };
    let of_parameters = coverage.request.parameters.iter().map(|p| &p.bound);
    let of_body = coverage.request.body.iter().map(|part| &part.bound);
    let bounds = of_parameters.chain(of_body).flatten();
    let value = |bound: &Bound| {
        let (member, value) = match bound {
            Bound::Same(member) => (member, BoundTo::Text(named.to_owned())),
            Bound::AtMost(member) => {
                let (amount, currency) = (AMOUNT.to_owned(), *CURRENCY);
                (member, BoundTo::Money { amount, currency })
            }
        };
        BoundValue {
            detail: detail.clone(),
            member: member.clone(),
            value,
        }
    };
    bounds.map(value).collect()
}

/// What the honest call says beside its path.
pub(super) struct Said {
    /// With its question mark; empty when there is none.
    pub(super) query: String,
    /// The headers that name something.
    pub(super) headers: Vec<HeaderName>,
    pub(super) body: MessageBody,
    /// What the body is, where there is one.
    pub(super) media_type: Option<String>,
}

impl Said {
    pub(super) fn of(class: &Class, named: &str) -> Self {
        let mut said = Self {
            query: String::new(),
            headers: Vec::new(),
            body: model::empty(),
            media_type: None,
        };
        let Some(coverage) = class.coverage() else {
            return said;
        };
        for parameter in &coverage.request.parameters {
            said.put(parameter, named);
        }
        let mut body = Value::Null;
        for part in &coverage.request.body {
            let value = match &part.bound {
                Some(Bound::AtMost(_)) => {
                    json!({ "currency": String::from_utf8_lossy(CURRENCY), "value": AMOUNT })
                }
                Some(Bound::Same(_)) | None => Value::from(named),
            };
            put(&mut body, &part.path, value);
        }
        if !body.is_null() {
            said.body = model::full(body.to_string());
            let shape = coverage.request.shape.as_ref();
            said.media_type = shape.map(|shape| shape.media_type.clone());
        }
        said
    }

    fn put(&mut self, parameter: &ParameterDescription, named: &str) {
        if parameter.resource.is_none() && parameter.bound.is_none() {
            return;
        }
        let name = &parameter.name;
        match parameter.location {
            Location::Query => {
                let sign = if self.query.is_empty() { '?' } else { '&' };
                let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
                // A text takes all that is written to it.
                let _ = write!(self.query, "{sign}{name}={named}");
            }
            Location::Header => self.headers.extend(HeaderName::try_from(name.as_str())),
            Location::Path | Location::Cookie => {}
        }
    }
}

/// Puts a value at the end of a way.
fn put(at: &mut Value, path: &[Step], value: Value) {
    match path.split_first() {
        None => *at = value,
        Some((Step::Member(name), rest)) => {
            if !at.is_object() {
                *at = Value::Object(Map::new());
            }
            if let Value::Object(members) = at {
                put(
                    members.entry(name.as_str()).or_insert(Value::Null),
                    rest,
                    value,
                );
            }
        }
        Some((Step::Item, rest)) => {
            if !at.is_array() {
                *at = json!([null]);
            }
            if let Some(item) = at.get_mut(0) {
                put(item, rest, value);
            }
        }
    }
}
