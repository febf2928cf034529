use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, OnceLock};

use jiff::Timestamp;
use model::{
    ClusterId, ConsentSeen, Decision, InteractionId, LogName, MovedClock, Object, OperationId,
    PartnerId, ProductId, ProtectionClass, RequestId, Timing, Who,
};
use tokio_util::task::TaskTracker;

use super::*;
use crate::environment::Environment;

/// A log that takes what it is given while it is open.
struct Door(Mutex<bool>);

impl AuditLog for Door {
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        let taken = self.queue(entry);
        Box::pin(async move { taken.map(|()| Receipt { seq: 1, pseq: None }) })
    }

    fn queue(&self, _: AuditEntry) -> Result<(), AuditUnavailable> {
        if *self.0.lock().expect("sound") {
            Ok(())
        } else {
            Err(AuditUnavailable)
        }
    }

    fn is_available(&self) -> bool {
        *self.0.lock().expect("sound")
    }
}

fn bank() -> BankId {
    BankId::parse("harbour").expect("an id")
}

/// An access under a consent, or under none.
fn access(number: u8, is_under_consent: bool) -> AuditEntry {
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
    let access = Access {
        request: RequestId::new(Timestamp::UNIX_EPOCH, [number; 10]),
        interaction: InteractionId::new([number; 16]),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        who: Who {
            partner: PartnerId::parse("swiftride").ok(),
            ..Who::default()
        },
        object: Some(Arc::new(object)),
        consent: is_under_consent.then(|| Box::new(seen)),
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

async fn noted(standing: &Standing) -> u64 {
    let (accesses, bank) = (&standing.state.accesses, bank());
    let since = accesses.count_since(&bank, [5; 32], Timestamp::UNIX_EPOCH);
    since.await.expect("memory")
}

#[tokio::test]
async fn what_the_log_has_is_noted_once_and_what_it_refused_is_not() {
    let env = Environment::system(Arc::new(MovedClock::stopped()));
    let standing = Standing::in_memory(&env, &TaskTracker::new());
    let door = Arc::new(Door(Mutex::new(true)));
    let (log, mut seen) = noting(Arc::clone(&door) as _);
    log.record(access(1, true)).await.expect("taken");
    log.queue(access(2, true)).expect("taken");
    log.record(access(3, false)).await.expect("taken");
    // Nobody waits for this one any more: the log has it all the same.
    drop(log.record(access(4, true)));
    *door.0.lock().expect("sound") = false;
    log.record(access(5, true)).await.expect_err("refused");
    log.queue(access(6, true)).expect_err("refused");
    assert_eq!(noted(&standing).await, 0);
    for _ in 0..2 {
        seen.note_once(&standing).await.expect("memory");
        assert_eq!(noted(&standing).await, 3);
    }
    *door.0.lock().expect("sound") = true;
    log.record(access(1, true)).await.expect("taken");
    log.record(access(7, true)).await.expect("taken");
    seen.note_once(&standing).await.expect("memory");
    assert_eq!(noted(&standing).await, 4, "one of them a second time");
}

#[tokio::test]
async fn what_finds_no_room_is_counted_and_keeps_nobody_waiting() {
    let (log, seen) = noting(Arc::new(Door(Mutex::new(true))));
    for number in 0..=WAITING_MAX {
        log.queue(access((number % 251) as u8, true))
            .expect("taken");
    }
    assert_eq!(seen.rows.len(), WAITING_MAX);
    assert_eq!(seen.left.load(Ordering::Relaxed), 1);
}
