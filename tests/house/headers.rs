//! Each room opens with its header: what it is for, its doors, how a value goes through, what is
//! absent on purpose; and `lib.rs` holds nothing else.

use crate::text::code;
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
        for held in other_than_doors(&source.text) {
            complaints.push(format!("{}: holds {held}", source.path));
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

/// The statements that are neither `mod name;` nor `pub use …;`, each by its first line.
fn other_than_doors(text: &str) -> Vec<String> {
    let code: String = code(text)
        .lines()
        .filter(|line| !line.starts_with("#[cfg("))
        .collect::<Vec<_>>()
        .join("\n");
    let mut others = Vec::new();
    for statement in code.split(';') {
        let statement = statement.trim();
        let module = statement
            .strip_prefix("pub mod ")
            .or_else(|| statement.strip_prefix("mod "));
        let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
        let is_door = statement.is_empty()
            || statement.starts_with("pub use ")
            || module.is_some_and(is_name);
        if !is_door {
            others.push(statement.lines().next().unwrap_or(statement).to_owned());
        }
    }
    others
}

#[test]
fn whatever_is_not_a_door_is_told() {
    let doors = "//! Header.\n\n#[cfg(test)]\nmod a;\npub mod b;\n\npub use a::{\n    C, D,\n};\n";
    assert_eq!(other_than_doors(doors), Vec::<String>::new());
    for held in [
        "fn f() {}",
        "pub fn f() {}",
        "pub(crate) async fn f() {}",
        "pub struct S;",
        "enum E {}",
        "pub const C: u8 = 1;",
        "static S: u8 = 1;",
        "pub trait T {}",
        "impl S {}",
        "macro_rules! m { () => {} }",
        "pub type T = u8;",
        "use std::fmt;",
        "pub mod ports {\n    mod keys;\n}",
    ] {
        let others = other_than_doors(&format!("{doors}{held}\n"));
        assert!(!others.is_empty(), "{held}");
    }
}
