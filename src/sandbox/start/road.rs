//! The road of a request as a drawing: from the partner past the gateway's stages to the bank and
//! back, and the refusals at each. Places are computed here, strokes and text are in the template.

use serde::Serialize;

use web::Language;

/// How many boxes stand in a row.
const ROW: usize = 6;
/// Sizes, in the drawing's own units: pixels.
const TOP: u32 = 24;
const STEP: u32 = 148;
const BOX_WIDTH: u32 = 112;
const BOX_HEIGHT: u32 = 44;
/// Room left of the first box and right of the last, in which a way leads on to the next row.
const LEFT: u32 = 24;
/// The dotted line down from a stage, and how far below the stage its first code stands.
const DOWN: u32 = 28;
const BELOW: u32 = 44;
/// From one code to the next.
const LINE: u32 = 18;
/// Between the lowest code of a row and the way on to the next, and from there to its boxes.
const GAP: u32 = 20;

/// A box of the road: an end, or a stage of the gateway with what it may refuse with.
struct Stop {
    en: &'static str,
    zh: &'static str,
    refusals: &'static [&'static str],
    is_end: bool,
}

const fn stage(en: &'static str, zh: &'static str, refusals: &'static [&'static str]) -> Stop {
    let is_end = false;
    Stop {
        en,
        zh,
        refusals,
        is_end,
    }
}

const fn end(en: &'static str, zh: &'static str) -> Stop {
    Stop {
        is_end: true,
        ..stage(en, zh, &[])
    }
}

/// In the order of the gateway's pipeline.
const ROAD: [Stop; 12] = [
    end("partner", "合作方"),
    stage("route", "路由", &["unknown_route", "method_not_allowed"]),
    stage("gate", "入口", &["too_many_requests"]),
    stage("identify", "身份", &["no_certificate", "bad_token"]),
    stage("limit", "限额", &["rate_limited", "too_many_concurrent"]),
    stage("authorize", "权限", &["no_agreement", "insufficient_scope"]),
    stage(
        "consent",
        "同意",
        &[
            "no_consent",
            "consent_expired",
            "consent_withdrawn",
            "not_covered",
            "consent_frequency",
            "consent_unavailable",
        ],
    ),
    stage("evidence", "存证", &["audit_unavailable"]),
    stage(
        "forward",
        "转发",
        &["upstream_unavailable", "upstream_timeout"],
    ),
    end("bank", "银行"),
    stage("filter", "过滤", &["bank_refused"]),
    end("partner", "合作方"),
];

