//! What customers give: a consent, its grant and its code, at once or not at all.

use futures_util::future::join_all;
use model::ports::{AgreedConsent, Approval, Consent, Finish, Grant, Grants};
use model::{ConsentState, Edge, GrantAction, Terms};

use super::{
    DECIDE, all_of, approval, asked, authorisation, authorised, change, changed, evidence, found,
    fresh_request, given, in_force, instead, is_done, kept, opened, terms, waiting,
};
use crate::fixture::{GRANT_LIFE, at, client, digest, event, harbour};
use crate::stores;

#[tokio::test]
async fn what_opens_no_data_is_made_in_force_with_its_grant() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let made = AgreedConsent {
            from: None,
            ..authorisation(1, 800)
        };
        let request = fresh_request(store, 1).await;
        let approval = approval(1, made, 1);
        let done = store.approve(harbour(), request, approval.clone(), at(1));
        assert!(is_done(&done.await.expect("answers")), "{name}");
        let expected = Consent {
            request: Some(request),
            state: ConsentState::Authorised,
            lodged: Vec::new(),
            draft: Vec::new(),
            terms: Some(terms(1, at(800))),
            made_at: at(1),
            decide_until: at(1),
            changed_at: at(1),
            expires: Some(at(800)),
            ..opened(1)
        };
        assert!(found(store, 1).await == Some(expected), "{name}");
        let there = store.of_request(harbour(), request).await;
        assert!(there.expect("answers").is_some(), "{name}");
        let standing = store.terms(harbour(), digest(1), at(2)).await;
        assert!(standing.expect("answers").is_some(), "{name}");
        let code = store.code(harbour(), digest(1), at(2)).await;
        let code = code.expect("answers").expect("made");
        assert_eq!(code.grant, approval.grant, "{name}");
        // A second of that id is none, and what names no grant cannot be found again.
        let request = fresh_request(store, 2).await;
        let second = store.approve(harbour(), request, approval.clone(), at(2));
        assert!(second.await.is_err(), "{name}");
        let mut nameless = super::approval(2, authorisation(2, 800), 2);
        nameless.event.grant = None;
        if let Some(agreed) = &mut nameless.consent {
            agreed.from = None;
        }
        let refused = store.approve(harbour(), request, nameless, at(2)).await;
        assert!(refused.is_err(), "{name}");
        assert_eq!(found(store, 2).await, None, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_as_the_customer_read_it_is_gone_and_nothing_of_it_is_left() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        in_force(store, 2, 100).await;
        let thought = |state, version| AgreedConsent {
            from: Some((state, version)),
            ..authorisation(1, 900)
        };
        let before = all_of(store, 1, 2).await;
        let ended = AgreedConsent {
            terms: terms(1, at(2)),
            ..authorisation(1, 900)
        };
        let gone = [
            approval(1, thought(ConsentState::Reviewing, 1), 2),
            approval(1, thought(ConsentState::Confirming, 0), 2),
            approval(1, ended, 2),
            approval(3, authorisation(3, 900), 2),
            instead(1, 3, 400),
        ];
        for (number, approval) in gone.into_iter().enumerate() {
            let request = fresh_request(store, 2).await;
            let done = store.approve(harbour(), request, approval, at(2)).await;
            assert_eq!(done.expect("answers"), Finish::Gone, "{name} {number}");
            let live = store.open(harbour(), request, at(9), at(2)).await;
            assert!(live.expect("answers").is_some(), "{name} {number}: live");
            assert!(all_of(store, 1, 2).await == before, "{name} {number}");
        }
        // What it was to take the place of has come to its end.
        let late = given(store, instead(1, 2, 400), 100).await;
        assert_eq!(late, Finish::Gone, "{name}");
        assert!(all_of(store, 1, 2).await == before, "{name}");
        // Nothing comes of a request that is not live either.
        let none = approval(1, authorisation(1, 900), 2);
        let none = store.approve(harbour(), digest(77), none, at(2)).await;
        assert_eq!(none.expect("answers"), Finish::Gone, "{name}");
        let late = authorised(store, 1, authorisation(1, 2_000), DECIDE).await;
        assert_eq!(late, Finish::Gone, "{name}");
        assert!(all_of(store, 1, 2).await == before, "{name}");
    }
}

