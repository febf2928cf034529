use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crypto::SeededRandom;
use futures_util::future::join_all;
use model::ports::AuditUnavailable;
use model::{LogName, MovedClock};

use crate::fixture::{Calls, Room, TestDisk, access, bank, block_on, segments};
use crate::wal::segment::with_ending;
use crate::{Audit, verify};

const SMALL: u64 = 16 << 10;
const LARGE: u64 = 1 << 20;

#[tokio::test]
async fn an_error_at_any_call_loses_no_acknowledged_record_and_is_final() {
    let mut calls = 1;
    loop {
        let room = Room::new(SMALL);
        room.calls.fails_at.store(calls, Ordering::SeqCst);
        let mut acknowledged = HashSet::new();
        let opened = room.try_open(room.settings());
        let mut refused = 0;
        if let Ok(audit) = opened {
            let log = audit.log();
            for n in 0..60 {
                if let Ok(receipt) = log
                    .record(access(bank("harbour"), Some("swiftride"), n))
                    .await
                {
                    assert_eq!(refused, 0, "call {calls}: taken after a refusal");
                    acknowledged.insert(receipt.pseq.unwrap());
                } else {
                    assert!(!log.is_available());
                    refused += 1;
                }
            }
            audit.close();
            let poisoned = room.poisoned.load(Ordering::SeqCst);
            assert!(poisoned <= 1, "call {calls}: poisoned {poisoned} times");
            assert!(refused == 0 || poisoned == 1, "call {calls}");
        }
        let is_over = room.calls.all.load(Ordering::SeqCst) < calls;
        let poisoned = room.poisoned.load(Ordering::SeqCst);
        if is_over {
            assert_eq!((acknowledged.len(), poisoned), (60, 0));
            assert!(
                calls > 60 * 2 + 10,
                "rotations and records were tried: {calls}"
            );
            break;
        }
        let after = room.calls.after_failure.load(Ordering::SeqCst);
        assert_eq!(after, 0, "call {calls}: the thread that failed goes on");
        room.open().close();
        let report = verify(room.dir.path()).unwrap();
        assert_eq!(report.findings, [], "call {calls}");
        let stored: HashSet<_> = room
            .records()
            .iter()
            .filter_map(|json| {
                serde_json::from_str::<serde_json::Value>(json).unwrap()["pseq"].as_u64()
            })
            .collect();
        assert!(acknowledged.is_subset(&stored), "call {calls}");
        calls += 1;
    }
}

#[tokio::test]
async fn no_space_for_the_next_segment_refuses_and_resumes_when_space_is_back() {
    let room = Room::new(64 << 10);
    let audit = room.open();
    let log = audit.log();
    let entry = || access(bank("harbour"), Some("swiftride"), 1);
    room.calls.is_full.store(true, Ordering::SeqCst);
    let (mut taken, mut refused) = (0, 0);
    while log.is_available() {
        match log.record(entry()).await {
            Ok(_) => taken += 1,
            // The segment was full before the other thread had found the disk to be.
            Err(AuditUnavailable) => refused += 1,
        }
    }
    if refused == 0 {
        log.record(entry()).await.unwrap();
        taken += 1;
    }
    while log.record(entry()).await.is_ok() {
        taken += 1;
    }
    refused += 1;
    assert!(!log.is_available());
    room.calls.is_full.store(false, Ordering::SeqCst);
    while !log.is_available() {
        std::thread::yield_now();
    }
    let receipt = log.record(entry()).await.unwrap();
    assert_eq!(
        receipt.pseq,
        Some(taken + 1),
        "what was refused took no number"
    );
    assert!(log.is_available());
    audit.close();
    assert_eq!(room.poisoned.load(Ordering::SeqCst), 0);
    let report = verify(room.dir.path()).unwrap();
    assert_eq!((report.findings, report.gaps), (Vec::new(), 1));
    assert!(segments(room.dir.path()).len() >= 2);
    let told = format!("\"type\":\"audit.gap\",\"count\":{refused},");
    assert!(room.records().iter().any(|json| json.contains(&told)));
}

#[tokio::test]
async fn the_files_of_segments_are_made_by_the_thread_beside_the_writer() {
    let room = Room::new(SMALL);
    let audit = room.open();
    for n in 0..=255 {
        let entry = access(bank("harbour"), Some("swiftride"), n);
        audit.log().record(entry).await.unwrap();
    }
    let folder = room.dir.path().join("wal");
    audit.close();
    assert!(segments(room.dir.path()).len() > 4);
    assert_eq!(room.calls.by_writer.load(Ordering::SeqCst), 0);
    assert!(with_ending(&folder, ".new").unwrap().is_empty());
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}

#[test]
fn an_error_or_a_panic_of_the_thread_that_makes_segments_poisons_though_nobody_records() {
    let fault: [fn(&Calls) -> &AtomicBool; 2] =
        [|calls| &calls.helper_fails, |calls| &calls.helper_panics];
    for fault in fault {
        let room = Room::new(SMALL);
        fault(&room.calls).store(true, Ordering::SeqCst);
        let audit = room.open();
        while room.poisoned.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        assert!(!audit.log().is_available());
        audit.close();
        fault(&room.calls).store(false, Ordering::SeqCst);
        room.open().close();
        assert_eq!(verify(room.dir.path()).unwrap().unclean_starts, 1);
    }
}

#[test]
fn space_is_asked_for_even_when_nobody_records() {
    let room = Room::new(SMALL);
    let audit = room.open();
    let log = audit.log();
    room.calls.is_full.store(true, Ordering::SeqCst);
    while log.is_available() {
        let _ = log.queue(access(bank("harbour"), Some("swiftride"), 1));
    }
    room.calls.is_full.store(false, Ordering::SeqCst);
    while !log.is_available() {
        std::thread::yield_now();
    }
    audit.close();
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}

#[test]
fn closing_from_the_poison_call_does_not_wait_for_itself() {
    let room = Room::new(LARGE);
    let held: Arc<OnceLock<Audit>> = Arc::default();
    let at_hand = Arc::clone(&held);
    let (said, heard) = std::sync::mpsc::channel();
    let audit = Audit::open_on(
        Arc::new(TestDisk {
            calls: Arc::clone(&room.calls),
        }),
        room.settings(),
        Arc::new(MovedClock::stopped()),
        &SeededRandom::new(1),
        Box::new(move || {
            at_hand.wait().close();
            said.send(()).unwrap();
        }),
    );
    held.set(audit.unwrap()).unwrap();
    let next = room.calls.all.load(Ordering::SeqCst) + 1;
    room.calls.fails_at.store(next, Ordering::SeqCst);
    let log = held.wait().log();
    assert_eq!(
        block_on(log.record(access(LogName::House, None, 1))),
        Err(AuditUnavailable)
    );
    heard.recv().unwrap();
}

#[tokio::test]
async fn a_segment_is_made_larger_for_a_batch_that_fits_none() {
    let room = Room::new(1);
    let audit = room.open();
    let log = audit.log();
    room.calls.hold_syncs(true);
    let waiting: Vec<_> = (0..200)
        .map(|n| log.record(access(bank("harbour"), None, n)))
        .collect();
    room.calls.hold_syncs(false);
    assert!(join_all(waiting).await.iter().all(Result::is_ok));
    audit.close();
    room.open().close();
    let report = verify(room.dir.path()).unwrap();
    assert_eq!((report.findings, report.records), (Vec::new(), 204));
}
