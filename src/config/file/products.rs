//! `banks.*.products`: what a bank offers.

use std::time::Duration;

use model::ProductId;

use super::members;
use crate::files::FileRef;
use crate::reader::{Reader, Section, Value};
use crate::source::At;

/// How long a call may take unless told otherwise.
const DEADLINE: Duration = Duration::from_secs(30);

/// A product: the operations of an OpenAPI file.
pub(crate) struct Product {
    pub(crate) id: At<ProductId>,
    pub(crate) openapi: Option<At<FileRef>>,
    pub(crate) upstream: Option<At<String>>,
    /// The listeners that serve it; all that serve `api` when it does not say.
    pub(crate) listeners: Option<Vec<At<String>>>,
    pub(crate) deadline: Duration,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Product> {
    members(
        reader,
        section,
        "products",
        ProductId::parse,
        |reader, id, member| {
            let path = "banks.*.products.*";
            let mut section = reader.section(member.node, member.at, "a product", path)?;
            let openapi = section.required(reader, "openapi", "file:PATH");
            let upstream = section.required(reader, "upstream", "NAME");
            let listeners = section.optional(reader, "listeners");
            let deadline = reader.duration_or(
                &mut section,
                "deadline",
                Duration::from_millis(100)..=Duration::from_mins(10),
                DEADLINE,
            );
            section.finish(reader);
            Some(Product {
                id,
                openapi: openapi.and_then(|value| reader.file(value)),
                upstream: upstream.and_then(|value| name(reader, value)),
                listeners: listeners.map(|value| names(reader, value, "listeners")),
                deadline,
            })
        },
    )
}

/// A name that something else in the file bears.
pub(super) fn name(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    reader
        .scalar(value, "a name")
        .map(|name| name.map(str::to_owned))
}

/// A list of names.
pub(super) fn names(reader: &mut Reader, value: Value<'_>, of: &str) -> Vec<At<String>> {
    let items = reader.items(value, of).unwrap_or_default();
    let mut names: Vec<At<String>> = Vec::new();
    for node in items {
        let Some(name) = name(reader, Value { node, ..value }) else {
            continue;
        };
        match names.iter().find(|known| known.value == name.value) {
            Some(first) => {
                reader
                    .collector
                    .mistake(name.at, format!("`{}` is listed twice", name.value))
                    .see(first.at, "first here");
            }
            None => names.push(name),
        }
    }
    names
}
