//! Which record of the log tells of which piece of evidence.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Piece;

/// What the log says of a piece, with the place of the record in the bank's log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Borne {
    /// A record tells of its edge, and names its bytes.
    Out(u64),
    /// A record tells of its edge, from before records named bytes.
    ByEdge(u64),
    /// A record tells of its edge, and names other bytes.
    Otherwise(u64),
    /// None does.
    #[default]
    Not,
}

impl Borne {
    pub(super) fn record(self) -> Option<u64> {
        match self {
            Self::Out(index) | Self::ByEdge(index) | Self::Otherwise(index) => Some(index),
            Self::Not => None,
        }
    }

    pub(super) fn is_good(self) -> bool {
        matches!(self, Self::Out(_) | Self::ByEdge(_))
    }

    /// For a person.
    pub(super) fn said(self) -> String {
        match self {
            Self::Out(index) => format!("record {index} tells of it, of these very bytes"),
            Self::ByEdge(index) => format!(
                "record {index} tells of it, and names no bytes: it is of before records did"
            ),
            Self::Otherwise(index) => {
                format!("record {index} tells of it, and of other bytes: this is not what was kept")
            }
            Self::Not => "no record tells of it with these texts".to_owned(),
        }
    }

    /// For a program.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Out(_) => "these_bytes",
            Self::ByEdge(_) => "edge_alone",
            Self::Otherwise(_) => "other_bytes",
            Self::Not => "no_record",
        }
    }
}

/// A record that tells of evidence which is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) record: u64,
    pub(super) action: String,
}

impl Missing {
    pub(super) fn as_json(&self) -> Value {
        json!({ "record": self.record, "action": self.action })
    }
}

/// What a record of a grant says of its consent.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    eid: Option<String>,
    gid: Option<String>,
    action: Option<String>,
    consent: Option<ToldConsent>,
}

#[derive(Deserialize)]
struct ToldConsent {
    by: String,
    text: Option<String>,
    evidence_digest: Option<String>,
}

impl Told {
    fn digest(&self) -> Option<&str> {
        self.consent.as_ref()?.evidence_digest.as_deref()
    }
}

/// Finds the record of each piece, of the consent of this digest; and the records of pieces that
/// are not there.
pub(super) fn find(
    dir: &Path,
    log: &str,
    digest: &str,
    pieces: &mut [Piece],
) -> anyhow::Result<Vec<Missing>> {
    let mut told = Vec::new();
    let mut seen = BTreeSet::new();
    for record in audit::read(dir).context("reading the audit log")? {
        let record = record.context("reading a record of the audit log")?;
        if record.log != log {
            continue;
        }
        // Records of other kinds have other members; what does not read tells of no grant.
        let Ok(one) = serde_json::from_slice::<Told>(&record.json) else {
            continue;
        };
        if one.kind != "oauth.grant" || one.gid.as_deref() != Some(digest) {
            continue;
        }
        // A copy that was written after a crash tells nothing more.
        if one.eid.clone().is_none_or(|eid| seen.insert(eid)) {
            told.push((record.index, one));
        }
    }
    Ok(hold(&told, pieces))
}

/// Holds the pieces against what the log tells. Each record bears out one piece: that whose bytes
/// it names; else the first of its edge, by the same actor, with the same texts, which then is not
/// what was kept. A record that names no bytes is of before records did.
fn hold(told: &[(u64, Told)], pieces: &mut [Piece]) -> Vec<Missing> {
    let naming = || told.iter().filter(|(_, one)| one.digest().is_some());
    let mut unmet = Vec::new();
    for (index, one) in naming() {
        let is_it = |piece: &&mut Piece| {
            one.digest() == Some(piece.digest().as_str()) && piece.is_told_by(one)
        };
        match waiting(pieces).find(is_it) {
            Some(piece) => piece.borne = Borne::Out(*index),
            None => unmet.push((*index, one)),
        }
    }
    let mut missing = Vec::new();
    for (index, one) in unmet {
        match waiting(pieces).find(|piece| piece.is_told_by(one)) {
            Some(piece) => piece.borne = Borne::Otherwise(index),
            None => missing.push(Missing {
                record: index,
                action: one.action.clone().unwrap_or_default(),
            }),
        }
    }
    for (index, one) in told.iter().filter(|(_, one)| one.digest().is_none()) {
        if let Some(piece) = waiting(pieces).find(|piece| piece.is_told_by(one)) {
            piece.borne = Borne::ByEdge(*index);
        }
    }
    missing
}

/// The pieces of which no record is known to tell.
fn waiting(pieces: &mut [Piece]) -> impl Iterator<Item = &mut Piece> {
    pieces.iter_mut().filter(|piece| piece.borne == Borne::Not)
}

