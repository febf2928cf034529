//! Authorization details (RFC 9396): what is asked for in more words than a scope has. Read
//! strictly: a member that stands twice could be shown as one and acted on as the other.

pub(crate) mod schema;

use std::fmt;
use std::sync::OnceLock;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use model::DetailType;
use web::Language;

use self::schema::DetailSchema;
use crate::issuer::limits::{DETAILS_BYTES_MAX, DETAILS_DEPTH_MAX, DETAILS_MAX};
use crate::page::details::lines;

/// What is wrong with details (RFC 9396 §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DetailsProblem {
    /// No array of 1 to 20 objects within 16 KiB and 8 deep; a member stands twice, or a number is
    /// not whole.
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
        let mut reader = serde_json::Deserializer::from_str(text);
        let strict = Strict {
            left: DETAILS_DEPTH_MAX,
        }
        .deserialize(&mut reader);
        let strict = strict.and_then(|value| reader.end().map(|()| value));
        let Ok(Value::Array(details)) = strict else {
            return Err(DetailsProblem::Malformed);
        };
        if !(1..=DETAILS_MAX).contains(&details.len()) {
            return Err(DetailsProblem::Malformed);
        }
        let object = |value| match value {
            Value::Object(members) => Ok(members),
            _ => Err(DetailsProblem::Malformed),
        };
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

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Detail<'_>> {
        self.0.iter().map(Detail)
    }

    /// Those for which this holds.
    pub(crate) fn only(&self, holds: impl Fn(Detail<'_>) -> bool) -> Self {
        let held = self.0.iter().filter(|one| holds(Detail(one)));
        Self(held.cloned().collect())
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

    /// All that it says.
    pub(crate) fn members(self) -> &'a Map<String, Value> {
        self.0
    }
}

/// Reads a JSON value in which no member stands twice, and nothing deeper than so many.
#[derive(Clone, Copy)]
struct Strict {
    left: usize,
}

impl Strict {
    /// What reads inside an object or an array.
    fn inside<E: Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        let left = left.ok_or_else(|| E::custom("it is too deep"))?;
        Ok(Self { left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// A number that every reader of JSON has as it is written (RFC 8259 §6, RFC 7493 §2.2).
fn exact<E: Error>(size: u64, value: impl Into<Value>) -> Result<Value, E> {
    const SIZE_MAX: u64 = (1 << 53) - 1;
    if size <= SIZE_MAX {
        Ok(value.into())
    } else {
        Err(E::custom("a number is beyond what every reader has whole"))
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        exact(value.unsigned_abs(), value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        exact(value, value)
    }

    /// Readers round fractions differently: amounts are texts.
    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number is not whole"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(inside)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(inside)?;
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(members))
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
