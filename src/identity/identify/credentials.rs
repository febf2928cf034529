//! What a request brings to be known by: the Authorization header, in one of two schemes.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use model::Refusal;

/// How an access token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// For a token that is bound to the connection's certificate (RFC 6750 §2.1).
    Bearer,
    /// With a proof of the key that it is bound to (RFC 9449 §7.1).
    Dpop,
}

impl Scheme {
    /// Schemes are compared without case (RFC 9110 §11.1; DP-14).
    fn parse(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("Bearer") {
            Some(Self::Bearer)
        } else if name.eq_ignore_ascii_case("DPoP") {
            Some(Self::Dpop)
        } else {
            None
        }
    }
}

/// The token and its scheme, from the Authorization header only (RFC 6750 §2.1, RFC 9449 §7.1;
/// checklist AT-03).
pub(super) fn credentials<'a>(
    headers: &'a HeaderMap,
    query: Option<&str>,
) -> Result<(Scheme, &'a str), Refusal> {
    if query.is_some_and(names_access_token) {
        return Err(Refusal::MalformedCredentials {
            what: "An access token must not be in the query; send it in the Authorization header.",
        });
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::NoToken);
    };
    if values.next().is_some() {
        return Err(Refusal::MalformedCredentials {
            what: "The Authorization header must stand once.",
        });
    }
    let text = value.to_str().map_err(|_| Refusal::MalformedCredentials {
        what: "The Authorization header must be ASCII.",
    })?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::NoToken)?;
    let scheme = Scheme::parse(scheme).ok_or(Refusal::NoToken)?;
    Ok((scheme, token.trim()))
}

/// Whether the caller means to prove a key: the scheme of the Authorization header is `DPoP`.
pub fn names_dpop(headers: &HeaderMap) -> bool {
    let value = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let scheme = value.and_then(|text| text.split(' ').next());
    scheme.and_then(Scheme::parse) == Some(Scheme::Dpop)
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

    fn sent(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn a_token_comes_from_one_authorization_header_only() {
        let mut headers = HeaderMap::new();
        assert_eq!(credentials(&headers, None), Err(Refusal::NoToken));
        headers.append(AUTHORIZATION, HeaderValue::from_static("bearer abc"));
        let abc = Ok((Scheme::Bearer, "abc"));
        assert_eq!(credentials(&headers, Some("a=b")), abc);
        assert!(matches!(
            credentials(&headers, Some("x=1&access%5Ftoken=abc")),
            Err(Refusal::MalformedCredentials { .. })
        ));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer def"));
        assert!(matches!(
            credentials(&headers, None),
            Err(Refusal::MalformedCredentials { .. })
        ));
    }

    #[test]
    fn credentials_that_are_not_ascii_are_malformed() {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_bytes(b"Bearer \xe9").expect("a value");
        headers.append(AUTHORIZATION, value);
        assert!(matches!(
            credentials(&headers, None),
            Err(Refusal::MalformedCredentials { .. })
        ));
    }

    #[test]
    fn there_are_two_schemes_in_either_case() {
        for (value, scheme) in [
            ("Bearer a", Some(Scheme::Bearer)),
            ("DPoP a", Some(Scheme::Dpop)),
            ("dpop a", Some(Scheme::Dpop)),
            ("Basic a", None),
            ("DPoP", None),
            ("DPoPx a", None),
            ("", None),
        ] {
            let headers = sent(value);
            let found = credentials(&headers, None).ok().map(|(scheme, _)| scheme);
            assert_eq!(found, scheme, "{value}");
            let told = credentials(&headers, None).err();
            assert_eq!(
                told,
                scheme.is_none().then_some(Refusal::NoToken),
                "{value}"
            );
            let means_dpop = value.eq_ignore_ascii_case("dpop a") || value == "DPoP";
            assert_eq!(names_dpop(&headers), means_dpop, "{value}");
        }
    }
}
