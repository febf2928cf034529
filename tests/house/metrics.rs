//! What is measured is one closed list: in the rooms' `metrics.rs`, and in the README, where
//! operators read of it.

use std::collections::BTreeSet;

use crate::tree::{none_of, root, sources};

/// The labels that there are. Their values are ids of the configuration, or words of the code.
const LABELS: &[&str] = &[
    "bank",
    "class",
    "code",
    "endpoint",
    "listener",
    "operation",
    "outcome",
    "partner",
    "product",
    "standing",
    "status",
    "upstream",
    "version",
];

/// What a unit may be called.
const UNITS: &[&str] = &["_total", "_seconds", "_bytes"];

/// One measure as its source states it.
struct Stated {
    path: String,
    name: String,
    kind: String,
    help: String,
    labels: Vec<String>,
}

fn stated() -> Vec<Stated> {
    let files = sources("src", ".rs").into_iter();
    let files = files.filter(|source| !source.path.starts_with("src/model/"));
    let mut found = Vec::new();
    for source in files {
        for part in source
            .without_tests()
            .split(": Measure = Measure {")
            .skip(1)
        {
            let part = part.split("\n};").next().unwrap_or(part);
            let after = |key: &str| part.split(key).nth(1).unwrap_or_default();
            let quoted = |text: &str| text.split('"').nth(1).unwrap_or_default().to_owned();
            let labels = after("labels: &[").split(']').next().unwrap_or_default();
            found.push(Stated {
                path: source.path.clone(),
                name: quoted(after("name: ")),
                kind: after("kind: ")
                    .split([',', '('])
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
                help: quoted(after("help: ")),
                labels: labels
                    .split('"')
                    .skip(1)
                    .step_by(2)
                    .map(str::to_owned)
                    .collect(),
            });
        }
    }
    found
}

#[test]
fn measures_stand_in_metrics_files_with_help_units_and_closed_labels() {
    let mut complaints = Vec::new();
    let mut names = BTreeSet::new();
    for Stated {
        path,
        name,
        kind,
        help,
        labels,
    } in stated()
    {
        let mut complain = |what: &str| complaints.push(format!("{path}: {name}: {what}"));
        if !path.ends_with("/metrics.rs") {
            complain("does not stand in a metrics.rs");
        }
        if !name.starts_with("mortise_") && !name.starts_with("process_") {
            complain("has no prefix");
        }
        if name.ends_with("_total") != (kind == "Kind::Counter") {
            complain("counters, and they alone, end in _total");
        }
        if kind == "SECONDS" && !name.ends_with("_seconds") {
            complain("lacks its unit");
        }
        let has_unit = UNITS.iter().any(|unit| name.ends_with(unit));
        if !has_unit && kind == "Kind::Counter" {
            complain("lacks its unit");
        }
        if !help.ends_with('.') || help.len() < 12 {
            complain("has no sentence that says what it is");
        }
        for label in labels
            .iter()
            .filter(|label| !LABELS.contains(&label.as_str()))
        {
            complain(&format!("the label {label} is not on the list"));
        }
        if !names.insert(name.clone()) {
            complain("is stated twice");
        }
    }
    assert!(names.len() >= 30, "the measures were not found: {names:?}");
    none_of(&complaints);
}

#[test]
fn the_readme_names_every_measure_and_no_other() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let names: BTreeSet<String> = stated().into_iter().map(|stated| stated.name).collect();
    let mut complaints: Vec<String> = names
        .iter()
        .filter(|name| !readme.contains(&format!("`{name}`")))
        .map(|name| format!("README.md does not name {name}"))
        .collect();
    for word in readme.split('`').skip(1).step_by(2) {
        let is_one = word.starts_with("mortise_") || word.starts_with("process_");
        if is_one && !names.contains(word) {
            complaints.push(format!("README.md names {word}, which nothing measures"));
        }
    }
    none_of(&complaints);
}
