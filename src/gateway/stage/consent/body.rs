//! What the JSON body of a request names, held against a consent, and nothing that the API's
//! description does not name. It is held whole for that, and goes on as it came.

mod strict;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body::Body;
use serde_json::Value;

use openapi::{BodyPart, BodyShape, Bound, RequestDescription, Step};

use model::{BoundTo, Decimal, MessageBody, Refusal};

use super::named::Held;
use crate::whole;

/// The longest body that is held, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Checks the parts that name a resource or are bound; gives the body back.
///
/// Errors: [`Refusal::NotCovered`]; [`Refusal::MalformedRequest`] for a body that two readers could
/// read differently, that has what the description does not name, or of which it names none.
pub(super) async fn check(
    held: &Held<'_>,
    request: &RequestDescription,
    headers: &HeaderMap,
    body: MessageBody,
) -> Result<MessageBody, Refusal> {
    let refused = |what| Err(Refusal::MalformedRequest { what });
    let may_be_absent = request.body.iter().all(may_lack);
    if may_be_absent && body.is_end_stream() {
        return Ok(body);
    }
    let bytes = whole::asked(body, BODY_BYTES_MAX).await?;
    if may_be_absent && bytes.is_empty() {
        return Ok(model::empty());
    }
    let Some(shape) = &request.shape else {
        return refused("The request has a body, and the API's description names none.");
    };
    if !is_typed(headers, shape) {
        return refused("The body's type is not said once, as the API's description names it.");
    }
    let Some(value) = strict::read(&bytes) else {
        return refused("The body is not JSON, or has a name twice in one object.");
    };
    for part in &request.body {
        let mut found = Vec::new();
        follow(&value, &part.path, &mut found);
        let is_there = may_lack(part) || !found.is_empty();
        if !is_there || !found.iter().all(|value| is_covered(held, part, value)) {
            return Err(Refusal::NotCovered);
        }
    }
    if !shape.describes(&value) {
        return refused("The body has a member that the API's description does not name.");
    }
    Ok(model::full(bytes))
}

/// Whether one header says what the body is: of another, a bank could read another request.
fn is_typed(headers: &HeaderMap, shape: &BodyShape) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(one), None) = (types.next(), types.next()) else {
        return false;
    };
    one.to_str().is_ok_and(|text| shape.is_of(text))
}

/// What is bound was consented to as it is: without it the request is another.
fn may_lack(part: &BodyPart) -> bool {
    part.bound.is_none() && !part.is_required
}

/// The values at the end of a way.
fn follow<'v>(value: &'v Value, path: &[Step], found: &mut Vec<&'v Value>) {
    let Some((step, rest)) = path.split_first() else {
        found.push(value);
        return;
    };
    match (step, value) {
        (Step::Member(name), Value::Object(members)) => {
            if let Some(member) = members.get(name) {
                follow(member, rest, found);
            }
        }
        (Step::Item, Value::Array(items)) => {
            for item in items {
                follow(item, rest, found);
            }
        }
        // What is not as described leads to something that is not covered.
        _ => found.push(&Value::Null),
    }
}

fn is_covered(held: &Held<'_>, part: &BodyPart, value: &Value) -> bool {
    let names = match &part.resource {
        Some(kind) => value.as_str().is_some_and(|id| held.covers(kind, id)),
        None => true,
    };
    names
        && match &part.bound {
            Some(Bound::Same(member)) => is_same(held, member, value),
            Some(Bound::AtMost(member)) => {
                let asked = money(value);
                let bound = held.bound(member).and_then(consented);
                asked.zip(bound).is_some_and(|(asked, bound)| {
                    asked.1 == bound.1 && asked.0 <= bound.0 && asked.0 >= Decimal::hundredths(0)
                })
            }
            None => true,
        }
}

fn is_same(held: &Held<'_>, member: &str, value: &Value) -> bool {
    match value {
        Value::String(text) => held.is_same(member, text),
        Value::Object(_) => {
            let bound = held.bound(member).and_then(consented);
            bound.is_some() && money(value) == bound
        }
        _ => false,
    }
}

/// Money as a body writes it: an object of the texts `currency` and `value`.
fn money(value: &Value) -> Option<(Decimal, &[u8])> {
    let amount = Decimal::parse(value.get("value")?.as_str()?).ok()?;
    Some((amount, value.get("currency")?.as_str()?.as_bytes()))
}

/// Money as it was consented to.
fn consented(value: &BoundTo) -> Option<(Decimal, &[u8])> {
    match value {
        BoundTo::Money { amount, currency } => {
            Some((Decimal::parse(amount).ok()?, currency.as_slice()))
        }
        BoundTo::Account(_) | BoundTo::Text(_) => None,
    }
}
