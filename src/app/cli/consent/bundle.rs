//! The evidence of a consent, piece by piece, held against the audit log.

use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use model::{Shown, SignedRequest};

use crate::control::Answer;

/// What was kept of a consent, and what the log says of it.
pub(super) struct Bundle {
    bank: String,
    consent: Value,
    pieces: Vec<Piece>,
}

/// What was kept of one edge.
#[derive(Deserialize)]
struct Piece {
    edge: String,
    at: String,
    by: String,
    /// The digest of the texts that were in force, base64url.
    text: String,
    shown: Shown,
    /// The record of the log that tells of the edge with the same texts: its place in the bank's
    /// log.
    #[serde(skip)]
    record: Option<u64>,
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
        let digest = consent["digest"].as_str().unwrap_or_default();
        find(&dir, &format!("bank/{bank}"), digest, &mut pieces)?;
        Ok(Self {
            bank,
            consent,
            pieces,
        })
    }

    /// Whether the log tells of each piece.
    pub(super) fn is_borne_out(&self) -> bool {
        self.pieces.iter().all(|piece| piece.record.is_some())
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
        text
    }

    /// For a program: all but the pages and requests, which are told by their digests.
    pub(super) fn as_json(&self) -> Value {
        let pieces = self.pieces.iter().map(Piece::as_json);
        json!({
            "bank": self.bank,
            "consent": self.consent,
            "evidence": pieces.collect::<Vec<_>>(),
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
            put(&format!("{name}.html"), piece.shown.page.as_bytes())?;
            let choices = format!("{:#}\n", json!(piece.shown.choices));
            put(&format!("{name}.choices.json"), choices.as_bytes())?;
            let (kind, request) = piece.request();
            put(&format!("{name}.request.{kind}"), request.as_bytes())?;
        }
        Ok(())
    }
}

impl Piece {
    /// What the partner sent: the ending of a file's name, and its text.
    fn request(&self) -> (&'static str, &str) {
        match &self.shown.request {
            SignedRequest::Jar(text) => ("jwt", text),
            SignedRequest::Form(text) => ("form", text),
        }
    }

    fn tell(&self, text: &mut String) {
        let Shown {
            page,
            language,
            choices,
            factor,
            ..
        } = &self.shown;
        let _ = writeln!(text, "{} at {} by {}", self.edge, self.at, self.by);
        let (bytes, kind) = (page.len(), self.request().0);
        let _ = writeln!(
            text,
            "  page      {bytes} bytes, {language}; request {kind}"
        );
        for (name, value) in choices {
            let (name, value) = (name.escape_debug(), value.escape_debug());
            let _ = writeln!(text, "  choice    {name} = {value}");
        }
        if let Some(factor) = factor {
            let method = factor.method.escape_debug();
            let reference = factor.reference.escape_debug();
            let at = factor.at;
            let _ = writeln!(text, "  factor    {method} at {at}, reference {reference}");
        }
        match self.record {
            Some(index) => {
                let _ = writeln!(text, "  log       record {index} tells of it");
            }
            None => text.push_str("  log       no record tells of it with these texts\n"),
        }
    }

    fn as_json(&self) -> Value {
        let digest = |text: &str| crypto::base64url(&crypto::sha256(text.as_bytes()));
        let (kind, request) = self.request();
        json!({
            "edge": self.edge,
            "at": self.at,
            "by": self.by,
            "text": self.text,
            "language": self.shown.language,
            "choices": self.shown.choices,
            "factor": self.shown.factor,
            "page_sha256": digest(&self.shown.page),
            "request": kind,
            "request_sha256": digest(request),
            "record": self.record,
        })
    }
}

/// What a record of a grant says of its consent.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    gid: Option<String>,
    action: Option<String>,
    consent: Option<ToldConsent>,
}

#[derive(Deserialize)]
struct ToldConsent {
    by: String,
    text: Option<String>,
}

/// Finds the record of each piece: of this consent, of its edge, by the same actor, with the same
/// texts. Each record bears out one piece, in their order.
fn find(dir: &Path, log: &str, digest: &str, pieces: &mut [Piece]) -> anyhow::Result<()> {
    if pieces.is_empty() {
        return Ok(());
    }
    for record in audit::read(dir).context("reading the audit log")? {
        let record = record.context("reading a record of the audit log")?;
        if record.log != log {
            continue;
        }
        // Records of other kinds have other members; what does not read tells of no grant.
        let Ok(told) = serde_json::from_slice::<Told>(&record.json) else {
            continue;
        };
        if told.kind != "oauth.grant" || told.gid.as_deref() != Some(digest) {
            continue;
        }
        let mut waiting = pieces.iter_mut().filter(|piece| piece.record.is_none());
        if let Some(piece) = waiting.find(|piece| piece.is_told_by(&told)) {
            piece.record = Some(record.index);
        }
    }
    Ok(())
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

    fn piece(edge: &str) -> Piece {
        Piece {
            edge: edge.to_owned(),
            at: String::new(),
            by: "customer".to_owned(),
            text: "dGV4dA".to_owned(),
            shown: Shown {
                page: "<!doctype html>".to_owned(),
                language: "en".to_owned(),
                choices: vec![("a\u{1b}[2J".to_owned(), "b".to_owned())],
                factor: None,
                request: SignedRequest::Form("scope=a".to_owned()),
            },
            record: None,
        }
    }

    fn told(action: &str, by: &str, text: Option<&str>) -> Told {
        Told {
            kind: "oauth.grant".to_owned(),
            gid: None,
            action: Some(action.to_owned()),
            consent: Some(ToldConsent {
                by: by.to_owned(),
                text: text.map(str::to_owned),
            }),
        }
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
            let told = told(action, by, text);
            let is = piece(edge).is_told_by(&told);
            assert_eq!(is, is_told, "{edge} by {action} of {by} with {text:?}");
        }
    }

    #[test]
    fn one_piece_that_no_record_tells_of_is_one_too_many_and_nothing_commands_a_terminal() {
        let mut bundle = Bundle {
            bank: "harbour".to_owned(),
            consent: json!({ "id": "c", "state": "withdrawn", "ended_by": "bank",
                             "reason": "lost\u{1b}[2J" }),
            pieces: vec![piece("authorise"), piece("renew")],
        };
        bundle.pieces[0].record = Some(7);
        assert!(!bundle.is_borne_out());
        assert_eq!(bundle.as_json()["is_borne_out"], false);
        let text = bundle.text();
        assert!(text.contains("record 7 tells of it"), "{text}");
        assert!(text.contains("no record tells of it"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        bundle.pieces[1].record = Some(9);
        assert!(bundle.is_borne_out());
    }
}
