//! Types of two versions, held against each other: of what partners send, and of what they get.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::Changes;
use crate::expression::{Member, ObjectType, Type};
use crate::plan::Template;

/// Who makes a value of these types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Partners do: the new version must take what the old one took.
    Request,
    /// The block does: the old version must have described what the new one gives.
    Answer,
}

/// What a template becomes.
pub(super) fn of(template: &Template) -> Type {
    match template {
        Template::Literal(json) => literal(json),
        Template::Reference(expression) => expression.type_of().clone(),
        Template::Object(members) => object(members.iter().map(|(name, its)| {
            let kind = of(its);
            (Arc::clone(name), kind)
        })),
        Template::List(items) => {
            let mut kinds: Vec<Type> = items.iter().map(of).collect();
            kinds.dedup();
            let item = match kinds.pop() {
                Some(only) if kinds.is_empty() => only,
                _ => Type::Json,
            };
            Type::list(item, u32::try_from(items.len()).unwrap_or(u32::MAX))
        }
    }
}

fn object(members: impl Iterator<Item = (Arc<str>, Type)>) -> Type {
    let members: BTreeMap<Arc<str>, Member> = members
        .map(|(name, kind)| {
            let (kind, is_optional) = present(&kind);
            let kind = kind.clone();
            (name, Member { kind, is_optional })
        })
        .collect();
    Type::Object(Arc::new(ObjectType {
        members,
        is_open: false,
    }))
}

fn literal(json: &Json) -> Type {
    match json {
        Json::Bool(_) => Type::Bool,
        Json::Number(number) if number.is_i64() => Type::Int,
        Json::String(text) => Type::one_of([text.as_str()]),
        Json::Object(members) => object(
            members
                .iter()
                .map(|(name, its)| (name.as_str().into(), literal(its))),
        ),
        Json::Null | Json::Number(_) | Json::Array(_) => Type::Json,
    }
}

/// What it is when it is there, and whether it may be absent.
fn present(kind: &Type) -> (&Type, bool) {
    match kind {
        Type::Optional(inner) => (present(inner).0, true),
        _ => (kind, false),
    }
}

/// Tells what is otherwise, each with its place.
pub(super) fn compare(side: Side, old: &Type, new: &Type, place: &str, changes: &mut Changes) {
    let ((was, was_optional), (is, is_optional)) = (present(old), present(new));
    if was_optional != is_optional {
        presence(side, is_optional, place, changes);
    }
    match (was, is) {
        (Type::Object(was), Type::Object(is)) => members(side, was, is, place, changes),
        (
            Type::List { item, items_max },
            Type::List {
                item: new_item,
                items_max: new_max,
            },
        ) => {
            compare(side, item, new_item, &format!("{place}[]"), changes);
            if items_max != new_max {
                let what = format!("{place} has at most {new_max} items, no longer {items_max}");
                settle(
                    (new_max > items_max) == (side == Side::Request),
                    what,
                    changes,
                );
            }
        }
        _ if was == is => {}
        _ => {
            let what = format!("{place} is {is}, no longer {was}");
            let is_compatible = match side {
                Side::Request => admits(is, was),
                Side::Answer => admits(was, is),
            };
            settle(is_compatible, what, changes);
        }
    }
}

fn members(side: Side, old: &ObjectType, new: &ObjectType, place: &str, changes: &mut Changes) {
    for (name, was) in &old.members {
        let place = format!("{place}.{name}");
        match new.members.get(name) {
            Some(is) => {
                if was.is_optional != is.is_optional {
                    presence(side, is.is_optional, &place, changes);
                }
                compare(side, &was.kind, &is.kind, &place, changes);
            }
            None => changes.breaks(match side {
                Side::Request => format!("{place} is taken no more"),
                Side::Answer => format!("{place} is gone"),
            }),
        }
    }
    for (name, is) in &new.members {
        if old.members.contains_key(name) {
            continue;
        }
        let must_be_sent = side == Side::Request && !is.is_optional && !present(&is.kind).1;
        if must_be_sent {
            changes.breaks(format!("{place}.{name} must be sent"));
        } else {
            changes.allows(format!("{place}.{name} is new"));
        }
    }
}

/// A value may be absent now, or must be there now.
fn presence(side: Side, is_optional: bool, place: &str, changes: &mut Changes) {
    match (side, is_optional) {
        (Side::Request, true) => changes.allows(format!("{place} may be left out")),
        (Side::Request, false) => changes.breaks(format!("{place} must be sent")),
        (Side::Answer, true) => changes.breaks(format!("{place} may be absent")),
        (Side::Answer, false) => changes.allows(format!("{place} is always there")),
    }
}

fn settle(is_compatible: bool, what: String, changes: &mut Changes) {
    if is_compatible {
        changes.allows(what);
    } else {
        changes.breaks(what);
    }
}

/// Whether each value of the one is a value of the wide one, as JSON.
fn admits(wide: &Type, one: &Type) -> bool {
    match (wide, one) {
        (Type::Json, _) => true,
        (Type::Text { bytes_max }, Type::Text { bytes_max: others }) => others <= bytes_max,
        (Type::Text { bytes_max }, Type::OneOf(words)) => {
            words.iter().all(|word| word.len() <= *bytes_max as usize)
        }
        (Type::OneOf(known), Type::OneOf(words)) => words.iter().all(|word| known.contains(word)),
        _ => wide == one,
    }
}
