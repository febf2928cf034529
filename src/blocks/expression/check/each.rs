//! Walks over lists: `all`, `exists`, `exists_one`, `filter` and `map`.

use super::super::kind::Type;
use super::super::syntax::{Node, Syntax, Word};
use super::super::term::{Each, TermKind};
use super::{Checker, Local, Typed, sum};
use crate::slip::{Span, quoted};

impl Checker<'_> {
    pub(super) fn each(
        &mut self,
        span: Span,
        each: Each,
        list: &Node,
        word: &Word,
        arguments: &[Node],
    ) -> Option<Typed> {
        let [variable, body] = arguments else {
            let what = format!("`{}` takes a name and a value", word.text);
            let help = format!("write `list.{}(x, …)`", word.text);
            return self.slip(word.span, what, help);
        };
        let list_typed = self.part(list, false)?;
        self.reads.presence(list_typed.origin.as_deref());
        let list_typed = self.present(list, list_typed)?;
        let Type::List { item, items_max } = list_typed.kind.clone() else {
            let what = format!(
                "{} must be a list, got {}",
                self.quote(list),
                list_typed.kind
            );
            return self.slip(list.span, what, format!("`{}` walks over lists", word.text));
        };
        let name = self.variable(variable)?;
        let origin = list_typed.origin.clone().map(|mut path| {
            path.push("*".into());
            path
        });
        self.locals.push(Local {
            name,
            kind: item.as_ref().clone(),
            origin,
        });
        let body_typed = match each {
            Each::Map => self.value(body),
            _ => self.boolean(body),
        };
        self.locals.pop();
        let body_typed = body_typed?;
        let kind = match each {
            Each::Map => Type::list(body_typed.kind, items_max),
            Each::Filter => list_typed.kind,
            Each::All | Each::Exists | Each::ExistsOne => Type::Bool,
        };
        let steps = u64::from(items_max).saturating_mul(body_typed.cost.saturating_add(1));
        let cost = sum([list_typed.cost, steps]);
        let term = TermKind::Each(each, Box::new([list_typed.term, body_typed.term]));
        let typed = Typed::new(span, term, kind, cost);
        // What a filter leaves is still a part of what it was given.
        let origin = list_typed.origin.filter(|_| each == Each::Filter);
        Some(Typed { origin, ..typed })
    }

    /// The name that stands for each item.
    fn variable(&mut self, node: &Node) -> Option<String> {
        let Syntax::Name(name) = &node.kind else {
            let what = format!("{} is no name", self.quote(node));
            return self.slip(node.span, what, "give each item a name: `list.all(x, …)`");
        };
        let is_local = self.locals.iter().any(|local| local.name == *name);
        if is_local || self.names.kind(name).is_some() {
            let what = format!("{} is a name already", quoted(name));
            return self.slip(node.span, what, "give each item another name");
        }
        Some(name.clone())
    }
}
