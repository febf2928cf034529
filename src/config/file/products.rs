//! `banks.*.products`: what a bank offers.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::ProductId;

use super::members;
use crate::files::FileRef;
use crate::reader::{Reader, Section, Value};
use crate::source::At;

/// How long a call may take.
const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_mins(10);

/// A product: the operations of an OpenAPI file.
pub(crate) struct Product {
    pub(crate) id: At<ProductId>,
    pub(crate) openapi: Option<At<FileRef>>,
    pub(crate) upstream: Option<At<String>>,
    /// The listeners that serve it.
    pub(crate) listeners: Vec<At<String>>,
    pub(crate) deadline: Option<Duration>,
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
            let listeners = section.required(reader, "listeners", "[NAME]");
            let deadline = section.required(reader, "deadline", "30s");
            section.finish(reader);
            Some(Product {
                id,
                openapi: openapi.and_then(|value| reader.file(value)),
                upstream: upstream.and_then(|value| name(reader, value)),
                listeners: listeners
                    .map(|value| names(reader, value, "listeners"))
                    .unwrap_or_default(),
                deadline: deadline
                    .and_then(|value| reader.duration(value, DEADLINE))
                    .map(|at| at.value),
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
