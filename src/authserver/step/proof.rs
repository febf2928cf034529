//! Step: the DPoP proof that a request brings (RFC 9449 §4.3, §5, §8, §10.1; DP-01 to DP-10,
//! PA-14).
//!
//! It is looked at once the client is known, so that nobody else's proofs cost a signature, and
//! before anything of the request is used up, so that whoever is told to bring a nonce may bring
//! the same assertion again. It is used up after the assertion: only clients in good standing can
//! fill the memory of proofs that were used.

use http::{HeaderName, HeaderValue, Method};
use identity::{Good, ProofFor, Proved};
use jiff::Timestamp;

use model::{Connection, ProofProblem, Request, Response};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::registered::Registered;
use crate::step::client_id::Named;
use crate::step::standing::InGoodStanding;
use crate::{BoundBy, Ports};

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What a request's head says of proofs, and of what they must be made for.
pub(crate) struct Sent {
    proofs: Vec<HeaderValue>,
    method: Method,
    path: String,
}

impl Sent {
    /// Reads a head.
    pub(crate) fn of(request: &Request) -> Self {
        let proofs = request.headers().get_all(DPOP).into_iter();
        Self {
            // One is looked at, and a second one is one too many.
            proofs: proofs.take(2).cloned().collect(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
        }
    }
}

/// Whether the endpoint gives out what must be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    /// A proof, of clients whose tokens are bound to keys; of others it may come.
    Tokens,
    /// It may come.
    Nothing,
}

/// A good proof that is not used up, or none where none came.
pub(crate) struct Looked(Option<Good>);

impl Looked {
    /// Of an endpoint that has nothing to do with proofs.
    pub(crate) const NOT_AT: Self = Self(None);
}

/// Whether it is a client whose tokens are bound to keys.
fn is_bound_by_key(client: &Named<'_>) -> bool {
    match client.proved().who() {
        Registered::Client(client) => client.settings().bound_by == BoundBy::Key,
        Registered::Server(_) => false,
    }
}

/// Looks at the proof, made for the endpoint's URL on the listener that the request came by: as it
/// is configured, whatever the request says of its host (DP-05).
pub(crate) fn look(
    issuer: &Issuer,
    ports: &Ports,
    connection: &Connection,
    (sent, wants): (&Sent, Wants),
    client: &Named<'_>,
    now: Timestamp,
) -> Result<Looked, Denied> {
    if sent.proofs.is_empty() {
        let is_due = wants == Wants::Tokens && is_bound_by_key(client);
        return if is_due {
            Err(Denied::proof(ProofProblem::Missing))
        } else {
            Ok(Looked(None))
        };
    }
    let origin = issuer.origins.get(&connection.listener);
    let origin = origin.ok_or(Denied::proof(ProofProblem::Url))?;
    let url = format!("{origin}{}", sent.path);
    let expected = ProofFor {
        method: sent.method.as_str(),
        url: &url,
        whose: client.proved().id().as_str(),
        access_token: None,
    };
    let proofs = sent.proofs.iter().map(HeaderValue::as_bytes);
    let good = ports.proofs.look(proofs, &expected, now);
    good.map(|good| Looked(Some(good)))
        .map_err(|problem| refused(ports, problem))
}

/// Uses the proof up, where there is one.
pub(crate) fn use_up(
    ports: &Ports,
    client: &InGoodStanding<'_>,
    looked: Looked,
) -> Result<Option<Proved>, Denied> {
    let whose = client.client().id().as_str();
    let used = looked.0.map(|good| ports.proofs.use_up(good, whose));
    used.transpose().map_err(|problem| refused(ports, problem))
}

/// With the nonce that mends it, where one does (RFC 9449 §8).
fn refused(ports: &Ports, problem: ProofProblem) -> Denied {
    let nonce = problem.wants_nonce().then(|| ports.proofs.nonce());
    let nonce = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok());
    Denied::Proof { problem, nonce }
}

/// The nonce that goes with a good answer, when the proof's is about to end (RFC 9449 §8.2).
pub(crate) fn next_nonce(proved: Option<&Proved>) -> Option<HeaderValue> {
    HeaderValue::try_from(proved?.next_nonce()?).ok()
}

/// Puts it there: one header, whatever else is answered.
pub(crate) fn with_nonce(mut response: Response, nonce: Option<HeaderValue>) -> Response {
    response
        .headers_mut()
        .extend(nonce.map(|nonce| (DPOP_NONCE, nonce)));
    response
}