/// The whole drawing.
#[derive(Debug, Serialize)]
pub(super) struct Drawing {
    width: u32,
    height: u32,
    boxes: Vec<Place>,
    /// The lines from box to box, as paths without their arrow heads.
    ways: Vec<String>,
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

/// A dotted line down from a stage to the codes below it.
#[derive(Debug, Serialize)]
struct Refusal {
    x: u32,
    from: u32,
    to: u32,
    codes: Vec<Code>,
}

#[derive(Debug, Serialize)]
struct Code {
    base: u32,
    code: &'static str,
}

/// The drawing, its stages named in this language; codes are codes in both.
pub(super) fn drawing(language: Language) -> Drawing {
    let (mut boxes, mut refusals, mut top) = (Vec::new(), Vec::new(), TOP);
    for row in ROAD.chunks(ROW) {
        for (at, stop) in (0_u32..).zip(row) {
            let place = place(LEFT + at * STEP, top, stop, language);
            refusals.extend(refused(stop, &place));
            boxes.push(place);
        }
        top = lowest(row, top) + 2 * GAP;
    }
    let right = boxes.iter().map(|place| place.x + BOX_WIDTH).max();
    let width = right.unwrap_or(0) + LEFT;
    let ways = boxes.windows(2).filter_map(|pair| match pair {
        [one, next] => Some(way(one, next, width)),
        _ => None,
    });
    Drawing {
        width,
        height: top - GAP,
        ways: ways.collect(),
        refusals,
        boxes,
    }
}

fn place(x: u32, y: u32, stop: &Stop, language: Language) -> Place {
    Place {
        x,
        y,
        width: BOX_WIDTH,
        height: BOX_HEIGHT,
        middle: x + BOX_WIDTH / 2,
        base: y + BOX_HEIGHT / 2 + 6,
        text: match language {
            Language::ZhCn => stop.zh,
            Language::En => stop.en,
        },
        is_end: stop.is_end,
    }
}

/// The base of the lowest code of a row whose boxes stand here.
fn lowest(row: &[Stop], top: u32) -> u32 {
    let codes = row.iter().map(|stop| stop.refusals.len()).max();
    let later = u32::try_from(codes.unwrap_or(0).saturating_sub(1)).unwrap_or(0);
    top + BOX_HEIGHT + BELOW + later * LINE
}

/// The way to the next box: straight on, or around to the beginning of the next row.
fn way(one: &Place, next: &Place, width: u32) -> String {
    let (from, middle, to) = (one.x + BOX_WIDTH, BOX_HEIGHT / 2, next.x);
    let (here, there) = (one.y + middle, next.y + middle);
    if one.y == next.y {
        return format!("M{from} {here}H{to}");
    }
    let (right, left, between) = (width - LEFT / 2, LEFT / 2, next.y - GAP);
    format!("M{from} {here}H{right}V{between}H{left}V{there}H{to}")
}

/// One below the other: codes are longer than their stage is wide.
fn refused(stop: &Stop, place: &Place) -> Option<Refusal> {
    let bottom = place.y + BOX_HEIGHT;
    let codes = (0_u32..).zip(stop.refusals).map(|(at, code)| Code {
        base: bottom + BELOW + at * LINE,
        code,
    });
    (!stop.refusals.is_empty()).then(|| Refusal {
        x: place.middle,
        from: bottom,
        to: bottom + DOWN,
        codes: codes.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_stand_in_rows_and_every_way_leads_from_one_to_the_next() {
        for language in Language::ALL {
            let drawing = drawing(language);
            assert_eq!(drawing.boxes.len(), ROAD.len());
            assert_eq!(drawing.ways.len(), ROAD.len() - 1);
            for (pair, way) in drawing.boxes.windows(2).zip(&drawing.ways) {
                let begins = format!("M{} {}H", pair[0].x + BOX_WIDTH, pair[0].y + BOX_HEIGHT / 2);
                assert!(way.starts_with(&begins), "{way}");
                assert!(way.ends_with(&format!("H{}", pair[1].x)), "{way}");
                assert!(pair[0].y < pair[1].y || pair[0].x + BOX_WIDTH < pair[1].x);
            }
            let right = drawing.boxes.iter().map(|one| one.x + one.width).max();
            // The page is 1280 pixels wide, its margins and a scrollbar taken off.
            assert!(right < Some(drawing.width) && drawing.width < 1_200);
        }
    }

    #[test]
    fn codes_stand_below_their_stage_and_above_the_next_row() {
        let drawing = drawing(Language::En);
        let rows: Vec<_> = drawing.boxes.chunks(ROW).map(|row| row[0].y).collect();
        for refusal in &drawing.refusals {
            let next = rows.iter().find(|top| **top > refusal.from);
            let end = next.map_or(drawing.height, |top| top - GAP);
            let bases = refusal.codes.iter().map(|code| code.base);
            assert!(bases.clone().all(|base| refusal.to < base && base < end));
            assert!(bases.is_sorted());
        }
    }

    #[test]
    fn stages_are_those_of_the_gateways_pipeline_in_its_order() {
        let pipeline = include_str!("../../gateway/pipeline.rs");
        let line = pipeline
            .lines()
            .find(|line| line.starts_with("//! route → "));
        let line = line.expect("the order of a request");
        let stages = line.trim_start_matches("//! ").split(" → ");
        let (before, after) = (["[Admitted]"], ["outcome", "answer"]);
        let stages = stages.filter(|one| !before.contains(one) && !after.contains(one));
        // Evidence is asked for between two stages, and the answer is filtered after the bank's.
        let own = ["evidence", "filter"];
        let drawn = ROAD.iter().filter(|stop| !stop.is_end).map(|stop| stop.en);
        let drawn = drawn.filter(|name| !own.contains(name));
        assert_eq!(drawn.collect::<Vec<_>>(), stages.collect::<Vec<_>>());
    }

    #[test]
    fn codes_are_ones_that_the_gateway_tells_and_all_those_of_consent() {
        let table = include_str!("../../../README.md");
        let codes = || ROAD.iter().flat_map(|stop| stop.refusals);
        for code in codes() {
            assert!(table.contains(&format!("`{code}`")), "{code}");
        }
        // Every refusal that the model has of a consent on the road.
        let refusals = include_str!("../../model/refusal.rs");
        let told = refusals.split("=> \"").skip(1);
        let told = told.filter_map(|rest| rest.split('"').next());
        let of_consent = |code: &&str| code.starts_with("consent_") || *code == "not_covered";
        let mut of_consent: Vec<_> = told.filter(of_consent).collect();
        of_consent.extend(["no_consent", "bank_refused"]);
        for code in of_consent {
            assert!(codes().any(|drawn| *drawn == code), "{code}");
        }
    }
}
