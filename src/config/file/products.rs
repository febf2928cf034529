//! `banks.*.products`: what a bank offers.

use std::time::Duration;

use model::ProductId;

use super::details::{self, Detail};
use super::members;
use crate::files::FileRef;
use crate::house::Room;
use crate::mistake::Code;
use crate::reader::{Alternative, Reader, Section, Value};
use crate::shape::{Id, Key, Kind, Need, Shape};
use crate::source::At;

pub(super) static PRODUCT: Shape = Shape::new(
    "a product",
    &[
        Key {
            name: "openapi",
            kind: Kind::File,
            need: Need::RequiredUnless(&["block"], "file:PATH"),
            doc: "Its API: OpenAPI 3.0 or 3.1; each operation states its x-mortise-class.",
        },
        Key::absent(
            "block",
            Kind::File,
            "the API is that of one service",
            "A block: what it offers is composed of what services of the bank offer.",
        ),
        Key::absent(
            "sources",
            Kind::Named(&SOURCE, Id::Name),
            "it is no block",
            "The services that the block reads, by its names of them.",
        ),
        Key {
            name: "upstream",
            kind: Kind::Name,
            need: Need::RequiredUnless(&["room", "block"], "NAME`, or `room: consent"),
            doc: "The service of the bank where its calls go.",
        },
        Key::absent(
            "room",
            Kind::Word(&["consent"]),
            "a service of the bank's answers its calls",
            "What of this gateway answers its calls instead: `consent`, where partners ask for \
             consents before their customers come, see what became of them, and give them back.",
        ),
        Key::required(
            "listeners",
            Kind::List {
                of: "listeners",
                item: &Kind::Name,
            },
            "[NAME]",
            "Where it is served.",
        ),
        Key::required(
            "deadline",
            Kind::Duration(Duration::from_millis(100), Duration::from_mins(10)),
            "30s",
            "From a request's head to its answer's.",
        ),
        Key::absent(
            "authorization_details",
            details::KIND,
            "its partners ask for scopes alone",
            "What customers are asked for in detail (RFC 9396), by type.",
        ),
    ],
);

static SOURCE: Shape = Shape::new(
    "a source of a block",
    &[
        Key::required(
            "openapi",
            Kind::File,
            "file:PATH",
            "Its API: OpenAPI 3.0 or 3.1.",
        ),
        Key::required(
            "overlay",
            Kind::Or("none", &Kind::File),
            "file:PATH`, or `overlay: none",
            "What is laid over the API's file: types and marks that may only tighten it. It must be \
             said, since a file that lost what marks it would open what was closed.",
        ),
        Key::required(
            "upstream",
            Kind::Name,
            "NAME",
            "The service of the bank where its calls go.",
        ),
    ],
);

/// What is laid over an API's file.
pub(crate) enum Overlay {
    /// Nothing.
    None,
    /// This file.
    File(At<FileRef>),
}

/// A service that a block reads.
pub(crate) struct Source {
    pub(crate) name: At<String>,
    pub(crate) openapi: Option<At<FileRef>>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) upstream: Option<At<String>>,
}

/// A product: the operations of an OpenAPI file, or of a block.
pub(crate) struct Product {
    pub(crate) id: At<ProductId>,
    pub(crate) openapi: Option<At<FileRef>>,
    pub(crate) block: Option<At<FileRef>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) upstream: Option<At<String>>,
    pub(crate) room: Option<At<Room>>,
    /// The listeners that serve it.
    pub(crate) listeners: Vec<At<String>>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) details: Vec<Detail>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Product> {
    members(
        reader,
        section,
        "products",
        ProductId::parse,
        |reader, id, mut section| {
            let openapi = section.value(reader, "openapi");
            let block = section.value(reader, "block");
            let sources = sources(reader, &mut section);
            let upstream = section.value(reader, "upstream");
            let room = section.value(reader, "room");
            if let Some(block) = &block {
                for (name, other) in [
                    ("openapi", &openapi),
                    ("upstream", &upstream),
                    ("room", &room),
                ] {
                    refuse_beside(reader, block, name, other.as_ref());
                }
                if sources.is_empty() {
                    section.lacks("sources", "name the services that the block reads");
                }
            } else if let Some(first) = sources.first() {
                let what = "`sources` stands without a `block` that reads them";
                reader
                    .collector
                    .mistake(Code::Contradiction, first.name.at, what)
                    .help("write `block: file:PATH` beside it, or remove it");
            }
            if let (Some(upstream), Some(room)) = (&upstream, &room) {
                let what = "`room` stands beside `upstream`: who answers?";
                reader
                    .collector
                    .mistake(Code::Contradiction, room.key_span, what)
                    .see(upstream.key_span, "a service of the bank's")
                    .help("remove one of the two");
            }
            let listeners = section.value(reader, "listeners");
            let deadline = section.value(reader, "deadline");
            let details = details::read(reader, &mut section);
            section.finish(reader);
            Some(Product {
                id,
                openapi: openapi.and_then(|value| reader.file(value)),
                block: block.and_then(|value| reader.file(value)),
                sources,
                upstream: upstream.and_then(|value| reader.name(value)),
                room: room.and_then(|value| reader.word(value, &Room::ALL)),
                listeners: listeners
                    .map(|value| reader.name_list(value))
                    .unwrap_or_default(),
                deadline: deadline
                    .and_then(|value| reader.duration(value))
                    .map(|at| at.value),
                details,
            })
        },
    )
}

/// A block is all of a product.
fn refuse_beside(reader: &mut Reader, block: &Value<'_>, name: &str, other: Option<&Value<'_>>) {
    let Some(other) = other else {
        return;
    };
    let what = format!("`{name}` stands beside `block`: what is offered?");
    reader
        .collector
        .mistake(Code::Contradiction, other.key_span, what)
        .see(block.key_span, "the block")
        .help("remove one of the two; what a block reads stands in `sources`");
}

fn sources(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Source> {
    let Some(value) = section.value(reader, "sources") else {
        return Vec::new();
    };
    let named = reader.named(value).into_iter();
    let read = named.filter_map(|member| {
        let mut section = member.section?;
        let openapi = section.value(reader, "openapi");
        let overlay = section.value(reader, "overlay");
        let upstream = section.value(reader, "upstream");
        section.finish(reader);
        Some(Source {
            name: At {
                value: member.name.to_owned(),
                at: member.at,
            },
            openapi: openapi.and_then(|value| reader.file(value)),
            overlay: overlay.and_then(|value| read_overlay(reader, value)),
            upstream: upstream.and_then(|value| reader.name(value)),
        })
    });
    read.collect()
}

fn read_overlay(reader: &mut Reader, value: Value<'_>) -> Option<Overlay> {
    match reader.alternative(value)? {
        Alternative::Word => Some(Overlay::None),
        Alternative::Other(value) => reader.file(value).map(Overlay::File),
    }
}
