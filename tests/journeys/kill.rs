//! Killed under load, again and again: nobody was answered after identify without a record, and
//! what was torn is told of. `MORTISE_LONG=1` makes the full counts, `MORTISE_SEED` repeats a run.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use audit::{Audit, OpenFailed, Settings};
use crypto::{Random, SeededRandom};
use kit::{Folder, records};
use model::SystemClock;
use serde_json::Value;

use crate::load::{Answered, Load, below, compare, drawn, folder, is_long, tally};
use crate::log_files::segments;
use crate::process::{Program, assert_clean};

/// How long a start may take, recovery included (negative-cases CF-10).
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Opens the program and says how long that took.
async fn open(folder: &Folder) -> (Program, Duration) {
    #[expect(clippy::disallowed_methods, reason = "a start is measured")]
    let began = Instant::now();
    let program = Program::sandbox(folder).await;
    (program, began.elapsed())
}

/// Kills the program so many times over so many calls; gives what was answered, and how long the
/// starts took.
async fn campaign(
    folder: &Folder,
    kills: usize,
    calls: usize,
    random: &dyn Random,
) -> (Vec<Answered>, Vec<Duration>) {
    let audit = &folder.prepared().audit;
    let (mut sandbox, _) = open(folder).await;
    let load = Load::start(folder).await;
    let share = calls / (kills + 1);
    let mut starts = Vec::new();
    for _ in 0..kills {
        // Under load: in this life of the program, too, calls have been answered.
        load.reach(load.count() + 1 + below(random, 2 * share))
            .await;
        sandbox.kill();
        let (opened, took) = open(folder).await;
        sandbox = opened;
        starts.push(took);
        load.is_remembered(folder).await;
        load.go_on();
        assert_clean(audit);
    }
    load.reach(calls.max(load.count() + share)).await;
    let answered = load.end().await;
    assert_eq!(sandbox.stop().await, Some(0));
    assert_clean(audit);
    (answered, starts)
}

#[tokio::test(flavor = "multi_thread")]
async fn long_kill_under_load_loses_no_record_of_an_answered_call() {
    let (kills, calls) = if is_long() {
        (200, 50_000)
    } else {
        (10, 1_000)
    };
    let (random, told) = drawn();
    println!("{told}");
    let folder = folder();
    let (answered, mut starts) = campaign(&folder, kills, calls, &random).await;
    compare(&folder, &answered);
    let tally = tally(&answered);
    starts.sort();
    let (median, longest) = (starts[starts.len() / 2], starts[starts.len() - 1]);
    println!(
        "{kills} kills, {} answered calls: {tally:?}; ready after {median:?}, {longest:?} at most",
        answered.len()
    );
    assert!(answered.len() >= calls, "{}", answered.len());
    for expected in [
        ("api.access", "swiftride", 200),
        ("api.access", "swiftride", 401),
        ("api.access", "swiftride", 403),
        ("api.access", "cartwheel", 200),
        ("api.access", "cartwheel", 403),
        ("api.access", "cartwheel", 429),
        ("oauth.token", "swiftride", 200),
        ("oauth.token", "swiftride", 400),
        ("oauth.token", "cartwheel", 200),
        ("oauth.token", "cartwheel", 400),
    ] {
        assert!(tally.contains_key(&expected), "no {expected:?}: {tally:?}");
    }
    // CF-10; only where the machine is the campaign's alone.
    assert!(!is_long() || longest <= READY_WITHIN, "{starts:?}");
}

/// Where each batch of a segment ends, the first where its header does; and how many entries there
/// are up to each. Read by the format alone (specs/audit.md §3).
fn batches(segment: &[u8]) -> Vec<(usize, usize)> {
    const HEADER: usize = 4_096;
    let (mut at, mut entries) = (HEADER, 0);
    let mut ends = vec![(HEADER, 0)];
    while let Some(&[a, b, c, d, 1, kind, ..]) = segment.get(at..at + 16) {
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        at += (16 + length).next_multiple_of(8);
        match kind {
            1 => entries += 1,
            2 => ends.push((at, entries)),
            _ => {}
        }
    }
    ends
}

/// A log that was killed under load, and what can be done to its last two batches.
struct Killed {
    folder: tempfile::TempDir,
    /// The last segment: its name and its bytes.
    name: OsString,
    bytes: Vec<u8>,
    ends: Vec<(usize, usize)>,
    whole: Vec<Value>,
}

/// What became of a damaged log at its next start.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// The batches before it stand, the damage is told of.
    Told,
    /// Nothing was to be seen: the cut lay between two batches.
    Unseen,
    /// Damage before the last batch: not opened, nothing changed.
    Refused,
}

