//! Where marks stand. A mark that is misspelt, misplaced or badly written would protect nothing
//! and look as if it did, so each is refused, wherever in the document it is.

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::bound::Bound;
use crate::marks::{
    AUTHENTICATION, BOUND, CLASS, CLUSTER, DATE, DETAILS, EFFECT, IDEMPOTENT, LINK, MARKS, NONE,
    RESOURCE, SCOPE, TOTAL,
};
use crate::problem::{Problems, help_words, quoted};
use crate::reference::{Document, Edition, Site};
use crate::total::{STEPS_MAX, Total};

/// The most values in a document.
const VALUES_MAX: usize = 1_000_000;
/// The deepest nesting of a document.
const DEPTH_MAX: usize = 128;
/// The longest name of a cluster or a kind of resource, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// What an operation says that may be sent again with the same key.
pub(crate) const BY_KEY: &str = "by-key";
/// What a link says that leads to more of the same.
const PAGE: &str = "page";

/// What the members of an object are, as far as marks go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Document,
    Components,
    Paths,
    PathItem,
    Operation,
    Parameter,
    Schema,
    /// A schema, or what is in it, that no walk over values follows.
    Unfollowed,
    /// Any other object of the specification.
    Other,
    /// A map: its keys are names chosen by the author, never marks.
    Map(&'static Place),
}

const SCHEMAS: Place = Place::Map(&Place::Schema);
const PATH_ITEMS: Place = Place::Map(&Place::PathItem);
const CALLBACKS: Place = Place::Map(&PATH_ITEMS);

/// Checks every mark of the document. `false` when the document is too large to be looked at.
pub(crate) fn check(document: &Document<'_>, problems: &mut Problems) -> bool {
    // A stack of our own: nothing here may recurse as deep as a document says.
    let mut open = vec![(document.site(), Place::Document, 0_usize)];
    let mut values = 0_usize;
    while let Some((site, place, depth)) = open.pop() {
        values += 1;
        if values > VALUES_MAX || depth > DEPTH_MAX {
            problems.add(
                "",
                "the document is too large",
                format!("at most {VALUES_MAX} values, nested at most {DEPTH_MAX} deep"),
            );
            return false;
        }
        if let Place::Map(inner) = place {
            open.extend(site.members().map(|(_, child)| (child, *inner, depth + 1)));
            continue;
        }
        open.extend(site.items().map(|item| (item, place, depth + 1)));
        let reference = site.child("$ref");
        let is_reference = reference.is_some();
        if let Some(reference) = reference.filter(|_| place != Place::Unfollowed) {
            check_target(document, &reference, place, problems);
        }
        for (key, child) in site.members() {
            if looks_like_mark(key) {
                check_mark(key, &child, place, problems);
                if is_reference && !(place == Place::Schema && document.edition == Edition::V3_1) {
                    refuse_beside_reference(&child, place, problems);
                }
            } else if let Some(inner) = inside(place, key) {
                open.push((child, inner, depth + 1));
            }
        }
    }
    true
}

/// What a member is; `None` when it is data or somebody else's extension.
pub(crate) fn inside(place: Place, key: &str) -> Option<Place> {
    // Vendors' own extensions (OpenAPI §4.9) hold what they like.
    if key.starts_with("x-") {
        return None;
    }
    match place {
        Place::Document => Some(match key {
            "paths" => Place::Paths,
            "webhooks" => PATH_ITEMS,
            "components" => Place::Components,
            _ => Place::Other,
        }),
        Place::Components => match key {
            "schemas" => Some(SCHEMAS),
            "parameters" => Some(Place::Map(&Place::Parameter)),
            "pathItems" => Some(PATH_ITEMS),
            "callbacks" => Some(CALLBACKS),
            "examples" => None,
            _ => Some(Place::Map(&Place::Other)),
        },
        Place::Paths => Some(Place::PathItem),
        Place::PathItem => Some(match key {
            "parameters" => Place::Parameter,
            "servers" | "summary" | "description" => Place::Other,
            _ => Place::Operation,
        }),
        Place::Operation => Some(match key {
            "parameters" => Place::Parameter,
            "callbacks" => CALLBACKS,
            _ => Place::Other,
        }),
        Place::Schema => match key {
            "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => {
                Some(SCHEMAS)
            }
            // JSON Schema 2020-12: what these demand says nothing of what goes out or comes in.
            "not" | "if" | "contains" | "contentSchema" | "dependencies" => Some(Place::Unfollowed),
            "example" | "examples" | "default" | "const" | "enum" | "required"
            | "discriminator" | "xml" | "externalDocs" | "dependentRequired" => None,
            _ => Some(Place::Schema),
        },
        Place::Unfollowed => Some(Place::Unfollowed),
        Place::Other | Place::Parameter => match key {
            "schema" => Some(Place::Schema),
            "headers" | "content" | "encoding" | "links" => Some(Place::Map(&Place::Other)),
            // `parameters` and `requestBody` of a link are values, not descriptions.
            "example" | "examples" | "value" | "default" | "enum" | "variables" | "mapping"
            | "scopes" | "parameters" | "requestBody" => None,
            _ => Some(Place::Other),
        },
        Place::Map(inner) => Some(*inner),
    }
}

