use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, OnceLock};

use audit::Settings;
use crypto::SystemRandom;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use model::ports::StoreUnavailable;
use model::{
    Access, AuditEntry, AuditEvent, ClusterId, ConsentSeen, Decision, InteractionId, MovedClock,
    Object, OperationId, PartnerId, ProductId, ProtectionClass, RequestId, Timing, Who,
};
use store::Memory;

use super::*;

fn bank() -> BankId {
    BankId::parse("harbour").expect("an id")
}

/// An access under a consent, or under none.
fn access(number: u16, is_under_consent: bool) -> AuditEntry {
    let seen = ConsentSeen {
        digest: [5; 32],
        clusters: vec![ClusterId::parse("balances").expect("an id")],
        kept: 1,
        dropped: 0,
        attended: true,
    };
    let object = Object {
        bank: bank(),
        product: ProductId::parse("accounts").expect("an id"),
        operation: OperationId::parse("listAccounts").expect("an id"),
        class: ProtectionClass::Partner,
        method: http::Method::GET,
        template: Arc::from("/accounts"),
        written: OnceLock::new(),
    };
    // The first bits of an id say what kind it is.
    let mut random = [0; 10];
    random[8..].copy_from_slice(&number.to_be_bytes());
    let access = Access {
        request: RequestId::new(Timestamp::UNIX_EPOCH, random),
        interaction: InteractionId::new([7; 16]),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        who: Who {
            partner: PartnerId::parse("swiftride").ok(),
            ..Who::default()
        },
        object: Some(Arc::new(object)),
        consent: is_under_consent.then(|| Box::new(seen)),
        steps: Vec::new(),
        decision: Decision::Allowed,
        status: 200,
        code: None,
        rule: None,
        trouble: None,
        timing: Timing::default(),
        answer: None,
        snapshot: 1,
    };
    AuditEntry {
        log: LogName::Bank(bank()),
        at: Timestamp::UNIX_EPOCH,
        event: AuditEvent::Access(Box::new(access)),
    }
}

/// A store that refuses the accesses of these requests, and all while it is shut.
#[derive(Default)]
struct Picky {
    store: Memory,
    refuses: Vec<RequestId>,
    is_shut: Mutex<bool>,
    /// How many accesses it was given, noted before or not.
    given: Mutex<usize>,
}

impl ports::Accesses for Picky {
    fn noted<'a>(
        &'a self,
        bank: &'a BankId,
    ) -> BoxFuture<'a, Result<Option<LogIndex>, StoreUnavailable>> {
        self.store.noted(bank)
    }

    fn note<'a>(
        &'a self,
        bank: &'a BankId,
        upto: LogIndex,
        rows: Vec<AccessRow>,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>> {
        let is_refused = rows.iter().any(|row| self.refuses.contains(&row.request));
        if is_refused || *self.is_shut.lock().expect("sound") {
            let refusal = StoreUnavailable {
                doing: "noting accesses",
                source: None,
            };
            return Box::pin(async move { Err(refusal) });
        }
        *self.given.lock().expect("sound") += rows.len();
        self.store.note(bank, upto, rows)
    }

    fn of<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        after: Option<(Timestamp, RequestId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<AccessRow>, StoreUnavailable>> {
        self.store.of(bank, digest, after, limit)
    }

    fn given_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreUnavailable>> {
        self.store.given_since(bank, digest, since)
    }

    fn last_given<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreUnavailable>> {
        self.store.last_given(bank, digest)
    }
}

impl Picky {
    async fn noted_in_all(&self) -> u64 {
        let (bank, since) = (bank(), Timestamp::UNIX_EPOCH);
        let counted = ports::Accesses::given_since(self, &bank, [5; 32], since);
        counted.await.expect("memory")
    }
}

/// A log in a folder.
struct Bench {
    dir: tempfile::TempDir,
    segment_bytes: u64,
}

impl Bench {
    fn new(segment_bytes: u64) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        Self { dir, segment_bytes }
    }

    fn open(&self) -> Audit {
        let settings = Settings {
            dir: self.dir.path().to_owned(),
            node: "node-1".to_owned(),
            segment_bytes: self.segment_bytes,
            linger: Duration::ZERO,
            queue_bytes_max: 64 << 20,
        };
        let clock = Arc::new(MovedClock::stopped());
        Audit::open(settings, clock, Arc::new(SystemRandom), Box::new(|| {})).expect("a log")
    }

    fn keeper(&self, audit: &Audit) -> Accesses {
        Accesses {
            log: self.dir.path().to_owned(),
            banks: Arc::new(ArcSwap::from_pointee(vec![bank()])),
            durable: audit.durable(),
        }
    }
}

/// Records accesses of these numbers, durable when it resolves.
async fn record(audit: &Audit, numbers: std::ops::Range<u16>) {
    let log = audit.log();
    for number in numbers {
        log.queue(access(number, true)).expect("taken");
    }
    // One that is under no consent comes last.
    log.record(access(u16::MAX, false)).await.expect("taken");
}

