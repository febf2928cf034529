//! Floors and arrows: a room imports only from floors below; heavy things have one door; files of
//! one room do not import each other in circles.

use std::collections::{BTreeMap, BTreeSet};

use crate::manifests::{manifest, table};
use crate::text::{closing, code, parts};
use crate::tree::{none_of, rooms, sources};

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
    ("rcgen", &["identity", "sandbox"]),
    ("aws-lc-rs", &["crypto"]),
    ("governor", &["gateway"]),
    ("minijinja", &["web"]),
    ("fluent-bundle", &["web"]),
    ("unic-langid", &["web"]),
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
    table(&manifest(&format!("src/{room}")), "dependencies")
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

/// File → files of the same room that it names by `crate::` or `super::`, imported or in the midst
/// of its text.
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
        let to: BTreeSet<String> = named(file.without_tests(), &from)
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

/// The paths that a module's text names by `crate::` or `super::`, written from the room's root.
fn named(text: &str, module: &str) -> Vec<String> {
    let code = code(text);
    let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
    let parent: Vec<&str> = parent.split("::").filter(|part| !part.is_empty()).collect();
    let mut paths = Vec::new();
    for (root, stem) in [("crate::", Vec::new()), ("super::", parent)] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || "_:$".contains(c)) {
                paths.extend(spelt_out(&code[at + root.len()..], &stem));
            }
        }
    }
    paths
}

/// The paths that begin here, those in braces each by itself.
fn spelt_out(code: &str, stem: &[&str]) -> Vec<String> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = code.find(|c| !is_path(c)).unwrap_or(code.len());
    let (path, rest) = code.split_at(end);
    let mut stem = stem.to_vec();
    for part in path.split("::").filter(|part| !part.is_empty()) {
        match part {
            "super" => drop(stem.pop()),
            "self" => {}
            _ => stem.push(part),
        }
    }
    match closing(rest, 0) {
        Some(end) if path.ends_with("::") && rest.starts_with('{') => parts(&rest[1..end - 1])
            .into_iter()
            .flat_map(|part| spelt_out(part, &stem))
            .collect(),
        _ => vec![stem.join("::")],
    }
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

#[test]
fn paths_are_found_wherever_they_stand() {
    let text = "use crate::a::{B, c::{D, self}};\nuse super::e::F;\n// crate::no\n\
                fn g() -> crate::h::I { super::super::j(\"crate::no\") }\n";
    assert_eq!(
        named(text, "x::y::z"),
        ["a::B", "a::c::D", "a::c", "h::I", "x::y::e::F", "x::j"]
    );
}
