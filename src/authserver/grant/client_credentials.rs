//! Grant: a client's own access (RFC 6749 §4.4). No refresh token and no ID token (TK-07).

use jiff::Timestamp;

use crate::Ports;
use crate::denied::Denied;
use crate::grant::issued::Issued;
use crate::issuer::Issuer;
use crate::request::details::Details;
use crate::step::binding::Binding;
use crate::step::resource::Audience;
use crate::step::scope::Granted;
use crate::step::standing::InGoodStanding;
use crate::token::access::{self, Says};

/// Issues a token: only to a client in good standing, only bound, only for granted scopes.
pub(crate) fn issue(
    issuer: &Issuer,
    ports: &Ports,
    client: &InGoodStanding<'_>,
    binding: &Binding,
    (granted, audience): (&Granted, &Audience),
    now: Timestamp,
) -> Result<Issued, Denied> {
    let says = Says {
        client: client.client().id(),
        scope: granted,
        details: &Details::default(),
        audience,
        binding,
        customer: None,
    };
    let token = access::make(issuer, &says, now, ports.random.as_ref())?;
    Ok(Issued {
        token,
        token_type: binding.token_type(),
        scope: granted.scopes().to_string(),
        details: Details::default(),
        sealed: None,
        grant: None,
        refresh_token: None,
        id_token: None,
    })
}
