//! The closed list of log fields is closed both ways: what is logged is on it, and nothing stands
//! on it that is never logged.

use std::collections::BTreeSet;
use std::fs;

use crate::text::{closing, code, parts};
use crate::tree::{none_of, root, sources};

const LIST: &str = "src/app/telemetry/fields.rs";

/// The level from which lines are written, and those above it.
const WRITTEN: &[&str] = &["info", "warn", "error"];

/// One event in the sources.
struct Logged {
    level: String,
    fields: Vec<String>,
}

#[test]
fn every_field_that_is_logged_is_on_the_list_and_none_else() {
    let listed = listed();
    let mut complaints = Vec::new();
    let mut used = BTreeSet::new();
    for source in sources("src", ".rs") {
        if source.is_tests() {
            continue;
        }
        let mut events = logged(source.without_tests());
        events.retain(|logged| WRITTEN.contains(&logged.level.as_str()));
        let fields = events.into_iter().flat_map(|logged| logged.fields);
        for field in fields.chain(told(source.without_tests())) {
            if !listed.contains(&field) {
                complaints.push(format!("{}: {field} is not in FIELDS", source.path));
            }
            used.insert(field);
        }
    }
    assert!(used.len() >= 5, "the events were not found: {used:?}");
    for field in listed.difference(&used) {
        complaints.push(format!(
            "{LIST}: nothing at INFO or above has the field {field}"
        ));
    }
    none_of(&complaints);
}

#[test]
fn events_are_named_by_their_path() {
    let mut complaints = Vec::new();
    for source in sources("src", ".rs") {
        let code = code(&source.text);
        for part in code.split("use tracing::").skip(1) {
            let imported = part.split(';').next().unwrap_or(part);
            let words = imported.split(|c: char| !c.is_alphanumeric() && c != '_');
            for word in words.filter(|word| WRITTEN.contains(word) || *word == "event") {
                complaints.push(format!("{}: imports tracing::{word}", source.path));
            }
        }
        if code.contains("tracing::event!") {
            complaints.push(format!("{}: an event without a level's name", source.path));
        }
    }
    none_of(&complaints);
}

fn listed() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(LIST)).expect("the list of fields");
    let list = text.split("const FIELDS: &[&str] = &[").nth(1);
    let list = list.and_then(|rest| rest.split(']').next());
    list.expect("the constant FIELDS")
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn logged(text: &str) -> Vec<Logged> {
    let code = code(text);
    let mut found = Vec::new();
    for (at, head) in code.match_indices("tracing::") {
        let rest = &code[at + head.len()..];
        let Some((level, _)) = rest.split_once("!(") else {
            continue;
        };
        if !level.chars().all(|c| c.is_ascii_lowercase()) {
            continue;
        }
        let open = at + head.len() + level.len() + 1;
        let end = closing(&code, open).expect("a closed macro");
        found.push(Logged {
            level: level.to_owned(),
            fields: fields(&code[open + 1..end - 1]),
        });
    }
    found
}

/// The fields of the lines that are written one by one; what is no literal as it stands.
fn told(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for line in text.split("telemetry::tell(").skip(1) {
        for call in line.split("fields.").skip(1) {
            let argument = call.split_once('(').map_or(call, |(_, rest)| rest);
            let argument = argument.split([',', ')']).next().unwrap_or(argument).trim();
            names.push(argument.trim_matches('"').to_owned());
        }
    }
    names
}

/// The names of an event's fields: `name = value`, `%name`, `?name`, `name`, in braces or not.
fn fields(arguments: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in parts(arguments) {
        if part.starts_with('"') || part.starts_with("target:") {
            continue;
        }
        if let Some(group) = part.strip_prefix('{') {
            names.extend(fields(group.strip_suffix('}').unwrap_or(group)));
            continue;
        }
        let name = part.split('=').next().unwrap_or(part).trim();
        names.push(name.trim_start_matches(['%', '?']).to_owned());
    }
    names
}

#[test]
fn the_fields_of_an_event_are_read() {
    let text = "tracing::info!(target: \"a\", { a.b = %f(1, 2), c = d }, \"e, {f}\");\n\
                tracing::warn!(%error, ?g, h, \"i\");";
    let found: Vec<(String, String)> = logged(text)
        .into_iter()
        .map(|logged| (logged.level, logged.fields.join(" ")))
        .collect();
    let expected = [("info", "a.b c"), ("warn", "error g h")];
    assert_eq!(
        found,
        expected.map(|(level, fields)| (level.to_owned(), fields.to_owned()))
    );
}

#[test]
fn the_fields_of_a_line_that_is_told_are_read() {
    let text = "telemetry::tell(at, of, |fields| {\n\
                fields.word(\"a.b\", c());\n fields.number(\n\"d\",\n1); fields.word(e, f);\n});";
    assert_eq!(told(text), ["a.b", "d", "e"]);
    assert!(told("fields.word(\"a\", b)").is_empty());
}
