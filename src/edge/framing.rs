//! What hyper parses but two parsers could read in two ways: refused before a handler sees it.
//! **Stops**: request smuggling, routing by one name and authorising by another, hop-by-hop abuse.

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING,
};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{Method, StatusCode, Version};
use model::{Breach, strip_hop_by_hop};

use crate::settings::Limits;

/// Fields that `Connection` may not name: a hop would drop what it must not (RFC 9110 §7.6.1).
const NEVER_HOP_BY_HOP: [&[u8]; 18] = [
    b"authorization",
    b"client-cert",
    b"client-cert-chain",
    b"content-digest",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"cookie",
    b"dpop",
    b"expect",
    b"forwarded",
    b"host",
    b"idempotency-key",
    b"proxy-authorization",
    b"signature",
    b"signature-input",
    b"transfer-encoding",
    b"x-request-id",
];
const NEVER_HOP_BY_HOP_PREFIXES: [&[u8]; 4] =
    [b"x-fapi-", b"x-forwarded-", b"x-idempotency-", b"x-jws-"];

/// Checks a request's head and makes it plain: `Host` is then always there on HTTP/1.1 and HTTP/2
/// and is the authority, hop-by-hop fields and those whose names have an underscore are gone, and
/// no extension is left. So nothing that a handler adds can be what the client's `Connection`
/// names.
pub(crate) fn admit(head: &mut Parts, is_tls: bool, limits: &Limits) -> Result<(), Breach> {
    check_method(head)?;
    check_fields(head, limits)?;
    check_target(head, is_tls, limits)?;
    check_authority(head)?;
    if head.version != Version::HTTP_2 {
        check_connection(&head.headers)?;
        check_length(head)?;
    }
    check_expect(&head.headers)?;
    strip_hop_by_hop(&mut head.headers);
    drop_underscores(&mut head.headers);
    head.extensions.clear();
    Ok(())
}

/// The comma-separated parts of all lines of a field, trimmed, none empty (RFC 9110 §5.6.1).
pub(crate) fn tokens<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    headers
        .get_all(name)
        .into_iter()
        .flat_map(|value| value.as_bytes().split(|b| *b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|token| !token.is_empty())
}

fn malformed(what: &'static str) -> Breach {
    let status = StatusCode::BAD_REQUEST;
    Breach { status, what }
}

fn check_method(head: &Parts) -> Result<(), Breach> {
    if head.method == Method::CONNECT {
        return Err(Breach {
            status: StatusCode::NOT_IMPLEMENTED,
            what: "CONNECT is not served: this is no tunnel",
        });
    }
    Ok(())
}

fn check_fields(head: &Parts, limits: &Limits) -> Result<(), Breach> {
    if head.headers.len() > limits.headers {
        return Err(Breach {
            status: StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            what: "there are more header fields than allowed",
        });
    }
    // RFC 9113 §8.2.1; the HTTP/1.1 parser trims.
    if head.version == Version::HTTP_2 && head.headers.values().any(is_padded) {
        return Err(malformed(
            "a field value must not begin or end with white space",
        ));
    }
    // RFC 9110 §5.3: these are no lists. Which of two counts would differ from reader to reader.
    for (name, what) in [
        (AUTHORIZATION, "Authorization must be sent once"),
        (CONTENT_TYPE, "Content-Type must be sent once"),
    ] {
        if is_repeated(&head.headers, &name) {
            return Err(malformed(what));
        }
    }
    Ok(())
}

/// RFC 9112 §3.2, RFC 3986 §2: `/path?query` in ASCII, or the whole URI.
fn check_target(head: &Parts, is_tls: bool, limits: &Limits) -> Result<(), Breach> {
    let uri = &head.uri;
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    if target.len() > limits.target_bytes {
        return Err(Breach {
            status: StatusCode::URI_TOO_LONG,
            what: "the request target is longer than allowed",
        });
    }
    if !target.bytes().all(|b| b.is_ascii_graphic()) || target.contains('#') {
        return Err(malformed(
            "the request target must be percent-encoded ASCII without a fragment",
        ));
    }
    let asks_all = target == "*" && head.method == Method::OPTIONS;
    if !target.starts_with('/') && !asks_all {
        return Err(malformed(
            "the request target must be a path or a whole URI",
        ));
    }
    let scheme = if is_tls { Scheme::HTTPS } else { Scheme::HTTP };
    match uri.scheme() {
        Some(sent) if *sent != scheme => {
            Err(malformed("the scheme must be that of the connection"))
        }
        None if uri.authority().is_some() => Err(malformed(
            "the request target must be a path or a whole URI",
        )),
        _ => Ok(()),
    }
}

