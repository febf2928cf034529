//! The same as text that mermaid draws: `flowchart LR`.

use std::fmt::Write as _;

use super::{Card, Scene, counted};
use crate::plan::Operation;

/// The text of an operation. Writing to a text cannot fail.
pub fn mermaid(operation: &Operation) -> String {
    let scene = Scene::of(operation);
    let mut text = "flowchart LR\n".to_owned();
    let _ = writeln!(text, "  request([\"{}\"])", label(&scene.request));
    for (place, read) in scene.reads.iter().enumerate() {
        let _ = writeln!(text, "  read{place}[\"{}\"]", label(read));
    }
    if scene.checks > 0 {
        let _ = writeln!(text, "  checks{{\"{}\"}}", counted(scene.checks));
    }
    let _ = writeln!(text, "  reply([\"{}\"])", label(&scene.reply));
    ways(&scene, &mut text);
    for (place, ending) in scene.endings.iter().enumerate() {
        let ending = quoted(&ending.text);
        let _ = writeln!(text, "  checks -.-> ending{place}[/\"{ending}\"/]");
    }
    text
}

fn ways(scene: &Scene, text: &mut String) {
    let end = if scene.checks > 0 { "checks" } else { "reply" };
    for (place, level) in scene.levels.iter().enumerate() {
        if *level == 0 {
            let _ = writeln!(text, "  request --> read{place}");
        }
    }
    for (from, to) in &scene.edges {
        let _ = writeln!(text, "  read{from} --> read{to}");
    }
    for last in &scene.last {
        let _ = writeln!(text, "  read{last} --> {end}");
    }
    if scene.reads.is_empty() {
        let _ = writeln!(text, "  request --> {end}");
    }
    if scene.checks > 0 {
        text.push_str("  checks --> reply\n");
    }
}

fn label(card: &Card) -> String {
    let lines = std::iter::once(&card.title).chain(&card.lines);
    lines
        .map(|line| quoted(line))
        .collect::<Vec<_>>()
        .join("<br>")
}

/// A text inside quotes: mermaid has entities of its own.
fn quoted(text: &str) -> String {
    let plain = text.replace('&', "#amp;").replace('"', "#quot;");
    plain.replace('<', "#lt;").replace('>', "#gt;")
}