/// Notes all that is durable.
async fn note_all(keeper: &Accesses, store: &Picky) -> anyhow::Result<()> {
    let mut reading = keeper.begin(store, &[bank()]).await?;
    let mut is_all = false;
    while !is_all {
        (reading, is_all) = keeper.note_portion(store, reading).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_second_start_reads_on_from_where_the_first_had_come() {
    let (bench, store) = (Bench::new(16 << 10), Picky::default());
    let audit = bench.open();
    for group in 0..20 {
        record(&audit, group * 10..group * 10 + 10).await;
    }
    note_all(&bench.keeper(&audit), &store)
        .await
        .expect("a look");
    assert_eq!(store.noted_in_all().await, 200);
    audit.close();

    let audit = bench.open();
    record(&audit, 200..203).await;
    *store.given.lock().expect("sound") = 0;
    note_all(&bench.keeper(&audit), &store)
        .await
        .expect("a look");
    assert_eq!(store.noted_in_all().await, 203);
    // The last batch that was read before is read once more.
    let given = *store.given.lock().expect("sound");
    assert!((3..=13).contains(&given), "{given} of 203 were read");
    audit.close();
}

#[tokio::test]
async fn a_flood_is_noted_in_portions_and_nothing_waits_for_a_start() {
    let (bench, store) = (Bench::new(4 << 20), Picky::default());
    let audit = bench.open();
    let keeper = bench.keeper(&audit);
    let mut reading = keeper.begin(&store, &[bank()]).await.expect("a place");
    record(&audit, 0..25_000).await;
    let (mut portions, mut is_all) = (0, false);
    while !is_all {
        portions += 1;
        let noted = keeper.note_portion(&store, reading).await;
        (reading, is_all) = noted.expect("a look");
    }
    assert!(portions > 1, "{portions}");
    assert_eq!(store.noted_in_all().await, 25_000);
    // What comes while it runs is noted without a start.
    record(&audit, 25_000..25_001).await;
    let (_, is_all) = keeper.note_portion(&store, reading).await.expect("a look");
    assert!(is_all);
    assert_eq!(store.noted_in_all().await, 25_001);
    audit.close();
}

#[tokio::test]
async fn what_the_store_refuses_keeps_no_other_from_it() {
    let refused = access(7, true);
    let AuditEvent::Access(refused) = &refused.event else {
        panic!("an access");
    };
    let bench = Bench::new(1 << 20);
    let store = Picky {
        refuses: vec![refused.request],
        ..Picky::default()
    };
    let audit = bench.open();
    record(&audit, 0..1_500).await;
    note_all(&bench.keeper(&audit), &store)
        .await
        .expect("a look");
    assert_eq!(store.noted_in_all().await, 1_499);
    let bank = bank();
    let noted = ports::Accesses::noted(&store, &bank).await;
    let place = noted.expect("memory").expect("a place");
    assert_eq!((place.index, place.segment.is_empty()), (1_500, false));
    audit.close();
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_asked_again_and_nothing_is_left_out() {
    let (bench, store) = (Bench::new(1 << 20), Picky::default());
    let audit = bench.open();
    let keeper = bench.keeper(&audit);
    record(&audit, 0..5).await;
    note_all(&keeper, &store).await.expect("a look");
    record(&audit, 5..9).await;
    *store.is_shut.lock().expect("sound") = true;
    let failed = note_all(&keeper, &store).await;
    assert!(failed.is_err(), "{failed:?}");
    assert_eq!(store.noted_in_all().await, 5);
    *store.is_shut.lock().expect("sound") = false;
    note_all(&keeper, &store).await.expect("a look");
    assert_eq!(store.noted_in_all().await, 9);
    audit.close();
}

#[tokio::test]
async fn a_bank_whose_customers_consent_since_a_reload_is_read_from_its_beginning() {
    let (bench, store) = (Bench::new(1 << 20), Arc::new(Picky::default()));
    let audit = bench.open();
    record(&audit, 0..5).await;
    let keeper = bench.keeper(&audit);
    keeper.banks.store(Arc::default());
    let banks = Arc::clone(&keeper.banks);
    let shelf = Arc::clone(&store);
    let noting = TaskTracker::new().spawn(async move { keeper.note_for_ever(&*shelf).await });
    banks.store(Arc::new(vec![bank()]));
    while store.noted_in_all().await < 5 {
        tokio::task::yield_now().await;
    }
    noting.abort();
    audit.close();
}

#[tokio::test]
async fn what_was_read_before_the_log_was_damaged_is_noted() {
    let (bench, store) = (Bench::new(1 << 20), Picky::default());
    let audit = bench.open();
    record(&audit, 0..5).await;
    record(&audit, 5..9).await;
    let keeper = bench.keeper(&audit);
    let AuditEvent::Access(of_second) = &access(7, true).event else {
        panic!("an access");
    };
    damage(bench.dir.path(), &of_second.request.to_string());
    let read = note_all(&keeper, &store).await;
    assert!(read.is_err(), "{read:?}");
    assert_eq!(store.noted_in_all().await, 5);
    audit.close();
}

/// Writes over the first byte of a text, in the file of a log that holds it.
fn damage(folder: &std::path::Path, text: &str) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.file_type().expect("a kind").is_dir() {
            damage(&entry.path(), text);
            continue;
        }
        let mut bytes = std::fs::read(entry.path()).expect("a file");
        let found = bytes
            .windows(text.len())
            .position(|at| at == text.as_bytes());
        if let Some(at) = found {
            bytes[at] ^= 1;
            std::fs::write(entry.path(), bytes).expect("a file");
        }
    }
}