/// RFC 9112 §3.2, RFC 9113 §8.3.1: one authority, said in one way.
fn check_authority(head: &mut Parts) -> Result<(), Breach> {
    if is_repeated(&head.headers, &HOST) {
        return Err(malformed("Host must be sent once"));
    }
    let authority = head.uri.authority();
    match (head.headers.get(HOST), authority) {
        (Some(host), _) if !is_host(host.as_bytes()) => Err(malformed(
            "Host must be a name or address with an optional port, and no user",
        )),
        (Some(host), Some(authority)) if !says_the_same(host, authority) => Err(malformed(
            "Host must be the authority of the request target",
        )),
        (Some(_), _) => Ok(()),
        (None, Some(authority)) if head.version == Version::HTTP_2 => {
            let text = authority.as_str();
            let host = names_host(authority).then(|| HeaderValue::from_str(text));
            let Some(Ok(host)) = host else {
                return Err(malformed(
                    ":authority must be a name or address with an optional port, and no user",
                ));
            };
            head.headers.insert(HOST, host);
            Ok(())
        }
        (None, None) if head.version == Version::HTTP_10 => Ok(()),
        (None, _) => Err(malformed("Host must be sent")),
    }
}

fn check_connection(headers: &HeaderMap) -> Result<(), Breach> {
    let names_one = tokens(headers, &CONNECTION).any(|token| {
        let token = token.to_ascii_lowercase();
        NEVER_HOP_BY_HOP.contains(&token.as_slice())
            || NEVER_HOP_BY_HOP_PREFIXES
                .iter()
                .any(|prefix| token.starts_with(prefix))
    });
    if names_one {
        return Err(malformed(
            "Connection must not name a field that is meant for us",
        ));
    }
    Ok(())
}

/// RFC 9112 §6: one length, said in one way.
fn check_length(head: &Parts) -> Result<(), Breach> {
    let headers = &head.headers;
    let has_length = headers.contains_key(CONTENT_LENGTH);
    if is_repeated(headers, &CONTENT_LENGTH) {
        return Err(malformed("Content-Length must be sent once"));
    }
    if let Some(length) = headers.get(CONTENT_LENGTH)
        && length.len() > 1
        && length.as_bytes().starts_with(b"0")
    {
        return Err(malformed(
            "Content-Length must be a number without leading zeros",
        ));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if has_length {
            return Err(malformed(
                "Content-Length and Transfer-Encoding must not be sent together",
            ));
        }
        if codings.next().is_some() {
            return Err(malformed("Transfer-Encoding must be sent once"));
        }
        return check_coding(coding.as_bytes());
    }
    let has_body = [Method::POST, Method::PUT, Method::PATCH].contains(&head.method);
    if head.version == Version::HTTP_10 && has_body && !has_length {
        // RFC 1945 §7.2.2: a body that ends with the connection cannot be told from a broken one.
        return Err(malformed("an HTTP/1.0 body needs a Content-Length"));
    }
    Ok(())
}

/// Exactly `chunked`. A list of other codings is answered 501 (RFC 9112 §6.1): the gateway decodes
/// none, on purpose. What is no list of codings is malformed.
fn check_coding(value: &[u8]) -> Result<(), Breach> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let is_list_of_tokens = value.split(|b| *b == b',').all(|part| {
        let part = part.trim_ascii();
        !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric)
    });
    Err(Breach {
        status: if is_list_of_tokens {
            StatusCode::NOT_IMPLEMENTED
        } else {
            StatusCode::BAD_REQUEST
        },
        what: "Transfer-Encoding must be chunked and nothing else",
    })
}

/// RFC 9110 §10.1.1: the only expectation there is.
fn check_expect(headers: &HeaderMap) -> Result<(), Breach> {
    let mut all = headers.get_all(EXPECT).iter();
    if all.all(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Ok(());
    }
    Err(Breach {
        status: StatusCode::EXPECTATION_FAILED,
        what: "Expect must be 100-continue",
    })
}

/// Many readers take `_` for `-`: `Content_Length` would be a second length for them.
fn drop_underscores(headers: &mut HeaderMap) {
    let has_one = |name: &HeaderName| name.as_str().contains('_');
    let bad: Vec<HeaderName> = headers
        .keys()
        .filter(|name| has_one(name))
        .cloned()
        .collect();
    for name in bad {
        headers.remove(name);
    }
}

fn is_padded(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    bytes.len() != bytes.trim_ascii().len()
}

fn is_repeated(headers: &HeaderMap, name: &HeaderName) -> bool {
    // Mostly there are as many names as fields, and no name need be looked for.
    headers.len() > headers.keys_len() && headers.get_all(name).iter().nth(1).is_some()
}

fn says_the_same(host: &HeaderValue, authority: &Authority) -> bool {
    host.as_bytes()
        .eq_ignore_ascii_case(authority.as_str().as_bytes())
}

/// `uri-host [ ":" port ]` (RFC 9110 §7.2), without a user and not empty.
fn is_host(bytes: &[u8]) -> bool {
    Authority::try_from(bytes).is_ok_and(|authority| names_host(&authority))
}

/// The same of what is parsed.
fn names_host(authority: &Authority) -> bool {
    let (text, host) = (authority.as_str(), authority.host());
    let Some(rest) = text.strip_prefix(host) else {
        return false;
    };
    let port_fits = match rest.strip_prefix(':') {
        Some(port) => !port.is_empty() && port.parse::<u16>().is_ok(),
        None => rest.is_empty(),
    };
    let host_fits = host.starts_with('[')
        || host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    !host.is_empty() && host_fits && port_fits
}

#[cfg(test)]
mod tests;
