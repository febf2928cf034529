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
        /// Print the report as JSON.
        #[arg(long)]
        json: bool,
    },
}

impl Audit {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Cat { dir, request, log } => cat(&dir, request.as_deref(), log.as_deref()),
            Self::Verify { dir, json } => verify(&dir, json),
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
