//! The control socket: commands that reach the running house (DESIGN §12).
//!
//! A Unix socket `control.sock` in the data folder, the one that holds `store.path`: mode 0600, and
//! whoever connects must be of the gateway's own user. One line of JSON asks ([`Letter`]), one line
//! answers ([`Answer`]), then the connection ends. [`Order`] lists what can be asked, [`Steward`]
//! carries it out; a new command is a variant there and an arm here.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod call;
mod consent;
mod door;
mod keys;
mod steward;

pub(crate) use call::{NoAnswer, call};
pub(crate) use consent::{ConsentOrder, ConsentWhat};
pub(crate) use door::open_door;
pub(crate) use keys::{KeyOrder, KeyWhat, carry_out, rings};
pub(crate) use steward::Steward;

/// The most bytes of a letter.
const LETTER_BYTES_MAX: u64 = 64 << 10;
/// The most bytes of an answer: 200 mistakes with their lines are well below.
const ANSWER_BYTES_MAX: u64 = 4 << 20;

/// What can be asked of a running house.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Order {
    /// Read the configuration again and put it in force.
    Reload {
        /// The file that is meant, absolute: it must be the one that the house runs with. `None`
        /// means that one, whatever it is.
        file: Option<PathBuf>,
    },
    /// See or change the keys that sign a bank's tokens.
    Keys(KeyOrder),
    /// Withdraw a customer's consent, or read what was kept of it.
    Consent(ConsentOrder),
}

/// An order, and how a person wants the answer printed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Letter {
    pub(crate) order: Order,
    pub(crate) coloured: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
}

/// What came of an order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// For a person; ends with a line break.
    pub(crate) text: String,
    /// For a program.
    pub(crate) json: Value,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Done.
    Done,
    /// What was asked about is not good, and nothing was changed.
    NotGood,
    /// It could not be done.
    Failed,
}

/// The data folder of a house with this store.
pub(crate) fn folder_of(store: &Path) -> PathBuf {
    match store.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The socket's name in the data folder.
const NAME: &str = "control.sock";

/// The longest path that a socket's address holds on Linux, its end mark included.
const PATH_BYTES_MAX: usize = 108;

/// A path to a name in a folder that a socket's address has room for. The file must stay open while
/// the path is used.
fn address(folder: &Path, name: &str) -> std::io::Result<(PathBuf, Option<std::fs::File>)> {
    let path = folder.join(name);
    if path.as_os_str().len() < PATH_BYTES_MAX {
        return Ok((path, None));
    }
    let open = std::fs::File::open(folder)?;
    let number = std::os::fd::AsRawFd::as_raw_fd(&open);
    let short = PathBuf::from(format!("/proc/self/fd/{number}/{name}"));
    Ok((short, Some(open)))
}
