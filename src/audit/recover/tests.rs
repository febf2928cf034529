use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::fixture::{Room, access, bank, batch_ends, kind, segments};
use crate::wal::segment::with_ending;
use crate::{OpenFailed, read, verify};

/// A log of one segment with a batch a record, as a killed process leaves it.
async fn killed(records: u8) -> Room {
    let room = Room::new(16 << 10);
    let audit = room.open();
    for n in 0..records {
        let entry = access(bank("harbour"), Some("swiftride"), n);
        audit.log().record(entry).await.unwrap();
    }
    audit.abandon();
    room
}

fn only(files: &BTreeMap<PathBuf, Vec<u8>>) -> (PathBuf, Vec<u8>) {
    let (path, bytes) = files.iter().next_back().unwrap();
    (path.clone(), bytes.clone())
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_of_the_last_two_batches_keeps_all_before_it() {
    let room = killed(6).await;
    let files = room.files();
    let (path, bytes) = only(&files);
    let ends = batch_ends(&path);
    let whole = room.records();
    assert_eq!(
        (ends.len(), whole.len()),
        (9, 7),
        "opening, start, six records"
    );
    for cut_at in ends[6]..=ends[8] {
        for is_shortened in [true, false] {
            let mut torn = bytes.clone();
            torn.truncate(cut_at as usize);
            if !is_shortened {
                torn.resize(bytes.len(), 0);
            }
            // A batch may end in zeros, and then lacks nothing when zeros come in their place.
            let is_there = |end: &&u64| torn.get(..**end as usize) == bytes.get(..**end as usize);
            let kept = ends.iter().filter(is_there).count() - 2;
            // A cut between batches leaves nothing to see, unless the file became shorter.
            let rest = &torn[ends[kept + 1] as usize..];
            let is_seen = is_shortened || rest.iter().any(|byte| *byte != 0);
            room.put(&BTreeMap::from([(path.clone(), torn)]));
            room.open().close();
            let records = room.records();
            assert_eq!(records[..kept], whole[..kept], "cut at {cut_at}");
            let new: Vec<_> = records[kept..].iter().map(|json| kind(json)).collect();
            if is_seen {
                assert_eq!(
                    new,
                    ["audit.recover", "audit.start", "audit.stop"],
                    "cut at {cut_at}"
                );
            } else {
                assert_eq!(new, ["audit.start", "audit.stop"], "cut at {cut_at}");
            }
            assert!(records[kept..].join("").contains("\"clean\":false"));
            let report = verify(room.dir.path()).unwrap();
            assert_eq!(
                (report.findings.len(), report.torn_tail),
                (0, None),
                "cut at {cut_at}"
            );
            assert_eq!(report.recoveries, u64::from(is_seen));
        }
    }
}

#[tokio::test]
async fn a_byte_flipped_in_the_last_two_batches_is_told_of_and_invents_nothing() {
    let room = killed(6).await;
    let (path, bytes) = only(&room.files());
    let ends = batch_ends(&path);
    let whole = room.records();
    let (last, end) = (ends[7], ends[8]);
    let (mut refused, mut recovered) = (0, 0);
    for at in ends[6]..end {
        for mask in [0x01, 0x20, 0x80, 0xff] {
            let mut flipped = bytes.clone();
            flipped[at as usize] ^= mask;
            let files = BTreeMap::from([(path.clone(), flipped)]);
            room.put(&files);
            match room.try_open(room.settings()) {
                Err(OpenFailed::Corrupt(_)) => {
                    assert!(at < last, "byte {at}: the last batch may be torn");
                    assert_eq!(room.files(), files, "byte {at}: nothing is changed");
                    refused += 1;
                }
                Err(other) => panic!("byte {at}: {other}"),
                Ok(audit) => {
                    assert!(at >= last, "byte {at}: a whole batch follows");
                    audit.close();
                    let records = room.records();
                    let kept = whole.len() - 1;
                    assert_eq!(records[..kept], whole[..kept], "byte {at}");
                    let new: Vec<_> = records[kept..].iter().map(|json| kind(json)).collect();
                    let told = ["audit.recover", "audit.start", "audit.stop"];
                    assert_eq!(new, told, "byte {at}");
                    let report = verify(room.dir.path()).unwrap();
                    assert_eq!(
                        (report.findings.len(), report.recoveries),
                        (0, 1),
                        "byte {at}"
                    );
                    recovered += 1;
                }
            }
        }
    }
    assert_eq!(refused, (last - ends[6]) * 4);
    assert_eq!(recovered, (end - last) * 4);
}

#[tokio::test]
async fn the_torn_bytes_are_kept_and_told_of() {
    let room = killed(3).await;
    let (path, mut bytes) = only(&room.files());
    let ends = batch_ends(&path);
    let last = ends[ends.len() - 2] as usize;
    let end = ends[ends.len() - 1] as usize;
    bytes[end - 1..].fill(0);
    bytes[end - 9] = 0xff;
    let mut torn = bytes[last..end].to_vec();
    torn.truncate(torn.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    room.put(&BTreeMap::from([(path, bytes)]));
    assert_eq!(
        verify(room.dir.path()).unwrap().torn_tail,
        Some(torn.len() as u64)
    );
    room.open().close();
    let saved = with_ending(&room.dir.path().join("wal"), ".torn").unwrap();
    assert_eq!(saved.len(), 1);
    assert_eq!(std::fs::read(&saved[0]).unwrap(), torn);
    let told: Vec<_> = room
        .records()
        .into_iter()
        .filter(|j| kind(j) == "audit.recover")
        .collect();
    let digest = crypto::base64url(&crypto::sha256(&torn));
    let expected = format!(
        "\"type\":\"audit.recover\",\"segment\":\"0000000000000000.seg\",\"offset\":{last},\
         \"len\":{},\"sha256\":\"{digest}\",\"short\":0}}",
        torn.len()
    );
    assert!(told.len() == 1 && told[0].ends_with(&expected), "{told:?}");
}

#[tokio::test]
async fn a_start_that_fails_after_cutting_leaves_the_telling_to_the_next() {
    let room = killed(3).await;
    let (path, mut bytes) = only(&room.files());
    let end = *batch_ends(&path).last().unwrap() as usize;
    bytes[end - 20] ^= 1;
    let torn = BTreeMap::from([(path, bytes)]);
    let mut calls = 1;
    loop {
        room.put(&torn);
        room.calls.all.store(0, std::sync::atomic::Ordering::SeqCst);
        room.calls
            .fails_at
            .store(calls, std::sync::atomic::Ordering::SeqCst);
        let is_over = match room.try_open(room.settings()) {
            Ok(audit) => {
                room.calls
                    .fails_at
                    .store(0, std::sync::atomic::Ordering::SeqCst);
                audit.close();
                true
            }
            Err(OpenFailed::Io { .. }) => {
                room.calls
                    .fails_at
                    .store(0, std::sync::atomic::Ordering::SeqCst);
                room.open().close();
                false
            }
            Err(other) => panic!("call {calls}: {other}"),
        };
        let report = verify(room.dir.path()).unwrap();
        assert_eq!(report.findings, [], "call {calls}");
        assert!(report.recoveries >= 1, "call {calls}");
        if is_over {
            assert!(calls > 8, "{calls}");
            break;
        }
        calls += 1;
    }
}

#[tokio::test]
async fn damage_before_the_last_batch_is_refused_and_nothing_is_changed() {
    let room = killed(6).await;
    let (path, bytes) = only(&room.files());
    let ends = batch_ends(&path);
    for at in ends[4]..ends[5] {
        let mut damaged = bytes.clone();
        damaged[at as usize] ^= 0x40;
        let files = BTreeMap::from([(path.clone(), damaged)]);
        room.put(&files);
        let refused = room.try_open(room.settings()).unwrap_err();
        assert!(
            matches!(refused, OpenFailed::Corrupt(_)),
            "byte {at}: {refused}"
        );
        assert!(
            refused.to_string().contains("0000000000000000.seg"),
            "{refused}"
        );
        assert_eq!(room.files(), files);
        assert_eq!(
            verify(room.dir.path()).unwrap().findings.len(),
            1,
            "byte {at}"
        );
    }
}

#[tokio::test]
async fn a_segment_deleted_swapped_or_doubled_is_refused_and_named() {
    let room = killed(250).await;
    let files = room.files();
    let paths = segments(room.dir.path());
    assert!(paths.len() >= 4, "{}", paths.len());
    let mut deleted = files.clone();
    deleted.remove(&paths[1]);
    let mut swapped = files.clone();
    swapped.insert(paths[1].clone(), files[&paths[2]].clone());
    swapped.insert(paths[2].clone(), files[&paths[1]].clone());
    let mut doubled = files.clone();
    doubled.insert(
        paths[1].with_file_name("00000000000000aa.seg"),
        files[&paths[1]].clone(),
    );
    let mut first = files.clone();
    first.remove(&paths[0]);
    for tampered in [deleted, swapped, doubled, first] {
        room.put(&tampered);
        let refused = room.try_open(room.settings()).unwrap_err();
        assert!(matches!(&refused, OpenFailed::Corrupt(_)), "{refused}");
        assert_ne!(verify(room.dir.path()).unwrap().findings, []);
        let read: Result<Vec<_>, _> = read(room.dir.path()).unwrap().collect();
        assert!(read.is_err());
    }
    room.put(&files);
    room.open().close();
    assert_eq!(verify(room.dir.path()).unwrap().findings, []);
}

#[test]
fn a_half_made_segment_is_removed() {
    let room = Room::new(16 << 10);
    room.open().close();
    let half = room.dir.path().join("wal/0000000000000009.new");
    std::fs::write(&half, b"half").unwrap();
    room.open().close();
    assert!(!half.exists());
    assert_eq!(verify(room.dir.path()).unwrap().unclean_starts, 0);
}
