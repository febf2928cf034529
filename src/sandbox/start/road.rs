//! The road of a request as a drawing: from the partner past the gateway's stages to the bank, and
//! the refusals at each. Places are computed here, strokes and text are in the template.

use serde::Serialize;

use web::Language;

/// Sizes, in the drawing's own units: pixels at its full width.
const TOP: u32 = 24;
const STEP: u32 = 148;
const BOX_WIDTH: u32 = 112;
const BOX_HEIGHT: u32 = 44;
const LEFT: u32 = 12;
/// How far below a stage its refusal stands, and the next below that.
const BELOW: u32 = 44;

/// A stage of the road (`gateway`'s pipeline), and what it may refuse with.
struct Stage {
    en: &'static str,
    zh: &'static str,
    refusals: [&'static str; 2],
}

const fn stage(en: &'static str, zh: &'static str, refusals: [&'static str; 2]) -> Stage {
    Stage { en, zh, refusals }
}

const STAGES: [Stage; 7] = [
    stage("route", "路由", ["unknown_route", "method_not_allowed"]),
    stage("gate", "入口", ["too_many_requests", ""]),
    stage("identify", "身份", ["no_certificate", "bad_token"]),
    stage("limit", "限额", ["rate_limited", "too_many_concurrent"]),
    stage("authorize", "权限", ["no_agreement", "insufficient_scope"]),
    stage("evidence", "存证", ["audit_unavailable", ""]),
    stage(
        "forward",
        "转发",
        ["upstream_unavailable", "upstream_timeout"],
    ),
];

/// The whole drawing.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    width: u32,
    height: u32,
    boxes: Vec<Place>,
    ways: Vec<Line>,
    refusals: Vec<Refusal>,
}

/// A box with its text in the middle.
#[derive(Debug, Serialize)]
struct Place {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    middle: u32,
    base: u32,
    text: &'static str,
    /// An end of the road: the partner, the bank.
    is_end: bool,
}

#[derive(Debug, Serialize)]
struct Line {
    from: u32,
    to: u32,
    y: u32,
}

/// A dotted line down from a stage that ends in a code.
#[derive(Debug, Serialize)]
struct Refusal {
    x: u32,
    from: u32,
    to: u32,
    base: u32,
    code: &'static str,
}

/// The drawing, its stages named in this language; codes are codes in both.
pub(super) fn drawing(language: Language) -> Drawing {
    let said = |en: &'static str, zh: &'static str| match language {
        Language::ZhCn => zh,
        Language::En => en,
    };
    let partner = [said("partner", "合作方")];
    let bank = [said("bank", "银行")];
    let stages = STAGES.iter().map(|stage| said(stage.en, stage.zh));
    let names: Vec<_> = partner.into_iter().chain(stages).chain(bank).collect();
    let places = (0_u32..).zip(&names);
    let last = names.len().saturating_sub(1);
    let boxes: Vec<_> = places
        .map(|(at, text)| place(at, text, at == 0 || usize::try_from(at) == Ok(last)))
        .collect();
    let ways = boxes.windows(2).filter_map(|pair| {
        let [one, next] = pair else { return None };
        Some(Line {
            from: one.x + BOX_WIDTH,
            to: next.x,
            y: TOP + BOX_HEIGHT / 2,
        })
    });
    let refusals = STAGES.iter().zip(boxes.iter().skip(1));
    Drawing {
        width: boxes.last().map_or(0, |last| last.x + BOX_WIDTH + LEFT),
        height: TOP + BOX_HEIGHT + 2 * BELOW + 24,
        ways: ways.collect(),
        refusals: refusals
            .flat_map(|(stage, place)| refused(stage, place))
            .collect(),
        boxes,
    }
}

fn place(at: u32, text: &'static str, is_end: bool) -> Place {
    let x = LEFT + at * STEP;
    Place {
        x,
        y: TOP,
        width: BOX_WIDTH,
        height: BOX_HEIGHT,
        middle: x + BOX_WIDTH / 2,
        base: TOP + BOX_HEIGHT / 2 + 6,
        text,
        is_end,
    }
}

/// One below the other: codes are longer than their stage is wide.
fn refused(stage: &'static Stage, place: &Place) -> Vec<Refusal> {
    let codes = stage.refusals.into_iter().filter(|code| !code.is_empty());
    let bottom = TOP + BOX_HEIGHT;
    (0_u32..)
        .zip(codes)
        .map(|(at, code)| {
            let to = bottom + BELOW * (at + 1) - 16;
            Refusal {
                x: place.middle,
                from: bottom + BELOW * at + if at == 0 { 0 } else { 8 },
                to,
                base: to + 16,
                code,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_in_a_row_and_every_way_leads_from_one_to_the_next() {
        for language in Language::ALL {
            let drawing = drawing(language);
            assert_eq!(drawing.boxes.len(), STAGES.len() + 2);
            assert_eq!(drawing.ways.len(), STAGES.len() + 1);
            for (pair, way) in drawing.boxes.windows(2).zip(&drawing.ways) {
                assert_eq!(way.from, pair[0].x + pair[0].width);
                assert_eq!(way.to, pair[1].x);
                assert!(way.from < way.to);
            }
            let ends: Vec<_> = drawing.boxes.iter().filter(|one| one.is_end).collect();
            assert_eq!(ends.len(), 2);
            assert!(drawing.refusals.iter().all(|one| one.base < drawing.height));
        }
    }

    #[test]
    fn codes_are_ones_that_the_gateway_tells() {
        let table = include_str!("../../../README.md");
        let codes = STAGES.iter().flat_map(|stage| stage.refusals);
        for code in codes.filter(|code| !code.is_empty()) {
            assert!(table.contains(&format!("`{code}`")), "{code}");
        }
    }
}
