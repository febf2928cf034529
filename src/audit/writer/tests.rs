use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use crypto::SeededRandom;
use futures_util::future::join_all;
use model::ports::AuditUnavailable;
use model::{LogName, MovedClock};

use crate::fixture::{Room, TestDisk, access, bank, block_on, segments};
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
        let is_open = opened.is_ok();
        if let Ok(audit) = opened {
            let log = audit.log();
            for n in 0..60 {
                if let Ok(receipt) = log
                    .record(access(bank("harbour"), Some("swiftride"), n))
                    .await
                {
                    assert!(log.is_available());
                    acknowledged.insert(receipt.pseq.unwrap());
                } else {
                    assert!(!log.is_available());
                }
            }
            audit.close();
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
        assert_eq!(poisoned, usize::from(is_open), "call {calls}");
        let made = room.calls.all.load(Ordering::SeqCst);
        assert_eq!(made, calls, "nothing is tried after the error");
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
    let room = Room::new(SMALL);
    let audit = room.open();
    let log = audit.log();
    let entry = || access(bank("harbour"), Some("swiftride"), 1);
    room.calls.is_full.store(true, Ordering::SeqCst);
    let mut taken = 0;
    while log.record(entry()).await.is_ok() {
        taken += 1;
    }
    assert!(!log.is_available());
    assert!(log.record(entry()).await.is_err());
    room.calls.is_full.store(false, Ordering::SeqCst);
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
    assert_eq!(segments(room.dir.path()).len(), 2);
    assert!(
        room.records()
            .iter()
            .any(|json| json.contains("\"type\":\"audit.gap\",\"count\":2,"))
    );
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
