use futures_util::FutureExt;

use super::*;
use crate::fixture::{Room, access, bank, batch_ends, segments};

fn follower(room: &Room, from: Option<LogPlace>) -> Follower {
    let wanted = vec!["bank/harbour".to_owned()];
    Follower::new(room.dir.path(), wanted, from)
}

/// Records this many accesses of the bank, one batch each, and one of another bank.
async fn record(audit: &crate::Audit, numbers: std::ops::Range<u8>) {
    for number in numbers {
        let entry = access(bank("harbour"), Some("swiftride"), number);
        audit.log().record(entry).await.expect("a log");
    }
    let entry = access(bank("tidewater"), Some("swiftride"), 0);
    audit.log().record(entry).await.expect("a log");
}

/// What is there to read: how many batches, the indexes of the records, and the last place.
fn all(follower: &mut Follower, durable: &Durable) -> (usize, Vec<u64>, Option<LogPlace>) {
    let (mut batches, mut indexes, mut place) = (0, Vec::new(), None);
    while let Some(followed) = follower.next(durable).expect("a log") {
        batches += 1;
        indexes.extend(followed.records.iter().map(|record| record.index));
        assert!(
            place < Some(followed.place.clone()),
            "a later one is greater"
        );
        place = Some(followed.place);
    }
    (batches, indexes, place)
}

#[tokio::test]
async fn what_comes_is_read_once_in_its_order_over_all_segments() {
    let room = Room::new(16 << 10);
    let audit = room.open();
    let durable = audit.durable();
    let mut follower = follower(&room, None);
    let mut count = 0;
    for round in 0..6 {
        record(&audit, 0..20).await;
        let (_, indexes, _) = all(&mut follower, &durable);
        let expected: Vec<_> = (count..count + 20).collect();
        assert_eq!(indexes, expected, "round {round}");
        count += 20;
        assert_eq!(all(&mut follower, &durable), (0, Vec::new(), None));
    }
    assert!(segments(room.dir.path()).len() > 2, "it turned");
    let records = crate::read(room.dir.path()).expect("a log");
    let ours = records.filter(|one| one.as_ref().is_ok_and(|one| one.log == "bank/harbour"));
    assert_eq!(ours.count() as u64, count);
    audit.close();
}

#[tokio::test]
async fn from_a_place_on_nothing_before_it_is_read() {
    let room = Room::new(16 << 10);
    let audit = room.open();
    record(&audit, 0..100).await;
    let (batches, indexes, place) = all(&mut follower(&room, None), &audit.durable());
    assert!(batches > 100 && indexes.len() == 100, "{batches}");
    audit.close();
    let place = place.expect("a place");
    assert_ne!(place.segment, "0000000000000000.seg");

    let audit = room.open();
    record(&audit, 0..3).await;
    let (batches, indexes, _) = all(&mut follower(&room, Some(place.clone())), &audit.durable());
    assert_eq!(indexes, [100, 101, 102]);
    // The batch at the place, the stop, the start, four accesses; and those that open a segment.
    assert!(batches <= 9, "{batches}");

    // Where there is nothing of the kind, all is read.
    for (segment, offset) in [
        ("00000000000000ff.seg", place.offset),
        ("../wal/0000000000000000.seg", place.offset),
        ("", 0),
    ] {
        let place = LogPlace {
            segment: segment.to_owned(),
            offset,
        };
        let (_, indexes, _) = all(&mut follower(&room, Some(place)), &audit.durable());
        assert_eq!(indexes.len(), 103, "{segment}");
    }
    // And where no batch begins there, all of its segment.
    let nowhere = LogPlace {
        offset: place.offset + 8,
        ..place
    };
    let (_, indexes, _) = all(&mut follower(&room, Some(nowhere)), &audit.durable());
    assert!(indexes.len() > 3 && indexes.ends_with(&[100, 101, 102]));
    audit.close();
}

#[tokio::test]
async fn what_is_not_durable_is_not_read() {
    let room = Room::new(64 << 10);
    let audit = room.open();
    record(&audit, 0..3).await;
    let mut follower = follower(&room, None);
    assert_eq!(all(&mut follower, &audit.durable()).1, [0, 1, 2]);
    room.calls.hold_syncs(true);
    let entry = access(bank("harbour"), Some("swiftride"), 9);
    let mut waits = audit.log().record(entry);
    assert!((&mut waits).now_or_never().is_none(), "it waits");
    // Its bytes are in the file before they are synced.
    let path = segments(room.dir.path()).pop().expect("a segment");
    let known = batch_ends(&path).len();
    while batch_ends(&path).len() == known {
        tokio::task::yield_now().await;
    }
    assert_eq!(all(&mut follower, &audit.durable()).1, [0; 0]);
    room.calls.hold_syncs(false);
    waits.await.expect("a log");
    assert_eq!(all(&mut follower, &audit.durable()).1, [3]);
    audit.close();
}

#[tokio::test]
async fn behind_a_broken_place_nothing_is_believed() {
    let room = Room::new(64 << 10);
    let audit = room.open();
    record(&audit, 0..9).await;
    let durable = audit.durable();
    audit.close();
    let (path, mut bytes) = room.files().pop_first().expect("a segment");
    let ends = batch_ends(&path);
    let at = ends[ends.len() - 5] as usize + 40;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let mut follower = follower(&room, None);
    let mut indexes = Vec::new();
    let problem = loop {
        match follower.next(&durable) {
            Ok(Some(followed)) => indexes.extend(followed.records),
            Ok(None) => panic!("it is not as it was written"),
            Err(problem) => break problem,
        }
    };
    assert!(matches!(problem, ReadProblem::Corrupt(_)), "{problem}");
    assert!(indexes.len() < 9, "{}", indexes.len());
}
