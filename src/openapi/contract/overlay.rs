//! Overlays: what a house says of a bank's description that the bank does not, laid over it before
//! it is read. The form is that of the OpenAPI Overlay Specification 1.0: `actions`, each with a
//! `target` and an `update`; a target is one place, and nothing is removed.
//!
//! An overlay only tightens: what is admitted with it was admitted without it, and no mark protects
//! less. Where tightening a part would admit more of the whole (below `not`, `if`, `oneOf` and
//! `contains`, and described members where `unevaluatedProperties` asks for them), it is refused.

mod marks;
mod schema;
mod target;

use std::collections::HashSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::document::edition;
use crate::placement::{self, Place, inside, place_at};
use crate::problem::{Problem, Problems, quoted};
use crate::reference::{Document, Edition, Site, escaped};

/// The most actions of an overlay.
const ACTIONS_MAX: usize = 2_000;
/// The deepest nesting of an update.
const DEPTH_MAX: usize = 64;
/// Keywords below which a tighter schema may admit more of the whole.
const TURNED: [&str; 4] = ["not", "if", "oneOf", "contains"];

/// Lays an overlay over a document, and gives the document that is then read.
///
/// Errors: what would loosen, or changes nothing that is there, each at its place in the overlay;
/// or, before that, marks of the document that are not understood, at theirs.
pub fn overlay(document: &Value, overlay: &Value) -> Result<Value, Vec<Problem>> {
    let mut problems = Problems::default();
    let Some(edition) = edition(document, &mut problems) else {
        return Err(problems.into_vec());
    };
    let original = Document {
        root: document,
        edition,
    };
    if !placement::check(&original, &mut problems) || !problems.is_empty() {
        return Err(problems.into_vec());
    }
    let mut tighten = Tighten {
        edition,
        turned: turned(document),
        has_unevaluated: has_unevaluated(document),
        problems,
    };
    let mut result = document.clone();
    let root = Site {
        pointer: String::new(),
        value: overlay,
    };
    tighten.actions(&root, &mut result);
    if tighten.problems.is_empty() {
        Ok(result)
    } else {
        Err(tighten.problems.into_vec())
    }
}

/// A place of the document that is to be tightened.
struct Spot {
    pointer: String,
    place: Place,
    depth: usize,
}

impl Spot {
    fn inner(&self, key: &str, place: Place) -> Self {
        Self {
            pointer: format!("{}/{}", self.pointer, escaped(key)),
            place,
            depth: self.depth + 1,
        }
    }
}

struct Tighten {
    edition: Edition,
    /// Pointers to the schemas where tighter may be looser, each with all that is in it.
    turned: HashSet<String>,
    has_unevaluated: bool,
    problems: Problems,
}

impl Tighten {
    fn actions(&mut self, overlay: &Site<'_>, result: &mut Value) {
        let version = overlay.value.get("overlay").and_then(Value::as_str);
        if !version.is_some_and(|text| text.starts_with("1.")) {
            let help = "write `overlay: \"1.0.0\"`, in quotes";
            self.problems
                .add("", "the overlay does not say its version", help);
        }
        for (key, member) in overlay.members() {
            let is_known = matches!(key, "overlay" | "info" | "extends" | "actions");
            if !is_known && !key.starts_with("x-") {
                let help = "an overlay has `overlay`, `info`, `extends` and `actions`";
                let what = format!("an overlay has no {}", quoted(key));
                self.problems.add(member.pointer, what, help);
            }
        }
        let actions = overlay.child("actions");
        let actions: Vec<Site<'_>> = actions.iter().flat_map(Site::items).collect();
        if actions.is_empty() || actions.len() > ACTIONS_MAX {
            let help = format!("write `actions`, a list of 1 to {ACTIONS_MAX}");
            self.problems
                .add("", "the overlay has no actions, or too many", help);
            return;
        }
        for action in actions {
            self.action(&action, result);
        }
    }

