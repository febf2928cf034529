//! Values, and how JSON becomes them: once, by the type that is described.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use model::Decimal;

use super::kind::{ObjectType, Type};
use super::names::Names;
use super::number::Number;

/// A value of a [`Type`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal number.
    Decimal(Number),
    /// A text, or one word of several.
    Text(Arc<str>),
    /// A moment.
    Timestamp(Timestamp),
    /// A day.
    Date(Date),
    /// A length of time.
    Duration(SignedDuration),
    /// A list.
    List(Arc<[Value]>),
    /// An object: its described members that are there.
    Object(Arc<BTreeMap<Arc<str>, Value>>),
    /// Any JSON.
    Json(Arc<Json>),
    /// It is not there, as an optional value may be.
    Absent,
}

/// Why a value is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {what}")]
pub struct Unfit {
    /// Where in the value, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong. It repeats nothing of the value.
    pub what: String,
}

impl Unfit {
    fn new(kind: &Type) -> Self {
        Self {
            pointer: String::new(),
            what: format!("this is no {kind}"),
        }
    }

    fn inside(mut self, step: &str) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{step}{}", self.pointer);
        self
    }
}

impl Value {
    /// Reads JSON as a value of this type. A decimal is a text or a whole number: a float has lost
    /// what it was. Of an object only what is described is kept; `null` is read as absent.
    pub fn read(kind: &Type, json: &Json) -> Result<Self, Unfit> {
        match (kind, json) {
            (Type::Optional(_), Json::Null) => Some(Self::Absent),
            (Type::Optional(inner), _) => return Self::read(inner, json),
            (Type::Object(object), Json::Object(members)) => {
                return read_object(object, members);
            }
            (Type::List { item, items_max }, Json::Array(items))
                if items.len() <= *items_max as usize =>
            {
                return read_list(item, items);
            }
            (Type::Json, _) => Some(Self::Json(Arc::new(json.clone()))),
            (Type::Bool, Json::Bool(bool)) => Some(Self::Bool(*bool)),
            (Type::Int, Json::Number(number)) => number.as_i64().map(Self::Int),
            (Type::Decimal, Json::Number(number)) => {
                let whole = number.as_i64().map(Number::from);
                whole.map(Self::Decimal)
            }
            (_, Json::String(text)) => read_text(kind, text),
            _ => None,
        }
        .ok_or_else(|| Unfit::new(kind))
    }

    /// The value as JSON: decimals and times as text, members that are absent left out, items that
    /// are absent as `null`; nothing when it is absent itself.
    pub fn write(&self) -> Option<Json> {
        Some(match self {
            Self::Bool(bool) => (*bool).into(),
            Self::Int(whole) => (*whole).into(),
            Self::Decimal(number) => number.to_string().into(),
            Self::Text(text) => text.to_string().into(),
            Self::Timestamp(at) => at.to_string().into(),
            Self::Date(day) => day.to_string().into(),
            Self::Duration(length) => length.to_string().into(),
            Self::List(items) => items.iter().map(Self::write).map(Json::from).collect(),
            Self::Object(members) => {
                let written = |(name, value): (&Arc<str>, &Self)| {
                    let value = value.write()?;
                    Some((name.to_string(), value))
                };
                Json::Object(members.iter().filter_map(written).collect())
            }
            Self::Json(json) => json.as_ref().clone(),
            Self::Absent => return None,
        })
    }

    /// Whether it is of this type.
    pub(super) fn check(&self, kind: &Type) -> Result<(), Unfit> {
        let is_fit = match (kind, self) {
            (Type::Optional(_), Self::Absent)
            | (Type::Bool, Self::Bool(_))
            | (Type::Int, Self::Int(_))
            | (Type::Decimal, Self::Decimal(_))
            | (Type::Timestamp, Self::Timestamp(_))
            | (Type::Date, Self::Date(_))
            | (Type::Duration, Self::Duration(_))
            | (Type::Json, Self::Json(_)) => true,
            (Type::Optional(inner), _) => return self.check(inner),
            (Type::Text { bytes_max }, Self::Text(text)) => text.len() <= *bytes_max as usize,
            (Type::OneOf(words), Self::Text(text)) => words.binary_search(text).is_ok(),
            (Type::List { item, items_max }, Self::List(items)) => {
                for (at, value) in items.iter().enumerate() {
                    let checked = value.check(item);
                    checked.map_err(|unfit| unfit.inside(&at.to_string()))?;
                }
                items.len() <= *items_max as usize
            }
            (Type::Object(object), Self::Object(members)) => return check_object(object, members),
            _ => false,
        };
        is_fit.then_some(()).ok_or_else(|| Unfit::new(kind))
    }
}

