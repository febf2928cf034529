//! `mortise reload`: the running gateway reads its file again.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::{environment, say, show, terminal, warn};
use crate::control::{Letter, NoAnswer, Order, Verdict, call, folder_of};

/// Make the running gateway read its configuration again: the new file comes into force whole, or
/// every mistake is printed and nothing changes.
#[derive(Debug, Args)]
pub(crate) struct Reload {
    /// The configuration file of the running gateway; its `store.path` says where to find it.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// The data folder of the running gateway, instead of a file: the one that holds the store.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    data: Option<PathBuf>,
    /// Print the outcome as JSON.
    #[arg(long)]
    json: bool,
}

impl Reload {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (folder, file) = match self.data {
            Some(folder) => (folder, None),
            None => match config::store_path(&self.config) {
                Some(store) => (folder_of(&store), Some(std::path::absolute(&self.config)?)),
                None => return Ok(unfindable(&self.config)),
            },
        };
        let (coloured, width) = terminal();
        let letter = Letter {
            order: Order::Reload { file },
            coloured,
            width,
        };
        let answer = match call(&folder, &letter) {
            Ok(answer) => answer,
            Err(NoAnswer::NobodyThere) => {
                warn(&format!(
                    "error: no gateway runs on the data folder {}\n\
                     help: `mortise serve` starts one; a running one is found by its file \
                     (`--config FILE`) or its data folder (`--data DIR`)\n",
                    folder.display()
                ));
                return Ok(ExitCode::from(2));
            }
            Err(error) => return Err(error.into()),
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

/// The file does not say where the gateway is: its own mistakes are why.
fn unfindable(path: &Path) -> ExitCode {
    let now = model::Clock::now(&model::SystemClock::new());
    let code = match config::load(path, config::Mode::Sandbox, &environment, now) {
        Err(mistakes) => {
            show(&mistakes);
            super::check::code(&mistakes)
        }
        Ok(_) => ExitCode::from(3),
    };
    warn(
        "nothing was reloaded: the file does not say where the running gateway keeps its data\n\
         help: name that folder: --data DIR\n",
    );
    code
}
