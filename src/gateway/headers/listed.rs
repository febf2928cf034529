//! In class `customer` a header goes on only if it is listed: of what nobody named it is not known
//! what it asks for, or tells.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue};

use openapi::{Location, RequestDescription};

use super::ends_here;

/// What a partner may say to a bank beside what the description names. Whatever would let the bank
/// answer with a part, in another coding, or not at all is missing here: `range`, `if-*`,
/// `accept-encoding`; what a body is, is our own word.
const ASKED: [&str; 10] = [
    "accept",
    "accept-language",
    "idempotency-key",
    "traceparent",
    "tracestate",
    "x-customer-user-agent",
    "x-fapi-auth-date",
    "x-fapi-customer-ip-address",
    "x-idempotency-key",
    "x-jws-signature",
];

/// What of an answer's head tells nothing of what was in its body.
const ANSWERED: [&str; 3] = ["content-language", "deprecation", "sunset"];

/// Whether a header of a customer's request goes to the bank.
pub(crate) fn is_asked(name: &HeaderName, request: &RequestDescription) -> bool {
    let text = name.as_str();
    let described = || {
        let mut parameters = request.parameters.iter();
        parameters.any(|p| p.location == Location::Header && p.name == text)
    };
    !ends_here(name) && (ASKED.contains(&text) || (described() && !is_never_asked(text)))
}

/// What a description cannot let through either.
fn is_never_asked(name: &str) -> bool {
    let is_of_body = matches!(name, "content-encoding" | "content-type");
    let is_conditional = matches!(name, "range" | "accept-encoding" | "te" | "expect");
    is_of_body || is_conditional || name.starts_with("if-")
}

/// What the body of a customer's request is: what it was read as, not what the partner wrote.
pub(crate) fn asked_type(from: &HeaderMap, request: &RequestDescription) -> Option<HeaderValue> {
    let shape = request.shape.as_ref()?;
    from.get(CONTENT_TYPE)?;
    HeaderValue::from_str(&shape.media_type).ok()
}

/// The head of an answer with customers' data: what is listed, and our own word on what it is and
/// that nobody keeps it.
pub(crate) fn answered(from: &HeaderMap, media_type: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(ANSWERED.len() + 2);
    for (name, value) in from {
        if ANSWERED.contains(&name.as_str()) {
            headers.append(name.clone(), value.clone());
        }
    }
    let media_type = media_type.and_then(|text| HeaderValue::from_str(text).ok());
    if let Some(media_type) = media_type {
        headers.insert(CONTENT_TYPE, media_type);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}

#[cfg(test)]
mod tests {
    use openapi::{BodyShape, ParameterDescription};

    use super::*;

    #[test]
    fn a_customers_request_brings_what_is_listed_or_described_and_nothing_else() {
        let described = |name: &str| ParameterDescription {
            name: name.to_owned(),
            location: Location::Header,
            is_required: false,
            resource: None,
            date: None,
            bound: None,
        };
        let names = [
            "x-account-id",
            "range",
            "if-none-match",
            "x-forwarded-for",
            "content-type",
            "content-encoding",
        ];
        let request = RequestDescription {
            parameters: names.map(described).to_vec(),
            ..RequestDescription::default()
        };
        for (name, goes) in [
            ("accept", true),
            ("x-account-id", true),
            ("x-other", false),
            ("accept-encoding", false),
            ("range", false),
            ("if-none-match", false),
            ("if-modified-since", false),
            ("x-forwarded-for", false),
            ("authorization", false),
            ("content-type", false),
            ("content-encoding", false),
            ("cookie", false),
        ] {
            let name = HeaderName::from_static(name);
            assert_eq!(is_asked(&name, &request), goes, "{name}");
        }
    }

    #[test]
    fn a_body_goes_on_under_our_own_word_on_what_it_is() {
        let mut from = HeaderMap::new();
        let mut shape = BodyShape::default();
        "application/json".clone_into(&mut shape.media_type);
        let with = RequestDescription {
            shape: Some(shape),
            ..RequestDescription::default()
        };
        assert_eq!(asked_type(&from, &with), None);
        let said = HeaderValue::from_static("Application/JSON; charset=UTF-8");
        from.insert(CONTENT_TYPE, said);
        assert_eq!(asked_type(&from, &RequestDescription::default()), None);
        let ours = HeaderValue::from_static("application/json");
        assert_eq!(asked_type(&from, &with), Some(ours));
    }

    #[test]
    fn the_head_of_an_answer_tells_nothing_of_what_was_in_it() {
        let mut from = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json; marker"),
            ("content-length", "4711"),
            ("content-language", "en"),
            ("etag", "\"marker\""),
            ("last-modified", "marker"),
            ("link", "</accounts/marker>"),
            ("location", "/accounts/marker"),
            ("x-total-count", "3"),
        ] {
            from.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let headers = answered(&from, Some("application/json"));
        let mut told: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [
                ("cache-control", "no-store"),
                ("content-language", "en"),
                ("content-type", "application/json"),
            ]
        );
        let headers = answered(&from, None);
        assert!(!headers.contains_key(CONTENT_TYPE));
    }
}
