//! Templates: JSON as it is written, with `$references` in it. A body holds no computation: what is
//! worked out has a name, under `let`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Making;
use crate::expression::{Expression, Read, Type, Value};
use crate::plan::Template;
use crate::slip::quoted;

/// How deep a body may be.
const DEPTH_MAX: usize = 16;

impl Making<'_> {
    /// What is written there, which is to be of this type, where one is wanted.
    pub(super) fn template(
        &mut self,
        pointer: &str,
        json: &Json,
        wants: Option<&Type>,
    ) -> Template {
        let literal = || Template::Literal(Arc::new(json.clone()));
        if pointer.matches('/').count() > DEPTH_MAX {
            let what = "this is too deep for a body";
            self.mistakes
                .tell("E130", pointer, what, format!("nest at most {DEPTH_MAX}"));
            return literal();
        }
        if let Json::String(text) = json
            && text.starts_with('$')
        {
            let made = self.reference(pointer, text, wants);
            return made.unwrap_or_else(literal);
        }
        // What is written is there.
        let wants = wants.map(Type::present);
        match (json, wants) {
            (Json::Object(members), None | Some(Type::Object(_))) => {
                let made = members.iter().map(|(name, its)| {
                    let place = format!("{pointer}/{}", escaped(name));
                    let wants = wants.and_then(|kind| self.member(&place, kind, name));
                    (
                        Arc::from(name.as_str()),
                        self.template(&place, its, wants.as_ref()),
                    )
                });
                let made = made.collect();
                self.has_all(pointer, json, wants);
                Template::Object(made)
            }
            (Json::Array(items), None | Some(Type::List { .. })) => {
                let item = match wants {
                    Some(Type::List { item, .. }) => Some(item.as_ref()),
                    _ => None,
                };
                let made = items
                    .iter()
                    .enumerate()
                    .map(|(place, its)| self.template(&format!("{pointer}/{place}"), its, item));
                Template::List(made.collect())
            }
            (_, Some(kind)) => {
                if let Err(unfit) = Value::read(kind, json) {
                    let what = format!("this must be {kind}");
                    let help = match kind {
                        Type::Decimal => "write a decimal in quotes: \"3000.00\"".to_owned(),
                        _ => unfit.what,
                    };
                    self.mistakes.tell("E131", pointer, what, help);
                }
                literal()
            }
            (_, None) => literal(),
        }
    }

    /// A `$reference`: a name, and the way from there.
    fn reference(&mut self, pointer: &str, text: &str, wants: Option<&Type>) -> Option<Template> {
        let reference = text.get(1..).unwrap_or_default();
        if !is_way(reference) {
            let what = format!("the computation {} stands in a body", quoted(reference));
            let help = "give it a name under `let`, and write `$name` here";
            self.mistakes.tell("E132", pointer, what, help);
            return None;
        }
        match Expression::check(reference, &self.names, wants) {
            Ok(expression) => Some(Template::Reference(expression)),
            Err(slips) => {
                self.mistakes.slips("E133", pointer, slips, 1);
                None
            }
        }
    }

    /// What a member is to be.
    fn member(&mut self, pointer: &str, kind: &Type, name: &str) -> Option<Type> {
        let Type::Object(object) = kind else {
            return None;
        };
        let Some(member) = object.members.get(name) else {
            if !object.is_open {
                let what = format!("no member {} is taken here", quoted(name));
                let known = object.members.keys().map(AsRef::as_ref);
                let help = crate::slip::choices("the members", name, known);
                self.mistakes.tell("E134", pointer, what, help);
            }
            return None;
        };
        Some(optional(&member.kind, member.is_optional))
    }

    /// Whether all is there that must be.
    fn has_all(&mut self, pointer: &str, json: &Json, wants: Option<&Type>) {
        let Some(Type::Object(object)) = wants else {
            return;
        };
        for (name, member) in &object.members {
            if !member.is_optional && json.get(name.as_ref()).is_none() {
                let what = format!("the member `{name}` is missing");
                self.mistakes
                    .tell("E135", pointer, what, format!("write `{name}`"));
            }
        }
    }
}

/// A type that may be absent.
pub(super) fn optional(kind: &Type, is_optional: bool) -> Type {
    match kind {
        Type::Optional(_) => kind.clone(),
        _ if is_optional => Type::Optional(Arc::new(kind.clone())),
        _ => kind.clone(),
    }
}

/// What a template reads.
pub(super) fn reads(template: &Template) -> BTreeSet<Read> {
    let mut found = BTreeSet::new();
    gather(template, &mut found);
    found
}

fn gather(template: &Template, found: &mut BTreeSet<Read>) {
    match template {
        Template::Literal(_) => {}
        Template::Reference(expression) => found.extend(expression.reads().iter().cloned()),
        Template::Object(members) => members.iter().for_each(|(_, its)| gather(its, found)),
        Template::List(items) => items.iter().for_each(|its| gather(its, found)),
    }
}

/// A name, then members and places in lists: `plans.items[0].fee`.
fn is_way(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_.[]".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && text.chars().all(is_plain)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
