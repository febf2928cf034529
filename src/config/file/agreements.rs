//! `agreements`: what a partner may use of a bank, under which plan, from when until when.

use jiff::civil::Date;

use crate::reader::{Reader, Section};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static AGREEMENT: Shape = Shape::new(
    "an agreement",
    &[
        Key::required("partner", Kind::Name, "NAME", "Whose agreement it is."),
        Key::required("bank", Kind::Name, "NAME", "With which bank."),
        Key::required(
            "products",
            Kind::List {
                of: "products",
                item: &Kind::Name,
            },
            "[NAME]",
            "The products of the bank that the partner may use.",
        ),
        Key::required("plan", Kind::Name, "NAME", "The plan whose limits hold."),
        Key::demanded(
            "from",
            Kind::Date,
            "write the first day on which it holds, such as `2026-01-01`",
            "The first day on which it holds, in UTC.",
        ),
        Key::demanded(
            "until",
            Kind::Date,
            "write the last day on which it holds, such as `2027-12-31`",
            "The last day on which it holds, in UTC.",
        ),
    ],
);

/// Partner × bank.
pub(crate) struct Agreement {
    pub(crate) partner: Option<At<String>>,
    pub(crate) bank: Option<At<String>>,
    pub(crate) products: Vec<At<String>>,
    pub(crate) plan: Option<At<String>>,
    pub(crate) from: Option<At<Date>>,
    pub(crate) until: Option<At<Date>>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Agreement> {
    let Some(value) = section.value(reader, "agreements") else {
        return Vec::new();
    };
    let items = reader.sections(value);
    items
        .into_iter()
        .map(|mut section| {
            let partner = section.value(reader, "partner");
            let bank = section.value(reader, "bank");
            let products = section.value(reader, "products");
            let plan = section.value(reader, "plan");
            let from = section.value(reader, "from");
            let until = section.value(reader, "until");
            section.finish(reader);
            Agreement {
                partner: partner.and_then(|value| reader.name(value)),
                bank: bank.and_then(|value| reader.name(value)),
                products: products
                    .map(|value| reader.name_list(value))
                    .unwrap_or_default(),
                plan: plan.and_then(|value| reader.name(value)),
                from: from.and_then(|value| reader.date(value)),
                until: until.and_then(|value| reader.date(value)),
            }
        })
        .collect()
}
