//! Fuzz targets: every function that the rooms have for fuzzers is a target, and every target has
//! its corpus, which the room's own tests run.

use std::fs;

use crate::tree::{none_of, root, sources};

/// The targets: the folder of the corpus and the function.
fn targets() -> Vec<(String, String)> {
    let text = fs::read_to_string(root().join("tests/fuzz/main.rs")).expect("the targets");
    let list = text.split("TARGETS: ").nth(1).expect("the list");
    let list = list.split(';').next().unwrap_or_default();
    let one = |part: &str| {
        let (name, rest) = part.strip_prefix('"')?.split_once("\", ")?;
        let function = rest.split(')').next()?.rsplit("::").next()?;
        Some((name.to_owned(), function.to_owned()))
    };
    list.split('(').filter_map(one).collect()
}

#[test]
fn every_function_for_fuzzers_is_a_target_whose_corpus_the_tests_run() {
    let targets = targets();
    let mut complaints = Vec::new();
    let sources = sources("src", ".rs");
    for source in &sources {
        for (at, _) in source.text.match_indices("pub fn fuzz_") {
            let name = source.text[at + 7..].split('(').next().unwrap_or_default();
            if !targets.iter().any(|(_, function)| function == name) {
                complaints.push(format!("{}: {name} is no target", source.path));
            }
        }
    }
    for (name, _) in &targets {
        let corpus = fs::read_dir(root().join("tests/fuzz").join(name));
        if corpus.map_or(0, Iterator::count) == 0 {
            complaints.push(format!("tests/fuzz/{name}: no corpus"));
        }
        let path = format!("tests/fuzz/{name}\"");
        if !sources.iter().any(|source| source.text.contains(&path)) {
            complaints.push(format!("no test of a room runs tests/fuzz/{name}"));
        }
    }
    assert!(!targets.is_empty(), "the targets were not found");
    none_of(&complaints);
}
