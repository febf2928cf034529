//! Where everything of a drawing stands: columns from left to right, in pixels.

use super::{Card, Scene};

/// Space around the drawing, and between the text of a box and its border.
pub(super) const MARGIN: f32 = 16.0;
/// From one line of text to the next.
pub(super) const LINE: f32 = 20.0;
/// The size of the text.
pub(super) const TEXT: f32 = 14.0;
/// Between columns, where arrows run.
const GAP_X: f32 = 56.0;
/// Between boxes of a column.
const GAP_Y: f32 = 24.0;
/// From the middle of the diamond to its corners.
const DIAMOND: f32 = 44.0;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Place {
    pub(super) fn right(self) -> f32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> f32 {
        self.y + self.height
    }

    pub(super) fn middle_x(self) -> f32 {
        self.x + self.width / 2.0
    }

    pub(super) fn middle_y(self) -> f32 {
        self.y + self.height / 2.0
    }
}

/// Where the parts of a scene stand.
pub(super) struct Layout {
    pub(super) width: f32,
    pub(super) height: f32,
    pub(super) request: Place,
    pub(super) reads: Vec<Place>,
    /// The diamond, where there are checks.
    pub(super) checks: Option<Place>,
    /// Where the text of each ending begins.
    pub(super) endings: Vec<Place>,
    pub(super) reply: Place,
}

impl Layout {
    pub(super) fn of(scene: &Scene) -> Self {
        let tallest = tallest(scene);
        let middle = MARGIN + tallest / 2.0;
        let request = centred(MARGIN, middle, card(&scene.request));
        let mut x = request.right() + GAP_X;
        let mut reads = vec![request; scene.reads.len()];
        for level in 0..scene.depth() {
            x = column(scene, level, x, middle, &mut reads) + GAP_X;
        }
        let checks = (scene.checks > 0).then(|| {
            let side = 2.0 * DIAMOND;
            centred(x, middle, (side, side))
        });
        let endings = checks.map_or_else(Vec::new, |at| endings(scene, at));
        // The reply stands beside the endings, which are often longer than the diamond is wide.
        let behind = checks.map_or(x, |at| at.right() + GAP_X);
        let reply = centred(behind, middle, card(&scene.reply));
        let every = reads.iter().chain(&endings).chain(&checks);
        let every = every.chain([&request, &reply]);
        let (mut width, mut height) = (0.0_f32, 0.0_f32);
        for place in every {
            width = width.max(place.right());
            height = height.max(place.bottom());
        }
        Self {
            width: width + MARGIN,
            height: height + MARGIN,
            request,
            reads,
            checks,
            endings,
            reply,
        }
    }
}

/// Stands the boxes of a level below each other; where the column ends.
fn column(scene: &Scene, level: usize, x: f32, middle: f32, reads: &mut [Place]) -> f32 {
    let of_level = |scene: &Scene| {
        let levels = scene.levels.iter().enumerate();
        let here = levels.filter(move |(_, its)| **its == level);
        here.map(|(place, _)| place).collect::<Vec<_>>()
    };
    let places = of_level(scene);
    let sizes: Vec<(f32, f32)> = places
        .iter()
        .filter_map(|place| scene.reads.get(*place))
        .map(card)
        .collect();
    let width = sizes.iter().map(|size| size.0).fold(0.0, f32::max);
    let mut y = middle - height_of(&sizes) / 2.0;
    for (place, (_, height)) in places.iter().zip(&sizes) {
        if let Some(at) = reads.get_mut(*place) {
            *at = Place {
                x,
                y,
                width,
                height: *height,
            };
        }
        y += height + GAP_Y;
    }
    x + width
}

/// The endings, below the diamond and to the right of its lower corner.
fn endings(scene: &Scene, diamond: Place) -> Vec<Place> {
    let first = diamond.bottom() + GAP_Y;
    let below = scene.endings.iter().zip(0_u8..);
    below
        .map(|(ending, place)| Place {
            x: diamond.middle_x() + GAP_X / 2.0,
            y: first + f32::from(place) * (LINE + 8.0),
            width: width_of(&ending.text),
            height: LINE,
        })
        .collect()
}

/// The height of the tallest column of boxes.
fn tallest(scene: &Scene) -> f32 {
    let mut tallest = 2.0 * DIAMOND;
    for level in 0..scene.depth() {
        let here = scene.levels.iter().zip(&scene.reads);
        let here = here.filter(|(its, _)| **its == level);
        let sizes: Vec<(f32, f32)> = here.map(|(_, read)| card(read)).collect();
        tallest = f32::max(tallest, height_of(&sizes));
    }
    let ends = [&scene.request, &scene.reply];
    ends.into_iter()
        .map(|end| card(end).1)
        .fold(tallest, f32::max)
}

/// The height of boxes below each other.
fn height_of(sizes: &[(f32, f32)]) -> f32 {
    let boxes: f32 = sizes.iter().map(|size| size.1 + GAP_Y).sum();
    (boxes - GAP_Y).max(0.0)
}

/// The size of a box: its widest line, and all of them.
fn card(card: &Card) -> (f32, f32) {
    let lines = std::iter::once(&card.title).chain(&card.lines);
    let (mut width, mut height) = (0.0_f32, 0.0_f32);
    for line in lines {
        width = width.max(width_of(line));
        height += LINE;
    }
    (width + 2.0 * MARGIN, height + MARGIN)
}

fn centred(x: f32, middle: f32, (width, height): (f32, f32)) -> Place {
    Place {
        x,
        y: middle - height / 2.0,
        width,
        height,
    }
}

/// How wide a text may be, whichever font draws it: letters of the East are squares.
fn width_of(text: &str) -> f32 {
    let letter = |letter: char| if letter.is_ascii() { 0.62 } else { 1.0 };
    text.chars().map(letter).sum::<f32>() * TEXT
}
