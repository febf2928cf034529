//! Words: no folder named for a kind, no bare marker of things left, no sleeping or skipped test,
//! no word of where the project was made.

use crate::tree::{none_of, sources};

#[test]
fn folders_are_named_for_subjects() {
    let banned = [
        "utils", "util", "helpers", "common", "misc", "types", "services", "mod",
    ];
    let complaints: Vec<String> = sources("src", ".rs")
        .iter()
        .chain(&sources("tests", ".rs"))
        .filter(|source| {
            source
                .path
                .trim_end_matches(".rs")
                .split('/')
                .any(|part| banned.contains(&part))
        })
        .map(|source| source.path.clone())
        .collect();
    none_of(&complaints);
}

#[test]
fn nothing_is_left_for_later_without_an_issue() {
    let bare = ["TO", "DO"].concat();
    let fix = ["FIX", "ME"].concat();
    let mut complaints = Vec::new();
    for source in sources("src", ".rs").iter().chain(&sources("tests", ".rs")) {
        for (number, line) in source.text.lines().enumerate() {
            let is_bare = line.contains(&bare) && !line.contains(&format!("{bare}(#"));
            if is_bare || line.contains(&fix) {
                complaints.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn tests_neither_sleep_nor_skip() {
    let sleeps = ["sle", "ep("].concat();
    let ignored = ["#[ign", "ore"].concat();
    let mut complaints = Vec::new();
    for source in sources("src", ".rs").iter().chain(&sources("tests", ".rs")) {
        let tests = if source.is_tests() {
            source.text.as_str()
        } else {
            source
                .text
                .strip_prefix(source.without_tests())
                .unwrap_or("")
        };
        for line in tests.lines() {
            if line.contains(&sleeps) || line.contains(&ignored) {
                complaints.push(format!("{}: {}", source.path, line.trim()));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn the_project_speaks_of_the_project_alone() {
    let banned = ["/wo", "/tm", "/ro", "/ho"].map(|start| match start {
        "/wo" => ["/wo", "rk/"].concat(),
        "/tm" => ["/tm", "p/plan"].concat(),
        "/ro" => ["/ro", "ot/"].concat(),
        _ => ["/ho", "me/"].concat(),
    });
    let mut complaints = Vec::new();
    for ending in [
        ".rs", ".toml", ".yaml", ".md", ".sh", ".py", ".mjs", ".json", "run",
    ] {
        for source in sources("", ending) {
            for word in &banned {
                if source.text.contains(word.as_str()) {
                    complaints.push(format!("{} names {word}", source.path));
                }
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn npm_packages_are_exact_and_their_lock_names_no_registry() {
    let mut complaints = Vec::new();
    for source in sources("", "package-lock.json") {
        for line in source
            .text
            .lines()
            .filter(|line| line.contains("\"resolved\""))
        {
            complaints.push(format!("{}: {}", source.path, line.trim()));
        }
    }
    for source in sources("", "package.json") {
        let (_, rest) = source
            .text
            .split_once("ependencies\": {")
            .unwrap_or_default();
        let listed = rest.split('}').next().unwrap_or_default();
        for line in listed.lines().filter(|line| line.contains(": ")) {
            let version = line.split(": ").nth(1).unwrap_or_default();
            let version = version.trim_end_matches(',').trim_matches('"');
            if !version.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
                complaints.push(format!("{}: {}", source.path, line.trim()));
            }
        }
    }
    none_of(&complaints);
}
