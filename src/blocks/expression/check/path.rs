//! Paths: names, members, items, and whether they are there.

use std::sync::Arc;

use super::super::kind::Type;
use super::super::syntax::{Node, Syntax, Word};
use super::super::term::TermKind;
use super::{Checker, Facts, Typed, sum};
use crate::slip::{Span, choices, quoted};

impl Checker<'_> {
    pub(super) fn name(&mut self, node: &Node, name: &str) -> Option<Typed> {
        let local = self.locals.iter().position(|local| local.name == name);
        if let Some((at, local)) = local.and_then(|at| self.locals.get(at).map(|l| (at, l))) {
            let kind = local.kind.clone();
            let origin = local.origin.clone();
            let typed = Typed::new(node.span, TermKind::Local(at), kind, 0);
            return Some(self.seen(node, Typed { origin, ..typed }));
        }
        let Some((name, kind)) = self.names.kind(name) else {
            let locals = self.locals.iter().map(|local| local.name.as_str());
            let help = choices("names", name, self.names.known().chain(locals));
            return self.slip(node.span, format!("no name {}", quoted(name)), help);
        };
        let term = TermKind::Name(name.clone());
        let typed = Typed::new(node.span, term, kind.clone(), 0);
        let origin = Some(vec![name.clone()]);
        Some(self.seen(node, Typed { origin, ..typed }))
    }

    /// Marks what may be absent, and takes it for present where that is known.
    fn seen(&self, node: &Node, mut typed: Typed) -> Typed {
        typed.is_maybe |= typed.kind.is_optional();
        if place(node).is_some_and(|place| self.facts.contains(&place)) {
            typed.kind = typed.kind.present().clone();
        }
        typed
    }

    /// What a member or an item is asked of.
    fn base(&mut self, node: &Node, may_lack: bool) -> Option<Typed> {
        let base = self.part(node, may_lack)?;
        if may_lack {
            return Some(base);
        }
        self.present(node, base)
    }

    pub(super) fn member(
        &mut self,
        node: &Node,
        base_node: &Node,
        word: &Word,
        may_lack: bool,
    ) -> Option<Typed> {
        let base = self.base(base_node, may_lack)?;
        let Type::Object(object) = base.kind.present() else {
            let what = match base.kind.present() {
                Type::Json => format!("{} can only be passed on", self.quote(base_node)),
                kind => format!("{} is {kind} and has no members", self.quote(base_node)),
            };
            return self.slip(word.span, what, "ask for a member of an object");
        };
        let Some((name, member)) = object.members.get_key_value(word.text.as_str()) else {
            let what = format!(
                "{} has no member {}",
                self.quote(base_node),
                quoted(&word.text)
            );
            let kind = if object.is_open {
                "members that are described"
            } else {
                "members"
            };
            let help = choices(kind, &word.text, object.members.keys().map(AsRef::as_ref));
            return self.slip(word.span, what, help);
        };
        let is_optional = member.is_optional || base.kind.is_optional();
        let kind = member.kind.clone();
        let kind = if is_optional { kind.optional() } else { kind };
        let step = name.clone();
        Some(self.step(node, base, kind, step.clone(), |base| {
            TermKind::Member(Box::new(base.term), step)
        }))
    }

    pub(super) fn item(&mut self, node: &Node, parts: &[Node; 2], may_lack: bool) -> Option<Typed> {
        let [list, at] = parts;
        let base = self.base(list, may_lack);
        let index = self.value(at);
        let (base, index) = (base?, index?);
        let Type::List { item, items_max } = base.kind.present() else {
            let what = format!("{} is {} and has no items", self.quote(list), base.kind);
            let help = match base.kind.present() {
                Type::Object(_) => "a member is asked for by a point: `x.name`",
                _ => "ask for an item of a list",
            };
            return self.slip(at.span, what, help);
        };
        if index.kind != Type::Int {
            let what = format!("{} must be int, got {}", self.quote(at), index.kind);
            return self.slip(at.span, what, "items are counted from 0");
        }
        if matches!(at.kind, Syntax::Int(at) if at >= u64::from(*items_max)) {
            let what = format!("{} has at most {items_max} items", self.quote(list));
            return self.slip(at.span, what, "items are counted from 0");
        }
        let kind = item.as_ref().clone().optional();
        let cost = index.cost;
        let term = index.term;
        let mut typed = self.step(node, base, kind, "*".into(), |base| {
            TermKind::Item(Box::new([base.term, term]))
        });
        typed.cost = sum([typed.cost, cost]);
        Some(typed)
    }

    /// A step further from a base.
    fn step(
        &self,
        node: &Node,
        base: Typed,
        kind: Type,
        step: Arc<str>,
        term: impl FnOnce(Typed) -> TermKind,
    ) -> Typed {
        let mut origin = base.origin.clone();
        if let Some(path) = &mut origin {
            path.push(step);
        }
        let (cost, is_maybe) = (base.cost, base.is_maybe);
        let typed = Typed::new(node.span, term(base), kind, cost);
        let typed = Typed {
            is_maybe,
            origin,
            ..typed
        };
        self.seen(node, typed)
    }

    /// `has(x.y)`: also false when `x` itself is absent.
    pub(super) fn has(&mut self, span: Span, node: &Node) -> Option<Typed> {
        let typed = self.part(node, true)?;
        self.reads.presence(typed.origin.as_deref());
        if !typed.is_maybe {
            let what = format!("{} is always there", self.quote(node));
            return self.slip(node.span, what, "leave the test out");
        }
        let term = TermKind::Has(Box::new(typed.term));
        let facts = [places(node), Facts::new()];
        let typed = Typed::new(span, term, Type::Bool, typed.cost);
        Some(Typed { facts, ..typed })
    }

    /// `default(x.y, z)`: `z` also when `x` itself is absent.
    pub(super) fn default(&mut self, span: Span, node: &Node, other: &Node) -> Option<Typed> {
        let typed = self.part(node, true);
        let other_typed = self.value(other);
        let (typed, other_typed) = (typed?, other_typed?);
        self.reads.whole(typed.origin.as_deref());
        if !typed.is_maybe {
            let what = format!("{} is always there", self.quote(node));
            return self.slip(node.span, what, "write it without `default`");
        }
        let kind = typed.kind.present().clone();
        let Some(joined) = kind.joined(&other_typed.kind) else {
            let what = format!(
                "{} must be {kind}, got {}",
                self.quote(other),
                other_typed.kind
            );
            return self.slip(other.span, what, format!("write a value of type {kind}"));
        };
        let typed = super::widened(typed, &joined);
        let other_typed = super::widened(other_typed, &joined);
        let cost = sum([typed.cost, other_typed.cost]);
        let term = TermKind::Default(Box::new([typed.term, other_typed.term]));
        Some(Typed::new(span, term, joined, cost))
    }
}

/// The text that a path is known by: the same for the same value, however it is spaced.
fn place(node: &Node) -> Option<String> {
    match &node.kind {
        Syntax::Name(name) => Some(name.clone()),
        Syntax::Member(base, word) => Some(format!("{}.{}", place(base)?, word.text)),
        Syntax::Item(parts) => {
            let [base, at] = parts.as_ref();
            match at.kind {
                Syntax::Int(at) => Some(format!("{}[{at}]", place(base)?)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The place of a path and of all that it is a part of.
fn places(node: &Node) -> Facts {
    let mut found = Facts::new();
    let mut next = Some(node);
    while let Some(node) = next {
        found.extend(place(node));
        next = match &node.kind {
            Syntax::Member(base, _) => Some(base.as_ref()),
            Syntax::Item(parts) => parts.first(),
            _ => None,
        };
    }
    found
}
