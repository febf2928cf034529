//! `plans`: named sets of limits.

use std::num::NonZeroU32;

use model::PlanId;

use super::members;
use crate::quantity::{COUNT_MAX, Rate};
use crate::reader::{Reader, Section};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static PLAN: Shape = Shape::new(
    "a plan",
    &[
        Key::required(
            "rate",
            Kind::Rate,
            "50/s",
            "So many requests in a second, a minute or an hour.",
        ),
        Key::required(
            "burst",
            Kind::Count("requests", 1, COUNT_MAX),
            "100 requests",
            "So many requests at once after a rest.",
        ),
        Key::required(
            "concurrent",
            Kind::Count("requests", 1, COUNT_MAX),
            "64 requests",
            "So many requests open at once, till the last byte of the answer.",
        ),
    ],
);

/// A named set of limits.
pub(crate) struct Plan {
    pub(crate) id: At<PlanId>,
    pub(crate) rate: Option<Rate>,
    pub(crate) burst: Option<NonZeroU32>,
    pub(crate) concurrent: Option<NonZeroU32>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Plan> {
    members(
        reader,
        section,
        "plans",
        PlanId::parse,
        |reader, id, mut section| {
            let rate = section.value(reader, "rate");
            let burst = section.value(reader, "burst");
            let concurrent = section.value(reader, "concurrent");
            section.finish(reader);
            let mut count = |value| reader.count(value).map(|at| at.value);
            Some(Plan {
                id,
                burst: burst.and_then(&mut count),
                concurrent: concurrent.and_then(&mut count),
                rate: rate.and_then(|value| reader.rate(value)).map(|at| at.value),
            })
        },
    )
}
