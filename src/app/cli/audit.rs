//! `mortise audit cat | verify`: read the log, and judge it, without the gateway.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;

use crate::cli::{say, warn};

/// Read and verify the audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Print the records, one JSON object a line.
    Cat {
        /// The log's directory.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Only the records of this request id.
        #[arg(long, value_name = "ID")]
        request: Option<String>,
        /// Only the records of this log: `house` or `bank/ID`.
        #[arg(long, value_name = "LOG")]
        log: Option<String>,
    },
    /// Verify frames, chains and sequences; print what was read and every finding.
    Verify {
        /// The log's directory.
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Judge one record instead, that was exported with its proof: this proof …
        #[arg(long, value_name = "FILE", requires = "record")]
        proof: Option<PathBuf>,
        /// … of this record, byte for byte as it was stored.
        #[arg(long, value_name = "FILE", requires = "proof")]
        record: Option<PathBuf>,
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Cat { dir, request, log } => cat(&dir, request.as_deref(), log.as_deref()),
            Self::Verify {
                dir,
                proof: Some(proof),
                record: Some(record),
                json,
            } => judge(&dir, (&proof, &record), json),
            Self::Verify { dir, json, .. } => verify(&dir, json),
        }
    }
}

fn cat(dir: &Path, request: Option<&str>, log: Option<&str>) -> anyhow::Result<ExitCode> {
    if let Some(id) = request
        && model::RequestId::parse(id).is_none()
    {
        warn(&format!(
            "error: {id} is not a request id: a UUID as in x-request-id is wanted\n"
        ));
        return Ok(ExitCode::from(2));
    }
    let wanted = request.map(str::to_ascii_lowercase);
    let mut printed = 0_u64;
    for record in audit::read(dir).context("reading the audit log")? {
        let record = record.context("reading a record")?;
        let is_wanted = wanted.as_deref().is_none_or(|id| is_of(&record.json, id))
            && log.is_none_or(|log| record.log == log);
        if is_wanted {
            say(&format!("{}\n", String::from_utf8_lossy(&record.json)));
            printed += 1;
        }
    }
    if printed == 0 {
        warn(&format!(
            "no record found in {}{}{}\n",
            dir.display(),
            request
                .map(|id| format!(" of the request {id}"))
                .unwrap_or_default(),
            log.map(|log| format!(" in the log {log}"))
                .unwrap_or_default(),
        ));
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// A number with its noun, in the plural where it takes one.
fn counted(number: u64, noun: &str) -> String {
    match (number, noun) {
        (1, _) => format!("1 {noun}"),
        (_, "batch") => format!("{number} batches"),
        _ => format!("{number} {noun}s"),
    }
}

/// Whether a record's member `req` is this request id.
fn is_of(record: &[u8], id: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Request<'a> {
        req: Option<&'a str>,
    }
    serde_json::from_slice::<Request<'_>>(record).is_ok_and(|record| record.req == Some(id))
}

fn verify(dir: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let report = audit::verify(dir).context("reading the audit log")?;
    let verdict = if !report.findings.is_empty() {
        ("tampered or damaged", 1)
    } else if report.records == 0 {
        ("not clean: no record was read", 2)
    } else {
        ("clean", 0)
    };
    if json {
        let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        let json = serde_json::json!({
            "verdict": verdict.0, "records": report.records, "batches": report.batches,
            "segments": report.segments, "logs": report.logs, "torn_tail": report.torn_tail,
            "unclean_starts": report.unclean_starts, "recoveries": report.recoveries,
            "gaps": report.gaps, "findings": findings,
        });
        say(&format!("{json}\n"));
    } else {
        say(&format!(
            "{}, {}, {}: {}\n",
            counted(report.records, "record"),
            counted(report.batches, "batch"),
            counted(report.segments, "segment"),
            verdict.0
        ));
        for (log, records) in &report.logs {
            say(&format!("  {log}: {records}\n"));
        }
        for finding in &report.findings {
            say(&format!("  finding: {finding}\n"));
        }
    }
    Ok(ExitCode::from(verdict.1))
}

/// Judges a record by its proof, and the proof by the log, or by a copy of it made at any time
/// since.
fn judge(dir: &Path, (proof, record): (&Path, &Path), json: bool) -> anyhow::Result<ExitCode> {
    let read =
        |path: &Path| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
    let of: audit::Proof = serde_json::from_slice(&read(proof)?)
        .with_context(|| format!("reading the proof {}", proof.display()))?;
    let (verdict, code) = if of.is_of(&read(record)?) {
        match audit::upheld(dir, &of).context("reading the audit log")? {
            audit::Upheld::Yes => ("the log has it as the proof says", 0),
            audit::Upheld::No => ("the log was changed since: it has another batch there", 1),
            audit::Upheld::NoBatch => ("the log ends before it", 1),
        }
    } else {
        ("the proof is of another record", 1)
    };
    let audit::Proof {
        log, index, batch, ..
    } = &of;
    say(&if json {
        let told = serde_json::json!({
            "verdict": verdict, "is_good": code == 0, "log": log, "index": index, "batch": batch,
        });
        format!("{told}\n")
    } else {
        format!("record {index} of {log}, batch {batch}: {verdict}\n")
    });
    Ok(ExitCode::from(code))
}