/// Approvals that break a rule, of the consent of number 1, which is reviewed.
fn unfit() -> Vec<Approval> {
    let fine = || approval(1, authorisation(1, 900), 2);
    let of = |agreed| approval(1, agreed, 2);
    let mut unfit = vec![
        // Another customer's, in the consent, in the grant, in both.
        of(AgreedConsent {
            terms: Terms {
                customer: "han-meimei".into(),
                ..terms(1, at(900))
            },
            ..authorisation(1, 900)
        }),
        Approval {
            grant: Grant {
                subject: "han-meimei".to_owned(),
                ..fine().grant
            },
            ..fine()
        },
        Approval {
            grant: Grant {
                subject: "han-meimei".to_owned(),
                ..fine().grant
            },
            ..of(AgreedConsent {
                terms: Terms {
                    customer: "han-meimei".into(),
                    ..terms(1, at(900))
                },
                ..authorisation(1, 900)
            })
        },
        // Another client's, another grant's, another consent's terms.
        Approval {
            grant: Grant {
                client: client("other"),
                ..fine().grant
            },
            ..fine()
        },
        approval(1, authorisation(2, 900), 2),
        of(AgreedConsent {
            terms: terms(2, at(900)),
            ..authorisation(1, 900)
        }),
        // Too long.
        of(AgreedConsent {
            terms: Terms {
                bound: vec![terms(1, at(900)).bound[0].clone(); 2_000],
                ..terms(1, at(900))
            },
            ..authorisation(1, 900)
        }),
        // The event of an end without one, and an end without its event; its own.
        Approval {
            superseded: Some(event(GrantAction::ConsentSupersede, 2)),
            ..fine()
        },
        Approval {
            superseded: None,
            ..instead(1, 2, 400)
        },
        instead(1, 1, 400),
    ];
    let edges = Edge::ALL
        .into_iter()
        .filter(|edge| *edge != Edge::Authorise);
    unfit.extend(edges.map(|edge| {
        of(AgreedConsent {
            edge,
            evidence: evidence(1, edge),
            ..authorisation(1, 900)
        })
    }));
    unfit.push(of(AgreedConsent {
        evidence: evidence(1, Edge::Allow),
        ..authorisation(1, 900)
    }));
    unfit
}

#[tokio::test]
async fn what_breaks_a_rule_is_an_error_and_the_request_stays_live() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        in_force(store, 2, GRANT_LIFE).await;
        let before = all_of(store, 1, 2).await;
        let request = fresh_request(store, 2).await;
        for (number, approval) in unfit().into_iter().enumerate() {
            let refused = store.approve(harbour(), request, approval, at(2)).await;
            assert!(refused.is_err(), "{name} {number}");
            assert!(all_of(store, 1, 2).await == before, "{name} {number}");
        }
        let fine = approval(1, authorisation(1, 900), 2);
        let done = store.approve(harbour(), request, fine, at(2)).await;
        assert!(is_done(&done.expect("answers")), "{name}");
    }
}

#[tokio::test]
async fn it_ends_no_later_than_was_asked() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let lodged = Consent {
            expires: Some(at(500)),
            ..asked(1)
        };
        kept(store, lodged).await;
        let mut open = change(ConsentState::Requested, 0, Edge::Open);
        open.subject = Some("li-lei".to_owned());
        changed(store, 1, open, 1).await;
        let until = |expires| AgreedConsent {
            from: Some((ConsentState::Reviewing, 1)),
            ..authorisation(1, expires)
        };
        let request = fresh_request(store, 2).await;
        let later = approval(1, until(501), 2);
        let refused = store.approve(harbour(), request, later, at(2)).await;
        assert!(refused.is_err(), "{name}");
        let done = authorised(store, 1, until(500), 2).await;
        assert!(is_done(&done), "{name}");
    }
}

#[tokio::test]
async fn two_events_need_room_for_both() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        kept(store, opened(2)).await;
        let before = waiting(store).await;
        let numbers: Vec<_> = (0..u32::try_from(9_999 - before).expect("few")).collect();
        for numbers in numbers.chunks(1_000) {
            let posts = numbers.iter().map(|number| {
                let event = event(GrantAction::RevokeToken, *number);
                store.revoke_token(harbour(), digest(*number), at(300), at(1), event)
            });
            for posted in join_all(posts).await {
                assert!(posted.expect("answers").is_some(), "{name}");
            }
        }
        let request = fresh_request(store, 2).await;
        let refused = store.approve(harbour(), request, instead(2, 1, 400), at(2));
        assert!(refused.await.is_err(), "{name}: there is room for one");
        let former = found(store, 1).await.expect("there");
        assert_eq!(former.state, ConsentState::Authorised, "{name}");
        let oldest = store.waiting(1).await.expect("answers");
        store.logged(&[oldest[0].id]).await.expect("answers");
        let done = store.approve(harbour(), request, instead(2, 1, 400), at(2));
        assert!(is_done(&done.await.expect("answers")), "{name}");
    }
}

#[tokio::test]
async fn after_a_crash_what_was_given_is_whole_or_was_not() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = stores::sqlite(&stores::data_file(dir.path()));
    in_force(&*store, 1, GRANT_LIFE).await;
    kept(&*store, opened(2)).await;
    let request = fresh_request(&*store, 2).await;
    let before = stores::after_a_crash(dir.path());
    let done = store.approve(harbour(), request, instead(2, 1, 400), at(2));
    assert!(is_done(&done.await.expect("answers")));
    let after = stores::after_a_crash(dir.path());
    for (copy, is_given) in [(before, false), (after, true)] {
        let store = &*stores::sqlite(&stores::data_file(copy.path()));
        let consent = found(store, 2).await.expect("there");
        assert_eq!(consent.state == ConsentState::Authorised, is_given);
        let former = found(store, 1).await.expect("there");
        assert_eq!(former.state == ConsentState::Superseded, is_given);
        let (_, kept, has_code, events) = all_of(store, 2, 3).await;
        assert_eq!((kept, has_code), (usize::from(is_given), is_given));
        assert_eq!(events, 3 + 2 * usize::from(is_given));
        let live = store.open(harbour(), request, at(9), at(3)).await;
        assert_eq!(live.expect("answers").is_some(), !is_given);
    }
}
