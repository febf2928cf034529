//! `mortise reload`: the running gateway reads its file again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::cli::config_file::ConfigFile;
use crate::cli::{check, environment, say, terminal, warn};
use crate::control::{Letter, NoAnswer, Order, Verdict, call, folder_of};

/// Make the running gateway read its configuration again: the new file comes into force whole, or
/// every mistake is printed and nothing changes.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// The running gateway's, whose `store.path` says where to find it.
    #[command(flatten)]
    config: ConfigFile,
    /// The data folder of the running gateway, instead of a file: the one that holds the store.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["file", "config"])]
    data: Option<PathBuf>,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
}

impl Reload {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (folder, file) = if let Some(folder) = self.data {
            (folder, None)
        } else {
            let path = self.config.path();
            let Some(store) = config::store_path(&path) else {
                return Ok(unfindable(&path, self.json));
            };
            (folder_of(&store), Some(std::path::absolute(&path)?))
        };
        let (coloured, width) = terminal();
        let letter = Letter {
            order: Order::Reload { file },
            coloured,
            width,
        };
        let answer = match call(&folder, &letter) {
            Ok(answer) => answer,
            Err(why) => return unanswered(why, &folder, self.json),
        };
        if self.json {
            say(&format!("{}\n", answer.json));
        } else if answer.verdict == Verdict::Done {
            say(&answer.text);
        } else {
            warn(&answer.text);
            warn("nothing was changed: what was in force stays\n");
        }
        Ok(match answer.verdict {
            Verdict::Done => ExitCode::SUCCESS,
            Verdict::NotGood => ExitCode::from(1),
            Verdict::Failed => ExitCode::from(3),
        })
    }
}

/// Nobody answers there, or not as it should.
fn unanswered(why: NoAnswer, folder: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let NoAnswer::NobodyThere = why else {
        if json {
            say_error(&why.to_string());
        }
        return Err(why.into());
    };
    let what = format!("no gateway runs on the data folder {}", folder.display());
    if json {
        say_error(&what);
    }
    warn(&format!(
        "error: {what}\n\
         help: `mortise serve` starts one; a running one is found by its file (`--config FILE`) or \
         its data folder (`--data DIR`)\n\
         help: if `store.path` was changed: a running gateway is found by its old folder, \
         `--data DIR`\n"
    ));
    Ok(ExitCode::from(2))
}

fn say_error(what: &str) {
    say(&format!("{}\n", json!({ "error": what })));
}

/// The file does not say where the gateway is: its own mistakes are why.
fn unfindable(path: &Path, json: bool) -> ExitCode {
    let now = model::Clock::now(&model::SystemClock::new());
    let loaded = config::load(path, config::Mode::Sandbox, &environment, now);
    let code = if let Err(mistakes) = loaded {
        check::refuse(&mistakes, json)
    } else {
        if json {
            say_error(UNFINDABLE);
        }
        ExitCode::from(3)
    };
    warn(&format!(
        "nothing was reloaded: {UNFINDABLE}\nhelp: name that folder: --data DIR\n"
    ));
    code
}

const UNFINDABLE: &str = "the file does not say where the running gateway keeps its data";
