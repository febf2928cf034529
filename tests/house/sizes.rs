//! Sizes: files of at most 500 lines without their tests, functions of at most 70, lines of at most
//! 100 columns, folders of about 15 files.

use std::collections::BTreeMap;

use crate::text::code;
use crate::tree::{none_of, sources};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const LINE_COLUMNS_MAX: usize = 100;
const FOLDER_FILES_MAX: usize = 20;

#[test]
fn no_file_is_longer_than_500_lines_without_its_tests() {
    let complaints: Vec<String> = sources("src", ".rs")
        .iter()
        .chain(&sources("tests", ".rs"))
        .filter(|source| !source.path.ends_with("/tests.rs"))
        .filter_map(|source| {
            let lines = source.without_tests().lines().count();
            (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", source.path))
        })
        .collect();
    none_of(&complaints);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let mut complaints = Vec::new();
    for source in sources("src", ".rs") {
        if source.is_tests() {
            continue;
        }
        for (name, lines) in functions(source.without_tests()) {
            if lines > FUNCTION_LINES_MAX {
                complaints.push(format!("{}: {name}: {lines} lines", source.path));
            }
        }
    }
    none_of(&complaints);
}

/// Functions and their lengths, by rustfmt's indentation: the closing brace stands under the `fn`.
fn functions(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let head = trimmed.split('(').next().unwrap_or(trimmed);
        let is_function = head.split_whitespace().any(|word| word == "fn")
            && !trimmed.starts_with("//")
            && !trimmed.starts_with('"');
        if !is_function {
            continue;
        }
        // What a trait only declares has no body.
        let mut head_lines = lines.iter().skip(at);
        let last_of_head = head_lines.find(|line| line.ends_with(['{', ';', '}']));
        if last_of_head.is_some_and(|line| line.ends_with(';')) {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let end = lines.iter().skip(at).position(|line| *line == closing);
        if let Some(length) = end {
            found.push((head.to_owned(), length + 1));
        }
    }
    found
}

#[test]
fn no_line_is_longer_than_100_columns() {
    let mut complaints = Vec::new();
    for source in sources("src", ".rs").iter().chain(&sources("tests", ".rs")) {
        for number in long_lines(&source.text) {
            complaints.push(format!("{}:{number}", source.path));
        }
    }
    none_of(&complaints);
}

/// The numbers of the lines that are too long, but for those with a literal, a row of a table or
/// a link: breaking these makes nothing plainer.
fn long_lines(text: &str) -> Vec<usize> {
    let is_free = |line: &str, code: &str| {
        let table = ["//! |", "/// |"];
        code.contains('"')
            || table.iter().any(|row| line.trim_start().starts_with(row))
            || line.contains("://")
    };
    text.lines()
        .zip(code(text).lines())
        .enumerate()
        .filter(|(_, (line, code))| line.chars().count() > LINE_COLUMNS_MAX && !is_free(line, code))
        .map(|(at, _)| at + 1)
        .collect()
}

#[test]
fn no_folder_holds_too_many_files() {
    let mut folders: BTreeMap<String, usize> = BTreeMap::new();
    for source in sources("src", ".rs") {
        let folder = source
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned();
        *folders.entry(folder).or_default() += 1;
    }
    let complaints: Vec<String> = folders
        .iter()
        .filter(|(_, files)| **files > FOLDER_FILES_MAX)
        .map(|(folder, files)| format!("{folder}: {files} files"))
        .collect();
    none_of(&complaints);
}

#[test]
fn the_length_of_a_function_is_measured_to_its_brace() {
    let text = "fn one() {\n    two();\n}\n\nimpl X {\n    fn three() {\n        4\n    }\n}\n";
    let lengths: Vec<usize> = functions(text)
        .into_iter()
        .map(|(_, lines)| lines)
        .collect();
    assert_eq!(lengths, [3, 3]);
}

#[test]
fn lines_are_measured_in_characters_and_literals_are_free() {
    let long = "x".repeat(LINE_COLUMNS_MAX);
    let text = format!("{long}\n{long}y\n// {long}\n\"{long}\n{long}y\"\n/// | {long} |\n");
    assert_eq!(long_lines(&text), [2, 3]);
    assert!(long_lines(&"迅".repeat(LINE_COLUMNS_MAX)).is_empty());
}
