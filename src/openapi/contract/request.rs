//! The check of a request: its path, query and headers text by text, its body as JSON.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::violation::Violations;
use super::{Contract, ParameterSchema, Violation, text};
use crate::media_type::{essence, is_json, is_utf_8};
use crate::parameter::Location;
use crate::template::is_parameter;

/// The longest query, in bytes, and the most parameters and items in it.
const QUERY_BYTES_MAX: usize = 16 * 1_024;
const TEXTS_MAX: usize = 1_024;

/// What a request says.
#[derive(Debug, Clone, Copy)]
pub struct RequestParts<'a> {
    /// The path below the base path, as it is sent (percent-encoded), beginning with `/`.
    pub path: &'a str,
    /// The query as it is sent, without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body, where there is one.
    pub body: Option<&'a Value>,
}

/// Checks a request against a contract.
///
/// A query parameter that is not described is refused: `limt` is not what a partner meant, and what
/// a bank makes of it was held against nothing. Headers that are not described pass: the way they
/// take adds its own.
pub(super) fn check(contract: &Contract, request: &RequestParts<'_>) -> Result<(), Vec<Violation>> {
    let mut violations = Violations::default();
    path(contract, request.path, &mut violations);
    query(contract, request.query.unwrap_or_default(), &mut violations);
    headers(contract, request.headers, &mut violations);
    body(contract, request, &mut violations);
    violations.into_result()
}

fn of(contract: &Contract, location: Location) -> impl Iterator<Item = &ParameterSchema> {
    let parameters = contract.parameters.iter();
    parameters.filter(move |parameter| parameter.location == location)
}

fn path(contract: &Contract, path: &str, violations: &mut Violations) {
    let template: Vec<&str> = contract.template.split('/').collect();
    let segments: Vec<&str> = path.split('/').collect();
    let fits = |(known, written): (&&str, &&str)| {
        if is_parameter(known) {
            !written.is_empty()
        } else {
            known == written
        }
    };
    if template.len() != segments.len() || !template.iter().zip(&segments).all(fits) {
        return violations.add("/path", "is not the path of the operation");
    }
    for (known, written) in template.iter().zip(&segments) {
        let name = known.trim_matches(['{', '}']);
        let parameter = of(contract, Location::Path).find(|one| one.name == name);
        if let Some(parameter) = parameter.filter(|_| is_parameter(known)) {
            listed(parameter, written, &format!("/path/{name}"), violations);
        }
    }
}

/// Checks what stands between commas, of a list, or else one text; both percent-encoded.
fn listed(parameter: &ParameterSchema, written: &str, at: &str, violations: &mut Violations) {
    let texts: Vec<&str> = match parameter.is_list {
        true if written.is_empty() => Vec::new(),
        true => written.split(',').collect(),
        false => vec![written],
    };
    match texts.into_iter().map(decoded).collect::<Option<Vec<_>>>() {
        Some(texts) if texts.len() <= TEXTS_MAX => {
            text::check(&parameter.holds, parameter.is_list, &texts, at, violations);
        }
        Some(_) => violations.add(at, format!("has more than {TEXTS_MAX} items")),
        None => violations.add(at, "is no percent-encoded UTF-8"),
    }
}

/// A text without its percent-encoding; nothing when that is broken.
fn decoded(text: &str) -> Option<String> {
    let is_hex = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_hexdigit);
    let is_whole = |(at, _): (usize, &str)| is_hex(at + 1) && is_hex(at + 2);
    let is_encoded = text.match_indices('%').all(is_whole);
    let decoded = percent_decode_str(text).decode_utf8().ok();
    decoded.filter(|_| is_encoded).map(String::from)
}

fn query(contract: &Contract, query: &str, violations: &mut Violations) {
    let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    if query.len() > QUERY_BYTES_MAX || pairs.len() > TEXTS_MAX {
        return violations.add("/query", "is too long");
    }
    // A space is written as `+` in forms, which most servers read so in any query.
    let pairs = pairs.into_iter().map(|pair| pair.replace('+', "%20"));
    let pairs: Vec<(Option<String>, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
            (decoded(name), value.to_owned())
        })
        .collect();
    let is_known = |name: &Option<String>| {
        let mut known = of(contract, Location::Query);
        known.any(|parameter| Some(&parameter.name) == name.as_ref())
    };
    if !pairs.iter().all(|(name, _)| is_known(name)) {
        violations.add("/query", "has a parameter that is not described");
    }
    for parameter in of(contract, Location::Query) {
        let at = format!("/query/{}", parameter.name);
        let written = pairs
            .iter()
            .filter(|(name, _)| name.as_ref() == Some(&parameter.name));
        let written: Vec<&str> = written.map(|(_, value)| value.as_str()).collect();
        match written.as_slice() {
            [] if parameter.is_required => violations.add(at, "is missing"),
            [] => {}
            [one] if !(parameter.is_list && parameter.is_exploded) => {
                listed(parameter, one, &at, violations);
            }
            all if parameter.is_list && parameter.is_exploded => {
                match all
                    .iter()
                    .map(|one| decoded(one))
                    .collect::<Option<Vec<_>>>()
                {
                    Some(texts) => text::check(&parameter.holds, true, &texts, &at, violations),
                    None => violations.add(at, "is no percent-encoded UTF-8"),
                }
            }
            _ => violations.add(at, "stands more than once"),
        }
    }
}

fn headers(contract: &Contract, headers: &HeaderMap, violations: &mut Violations) {
    for parameter in of(contract, Location::Header) {
        let at = format!("/header/{}", parameter.name);
        let lines: Vec<_> = headers.get_all(&parameter.name).iter().collect();
        let lines: Option<Vec<&str>> = lines.iter().map(|line| line.to_str().ok()).collect();
        match lines.as_deref() {
            None => violations.add(at, "has characters other than visible ASCII"),
            Some([]) if parameter.is_required => violations.add(at, "is missing"),
            Some([]) => {}
            Some(lines) if parameter.is_list => {
                // RFC 9110 §5.3: lines of one name are one list.
                let texts = lines.iter().flat_map(|line| line.split(','));
                let texts: Vec<String> = texts.map(|text| text.trim().to_owned()).collect();
                if texts.len() > TEXTS_MAX {
                    violations.add(at, format!("has more than {TEXTS_MAX} items"));
                } else {
                    text::check(&parameter.holds, true, &texts, &at, violations);
                }
            }
            Some([one]) => {
                let texts = [(*one).trim().to_owned()];
                text::check(&parameter.holds, false, &texts, &at, violations);
            }
            Some(_) => violations.add(at, "stands more than once"),
        }
    }
}

fn body(contract: &Contract, request: &RequestParts<'_>, violations: &mut Violations) {
    let Some(value) = request.body else {
        if contract.body.as_ref().is_some_and(|body| body.is_required) {
            violations.add("/body", "is missing");
        }
        return;
    };
    let Some(body) = &contract.body else {
        return violations.add("/body", "is not described as JSON");
    };
    let content_type = request.headers.get(CONTENT_TYPE);
    let content_type = content_type.map(|value| value.to_str().unwrap_or_default());
    if !content_type.is_some_and(|kind| is_json(&essence(kind)) && is_utf_8(kind)) {
        violations.add("/header/content-type", "must be JSON in UTF-8");
    }
    body.holds.check("/body", value, violations);
}