    fn action(&mut self, action: &Site<'_>, result: &mut Value) {
        for (key, member) in action.members() {
            let is_known = matches!(key, "target" | "update" | "description");
            if !is_known && !key.starts_with("x-") {
                self.problems.add(
                    member.pointer,
                    format!("an action that only tightens has no {}", quoted(key)),
                    "an action has `target`, `update` and `description`",
                );
            }
        }
        let (Some(target), Some(update)) = (action.child("target"), action.child("update")) else {
            let help = "write `target: $.components.schemas.Amount` and `update`, an object";
            let what = "the action has no `target` or no `update`";
            return self.problems.add(&action.pointer, what, help);
        };
        let written = target.value.as_str().unwrap_or_default();
        let Some(pointer) = target::pointer(written) else {
            return self.problems.add(
                target.pointer,
                format!("not one place: {}", quoted(written)),
                "write names and numbers alone, as `$.paths['/rates'].get` (RFC 9535 §2.3.5.1)",
            );
        };
        let place = place_at(result, &pointer);
        let (Some(place), Some(value)) = (place, result.pointer_mut(&pointer)) else {
            return self.problems.add(
                target.pointer,
                format!("the description has nothing there: {}", quoted(written)),
                "name a place that exists, and is no example or default",
            );
        };
        let spot = Spot {
            pointer,
            place,
            depth: 0,
        };
        self.value(&spot, value, &update);
    }

    /// Tightens what stands at a place.
    fn value(&mut self, spot: &Spot, value: &mut Value, update: &Site<'_>) {
        let (Value::Object(members), Value::Object(_)) = (value, update.value) else {
            let help = "update an object by an object";
            return self.refuse(update, "there is nothing to tighten", help);
        };
        if spot.depth > DEPTH_MAX {
            let help = format!("at most {DEPTH_MAX} deep");
            return self.refuse(update, "the update is nested too deep", help);
        }
        let is_old_or_other = self.edition == Edition::V3_0 || spot.place != Place::Schema;
        if members.contains_key("$ref") && is_old_or_other {
            let help = "name the place that the reference leads to as the target";
            return self.refuse(update, "what stands beside a `$ref` is ignored", help);
        }
        if spot.place == Place::Schema {
            return self.schema(spot, members, update);
        }
        for (key, member) in update.members() {
            let is_map = matches!(spot.place, Place::Map(_));
            if key.starts_with("x-mortise") && !is_map {
                self.mark(members, key, &member);
                continue;
            }
            let may_be_required = matches!(spot.place, Place::Parameter | Place::Other);
            if key == "required" && may_be_required && *member.value == true {
                members.insert(key.to_owned(), Value::Bool(true));
                continue;
            }
            match (inside(spot.place, key), members.get_mut(key)) {
                (Some(place), Some(value)) => self.value(&spot.inner(key, place), value, &member),
                _ => self.refuse(
                    &member,
                    format!("there is no {} to tighten", quoted(key)),
                    "name what the description has: an overlay describes nothing anew but members \
                     and items of a schema",
                ),
            }
        }
    }

    fn refuse(&mut self, update: &Site<'_>, what: impl Into<String>, help: impl Into<String>) {
        self.problems.add(&update.pointer, what, help);
    }

    fn is_turned(&self, pointer: &str) -> bool {
        let ends = pointer.match_indices('/').map(|(at, _)| at);
        let mut prefixes = ends.filter_map(|at| pointer.get(..at));
        self.turned.contains(pointer) || prefixes.any(|prefix| self.turned.contains(prefix))
    }
}

/// The schemas where tighter may be looser, and those that they refer to.
fn turned(root: &Value) -> HashSet<String> {
    let mut turned: HashSet<String> = HashSet::new();
    let mut open: Vec<(Site<'_>, bool)> = vec![(
        Site {
            pointer: String::new(),
            value: root,
        },
        false,
    )];
    while let Some((site, is_inside)) = open.pop() {
        let reference = site.value.get("$ref").and_then(Value::as_str);
        let fragment = reference.and_then(|text| text.strip_prefix('#'));
        let pointer = fragment.and_then(|text| percent_decode_str(text).decode_utf8().ok());
        if let Some(pointer) = pointer.filter(|_| is_inside)
            && let Some(value) = root.pointer(&pointer)
            && turned.insert(pointer.to_string())
        {
            let pointer = pointer.to_string();
            open.push((Site { pointer, value }, true));
        }
        for (key, child) in site.members() {
            // A member that happens to be called so is taken for the keyword: that refuses more.
            let starts = !is_inside && TURNED.contains(&key);
            if starts {
                turned.insert(child.pointer.clone());
            }
            open.push((child, is_inside || starts));
        }
        open.extend(site.items().map(|child| (child, is_inside)));
    }
    turned
}

/// Whether a schema anywhere asks what the others have described.
fn has_unevaluated(root: &Value) -> bool {
    let mut open = vec![root];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                let asks = ["unevaluatedProperties", "unevaluatedItems"];
                if asks.iter().any(|key| members.contains_key(*key)) {
                    return true;
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests;
