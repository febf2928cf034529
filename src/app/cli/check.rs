//! `mortise check`: is this file good?

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use config::{House, InForce, Mistake, Mistakes, Mode};
use model::{Clock, SystemClock};
use serde_json::json;

use crate::cli::config_file::ConfigFile;
use crate::cli::{environment, say, show};

/// The arguments of `mortise check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    config: ConfigFile,
    /// Check it as the sandbox would, which takes the sandbox's certificates.
    #[arg(long)]
    sandbox: bool,
    /// Print every default in force, and the line that could change it.
    #[arg(long)]
    explain: bool,
    /// Print as JSON.
    #[arg(long)]
    json: bool,
}

impl Check {
    /// Loads the file as `serve` would (or `sandbox`, which takes its own certificates) and prints
    /// every mistake: rustc-style, or as JSON.
    pub(crate) fn run(self) -> ExitCode {
        let path = self.config.path();
        let now = SystemClock::new().now();
        let mode = if self.sandbox {
            Mode::Sandbox
        } else {
            Mode::Serve
        };
        match config::explain(&path, mode, &environment, now) {
            Ok((_, defaults)) if self.json => {
                let mut report = report(&[], 0, 0);
                if self.explain {
                    report["defaults"] = json!(defaults);
                }
                say(&format!("{report}\n"));
                ExitCode::SUCCESS
            }
            Ok((_, defaults)) if self.explain => {
                say(&told(&defaults));
                ExitCode::SUCCESS
            }
            Ok((house, _)) => {
                say(&good(&path, &house));
                ExitCode::SUCCESS
            }
            Err(mistakes) => refuse(&mistakes, self.json),
        }
    }
}

/// Prints a file's mistakes, as JSON on standard output or for people on standard error, and gives
/// the exit code that says it.
pub(crate) fn refuse(mistakes: &Mistakes, json: bool) -> ExitCode {
    if json {
        let list: Vec<_> = mistakes.iter().collect();
        let report = report(&list, mistakes.count(), mistakes.files());
        say(&format!("{report}\n"));
    } else {
        show(mistakes);
    }
    code(mistakes)
}

/// The exit code for a file with mistakes: 1 when it is not good, 2 when it cannot be read, so
/// that there is nothing to judge.
pub(crate) fn code(mistakes: &Mistakes) -> ExitCode {
    ExitCode::from(if mistakes.is_unreadable() { 2 } else { 1 })
}

/// The report, which has one shape whether the file is good or not; `count` is greater than the
/// list is long when there are more mistakes than are told.
fn report(mistakes: &[&Mistake], count: usize, files: usize) -> serde_json::Value {
    json!({ "mistakes": mistakes, "count": count, "files": files })
}

fn good(path: &Path, house: &House) -> String {
    let products = house.banks.iter().flat_map(|bank| &bank.products);
    let operations = products.map(|p| p.description.operations.len()).sum();
    format!(
        "{} is good: {}, {}, {}\n",
        path.display(),
        counted(house.banks.len(), "bank"),
        counted(house.partners.len(), "partner"),
        counted(operations, "operation"),
    )
}

/// The defaults as a table: the key, what is in force, and the line that could change it.
fn told(defaults: &[InForce]) -> String {
    let in_force = |one: &InForce| match (one.value, one.then) {
        (Some(value), _) => value.to_owned(),
        (None, Some(then)) => format!("({then})"),
        (None, None) => String::new(),
    };
    let wide = |width: usize, text: &str| width.max(text.chars().count());
    let keys = defaults.iter().fold(0, |w, one| wide(w, &one.key));
    let values = defaults.iter().fold(0, |w, one| wide(w, &in_force(one)));
    let mut text = String::new();
    for one in defaults {
        let how = if one.standard {
            "instead of `standard`"
        } else {
            "in the section"
        };
        let _ = writeln!(
            text,
            "{:keys$}  {:values$}  {}:{}:{} {how}",
            one.key,
            in_force(one),
            one.file,
            one.line,
            one.column,
        );
    }
    let _ = writeln!(text, "{} in force", counted(defaults.len(), "default"));
    text
}

/// "1 bank", "2 banks".
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
