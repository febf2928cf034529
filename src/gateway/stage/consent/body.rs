//! What the JSON body of a request names, held against a consent. It is held whole for that, and
//! goes on as it came.

mod strict;

use serde_json::Value;

use openapi::{BodyPart, Bound, Step};

use model::{BoundTo, Decimal, MessageBody, Refusal};

use super::named::Held;
use crate::whole;

/// The longest body that is held, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Checks the parts that name a resource or are bound; gives the body back.
pub(super) async fn check(
    held: &Held<'_>,
    parts: &[BodyPart],
    body: MessageBody,
) -> Result<MessageBody, Refusal> {
    let bytes = whole::asked(body, BODY_BYTES_MAX).await?;
    let value = strict::read(&bytes).ok_or(Refusal::MalformedRequest {
        what: "The body is not JSON, or has a name twice in one object.",
    })?;
    for part in parts {
        let mut found = Vec::new();
        follow(&value, &part.path, &mut found);
        let may_be_absent = part.bound.is_none() && !part.is_required;
        let is_there = may_be_absent || !found.is_empty();
        if !is_there || !found.iter().all(|value| is_covered(held, part, value)) {
            return Err(Refusal::NotCovered);
        }
    }
    Ok(model::full(bytes))
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
