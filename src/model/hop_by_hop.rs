//! The fields that speak to one connection only.

use http::header::{CONNECTION, HeaderMap, HeaderName};

/// The known ones. `Trailer` is among them because no trailer goes on, and the three of proxy
/// authentication because each is for the neighbour alone (RFC 9110 §11.7).
const KNOWN: [&str; 11] = [
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "connection",
];

/// Removes the fields of one hop, from a request or an answer alike: those that `Connection` names,
/// itself, and the known ones (RFC 9110 §7.6.1). Whoever adds fields of its own does so after this,
/// or the sender of `Connection` could name them away.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // A look at the few fields that are there costs less than a look-up for each known name.
    let known = headers.keys().filter(|name| KNOWN.contains(&name.as_str()));
    let mut going: Vec<HeaderName> = known.cloned().collect();
    if going.contains(&CONNECTION) {
        let values = headers.get_all(CONNECTION).iter();
        let named = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let named = named.map(<[u8]>::trim_ascii);
        // What most servers say, and known already.
        let named = named.filter(|name| !name.eq_ignore_ascii_case(b"keep-alive"));
        going.extend(named.filter_map(|name| HeaderName::from_bytes(name).ok()));
    }
    for name in going {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn known_fields_and_those_that_connection_names_do_not_go_on() {
        let mut headers = HeaderMap::new();
        for name in KNOWN {
            headers.append(name, HeaderValue::from_static("1"));
        }
        for (name, value) in [
            ("connection", &b"close,\tX-Hop ,"[..]),
            ("connection", b"\xff, x-other"),
            ("x-hop", b"1"),
            ("x-hop", b"2"),
            ("x-other", b"1"),
            ("content-type", b"text/plain"),
            ("www-authenticate", b"Bearer"),
        ] {
            let value = HeaderValue::from_bytes(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        strip_hop_by_hop(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["content-type", "www-authenticate"]);
    }
}
