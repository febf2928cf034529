//! How a reload ended, as a program and as a person reads it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use model::ListenerId;
use serde_json::{Value, json};

use crate::reload::fixed::Fixed;

/// A file that came into force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The number of its snapshot: greater than all before it.
    pub snapshot: u64,
    /// SHA-256 over all files read, in hexadecimal.
    pub digest: String,
    /// What ran out in it, and is refused.
    pub lapsed: Option<config::Mistakes>,
}

/// Why nothing was changed.
#[derive(Debug)]
pub enum NotApplied {
    /// The file has mistakes.
    Mistakes(config::Mistakes),
    /// It changes what only a restart can change; never empty.
    Fixed(Vec<Fixed>),
    /// A new listener's address cannot be had.
    Unbound {
        /// The listener.
        listener: ListenerId,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
        /// Which of the gateway's own listeners has its port, at another address.
        held_by: Option<(ListenerId, SocketAddr)>,
    },
    /// It could not be built: the store did not answer, a key could not be opened.
    Failed(anyhow::Error),
    /// No evidence of it can be kept.
    NoEvidence,
    /// The gateway is ending.
    Draining,
}

impl Applied {
    /// One line for a person, and what ran out.
    pub(crate) fn render(&self, coloured: bool, width: usize) -> String {
        let mut text = format!("reloaded: snapshot {} is in force\n", self.snapshot);
        if let Some(lapsed) = &self.lapsed {
            text.push_str("warning: something ran out; what depends on it is refused\n");
            text.push_str(&lapsed.render(coloured, width));
        }
        text
    }

    /// For programs.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = json!({ "snapshot": self.snapshot, "digest": self.digest });
        if let Some(lapsed) = &self.lapsed {
            json["lapsed"] = json!(lapsed.iter().collect::<Vec<_>>());
        }
        json
    }
}

impl NotApplied {
    /// Whether the file is what must be mended; otherwise it is the gateway's surroundings.
    pub(crate) fn is_of_the_file(&self) -> bool {
        matches!(self, Self::Mistakes(_) | Self::Fixed(_))
    }

    /// How many things are wrong.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Mistakes(mistakes) => mistakes.count(),
            Self::Fixed(fixed) => fixed.len(),
            _ => 1,
        }
    }

    /// The first of them in one line.
    pub(crate) fn first(&self) -> String {
        match self {
            Self::Mistakes(mistakes) => {
                let first = mistakes.iter().next();
                first.map_or_else(String::new, |mistake| {
                    let config::Mistake {
                        file, line, what, ..
                    } = mistake;
                    format!("{file}:{line}: {what}")
                })
            }
            Self::Fixed(fixed) => fixed.first().map_or_else(String::new, ToString::to_string),
            Self::Unbound {
                listener,
                address,
                source,
                held_by: _,
            } => format!("the listener `{listener}` cannot have {address}: {source}"),
            Self::Failed(error) => format!("{error:#}"),
            Self::NoEvidence => "the audit log cannot take the record of it".to_owned(),
            Self::Draining => "the gateway is ending".to_owned(),
        }
    }

    /// All of them for a person, as `mortise check` prints them; `width` is the terminal's.
    pub fn render(&self, coloured: bool, width: usize) -> String {
        let mut text = String::new();
        match self {
            Self::Mistakes(mistakes) => text = mistakes.render(coloured, width),
            Self::Fixed(fixed) => {
                for one in fixed {
                    let _ = writeln!(text, "error: {one}");
                }
                text.push_str(
                    "help: restart the gateway for this change, or write what it was before\n",
                );
            }
            Self::Unbound { held_by, .. } => {
                let _ = writeln!(text, "error: {}", self.first());
                if let Some((listener, address)) = held_by {
                    let _ = writeln!(
                        text,
                        "help: the listener `{listener}` has this port at {address}: between one \
                         address and all of them it moves with a restart"
                    );
                } else {
                    text.push_str("help: free the address, or give the listener another one\n");
                }
            }
            Self::Failed(_) | Self::NoEvidence | Self::Draining => {
                let _ = writeln!(text, "error: {}", self.first());
            }
        }
        text
    }

    /// For programs: mistakes as `mortise check --json` has them, without its list of files.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Mistakes(mistakes) => json!({
                "mistakes": mistakes.iter().collect::<Vec<_>>(), "count": mistakes.count(),
            }),
            Self::Fixed(fixed) => json!({
                "fixed": fixed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            }),
            _ => json!({ "error": self.first() }),
        }
    }
}
