use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use model::LogName;
use model::ports::{AuditUnavailable, Receipt};

use crate::fixture::{Room, access, bank, block_on, kind, segments};
use crate::{Audit, OpenFailed, Settings, verify};

const SMALL: u64 = 16 << 10;
const LARGE: u64 = 1 << 20;

fn seq_and_pseq(receipt: Receipt) -> (u64, Option<u64>) {
    (receipt.seq, receipt.pseq)
}

#[tokio::test]
async fn a_record_is_in_the_directory_when_it_resolves() {
    let room = Room::new(LARGE);
    let audit = room.open();
    let log = audit.log();
    let receipt = log
        .record(access(bank("harbour"), Some("swiftride"), 1))
        .await;
    assert_eq!(receipt.map(seq_and_pseq), Ok((2, Some(1))));
    let kinds: Vec<_> = room.records().iter().map(|json| kind(json)).collect();
    assert_eq!(kinds, ["audit.start", "api.access swiftride"]);
    audit.close();
    let kinds: Vec<_> = room.records().iter().map(|json| kind(json)).collect();
    assert_eq!(kinds, ["audit.start", "api.access swiftride", "audit.stop"]);
    assert_eq!(
        log.record(access(LogName::House, None, 2)).await,
        Err(AuditUnavailable)
    );
    assert!(!log.is_available());
    assert_eq!(room.poisoned.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn seq_begins_anew_and_pseq_goes_on_in_each_log_after_a_start() {
    let room = Room::new(SMALL);
    for start in 0..4_u64 {
        let audit = room.open();
        let log = audit.log();
        for n in 1..=20 {
            for (place, name) in ["harbour", "orchard"].into_iter().enumerate() {
                // The second bank's partner calls half as often.
                if place == 1 && n % 2 == 1 {
                    continue;
                }
                let receipt = log.record(access(bank(name), Some("swiftride"), 1)).await;
                let pseq = if place == 0 {
                    start * 20 + n
                } else {
                    start * 10 + n / 2
                };
                assert_eq!(receipt.map(|receipt| receipt.pseq), Ok(Some(pseq)));
            }
        }
        let last = log.record(access(LogName::House, None, 1)).await;
        assert_eq!(last.map(seq_and_pseq), Ok((32, None)));
        if start == 1 {
            audit.abandon();
        } else {
            audit.close();
        }
    }
    let report = verify(room.dir.path()).unwrap();
    assert_eq!(report.findings, []);
    assert!(report.segments > 3, "{}", report.segments);
    assert_eq!(report.unclean_starts, 1, "the second stop was not orderly");
    let sizes: Vec<_> = report
        .logs
        .iter()
        .map(|(log, size)| (log.as_str(), *size))
        .collect();
    assert_eq!(
        sizes,
        [
            ("house", 4 + 4 + 3),
            ("bank/harbour", 80),
            ("bank/orchard", 40)
        ]
    );
    assert_eq!(report.records, 11 + 80 + 40);
}

#[tokio::test]
async fn a_start_needs_the_last_segment_only_even_with_more_logs_than_a_header_holds() {
    let room = Room::new(SMALL);
    let names: Vec<_> = (0..300)
        .map(|n| format!("bank-{n}-with-a-long-name"))
        .collect();
    for start in 1..=3 {
        let audit = room.open();
        let log = audit.log();
        for name in &names {
            let receipt = log.record(access(bank(name), Some("swiftride"), 1)).await;
            assert_eq!(receipt.map(|receipt| receipt.pseq), Ok(Some(start)));
        }
        audit.close();
    }
    let report = verify(room.dir.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.logs.len(), 301);
    assert!(report.logs.iter().skip(1).all(|(_, size)| *size == 3));
}

#[tokio::test]
async fn records_made_while_the_disk_works_share_one_sync() {
    let room = Room::new(LARGE);
    let audit = room.open();
    let log = audit.log();
    room.calls.hold_syncs(true);
    let before = room.calls.syncs.load(Ordering::SeqCst);
    let waiting: Vec<_> = (0..=255)
        .map(|n| log.record(access(bank("harbour"), Some("swiftride"), n)))
        .collect();
    room.calls.hold_syncs(false);
    let receipts = join_all(waiting).await;
    let pseqs: HashSet<_> = receipts
        .iter()
        .map(|receipt| receipt.unwrap().pseq)
        .collect();
    assert_eq!(pseqs, (1..=256).map(Some).collect());
    let syncs = room.calls.syncs.load(Ordering::SeqCst) - before;
    // The first sync may have begun with any number of the records; it was held for the rest.
    assert!(syncs <= 2, "{syncs} syncs for 256 records");
    audit.close();
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorders_at_once_each_get_their_own_place_and_share_syncs() {
    recorders_at_once(|_| ()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recorders_whom_a_herald_wakes_miss_nothing_and_it_ends_with_the_log() {
    let herald = recorders_at_once(|audit| tokio_task(audit.herald())).await;
    herald.await.expect("no panic");
}

#[tokio::test]
async fn a_herald_wakes_those_who_wait_and_another_may_take_over() {
    let room = Room::new(LARGE);
    let audit = room.open();
    for _ in 0..2 {
        let polls = Arc::new(AtomicUsize::new(0));
        let (mut herald, polled) = (Box::pin(audit.herald()), Arc::clone(&polls));
        let herald = tokio_task(poll_fn(move |cx| {
            polled.fetch_add(1, Ordering::SeqCst);
            herald.as_mut().poll(cx)
        }));
        while polls.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let log = audit.log();
        let record = |n| log.record(access(bank("harbour"), Some("swiftride"), n));
        let receipts = join_all((0..64).map(record)).await;
        assert!(receipts.iter().all(Result::is_ok));
        assert!(polls.load(Ordering::SeqCst) > 1, "it was not called");
        herald.abort();
        assert!(herald.await.is_err());
    }
    audit.close();
}

/// Many who record at once, on several threads; gives what `begin` began.
async fn recorders_at_once<T>(begin: impl FnOnce(&Audit) -> T) -> T {
    let room = Room::new(LARGE);
    let audit = room.open();
    let begun = begin(&audit);
    let tasks: Vec<_> = (0..256)
        .map(|n| {
            let log = audit.log();
            tokio_task(async move {
                let mut receipts = Vec::new();
                for _ in 0..8 {
                    let partner = format!("partner-{}", n % 5);
                    let entry = access(bank("harbour"), Some(&partner), 1);
                    receipts.push((n % 5, log.record(entry).await.unwrap()));
                }
                receipts
            })
        })
        .collect();
    let mut seen = HashSet::new();
    for receipts in join_all(tasks).await {
        for (partner, receipt) in receipts.unwrap() {
            assert!(
                seen.insert((partner, receipt.pseq.unwrap())),
                "a pseq twice"
            );
        }
    }
    assert_eq!(seen.len(), 256 * 8);
    audit.close();
    let report = verify(room.dir.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.records, 256 * 8 + 2);
    assert!(
        report.batches < report.records,
        "{} batches",
        report.batches
    );
    begun
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test waits for each task itself"
)]
fn tokio_task<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    tokio::spawn(task)
}

#[tokio::test]
async fn a_dropped_waiter_withdraws_nothing_and_delays_nobody() {
    let room = Room::new(LARGE);
    let audit = room.open();
    let log = audit.log();
    room.calls.hold_syncs(true);
    let mut polled = log.record(access(bank("harbour"), Some("gone"), 1));
    assert!((&mut polled).now_or_never().is_none());
    let unpolled = log.record(access(bank("harbour"), Some("gone"), 2));
    let kept = log.record(access(bank("harbour"), Some("kept"), 3));
    drop((polled, unpolled));
    room.calls.hold_syncs(false);
    assert_eq!(kept.await.map(|receipt| receipt.pseq), Ok(Some(1)));
    audit.close();
    let kinds: Vec<_> = room.records().iter().map(|json| kind(json)).collect();
    assert_eq!(
        kinds
            .iter()
            .filter(|kind| *kind == "api.access gone")
            .count(),
        2
    );
}

#[tokio::test]
async fn what_is_queued_without_waiting_is_there_after_close() {
    let room = Room::new(SMALL);
    let audit = room.open();
    for n in 0..200 {
        audit
            .log()
            .queue(access(bank("harbour"), Some("swiftride"), n))
            .unwrap();
    }
    audit.close();
    assert_eq!(room.records().len(), 202);
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}

#[tokio::test]
async fn a_lingering_group_ends_when_the_log_closes() {
    let room = Room::new(LARGE);
    let settings = Settings {
        linger: Duration::from_hours(1),
        ..room.settings()
    };
    let audit = room.try_open(settings).unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|n| audit.log().record(access(LogName::House, None, n)))
        .collect();
    audit.close();
    let seqs: Vec<_> = join_all(waiting)
        .await
        .iter()
        .map(|r| r.unwrap().seq)
        .collect();
    assert_eq!(seqs, [2, 3, 4]);
    assert_eq!(
        verify(room.dir.path()).unwrap().batches,
        1 + 1 + 1 + 1,
        "opening, start, group, stop"
    );
}

#[tokio::test]
async fn a_full_queue_refuses_and_the_log_tells_how_much() {
    let room = Room::new(LARGE);
    let settings = Settings {
        queue_bytes_max: 64 << 10,
        ..room.settings()
    };
    let audit = room.try_open(settings).unwrap();
    let log = audit.log();
    room.calls.hold_syncs(true);
    let entry = || access(bank("harbour"), None, 1);
    let mut queued = 0_u64;
    while log.queue(entry()).is_ok() {
        queued += 1;
    }
    assert!(log.is_available(), "what is waited for still finds room");
    let mut waiting = Vec::new();
    let refused = loop {
        let mut record = log.record(entry());
        match (&mut record).now_or_never() {
            Some(refused) => break refused,
            None => waiting.push(record),
        }
    };
    assert_eq!(refused, Err(AuditUnavailable));
    assert!(
        waiting.len() > 10 && queued > 100,
        "{} and {queued}",
        waiting.len()
    );
    room.calls.hold_syncs(false);
    let taken = waiting.len() as u64;
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
    log.record(entry()).await.unwrap();
    audit.close();
    let records = room.records();
    let counts = records
        .iter()
        .filter(|json| kind(json) == "audit.gap")
        .map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap()["count"].as_u64());
    // The first group may have begun between the two refusals.
    assert_eq!(counts.sum::<Option<u64>>(), Some(2));
    let report = verify(room.dir.path()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.records, queued + taken + 1 + 2 + report.gaps);
}

#[test]
fn a_second_process_is_refused_by_the_pid_of_the_first() {
    let room = Room::new(LARGE);
    let audit = room.open();
    let refused = room.try_open(room.settings()).unwrap_err();
    assert!(
        matches!(refused, OpenFailed::InUse { pid: Some(pid), .. } if pid == std::process::id())
    );
    assert!(
        refused
            .to_string()
            .ends_with(&format!("by process {}", std::process::id()))
    );
    drop(audit);
    room.open().close();
}

#[test]
fn another_nodes_directory_and_an_unwritable_name_are_refused() {
    let room = Room::new(LARGE);
    room.open().close();
    for (node, expected) in [
        ("node-2", "belongs to node \"node-1\""),
        ("a\"b", "must be 1 to 64"),
    ] {
        let settings = Settings {
            node: node.to_owned(),
            ..room.settings()
        };
        let refused = room.try_open(settings).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

/// Ends the other thread's work also when this one's assertion fails.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_running_logs_directory_reads_and_verifies_without_findings() {
    let room = Room::new(SMALL);
    let audit = room.open();
    let log = audit.log();
    let is_read = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // A reader that is much slower than the writer comes to an end too.
            let mut left = 4_000;
            while !is_read.load(Ordering::SeqCst) && left > 0 {
                left -= 1;
                let record = log.record(access(bank("harbour"), Some("swiftride"), 1));
                block_on(record).unwrap();
            }
        });
        let _ended = SetAtEnd(&is_read);
        let mut seen = 0;
        let mut rounds = 0;
        // Some rounds, and until the writer has gone through a few segments.
        while rounds < 20 || segments(room.dir.path()).len() < 8 {
            let report = verify(room.dir.path()).unwrap();
            assert_eq!(report.findings, []);
            assert!(report.records >= seen, "{} after {seen}", report.records);
            seen = report.records;
            let read = room.records().len() as u64;
            assert!(read >= seen, "{read} after {seen}");
            rounds += 1;
        }
    });
    audit.close();
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}
