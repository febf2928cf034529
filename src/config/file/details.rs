//! `banks.*.products.*.authorization_details`: what customers are asked for in detail (RFC 9396).

use model::DetailType;

use super::members;
use crate::files::FileRef;
use crate::reader::{Reader, Section};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::At;

/// What the section of them is.
pub(super) const KIND: Kind = Kind::Named(&DETAIL, Id::Visible);

static DETAIL: Shape = Shape::new(
    "a type of authorization details",
    &[
        Key::required(
            "schema",
            Kind::File,
            "file:PATH",
            "What a detail may say: JSON Schema, draft 2020-12, of up to 64 KiB. What it does not \
             describe is refused: an object is closed unless it says `additionalProperties` or \
             `unevaluatedProperties`, an array unless it says `items` or `unevaluatedItems`. \
             `x-mortise-title: { zh-CN, en }` says what customers know a member as: not below `oneOf` and the \
             like, which may not hold.",
        ),
        Key::required(
            "title",
            Kind::Section(&TITLE),
            "{ zh-CN: TEXT, en: TEXT }",
            "What customers know it as; below it the page shows every member.",
        ),
    ],
);

static TITLE: Shape = Shape::new(
    "`title`",
    &[
        Key::required("zh-CN", Kind::Text, "TEXT", "In Chinese."),
        Key::required("en", Kind::Text, "TEXT", "In English."),
    ],
);

/// A type of authorization details.
pub(crate) struct Detail {
    pub(crate) id: At<DetailType>,
    pub(crate) schema: Option<At<FileRef>>,
    pub(crate) zh_cn: Option<String>,
    pub(crate) en: Option<String>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Detail> {
    members(
        reader,
        section,
        "authorization_details",
        DetailType::parse,
        |reader, id, mut section| {
            let schema = section.value(reader, "schema");
            let title = section.inner(reader, "title");
            section.finish(reader);
            let (zh_cn, en) = title.map_or((None, None), |title| titles(reader, title));
            Some(Detail {
                id,
                schema: schema.and_then(|value| reader.file(value)),
                zh_cn,
                en,
            })
        },
    )
}

fn titles(reader: &mut Reader, mut section: Section<'_>) -> (Option<String>, Option<String>) {
    let zh_cn = section.value(reader, "zh-CN");
    let en = section.value(reader, "en");
    section.finish(reader);
    let mut text = |value| reader.text(value).map(|at| at.value);
    (zh_cn.and_then(&mut text), en.and_then(&mut text))
}
