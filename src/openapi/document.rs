//! The document as a whole: version, title, paths.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use http::Method;
use serde_json::Value;

use crate::leaves::Budget;
use crate::operation::{OperationDescription, Standing, refuse_servers};
use crate::parameter::Parameter;
use crate::placement;
use crate::problem::{Problem, Problems, help_words, quoted};
use crate::reference::{Document, Edition, Site};
use crate::server::base_path;
use crate::template::Template;

/// The most operations, and the most paths, of a document.
pub(crate) const OPERATIONS_MAX: usize = 2_000;
/// The longest title or version, in bytes.
const INFO_BYTES_MAX: usize = 256;

/// The members of a path item that may be read (OpenAPI, Path Item Object).
const PATH_ITEM_KEYS: [&str; 12] = [
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "parameters",
    "summary",
    "description",
    "servers",
    "$ref",
];

/// What an OpenAPI 3.0 or 3.1 document says a gateway may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDescription {
    /// `info.title`: 1 to 256 bytes.
    pub title: String,
    /// `info.version`, the version of the API: 1 to 256 bytes.
    pub version: String,
    /// The path of `servers[0].url`, without a slash at its end; `""` when there is none.
    pub base_path: String,
    /// The operations, at least one, ordered by template; no two have one method and shape of path.
    pub operations: Vec<OperationDescription>,
}

impl ApiDescription {
    /// Reads a document. Every problem is told at once, each where it stands; a description is
    /// given only when there is none.
    pub fn read(document: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let read = read(document, &mut problems);
        match read {
            Some(description) if problems.is_empty() => Ok(description),
            _ => Err(problems.into_vec()),
        }
    }
}

fn read(root: &Value, problems: &mut Problems) -> Option<ApiDescription> {
    let edition = edition(root, problems)?;
    let document = Document { root, edition };
    if !placement::check(&document, problems) {
        return None;
    }
    let title = info(&document, "title", problems);
    let version = info(&document, "version", problems);
    let base_path = base_path(&document, problems);
    let operations = Paths::new(document, problems).read();
    Some(ApiDescription {
        title: title?,
        version: version?,
        base_path: base_path?,
        operations: operations?,
    })
}

pub(crate) fn edition(root: &Value, problems: &mut Problems) -> Option<Edition> {
    let help = "write `openapi: \"3.1.0\"` or another 3.0 or 3.1 version, in quotes";
    let Some(root) = root.as_object() else {
        problems.add("", "the document is not an object", help);
        return None;
    };
    let Some(version) = root.get("openapi") else {
        let what = if root.contains_key("swagger") {
            "the document is Swagger 2.0, which is not read"
        } else {
            "the document does not say its `openapi` version"
        };
        problems.add("", what, help);
        return None;
    };
    let text = version.as_str().unwrap_or_default();
    let is_patch = |patch: &str| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit());
    if text.strip_prefix("3.0.").is_some_and(is_patch) {
        return Some(Edition::V3_0);
    }
    if text.strip_prefix("3.1.").is_some_and(is_patch) {
        return Some(Edition::V3_1);
    }
    problems.add(
        "/openapi",
        format!(
            "not an OpenAPI version that is read: {}",
            quoted(version.as_str().unwrap_or(&version.to_string()))
        ),
        help,
    );
    None
}

fn info(document: &Document<'_>, key: &str, problems: &mut Problems) -> Option<String> {
    let Some(info) = document.site().child("info") else {
        problems.add(
            "",
            "the document has no `info`",
            "add `info` with `title` and `version`",
        );
        return None;
    };
    let Some(member) = info.child(key) else {
        problems.add(
            info.pointer,
            format!("`info` has no `{key}`"),
            "add it, a text",
        );
        return None;
    };
    let text = member.value.as_str().unwrap_or_default();
    if (1..=INFO_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control) {
        return Some(text.to_owned());
    }
    problems.add(
        member.pointer,
        format!("the `{key}` is not usable"),
        format!("write a text in quotes: 1 to {INFO_BYTES_MAX} bytes, no control characters"),
    );
    None
}

/// The reading of all paths: what must be unique over the document is remembered here.
struct Paths<'a, 'p> {
    document: Document<'a>,
    problems: &'p mut Problems,
    budget: Budget,
    /// Shape of a template → where it first stood.
    shapes: HashMap<String, String>,
    /// operationId → where it first stood.
    ids: HashMap<String, String>,
    operations: Vec<OperationDescription>,
    count: usize,
}

impl<'a, 'p> Paths<'a, 'p> {
    fn new(document: Document<'a>, problems: &'p mut Problems) -> Self {
        Self {
            document,
            problems,
            budget: Budget::default(),
            shapes: HashMap::new(),
            ids: HashMap::new(),
            operations: Vec::new(),
            count: 0,
        }
    }

