//! Every refusal code is documented and provoked from the front door by a test that names it.

use crate::tree::{none_of, root, sources};

fn codes() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("src/model/refusal.rs")).expect("the refusals");
    let list = text.split("pub fn code").nth(1).expect("the list of codes");
    list.lines()
        .filter_map(|line| line.split("=> \"").nth(1)?.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_refusal_is_provoked_by_a_journey() {
    let journeys: String = sources("tests/journeys", ".rs")
        .into_iter()
        .map(|s| s.text)
        .collect();
    let codes = codes();
    assert!(
        codes.len() >= 20,
        "the list of codes was not found: {codes:?}"
    );
    let complaints: Vec<String> = codes
        .iter()
        .filter(|code| !journeys.contains(&format!("\"{code}\"")))
        .map(|code| format!("no journey provokes {code}"))
        .collect();
    none_of(&complaints);
}

#[test]
fn every_refusal_stands_in_the_readme() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let complaints: Vec<String> = codes()
        .iter()
        .filter(|code| !readme.contains(&format!("`{code}`")))
        .map(|code| format!("README.md does not name {code}"))
        .collect();
    none_of(&complaints);
}
