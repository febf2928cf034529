//! What can be asked about signing keys, of a running house or of one that stands still.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use authserver::{AuthServer, Distrusted, KeyChange, RingKey, Unchanged};
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
    /// See [`AuthServer::distrust_key`].
    Distrust {
        /// The key.
        kid: String,
    },
}

/// Carries an order out in the store; a running house then has to open its rings again. Answers
/// what was distrusted, if anything was.
///
/// Errors: the answer that says why nothing was changed.
pub(crate) async fn carry_out(live: &Live, order: &KeyOrder) -> Result<Option<Distrusted>, Answer> {
    let (bank, server) = of_bank(live, order.bank.as_deref())?;
    let change = match &order.what {
        KeyWhat::List => return Ok(None),
        KeyWhat::Make => KeyChange::Make,
        KeyWhat::Rotate => KeyChange::Rotate,
        KeyWhat::Retire { kid } => KeyChange::Retire { kid: kid.clone() },
        KeyWhat::Distrust { kid } => {
            let distrusted = server.distrust_key(bank, kid).await;
            return distrusted.map(Some).map_err(|error| why_not(&error));
        }
    };
    let changed = server.change_keys(bank, &change).await;
    changed.map(|_| None).map_err(|error| why_not(&error))
}

/// The rings of an order's bank as they stand now, after what was distrusted.
pub(crate) async fn rings(
    live: &Live,
    order: &KeyOrder,
    distrusted: Option<&Distrusted>,
) -> Answer {
    let (bank, server) = match of_bank(live, order.bank.as_deref()) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    let tokens = if server.issues_for(bank) {
        server.signing_keys(bank).await.map(Some)
    } else {
        Ok(None)
    };
    let rings = match (tokens, server.assertion_ring(bank).await) {
        (Ok(tokens), Ok(assertions)) => Rings { tokens, assertions },
        (Err(unchanged), _) | (_, Err(unchanged)) => return why_not(&unchanged),
    };
    Answer {
        verdict: Verdict::Done,
        text: rings.shown(bank, distrusted),
        json: rings.as_json(bank, distrusted),
    }
}

fn why_not(unchanged: &Unchanged) -> Answer {
    let verdict = match unchanged {
        Unchanged::Store(_) | Unchanged::Audit(_) | Unchanged::Key(_) => Verdict::Failed,
        Unchanged::NoIssuer { .. }
        | Unchanged::NoKey { .. }
        | Unchanged::UnderWay { .. }
        | Unchanged::Overtaken { .. }
        | Unchanged::Signs { .. }
        | Unchanged::InUse { .. }
        | Unchanged::Distrusted { .. } => Verdict::NotGood,
    };
    let mut what = unchanged.to_string();
    let mut cause = std::error::Error::source(unchanged);
    while let Some(error) = cause {
        let _ = write!(what, "\n  caused by: {error}");
        cause = error.source();
    }
    if let Some(help) = help(unchanged) {
        let _ = write!(what, "\nhelp: {help}");
    }
    not_good(verdict, &what)
}

/// What would be right.
fn help(unchanged: &Unchanged) -> Option<&'static str> {
    match unchanged {
        Unchanged::NoKey { .. } => Some("`mortise keys list` shows the ring"),
        Unchanged::Signs { .. } => Some("let another sign first: `mortise keys rotate`"),
        Unchanged::InUse { .. } => Some("retire it then; until then its tokens would be refused"),
        Unchanged::UnderWay { .. } => Some("the rotation needs nothing more"),
        Unchanged::Overtaken { .. } => Some("ask again"),
        Unchanged::Distrusted { .. } => Some("it stays in the list, so that it cannot come back"),
        Unchanged::NoIssuer { .. } => Some("its own authorization server rotates its keys"),
        Unchanged::Store(_) | Unchanged::Audit(_) | Unchanged::Key(_) => None,
    }
}

