//! Evaluation: a walk over terms whose types fit, with the values of one call.

use std::cmp::Ordering;
use std::sync::Arc;

use super::cost::{Cost, comparing, looking, matching};
use super::kind::TEXT_BYTES_MAX;
use super::number::Number;
use super::syntax::Operator;
use super::term::{Each, Look, Term, TermKind};
use super::value::{Value, Values};
use crate::slip::Span;

/// Why an expression gave no value, and where in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// What happened.
    pub cause: Cause,
    /// The part that it happened in.
    pub span: Span,
}

/// What can happen while a checked expression is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// More work than was left to spend.
    #[error("the expression takes too long")]
    Cost,
    /// A number, a time or a length of time beyond its limits.
    #[error("the result is too large")]
    Overflow,
    /// A division by zero.
    #[error("a division by zero")]
    DivisionByZero,
    /// A text that is longer than where it goes, or than 64 KiB.
    #[error("the text is too long")]
    TextTooLong,
    /// The values are not those of the names that it was checked with: who called it was wrong.
    #[error("a value is missing or of another type than was checked")]
    Unfit,
}

/// Evaluates a term.
pub(super) fn evaluate(term: &Term, values: &Values, cost: &mut Cost) -> Result<Value, Failure> {
    let mut walk = Walk {
        values,
        cost,
        locals: Vec::new(),
    };
    walk.value(term)
}

struct Walk<'w> {
    values: &'w Values,
    cost: &'w mut Cost,
    locals: Vec<Value>,
}

impl Term {
    fn fails<T>(&self, cause: Cause) -> Result<T, Failure> {
        let span = self.span;
        Err(Failure { cause, span })
    }

    fn given<T>(&self, value: Option<T>, otherwise: Cause) -> Result<T, Failure> {
        match value {
            Some(value) => Ok(value),
            None => self.fails(otherwise),
        }
    }
}

