//! `plans`: named sets of limits.

use std::num::NonZeroU32;

use model::PlanId;

use super::members;
use crate::quantity::Rate;
use crate::reader::{Reader, Section};
use crate::source::At;

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
        |reader, id, member| {
            let mut section = reader.section(member.node, member.at, "a plan", "plans.*")?;
            let rate = section.required(reader, "rate", "50/s");
            let burst = section.required(reader, "burst", "100 requests");
            let concurrent = section.required(reader, "concurrent", "64 requests");
            section.finish(reader);
            let mut count = |value| reader.count(value, "requests", 1..=1_000_000);
            Some(Plan {
                id,
                burst: burst.and_then(&mut count).map(|at| at.value),
                concurrent: concurrent.and_then(&mut count).map(|at| at.value),
                rate: rate.and_then(|value| reader.rate(value)).map(|at| at.value),
            })
        },
    )
}
