//! Schemas that an overlay tightens, keyword by keyword.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::{Spot, Tighten};
use crate::placement::Place;
use crate::problem::{help_words, quoted};
use crate::reference::{Edition, Site};

/// What an overlay may say of a schema, beside marks.
const KEYWORDS: [&str; 22] = [
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "multipleOf",
    "required",
    "properties",
    "additionalProperties",
    "items",
    "uniqueItems",
    "nullable",
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
];

/// What a keyword that is tighter may be.
enum Step {
    /// It takes this value.
    Take(Value),
    /// It would loosen.
    Loosens,
    /// It was told already, or done.
    Done,
}

impl Tighten {
    /// Tightens a schema.
    pub(super) fn schema(
        &mut self,
        spot: &Spot,
        members: &mut Map<String, Value>,
        update: &Site<'_>,
    ) {
        let is_turned = self.is_turned(&spot.pointer);
        for (key, new) in update.members() {
            if key.starts_with("x-mortise") {
                self.mark(members, key, &new);
            } else if !KEYWORDS.contains(&key) {
                let what = format!("an overlay does not change {}", quoted(key));
                self.refuse(&new, what, help_words(key, "it tightens", &KEYWORDS));
            } else if is_turned {
                self.refuse(
                    &new,
                    "a tighter schema here may admit more of the whole",
                    "it is used below `not`, `if`, `oneOf` or `contains`: tighten what is around",
                );
            } else {
                match self.keyword(spot, members, key, &new) {
                    Step::Take(value) => {
                        members.insert(key.to_owned(), value);
                    }
                    Step::Loosens => self.refuse_looser(&new, key, members.get(key)),
                    Step::Done => {}
                }
            }
        }
    }

    fn refuse_looser(&mut self, new: &Site<'_>, key: &str, old: Option<&Value>) {
        let old = old.map_or_else(|| "nothing".to_owned(), |old| quoted(&old.to_string()));
        self.refuse(
            new,
            format!("`{key}` would admit more, or something else, than the description: {old}"),
            "an overlay only tightens: fewer types and values, lower most and higher least, more \
             that is required",
        );
    }

    fn keyword(
        &mut self,
        spot: &Spot,
        members: &mut Map<String, Value>,
        key: &str,
        new: &Site<'_>,
    ) -> Step {
        let old = members.get(key);
        let take = |is_tighter: bool| {
            if is_tighter {
                Step::Take(new.value.clone())
            } else {
                Step::Loosens
            }
        };
        match key {
            "type" => take(old.is_none_or(|old| is_narrower(old, new.value))),
            "enum" => take(is_subset(old, new.value)),
            "const" | "format" | "pattern" | "multipleOf" => {
                take(old.is_none_or(|old| old == new.value))
            }
            "required" => required(old, new.value),
            "uniqueItems" => take(*new.value == true),
            "nullable" => take(*new.value == false && self.edition == Edition::V3_0),
            "exclusiveMinimum" | "exclusiveMaximum" if self.edition == Edition::V3_0 => {
                take(*new.value == true)
            }
            least if least.starts_with("min") || least == "exclusiveMinimum" => {
                take(is_limit(old, new.value, Ordering::Greater))
            }
            most if most.starts_with("max") || most == "exclusiveMaximum" => {
                take(is_limit(old, new.value, Ordering::Less))
            }
            "properties" => self.properties(spot, members, new),
            // Items, and members that are not named.
            _ => self.part(spot, members, key, new),
        }
    }

    /// A schema of all items, or of all members that are not named. What has none is described
    /// anew, but where another schema asks for what was described.
    fn part(
        &mut self,
        spot: &Spot,
        members: &mut Map<String, Value>,
        key: &str,
        new: &Site<'_>,
    ) -> Step {
        match members.get_mut(key) {
            Some(Value::Object(old)) if new.value.is_object() && !old.is_empty() => {
                let mut old = Value::Object(std::mem::take(old));
                self.value(&spot.inner(key, Place::Schema), &mut old, new);
                Step::Take(old)
            }
            Some(Value::Bool(false)) if *new.value != false => Step::Loosens,
            _ if *new.value == false => Step::Take(Value::Bool(false)),
            _ if self.has_unevaluated || !new.value.is_object() => Step::Loosens,
            _ => Step::Take(new.value.clone()),
        }
    }

