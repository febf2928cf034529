//! `banks.*.products`: what a bank offers.

use std::time::Duration;

use model::ProductId;

use super::details::{self, Detail};
use super::members;
use crate::files::FileRef;
use crate::house::Room;
use crate::mistake::Code;
use crate::reader::{Reader, Section};
use crate::shape::{Key, Kind, Need, Shape};
use crate::source::At;

pub(super) static PRODUCT: Shape = Shape::new(
    "a product",
    &[
        Key::required(
            "openapi",
            Kind::File,
            "file:PATH",
            "Its API: OpenAPI 3.0 or 3.1; each operation states its x-mortise-class.",
        ),
        Key {
            name: "upstream",
            kind: Kind::Name,
            need: Need::RequiredUnless("room", "NAME`, or `room: consent"),
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

/// A product: the operations of an OpenAPI file.
pub(crate) struct Product {
    pub(crate) id: At<ProductId>,
    pub(crate) openapi: Option<At<FileRef>>,
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
            let upstream = section.value(reader, "upstream");
            let room = section.value(reader, "room");
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
