//! Consents that nobody has decided about: made once, found again, and not without end.

use futures_util::future::join_all;

use model::ports::{Changed, Consent, Consents, Lodge};
use model::{By, ConsentState, Edge, GrantAction};

use super::{asked, change, changed, found, id, kept, lodge, opened, terms, waiting};
use crate::fixture::{at, bank, client, digest, event, harbour};
use crate::stores::{self, Store};

async fn of_request(store: &dyn Store, request: [u8; 32]) -> Option<Consent> {
    let found = store.of_request(harbour(), request).await;
    found.expect("answers")
}

#[tokio::test]
async fn a_consent_is_found_as_it_was_made_by_its_own_bank_alone() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for consent in [opened(1), asked(2)] {
            let posted = kept(store, consent.clone()).await;
            let told = event(GrantAction::ConsentLodge, 1);
            assert_eq!(*posted.event, told, "{name}");
            let number = if consent.is_lodged { 2 } else { 1 };
            assert!(
                found(store, number).await == Some(consent.clone()),
                "{name}"
            );
            if let Some(request) = consent.request {
                let by_request = of_request(store, request).await;
                assert!(by_request == Some(consent.clone()), "{name}");
            }
            let other = bank("other");
            let there = Consents::find(store, &other, &consent.id).await;
            assert_eq!(there.expect("answers"), None, "{name}");
            let there = store.of_request(&other, digest(10_001)).await;
            assert_eq!(there.expect("answers"), None, "{name}");
            let there = store.terms(&other, consent.digest, at(0)).await;
            assert_eq!(there.expect("answers"), None, "{name}");
        }
        assert_eq!(of_request(store, digest(1)).await, None, "{name}");
        assert_eq!(waiting(store).await, 2, "{name}");
    }
}

#[tokio::test]
async fn two_tabs_of_one_request_have_one_consent() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let tabs = (1..=10).map(|number| {
            let consent = Consent {
                request: Some(digest(7)),
                ..opened(number)
            };
            lodge(store, consent, 0)
        });
        let lodged = join_all(tabs).await;
        let kept = lodged.iter().filter(|one| matches!(one, Lodge::Kept(_)));
        assert_eq!(kept.count(), 1, "{name}");
        let consent = of_request(store, digest(7)).await.expect("kept");
        for one in lodged {
            match one {
                Lodge::Kept(_) => {}
                Lodge::Known(known) => assert!(*known == consent, "{name}"),
                Lodge::Full => panic!("{name}: there is room"),
            }
        }
        assert_eq!(waiting(store).await, 1, "{name}: one event");
    }
}

#[tokio::test]
async fn what_is_taken_is_refused_and_nothing_is_left_of_it() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let same_id = Consent {
            digest: digest(2),
            ..asked(1)
        };
        let same_digest = Consent {
            digest: digest(1),
            ..asked(2)
        };
        for taken in [same_id, same_digest] {
            let event = event(GrantAction::ConsentLodge, 2);
            let refused = store.lodge(harbour(), taken.clone(), at(0), event.clone());
            assert!(refused.await.is_err(), "{name}");
            let other = bank("other");
            let kept = store.lodge(&other, taken, at(0), event).await;
            assert!(matches!(kept, Ok(Lodge::Kept(_))), "{name}: another bank");
        }
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
        assert_eq!(found(store, 2).await, None, "{name}");
        assert_eq!(waiting(store).await, 3, "{name}");

        // A request that is another's cannot be taken later either.
        kept(store, asked(3)).await;
        let mut open = change(ConsentState::Requested, 0, Edge::Open);
        open.request = opened(1).request;
        let event = event(GrantAction::ConsentOpen, 3);
        let refused = store.change(harbour(), &id(3), open, at(1), event).await;
        assert!(refused.is_err(), "{name}");
        assert!(found(store, 3).await == Some(asked(3)), "{name}");
    }
}

#[tokio::test]
async fn what_is_decided_already_or_too_long_is_not_made() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let long = |bytes: usize| vec![1_u8; bytes + 1];
        let cases = [
            Consent {
                state: ConsentState::Authorised,
                terms: Some(terms(1, at(900))),
                ..opened(1)
            },
            Consent {
                state: ConsentState::Reviewing,
                ..asked(1)
            },
            Consent {
                state: ConsentState::Requested,
                ..opened(1)
            },
            Consent {
                terms: Some(terms(1, at(900))),
                ..opened(1)
            },
            Consent {
                version: 1,
                ..opened(1)
            },
            Consent {
                extended: 1,
                ..opened(1)
            },
            Consent {
                replaced_by: Some(id(2)),
                ..opened(1)
            },
            Consent {
                ended_by: Some(By::House),
                ..opened(1)
            },
            Consent {
                decide_until: at(2_701),
                ..opened(1)
            },
            Consent {
                lodged: long(64 << 10),
                ..opened(1)
            },
            Consent {
                draft: long(256 << 10),
                ..opened(1)
            },
            Consent {
                subject: Some("x".repeat(1_025)),
                ..opened(1)
            },
        ];
        for (number, case) in cases.into_iter().enumerate() {
            let event = event(GrantAction::ConsentLodge, 1);
            let refused = store.lodge(harbour(), case, at(0), event).await;
            assert!(refused.is_err(), "{name} {number}");
        }
        assert_eq!(found(store, 1).await, None, "{name}");
        assert_eq!(waiting(store).await, 0, "{name}");
        let longest = Consent {
            lodged: vec![1; 64 << 10],
            draft: vec![2; 256 << 10],
            subject: Some("x".repeat(1_024)),
            replaces: Some(id(9)),
            decide_until: at(2_700),
            ..opened(1)
        };
        kept(store, longest.clone()).await;
        assert!(found(store, 1).await == Some(longest), "{name}");
    }
}

#[tokio::test]
async fn a_client_has_ten_thousand_undecided_at_most() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for thousand in 0..10_u32 {
            let numbers = 1 + thousand * 1_000..1_001 + thousand * 1_000;
            let lodged = join_all(numbers.map(|number| lodge(store, asked(number), 0))).await;
            let mut ids = Vec::new();
            for one in lodged {
                match one {
                    Lodge::Kept(posted) => ids.push(posted.id),
                    other => panic!("{name}: {other:?}"),
                }
            }
            store.logged(&ids).await.expect("answers");
        }
        assert_eq!(lodge(store, asked(20_000), 0).await, Lodge::Full, "{name}");
        let others = Consent {
            client: client("other"),
            ..asked(20_001)
        };
        kept(store, others).await;
        let lapse = change(ConsentState::Requested, 0, Edge::Lapse);
        let lapsed = changed(store, 5_000, lapse, DECIDE_PASSED).await;
        assert!(matches!(lapsed, Changed::Done(_)), "{name}");
        kept(store, asked(20_000)).await;
        assert_eq!(lodge(store, asked(20_002), 0).await, Lodge::Full, "{name}");
    }
}

const DECIDE_PASSED: i64 = super::DECIDE + 1;
