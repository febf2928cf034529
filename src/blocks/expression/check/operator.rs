//! Operators: comparisons, `in` and arithmetic.

use std::sync::Arc;

use super::super::cost::comparing;
use super::super::kind::{TEXT_BYTES_MAX, Type, among};
use super::super::syntax::{Node, Operator, Syntax};
use super::super::term::TermKind;
use super::super::value::Value;
use super::{Checker, Typed, sum};
use crate::slip::{Span, choices};

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        span: Span,
        operator: Operator,
        parts: &[Node; 2],
    ) -> Option<Typed> {
        let [one, other] = parts;
        if operator == Operator::In {
            return self.within(span, one, other);
        }
        let one_typed = self.value(one);
        let other_typed = self.value(other);
        let (a, b) = (one_typed?, other_typed?);
        if !operator.is_comparison() {
            return self.arithmetic(span, operator, [one, other], [a, b]);
        }
        self.comparable(span, operator, [(one, &a.kind), (other, &b.kind)])?;
        let looked = comparing(a.kind.bytes_max() as usize, b.kind.bytes_max() as usize);
        let cost = sum([a.cost, b.cost, looked]);
        let term = TermKind::Compare(operator, Box::new([a.term, b.term]));
        Some(Typed::new(span, term, Type::Bool, cost))
    }

    fn within(&mut self, span: Span, one: &Node, list: &Node) -> Option<Typed> {
        let one_typed = self.value(one);
        let list_typed = self.value(list);
        let (a, b) = (one_typed?, list_typed?);
        let Type::List { item, items_max } = &b.kind else {
            let what = format!("{} must be a list, got {}", self.quote(list), b.kind);
            return self.slip(list.span, what, "write `x in [\"A\", \"B\"]`");
        };
        // Each word that is written out is looked at by itself, so that one slip does not hide.
        let written = match (&one.kind, &list.kind) {
            (Syntax::Text(_), _) => &[],
            (_, Syntax::List(items)) => items.as_slice(),
            _ => &[],
        };
        for word in written {
            if let (Syntax::Text(text), Some(_)) = (&word.kind, a.kind.words()) {
                let kind = Type::one_of([text.as_str()]);
                self.comparable(word.span, Operator::In, [(one, &a.kind), (word, &kind)])?;
            }
        }
        let sides = [(one, &a.kind), (list, item.as_ref())];
        self.comparable(span, Operator::In, sides)?;
        let looked = comparing(a.kind.bytes_max() as usize, item.bytes_max() as usize);
        let items = u64::from(*items_max).saturating_mul(looked + 1);
        let cost = sum([a.cost, b.cost, items]);
        let term = TermKind::In(Box::new([a.term, b.term]));
        Some(Typed::new(span, term, Type::Bool, cost))
    }

    /// Whether two values can be compared so, with both outcomes possible.
    fn comparable(
        &mut self,
        span: Span,
        operator: Operator,
        [(one, a), (other, b)]: [(&Node, &Type); 2],
    ) -> Option<()> {
        let has_order = !matches!(operator, Operator::Equal | Operator::Unequal | Operator::In);
        match (a, b) {
            (a, b) if a.is_number() && b.is_number() => Some(()),
            (Type::OneOf(words), Type::OneOf(_)) if has_order => {
                let list = words.iter().map(|word| format!("\"{word}\""));
                let list: Vec<String> = list.take(4).collect();
                let what = format!("{} is {a}: words have no order", self.quote(one));
                let help = format!("list those you mean: `x in [{}]`", list.join(", "));
                self.slip(span, what, help)
            }
            (Type::OneOf(words), Type::OneOf(others)) => {
                if words.iter().any(|word| others.contains(word)) {
                    return Some(());
                }
                self.never(span, operator, [(one, words), (other, others)])
            }
            (a, b) if a.is_text() && b.is_text() => Some(()),
            (Type::Timestamp, Type::Timestamp)
            | (Type::Date, Type::Date)
            | (Type::Duration, Type::Duration) => Some(()),
            (Type::Bool, Type::Bool) if !has_order => Some(()),
            (a, b) => {
                let (one, other) = (self.quote(one), self.quote(other));
                let compared = match operator {
                    Operator::In => "looked for among",
                    _ => "compared with",
                };
                let what = format!("{one}, {a}, cannot be {compared} {other}, {b}");
                self.slip(span, what, remedy(a, b))
            }
        }
    }

    /// Two lists of words that have none in common.
    fn never(
        &mut self,
        span: Span,
        operator: Operator,
        [(one, words), (other, others)]: [(&Node, &[Arc<str>]); 2],
    ) -> Option<()> {
        let outcome = match operator {
            Operator::Unequal => "true",
            _ => "false",
        };
        let (a, b) = (among(words), among(others));
        let what = format!("this comparison is always {outcome}: {a} against {b}");
        let is_literal = |node: &Node| matches!(node.kind, Syntax::Text(_));
        let (strange, known) = if is_literal(one) && !is_literal(other) {
            (words, others)
        } else {
            (others, words)
        };
        let strange = strange.first().map_or("", AsRef::as_ref);
        let literal = [one, other].into_iter().find(|node| is_literal(node));
        let span = literal.map_or(span, |node| node.span);
        let help = choices("the words", strange, known.iter().map(AsRef::as_ref));
        self.slip(span, what, help)
    }

    fn arithmetic(
        &mut self,
        span: Span,
        operator: Operator,
        [one, other]: [&Node; 2],
        [a, b]: [Typed; 2],
    ) -> Option<Typed> {
        let looked = u64::from(a.kind.bytes_max().saturating_add(b.kind.bytes_max())) / 64;
        let Some(kind) = result(operator, &a.kind, &b.kind) else {
            let what = format!(
                "{}, {}, and {}, {}, have no `{}`",
                self.quote(one),
                a.kind,
                self.quote(other),
                b.kind,
                operator.text()
            );
            return self.slip(span, what, arithmetic_remedy(operator, &a.kind, &b.kind));
        };
        let is_zero = match &b.term.kind {
            TermKind::Constant(Value::Int(whole)) => *whole == 0,
            TermKind::Constant(Value::Decimal(number)) => *number == 0.into(),
            _ => false,
        };
        if is_zero && matches!(operator, Operator::Over | Operator::Modulo) {
            return self.slip(
                other.span,
                "nothing divides by zero",
                "divide by another number",
            );
        }
        let cost = sum([a.cost, b.cost, looked]);
        let term = TermKind::Arithmetic(operator, Box::new([a.term, b.term]));
        Some(Typed::new(span, term, kind, cost))
    }

    pub(super) fn negate(&mut self, span: Span, inner: &Node) -> Option<Typed> {
        // The lowest whole number is one further from zero than the highest.
        if let Syntax::Int(whole) = inner.kind
            && let Ok(whole) = i64::try_from(-i128::from(whole))
        {
            let term = TermKind::Constant(Value::Int(whole));
            return Some(Typed::new(span, term, Type::Int, 0));
        }
        let typed = self.value(inner)?;
        if !typed.kind.is_number() {
            let what = format!("{} must be a number, got {}", self.quote(inner), typed.kind);
            return self.slip(inner.span, what, "`-` stands before numbers");
        }
        let term = TermKind::Negate(Box::new(typed.term));
        Some(Typed::new(span, term, typed.kind, typed.cost))
    }
}

