//! The picture, as SVG that stands by itself: text stays text, strokes are 1.5 px, and it follows
//! the reader's light or dark scheme.

use std::fmt::Write as _;

use super::layout::{LINE, Layout, MARGIN, Place, TEXT};
use super::{Card, Scene, counted};
use crate::plan::Operation;

/// The colours of both schemes, and how each kind of part is drawn.
const STYLE: &str = "\
svg{--ink:#1b2430;--faint:#5b6673;--paper:#ffffff;--no:#a3261b}\
@media(prefers-color-scheme:dark){svg{--ink:#e8edf2;--faint:#a4afbb;--paper:#14191f;--no:#ff9c8f}}\
.paper{fill:var(--paper)}\
.part{fill:none;stroke:var(--ink);stroke-width:1.5}\
.way{fill:none;stroke:var(--faint);stroke-width:1.5}\
.dotted{stroke-dasharray:2 4}\
.no{fill:none;stroke:var(--no);stroke-width:1.5}\
.tip{fill:var(--faint)}\
text{fill:var(--ink);font:14px system-ui,sans-serif}\
.title{font-weight:600}\
.faint{fill:var(--faint)}\
.code{fill:var(--no)}";

/// The picture of an operation.
pub fn svg(operation: &Operation) -> String {
    let scene = Scene::of(operation);
    let layout = Layout::of(&scene);
    let mut pen = Pen(String::new());
    pen.open(&scene, &layout);
    pen.ways(&scene, &layout);
    pen.card(&scene.request, layout.request, 10.0);
    for (read, at) in scene.reads.iter().zip(&layout.reads) {
        pen.card(read, *at, 2.0);
    }
    if let Some(at) = layout.checks {
        pen.checks(&scene, &layout, at);
    }
    pen.card(&scene.reply, layout.reply, 10.0);
    pen.0.push_str("</svg>\n");
    pen.0
}

/// What is drawn so far. Writing to a text cannot fail.
struct Pen(String);

impl Pen {
    fn open(&mut self, scene: &Scene, layout: &Layout) {
        let (width, height) = (layout.width.ceil(), layout.height.ceil());
        let title = escaped(&scene.request.title);
        let _ = write!(
            self.0,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n\
             <desc id=\"desc\">{}</desc>\n<style>{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n",
            escaped(&described(scene)),
        );
    }

    /// The arrows of data, from the request to the reply.
    fn ways(&mut self, scene: &Scene, layout: &Layout) {
        let end = layout.checks.unwrap_or(layout.reply);
        for (level, at) in scene.levels.iter().zip(&layout.reads) {
            if *level == 0 {
                self.way(layout.request, *at);
            }
        }
        for (from, to) in &scene.edges {
            if let (Some(from), Some(to)) = (layout.reads.get(*from), layout.reads.get(*to)) {
                self.way(*from, *to);
            }
        }
        for last in &scene.last {
            if let Some(from) = layout.reads.get(*last) {
                self.way(*from, end);
            }
        }
        if scene.reads.is_empty() {
            self.way(layout.request, end);
        }
        if let Some(checks) = layout.checks {
            self.way(checks, layout.reply);
        }
    }

    /// A curve from the right of one to the left of the other, with a tip.
    fn way(&mut self, from: Place, to: Place) {
        let (x1, y1, x2, y2) = (from.right(), from.middle_y(), to.x, to.middle_y());
        let bend = (x2 - x1) / 2.0;
        let (a, b, end) = (x1 + bend, x2 - bend, x2 - 6.0);
        let _ = writeln!(
            self.0,
            "<path class=\"way\" d=\"M{x1:.1} {y1:.1}C{a:.1} {y1:.1} {b:.1} {y2:.1} \
             {end:.1} {y2:.1}\"/>\n<path class=\"tip\" d=\"M{x2:.1} {y2:.1}l-8 -4v8z\"/>",
        );
    }

    fn card(&mut self, card: &Card, at: Place, round: f32) {
        let _ = writeln!(
            self.0,
            "<rect class=\"part\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
             rx=\"{round}\"/>",
            at.x, at.y, at.width, at.height,
        );
        let first = at.y + MARGIN / 2.0 + TEXT;
        self.text("title", at.x + MARGIN, first, &card.title);
        for (line, below) in card.lines.iter().zip(1_u8..) {
            let y = first + f32::from(below) * LINE;
            self.text("faint", at.x + MARGIN, y, line);
        }
    }

    /// The diamond, and the way to each ending.
    fn checks(&mut self, scene: &Scene, layout: &Layout, at: Place) {
        let (x, y) = (at.middle_x(), at.middle_y());
        let _ = writeln!(
            self.0,
            "<path class=\"part\" d=\"M{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}z\"/>\n\
             <text class=\"title\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            at.y,
            at.right(),
            at.bottom(),
            at.x,
            y + TEXT / 3.0,
            counted(scene.checks),
        );
        for (ending, to) in scene.endings.iter().zip(&layout.endings) {
            let (way, said) = if ending.is_refusal {
                ("no", "code")
            } else {
                ("way", "title")
            };
            let _ = writeln!(
                self.0,
                "<path class=\"{way} dotted\" d=\"M{x:.1} {:.1}V{:.1}H{:.1}\"/>",
                at.bottom(),
                to.middle_y(),
                to.x - 4.0,
            );
            self.text(said, to.x, to.middle_y() + TEXT / 3.0, &ending.text);
        }
    }

    fn text(&mut self, class: &str, x: f32, y: f32, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.0,
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
        );
    }
}

/// The picture in words, for who does not see it.
fn described(scene: &Scene) -> String {
    let mut said = scene.request.lines.join(", ");
    for level in 0..scene.depth() {
        let here = scene.levels.iter().zip(&scene.reads);
        let names: Vec<&str> = here
            .filter(|(its, _)| **its == level)
            .map(|(_, read)| read.title.as_str())
            .collect();
        let _ = write!(said, "; then reads {}", names.join(" beside "));
    }
    if scene.checks > 0 {
        let _ = write!(said, "; then {}", counted(scene.checks));
        let endings: Vec<&str> = scene.endings.iter().map(|its| its.text.as_str()).collect();
        let _ = write!(said, ", which may end with {}", endings.join(", "));
    }
    let _ = write!(said, "; replies {}.", scene.reply.title);
    said
}

/// A text as XML holds it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML holds no other control characters.
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