impl Walk<'_> {
    fn spend(&mut self, term: &Term, steps: u64) -> Result<(), Failure> {
        term.given(self.cost.spend(steps), Cause::Cost)
    }

    fn value(&mut self, term: &Term) -> Result<Value, Failure> {
        self.spend(term, 1)?;
        match &term.kind {
            TermKind::Constant(value) => Ok(value.clone()),
            TermKind::Name(name) => term.given(self.values.value(name).cloned(), Cause::Unfit),
            TermKind::Local(at) => term.given(self.locals.get(*at).cloned(), Cause::Unfit),
            TermKind::Member(base, name) => match self.value(base)? {
                Value::Object(members) => Ok(members.get(name).cloned().unwrap_or(Value::Absent)),
                Value::Absent => Ok(Value::Absent),
                _ => term.fails(Cause::Unfit),
            },
            TermKind::Item(parts) => self.item(term, parts),
            TermKind::List(items) => {
                let values: Result<Vec<Value>, _> = items.iter().map(|t| self.value(t)).collect();
                Ok(Value::List(values?.into()))
            }
            TermKind::Choose(parts) => {
                let [condition, yes, no] = parts.as_ref();
                let chosen = if self.bool(condition)? { yes } else { no };
                self.value(chosen)
            }
            TermKind::Default(parts) => {
                let [term, other] = parts.as_ref();
                match self.value(term)? {
                    Value::Absent => self.value(other),
                    value => Ok(value),
                }
            }
            TermKind::Least(parts) => self.extreme(term, parts, Ordering::Less),
            TermKind::Most(parts) => self.extreme(term, parts, Ordering::Greater),
            TermKind::Arithmetic(operator, parts) => self.arithmetic(term, *operator, parts),
            TermKind::Negate(inner) => match self.value(inner)? {
                Value::Int(whole) => term
                    .given(whole.checked_neg(), Cause::Overflow)
                    .map(Value::Int),
                Value::Decimal(number) => Ok(Value::Decimal(number.negated())),
                _ => term.fails(Cause::Unfit),
            },
            TermKind::Widened(inner) => Ok(widened(self.value(inner)?)),
            TermKind::Bounded(bytes_max, inner) => match self.value(inner)? {
                Value::Text(text) if text.len() > *bytes_max as usize => {
                    term.fails(Cause::TextTooLong)
                }
                value => Ok(value),
            },
            TermKind::Size(inner) => self.size(inner),
            TermKind::Each(each, parts) => self.each(*each, parts),
            _ => self.answer(term).map(Value::Bool),
        }
    }

    /// What is asked and answered by yes or no.
    fn answer(&mut self, term: &Term) -> Result<bool, Failure> {
        match &term.kind {
            TermKind::Not(inner) => Ok(!self.bool(inner)?),
            TermKind::All(parts) => self.until(parts, false),
            TermKind::Any(parts) => self.until(parts, true),
            TermKind::Compare(operator, parts) => self.compare(term, *operator, parts),
            TermKind::In(parts) => self.within(term, parts),
            TermKind::Has(inner) => Ok(self.value(inner)? != Value::Absent),
            TermKind::Failed(step) => Ok(self.values.has_failed(step)),
            TermKind::Look(look, parts) => {
                let [one, other] = parts.as_ref();
                let (one, other) = (self.text(one)?, self.text(other)?);
                self.spend(term, looking(one.len() + other.len()))?;
                Ok(match look {
                    Look::Contains => one.contains(other.as_ref()),
                    Look::StartsWith => one.starts_with(other.as_ref()),
                    Look::EndsWith => one.ends_with(other.as_ref()),
                })
            }
            TermKind::Matches(pattern, inner) => {
                let text = self.text(inner)?;
                self.spend(term, matching(text.len()))?;
                Ok(pattern.is_in(&text))
            }
            _ => term.fails(Cause::Unfit),
        }
    }

    /// Asks one after the other until an answer decides.
    fn until(&mut self, parts: &[Term], deciding: bool) -> Result<bool, Failure> {
        for part in parts {
            if self.bool(part)? == deciding {
                return Ok(deciding);
            }
        }
        Ok(!deciding)
    }

    fn bool(&mut self, term: &Term) -> Result<bool, Failure> {
        match self.value(term)? {
            Value::Bool(bool) => Ok(bool),
            _ => term.fails(Cause::Unfit),
        }
    }

    fn text(&mut self, term: &Term) -> Result<Arc<str>, Failure> {
        match self.value(term)? {
            Value::Text(text) => Ok(text),
            _ => term.fails(Cause::Unfit),
        }
    }

    fn list(&mut self, term: &Term) -> Result<Arc<[Value]>, Failure> {
        match self.value(term)? {
            Value::List(items) => Ok(items),
            _ => term.fails(Cause::Unfit),
        }
    }

    fn item(&mut self, term: &Term, parts: &[Term; 2]) -> Result<Value, Failure> {
        let [list, at] = parts;
        let list = self.value(list)?;
        let Value::Int(at) = self.value(at)? else {
            return term.fails(Cause::Unfit);
        };
        match list {
            Value::List(items) => {
                let item = usize::try_from(at).ok().and_then(|at| items.get(at));
                Ok(item.cloned().unwrap_or(Value::Absent))
            }
            Value::Absent => Ok(Value::Absent),
            _ => term.fails(Cause::Unfit),
        }
    }

    fn size(&mut self, term: &Term) -> Result<Value, Failure> {
        let size = match self.value(term)? {
            Value::Text(text) => {
                self.spend(term, looking(text.len()))?;
                text.chars().count()
            }
            Value::List(items) => items.len(),
            _ => return term.fails(Cause::Unfit),
        };
        term.given(i64::try_from(size).ok(), Cause::Overflow)
            .map(Value::Int)
    }

    fn extreme(&mut self, term: &Term, parts: &[Term], wanted: Ordering) -> Result<Value, Failure> {
        let mut found: Option<Value> = None;
        for part in parts {
            let value = self.value(part)?;
            let is_better = match &found {
                None => true,
                Some(found) => term.given(order(&value, found), Cause::Unfit)? == wanted,
            };
            if is_better {
                found = Some(value);
            }
        }
        term.given(found, Cause::Unfit)
    }

    fn compare(
        &mut self,
        term: &Term,
        operator: Operator,
        parts: &[Term; 2],
    ) -> Result<bool, Failure> {
        let [one, other] = parts;
        let (one, other) = (self.value(one)?, self.value(other)?);
        self.spend(term, looked(&one, &other))?;
        let order = term.given(order(&one, &other), Cause::Unfit)?;
        match operator {
            Operator::Equal => Ok(order.is_eq()),
            Operator::Unequal => Ok(order.is_ne()),
            Operator::Less => Ok(order.is_lt()),
            Operator::AtMost => Ok(order.is_le()),
            Operator::More => Ok(order.is_gt()),
            Operator::AtLeast => Ok(order.is_ge()),
            _ => term.fails(Cause::Unfit),
        }
    }

    fn within(&mut self, term: &Term, parts: &[Term; 2]) -> Result<bool, Failure> {
        let [one, list] = parts;
        let one = self.value(one)?;
        for item in self.list(list)?.iter() {
            self.spend(term, 1 + looked(&one, item))?;
            if order(&one, item).is_some_and(Ordering::is_eq) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn each(&mut self, each: Each, parts: &[Term; 2]) -> Result<Value, Failure> {
        let [list, body] = parts;
        let items = self.list(list)?;
        let mut made = Vec::new();
        let mut found = 0_usize;
        for item in items.iter() {
            self.spend(body, 1)?;
            self.locals.push(item.clone());
            let value = self.value(body);
            self.locals.pop();
            let value = value?;
            let is_true = value == Value::Bool(true);
            match each {
                Each::All if !is_true => return Ok(Value::Bool(false)),
                Each::Exists if is_true => return Ok(Value::Bool(true)),
                Each::ExistsOne => found += usize::from(is_true),
                Each::Filter if is_true => made.push(item.clone()),
                Each::Map => made.push(value),
                _ => {}
            }
        }
        Ok(match each {
            Each::All => Value::Bool(true),
            Each::Exists => Value::Bool(false),
            Each::ExistsOne => Value::Bool(found == 1),
            Each::Filter | Each::Map => Value::List(made.into()),
        })
    }

    fn arithmetic(
        &mut self,
        term: &Term,
        operator: Operator,
        parts: &[Term; 2],
    ) -> Result<Value, Failure> {
        let [one, other] = parts;
        let result = match (self.value(one)?, self.value(other)?) {
            (Value::Int(a), Value::Int(b)) => whole(operator, a, b).map(Value::Int),
            (Value::Text(a), Value::Text(b)) => {
                if a.len() + b.len() > TEXT_BYTES_MAX as usize {
                    return term.fails(Cause::TextTooLong);
                }
                self.spend(term, looking(a.len() + b.len()))?;
                Ok(Value::Text([a.as_ref(), b.as_ref()].concat().into()))
            }
            (Value::Timestamp(at), Value::Duration(by)) => {
                let moved = match operator {
                    Operator::Minus => at.checked_sub(by),
                    _ => at.checked_add(by),
                };
                moved.map(Value::Timestamp).or(Err(Cause::Overflow))
            }
            (Value::Duration(by), Value::Timestamp(at)) => at
                .checked_add(by)
                .map(Value::Timestamp)
                .or(Err(Cause::Overflow)),
            (Value::Timestamp(a), Value::Timestamp(b)) => Ok(Value::Duration(a.duration_since(b))),
            (Value::Duration(a), Value::Duration(b)) => {
                let sum = match operator {
                    Operator::Minus => a.checked_sub(b),
                    _ => a.checked_add(b),
                };
                sum.map(Value::Duration).ok_or(Cause::Overflow)
            }
            (a, b) => match (number(&a), number(&b)) {
                (Some(a), Some(b)) => reckon(operator, a, b).map(Value::Decimal),
                _ => Err(Cause::Unfit),
            },
        };
        result.or_else(|cause| term.fails(cause))
    }
}

fn whole(operator: Operator, a: i64, b: i64) -> Result<i64, Cause> {
    let is_division = matches!(operator, Operator::Over | Operator::Modulo);
    if is_division && b == 0 {
        return Err(Cause::DivisionByZero);
    }
    let result = match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_sub(b),
        Operator::Times => a.checked_mul(b),
        Operator::Over => a.checked_div(b),
        Operator::Modulo => a.checked_rem(b),
        _ => return Err(Cause::Unfit),
    };
    result.ok_or(Cause::Overflow)
}

fn reckon(operator: Operator, a: Number, b: Number) -> Result<Number, Cause> {
    let result = match operator {
        Operator::Plus => a.plus(b),
        Operator::Minus => a.minus(b),
        Operator::Times => a.times(b),
        Operator::Over if b == 0.into() => return Err(Cause::DivisionByZero),
        Operator::Over => a.over(b),
        _ => return Err(Cause::Unfit),
    };
    result.ok_or(Cause::Overflow)
}

fn number(value: &Value) -> Option<Number> {
    match value {
        Value::Int(whole) => Some((*whole).into()),
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

fn widened(value: Value) -> Value {
    match value {
        Value::Int(whole) => Value::Decimal(whole.into()),
        value => value,
    }
}

/// How two values of one type, or two numbers, stand to each other.
fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        (Value::Duration(a), Value::Duration(b)) => Some(a.cmp(b)),
        (a, b) => Some(number(a)?.cmp(&number(b)?)),
    }
}

fn looked(one: &Value, other: &Value) -> u64 {
    match (one, other) {
        (Value::Text(a), Value::Text(b)) => comparing(a.len(), b.len()),
        _ => 0,
    }
}
