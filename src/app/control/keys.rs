//! What can be asked about signing keys, of a running house or of one that stands still.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use authserver::{AuthServer, KeyChange, RingKey, Unchanged};
use model::{BankId, KeyLife};

use crate::control::{Answer, Verdict};
use crate::live::Live;

/// An order about the keys that sign a bank's tokens.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyOrder {
    /// The bank; may be left out where one issues tokens.
    pub(crate) bank: Option<String>,
    pub(crate) what: KeyWhat,
}

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum KeyWhat {
    /// Show the ring.
    List,
    /// See [`KeyChange::Make`].
    Make,
    /// See [`KeyChange::Rotate`].
    Rotate,
    /// See [`KeyChange::Retire`].
    Retire {
        /// The key.
        kid: String,
    },
}

impl KeyWhat {
    /// The change that it is, if it is one.
    pub(crate) fn change(&self) -> Option<KeyChange> {
        match self {
            Self::List => None,
            Self::Make => Some(KeyChange::Make),
            Self::Rotate => Some(KeyChange::Rotate),
            Self::Retire { kid } => Some(KeyChange::Retire { kid: kid.clone() }),
        }
    }
}

/// Carries an order out in the store. A running house then has to open its rings again.
pub(crate) async fn carry_out(live: &Live, order: &KeyOrder) -> Answer {
    let (bank, server) = match of_bank(live, order.bank.as_deref()) {
        Ok(found) => found,
        Err(wrong) => return not_good(Verdict::NotGood, &wrong),
    };
    let ring = match order.what.change() {
        None => server.signing_keys(bank).await,
        Some(change) => server.change_keys(bank, &change).await,
    };
    match ring {
        Ok(ring) => Answer {
            verdict: Verdict::Done,
            text: shown(bank, &ring),
            json: as_json(bank, &ring),
        },
        Err(unchanged) => {
            let verdict = match unchanged {
                Unchanged::Store(_) | Unchanged::Audit(_) | Unchanged::Key(_) => Verdict::Failed,
                Unchanged::NoIssuer { .. }
                | Unchanged::NoKey { .. }
                | Unchanged::UnderWay { .. }
                | Unchanged::Overtaken { .. }
                | Unchanged::Signs { .. }
                | Unchanged::InUse { .. } => Verdict::NotGood,
            };
            let mut what = unchanged.to_string();
            let mut cause = std::error::Error::source(&unchanged);
            while let Some(error) = cause {
                let _ = write!(what, "\n  caused by: {error}");
                cause = error.source();
            }
            if let Some(help) = help(&unchanged) {
                let _ = write!(what, "\nhelp: {help}");
            }
            not_good(verdict, &what)
        }
    }
}

/// What would be right.
fn help(unchanged: &Unchanged) -> Option<&'static str> {
    match unchanged {
        Unchanged::NoKey { .. } => Some("`mortise keys list` shows the ring"),
        Unchanged::Signs { .. } => Some("let another sign first: `mortise keys rotate`"),
        Unchanged::InUse { .. } => Some("retire it then; until then its tokens would be refused"),
        Unchanged::UnderWay { .. } => Some("the rotation needs nothing more"),
        Unchanged::Overtaken { .. } => Some("ask again"),
        Unchanged::NoIssuer { .. } => Some("its own authorization server rotates its keys"),
        Unchanged::Store(_) | Unchanged::Audit(_) | Unchanged::Key(_) => None,
    }
}

fn of_bank<'l>(
    live: &'l Live,
    wanted: Option<&str>,
) -> Result<(&'l BankId, &'l AuthServer), String> {
    let mut banks: Vec<_> = live.authservers.iter().collect();
    banks.sort_by_key(|(bank, _)| bank.as_str());
    if let Some(wanted) = wanted {
        let found = banks.iter().find(|(bank, _)| bank.as_str() == wanted);
        let known: Vec<_> = banks.iter().map(|(bank, _)| bank.as_str()).collect();
        return found.copied().ok_or_else(|| {
            let known = known.join(", ");
            format!("there is no bank `{wanted}`\nhelp: there are {known}")
        });
    }
    banks.retain(|(bank, server)| server.issues_for(bank));
    match banks.as_slice() {
        [one] => Ok(*one),
        [] => Err("no bank has its tokens issued here".to_owned()),
        several => {
            let names = several.iter().map(|(bank, _)| format!("--bank {bank}"));
            let names: Vec<_> = names.collect();
            let names = names.join(" or ");
            Err(format!(
                "several banks have issuers\nhelp: say which: {names}"
            ))
        }
    }
}

fn shown(bank: &BankId, ring: &[RingKey]) -> String {
    let mut text = format!("signing keys of {bank}\n");
    for key in ring {
        let life = match key.life {
            KeyLife::Waits => "published, waits for `mortise keys rotate`".to_owned(),
            KeyLife::Starts { at } => format!("published, signs from {at:.0}"),
            KeyLife::Signs => "signs".to_owned(),
            KeyLife::Verifies { until } => format!("signs no more, verifies until {until:.0}"),
            KeyLife::Ended => "ended".to_owned(),
        };
        let _ = writeln!(text, "  {}  {:5}  {life}", key.kid, key.alg);
    }
    text
}

fn as_json(bank: &BankId, ring: &[RingKey]) -> Value {
    let key = |key: &RingKey| {
        let mut json = json!({
            "kid": key.kid,
            "alg": key.alg,
            "made_at": key.made_at.to_string(),
            "life": key.life.as_str(),
        });
        match key.life {
            KeyLife::Starts { at } => json["signs_from"] = at.to_string().into(),
            KeyLife::Verifies { until } => json["verifies_until"] = until.to_string().into(),
            KeyLife::Waits | KeyLife::Signs | KeyLife::Ended => {}
        }
        json
    };
    json!({ "bank": bank.as_str(), "keys": ring.iter().map(key).collect::<Vec<_>>() })
}

fn not_good(verdict: Verdict, what: &str) -> Answer {
    Answer {
        verdict,
        text: format!("error: {what}\n"),
        json: json!({ "error": what }),
    }
}
