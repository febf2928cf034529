//! `mortise check`: is this file good?

use std::path::Path;
use std::process::ExitCode;

use config::{Mistake, Mistakes, Mode};
use model::{Clock, SystemClock};

use crate::cli::{environment, say, show};

/// Loads the file as `serve` would (or `sandbox`, which takes its own certificates) and prints
/// every mistake: rustc-style, or as JSON.
pub(crate) fn run(path: &Path, as_sandbox: bool, json: bool) -> ExitCode {
    let now = SystemClock::new().now();
    let mode = if as_sandbox {
        Mode::Sandbox
    } else {
        Mode::Serve
    };
    match config::load(path, mode, &environment, now) {
        Ok(_) if json => {
            say_json(&[], 0);
            ExitCode::SUCCESS
        }
        Ok(house) => {
            let products = house.banks.iter().flat_map(|bank| &bank.products);
            let operations = products.map(|p| p.description.operations.len()).sum();
            say(&format!(
                "{} is good: {}, {}, {}\n",
                path.display(),
                counted(house.banks.len(), "bank"),
                counted(house.partners.len(), "partner"),
                counted(operations, "operation"),
            ));
            ExitCode::SUCCESS
        }
        Err(mistakes) => {
            if json {
                say_json(&mistakes.iter().collect::<Vec<_>>(), mistakes.count());
            } else {
                show(&mistakes);
            }
            code(&mistakes)
        }
    }
}

/// The exit code for a file with mistakes: 1 when it is not good, 3 when it cannot be read.
pub(crate) fn code(mistakes: &Mistakes) -> ExitCode {
    ExitCode::from(if mistakes.is_unreadable() { 3 } else { 1 })
}

/// Prints the report, which has one shape whether the file is good or not; `count` is greater than
/// the list is long when there are more mistakes than are told.
fn say_json(mistakes: &[&Mistake], count: usize) {
    let report = serde_json::json!({ "mistakes": mistakes, "count": count });
    say(&format!("{report}\n"));
}

/// "1 bank", "2 banks".
fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
