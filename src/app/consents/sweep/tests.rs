use std::sync::Mutex;

use authserver::{AuthServer, Ports};
use crypto::{KeyEncryptionKey, SeededRandom};
use faulty::{Call, Fails, Faulty};
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use model::ports::{AuditLog, AuditUnavailable, Consent, Lodge, Receipt};
use model::{
    AuditEntry, AuditEvent, BankId, By, Channel, ClientId, Clock, ConsentId, GrantAction,
    MovedClock,
};
use upstream::Fetcher;

use super::super::end::Told;
use super::*;
use crate::environment::Environment;

/// A log that remembers what it took.
#[derive(Default)]
struct Taken(Mutex<Vec<AuditEntry>>);

impl AuditLog for Taken {
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        self.0.lock().expect("sound").push(entry);
        Box::pin(async { Ok(Receipt { seq: 1, pseq: None }) })
    }

    fn queue(&self, _: AuditEntry) -> Result<(), AuditUnavailable> {
        Err(AuditUnavailable)
    }

    fn is_available(&self) -> bool {
        true
    }
}

/// A house in memory, with one bank whose consents are ended.
struct Bench {
    clock: Arc<MovedClock>,
    standing: Standing,
    taken: Arc<Taken>,
    bank: BankId,
    server: AuthServer,
}

impl Bench {
    async fn new() -> Self {
        let clock = Arc::new(MovedClock::stopped());
        let env = Environment::system(Arc::clone(&clock) as _);
        let mut standing = Standing::in_memory(&env, &TaskTracker::new());
        let taken = Arc::new(Taken::default());
        standing.log = Arc::clone(&taken) as _;
        let bank = BankId::parse("harbour").expect("an id");
        let server = AuthServer::open(Vec::new(), Vec::new(), ports(&standing, &bank)).await;
        Self {
            clock,
            standing,
            taken,
            bank,
            server: server.expect("a server"),
        }
    }

    fn at_bank(&self) -> AtBank<'_> {
        AtBank {
            standing: &self.standing,
            bank: &self.bank,
            server: &self.server,
        }
    }

    /// Keeps a consent that a partner asks for, to be decided within so many minutes.
    async fn lodged(&self, number: u16, minutes: i64) -> ConsentId {
        let now = self.clock.now();
        let consent = consent(number, now, SignedDuration::from_mins(minutes));
        let told = Told {
            action: GrantAction::ConsentLodge,
            to: ConsentState::Requested,
            by: By::Partner,
            channel: Channel::Api,
            text_version: None,
        };
        let event = self.at_bank().event(&consent, told, now);
        let id = consent.id.clone();
        let store = &self.standing.state.consents;
        let lodged = store.lodge(&self.bank, consent, now, event).await;
        let Ok(Lodge::Kept(posted)) = lodged else {
            panic!("{lodged:?}")
        };
        self.standing
            .state
            .outbox
            .logged(&[posted.id])
            .await
            .expect("memory");
        id
    }

    async fn looks(&self) {
        let looked = self.at_bank().end_due().await;
        assert!(looked.why.is_none(), "{:?}", looked.why);
    }

    async fn state(&self, id: &ConsentId) -> ConsentState {
        let found = self.standing.state.consents.find(&self.bank, id).await;
        found.expect("memory").expect("a consent").state
    }

    /// The digests of those that the log was told have lapsed.
    fn told(&self) -> Vec<[u8; 32]> {
        let taken = self.taken.0.lock().expect("sound");
        let events = taken.iter().map(|entry| match &entry.event {
            AuditEvent::Grant(event) => event,
            other => panic!("{other:?}"),
        });
        let lapsed = events.map(|event| {
            assert_eq!(event.action, GrantAction::ConsentLapse);
            let part = event.consent.as_ref().expect("its part");
            assert_eq!((part.by, part.channel), (By::House, Channel::Clock));
            assert_eq!(part.to, ConsentState::Lapsed);
            event.grant.expect("its digest")
        });
        lapsed.collect()
    }
}

