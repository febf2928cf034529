//! `agreements`: what a partner may use of a bank, under which plan, from when until when.

use jiff::civil::Date;

use super::products::{name, names};
use crate::reader::{Reader, Section};
use crate::source::At;

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
    let Some(value) = section.required(
        reader,
        "agreements",
        "[{ partner, bank, products, plan, from, until }]",
    ) else {
        return Vec::new();
    };
    let of = "mappings `{ partner, bank, products, plan, from, until }`";
    let items = reader.items(value, of).unwrap_or_default();
    items
        .iter()
        .filter_map(|node| {
            let mut section = reader.section(node, node.span, "an agreement", "agreements.*")?;
            let partner = section.required(reader, "partner", "NAME");
            let bank = section.required(reader, "bank", "NAME");
            let products = section.required(reader, "products", "[NAME]");
            let plan = section.required(reader, "plan", "NAME");
            let from = section.demanded(
                reader,
                "from",
                "write the first day on which it holds, such as `2026-01-01`",
            );
            let until = section.demanded(
                reader,
                "until",
                "write the last day on which it holds, such as `2027-12-31`",
            );
            section.finish(reader);
            Some(Agreement {
                partner: partner.and_then(|value| name(reader, value)),
                bank: bank.and_then(|value| name(reader, value)),
                products: products
                    .map(|value| names(reader, value, "products"))
                    .unwrap_or_default(),
                plan: plan.and_then(|value| name(reader, value)),
                from: from.and_then(|value| reader.date(value)),
                until: until.and_then(|value| reader.date(value)),
            })
        })
        .collect()
}
