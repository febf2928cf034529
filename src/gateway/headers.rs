//! Which headers go on, and which end here. Hop-by-hop headers and framing are the edge's and the
//! upstream's to strip; here stands what a partner may not tell a bank, nor a bank a partner.

mod listed;

use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue};

use model::{InteractionId, RequestId};

use crate::product::Coverage;

pub(crate) use listed::answered;

/// The identity assertion to the bank: a compact JWS, `typ` `mortise-identity+jwt`.
pub(crate) const IDENTITY: HeaderName = HeaderName::from_static("x-mortise-identity");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

/// What ends at the gateway on the way in: what only we may tell the bank about the caller
/// (checklist AT-07, DP-15), cookies (the listener's origin is shared by all banks), and names by
/// which proxies and frameworks behind us let a request pass for another than the one that was
/// checked, or route, retry and wait as they say.
fn ends_here(name: &HeaderName) -> bool {
    let name = name.as_str();
    match name.strip_prefix("x-") {
        Some(rest) => is_said_by_us(rest),
        None => matches!(
            name,
            "authorization"
                | "cf-connecting-ip"
                | "cf-connecting-ipv6"
                | "client-cert"
                | "client-cert-chain"
                | "client-ip"
                | "cookie"
                | "dpop"
                | "fastly-client-ip"
                | "forwarded"
                | "front-end-https"
                | "proxy-authorization"
                | "remote-user"
                | "ssl-client-cert"
                | "ssl-client-issuer-dn"
                | "ssl-client-subject-dn"
                | "ssl-client-verify"
                | "true-client-ip"
        ),
    }
}

/// The same of a name that begins with `x-`, without that.
fn is_said_by_us(rest: &str) -> bool {
    /// `x-envoy-` takes a route's time-outs, retries and address from the request; `x-original-`
    /// and `x-rewrite-` another target; the others tell who calls, or from where.
    const FAMILIES: [&str; 14] = [
        "amzn-mtls-",
        "amzn-oidc-",
        "arr-",
        "auth-request-",
        "client-cert",
        "envoy-",
        "forwarded-",
        "goog-authenticated-user-",
        "goog-iap-",
        "mortise-",
        "ms-client-principal",
        "original-",
        "rewrite-",
        "ssl-",
    ];
    matches!(
        rest,
        "authenticated-user"
            | "azure-clientip"
            | "azure-socketip"
            | "client-ip"
            | "cluster-client-ip"
            | "fapi-interaction-id"
            | "forwarded"
            | "forwarder-for"
            | "host"
            | "http-host-override"
            | "http-method"
            | "http-method-override"
            | "https"
            | "method-override"
            | "originating-ip"
            | "proxyuser-ip"
            | "real-ip"
            | "remote-addr"
            | "remote-ip"
            | "remote-user"
            | "request-id"
            | "scheme"
            | "url-scheme"
    ) || FAMILIES.iter().any(|family| rest.starts_with(family))
}

/// The request's headers as the bank gets them: the partner's, less what ends here, plus the ids.
/// `traceparent` goes on as it came. Where there is a customer, only what is listed goes on.
pub(crate) fn to_upstream(
    from: &HeaderMap,
    coverage: Option<&Coverage>,
    request_id: RequestId,
    interaction: &InteractionId,
) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(from.len() + 3);
    for (name, value) in from {
        // The upstream says its own `Host`.
        let goes = match coverage {
            Some(coverage) => listed::is_asked(name, &coverage.request),
            None => !ends_here(name),
        };
        if *name != HOST && goes {
            headers.append(name.clone(), value.clone());
        }
    }
    let media_type = coverage.and_then(|its| listed::asked_type(from, &its.request));
    if let Some(media_type) = media_type {
        headers.insert(CONTENT_TYPE, media_type);
    }
    if let Ok(value) = HeaderValue::from_str(request_id.text().as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    if let Ok(value) = HeaderValue::from_str(interaction.as_str()) {
        headers.insert(INTERACTION_ID, value);
    }
    headers
}

/// What a bank may not say: it does not speak for the origin that it shares with other banks, nor
/// for the gateway, and what it runs on is nobody's to know (OWASP API8).
const NOT_A_BANKS: [&str; 24] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
    "alt-svc",
    "clear-site-data",
    "dpop-nonce",
    "proxy-authenticate",
    "server",
    "server-timing",
    "set-cookie",
    "strict-transport-security",
    "via",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-backend-server",
    "x-generator",
    "x-mortise-identity",
    "x-powered-by",
    "x-runtime",
    "x-served-by",
    "x-upstream",
];

/// Takes from an answer what a bank may not say.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    // A look at the few fields that are there costs less than a look-up for each of these.
    let bad = headers
        .keys()
        .filter(|name| NOT_A_BANKS.contains(&name.as_str()));
    let bad: Vec<HeaderName> = bad.cloned().collect();
    for name in bad {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_loses_what_a_bank_may_not_say_for_the_shared_origin() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("set-cookie", "a=b"),
            ("alt-svc", "h3=\":443\""),
            ("clear-site-data", "\"*\""),
            ("dpop-nonce", "the bank's"),
            ("strict-transport-security", "max-age=0"),
            ("access-control-allow-origin", "*"),
            ("x-mortise-identity", "forged"),
            ("server", "Kestrel"),
            ("via", "1.1 10.0.0.7"),
            ("x-powered-by", "ASP.NET"),
            ("x-aspnet-version", "4.0.30319"),
            ("server-timing", "db;dur=53"),
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
    fn identity_and_override_headers_of_the_partner_never_reach_the_bank() {
        for name in [
            "authorization",
            "client-cert",
            "cookie",
            "dpop",
            "forwarded",
            "ssl-client-subject-dn",
            "x-amzn-oidc-identity",
            "x-arr-clientcert",
            "x-auth-request-user",
            "x-client-cert",
            "x-client-certificate",
            "x-envoy-decorator-operation",
            "x-envoy-original-path",
            "x-envoy-retry-on",
            "x-envoy-upstream-rq-timeout-ms",
            "x-forwarded",
            "x-forwarded-client-cert",
            "x-forwarded-for",
            "x-goog-authenticated-user-id",
            "x-host",
            "x-http-method-override",
            "x-mortise-identity",
            "x-ms-client-principal-id",
            "x-original-host",
            "x-original-url",
            "x-real-ip",
            "x-remote-user",
            "x-rewrite-url",
            "x-ssl-client-verify",
        ] {
            assert!(ends_here(&HeaderName::from_static(name)), "{name}");
        }
        for name in [
            "traceparent",
            "accept-language",
            "x-fapi-auth-date",
            "x-fapi-customer-ip-address",
            "x-idempotency-key",
            "x-jws-signature",
            "x-request-signature",
            "content-type",
        ] {
            assert!(!ends_here(&HeaderName::from_static(name)), "{name}");
        }
    }
}
