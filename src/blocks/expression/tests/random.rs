//! Chance that a seed repeats, and values of any type by it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use model::Decimal;

use super::*;

/// SplitMix64: small, and the same on every machine.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(super) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// A whole number from zero up to this one, without it.
    pub(super) fn small(&mut self, end: i64) -> i64 {
        (self.next() >> 1).cast_signed() % end
    }

    /// Mostly small, sometimes at an end.
    fn whole(&mut self) -> i64 {
        match self.below(8) {
            0 => i64::MAX - self.small(3),
            1 => i64::MIN + self.small(3),
            2 => self.next().cast_signed(),
            _ => self.small(9) - 4,
        }
    }

    fn decimal(&mut self) -> Number {
        let scale = self.below(13) as u8;
        let digits = if self.below(8) == 0 {
            24 + u32::from(scale)
        } else {
            6
        };
        let limit = 10_i128.pow(digits) - 1;
        let random = (i128::from(self.next()) << 64) | i128::from(self.next());
        let units = random % limit;
        Decimal::new(units, scale).expect("within limits").into()
    }

    fn text(&mut self, bytes_max: u32) -> Arc<str> {
        let mut text = String::new();
        let bytes = self.below(bytes_max as usize + 1);
        while text.len() < bytes {
            text.push(self.pick(&['a', 'b', 'Z', '0', ' ', '"', '\\', 'é', '榫']));
        }
        while text.len() > bytes_max as usize {
            text.pop();
        }
        text.into()
    }

    /// A value of this type.
    pub(super) fn value(&mut self, kind: &Type) -> Value {
        match kind {
            Type::Bool => Value::Bool(self.below(2) == 0),
            Type::Int => Value::Int(self.whole()),
            Type::Decimal => Value::Decimal(self.decimal()),
            Type::Text { bytes_max } => Value::Text(self.text(*bytes_max)),
            Type::OneOf(words) => Value::Text(self.pick(words)),
            Type::Timestamp => Value::Timestamp(match self.below(8) {
                0 => Timestamp::MAX,
                1 => Timestamp::MIN,
                _ => Timestamp::from_second(self.small(4_000_000_000)).expect("a moment"),
            }),
            Type::Date => {
                Value::Date(self.pick(&[Date::MIN, Date::MAX, Date::constant(2026, 11, 24)]))
            }
            Type::Duration => Value::Duration(match self.below(8) {
                0 => SignedDuration::MAX,
                1 => SignedDuration::MIN,
                _ => SignedDuration::from_secs(self.small(9_000_000)),
            }),
            Type::List { item, items_max } => {
                let items = self.below(*items_max as usize + 1);
                let items: Vec<Value> = (0..items).map(|_| self.value(item)).collect();
                Value::List(items.into())
            }
            Type::Object(object) => {
                let mut members = BTreeMap::new();
                for (name, member) in &object.members {
                    if !member.is_optional || self.below(2) == 0 {
                        members.insert(name.clone(), self.value(&member.kind));
                    }
                }
                Value::Object(Arc::new(members))
            }
            Type::Optional(inner) => match self.below(2) {
                0 => Value::Absent,
                _ => self.value(inner),
            },
            Type::Json => Value::Json(Arc::new(serde_json::json!({ "a": [1, null] }))),
        }
    }
}