pub(super) fn of_bank<'l>(
    live: &'l Live,
    wanted: Option<&str>,
) -> Result<(&'l BankId, &'l AuthServer), Answer> {
    let not_good = |what: &str| not_good(Verdict::NotGood, what);
    let mut banks: Vec<_> = live.authservers.iter().collect();
    banks.sort_by_key(|(bank, _)| bank.as_str());
    if let Some(wanted) = wanted {
        let found = banks.iter().find(|(bank, _)| bank.as_str() == wanted);
        let known: Vec<_> = banks.iter().map(|(bank, _)| bank.as_str()).collect();
        return found.copied().ok_or_else(|| {
            let known = known.join(", ");
            not_good(&format!(
                "there is no bank `{wanted}`\nhelp: there are {known}"
            ))
        });
    }
    banks.retain(|(bank, server)| server.issues_for(bank));
    match banks.as_slice() {
        [one] => Ok(*one),
        [] => Err(not_good("no bank has its tokens issued here")),
        several => {
            let names = several.iter().map(|(bank, _)| format!("--bank {bank}"));
            let names: Vec<_> = names.collect();
            let names = names.join(" or ");
            Err(not_good(&format!(
                "several banks have issuers\nhelp: say which: {names}"
            )))
        }
    }
}

/// A bank's keys.
struct Rings {
    /// `None` where its tokens are issued elsewhere.
    tokens: Option<Vec<RingKey>>,
    assertions: Vec<RingKey>,
}

impl Rings {
    fn shown(&self, bank: &BankId, distrusted: Option<&Distrusted>) -> String {
        let mut text = String::new();
        if let Some(distrusted) = distrusted {
            let kid = &distrusted.kid;
            let _ = writeln!(text, "{kid} is distrusted: what it signed is refused");
            if let Some(instead) = &distrusted.instead {
                let _ = writeln!(text, "{instead} was made and signs instead");
            }
        }
        if let Some(tokens) = &self.tokens {
            let _ = writeln!(text, "signing keys of {bank}");
            show(&mut text, tokens);
        }
        let _ = writeln!(text, "keys of assertions to {bank}");
        show(&mut text, &self.assertions);
        text
    }

    fn as_json(&self, bank: &BankId, distrusted: Option<&Distrusted>) -> Value {
        let ring = |ring: &[RingKey]| ring.iter().map(as_json).collect::<Vec<_>>();
        let mut json = json!({
            "bank": bank.as_str(),
            "keys": self.tokens.as_deref().map(ring),
            "assertion_keys": ring(&self.assertions),
        });
        if let Some(distrusted) = distrusted {
            json["distrusted"] = json!({
                "use": distrusted.key_use.as_str(),
                "kid": distrusted.kid,
                "instead": distrusted.instead,
            });
        }
        json
    }
}

fn show(text: &mut String, ring: &[RingKey]) {
    for key in ring {
        let life = match key.life {
            KeyLife::Waits => "published, waits for `mortise keys rotate`".to_owned(),
            KeyLife::Starts { at } => format!("published, signs from {at:.0}"),
            KeyLife::Signs => "signs".to_owned(),
            KeyLife::Verifies { until } => format!("signs no more, verifies until {until:.0}"),
            KeyLife::Ended => "ended".to_owned(),
            KeyLife::Distrusted { since } => format!("distrusted since {since:.0}"),
        };
        let _ = writeln!(text, "  {}  {:5}  {life}", key.kid, key.alg);
    }
}

fn as_json(key: &RingKey) -> Value {
    let mut json = json!({
        "kid": key.kid,
        "alg": key.alg,
        "made_at": key.made_at.to_string(),
        "life": key.life.as_str(),
    });
    match key.life {
        KeyLife::Starts { at } => json["signs_from"] = at.to_string().into(),
        KeyLife::Verifies { until } => json["verifies_until"] = until.to_string().into(),
        KeyLife::Distrusted { since } => json["distrusted_since"] = since.to_string().into(),
        KeyLife::Waits | KeyLife::Signs | KeyLife::Ended => {}
    }
    json
}

pub(super) fn not_good(verdict: Verdict, what: &str) -> Answer {
    Answer {
        verdict,
        text: format!("error: {what}\n"),
        json: json!({ "error": what }),
    }
}
