use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use config::Mode;
use crypto::{Random, SystemRandom};
use gateway::{Answer, Attack, Guard};
use model::{Clock, MovedClock};
use sandbox::Plan;

use super::*;

/// Counts how often it is drawn from: each request that walks the road draws its ids.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fetch_add(1, Ordering::Relaxed);
        SystemRandom.fill(bytes);
    }
}

/// Proves the sandbox with these bursts of the gate and of the plan, and counts the draws.
async fn proved(gate: &str, plan: &str) -> (Vec<Operation>, u64) {
    let clock = Arc::new(MovedClock::running());
    let folder = tempfile::tempdir().expect("a folder");
    let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let places = Plan {
        api: address(8443),
        issuer: address(9443),
        bank: address(7443),
        swiftride: ([127, 0, 0, 1], 8447).into(),
        cartwheel: ([127, 0, 0, 1], 8448).into(),
        template: None,
    };
    let prepared = sandbox::prepare(folder.path(), &places, clock.as_ref(), &SystemRandom);
    let path = prepared.expect("a prepared folder").config;
    let text = std::fs::read_to_string(&path).expect("a file");
    let text = text
        .replace("burst: 400 requests", &format!("burst: {gate} requests"))
        .replace("burst: 10 requests", &format!("burst: {plan} requests"));
    std::fs::write(&path, text).expect("written");
    let house = config::load(&path, Mode::Sandbox, &|_| None, clock.now());
    let house = house.map_err(|m| m.to_string()).expect("a good file");
    let random = Arc::new(Counting::default());
    let now = clock.now();
    let env = Environment {
        random: Arc::clone(&random) as _,
        ..Environment::system(clock)
    };
    let operations = prove(&house, &env, now).await.expect("a proof");
    (operations, random.0.load(Ordering::Relaxed))
}

/// The code that a call beyond the limits is refused with, by class.
fn beyond(operations: &[Operation]) -> Vec<(&'static str, &'static str)> {
    let told = operations.iter().map(|operation| {
        let answers = operation.attacks.iter();
        let over = answers
            .clone()
            .find(|(attack, _)| *attack == Attack::OverLimit);
        let code = match over.expect("the attack").1 {
            Answer::Refused { code, .. } => code,
            other => panic!("{other:?}"),
        };
        (operation.object.class.as_str(), code)
    });
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    told.dedup();
    told
}

#[tokio::test]
async fn the_greatest_bursts_are_proved_with_no_more_calls_than_the_least() {
    let (least, few) = proved("1", "1").await;
    let (greatest, many) = proved("1000000", "1000000").await;
    assert_eq!(few, many);
    let gate = "too_many_requests";
    let all = [("customer", gate), ("open", gate), ("partner", gate)];
    assert_eq!(beyond(&least), all);
    assert_eq!(beyond(&greatest), all);
    let (narrow, _) = proved("1000000", "999999").await;
    assert_eq!(
        beyond(&narrow),
        [
            ("customer", "rate_limited"),
            ("open", gate),
            ("partner", "rate_limited")
        ]
    );
}

#[tokio::test]
async fn no_operation_of_class_customer_is_open_to_who_has_no_consent_to_it() {
    let (operations, _) = proved("400", "10").await;
    let customers = operations.iter().filter(|operation| {
        let class = operation.object.class;
        class == model::ProtectionClass::Customer
    });
    let mut ids = Vec::new();
    for operation in customers {
        let id = operation.object.operation.as_str();
        ids.push(id);
        assert_eq!(operation.honest, Answer::In, "{id}");
        assert_eq!(operation.unguarded().count(), 0, "{id}");
        assert!(operation.waits_for_evidence, "{id}");
        let told = |attack| {
            let mut attacks = operation.attacks.iter();
            let (_, answer) = attacks.find(|(tried, _)| *tried == attack)?;
            match answer {
                Answer::Refused { status, code } => Some((*status, *code)),
                other => panic!("{id}: {other:?}"),
            }
        };
        assert_eq!(told(Attack::NoConsent), Some((403, "no_consent")), "{id}");
        let withdrawn = told(Attack::WithdrawnConsent);
        assert_eq!(withdrawn, Some((403, "consent_withdrawn")), "{id}");
        let names = !id.starts_with("listA");
        let others = names.then_some((403, "not_covered"));
        assert_eq!(told(Attack::OthersResource), others, "{id}");
        let is_guarded = |guard: &Guard| matches!(guard, Guard::Consent { .. });
        assert!(operation.guards.iter().any(is_guarded), "{id}");
    }
    ids.sort_unstable();
    let expected = [
        "confirmFunds",
        "listAccounts",
        "listAllTransactions",
        "listTransactions",
        "readAccount",
        "readBalances",
        "readStatement",
        "verify",
    ];
    assert_eq!(ids, expected);
}