/// What an operator gives.
fn result(operator: Operator, a: &Type, b: &Type) -> Option<Type> {
    Some(match (operator, a, b) {
        (Operator::Modulo, Type::Int, Type::Int) => Type::Int,
        (Operator::Modulo, ..) => return None,
        (_, a, b) if a.is_number() && b.is_number() => a.joined(b)?,
        (Operator::Plus, a, b) if a.is_text() && b.is_text() => Type::Text {
            bytes_max: a
                .bytes_max()
                .saturating_add(b.bytes_max())
                .min(TEXT_BYTES_MAX),
        },
        (Operator::Plus | Operator::Minus, Type::Timestamp, Type::Duration)
        | (Operator::Plus, Type::Duration, Type::Timestamp) => Type::Timestamp,
        (Operator::Minus, Type::Timestamp, Type::Timestamp)
        | (Operator::Plus | Operator::Minus, Type::Duration, Type::Duration) => Type::Duration,
        _ => return None,
    })
}

/// What would be right where two types cannot be compared.
fn remedy(a: &Type, b: &Type) -> String {
    let pair = [a, b];
    let has = |kind: &Type| pair.contains(&kind);
    let has_text = pair.iter().any(|kind| kind.is_text());
    let has_number = pair.iter().any(|kind| kind.is_number());
    if has(&Type::Json) {
        "json can only be passed on: describe it in the API description".to_owned()
    } else if pair.iter().any(|kind| matches!(kind, Type::Object(_))) {
        "compare members of the objects".to_owned()
    } else if pair.iter().any(|kind| matches!(kind, Type::List { .. })) {
        "ask about items: `x in list`, `list.all(x, …)`, `list.exists(x, …)`".to_owned()
    } else if has_text && has_number {
        "write numbers without quotes, strings with them".to_owned()
    } else if has_text && has(&Type::Bool) {
        "write `true` and `false` without quotes".to_owned()
    } else if has_text && has(&Type::Timestamp) {
        "write `timestamp(\"2026-11-24T08:00:00Z\")`".to_owned()
    } else if has_text && has(&Type::Date) {
        "write `date(\"2026-11-24\")`".to_owned()
    } else if has_text && has(&Type::Duration) {
        "write `duration(\"24h\")`".to_owned()
    } else if has(&Type::Timestamp) && has(&Type::Date) {
        "a day has no hour: compare timestamps with timestamps, dates with dates".to_owned()
    } else if has(&Type::Bool) {
        "join bools with `&&` and `||`".to_owned()
    } else {
        "compare values of one type".to_owned()
    }
}

fn arithmetic_remedy(operator: Operator, a: &Type, b: &Type) -> String {
    let pair = [a, b];
    let has_number = pair.iter().any(|kind| kind.is_number());
    let has_text = pair.iter().any(|kind| kind.is_text());
    let is_list = |kind: &&Type| matches!(kind, Type::List { .. });
    if operator == Operator::Modulo && has_number {
        "`%` stands between whole numbers".to_owned()
    } else if pair.iter().any(is_list) {
        "lists are not joined".to_owned()
    } else if has_text && has_number {
        "numbers do not become text, nor text numbers".to_owned()
    } else if has_number && pair.contains(&&Type::Duration) {
        "write the whole length of time: `duration(\"72h\")`".to_owned()
    } else if pair.contains(&&Type::Date) {
        "dates are only compared".to_owned()
    } else {
        "numbers are reckoned with; strings are joined by `+`; a duration is added to a time"
            .to_owned()
    }
}
