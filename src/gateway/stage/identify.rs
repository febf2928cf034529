//! Who calls: certificate verdict → partner; token; proof; binding; client.

use http::{HeaderMap, HeaderName, HeaderValue};

use identity::{Caller, Judges, Knock, Place, Witness};
use model::{ClientId, PartnerId, Refusal};

use crate::exchange::Exchange;
use crate::lent::Services;
use crate::record::OpenRecord;
use crate::stage::route::Guarded;

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

/// Identifies the caller, in the order of checklist AT-02. Proofs are made for the listener's URL
/// as it is configured, never for what the request says of its host (DP-05).
pub(crate) fn identify(
    exchange: &mut Exchange,
    services: &Services,
    routed: Guarded<'_>,
) -> Result<Identified, Refusal> {
    let route = routed.route();
    let head = &exchange.head;
    let judges = Judges {
        certificates: &services.certificates,
        tokens: &services.tokens,
        proofs: &|| services.proofs.of(&route.bank.id),
    };
    let place = Place {
        trust: &route.bank.trust,
        issuer: &route.issuer,
        owner: &|client: &ClientId| route.bank.owner(client),
    };
    let knock = Knock {
        method: &head.method,
        headers: &head.headers,
        query: head.uri.query(),
        origin: route.issuer.audience(),
        path: head.uri.path(),
        chain: exchange.connection.chain.as_deref(),
        now: exchange.now,
    };
    let mut noted = Noted {
        record: &mut exchange.record,
        answer_headers: &mut exchange.answer_headers,
    };
    let caller = identity::identify(&judges, &place, &knock, &mut noted)?;
    Ok(Identified { caller })
}

/// What becomes known goes to the record, and a nonce with the answer.
struct Noted<'a> {
    record: &'a mut OpenRecord,
    answer_headers: &'a mut HeaderMap,
}

impl Witness for Noted<'_> {
    fn partner(&mut self, partner: &PartnerId) {
        self.record.partner(partner);
    }

    fn token(&mut self, client: &ClientId, jti_digest: [u8; 32]) {
        self.record.token(client, jti_digest);
    }

    fn key(&mut self, thumbprint: [u8; 32]) {
        self.record.key(thumbprint);
    }

    fn nonce(&mut self, nonce: &str) {
        if let Ok(nonce) = HeaderValue::try_from(nonce) {
            self.answer_headers.insert(DPOP_NONCE, nonce);
        }
    }
}
