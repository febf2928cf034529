//! The log as files: read and judged by the program's own commands, damaged, torn, and written to
//! until it cannot be written any more.

use std::path::{Path, PathBuf};
use std::process::Command;

use kit::{Folder, Partner, Version, records};

use crate::process::{Program, assert_clean, finish, mortise, verify};

/// The segments of a log, oldest first.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join("wal"))
        .expect("the segments' folder")
        .flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "seg"));
    paths.sort();
    paths
}

/// Where a text lies in a file, last.
fn last_place(bytes: &[u8], text: &[u8]) -> usize {
    let mut windows = bytes.windows(text.len());
    windows
        .rposition(|window| window == text)
        .expect("the text in the file")
}

/// A folder in which a sandbox answered three partner calls and was stopped; the calls' ids.
async fn used() -> (Folder, Vec<String>) {
    let folder = Folder::new();
    let sandbox = Program::sandbox(&folder).await;
    let ids = call(&folder, 3).await;
    assert_eq!(sandbox.stop().await, Some(0));
    (folder, ids)
}

async fn call(folder: &Folder, times: usize) -> Vec<String> {
    let partner = Partner::in_folder(folder, "swiftride-app");
    let token = partner.bearer_in(folder, "branches").await;
    let dial = folder.dial(Some(&partner.identity), Version::Http1);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let mut ids = Vec::new();
    for _ in 0..times {
        let answer = client
            .get("/branches/v1/branches", &[("authorization", &token)])
            .await;
        assert_eq!(answer.status, 200);
        ids.push(answer.request_id());
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn cat_prints_exactly_the_records_of_a_request() {
    let (folder, ids) = used().await;
    let audit = folder.prepared().audit.clone();
    let cat = |arguments: &[&str]| {
        finish(
            mortise()
                .args(["audit", "cat", "--dir"])
                .arg(&audit)
                .args(arguments),
        )
    };
    let kinds = |printed: &str| -> Vec<String> {
        let lines = printed.lines().map(|line| -> serde_json::Value {
            serde_json::from_str(line).expect("a JSON record")
        });
        lines
            .inspect(|record| assert_eq!(record["req"], ids[1]))
            .map(|record| record["type"].as_str().expect("a type").to_owned())
            .collect()
    };
    let printed = cat(&["--request", &ids[1]]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    // A body that was held whole needs no record of its end.
    let printed = kinds(&printed.out);
    assert!(
        printed == ["api.access"] || printed == ["api.access", "api.end"],
        "{printed:?}"
    );
    assert_eq!(
        kinds(&cat(&["--request", &ids[1].to_uppercase()]).out),
        printed
    );
    let all = cat(&[]);
    assert_eq!(all.out.lines().count(), records(&audit).len());
    let house = cat(&["--log", "house"]);
    assert!(
        house.out.contains("audit.start") && !house.out.contains("api.access"),
        "{house:?}"
    );
    let other = cat(&["--request", "00000000-0000-7000-8000-000000000000"]);
    assert_eq!((other.code, other.out.as_str()), (Some(2), ""), "{other:?}");
    let no_id = cat(&["--request", "hello"]);
    assert_eq!(no_id.code, Some(2), "{no_id:?}");
    assert!(no_id.err.contains("request id"), "{no_id:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_or_missing_log_is_not_clean() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let empty = verify(folder.path());
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(
        empty.out.contains("0 records") && !empty.out.contains(": clean"),
        "{empty:?}"
    );
    let missing = verify(&folder.path().join("missing"));
    assert!(matches!(missing.code, Some(2 | 3)), "{missing:?}");
    assert!(!missing.out.contains(": clean"), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_is_found_and_the_program_will_not_write_on() {
    let (folder, ids) = used().await;
    let audit = folder.prepared().audit.clone();
    let report = assert_clean(&audit);
    assert!(report.contains("bank/harbour: "), "{report}");
    let segment = segments(&audit).pop().expect("a segment");
    let whole = std::fs::read(&segment).expect("a readable file");
    // A status changes from 200 to 300 in the middle of the log.
    let record = last_place(&whole, ids[0].as_bytes());
    let status = whole[record..]
        .windows(12)
        .position(|window| window == b"\"status\":200");
    let mut forged = whole.clone();
    forged[record + status.expect("a status") + 9] = b'3';
    std::fs::write(&segment, &forged).expect("a writable file");
    let verified = verify(&audit);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.out.contains("tampered or damaged"), "{verified:?}");
    assert!(verified.out.contains("finding: "), "{verified:?}");
    let json = finish(
        mortise()
            .args(["audit", "verify", "--json", "--dir"])
            .arg(&audit),
    );
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let findings = report["findings"].as_array().map_or(0, Vec::len);
    assert!(json.code == Some(1) && findings > 0, "{json:?}");
    let refused = finish(mortise().args(["sandbox", "--dir"]).arg(folder.dir()));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.err.contains("audit log"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_tail_is_saved_cut_and_told_of_at_the_next_start() {
    let folder = Folder::new();
    let sandbox = Program::sandbox(&folder).await;
    let ids = call(&folder, 2).await;
    sandbox.kill();
    let audit = folder.prepared().audit.clone();
    let before = records(&audit);
    // Half a frame behind the last batch, as a write leaves it that was cut by a power failure.
    let segment = segments(&audit).pop().expect("a segment");
    let mut bytes = std::fs::read(&segment).expect("a readable file");
    let end = bytes
        .iter()
        .rposition(|byte| *byte != 0)
        .expect("a written byte")
        + 1;
    // The last frame may end in zeros: a gap keeps it whole.
    let end = end.next_multiple_of(8) + 64;
    let frame = last_place(&bytes, b"\"api.access\"");
    let (from, len) = (frame - frame % 8, 200);
    bytes.copy_within(from..from + len, end);
    std::fs::write(&segment, &bytes).expect("a writable file");

    let sandbox = Program::sandbox(&folder).await;
    assert_eq!(sandbox.stop().await, Some(0));
    let report = assert_clean(&audit);
    let after = records(&audit);
    assert_eq!(after[..before.len()], before, "{report}");
    let told = &after[before.len()..];
    let recovered = told.iter().find(|record| record["type"] == "audit.recover");
    let recovered = recovered.unwrap_or_else(|| panic!("no audit.recover: {told:#?}"));
    assert!(
        recovered["len"].as_u64() >= Some(len as u64),
        "{recovered:#}"
    );
    let start = told.iter().find(|record| record["type"] == "audit.start");
    assert_eq!(start.expect("a start")["clean"], false);
    let saved = std::fs::read_dir(audit.join("wal"))
        .expect("a folder")
        .flatten();
    let saved: Vec<PathBuf> = saved.map(|entry| entry.path()).collect();
    assert!(
        saved
            .iter()
            .any(|path| path.extension().is_some_and(|e| e == "torn")),
        "{saved:?}"
    );
    for id in ids {
        assert!(
            after.iter().any(|record| record["req"] == *id),
            "{id} is lost"
        );
    }
}

/// Bytes that files may grow to below: enough for the store, less than a segment.
const FILE_BYTES_MAX: u64 = 384 << 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_written_refuses_with_503_and_ends_the_process() {
    let folder = Folder::new()
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 100000/s, burst: 100000 requests",
        )
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 100000/s, burst: 100000 requests",
        );
    // The first start makes the segment, whole; the second may not write beyond a part of it.
    assert_eq!(Program::sandbox(&folder).await.stop().await, Some(0));
    let limited = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" sandbox --dir \"$1\"",
        FILE_BYTES_MAX / 512
    );
    let program = env!("CARGO_BIN_EXE_mortise");
    let mut shell = Command::new("sh");
    let mut sandbox = Program::start(shell.args(["-c", &limited, program]).arg(folder.dir()));
    sandbox.until_open().await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let token = partner.bearer_in(&folder, "branches").await;
    let dial = folder.dial(Some(&partner.identity), Version::Http1);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let mut answered = Vec::new();
    // Calls that are refused for the token's scope: each record has someone who waits for it, so
    // that the one which cannot be written is answered for.
    let refused = loop {
        let target = "/catalogue/v1/products?limit=1";
        let answer = client.get(target, &[("authorization", &token)]).await;
        if answer.code() != "insufficient_scope" {
            break answer;
        }
        answered.push(answer.request_id());
        assert!(answered.len() < 5_000, "the limit was never met");
    };
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (503, "audit_unavailable".into())
    );
    assert!(answered.len() > 50, "{}", answered.len());
    drop(client);
    assert_eq!(sandbox.ended().await, Some(3), "{}", sandbox.err());
    assert!(
        sandbox.err().contains("the audit log cannot be written"),
        "{}",
        sandbox.err()
    );

    // Without the limit the next start recovers, and nothing that was answered is lost.
    assert_eq!(Program::sandbox(&folder).await.stop().await, Some(0));
    let audit = folder.prepared().audit.clone();
    assert_clean(&audit);
    let kept = records(&audit);
    for id in &answered {
        let is_it =
            |record: &&serde_json::Value| record["req"] == *id && record["type"] == "api.access";
        assert_eq!(kept.iter().filter(is_it).count(), 1, "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_after_the_log_was_opened_closes_it_in_order() {
    let folder = Folder::new();
    // Something else where the store's file should be.
    let store = folder.dir().join("mortise.sqlite");
    std::fs::write(&store, "no database at all".repeat(100)).expect("a writable file");
    let failed = finish(mortise().args(["sandbox", "--dir"]).arg(folder.dir()));
    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert!(failed.err.contains("opening the store"), "{failed:?}");
    let audit = folder.prepared().audit.clone();
    let kept = records(&audit);
    assert_eq!(kept[0]["type"], "audit.start");
    assert_eq!(kept[kept.len() - 1]["type"], "audit.stop");
    std::fs::remove_file(&store).expect("a file");
    assert_eq!(Program::sandbox(&folder).await.stop().await, Some(0));
    assert!(
        records(&audit)
            .iter()
            .all(|record| record["clean"] != false)
    );
}
