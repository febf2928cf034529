//! The days that a consent covers: a request for others asks for none, one for more asks for those
//! (CO-06).

use http::Uri;
use http::uri::PathAndQuery;
use jiff::civil::Date;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use openapi::{DateEnd, Location, ParameterDescription, RequestDescription};

use model::{Refusal, Terms};

use super::named::pairs;

/// The first and the last day that are covered, if not all are.
pub(crate) fn of(terms: &Terms) -> Option<(Date, Date)> {
    if terms.data_from.is_none() && terms.data_until.is_none() {
        return None;
    }
    let from = terms.data_from.unwrap_or(Date::MIN);
    Some((from, terms.data_until.unwrap_or(Date::MAX)))
}

/// Where the request goes when its days are cut to the consent's; `None` where there is nothing to
/// cut.
///
/// Errors: [`Refusal::NotCovered`] when none of the days that are asked for is covered;
/// [`Refusal::MalformedRequest`] for days that cannot be read.
pub(super) fn cut(
    terms: &Terms,
    request: &RequestDescription,
    uri: &Uri,
) -> Result<Option<PathAndQuery>, Refusal> {
    let Some(window) = of(terms) else {
        return Ok(None);
    };
    let end = |end| {
        let mut parameters = request.parameters.iter();
        parameters.find(|p| p.date == Some(end) && p.location == Location::Query)
    };
    let (from, until) = (end(DateEnd::From), end(DateEnd::Until));
    if from.is_none() && until.is_none() {
        return Ok(None);
    }
    let query = uri.query().unwrap_or_default();
    let first = asked(query, from)?.map_or(window.0, |day| day.max(window.0));
    let last = asked(query, until)?.map_or(window.1, |day| day.min(window.1));
    if first > last {
        return Err(Refusal::NotCovered);
    }
    let is_end = |name: &str| [from, until].into_iter().flatten().any(|p| p.name == name);
    let mut parts: Vec<String> = Vec::new();
    for (name, value) in pairs(query)? {
        if !is_end(&name) {
            parts.push(written(&name, &value));
        }
    }
    // The ends of time are no days to ask for.
    if let Some(from) = from.filter(|_| first != Date::MIN) {
        parts.push(written(&from.name, &first.to_string()));
    }
    if let Some(until) = until.filter(|_| last != Date::MAX) {
        parts.push(written(&until.name, &last.to_string()));
    }
    let path = uri.path();
    let target = match parts.as_slice() {
        [] => path.to_owned(),
        parts => format!("{path}?{}", parts.join("&")),
    };
    let target = PathAndQuery::try_from(target).map_err(|_| Refusal::MalformedRequest {
        what: "The query is too long.",
    })?;
    Ok(Some(target))
}

/// The day that a parameter names, once.
fn asked(query: &str, parameter: Option<&ParameterDescription>) -> Result<Option<Date>, Refusal> {
    let Some(parameter) = parameter else {
        return Ok(None);
    };
    let pairs = pairs(query)?;
    let mut named = pairs.iter().filter(|(name, _)| *name == parameter.name);
    let Some((_, value)) = named.next() else {
        return Ok(None);
    };
    if named.next().is_some() {
        let what = "The query names the first or the last day twice.";
        return Err(Refusal::MalformedRequest { what });
    }
    let is_day = matches!(value.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _]);
    let day = value.parse().ok().filter(|_| is_day);
    day.map(Some).ok_or(Refusal::MalformedRequest {
        what: "A day of the query is not written YYYY-MM-DD.",
    })
}

fn written(name: &str, value: &str) -> String {
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC))
}
