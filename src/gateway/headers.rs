//! Which headers go on, and which end here.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::exchange::Exchange;

/// The identity assertion to the bank: a compact JWS, `typ` `mortise-identity+jwt`.
pub(crate) const IDENTITY: HeaderName = HeaderName::from_static("x-mortise-identity");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

/// Hop-by-hop headers (RFC 9110 §7.6.1) and framing: never copied in either direction.
fn ends_here(name: &HeaderName) -> bool {
    [
        CONNECTION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
    ]
    .contains(name)
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
        || name.as_str().starts_with("x-mortise-")
}

/// What only we may tell the bank about the caller (checklist AT-07, DP-15), and what describes
/// the partner's connection to us.
fn is_ours_to_say(name: &HeaderName) -> bool {
    [AUTHORIZATION, HOST, EXPECT, CONTENT_LENGTH].contains(name)
        || matches!(
            name.as_str(),
            "dpop"
                | "forwarded"
                | "client-cert"
                | "client-cert-chain"
                | "x-real-ip"
                | "x-client-cert"
                | "x-request-id"
                | "x-fapi-interaction-id"
        )
        || name.as_str().starts_with("x-forwarded-")
        || name.as_str().starts_with("x-ssl-client")
}

/// The request's headers as the bank gets them: the partner's, less what ends here, plus the ids.
/// `traceparent` goes on as it came.
pub(crate) fn to_upstream(from: &HeaderMap, exchange: &Exchange) -> HeaderMap {
    let named = named_by_connection(from);
    let mut headers = HeaderMap::with_capacity(from.len() + 3);
    for (name, value) in from {
        if !ends_here(name) && !is_ours_to_say(name) && !named.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Ok(value) = HeaderValue::from_str(&exchange.request_id.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(exchange.interaction.as_str()) {
        headers.insert(INTERACTION_ID, value);
    }
    headers
}

/// Takes from an answer what ends here.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    let mut gone = named_by_connection(headers);
    gone.extend(headers.keys().filter(|name| ends_here(name)).cloned());
    for name in gone {
        headers.remove(&name);
    }
}

/// Headers that `Connection` declares hop-by-hop (RFC 9110 §7.6.1).
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_loses_hop_by_hop_headers_and_those_connection_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-inner"),
            ("x-inner", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("x-mortise-identity", "forged"),
            ("content-type", "text/plain"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        clean_answer(&mut headers);
        let left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["content-type"]);
    }

    #[test]
    fn identity_headers_of_the_partner_never_reach_the_bank() {
        for name in [
            "authorization",
            "dpop",
            "client-cert",
            "x-forwarded-for",
            "forwarded",
            "x-real-ip",
        ] {
            assert!(is_ours_to_say(&HeaderName::from_static(name)), "{name}");
        }
        assert!(ends_here(&HeaderName::from_static("x-mortise-identity")));
        assert!(!is_ours_to_say(&HeaderName::from_static("traceparent")));
    }
}
