//! Parameters: every `{name}` of a path declared, and no other.

use std::collections::HashSet;

use serde_json::Value;

use crate::problem::{Problems, quoted};
use crate::reference::{Document, Site};
use crate::template::Template;

/// The most parameters in one list.
const PARAMETERS_MAX: usize = 256;

/// Where a parameter stands in a request (OpenAPI `in`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Location {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
}

/// One declared parameter.
#[derive(Debug, Clone)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    pub(crate) location: Location,
    pub(crate) declared: Site<'a>,
}

impl<'a> Parameter<'a> {
    /// Reads the `parameters` of a path item or an operation.
    pub(crate) fn list(
        document: &Document<'a>,
        owner: &Site<'a>,
        problems: &mut Problems,
    ) -> Vec<Self> {
        let Some(list) = owner.child("parameters") else {
            return Vec::new();
        };
        let Value::Array(items) = list.value else {
            problems.add(
                list.pointer,
                "`parameters` is not a list",
                "write a list of parameters",
            );
            return Vec::new();
        };
        if items.len() > PARAMETERS_MAX {
            problems.add(
                list.pointer,
                format!("too many parameters: {}", items.len()),
                format!("at most {PARAMETERS_MAX}"),
            );
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let mut parameters = Vec::new();
        for item in list.items() {
            let pointer = item.pointer.clone();
            let Some(parameter) = Self::read(document, item, problems) else {
                continue;
            };
            if seen.insert((parameter.name, parameter.location)) {
                parameters.push(parameter);
            } else {
                problems.add(
                    pointer,
                    format!(
                        "the parameter is declared twice: {}",
                        quoted(parameter.name)
                    ),
                    "declare each name once per place",
                );
            }
        }
        parameters
    }

    fn read(document: &Document<'a>, item: Site<'a>, problems: &mut Problems) -> Option<Self> {
        let declared = match document.resolve(item) {
            Ok(site) => site,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        let Some(name) = declared.value.get("name").and_then(Value::as_str) else {
            problems.add(
                &declared.pointer,
                "the parameter has no `name`",
                "add `name`, a text",
            );
            return None;
        };
        let location = match declared.value.get("in").and_then(Value::as_str) {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            Some("cookie") => Location::Cookie,
            _ => {
                problems.add(
                    &declared.pointer,
                    format!(
                        "the parameter does not say where it stands: {}",
                        quoted(name)
                    ),
                    "add `in`: path, query, header or cookie",
                );
                return None;
            }
        };
        // OpenAPI, Parameter Object: a path parameter must be `required: true`.
        let is_required = declared.value.get("required") == Some(&Value::Bool(true));
        if location == Location::Path && !is_required {
            problems.add(
                &declared.pointer,
                format!("the path parameter is not required: {}", quoted(name)),
                "add `required: true`",
            );
        }
        Some(Self {
            name,
            location,
            declared,
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.name, self.location) == (other.name, other.location)
    }
}

/// The parameters of an operation: its own, and the path's that it does not declare anew.
pub(crate) fn merge<'a>(of_path: &[Parameter<'a>], own: Vec<Parameter<'a>>) -> Vec<Parameter<'a>> {
    let mut merged = own;
    for parameter in of_path {
        if !merged.iter().any(|known| known.is_same(parameter)) {
            merged.push(parameter.clone());
        }
    }
    merged
}

/// Checks that path and path parameters name each other.
pub(crate) fn check_path(
    template: &Template,
    parameters: &[Parameter<'_>],
    operation: &Site<'_>,
    problems: &mut Problems,
) {
    let in_path = || parameters.iter().filter(|p| p.location == Location::Path);
    for name in template.parameters() {
        if !in_path().any(|parameter| parameter.name == name) {
            problems.add(
                &operation.pointer,
                format!("the path parameter is not declared: `{{{name}}}`"),
                format!("add to `parameters`: name: {name}, in: path, required: true"),
            );
        }
    }
    for parameter in in_path() {
        if !template.parameters().any(|name| name == parameter.name) {
            problems.add(
                &parameter.declared.pointer,
                format!(
                    "the path has no such parameter: {} in `{}`",
                    quoted(parameter.name),
                    template.as_str()
                ),
                "remove it, or name it in the path",
            );
        }
    }
}

#[cfg(test)]
mod tests;
