//! What the parameters of a request name, held against a consent.

use std::borrow::Cow;

use http::request::Parts;
use percent_encoding::percent_decode_str;

use openapi::{Bound, Location, ParameterDescription, RequestDescription};

use model::{BoundTo, DetailType, Refusal, Terms};

/// A name and a value of a query, decoded.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What a request is held to.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    /// What the consent covers.
    pub(super) terms: &'a Terms,
    /// The type of the details whose values bind the request.
    pub(super) detail: Option<&'a DetailType>,
}

impl Held<'_> {
    /// Whether a resource is covered, by the name that the bank has for it.
    pub(super) fn covers(&self, kind: &str, id: &str) -> bool {
        let mut resources = self.terms.resources.iter();
        resources.any(|known| known.id.as_str() == id && known.kind.as_str() == kind)
    }

    /// What was consented to as this member of the details.
    pub(super) fn bound(&self, member: &str) -> Option<&BoundTo> {
        let bound = self.terms.bound.iter();
        let mut its = bound.filter(|value| Some(&value.detail) == self.detail);
        its.find(|value| value.member == member)
            .map(|value| &value.value)
    }

    /// Whether a text says what was consented to. Money is no text.
    pub(super) fn is_same(&self, member: &str, text: &str) -> bool {
        match self.bound(member) {
            Some(BoundTo::Account(resource)) => resource.id.as_str() == text,
            Some(BoundTo::Text(consented)) => consented == text,
            Some(BoundTo::Money { .. }) | None => false,
        }
    }

    /// Whether a value of a parameter is covered.
    fn is_covered(&self, parameter: &ParameterDescription, value: &str) -> bool {
        // Readers take lists apart at these: each part must be covered, whoever reads it.
        let mut parts = value.split([',', ' ', '|']);
        let names = match &parameter.resource {
            Some(kind) => parts.all(|part| self.covers(kind, part)),
            None => true,
        };
        names
            && match &parameter.bound {
                Some(Bound::Same(member)) => self.is_same(member, value),
                // A parameter has no currency.
                Some(Bound::AtMost(_)) => false,
                None => true,
            }
    }
}

/// Checks every parameter that names a resource or is bound.
///
/// Errors: [`Refusal::NotCovered`]; [`Refusal::MalformedRequest`] for a query that two readers
/// could read differently, or that has what the description does not name.
pub(super) fn check(
    held: &Held<'_>,
    request: &RequestDescription,
    template: &str,
    head: &Parts,
) -> Result<(), Refusal> {
    let pairs = pairs(head.uri.query().unwrap_or_default())?;
    if let Some(what) = odd(&pairs, request) {
        return Err(Refusal::MalformedRequest { what });
    }
    for parameter in &request.parameters {
        if parameter.resource.is_none() && parameter.bound.is_none() {
            continue;
        }
        let is_covered = |value: &str| held.is_covered(parameter, value);
        let all = match parameter.location {
            Location::Path => {
                let value = in_path(template, head.uri.path(), &parameter.name);
                value.as_deref().is_some_and(is_covered)
            }
            Location::Query => {
                let mut named = pairs.iter().filter(|(name, _)| *name == parameter.name);
                let is_there = pairs.iter().any(|(name, _)| *name == parameter.name);
                (is_there || may_be_absent(parameter)) && named.all(|(_, value)| is_covered(value))
            }
            Location::Header => {
                let mut sent = head.headers.get_all(&parameter.name).iter().peekable();
                (sent.peek().is_some() || may_be_absent(parameter))
                    && sent.all(|value| value.to_str().is_ok_and(is_covered))
            }
            // Cookies go to no bank.
            Location::Cookie => true,
        };
        if !all {
            return Err(Refusal::NotCovered);
        }
    }
    Ok(())
}

/// What is bound was consented to as it is: without it the request is another.
fn may_be_absent(parameter: &ParameterDescription) -> bool {
    parameter.bound.is_none() && !parameter.is_required
}

/// The rule that a query breaks, if it breaks one: each of its names is described, and spelt so.
fn odd(pairs: &[Pair<'_>], request: &RequestDescription) -> Option<&'static str> {
    let is_described = |name: &str| {
        let mut parameters = request.parameters.iter();
        parameters.any(|p| p.location == Location::Query && p.name == name)
    };
    let is_odd = pairs.iter().any(|(name, _)| !is_described(name));
    is_odd.then_some("The query has a parameter that the API's description does not name.")
}

/// Names and values of a query, decoded once.
pub(super) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, Refusal> {
    if query.contains(';') {
        let what = "The query has a ';', which readers take differently.";
        return Err(Refusal::MalformedRequest { what });
    }
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let decoded = pairs.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decoded(name)?, decoded(value)?))
    });
    decoded
        .collect::<Option<_>>()
        .ok_or(Refusal::MalformedRequest {
            what: "The query is not UTF-8.",
        })
}

/// As forms are decoded: a plus sign is a space.
fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
        return Some(Cow::Owned(decoded.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

/// What stands in a path where its template has parameters, in their order, decoded once: however a
/// resource is spelt, it is the same.
pub(super) fn in_order<'a>(template: &'a str, path: &'a str) -> impl Iterator<Item = Cow<'a, str>> {
    let segments = template.split('/').zip(path.split('/'));
    segments
        .filter(|(part, _)| openapi::is_parameter(part))
        .map(|(_, segment)| percent_decode_str(segment).decode_utf8_lossy())
}

/// The segment of a path that a parameter of its template names, decoded once.
fn in_path<'a>(template: &str, path: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut segments = template.split('/').zip(path.split('/'));
    let is_it = |part: &str| {
        let inside = part.strip_prefix('{');
        inside.and_then(|inside| inside.strip_suffix('}')) == Some(name)
    };
    let (_, segment) = segments.find(|(part, _)| is_it(part))?;
    percent_decode_str(segment).decode_utf8().ok()
}
