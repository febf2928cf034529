//! Each room opens with its header: what it is for, its doors, how a value goes through, what is
//! absent on purpose; and `lib.rs` holds nothing else.

use crate::tree::{none_of, sources};

#[test]
fn every_lib_has_a_header_and_nothing_but_doors() {
    let mut complaints = Vec::new();
    for source in sources("src", "/lib.rs") {
        let header: String = source
            .text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .map(|line| line.trim_start_matches("//!").trim())
            .collect::<Vec<_>>()
            .join(" ")
            .to_lowercase();
        for part in [
            "for",
            "doors",
            "how a value goes through",
            "absent on purpose",
        ] {
            if !header.contains(&format!("**{part}")) {
                complaints.push(format!("{}: the header lacks **{part}**", source.path));
            }
        }
        for line in source.without_tests().lines() {
            if line.starts_with("fn ") || line.starts_with("impl ") || line.starts_with("struct ") {
                complaints.push(format!("{}: holds logic: {line}", source.path));
            }
        }
    }
    none_of(&complaints);
}

#[test]
fn every_source_file_says_what_it_is() {
    let complaints: Vec<String> = sources("src", ".rs")
        .iter()
        .chain(&sources("tests", ".rs"))
        .filter(|source| !source.text.starts_with("//!") && !source.path.ends_with("/tests.rs"))
        .map(|source| format!("{}: begins without a //! line", source.path))
        .collect();
    none_of(&complaints);
}
