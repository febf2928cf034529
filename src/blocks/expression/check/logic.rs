//! Logic: `!`, `&&`, `||` and `? :`, and what is known to be there on each way.

use super::super::syntax::Node;
use super::super::term::TermKind;
use super::{Checker, Facts, Type, Typed, sum, widened};
use crate::slip::Span;

impl Checker<'_> {
    pub(super) fn not(&mut self, span: Span, inner: &Node) -> Option<Typed> {
        let inner = self.boolean(inner)?;
        let [yes, no] = inner.facts;
        let term = TermKind::Not(Box::new(inner.term));
        let typed = Typed::new(span, term, Type::Bool, inner.cost);
        Some(Typed {
            facts: [no, yes],
            ..typed
        })
    }

    /// Parts joined by `&&` (`side` 0) or `||` (`side` 1). Each is reached only when those before
    /// it were true, or false: what that says holds for it, and for the whole when it is so.
    pub(super) fn joined(&mut self, span: Span, parts: &[Node], side: usize) -> Option<Typed> {
        let before = self.facts.clone();
        let mut typed = Vec::new();
        let mut is_sound = true;
        for part in parts {
            match self.boolean(part) {
                Some(part) => {
                    let [yes, no] = &part.facts;
                    let known = if side == 0 { yes } else { no };
                    self.facts.extend(known.iter().cloned());
                    typed.push(part);
                }
                None => is_sound = false,
            }
        }
        let all = std::mem::replace(&mut self.facts, before);
        let others = typed.iter().map(|part| {
            let [yes, no] = &part.facts;
            if side == 0 { no } else { yes }
        });
        let common = others
            .cloned()
            .reduce(|a, b| a.intersection(&b).cloned().collect());
        let common: Facts = common.unwrap_or_default();
        let cost = sum(typed.iter().map(|part| part.cost));
        let terms = typed.into_iter().map(|part| part.term).collect();
        let (term, facts) = match side {
            0 => (TermKind::All(terms), [all, common]),
            _ => (TermKind::Any(terms), [common, all]),
        };
        let typed = Typed::new(span, term, Type::Bool, cost);
        is_sound.then_some(Typed { facts, ..typed })
    }

    pub(super) fn choose(&mut self, span: Span, parts: &[Node; 3]) -> Option<Typed> {
        let [condition, yes, no] = parts;
        let condition = self.boolean(condition);
        let [when_true, when_false] = condition
            .as_ref()
            .map_or_else(Default::default, |condition| condition.facts.clone());
        let yes = self.knowing(when_true, yes);
        let no_typed = self.knowing(when_false, no);
        let (condition, yes, no_typed) = (condition?, yes?, no_typed?);
        let Some(kind) = yes.kind.joined(&no_typed.kind) else {
            let what = format!(
                "{} is {}, the other way {}",
                self.quote(no),
                no_typed.kind,
                yes.kind
            );
            return self.slip(no.span, what, "both ways give one type");
        };
        let (yes, no) = (widened(yes, &kind), widened(no_typed, &kind));
        let cost = sum([condition.cost, yes.cost.max(no.cost)]);
        let parts = Box::new([condition.term, yes.term, no.term]);
        Some(Typed::new(span, TermKind::Choose(parts), kind, cost))
    }

    /// Checks a part where more is known to be there.
    fn knowing(&mut self, facts: Facts, node: &Node) -> Option<Typed> {
        let before = self.facts.clone();
        self.facts.extend(facts);
        let typed = self.value(node);
        self.facts = before;
        typed
    }
}
