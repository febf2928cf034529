//! Authorization details (RFC 9396): what is asked for in more words than a scope has. Read
//! strictly: a member that stands twice could be shown as one and acted on as the other.

pub(crate) mod consent;
pub(crate) mod schema;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use model::ports::CHOSEN_ACCOUNT;
use model::{DetailType, GrantId, SealedDetails};
use web::Language;

use self::schema::DetailSchema;
use crate::issuer::limits::{DETAILS_BYTES_MAX, DETAILS_DEPTH_MAX, DETAILS_MAX};
use crate::page::details::lines;
use crate::request::to_store;

/// What is wrong with details (RFC 9396 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DetailsProblem {
    /// No array of 1 to 20 objects within 16 KiB and 8 deep; a member stands twice, or a number is
    /// not whole or beyond 2^53 - 1.
    Malformed,
    /// A `type` that is missing, unknown, or not open to the client.
    Type,
    /// What the type's schema does not allow.
    Schema,
    /// A location where no token of ours is taken.
    Location,
    /// What no page could show whole: too long, too many members, signs that deceive.
    Unshowable,
    /// More than the grant holds.
    NotGranted,
    /// No customer is there to approve any.
    NoCustomer,
    /// They do not go with the scopes, or name a consent that is not the client's to have given.
    Consent,
}

/// Details as they were checked: objects with a `type`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Details(Vec<Map<String, Value>>);

impl Details {
    /// Reads a parameter's text.
    pub(crate) fn parse(text: &str) -> Result<Self, DetailsProblem> {
        if text.len() > DETAILS_BYTES_MAX {
            return Err(DetailsProblem::Malformed);
        }
        let Ok(Value::Array(details)) = crypto::strict_json(text.as_bytes()) else {
            return Err(DetailsProblem::Malformed);
        };
        if !(1..=DETAILS_MAX).contains(&details.len()) {
            return Err(DetailsProblem::Malformed);
        }
        let object = |value| match value {
            Value::Object(members) => Ok(members),
            _ => Err(DetailsProblem::Malformed),
        };
        // The array that they stand in counts.
        if !details
            .iter()
            .all(|one| is_plain(one, DETAILS_DEPTH_MAX - 1))
        {
            return Err(DetailsProblem::Malformed);
        }
        details
            .into_iter()
            .map(object)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How long they are as a token says them; nothing when there are none.
    pub(crate) fn bytes(&self) -> usize {
        let none = self.is_empty();
        let written = (!none).then(|| serde_json::to_vec(self).unwrap_or_default());
        written.map_or(0, |bytes| bytes.len())
    }

    /// All of them as JSON: an array, empty when there are none.
    pub(crate) fn as_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Detail<'_>> {
        self.0.iter().map(Detail)
    }

    /// Those for which this holds.
    pub(crate) fn only(&self, holds: impl Fn(Detail<'_>) -> bool) -> Self {
        let held = self.0.iter().filter(|one| holds(Detail(one)));
        Self(held.cloned().collect())
    }

    /// As records tell of them, under this grant; `None` when there are none.
    pub(crate) fn sealed(&self, grant: &GrantId) -> Option<SealedDetails> {
        if self.is_empty() {
            return None;
        }
        let types: BTreeSet<&str> = self.iter().filter_map(Detail::r#type).collect();
        let types: Vec<&str> = types.into_iter().collect();
        Some(SealedDetails {
            types: types.join(" "),
            hmac: crypto::hmac_sha256(grant.as_str().as_bytes(), &to_store(self)),
        })
    }

    /// Whether each of these stands in the other, member by member, and no more often than there:
    /// one approved payment is not two.
    pub(crate) fn are_within(&self, other: &Self) -> bool {
        let mut left: Vec<_> = other.0.iter().collect();
        self.0.iter().all(|one| {
            let found = left.iter().position(|other| *other == one);
            found.map(|at| left.swap_remove(at)).is_some()
        })
    }
}

/// One detail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail<'a>(&'a Map<String, Value>);

impl<'a> Detail<'a> {
    /// Its type, where it has one.
    pub(crate) fn r#type(self) -> Option<&'a str> {
        self.0.get("type").and_then(Value::as_str)
    }

    /// Where it is to be used (RFC 9396 §2.2); `None` when it says nothing of it, an error when
    /// what it says is no list of texts.
    pub(crate) fn locations(self) -> Result<Option<Vec<&'a str>>, DetailsProblem> {
        let Some(said) = self.0.get("locations") else {
            return Ok(None);
        };
        let list = said.as_array().ok_or(DetailsProblem::Location)?;
        let texts = list.iter().map(Value::as_str);
        let texts: Option<_> = texts.collect();
        texts.map(Some).ok_or(DetailsProblem::Location)
    }

