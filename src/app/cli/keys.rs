//! `mortise keys`: the keys that sign a bank's tokens, in the running gateway or without one.

use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::cli::alone::alone;
use crate::cli::config_file::ConfigFile;
use crate::cli::{check, say, terminal, warn};
use crate::control::{
    Answer, KeyOrder, KeyWhat, Letter, NoAnswer, Order, Verdict, call, carry_out, folder_of, rings,
};
use crate::live::Live;
use crate::standing::Standing;

/// See and change the keys that sign a bank's access tokens, and distrust any key. With a running
/// gateway the change is in force at once; without one it is made in its store.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    what: What,
    /// The bank; may be left out where one alone issues tokens here.
    #[arg(long, value_name = "BANK", global = true)]
    bank: Option<String>,
    /// Print the ring as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the ring: which key signs, which are published, which still verify.
    List {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Make the next key: it is published at once and signs when `rotate` says so.
    Make {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Let the next key sign (one is made if none waits) as soon as the gateway has published it
    /// for two minutes. The one before it verifies for 15 minutes more, as long as its tokens may
    /// live.
    Rotate {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Take a key out for ever: one that waits, or whose tokens have all ended.
    Retire {
        /// The key's `kid`.
        // One of 64 thumbprints begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Distrust a key that somebody else may hold, for ever, whether it is for access tokens or
    /// for assertions to the bank: it is published no more, and its tokens are refused at once. If
    /// it signs, a new one is made and signs instead.
    Distrust {
        /// The key's `kid`.
        // One of 64 thumbprints begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        #[command(flatten)]
        config: ConfigFile,
    },
}

impl Keys {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (what, config) = match self.what {
            What::List { config } => (KeyWhat::List, config),
            What::Make { config } => (KeyWhat::Make, config),
            What::Rotate { config } => (KeyWhat::Rotate, config),
            What::Retire { kid, config } => (KeyWhat::Retire { kid }, config),
            What::Distrust { kid, config } => (KeyWhat::Distrust { kid }, config),
        };
        let order = KeyOrder {
            bank: self.bank,
            what,
        };
        let file = config.path();
        let answer = match config::store_path(&file) {
            Some(store) => ask(&folder_of(&store), &order)?,
            None => None,
        };
        let answer = match answer {
            Some(answer) => answer,
            None => match in_store(&file, &order)? {
                Ok(answer) => answer,
                Err(mistakes) => return Ok(check::refuse(&mistakes, self.json)),
            },
        };
        if self.json {
            say(&format!("{}\n", answer.json));
        } else if answer.verdict == Verdict::Done {
            say(&answer.text);
        } else {
            warn(&answer.text);
        }
        Ok(match answer.verdict {
            Verdict::Done => ExitCode::SUCCESS,
            Verdict::NotGood => ExitCode::from(1),
            Verdict::Failed => ExitCode::from(3),
        })
    }
}

/// Asks the running gateway; `None` when none runs.
fn ask(folder: &Path, order: &KeyOrder) -> anyhow::Result<Option<Answer>> {
    let (coloured, width) = terminal();
    let order = KeyOrder {
        bank: order.bank.clone(),
        what: order.what.clone(),
    };
    let letter = Letter {
        order: Order::Keys(order),
        coloured,
        width,
    };
    match call(folder, &letter) {
        Ok(answer) => Ok(Some(answer)),
        Err(NoAnswer::NobodyThere) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Does it in the store. The inner error is the file's mistakes.
fn in_store(file: &Path, order: &KeyOrder) -> anyhow::Result<Result<Answer, config::Mistakes>> {
    alone(file, async |live: &Live, _: &Standing| {
        match carry_out(live, order).await {
            Ok(distrusted) => rings(live, order, distrusted.as_ref()).await,
            Err(answer) => answer,
        }
    })
}
