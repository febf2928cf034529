//! `mortise check`: is this file good?

use std::path::Path;
use std::process::ExitCode;

use config::Mode;
use model::{Clock, SystemClock};

use crate::cli::{environment, say, show};

/// Loads the file as `serve` would (or `sandbox`, which takes its own certificates) and prints every mistake: rustc-style, or as JSON.
pub(crate) fn run(path: &Path, as_sandbox: bool, json: bool) -> ExitCode {
    let now = SystemClock::new().now();
    let mode = if as_sandbox {
        Mode::Sandbox
    } else {
        Mode::Serve
    };
    match config::load(path, mode, &environment, now) {
        Ok(house) => {
            let products = house.banks.iter().flat_map(|bank| &bank.products);
            let operations: usize = products.map(|p| p.description.operations.len()).sum();
            if json {
                say("{\"mistakes\":[]}\n");
            } else {
                say(&format!(
                    "{} is good: {} banks, {} partners, {operations} operations\n",
                    path.display(),
                    house.banks.len(),
                    house.partners.len(),
                ));
            }
            ExitCode::SUCCESS
        }
        Err(mistakes) if json => {
            let list: Vec<_> = mistakes.iter().collect();
            let json = serde_json::json!({ "mistakes": list, "count": mistakes.count() });
            say(&format!("{json}\n"));
            ExitCode::from(1)
        }
        Err(mistakes) => {
            show(&mistakes);
            ExitCode::from(1)
        }
    }
}