fn ports(standing: &Standing, bank: &BankId) -> Ports {
    let text = KeyEncryptionKey::generate_text(&SeededRandom::new(1));
    let kek = KeyEncryptionKey::from_text(&text).expect("a key");
    Ports {
        replay: Arc::clone(&standing.state.replay),
        grants: Arc::clone(&standing.state.grants),
        sessions: Arc::clone(&standing.state.sessions),
        outbox: Arc::clone(&standing.state.outbox),
        keys: Arc::clone(&standing.state.keys),
        fetch: Arc::new(Fetcher::new(Vec::new(), Arc::clone(&standing.clock))),
        log: Arc::clone(&standing.log),
        clock: Arc::clone(&standing.clock),
        random: Arc::clone(&standing.random),
        kek: Arc::new(kek),
        tokens: Arc::clone(&standing.tokens),
        certificates: Arc::clone(&standing.certificates),
        proofs: standing.issuer_proofs.of(bank),
        wrong_log_ins: Arc::clone(&standing.wrong_log_ins),
        meter: standing.metrics.meter.clone(),
        watcher: None,
    }
}

fn consent(number: u16, now: Timestamp, decided_within: SignedDuration) -> Consent {
    let id = ConsentId::parse(&format!("consent-{number:05}")).expect("an id");
    Consent {
        digest: crypto::sha256(id.as_str().as_bytes()),
        id,
        client: ClientId::parse("swiftride-app").expect("an id"),
        subject: None,
        request: None,
        state: ConsentState::Requested,
        version: 0,
        lodged: b"{}".to_vec(),
        draft: Vec::new(),
        terms: None,
        made_at: now,
        decide_until: now + decided_within,
        extended: 0,
        changed_at: now,
        expires: None,
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: true,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
        reason: None,
    }
}

#[tokio::test]
async fn what_nobody_decided_in_time_lapses_then_and_is_told_once() {
    let bench = Bench::new().await;
    let (soon, late) = (bench.lodged(1, 15).await, bench.lodged(2, 30).await);
    bench.clock.advance(Duration::from_secs(15 * 60 - 1));
    bench.looks().await;
    assert_eq!(bench.state(&soon).await, ConsentState::Requested);
    assert!(bench.told().is_empty());
    bench.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        bench.looks().await;
        assert_eq!(bench.state(&soon).await, ConsentState::Lapsed);
        assert_eq!(bench.state(&late).await, ConsentState::Requested);
        assert_eq!(bench.told(), [crypto::sha256(soon.as_str().as_bytes())]);
    }
    let waiting = bench.standing.state.outbox.waiting(10).await;
    assert!(waiting.expect("memory").is_empty(), "the log has them");
}

#[tokio::test]
async fn a_look_ends_so_many_and_the_next_one_goes_on() {
    let bench = Bench::new().await;
    let most = GROUP * u16::try_from(GROUPS_MAX).expect("few");
    for number in 0..=most {
        bench.lodged(number, 15).await;
    }
    bench.clock.advance(Duration::from_mins(15));
    bench.looks().await;
    assert_eq!(bench.told().len(), usize::from(most));
    bench.looks().await;
    assert_eq!(bench.told().len(), usize::from(most) + 1);
}

#[tokio::test]
async fn what_cannot_be_ended_keeps_no_other_from_it_and_is_said_once() {
    let mut bench = Bench::new().await;
    let store = Arc::clone(&bench.standing.state.consents);
    let faulty = Arc::new(Faulty::new(store, Fails::Before));
    bench.standing.state.consents = Arc::clone(&faulty) as _;
    let all = GROUP * 2 + 50;
    for number in 0..all {
        bench.lodged(number, 15).await;
    }
    bench.clock.advance(Duration::from_mins(15));
    faulty.fails_at(Call::Change, Fails::Before);
    let looked = bench.at_bank().end_due().await;
    assert_eq!(looked.stuck.len(), usize::from(all), "each was tried");
    assert!(looked.why.is_some());
    let mut said = Stuck::new();
    assert!(looked.is_news(&said));
    looked.say(&bench.bank, &mut said);
    let again = bench.at_bank().end_due().await;
    assert!(!again.is_news(&said));
    assert!(bench.told().is_empty());
    faulty.fails_at(Call::Change, None);
    bench.looks().await;
    assert_eq!(bench.told().len(), usize::from(all));
}
