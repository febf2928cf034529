//! Operations of classes that cannot be served yet, told before anything else about them.
//!
//! A class demands marks on the whole operation, so an operation whose class is not built would be
//! sent from one missing mark to the next, and refused at the end. So its class is taken out of the
//! document before that is read: what is then wrong inside the operation is not told, and what is
//! shared with others is not held to its class. Without a class no operation is ever served.

use openapi::{Class, Problem};
use serde_json::{Map, Value};

/// The mark that states an operation's class.
const CLASS: &str = "x-mortise-class";
/// The members of a path item that are operations.
const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// An operation whose class is not built.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unbuilt {
    /// Where the operation stands: a JSON Pointer (RFC 6901).
    pub(super) pointer: String,
    pub(super) class: Class,
    /// Whether a path is sure to lead to it: a path item among the components may be unused.
    is_in_paths: bool,
}

impl Unbuilt {
    /// Where its class stands.
    pub(super) fn mark(&self) -> String {
        mark(&self.pointer)
    }

    /// Whether the problem is about this operation.
    pub(super) fn holds(&self, problem: &Problem) -> bool {
        problem
            .pointer
            .strip_prefix(&self.pointer)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether it would be served. The reader tells of every operation it meets without a class.
    pub(super) fn is_met(&self, problems: &[Problem]) -> bool {
        self.is_in_paths || problems.iter().any(|problem| self.holds(problem))
    }
}

/// Whether operations of this class can be served: those of class `customer` where customers are
/// asked for consent.
pub(super) fn is_built(class: Class, asks_consent: bool) -> bool {
    match class {
        Class::Open | Class::Partner => true,
        Class::Customer => asks_consent,
        Class::Payment => false,
    }
}

/// Where the class of an operation stands.
pub(super) fn mark(operation: &str) -> String {
    format!("{operation}/{CLASS}")
}

/// Takes the classes that are not built out of a document and tells where they stood.
pub(super) fn take_out(document: &mut Value, asks_consent: bool) -> Vec<Unbuilt> {
    let is_left = |class| is_built(class, asks_consent);
    let mut found = Vec::new();
    if let Some(paths) = members(document.get_mut("paths")) {
        take_out_of(paths, ("/paths", true), &is_left, &mut found);
    }
    let components = members(document.get_mut("components"));
    if let Some(items) = components.and_then(|parts| members(parts.get_mut("pathItems"))) {
        take_out_of(
            items,
            ("/components/pathItems", false),
            &is_left,
            &mut found,
        );
    }
    found
}

fn take_out_of(
    path_items: &mut Map<String, Value>,
    (pointer, is_in_paths): (&str, bool),
    is_left: &impl Fn(Class) -> bool,
    found: &mut Vec<Unbuilt>,
) {
    for (name, item) in path_items {
        // An extension (OpenAPI 3.1 §4.9) is no path.
        if is_in_paths && name.starts_with("x-") {
            continue;
        }
        for method in METHODS {
            let Some(operation) = members(item.get_mut(method)) else {
                continue;
            };
            let class = operation.get(CLASS).and_then(Value::as_str);
            let Some(class) = class.and_then(Class::parse).filter(|one| !is_left(*one)) else {
                continue;
            };
            operation.remove(CLASS);
            let name = name.replace('~', "~0").replace('/', "~1");
            found.push(Unbuilt {
                pointer: format!("{pointer}/{name}/{method}"),
                class,
                is_in_paths,
            });
        }
    }
}

fn members(value: Option<&mut Value>) -> Option<&mut Map<String, Value>> {
    value.and_then(Value::as_object_mut)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes_that_are_not_built_are_taken_out_and_the_others_stay() {
        let mut document = json!({
            "paths": {
                "/a/{b}": { "get": { CLASS: "payment" }, "put": { CLASS: "partner" } },
                "/c": { "get": { CLASS: "paiment" }, "trace": { CLASS: "payment" }, "put": [] },
                "x-d": { "get": { CLASS: "payment" } },
            },
            "components": { "pathItems": { "e~": { "post": { CLASS: "customer" } } } },
        });
        let mut rest = document.clone();
        rest["paths"]["/a/{b}"]["get"] = json!({});
        rest["components"]["pathItems"]["e~"]["post"] = json!({});
        let mut with_consent = document.clone();
        let found = take_out(&mut document, false);
        let told: Vec<_> = found.iter().map(|u| (u.mark(), u.class)).collect();
        assert_eq!(
            told,
            [
                (mark("/paths/~1a~1{b}/get"), Class::Payment),
                (mark("/components/pathItems/e~0/post"), Class::Customer),
            ]
        );
        assert_eq!(document, rest);
        let found = take_out(&mut with_consent, true);
        let told: Vec<_> = found.iter().map(|u| u.class).collect();
        assert_eq!(told, [Class::Payment], "customers are asked for consent");
    }

    #[test]
    fn a_problem_is_held_by_its_own_operation_alone() {
        let unbuilt = Unbuilt {
            pointer: "/paths/~1a/get".to_owned(),
            class: Class::Payment,
            is_in_paths: false,
        };
        let at = |pointer: &str| Problem {
            pointer: pointer.to_owned(),
            what: String::new(),
            help: String::new(),
        };
        assert!(unbuilt.holds(&at("/paths/~1a/get")));
        assert!(unbuilt.holds(&at("/paths/~1a/get/responses")));
        assert!(!unbuilt.holds(&at("/paths/~1a")));
        assert!(!unbuilt.holds(&at("/paths/~1a/getter")));
        assert!(!unbuilt.is_met(&[at("/paths")]));
        assert!(unbuilt.is_met(&[at("/paths/~1a/get")]));
    }

    #[test]
    fn what_is_no_document_has_none() {
        for mut document in [
            json!(null),
            json!([]),
            json!({ "paths": [], "components": 1 }),
            json!({ "paths": { "/": null }, "components": { "pathItems": [{}] } }),
        ] {
            assert_eq!(take_out(&mut document, false), []);
        }
    }
}
