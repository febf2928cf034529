use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use futures_util::FutureExt;

use model::{ConsentId, Resource, ResourceId, ResourceKind};

use super::*;

const DIGEST: [u8; 32] = [7; 32];

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn terms(expires: i64, reauth_at: Option<i64>) -> Terms {
    Terms {
        id: ConsentId::parse("g").expect("valid"),
        customer: "li-lei".into(),
        clusters: BTreeSet::new(),
        resources: BTreeSet::from([Resource {
            kind: ResourceKind::parse("account").expect("valid"),
            id: ResourceId::parse("acc-1").expect("valid"),
        }]),
        purpose: None,
        per_day_unattended: 2,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: at(0),
        reauth_at: reauth_at.map(at),
        expires: at(expires),
    }
}

/// What a book says, and how often it was asked.
#[derive(Default)]
struct Said {
    standing: Mutex<Option<StandingConsent>>,
    is_down: Mutex<bool>,
    asked: AtomicUsize,
    spent: Mutex<Vec<Date>>,
    /// Looks wait while it is shut.
    is_shut: AtomicBool,
}

impl Said {
    fn says(&self, standing: Option<StandingConsent>) {
        *self.standing.lock().expect("sound") = standing;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

struct Book(Arc<Said>);

impl ConsentBook for Book {
    fn terms(
        &self,
        _: [u8; 32],
        _: Timestamp,
    ) -> BoxFuture<'_, Result<Option<StandingConsent>, StoreUnavailable>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let said = self.0.standing.lock().expect("sound").clone();
        let is_down = *self.0.is_down.lock().expect("sound");
        async move {
            std::future::poll_fn(|_| {
                if self.0.is_shut.load(Ordering::SeqCst) {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            if is_down {
                Err(StoreUnavailable {
                    doing: "looking",
                    source: None,
                })
            } else {
                Ok(said)
            }
        }
        .boxed()
    }

    fn give_back(&self, _: [u8; 32], day: Date) -> BoxFuture<'_, Result<(), StoreUnavailable>> {
        let mut spent = self.0.spent.lock().expect("sound");
        if let Some(at) = spent.iter().position(|known| *known == day) {
            spent.remove(at);
        }
        async { Ok(()) }.boxed()
    }

    fn spend(
        &self,
        _: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'_, Result<Spend, StoreUnavailable>> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let mut spent = self.0.spent.lock().expect("sound");
        let used = spent.iter().filter(|known| **known == day).count() as u32;
        let spend = if used < max {
            spent.push(day);
            Spend::Left(max - used - 1)
        } else {
            Spend::None
        };
        async move { Ok(spend) }.boxed()
    }
}

fn consents() -> (Arc<Said>, Consents) {
    let said = Arc::new(Said::default());
    let consents = Consents::of(Box::new(Book(Arc::clone(&said))), 16);
    (said, consents)
}

fn look(consents: &Consents, second: i64) -> Result<Looked, StoreUnavailable> {
    let looked = consents.look(&DIGEST, at(second)).now_or_never();
    looked.expect("the book answers at once")
}

fn is_live(looked: &Result<Looked, StoreUnavailable>) -> bool {
    matches!(looked, Ok(Looked::Live(_)))
}

#[test]
fn what_is_in_force_is_believed_for_a_minute_and_no_longer() {
    let (said, consents) = consents();
    said.says(Some((ConsentState::Authorised, Some(terms(1_000, None)))));
    for second in [100, 101, 159] {
        assert!(is_live(&look(&consents, second)), "{second}");
    }
    assert_eq!(said.asked(), 1);
    *said.is_down.lock().expect("sound") = true;
    assert!(is_live(&look(&consents, 159)));
    assert!(look(&consents, 160).is_err(), "what is old is not believed");
    assert!(look(&consents, 99).is_err(), "nor what is of the future");
}

#[test]
fn what_is_not_in_force_is_asked_for_each_time() {
    for (standing, why) in [
        (None, None),
        (Some((ConsentState::Reviewing, None)), None),
        (Some((ConsentState::Refused, None)), None),
        (
            Some((ConsentState::Withdrawn, Some(terms(1_000, None)))),
            Some(Why::Withdrawn),
        ),
        (
            Some((ConsentState::Superseded, None)),
            Some(Why::Superseded),
        ),
        (Some((ConsentState::Expired, None)), Some(Why::Expired)),
        (
            Some((ConsentState::Authorised, Some(terms(100, None)))),
            Some(Why::Expired),
        ),
        (
            Some((ConsentState::Authorised, Some(terms(1_000, Some(100))))),
            Some(Why::Expired),
        ),
    ] {
        let (said, consents) = consents();
        said.says(standing);
        for times in 1..=2 {
            let found = match look(&consents, 100).expect("it answers") {
                Looked::Live(consent) => panic!("in force: {consent:?}"),
                Looked::Ended(why) => Some(why),
                Looked::None => None,
            };
            assert_eq!((found, said.asked()), (why, times));
        }
    }
}

#[test]
fn one_that_is_remembered_ends_on_its_instant() {
    for ends in [terms(120, None), terms(1_000, Some(120))] {
        let (said, consents) = consents();
        said.says(Some((ConsentState::Authorised, Some(ends))));
        assert!(is_live(&look(&consents, 119)));
        let looked = look(&consents, 120).expect("it answers");
        assert!(matches!(looked, Looked::Ended(Why::Expired)), "{looked:?}");
        assert_eq!(said.asked(), 1);
    }
}

#[test]
fn what_is_forgotten_is_asked_for_again_and_not_put_back_by_a_look_that_began_before() {
    let (said, consents) = consents();
    said.says(Some((ConsentState::Authorised, Some(terms(1_000, None)))));
    said.is_shut.store(true, Ordering::SeqCst);
    let mut slow = Box::pin(consents.look(&DIGEST, at(100)));
    assert!((&mut slow).now_or_never().is_none(), "it waits");
    said.says(Some((ConsentState::Withdrawn, None)));
    consents.forget(&DIGEST);
    said.is_shut.store(false, Ordering::SeqCst);
    assert!(is_live(&slow.now_or_never().expect("it answers")));
    let looked = look(&consents, 101).expect("it answers");
    assert!(
        matches!(looked, Looked::Ended(Why::Withdrawn)),
        "{looked:?}"
    );
}

fn access(names: &[&str]) -> AccessTo {
    AccessTo::new(&DIGEST, names.iter().copied())
}

fn spend(consents: &Consents, access: &AccessTo, second: i64) -> Access {
    let terms = terms(i64::from(u32::MAX), None);
    let spent = consents.spend(&terms, access, at(second)).now_or_never();
    spent.expect("at once").expect("it answers")
}

fn is_spent(access: &Access) -> bool {
    matches!(access, Access::Spent(_))
}

#[test]
fn of_a_day_on_which_nothing_is_left_the_store_is_asked_once() {
    let (said, consents) = consents();
    let access = access(&["accounts", "listAccounts"]);
    // 2027-01-15, one second before midnight in the bank's zone.
    let midnight = 1_800_028_800;
    let spend = |second| spend(&consents, &access, second);
    assert!(is_spent(&spend(midnight - 3)));
    assert!(is_spent(&spend(midnight - 2)));
    for _ in 0..3 {
        assert_eq!(spend(midnight - 1), Access::NoneLeft);
    }
    assert_eq!(said.asked(), 3);
    assert!(is_spent(&spend(midnight)), "a new day");
    let days = said.spent.lock().expect("sound").clone();
    assert_eq!(days.len(), 3);
    assert_eq!(days[0].tomorrow().expect("in range"), days[2]);
    assert_eq!(Consents::until_tomorrow(at(midnight - 1)), 1);
    assert_eq!(Consents::until_tomorrow(at(midnight)), 86_400);
}

#[test]
fn what_is_read_is_told_apart_by_consent_operation_and_resource() {
    let one = access(&["accounts", "readBalances", "acc-1"]);
    assert_eq!(one, access(&["accounts", "readBalances", "acc-1"]));
    let other = AccessTo::new(&[8; 32], ["accounts", "readBalances", "acc-1"]);
    for other in [
        other,
        access(&["accounts", "readBalances", "acc-2"]),
        access(&["accounts", "readBalancesa", "cc-1"]),
        access(&["accounts", "readBalances"]),
    ] {
        assert_ne!(one.what, other.what);
    }
}

#[test]
fn what_is_given_back_can_be_spent_again() {
    let (said, consents) = consents();
    let access = access(&["a"]);
    let Access::Spent(first) = spend(&consents, &access, 100) else {
        panic!("nothing was spent");
    };
    assert!(is_spent(&spend(&consents, &access, 100)));
    assert_eq!(spend(&consents, &access, 100), Access::NoneLeft);
    let given = consents.give_back(&first).now_or_never();
    assert!(given.expect("at once").is_ok());
    let asked = said.asked();
    assert!(is_spent(&spend(&consents, &access, 100)));
    assert_eq!(said.asked(), asked + 1);
    assert_eq!(spend(&consents, &access, 100), Access::NoneLeft);
}

#[test]
fn what_the_bank_is_told_has_a_digest_of_its_own() {
    let told = |change: &dyn Fn(&mut Terms)| {
        let mut terms = terms(1_000, None);
        change(&mut terms);
        LiveConsent::new(DIGEST, terms).told
    };
    let first = told(&|_| {});
    assert_eq!(first, told(&|terms| terms.expires = at(2_000)));
    assert_ne!(first, told(&|terms| terms.customer = "han-meimei".into()));
    assert_ne!(first, told(&|terms| terms.resources.clear()));
    let other = ConsentId::parse("h").expect("valid");
    assert_ne!(first, told(&|terms| terms.id = other.clone()));
}