    fn read(mut self) -> Option<Vec<OperationDescription>> {
        let paths = self.document.site().child("paths");
        let Some(paths) = paths.filter(|paths| paths.value.is_object()) else {
            self.problems.add(
                "",
                "the document has no `paths`",
                "add `paths`, an object, with at least one operation",
            );
            return None;
        };
        for (number, (path, item)) in paths.members().enumerate() {
            if number >= OPERATIONS_MAX {
                self.refuse_number("paths");
                break;
            }
            if !path.starts_with("x-") {
                self.path_item(path, item);
            }
        }
        if self.count == 0 {
            self.problems.add(
                paths.pointer,
                "the document describes no operation",
                "add one, as `get` below a path",
            );
        }
        let key = |o: &OperationDescription| (o.template.clone(), o.method.to_string());
        self.operations.sort_by_cached_key(key);
        Some(self.operations)
    }

    fn refuse_number(&mut self, of: &str) {
        self.problems.add(
            "/paths",
            format!("the document has too many {of}"),
            format!("at most {OPERATIONS_MAX}; split the document"),
        );
    }

    fn path_item(&mut self, path: &str, item: Site<'a>) {
        let template = self.template(path, &item);
        let item = match self.path_item_itself(item) {
            Ok(item) => item,
            Err(problem) => return self.problems.push(problem),
        };
        if !item.value.is_object() {
            return self.problems.add(
                item.pointer,
                "the path item is not an object",
                "write methods below it, as `get`",
            );
        }
        refuse_servers(&item, self.problems);
        let of_path = Parameter::list(&self.document, &item, self.problems);
        for (key, site) in item.members() {
            if let Some(method) = self.method(key, &site) {
                let standing = Standing {
                    site,
                    method,
                    template: template.as_ref(),
                    of_path: &of_path,
                };
                self.operation(standing);
            }
        }
    }

    /// The path item that is meant, through `$ref`; beside which nothing may stand, for what that
    /// would mean is not defined (OpenAPI, Path Item Object).
    fn path_item_itself(&self, item: Site<'a>) -> Result<Site<'a>, Problem> {
        let members = item.value.as_object().map_or(0, serde_json::Map::len);
        if members > 1 && item.child("$ref").is_some() {
            return Err(Problem {
                pointer: item.pointer_to("$ref"),
                what: "the path item has other members beside its `$ref`".to_owned(),
                help: "write either the reference or the path item".to_owned(),
            });
        }
        self.document.resolve(item)
    }

    fn template(&mut self, path: &str, item: &Site<'_>) -> Option<Template> {
        let template = match Template::parse(path) {
            Ok(template) => template,
            Err(flaws) => {
                for flaw in flaws {
                    self.problems.push(flaw.at(&item.pointer));
                }
                return None;
            }
        };
        match self.shapes.entry(template.shape()) {
            Entry::Vacant(place) => {
                place.insert(path.to_owned());
                Some(template)
            }
            Entry::Occupied(first) => {
                self.problems.add(
                    &item.pointer,
                    format!(
                        "the path matches the same requests as {}",
                        quoted(first.get())
                    ),
                    "write both as one path, with one name for each parameter",
                );
                None
            }
        }
    }

    /// The method that a member of a path item describes; `None` when it describes none.
    fn method(&mut self, key: &str, site: &Site<'_>) -> Option<Method> {
        Some(match key {
            "get" => Method::GET,
            "put" => Method::PUT,
            "post" => Method::POST,
            "delete" => Method::DELETE,
            "options" => Method::OPTIONS,
            "head" => Method::HEAD,
            "patch" => Method::PATCH,
            "trace" => {
                // RFC 9110 §9.3.8: TRACE echoes what it is sent, credentials too.
                self.problems.add(
                    &site.pointer,
                    "the method `trace` is not carried",
                    "remove it",
                );
                return None;
            }
            key => {
                if !PATH_ITEM_KEYS.contains(&key) && !key.starts_with("x-") {
                    self.problems.add(
                        &site.pointer,
                        format!("a path item has no {}", quoted(key)),
                        help_words(key, "it may have", &PATH_ITEM_KEYS),
                    );
                }
                return None;
            }
        })
    }

    fn operation(&mut self, standing: Standing<'a, '_>) {
        self.count += 1;
        if self.count > OPERATIONS_MAX {
            return self.refuse_number("operations");
        }
        self.claim_id(&standing.site);
        let read =
            OperationDescription::read(self.document, standing, &mut self.budget, self.problems);
        self.operations.extend(read);
    }

    fn claim_id(&mut self, site: &Site<'_>) {
        let Some(id) = site.value.get("operationId").and_then(Value::as_str) else {
            return;
        };
        match self.ids.entry(id.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(site.pointer.clone());
            }
            Entry::Occupied(first) => self.problems.add(
                site.pointer_to("operationId"),
                format!("the `operationId` is taken: {}", quoted(id)),
                format!("choose another; the first is at {}", first.get()),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
