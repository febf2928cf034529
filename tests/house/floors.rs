//! Floors and arrows: a room imports only from floors below; heavy things have one door; files of
//! one room do not import each other in circles.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::tree::{none_of, rooms, root, sources};

/// The plan, from the ground up.
const FLOORS: &[&[&str]] = &[
    &["model", "crypto", "openapi"],
    &[
        "identity",
        "web",
        "edge",
        "upstream",
        "blocks",
        "store",
        "audit",
        "plugin_host",
    ],
    &["gateway", "authserver", "consent", "admin", "sandbox"],
    &["config"],
    &["app"],
];

/// Heavy dependencies and the rooms that may name them.
const DOORS: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["store"]),
    ("redis", &["store"]),
    ("wasmtime", &["plugin_host"]),
    ("tokio-rustls", &["edge", "upstream"]),
    ("hyper", &["edge", "upstream"]),
    ("serde-saphyr", &["config"]),
    ("rcgen", &["sandbox"]),
    ("aws-lc-rs", &["crypto"]),
    ("governor", &["gateway"]),
    ("clap", &["app"]),
];

fn floor(room: &str) -> usize {
    FLOORS
        .iter()
        .position(|rooms| rooms.contains(&room))
        .unwrap_or_else(|| panic!("the room {room} stands on no floor of the plan"))
}

/// The names under `[dependencies]` of a room's manifest.
fn dependencies(room: &str) -> Vec<String> {
    let manifest = root().join("src").join(room).join("Cargo.toml");
    let text = fs::read_to_string(manifest).expect("a manifest");
    text.split("\n[")
        .filter(|table| table.starts_with("dependencies]"))
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().to_owned()))
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect()
}

#[test]
fn a_room_imports_only_from_floors_below() {
    let rooms = rooms();
    let mut complaints = Vec::new();
    for room in &rooms {
        for dependency in dependencies(room) {
            if rooms.contains(&dependency) && floor(&dependency) >= floor(room) {
                complaints.push(format!(
                    "{room} (floor {}) imports {dependency}",
                    floor(room)
                ));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn heavy_dependencies_have_one_door() {
    let mut complaints = Vec::new();
    for room in rooms() {
        for dependency in dependencies(&room) {
            let door = DOORS.iter().find(|(name, _)| *name == dependency);
            if let Some((name, allowed)) = door
                && !allowed.contains(&room.as_str())
            {
                complaints.push(format!("{room} names {name}, which belongs to {allowed:?}"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn every_dependency_of_a_room_is_used() {
    let mut complaints = Vec::new();
    for room in rooms() {
        let text: String = sources(&format!("src/{room}"), ".rs")
            .into_iter()
            .map(|source| source.text)
            .collect();
        for dependency in dependencies(&room) {
            let name = dependency.replace('-', "_");
            if !text.contains(&format!("{name}::")) && !text.contains(&format!("use {name};")) {
                complaints.push(format!("{room} never uses {dependency}"));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn files_of_a_room_do_not_import_each_other_in_circles() {
    let mut complaints = Vec::new();
    for room in rooms() {
        let arrows = arrows(&room);
        for start in arrows.keys() {
            if let Some(circle) = circle(start, &arrows) {
                complaints.push(format!("{room}: {}", circle.join(" → ")));
            }
        }
    }
    none_of(&complaints);
}

/// File → files of the same room that it imports by `crate::`. A parent that declares a child is
/// no arrow; a child that uses its parent is one.
fn arrows(room: &str) -> BTreeMap<String, BTreeSet<String>> {
    let files = sources(&format!("src/{room}"), ".rs");
    let module = |path: &str| {
        path.trim_start_matches(&format!("src/{room}/"))
            .trim_end_matches(".rs")
            .replace('/', "::")
    };
    let modules: BTreeSet<String> = files.iter().map(|f| module(&f.path)).collect();
    let mut arrows = BTreeMap::new();
    for file in files
        .iter()
        .filter(|f| !f.is_tests() && !f.path.ends_with("/lib.rs"))
    {
        let from = module(&file.path);
        let to: BTreeSet<String> = imported(file.without_tests())
            .iter()
            .filter_map(|path| longest(path, &modules))
            .filter(|to| *to != from && !is_family(&from, to))
            .collect();
        arrows.insert(from, to);
    }
    arrows
}

/// Parent and child are one subject in two files: their arrows are not counted.
fn is_family(a: &str, b: &str) -> bool {
    a.starts_with(&format!("{b}::")) || b.starts_with(&format!("{a}::"))
}

fn imported(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for statement in text.split(';') {
        let Some(at) = statement.find("use crate::") else {
            continue;
        };
        let path = &statement[at + "use crate::".len()..];
        match path.split_once('{') {
            Some((stem, names)) => {
                for name in names.trim_end_matches('}').split(',') {
                    paths.push(format!("{stem}{}", name.trim()));
                }
            }
            None => paths.push(path.trim().to_owned()),
        }
    }
    paths
}

fn longest(path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut parts: Vec<&str> = path.split("::").collect();
    while !parts.is_empty() {
        let module = parts.join("::");
        if modules.contains(&module) {
            return Some(module);
        }
        parts.pop();
    }
    None
}

fn circle(start: &str, arrows: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut trail = vec![start.to_owned()];
    let mut seen = BTreeSet::new();
    find(start, start, arrows, &mut seen, &mut trail).then_some(trail)
}

fn find(
    at: &str,
    goal: &str,
    arrows: &BTreeMap<String, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
    trail: &mut Vec<String>,
) -> bool {
    for next in arrows.get(at).into_iter().flatten() {
        trail.push(next.clone());
        if next == goal || (seen.insert(next.clone()) && find(next, goal, arrows, seen, trail)) {
            return true;
        }
        trail.pop();
    }
    false
}
