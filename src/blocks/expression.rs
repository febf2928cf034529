//! Expressions: a typed subset of CEL, checked when a file loads and evaluated on each call.
//!
//! It has CEL's `|| && ! == != < <= > >= in + - * / % ?:`, members, items, lists, `has`, `size`,
//! `all`, `exists`, `exists_one`, `filter`, `map`, `contains`, `startsWith`, `endsWith`, `matches`,
//! `duration` and `timestamp`; and, beside CEL, `min`, `max`, `default`, `failed` and `date`. Where
//! it differs:
//!
//! * `0.1` is a decimal, and a whole number beside a decimal becomes one.
//! * A string that is written out, and one that the API description counts, is one of its words:
//!   words that never meet are not compared, and words have no order.
//! * What may be absent must be tested or given a default before it is used. `has(a.b)` is also
//!   false when `a` is absent, an item that a list does not have is absent, and what `has` proved
//!   holds on its side of `&&`, `||` and `? :`.
//! * `&&` and `||` are answered from the left: what stands behind the deciding part is not asked.
//! * A variable of a walk may not hide another name. Patterns are written out, and say `[0-9]`
//!   rather than `\d`.

mod check;
mod cost;
mod evaluate;
mod kind;
mod names;
mod number;
mod parse;
mod pattern;
mod read;
mod syntax;
mod term;
#[cfg(test)]
mod tests;
mod token;
mod value;

use std::collections::BTreeSet;

use crate::slip::Slip;

pub use cost::Cost;
pub use evaluate::{Cause, Failure};
pub use kind::{Member, ObjectType, Type};
pub use names::{BadName, Names};
pub use number::Number;
pub use read::Read;
pub use value::{Unfit, Value, Values};

/// An expression whose types fit.
#[derive(Debug, Clone)]
pub struct Expression {
    term: term::Term,
    kind: Type,
    reads: BTreeSet<Read>,
    cost: u64,
}

impl Expression {
    /// Checks a text of at most 4 KiB that may read these names, and whose value must be one of
    /// the wanted. The first fault of its form is told alone, those of its types all at once.
    pub fn check(text: &str, names: &Names, wants: Option<&Type>) -> Result<Self, Vec<Slip>> {
        let node = parse::parse(text).map_err(|slip| vec![slip])?;
        let checked = check::check(text, &node, names, wants)?;
        Ok(Self {
            term: checked.term,
            kind: checked.kind,
            reads: checked.reads,
            cost: checked.cost,
        })
    }

    /// Its value with these values of the names that it was checked with.
    pub fn evaluate(&self, values: &Values, cost: &mut Cost) -> Result<Value, Failure> {
        evaluate::evaluate(&self.term, values, cost)
    }

    /// What its value is.
    pub fn type_of(&self) -> &Type {
        &self.kind
    }

    /// What it uses of the values given to it.
    pub fn reads(&self) -> &BTreeSet<Read> {
        &self.reads
    }

    /// The most that evaluating it can cost, at most 1,000,000.
    pub fn cost_limit(&self) -> u64 {
        self.cost
    }
}