    fn properties(
        &mut self,
        spot: &Spot,
        members: &mut Map<String, Value>,
        new: &Site<'_>,
    ) -> Step {
        let is_open = matches!(
            members.get("additionalProperties"),
            None | Some(Value::Bool(true))
        );
        let required = members.get("required").cloned().unwrap_or_default();
        let entry = members
            .entry("properties")
            .or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(properties) = entry else {
            return Step::Loosens;
        };
        let inner = spot.inner("properties", Place::Map(&Place::Schema));
        for (name, one) in new.members() {
            if let Some(old) = properties.get_mut(name) {
                self.value(&inner.inner(name, Place::Schema), old, &one);
                continue;
            }
            // OpenAPI 3.0: a member that only answers have need not be in a request, whatever is
            // required.
            let is_required = required
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one == name));
            let turns = ["readOnly", "writeOnly", "$ref"];
            let may_turn = turns.iter().any(|key| one.value.get(key).is_some());
            let frees = self.edition == Edition::V3_0 && is_required && may_turn;
            if is_open && !self.has_unevaluated && !frees && one.value.is_object() {
                properties.insert(name.to_owned(), one.value.clone());
            } else {
                self.refuse(
                    &one,
                    format!("a member described anew would be let in: {}", quoted(name)),
                    "the schema says already what members without a name are: tighten that",
                );
            }
        }
        Step::Done
    }
}

/// Whether each type of one is a type of the other: a whole number is a number.
fn is_narrower(old: &Value, new: &Value) -> bool {
    let words = |value: &Value| -> Vec<String> {
        let items = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        let words = items.iter().filter_map(Value::as_str);
        words.map(str::to_owned).collect()
    };
    let old = words(old);
    let is_in = |word: &String| {
        old.contains(word) || (word == "integer" && old.iter().any(|old| old == "number"))
    };
    let new = words(new);
    !new.is_empty() && new.iter().all(is_in)
}

fn is_subset(old: Option<&Value>, new: &Value) -> bool {
    let Some(new) = new.as_array().filter(|new| !new.is_empty()) else {
        return false;
    };
    let old = old.map(|old| old.as_array().map(Vec::as_slice).unwrap_or_default());
    old.is_none_or(|old| new.iter().all(|one| old.contains(one)))
}

/// What is required with the new names too.
fn required(old: Option<&Value>, new: &Value) -> Step {
    let names = |value: &Value| {
        let items = value.as_array()?;
        items.iter().all(Value::is_string).then(|| items.clone())
    };
    let mut all = old.and_then(names).unwrap_or_default();
    let Some(new) = names(new) else {
        return Step::Loosens;
    };
    for name in new {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    Step::Take(Value::Array(all))
}

/// Whether a limit is as strict as the old one: equal, or beyond it in this direction.
fn is_limit(old: Option<&Value>, new: &Value, stricter: Ordering) -> bool {
    let Value::Number(new) = new else {
        return false;
    };
    match old {
        None => true,
        Some(Value::Number(old)) => {
            let order = compare(new, old);
            order == Some(stricter) || order == Some(Ordering::Equal)
        }
        Some(_) => false,
    }
}

/// The order of two numbers; nothing where they are too large to be compared exactly.
fn compare(one: &Number, other: &Number) -> Option<Ordering> {
    if let (Some(one), Some(other)) = (one.as_i64(), other.as_i64()) {
        return Some(one.cmp(&other));
    }
    let (one, other) = (one.as_f64()?, other.as_f64()?);
    let is_exact = |number: f64| number.abs() < 9_007_199_254_740_992.0;
    (is_exact(one) && is_exact(other)).then(|| one.partial_cmp(&other))?
}
