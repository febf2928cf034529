//! Places in a document, and the references between them.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::problem::{Flaw, Problem, quoted};

/// The longest chain of references that is followed.
const HOPS_MAX: usize = 32;
/// The longest reference, in bytes.
const REFERENCE_BYTES_MAX: usize = 1_024;

/// The edition of the specification that a document follows; 3.0 and 3.1 read `$ref` differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    V3_0,
    V3_1,
}

/// A value of the document and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Site<'a> {
    /// JSON Pointer (RFC 6901).
    pub(crate) pointer: String,
    pub(crate) value: &'a Value,
}

impl<'a> Site<'a> {
    /// The pointer of a member, whether it exists or not.
    pub(crate) fn pointer_to(&self, key: &str) -> String {
        format!("{}/{}", self.pointer, escaped(key))
    }

    /// The member of this name; `None` when there is none or this is no object.
    pub(crate) fn child(&self, key: &str) -> Option<Site<'a>> {
        Some(Site {
            pointer: self.pointer_to(key),
            value: self.value.as_object()?.get(key)?,
        })
    }

    /// The members when this is an object; else none.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, Site<'a>)> + use<'a, '_> {
        self.value
            .as_object()
            .into_iter()
            .flat_map(Map::iter)
            .map(|(key, value)| {
                let pointer = self.pointer_to(key);
                (key.as_str(), Site { pointer, value })
            })
    }

    /// The items when this is an array; else none.
    pub(crate) fn items(&self) -> impl Iterator<Item = Site<'a>> + use<'a, '_> {
        self.value
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, value)| Site {
                pointer: format!("{}/{index}", self.pointer),
                value,
            })
    }
}

/// A document, for following its references.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Document<'a> {
    pub(crate) root: &'a Value,
    pub(crate) edition: Edition,
}

impl<'a> Document<'a> {
    pub(crate) fn site(&self) -> Site<'a> {
        Site {
            pointer: String::new(),
            value: self.root,
        }
    }

    /// Follows `$ref` until a value that is none; a value without `$ref` is given back as it is.
    pub(crate) fn resolve(&self, site: Site<'a>) -> Result<Site<'a>, Problem> {
        let start = site.pointer.clone();
        let mut here = site;
        for _ in 0..HOPS_MAX {
            match self.target(&here)? {
                Some(next) => here = next,
                None => return Ok(here),
            }
        }
        Err(Flaw::new(
            format!("the reference does not end within {HOPS_MAX} steps"),
            "refer to the thing itself; references may not go round in a circle",
        )
        .at(format!("{start}/$ref")))
    }

    /// Follows `$ref` one step; `None` when there is none.
    pub(crate) fn target(&self, site: &Site<'a>) -> Result<Option<Site<'a>>, Problem> {
        let Some(reference) = site.child("$ref") else {
            return Ok(None);
        };
        let found = match reference.value {
            Value::String(text) => self.look_up(text),
            _ => Err(Flaw::new(
                "the reference is not a text",
                "write it as `$ref: \"#/components/…\"`",
            )),
        };
        found.map(Some).map_err(|flaw| flaw.at(reference.pointer))
    }

    fn look_up(&self, text: &str) -> Result<Site<'a>, Flaw> {
        // Only what stands in the document: reading further files or addresses would let another
        // file change what this one protects.
        let Some(fragment) = text.strip_prefix('#') else {
            return Err(Flaw::new(
                format!("the reference leaves the document: {}", quoted(text)),
                "bundle the documents into one and refer to `#/components/…`",
            ));
        };
        // RFC 6901 §6: a pointer in a fragment is percent-encoded UTF-8.
        let pointer = percent_decode_str(fragment).decode_utf8().ok();
        pointer
            .filter(|pointer| pointer.starts_with('/') && text.len() <= REFERENCE_BYTES_MAX)
            .and_then(|pointer| {
                let value = self.root.pointer(&pointer)?;
                let pointer = pointer.into_owned();
                Some(Site { pointer, value })
            })
            .ok_or_else(|| {
                Flaw::new(
                    format!("the reference points at nothing: {}", quoted(text)),
                    "write a JSON Pointer to something in this document, as `#/components/…`",
                )
            })
    }
}

/// A member's name as a pointer spells it (RFC 6901 §3).
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolve(root: &Value, at: &str) -> Result<(String, Value), Problem> {
        let document = Document {
            root,
            edition: Edition::V3_1,
        };
        let site = document.site().child(at).expect("exists");
        document
            .resolve(site)
            .map(|found| (found.pointer, found.value.clone()))
    }

    #[test]
    fn a_reference_is_followed_to_its_end_and_names_the_place_it_found() {
        let root = json!({
            "a": { "$ref": "#/b" },
            "b": { "$ref": "#/c/x~1y%7Bz%7D" },
            "c": { "x/y{z}": { "type": "string" } },
        });
        let found = resolve(&root, "a").expect("resolves");
        assert_eq!(
            found,
            ("/c/x~1y{z}".to_owned(), json!({ "type": "string" }))
        );
    }

    #[test]
    fn external_dangling_circular_and_untyped_references_are_refused() {
        let root = json!({
            "external": { "$ref": "other.yaml#/a" },
            "dangling": { "$ref": "#/nothing" },
            "anchor": { "$ref": "#name" },
            "circle": { "$ref": "#/circle" },
            "number": { "$ref": 7 },
        });
        for (at, what) in [
            (
                "external",
                "the reference leaves the document: `other.yaml#/a`",
            ),
            ("dangling", "the reference points at nothing: `#/nothing`"),
            ("anchor", "the reference points at nothing: `#name`"),
            ("circle", "the reference does not end within 32 steps"),
            ("number", "the reference is not a text"),
        ] {
            let problem = resolve(&root, at).expect_err(at);
            assert_eq!(problem.pointer, format!("/{at}/$ref"));
            assert_eq!(problem.what, what);
        }
    }
}
