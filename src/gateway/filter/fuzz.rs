//! For fuzzers: whatever a bank answers, what is left is what a second reader of the same rules
//! leaves, and filtering it again changes nothing.

pub(super) mod description;
pub(super) mod naive;

use std::sync::OnceLock;

use jiff::civil::{Date, date};
use jiff::tz::{TimeZone, offset};

use openapi::{AnswerBody, AnswerShape, ApiDescription};

use crate::filter::{Covers, Kept, Unfit, filter};
use naive::{Rules, Tree};

/// The clusters of that answer whose leaves name resources and dates.
const NAMING: &str = "list";
/// The window of dates, where there is one.
const WINDOW: (Date, Date) = (date(2026, 1, 1), date(2026, 6, 30));

/// Filters bytes as an answer. Of the first byte bits 0 to 3 are the clusters that are given, and
/// bit 6 says that only some dates are; the body is the rest. Covered are the accounts whose id
/// begins with `mine`.
pub fn fuzz_answer_filter(bytes: &[u8]) {
    static SHAPE: OnceLock<Option<AnswerShape>> = OnceLock::new();
    let (Some(shape), Some((flags, body))) = (SHAPE.get_or_init(shape), bytes.split_first()) else {
        return;
    };
    let clusters = u64::from(flags & 0x0f);
    let zone = TimeZone::fixed(offset(8));
    let covers = Covers {
        clusters,
        resource: &|_, id| id.starts_with("mine"),
        dates: (flags & 0x40 != 0).then_some(WINDOW),
        zone: &zone,
    };
    let mut out = Vec::new();
    let filtered = filter(shape, &covers, body, &mut out);
    let rules = Rules {
        shape,
        covers: &covers,
    };
    let text = std::str::from_utf8(body).ok();
    let expected = || rules.left(&text.and_then(Tree::read)?);
    let Ok(kept) = filtered else {
        assert!(out.is_empty(), "of a refused answer something is left");
        if filtered == Err(Unfit::Root) {
            assert_eq!(expected(), None, "refused, and it is covered");
        }
        return;
    };
    let left = std::str::from_utf8(&out).ok().and_then(Tree::read);
    assert!(left.is_some(), "what is left is no JSON");
    assert_eq!(left, expected(), "two readers leave two things");
    assert_eq!(
        kept.clusters & !clusters,
        0,
        "a cluster left that is not given"
    );
    let mut again = Vec::new();
    let twice = filter(shape, &covers, &out, &mut again);
    let names = shape.clusters().iter().position(|name| name == NAMING);
    if names.is_some_and(|bit| clusters & (1 << bit) != 0) {
        let same = Kept {
            dropped: 0,
            has_anothers: false,
            ..kept
        };
        assert_eq!(
            (twice, again),
            (Ok(same), out),
            "filtered again, it is another"
        );
    } else {
        // Without its names nothing is covered any more.
        assert!(twice.map_or_else(
            |unfit| unfit == Unfit::Root,
            |twice| twice.items <= kept.items
        ));
    }
}

/// The shape that the filter is tried with.
pub(super) fn shape() -> Option<AnswerShape> {
    let document = serde_json::from_str(description::DESCRIPTION).ok()?;
    let description = ApiDescription::read(&document).ok()?;
    let operation = description.operations.first()?;
    match operation.answers.of(200, "application/json")? {
        AnswerBody::Json(shape) => Some(shape.clone()),
        AnswerBody::None | AnswerBody::Opaque { .. } => None,
    }
}
