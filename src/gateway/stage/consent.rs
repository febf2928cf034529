//! What the customer allowed: the token's consent is in force, gives something of what the
//! operation opens, and covers whatever the request names. An id that is not covered, another
//! customer's, one that does not exist and one that is ill-formed are refused alike, before the
//! bank is asked (CO-01, CO-04).

mod body;
mod named;
mod window;

pub(crate) use window::of as window_of;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;

use identity::{Access, AccessTo, AccessToken, Consents, LiveConsent, Looked, Spent};
use model::{ConsentSeen, Refusal, Why};

use crate::exchange::Exchange;
use crate::stage::identify::Identified;
use crate::stage::route::CustomerRoute;

/// Says that the customer is there: the partner's word, and recorded as that.
const CUSTOMER_ADDRESS: HeaderName = HeaderName::from_static("x-fapi-customer-ip-address");

/// Proof that a customer's live consent covers the request.
pub(crate) struct Consented {
    consent: Arc<LiveConsent>,
    token: Arc<AccessToken>,
    /// Where the request goes, once its days are cut to the consent's; `None`: as it came.
    target: Option<PathAndQuery>,
    /// The access that it spent, if it spent one.
    spent: Option<Spent>,
}

impl Consented {
    /// The consent.
    pub(crate) fn consent(&self) -> &LiveConsent {
        &self.consent
    }

    /// The token that stands for it.
    pub(crate) fn token(&self) -> &Arc<AccessToken> {
        &self.token
    }

    /// Where the request goes, if not where it says.
    pub(crate) fn target(&self) -> Option<&PathAndQuery> {
        self.target.as_ref()
    }

    /// The access that it spent, to be given back when the bank gives nothing.
    pub(crate) fn spent(&self) -> Option<&Spent> {
        self.spent.as_ref()
    }
}

/// Looks the consent up and holds the request against it. An access while the customer is away is
/// spent last, when nothing else refuses.
pub(crate) async fn consent(
    exchange: &mut Exchange,
    routed: &CustomerRoute,
    identified: &Identified,
) -> Result<Consented, Refusal> {
    let coverage = routed.coverage();
    let token = identified.caller().token();
    let digest = token.grant_digest.ok_or(Refusal::NoConsent)?;
    let is_attended = is_attended(&exchange.head.headers);
    exchange.record.consent(ConsentSeen {
        digest,
        clusters: Vec::new(),
        kept: 0,
        dropped: 0,
        attended: is_attended,
    });
    let consent = live(&coverage.consents, &digest, exchange.now).await?;
    let terms = &consent.terms;
    if !coverage.clusters.is_empty() && coverage.clusters.is_disjoint(&terms.clusters) {
        return Err(Refusal::NotCovered);
    }
    let held = named::Held {
        terms,
        detail: routed.guarded().detail(),
    };
    let template = &routed.route().object.template;
    named::check(&held, &coverage.request, template, &exchange.head)?;
    let target = window::cut(terms, &coverage.request, &exchange.head.uri)?;
    let body = exchange.body.take().unwrap_or_else(model::empty);
    let headers = &exchange.head.headers;
    exchange.body = Some(body::check(&held, &coverage.request, headers, body).await?);
    let spent = if is_attended {
        None
    } else {
        let access = access(routed, &digest, &exchange.head);
        Some(spend(&coverage.consents, &consent, &access, exchange.now).await?)
    };
    Ok(Consented {
        token: Arc::clone(token),
        consent,
        target,
        spent,
    })
}

/// What a request reads, under the consent of this digest.
fn access(routed: &CustomerRoute, digest: &[u8; 32], head: &Parts) -> AccessTo {
    let object = &routed.route().object;
    let (product, operation) = (object.product.as_str(), object.operation.as_str());
    let resources: Vec<_> = named::in_order(&object.template, head.uri.path()).collect();
    let resources = resources.iter().map(|name| &**name);
    let names = [product, operation].into_iter().chain(resources);
    AccessTo::new(digest, names)
}

/// The consent of this digest, which is in force.
async fn live(
    consents: &Consents,
    digest: &[u8; 32],
    now: Timestamp,
) -> Result<Arc<LiveConsent>, Refusal> {
    let looked = consents.look(digest, now).await.map_err(unavailable)?;
    match looked {
        Looked::Live(consent) => Ok(consent),
        Looked::Ended(Why::Expired) => Err(Refusal::ConsentExpired),
        Looked::Ended(Why::Withdrawn | Why::Superseded | Why::Revoked) => {
            Err(Refusal::ConsentWithdrawn)
        }
        Looked::None => Err(Refusal::NoConsent),
    }
}

/// Spends an access.
async fn spend(
    consents: &Consents,
    consent: &LiveConsent,
    access: &AccessTo,
    now: Timestamp,
) -> Result<Spent, Refusal> {
    let spent = consents.spend(&consent.terms, access, now).await;
    match spent.map_err(unavailable)? {
        Access::Spent(spent) => Ok(spent),
        Access::NoneLeft => Err(Refusal::TooOften {
            retry_after: Consents::until_tomorrow(now),
        }),
    }
}

/// Without the store nobody is let in (CO-22).
#[expect(clippy::needless_pass_by_value, reason = "it is what is mapped")]
fn unavailable(error: model::ports::StoreUnavailable) -> Refusal {
    let error: &dyn std::error::Error = &error;
    tracing::warn!(error, "a consent could not be looked up");
    Refusal::ConsentUnavailable
}

/// Whether the partner says where the customer is: one address, and nothing else.
fn is_attended(headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(CUSTOMER_ADDRESS).iter();
    let (Some(address), None) = (said.next(), said.next()) else {
        return false;
    };
    let address = address.to_str().ok().and_then(|text| text.parse().ok());
    address.is_some_and(is_somebodys)
}

/// Whether a customer can be at an address: not at one that stands for none, many or all.
fn is_somebodys(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_all = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    !address.is_unspecified() && !address.is_multicast() && !is_all
}

#[cfg(test)]
mod tests;
