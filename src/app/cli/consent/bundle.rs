//! The evidence of a consent, piece by piece, held against the audit log.

mod borne;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use audit::{Proof, StoredRecord};
use model::{Shown, SignedRequest};

use self::borne::{Borne, Missing, find};
use crate::control::Answer;

/// What was kept of a consent, and what the log says of it.
pub(super) struct Bundle {
    bank: String,
    consent: Value,
    pieces: Vec<Piece>,
    /// Records that tell of evidence which is not there.
    missing: Vec<Missing>,
    /// The records that tell of the pieces, with their proofs, by their places in the bank's log.
    records: BTreeMap<u64, (StoredRecord, Proof)>,
}

/// What was kept of one edge.
#[derive(Deserialize)]
struct Piece {
    edge: String,
    at: String,
    by: String,
    /// The digest of the texts that were in force, base64url.
    text: String,
    /// What is kept, base64url.
    sealed: String,
    /// `None` when it does not open: it is not what was kept, or the key is another.
    shown: Option<Shown>,
    #[serde(skip)]
    borne: Borne,
}

impl Bundle {
    /// The pieces that the answers hold, each with its record in the log of this configuration.
    pub(super) fn of(file: &Path, answers: &[Answer]) -> anyhow::Result<Self> {
        let first = answers.first().context("there is no answer")?;
        let consent = first.json["consent"].clone();
        let bank = first.json["bank"].as_str().unwrap_or_default().to_owned();
        let of = answers.iter().map(|answer| &answer.json["piece"]);
        let mut pieces = of
            .filter(|piece| !piece.is_null())
            .map(|piece| Piece::deserialize(piece).context("reading a piece of evidence"))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let dir = config::audit_dir(file).context("the file names no audit log")?;
        let (digest, log) = (
            consent["digest"].as_str().unwrap_or_default(),
            format!("bank/{bank}"),
        );
        let missing = find(&dir, &log, digest, &mut pieces)?;
        let told: BTreeSet<u64> = pieces.iter().filter_map(|one| one.borne.record()).collect();
        let proved = audit::prove(&dir, &log, &told).context("reading the audit log")?;
        let records = proved.into_iter().map(|one| (one.0.index, one));
        Ok(Self {
            bank,
            consent,
            pieces,
            missing,
            records: records.collect(),
        })
    }

    /// Whether the log tells of each piece as it is, and of no other.
    pub(super) fn is_borne_out(&self) -> bool {
        self.missing.is_empty() && self.pieces.iter().all(Piece::is_borne_out)
    }

    /// For a person.
    pub(super) fn text(&self) -> String {
        let its = |name: &str| self.consent[name].as_str().unwrap_or("-").to_owned();
        let mut text = format!(
            "consent {} of {}: {}\n  customer  {}\n  partner   {}, client {}\n  made      {}\n  \
             expires   {}\n",
            its("id"),
            self.bank,
            its("state"),
            its("customer"),
            its("partner"),
            its("client"),
            its("made_at"),
            its("expires"),
        );
        let clusters = self.consent["clusters"].as_array();
        let clusters = clusters.map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
        if let Some(clusters) = clusters.filter(|all| !all.is_empty()) {
            let _ = writeln!(text, "  data      {}", clusters.join(" "));
        }
        if let Some(by) = self.consent["ended_by"].as_str() {
            let reason = self.consent["reason"].as_str();
            let reason = reason.map(|why| format!(": {}", why.escape_debug()));
            let at = its("changed_at");
            let _ = writeln!(
                text,
                "  ended     {at} by {by}{}",
                reason.unwrap_or_default()
            );
        }
        if self.pieces.is_empty() {
            text.push_str("nothing was kept of it: nobody decided about it\n");
        }
        for piece in &self.pieces {
            piece.tell(&mut text);
        }
        for one in &self.missing {
            let Missing { record, action } = one;
            let _ = writeln!(
                text,
                "record {record} of the log tells of {action}, and what was kept of it is not there"
            );
        }
        text
    }

    /// For a program: all but the pages and requests, which are told by their digests.
    pub(super) fn as_json(&self) -> Value {
        let pieces = self.pieces.iter().map(Piece::as_json);
        json!({
            "bank": self.bank,
            "consent": self.consent,
            "evidence": pieces.collect::<Vec<_>>(),
            "missing": self.missing.iter().map(Missing::as_json).collect::<Vec<_>>(),
            "is_borne_out": self.is_borne_out(),
        })
    }

    /// Writes everything into a folder, which is made: no evidence takes the place of another.
    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(folder)?;
        let put = |name: &str, bytes: &[u8]| {
            let mut options = OpenOptions::new();
            let file = options.write(true).create_new(true).mode(0o600);
            let mut file = file.open(folder.join(name))?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        put("consent.json", format!("{:#}\n", self.as_json()).as_bytes())?;
        for (number, piece) in self.pieces.iter().enumerate() {
            let name = format!("{number:03}-{}", piece.edge);
            put(&format!("{name}.sealed"), &piece.bytes())?;
            let record = piece.borne.record();
            if let Some((record, proof)) = record.and_then(|index| self.records.get(&index)) {
                put(&format!("{name}.record.json"), &record.json)?;
                let proof = format!("{:#}\n", json!(proof));
                put(&format!("{name}.proof.json"), proof.as_bytes())?;
            }
            let Some(shown) = &piece.shown else { continue };
            put(&format!("{name}.html"), shown.page.as_bytes())?;
            let choices = format!("{:#}\n", json!(shown.choices));
            put(&format!("{name}.choices.json"), choices.as_bytes())?;
            let (kind, request) = request(shown);
            put(&format!("{name}.request.{kind}"), request.as_bytes())?;
        }
        Ok(())
    }
}