impl Killed {
    async fn under_load(random: &dyn Random) -> Self {
        // Small, since it is written anew for each place.
        let folder = folder().edit("segment: 4 MiB", "segment: 1 MiB");
        let sandbox = Program::sandbox(&folder).await;
        let load = Load::start(&folder).await;
        load.reach(100 + below(random, 200)).await;
        sandbox.kill();
        load.end().await;
        let audit = &folder.prepared().audit;
        let segments = segments(audit);
        let [segment] = segments.as_slice() else {
            panic!("one segment is enough: {segments:?}");
        };
        let name = segment.file_name().expect("a name").to_owned();
        let mut bytes = std::fs::read(segment).expect("a segment");
        let ends = batches(&bytes);
        // What the kill itself tore is another test's.
        bytes[ends[ends.len() - 1].0..].fill(0);
        let whole = records(audit);
        assert_eq!(ends[ends.len() - 1].1, whole.len());
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
            name,
            bytes,
            ends,
            whole,
        }
    }

    /// Starts on these bytes, and compares what is there then with what was there before.
    fn try_start(&self, bytes: &[u8], what: &str) -> Fate {
        let dir = self.folder.path().join("audit");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(dir.join("wal")).expect("a folder");
        let path = dir.join("wal").join(&self.name);
        std::fs::write(&path, bytes).expect("a writable file");
        let settings = Settings {
            dir: dir.clone(),
            node: "node-1".to_owned(),
            segment_bytes: 1 << 16,
            linger: Duration::ZERO,
            queue_bytes_max: 1 << 20,
        };
        let clock = Arc::new(SystemClock::new());
        let random = Arc::new(SeededRandom::new(7));
        match Audit::open(settings, clock, random, Box::new(|| ())) {
            Ok(audit) => audit.close(),
            Err(OpenFailed::Corrupt(_)) => {
                assert!(std::fs::read(&path).expect("a segment") == bytes, "{what}");
                return Fate::Refused;
            }
            Err(other) => panic!("{what}: {other}"),
        }
        let records = records(&dir);
        // Batches whose bytes are all there are kept, all others are gone, and none is new.
        let is_there = |(end, _): &&(usize, usize)| bytes.get(..*end) == self.bytes.get(..*end);
        let (_, kept) = self
            .ends
            .iter()
            .take_while(is_there)
            .last()
            .expect("a header");
        assert!(records[..*kept] == self.whole[..*kept], "{what}");
        let new: Vec<_> = records[*kept..]
            .iter()
            .map(|record| &record["type"])
            .collect();
        let is_told = new.first().is_some_and(|kind| *kind == "audit.recover");
        assert_eq!(
            &new[usize::from(is_told)..],
            ["audit.start", "audit.stop"],
            "{what}"
        );
        assert_eq!(records[records.len() - 2]["clean"], false, "{what}");
        if !is_told {
            return Fate::Unseen;
        }
        let saved = std::fs::read_dir(dir.join("wal")).expect("a folder");
        let saved = saved.map(|entry| entry.expect("an entry").path());
        let torn: Vec<_> = saved
            .filter(|path| path.extension() == Some("torn".as_ref()))
            .collect();
        assert_eq!(torn.len(), 1, "{what}");
        let torn = std::fs::read(&torn[0]).expect("a readable file");
        assert_eq!(records[*kept]["len"], torn.len(), "{what}");
        Fate::Told
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn long_kill_leaves_a_log_whose_tail_may_be_cut_or_flipped_anywhere_in_two_batches() {
    let (random, told) = drawn();
    let killed = Killed::under_load(&random).await;
    let ends = &killed.ends;
    let (from, last, end) = (
        ends[ends.len() - 3].0,
        ends[ends.len() - 2].0,
        ends[ends.len() - 1].0,
    );
    let places: Vec<usize> = if is_long() {
        (from..end).collect()
    } else {
        (0..60).map(|_| from + below(&random, end - from)).collect()
    };
    let (mut told_of, mut unseen, mut refused) = (0, 0, 0);
    for at in &places {
        let mut zeroed = killed.bytes.clone();
        zeroed[*at..].fill(0);
        let shortened = &killed.bytes[..*at];
        let mut flipped = killed.bytes.clone();
        flipped[*at] ^= 1 << below(&random, 8);
        for (what, bytes) in [
            ("zeros", &zeroed[..]),
            ("cut", shortened),
            ("a flip", &flipped),
        ] {
            let what = format!("{what} at byte {at} of {from}, {last}, {end}");
            let fate = killed.try_start(bytes, &what);
            let is_refused = bytes == flipped && *at < last;
            assert_eq!(fate == Fate::Refused, is_refused, "{what}");
            match fate {
                Fate::Told => told_of += 1,
                Fate::Unseen => unseen += 1,
                Fate::Refused => refused += 1,
            }
        }
    }
    println!(
        "{told}\n{} places in the last two batches ({} and {} bytes), zeroed, cut and flipped: \
         {told_of} told of, {refused} refused, {unseen} nothing to see",
        places.len(),
        last - from,
        end - last
    );
    assert!(told_of > 0 && refused > 0, "{told_of}, {refused}");
}
