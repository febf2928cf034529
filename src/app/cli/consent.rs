//! `mortise consent`: what the bank's staff does about a customer's consent, in the running gateway
//! or without one.

mod bundle;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use self::bundle::Bundle;
use crate::cli::alone::alone;
use crate::cli::config_file::ConfigFile;
use crate::cli::{check, say, terminal, warn};
use crate::control::{
    Answer, ConsentOrder, ConsentWhat, Letter, NoAnswer, Order, Verdict, call, folder_of,
};
use crate::live::Live;
use crate::standing::Standing;

/// Withdraw a customer's consent in the bank's name, or show what was kept of it. With a running
/// gateway a withdrawal is in force at once; without one it is made in its store.
#[derive(Debug, Args)]
pub(crate) struct Consent {
    #[command(subcommand)]
    what: What,
    /// The bank; may be left out where one alone issues tokens here.
    #[arg(long, value_name = "BANK", global = true)]
    bank: Option<String>,
    /// Print the answer as JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// End a consent that is in force: from then on its tokens are refused.
    Withdraw {
        /// The consent's id.
        // One of 64 ids begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Why, in 1 to 500 characters.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Show who consented to what, when and how, held against the audit log. That somebody looked
    /// is recorded.
    Evidence {
        /// The consent's id.
        // One of 64 ids begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// Write the pages, the partner's requests and the choices as files into this new folder.
        #[arg(long, value_name = "DIR")]
        export: Option<PathBuf>,
        #[command(flatten)]
        config: ConfigFile,
    },
}

impl Consent {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let (id, what, config, export) = match self.what {
            What::Withdraw { id, reason, config } => {
                (id, ConsentWhat::Withdraw { reason }, config, None)
            }
            What::Evidence { id, export, config } => {
                (id, ConsentWhat::Look { piece: 0 }, config, export)
            }
        };
        let file = config.path();
        let order = ConsentOrder {
            bank: self.bank,
            id,
            what,
        };
        let answers = match asked(&file, &order)? {
            Ok(answers) => answers,
            Err(mistakes) => return Ok(check::refuse(&mistakes, self.json)),
        };
        let is_good = |answer: &Answer| answer.verdict == Verdict::Done;
        if matches!(order.what, ConsentWhat::Look { .. }) && answers.iter().all(is_good) {
            let bundle = Bundle::of(&file, &answers)?;
            return shown(&bundle, export.as_deref(), self.json);
        }
        Ok(printed(&answers, self.json))
    }
}

/// Prints the answer that counts: the first that is not good, or the last.
fn printed(answers: &[Answer], json: bool) -> ExitCode {
    let bad = answers.iter().find(|one| one.verdict != Verdict::Done);
    let Some(answer) = bad.or(answers.last()) else {
        return ExitCode::from(3);
    };
    if json {
        say(&format!("{}\n", answer.json));
    } else if answer.verdict == Verdict::Done {
        say(&answer.text);
    } else {
        warn(&answer.text);
    }
    match answer.verdict {
        Verdict::Done => ExitCode::SUCCESS,
        Verdict::NotGood => ExitCode::from(1),
        Verdict::Failed => ExitCode::from(3),
    }
}

/// Shows evidence, and writes it where that was asked for. What the log does not bear out is not
/// good.
fn shown(bundle: &Bundle, export: Option<&Path>, json: bool) -> anyhow::Result<ExitCode> {
    if let Some(folder) = export {
        bundle
            .write(folder)
            .with_context(|| format!("writing the evidence to {}", folder.display()))?;
    }
    if json {
        say(&format!("{}\n", bundle.as_json()));
    } else {
        say(&bundle.text());
    }
    Ok(ExitCode::from(u8::from(!bundle.is_borne_out())))
}

/// The answers to an order: of a look, one for each piece that was kept. The inner error is the
/// file's mistakes.
fn asked(
    file: &Path,
    order: &ConsentOrder,
) -> anyhow::Result<Result<Vec<Answer>, config::Mistakes>> {
    if let Some(store) = config::store_path(file) {
        let folder = folder_of(&store);
        let mut answers = Vec::new();
        let mut next = Some(order.clone());
        while let Some(order) = next {
            match ask(&folder, &order)? {
                Some(answer) => {
                    next = following(&order, &answer);
                    answers.push(answer);
                }
                None if answers.is_empty() => break,
                None => anyhow::bail!("the gateway stopped before all was read: ask again"),
            }
        }
        if !answers.is_empty() {
            return Ok(Ok(answers));
        }
    }
    in_store(file, order)
}

/// The order for the next piece, after a look at one.
fn following(order: &ConsentOrder, answer: &Answer) -> Option<ConsentOrder> {
    let ConsentWhat::Look { piece } = order.what else {
        return None;
    };
    let piece = piece + 1;
    let count = answer.json["pieces"].as_u64()?;
    let is_there = answer.verdict == Verdict::Done && u64::try_from(piece).ok()? < count;
    is_there.then(|| ConsentOrder {
        what: ConsentWhat::Look { piece },
        ..order.clone()
    })
}

/// Asks the running gateway; `None` when none runs.
fn ask(folder: &Path, order: &ConsentOrder) -> anyhow::Result<Option<Answer>> {
    let (coloured, width) = terminal();
    let letter = Letter {
        order: Order::Consent(order.clone()),
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
fn in_store(
    file: &Path,
    order: &ConsentOrder,
) -> anyhow::Result<Result<Vec<Answer>, config::Mistakes>> {
    alone(file, async |live: &Live, standing: &Standing| {
        let mut answers = Vec::new();
        let mut next = Some(order.clone());
        while let Some(order) = next {
            let answer = order.carry_out(live, standing).await;
            next = following(&order, &answer);
            answers.push(answer);
        }
        answers
    })
}