impl Piece {
    /// The bytes that are kept.
    fn bytes(&self) -> Vec<u8> {
        crypto::from_base64url(&self.sealed).unwrap_or_default()
    }

    /// Their SHA-256 as records name it, hexadecimal.
    fn digest(&self) -> String {
        crypto::hex(&crypto::sha256(&self.bytes()))
    }

    fn is_borne_out(&self) -> bool {
        self.shown.is_some() && self.borne.is_good()
    }

    fn tell(&self, text: &mut String) {
        let _ = writeln!(text, "{} at {} by {}", self.edge, self.at, self.by);
        match &self.shown {
            Some(shown) => tell(shown, text),
            None if self.borne.is_good() => text.push_str(
                "  page      it does not open: it is what was kept, so the bank's `kek` is not the \
                 key that it was sealed with\n",
            ),
            None => text.push_str("  page      it does not open: it is not what was kept\n"),
        }
        let _ = writeln!(text, "  log       {}", self.borne.said());
    }

    fn as_json(&self) -> Value {
        let mut told = json!({
            "edge": self.edge,
            "at": self.at,
            "by": self.by,
            "text": self.text,
            "sealed_sha256": self.digest(),
            "record": self.borne.record(),
            "log": self.borne.word(),
            "is_borne_out": self.is_borne_out(),
        });
        let Some(shown) = &self.shown else {
            return told;
        };
        let digest = |text: &str| crypto::base64url(&crypto::sha256(text.as_bytes()));
        let (kind, request) = request(shown);
        for (name, value) in [
            ("language", json!(shown.language)),
            ("choices", json!(shown.choices)),
            ("factor", json!(shown.factor)),
            ("page_sha256", json!(digest(&shown.page))),
            ("request", json!(kind)),
            ("request_sha256", json!(digest(request))),
        ] {
            told[name] = value;
        }
        told
    }
}

/// What the partner sent: the ending of a file's name, and its text.
fn request(shown: &Shown) -> (&'static str, &str) {
    match &shown.request {
        SignedRequest::Jar(text) => ("jwt", text),
        SignedRequest::Form(text) => ("form", text),
    }
}

/// What a customer was shown and said.
fn tell(shown: &Shown, text: &mut String) {
    let (bytes, kind, language) = (shown.page.len(), request(shown).0, &shown.language);
    let _ = writeln!(
        text,
        "  page      {bytes} bytes, {language}; request {kind}"
    );
    for (name, value) in &shown.choices {
        let (name, value) = (name.escape_debug(), value.escape_debug());
        let _ = writeln!(text, "  choice    {name} = {value}");
    }
    if let Some(factor) = &shown.factor {
        let method = factor.method.escape_debug();
        let reference = factor.reference.escape_debug();
        let at = factor.at;
        let _ = writeln!(text, "  factor    {method} at {at}, reference {reference}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(edge: &str, borne: Borne) -> Piece {
        Piece {
            edge: edge.to_owned(),
            at: String::new(),
            by: "customer".to_owned(),
            text: "dGV4dA".to_owned(),
            sealed: "AAAA".to_owned(),
            shown: Some(Shown {
                page: "<!doctype html>".to_owned(),
                language: "en".to_owned(),
                choices: vec![("a\u{1b}[2J".to_owned(), "b".to_owned())],
                factor: None,
                request: SignedRequest::Form("scope=a".to_owned()),
            }),
            borne,
        }
    }

    fn bundle(pieces: Vec<Piece>) -> Bundle {
        Bundle {
            bank: "harbour".to_owned(),
            consent: json!({ "id": "c", "state": "withdrawn", "ended_by": "bank",
                             "reason": "lost\u{1b}[2J" }),
            pieces,
            missing: Vec::new(),
            records: BTreeMap::new(),
        }
    }

    #[test]
    fn one_piece_that_the_log_does_not_bear_out_is_one_too_many_and_nothing_commands_a_terminal() {
        for (borne, said, is_good) in [
            (
                Borne::Out(9),
                "record 9 tells of it, of these very bytes",
                true,
            ),
            (
                Borne::ByEdge(9),
                "record 9 tells of it, and names no bytes",
                true,
            ),
            (
                Borne::Otherwise(9),
                "record 9 tells of it, and of other bytes",
                false,
            ),
            (Borne::Not, "no record tells of it", false),
        ] {
            let both = bundle(vec![
                piece("allow", Borne::Out(7)),
                piece("authorise", borne),
            ]);
            assert_eq!(both.is_borne_out(), is_good, "{said}");
            assert_eq!(both.as_json()["is_borne_out"], is_good);
            let text = both.text();
            assert!(text.contains("record 7 tells of it"), "{text}");
            assert!(text.contains(said), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn what_does_not_open_and_what_is_not_there_is_not_borne_out() {
        let mut shut = bundle(vec![piece("authorise", Borne::Out(7))]);
        shut.pieces[0].shown = None;
        assert!(!shut.is_borne_out());
        assert!(shut.text().contains("does not open"), "{}", shut.text());
        let mut less = bundle(vec![piece("authorise", Borne::Out(7))]);
        less.missing = vec![Missing {
            record: 8,
            action: "consent.withdraw".to_owned(),
        }];
        assert!(!less.is_borne_out());
        assert_eq!(less.as_json()["missing"][0]["record"], 8);
        let text = less.text();
        assert!(
            text.contains("record 8 of the log tells of consent.withdraw"),
            "{text}"
        );
    }
}
