//! Who calls: certificate verdict → partner; token; binding; client.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use identity::{Caller, binding};
use model::{Refusal, Standing};

use crate::exchange::Exchange;
use crate::lent::Services;
use crate::stage::route::PartnerRoute;

/// Proof that the caller is known: an active partner, with a token bound to the certificate shown.
pub(crate) struct Identified {
    caller: Caller,
}

impl Identified {
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Identifies the caller, in the order of checklist AT-02.
pub(crate) fn identify(
    exchange: &mut Exchange,
    services: &Services,
    routed: &PartnerRoute,
) -> Result<Identified, Refusal> {
    let route = routed.route();
    let connection = std::sync::Arc::clone(&exchange.connection);
    let chain = connection.chain.as_ref().ok_or(Refusal::NoCertificate)?;
    let verdict = services
        .certificates
        .verdict(&route.bank.trust, chain, exchange.now)?;
    exchange
        .record
        .partner(&verdict.partner.id, chain.leaf_thumbprint);
    if verdict.partner.standing == Standing::Suspended {
        return Err(Refusal::PartnerSuspended);
    }
    let token = bearer_token(&exchange.head.headers, exchange.head.uri.query())?;
    let token = services.tokens.verify(&route.issuer, token, exchange.now)?;
    let owner = route.bank.owner(&token.client);
    exchange.record.token(&token.client, token.jti_digest);
    let bound = binding(token, chain)?;
    let caller = Caller::join(&verdict, bound, owner)?;
    Ok(Identified { caller })
}

/// The token, from the Authorization header only (RFC 6750 §2.1; checklist AT-03).
fn bearer_token<'a>(headers: &'a HeaderMap, query: Option<&str>) -> Result<&'a str, Refusal> {
    if query.is_some_and(names_access_token) {
        return Err(Refusal::MalformedRequest {
            what: "An access token must not be in the query; send it in the Authorization header.",
        });
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::NoToken);
    };
    if values.next().is_some() {
        return Err(Refusal::MalformedRequest {
            what: "The Authorization header must stand once.",
        });
    }
    let text = value.to_str().map_err(|_| Refusal::MalformedRequest {
        what: "The Authorization header must be ASCII.",
    })?;
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("Bearer") => Ok(token.trim()),
        _ => Err(Refusal::NoToken),
    }
}

fn names_access_token(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or(pair);
        percent_encoding::percent_decode_str(name).eq(b"access_token".iter().copied())
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_comes_from_one_authorization_header_only() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer_token(&headers, None), Err(Refusal::NoToken));
        headers.append(AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        assert_eq!(bearer_token(&headers, Some("a=b")), Ok("abc"));
        assert!(matches!(
            bearer_token(&headers, Some("x=1&access%5Ftoken=abc")),
            Err(Refusal::MalformedRequest { .. })
        ));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer def"));
        assert!(matches!(
            bearer_token(&headers, None),
            Err(Refusal::MalformedRequest { .. })
        ));
    }
}
