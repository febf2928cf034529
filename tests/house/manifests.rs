//! Manifests: what is declared is used.

use std::fs;

use crate::text::code;
use crate::tree::{none_of, rooms, root, sources};

/// The text of a package's manifest.
pub(crate) fn manifest(package: &str) -> String {
    fs::read_to_string(root().join(package).join("Cargo.toml")).expect("a manifest")
}

/// The keys of a table of a manifest.
pub(crate) fn table(manifest: &str, name: &str) -> Vec<String> {
    format!("\n{manifest}")
        .split("\n[")
        .filter(|table| table.starts_with(&format!("{name}]")))
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| line.split_once(['=', '.']).map(|(key, _)| key.trim()))
        .filter(|key| !key.is_empty() && !key.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Each package: its folder, and where its sources are.
fn packages() -> Vec<(String, Vec<String>)> {
    let own = [
        "src/main.rs",
        "tests/journeys",
        "tests/mutants",
        "tests/ports",
    ];
    let mut packages = vec![(String::new(), own.map(str::to_owned).to_vec())];
    let rooms = rooms().into_iter().map(|room| format!("src/{room}"));
    let own = [
        "tests/kit",
        "tests/faulty",
        "tests/house",
        "tests/bench/lgen",
    ]
    .map(str::to_owned);
    for folder in rooms.chain(own) {
        packages.push((folder.clone(), vec![folder]));
    }
    packages
}

#[test]
fn every_dependency_of_a_package_is_used() {
    let mut complaints = Vec::new();
    for (package, folders) in packages() {
        let (mut product, mut all) = (String::new(), String::new());
        for source in sources("", ".rs") {
            let is_own = folders.iter().any(|folder| {
                source.path == *folder || source.path.starts_with(&format!("{folder}/"))
            });
            if is_own {
                all.push_str(&code(&source.text));
                if !source.path.contains("/tests/") && !source.path.ends_with("/tests.rs") {
                    product.push_str(&code(source.without_tests()));
                }
            }
        }
        let manifest = manifest(&package);
        for (kind, text) in [("dependencies", &product), ("dev-dependencies", &all)] {
            for dependency in table(&manifest, kind) {
                if !names(text, &dependency.replace('-', "_")) {
                    complaints.push(format!("{package}/Cargo.toml [{kind}]: {dependency}"));
                }
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn every_dependency_of_the_workspace_is_used_by_a_package() {
    let manifests: Vec<String> = packages()
        .iter()
        .map(|(package, _)| manifest(package))
        .collect();
    let used: Vec<String> = manifests
        .iter()
        .flat_map(|manifest| {
            let mut used = table(manifest, "dependencies");
            used.extend(table(manifest, "dev-dependencies"));
            used
        })
        .collect();
    let declared = table(&manifest(""), "workspace.dependencies");
    assert!(declared.len() >= 20, "not found: {declared:?}");
    let complaints: Vec<String> = declared
        .iter()
        .filter(|name| !used.contains(name))
        .map(|name| format!("Cargo.toml: no package uses {name}"))
        .collect();
    none_of(&complaints);
}

/// Whether the text names a crate: `name::` or `use name;`, not as the end of a longer word.
fn names(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = &code[at + name.len()..];
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            && (after.starts_with("::") || (after.starts_with(';') && code[..at].ends_with("use ")))
    })
}

#[test]
fn a_crate_is_told_from_a_longer_word() {
    assert!(names("use http::Uri;", "http") && names("use url;", "url"));
    assert!(!names("my_http::x; a::http::y; http_body::z", "http"));
    assert_eq!(
        table("[a]\nb = 1\n# c = 2\nd.workspace = true\n[e]\nf = 1", "a"),
        ["b", "d"]
    );
}