impl Piece {
    fn is_told_by(&self, told: &Told) -> bool {
        let action = match self.edge.as_str() {
            "authorise" => "grant.approve",
            "refuse" | "lock" => "grant.refuse",
            "allow" => "consent.allow",
            "renew" => "consent.renew",
            "withdraw" => "consent.withdraw",
            _ => return false,
        };
        told.action.as_deref() == Some(action)
            && told.consent.as_ref().is_some_and(|its| {
                its.by == self.by && its.text.as_deref() == Some(self.text.as_str())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(edge: &str, sealed: &str) -> Piece {
        Piece {
            edge: edge.to_owned(),
            at: String::new(),
            by: "customer".to_owned(),
            text: "dGV4dA".to_owned(),
            sealed: sealed.to_owned(),
            shown: None,
            borne: Borne::Not,
        }
    }

    fn told(action: &str, by: &str, text: Option<&str>, sealed: Option<&str>) -> Told {
        Told {
            kind: "oauth.grant".to_owned(),
            eid: None,
            gid: None,
            action: Some(action.to_owned()),
            consent: Some(ToldConsent {
                by: by.to_owned(),
                text: text.map(str::to_owned),
                evidence_digest: sealed.map(|sealed| piece("", sealed).digest()),
            }),
        }
    }

    /// What is said of these pieces, and of what is not there.
    fn held(told: Vec<Told>, pieces: &[(&str, &str)]) -> (Vec<Borne>, Vec<u64>) {
        let told: Vec<_> = (7..).zip(told).collect();
        let mut pieces: Vec<_> = pieces.iter().map(|its| piece(its.0, its.1)).collect();
        let missing = hold(&told, &mut pieces);
        (
            pieces.iter().map(|piece| piece.borne).collect(),
            missing.iter().map(|one| one.record).collect(),
        )
    }

    #[test]
    fn a_piece_is_borne_out_by_its_own_edge_actor_and_texts_alone() {
        let good = ("grant.approve", "customer", Some("dGV4dA"));
        for ((action, by, text), edge, is_told) in [
            (good, "authorise", true),
            (good, "refuse", false),
            (("grant.refuse", good.1, good.2), "authorise", false),
            (("grant.refuse", good.1, good.2), "refuse", true),
            ((good.0, "bank", good.2), "authorise", false),
            ((good.0, good.1, Some("dGV4dB")), "authorise", false),
            ((good.0, good.1, None), "authorise", false),
        ] {
            let (borne, _) = held(vec![told(action, by, text, None)], &[(edge, "AAAA")]);
            let is = borne == [Borne::ByEdge(7)];
            assert_eq!(is, is_told, "{edge} by {action} of {by} with {text:?}");
        }
    }

    #[test]
    fn a_record_bears_out_the_bytes_that_it_names_and_no_others() {
        let of = |action, sealed| told(action, "customer", Some("dGV4dA"), Some(sealed));
        let both = || vec![of("consent.allow", "AAAA"), of("grant.approve", "BBBB")];
        for (pieces, expected, missing) in [
            (
                vec![("allow", "AAAA"), ("authorise", "BBBB")],
                vec![Borne::Out(7), Borne::Out(8)],
                vec![],
            ),
            // Changed; swapped; gone; and one that was put beside.
            (
                vec![("allow", "AAAA"), ("authorise", "CCCC")],
                vec![Borne::Out(7), Borne::Otherwise(8)],
                vec![],
            ),
            (
                vec![("allow", "BBBB"), ("authorise", "AAAA")],
                vec![Borne::Otherwise(7), Borne::Otherwise(8)],
                vec![],
            ),
            (vec![("allow", "AAAA")], vec![Borne::Out(7)], vec![8]),
            (
                vec![
                    ("allow", "AAAA"),
                    ("authorise", "BBBB"),
                    ("authorise", "BBBB"),
                ],
                vec![Borne::Out(7), Borne::Out(8), Borne::Not],
                vec![],
            ),
        ] {
            assert_eq!(held(both(), &pieces), (expected, missing), "{pieces:?}");
        }
    }

    #[test]
    fn records_of_before_bear_out_what_no_later_one_names() {
        let plain = told("consent.renew", "customer", Some("dGV4dA"), None);
        let naming = told("consent.renew", "customer", Some("dGV4dA"), Some("BBBB"));
        let pieces = [("renew", "AAAA"), ("renew", "BBBB")];
        let expected = (vec![Borne::ByEdge(7), Borne::Out(8)], vec![]);
        assert_eq!(held(vec![plain, naming], &pieces), expected);
    }
}