/// A reference leads to where this walk looks, as the same kind of thing: what stands elsewhere
/// (`#/x-shared`) would be followed without its marks having been checked.
fn check_target(
    document: &Document<'_>,
    reference: &Site<'_>,
    place: Place,
    problems: &mut Problems,
) {
    let fragment = reference
        .value
        .as_str()
        .and_then(|text| text.strip_prefix('#'));
    let pointer = fragment.and_then(|text| percent_decode_str(text).decode_utf8().ok());
    let Some(pointer) = pointer.filter(|pointer| document.root.pointer(pointer).is_some()) else {
        // Told by whoever follows it.
        return;
    };
    if place_at(document.root, &pointer) != Some(place) {
        problems.add(
            &reference.pointer,
            format!(
                "the reference leads to another kind of thing: {}",
                quoted(&pointer)
            ),
            "refer to `#/components/…`: its marks are checked there as what they stand on here",
        );
    }
}

/// What stands at a pointer, as far as marks go; `None` when it is data.
pub(crate) fn place_at(root: &Value, pointer: &str) -> Option<Place> {
    let (mut value, mut place) = (root, Place::Document);
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
        value = match (value, place) {
            (Value::Array(items), _) => items.get(key.parse::<usize>().ok()?)?,
            (_, Place::Map(inner)) => {
                place = *inner;
                value.get(&key)?
            }
            _ => {
                place = inside(place, &key)?;
                value.get(&key)?
            }
        };
    }
    Some(place)
}

/// Whether a key is one of our marks or was surely meant to be.
fn looks_like_mark(key: &str) -> bool {
    let key = key.to_lowercase();
    key.starts_with("x-mortise")
        || MARKS.iter().any(|mark| {
            key.len().abs_diff(mark.len()) <= 2 && strsim::damerau_levenshtein(&key, mark) <= 2
        })
}

fn check_mark(key: &str, mark: &Site<'_>, place: Place, problems: &mut Problems) {
    let (home, fits) = match key {
        CLASS | EFFECT | SCOPE | DETAILS | AUTHENTICATION | IDEMPOTENT => {
            ("an operation", place == Place::Operation)
        }
        CLUSTER | TOTAL | LINK => ("a schema", place == Place::Schema),
        RESOURCE | DATE | BOUND => (
            "a parameter or a schema",
            matches!(place, Place::Parameter | Place::Schema),
        ),
        _ => {
            problems.add(
                &mark.pointer,
                format!("unknown mark: {}", quoted(key)),
                help_words(key, "the marks", &MARKS),
            );
            return;
        }
    };
    if !fits {
        problems.add(
            &mark.pointer,
            format!("`{key}` has no effect here"),
            format!("it stands on {home}"),
        );
    } else if !is_well_written(key, mark.value, place) {
        let kind = if matches!(key, CLUSTER | RESOURCE) {
            "a name"
        } else {
            "what it may say"
        };
        problems.add(
            &mark.pointer,
            format!("`{key}` is not {kind}: {}", quoted(&mark.value.to_string())),
            how_to_write(key, place),
        );
    }
}

/// Whether the mark says something that is understood; those of an operation are read with it.
fn is_well_written(key: &str, mark: &Value, place: Place) -> bool {
    if matches!(place, Place::Operation) {
        let is_word = matches!(mark.as_str(), Some(BY_KEY | NONE));
        return key != IDEMPOTENT || is_word;
    }
    let Some(text) = mark.as_str() else {
        return false;
    };
    match (key, place) {
        (CLUSTER | RESOURCE, _) => is_name(text),
        _ if text == NONE => true,
        (TOTAL, _) => Total::parse(text).is_some(),
        (BOUND, _) => Bound::parse(text).is_some(),
        (LINK, _) => text == PAGE,
        (DATE, Place::Parameter) => matches!(text, "from" | "until"),
        _ => text == "of",
    }
}

fn how_to_write(key: &str, place: Place) -> String {
    match (key, place) {
        (IDEMPOTENT, _) => {
            format!("write `{BY_KEY}`: sent again with the same key it acts once; or `{NONE}`")
        }
        (TOTAL, _) => format!(
            "write `count /data` or `sum /data/*/amount`: a path from the answer's root of at most \
             {STEPS_MAX} steps, `*` for each item; or `{NONE}`"
        ),
        (BOUND, _) => format!(
            "write `same` or `at-most` and a member of the authorization details, as \
             `same account`; or `{NONE}`"
        ),
        (LINK, _) => format!("write `{PAGE}`: it leads to more of the same; or `{NONE}`"),
        (DATE, Place::Parameter) => format!("write `from`, `until` or `{NONE}`"),
        (DATE, _) => format!("write `of`: the item is of this date; or `{NONE}`"),
        _ => format!(
            "write `none`, or 1 to {NAME_BYTES_MAX} of the characters a-z, 0-9, `_`, `-`, \
             beginning with a letter"
        ),
    }
}

fn refuse_beside_reference(mark: &Site<'_>, place: Place, problems: &mut Problems) {
    // OpenAPI 3.0 §4.7.23, 3.1 §4.8.23: what stands beside `$ref` is ignored.
    let help = if place == Place::Schema {
        "in OpenAPI 3.0 write `allOf: [{ $ref: … }]` with the mark beside `allOf`"
    } else {
        "write the mark where the reference points"
    };
    problems.add(
        &mark.pointer,
        "the mark stands beside a `$ref`, where it is ignored",
        help,
    );
}

fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

/// The name that a `x-mortise-cluster` or `x-mortise-resource` states, if it is well written.
pub(crate) fn stated_name<'a>(object: &'a Value, mark: &str) -> Option<&'a str> {
    object.get(mark)?.as_str().filter(|text| is_name(text))
}

#[cfg(test)]
mod tests;
