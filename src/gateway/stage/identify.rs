//! Who calls: certificate verdict → partner; token; proof; binding; client.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

use identity::{Caller, ProofFor, Proved, Verdict, binding};
use model::{PresentedChain, Refusal, Standing};

use crate::credentials::{Scheme, credentials, names_dpop};
use crate::exchange::Exchange;
use crate::lent::Services;
use crate::product::Route;
use crate::stage::route::PartnerRoute;

const DPOP: HeaderName = HeaderName::from_static("dpop");
const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// Proof that the caller is known: an active partner, with a token bound to the certificate shown,
/// to a key that was proved, or to both.
pub(crate) struct Identified {
    caller: Caller,
}

impl Identified {
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Identifies the caller, in the order of checklist AT-02. Whoever shows a certificate is judged by
/// it; whoever shows none must prove a key.
pub(crate) fn identify(
    exchange: &mut Exchange,
    services: &Services,
    routed: &PartnerRoute,
) -> Result<Identified, Refusal> {
    let route = routed.route();
    let connection = Arc::clone(&exchange.connection);
    let chain = connection.chain.as_deref();
    let verdict = match chain {
        Some(chain) => Some(shown(exchange, services, route, chain)?),
        None if names_dpop(&exchange.head.headers) => None,
        None => return Err(Refusal::NoCertificate),
    };
    let (scheme, text) = credentials(&exchange.head.headers, exchange.head.uri.query())?;
    let token = services.tokens.verify(&route.issuer, text, exchange.now)?;
    let owner = route.bank.owner(&token.client);
    exchange.record.token(&token.client, token.jti_digest);
    let proved = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => {
            let answer_headers = &mut exchange.answer_headers;
            // A token that is bound to no key is no DPoP token (DP-14).
            let key = token.confirmation.key().ok_or(Refusal::WrongBinding)?;
            let sent = (&exchange.head, text, key, exchange.now);
            let proved = prove(services, route, sent, answer_headers)?;
            exchange.record.key(*proved.thumbprint());
            Some(proved)
        }
    };
    let bound = binding(token, chain, proved.as_ref())?;
    if let (None, Some(owner)) = (&verdict, owner) {
        exchange.record.partner(&owner.id);
    }
    let caller = Caller::join(verdict.as_deref(), bound, owner)?;
    Ok(Identified { caller })
}

/// The verdict on the certificate shown; its partner is not suspended.
fn shown(
    exchange: &mut Exchange,
    services: &Services,
    route: &Route,
    chain: &PresentedChain,
) -> Result<Arc<Verdict>, Refusal> {
    let trust = &route.bank.trust;
    let verdict = services.certificates.verdict(trust, chain, exchange.now)?;
    exchange.record.partner(&verdict.partner.id);
    if verdict.partner.standing == Standing::Suspended {
        return Err(Refusal::PartnerSuspended);
    }
    Ok(verdict)
}

/// Checks the request's DPoP proof (RFC 9449 §7), made for the listener's URL as it is configured,
/// never for what the request says of its host (DP-05). A nonce goes with the answer when one is
/// demanded, and when the proof's is about to end (§8.2, §9).
fn prove(
    services: &Services,
    route: &Route,
    (head, token, key, now): (&http::request::Parts, &str, &[u8; 32], Timestamp),
    answer_headers: &mut HeaderMap,
) -> Result<Proved, Refusal> {
    let url = format!("{}{}", route.issuer.audience(), head.uri.path());
    let expected = ProofFor {
        method: head.method.as_str(),
        url: &url,
        access_token: Some(token),
        key: Some(key),
    };
    let sent = head.headers.get_all(DPOP).into_iter();
    let proofs = sent.map(HeaderValue::as_bytes);
    let checked = services.proofs.check(proofs, &expected, now);
    let nonce = match &checked {
        Ok(proved) => proved.next_nonce().map(str::to_owned),
        Err(problem) => problem.wants_nonce().then(|| services.proofs.nonce()),
    };
    if let Some(Ok(nonce)) = nonce.map(HeaderValue::try_from) {
        answer_headers.insert(DPOP_NONCE, nonce);
    }
    checked.map_err(Refusal::Proof)
}