    /// Whether it is to be used there: it names no location, or this one among others.
    pub(crate) fn is_for(self, place: &str) -> bool {
        self.locations()
            .is_ok_and(|places| places.is_none_or(|places| places.contains(&place)))
    }

    /// Whether it says itself that it is to be used there.
    pub(crate) fn names(self, place: &str) -> bool {
        self.locations()
            .is_ok_and(|places| places.is_some_and(|places| places.contains(&place)))
    }

    /// The same as its client asked for it: without the account that the customer chose. `None`
    /// where it names none.
    pub(crate) fn as_asked(self) -> Option<Details> {
        let mut members = self.0.clone();
        members.remove(CHOSEN_ACCOUNT)?;
        Some(Details(vec![members]))
    }

    /// All that it says.
    pub(crate) fn members(self) -> &'a Map<String, Value> {
        self.0
    }
}

/// Whether a value is no more than so many objects and arrays deep, with numbers that every reader
/// of JSON has as they are written (RFC 8259 §6, RFC 7493 §2.2): fractions are rounded differently,
/// so that amounts are texts.
fn is_plain(value: &Value, left: usize) -> bool {
    let inside = |one: &Value| is_plain(one, left - 1);
    match value {
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            size.is_some_and(|size| size < 1 << 53)
        }
        Value::Array(items) => left > 0 && items.iter().all(inside),
        Value::Object(members) => left > 0 && members.values().all(inside),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// The schema that the fuzzer judges by.
const FUZZED: &str = r#"{
  "required": ["locations", "actions"],
  "properties": {
    "locations": { "type": "array", "items": { "format": "uri" } },
    "actions": { "type": "array", "items": { "enum": ["a", "b"] }, "uniqueItems": true },
    "instructedAmount": {
      "properties": { "amount": { "pattern": "^[0-9]{1,12}([.][0-9]{2})?$" } }
    }
  },
  "patternProperties": { "^x-": { "maxLength": 3 } }
}"#;

/// For fuzzing: reads bytes as `authorization_details`, judges them by a schema and makes the lines
/// of the page. Whatever they are, nothing panics.
pub fn fuzz_authorization_details(bytes: &[u8]) {
    static SCHEMA: OnceLock<Option<DetailSchema>> = OnceLock::new();
    let schema = SCHEMA.get_or_init(|| {
        let its = DetailType::parse("payment_initiation").ok()?;
        DetailSchema::read(&its, FUZZED.as_bytes()).ok()
    });
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(details) = Details::parse(text) else {
        return;
    };
    for detail in details.iter() {
        let _ = (detail.r#type(), detail.locations());
        let Some(schema) = schema else { continue };
        let _ = schema.misfit(detail);
        let _ = lines(detail.members(), &schema.labels(), Language::En);
    }
    let again = serde_json::to_string(&details).unwrap_or_default();
    assert_eq!(
        Details::parse(&again).as_ref(),
        Ok(&details),
        "read back as it was written"
    );
}

#[cfg(test)]
mod tests;