fn read_text(kind: &Type, text: &str) -> Option<Value> {
    let is_short = text.len() <= kind.bytes_max() as usize;
    match kind {
        Type::Text { .. } => is_short.then(|| Value::Text(text.into())),
        Type::OneOf(words) => {
            let at = words
                .binary_search_by(|word| word.as_ref().cmp(text))
                .ok()?;
            words.get(at).cloned().map(Value::Text)
        }
        Type::Decimal => Decimal::parse(text).ok().map(|d| Value::Decimal(d.into())),
        Type::Timestamp => text.parse().ok().map(Value::Timestamp),
        Type::Date => text.parse().ok().map(Value::Date),
        Type::Duration => text.parse().ok().map(Value::Duration),
        _ => None,
    }
}

fn read_list(item: &Type, items: &[Json]) -> Result<Value, Unfit> {
    let read = |(at, json): (usize, &Json)| {
        Value::read(item, json).map_err(|unfit| unfit.inside(&at.to_string()))
    };
    let items: Vec<Value> = items
        .iter()
        .enumerate()
        .map(read)
        .collect::<Result<_, _>>()?;
    Ok(Value::List(items.into()))
}

fn read_object(kind: &ObjectType, json: &serde_json::Map<String, Json>) -> Result<Value, Unfit> {
    let mut members = BTreeMap::new();
    for (name, member) in &kind.members {
        let inside = |unfit: Unfit| unfit.inside(name);
        match json.get(name.as_ref()) {
            None | Some(Json::Null) if member.is_optional => continue,
            Some(json) => members.insert(
                name.clone(),
                Value::read(&member.kind, json).map_err(inside)?,
            ),
            None if member.kind.is_optional() => members.insert(name.clone(), Value::Absent),
            None => return Err(inside(missing())),
        };
    }
    match json
        .keys()
        .find(|name| !kind.members.contains_key(name.as_str()))
    {
        Some(name) if !kind.is_open => Err(Unfit {
            pointer: String::new(),
            what: "this is not described".to_owned(),
        }
        .inside(name)),
        _ => Ok(Value::Object(Arc::new(members))),
    }
}

fn check_object(kind: &ObjectType, members: &BTreeMap<Arc<str>, Value>) -> Result<(), Unfit> {
    for (name, member) in &kind.members {
        let checked = match members.get(name) {
            None | Some(Value::Absent) if member.is_optional => Ok(()),
            None => Err(missing()),
            Some(value) => value.check(&member.kind),
        };
        checked.map_err(|unfit| unfit.inside(name))?;
    }
    Ok(())
}

fn missing() -> Unfit {
    Unfit {
        pointer: String::new(),
        what: "this must be there".to_owned(),
    }
}

/// The values of some names, each of its type, and which steps failed.
#[derive(Debug, Clone)]
pub struct Values {
    names: Arc<Names>,
    values: BTreeMap<Arc<str>, Value>,
    failed: BTreeSet<Arc<str>>,
}

impl Values {
    /// None yet, of these names.
    pub fn new(names: Arc<Names>) -> Self {
        Self {
            names,
            values: BTreeMap::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Gives a name its value, in place of an earlier one.
    pub fn put(&mut self, name: &str, value: Value) -> Result<(), Unfit> {
        let (name, kind) = self.names.kind(name).ok_or_else(|| Unfit {
            pointer: String::new(),
            what: "no value has this name".to_owned(),
        })?;
        value.check(kind)?;
        self.values.insert(name.clone(), value);
        Ok(())
    }

    /// The same values, of names that are these and others.
    pub(crate) fn widened(&self, names: Arc<Names>) -> Self {
        Self {
            names,
            values: self.values.clone(),
            failed: self.failed.clone(),
        }
    }

    /// Lets `failed(step)` be true.
    pub fn put_failed(&mut self, step: &str) {
        if let Some(step) = self.names.step(step) {
            self.failed.insert(step.clone());
        }
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    pub(super) fn has_failed(&self, step: &str) -> bool {
        self.failed.contains(step)
    }
}
