//! What customers give once more: the same, or another in the place of what they gave.

use model::ports::{
    AgreedConsent, CodeState, Consent, Finish, Grant, Redeem, Redemption, RefreshToken,
};
use model::{By, ClientId, ConsentState, GrantAction, Terms, Why};

use super::{
    DECIDE, all_of, approval, found, fresh_request, given, id, in_force, instead, is_done, kept,
    opened, renewal, renewed, terms,
};
use crate::fixture::{
    CODE_LIFE, GRANT_LIFE, at, bank, client, digest, event, grant, grant_id, harbour, pushed,
    redemption,
};
use crate::stores;

#[tokio::test]
async fn one_that_takes_anothers_place_ends_that_and_its_grant() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        let tokens = store.redeem(harbour(), digest(1), redemption(1, 1), at(1));
        assert!(matches!(tokens.await, Ok(Redeem::First(_))), "{name}");
        kept(store, opened(2)).await;
        let before = store.waiting(100).await.expect("answers").len();
        let finish = given(store, instead(2, 1, 400), 2).await;
        let Finish::Done(posted) = finish else {
            panic!("{name}: all is as it was read");
        };
        let told: Vec<_> = posted.iter().map(|its| (*its.event).clone()).collect();
        let supersede = event(GrantAction::ConsentSupersede, 1);
        assert_eq!(told, [event(GrantAction::Approve, 2), supersede], "{name}");
        let waiting = store.waiting(100).await.expect("answers");
        assert_eq!(waiting[before..], posted, "{name}: in this order");

        let former = found(store, 1).await.expect("there");
        assert_eq!(former.state, ConsentState::Superseded, "{name}");
        assert_eq!((former.version, former.changed_at), (2, at(2)), "{name}");
        assert_eq!(former.replaced_by, Some(id(2)), "{name}");
        assert_eq!(former.ended_by, Some(By::Customer), "{name}");
        assert_eq!(
            found(store, 2).await.expect("there").replaces,
            Some(id(1)),
            "{name}"
        );
        let ended = store.ended(harbour(), at(3)).await.expect("answers");
        assert_eq!(ended, [(digest(1), Why::Superseded, at(400))], "{name}");
        let revoked = store.revoked(harbour(), at(3)).await.expect("answers");
        assert_eq!(revoked.grants, [(grant_id(1), at(400))], "{name}");
        let token = store.refresh_token(harbour(), digest(1), at(3)).await;
        assert_eq!(token.expect("answers"), None, "{name}");
        let code = store.code(harbour(), digest(2), at(3)).await;
        assert!(code.expect("answers").is_some(), "{name}");
        // It has been replaced, so nothing else takes its place.
        kept(store, opened(3)).await;
        assert_eq!(
            given(store, instead(3, 1, 400), 2).await,
            Finish::Gone,
            "{name}"
        );
    }
}

#[tokio::test]
async fn nobody_takes_the_place_of_what_is_anothers_or_of_another_than_was_asked() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        let of = |client: ClientId, subject: &str, number| Consent {
            client,
            subject: Some(subject.to_owned()),
            ..opened(number)
        };
        kept(store, of(client("other"), "li-lei", 2)).await;
        kept(store, of(client("app"), "han-meimei", 3)).await;
        let to_replace = Consent {
            replaces: Some(id(9)),
            ..opened(4)
        };
        kept(store, to_replace).await;
        let mut others = instead(2, 1, 400);
        others.grant.client = client("other");
        let mut customers = instead(3, 1, 400);
        customers.grant.subject = "han-meimei".to_owned();
        if let Some(agreed) = &mut customers.consent {
            agreed.terms.customer = "han-meimei".into();
        }
        for (number, approval) in [(2, others), (3, customers), (4, instead(4, 1, 400))] {
            let before = all_of(store, number, 2).await;
            let request = fresh_request(store, 2).await;
            let refused = store.approve(harbour(), request, approval, at(2)).await;
            assert!(refused.is_err(), "{name} {number}");
            assert!(all_of(store, number, 2).await == before, "{name} {number}");
        }
        let former = found(store, 1).await.expect("there");
        assert_eq!(former.state, ConsentState::Authorised, "{name}");
        // Another bank has none of that id.
        let there = bank("other");
        let request = pushed(5);
        store.push(&there, request, at(0)).await.expect("answers");
        let mut made = instead(5, 1, 400);
        if let Some(agreed) = &mut made.consent {
            agreed.from = None;
        }
        let done = store.approve(&there, digest(5), made, at(2)).await;
        assert_eq!(done.expect("answers"), Finish::Gone, "{name}");
    }
}

#[tokio::test]
async fn what_is_renewed_keeps_its_id_and_all_that_stands_for_its_grant() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        let first = store.redeem(harbour(), digest(1), redemption(1, 2), at(2));
        assert!(matches!(first.await, Ok(Redeem::First(_))), "{name}");
        // That the time of the first decision is over does not matter.
        let mut again = approval(1, renewal(1, 1, 990), DECIDE + 1);
        (again.grant.granted, again.code.digest) = (vec![9], digest(50));
        assert!(is_done(&given(store, again, DECIDE + 1).await), "{name}");
        let consent = found(store, 1).await.expect("there");
        assert_eq!(consent.state, ConsentState::Authorised, "{name}");
        assert_eq!(
            (consent.version, consent.expires),
            (2, Some(at(990))),
            "{name}"
        );
        assert!(consent.terms == Some(terms(1, at(990))), "{name}");
        let now = at(DECIDE + 2);
        let code = store.code(harbour(), digest(50), now).await;
        let found_code = code.expect("answers").expect("made");
        let expected = Grant {
            granted: vec![9],
            expires: at(990),
            ..grant(1, 1)
        };
        assert_eq!(found_code.grant, expected, "{name}");
        let token = store.refresh_token(harbour(), digest(1), now).await;
        let (_, its) = token.expect("answers").expect("it goes on");
        assert_eq!(its, expected, "{name}");
        let second = redemption(51, DECIDE + 2);
        let second = Redemption {
            refresh: second.refresh.map(|token| RefreshToken {
                grant: grant_id(1),
                ..token
            }),
            ..second
        };
        let second = store.redeem(harbour(), digest(50), second, now).await;
        assert!(matches!(second, Ok(Redeem::First(_))), "{name}");
        // The first code was used: used again, it ends all that stands for the grant.
        let stolen = store.redeem(harbour(), digest(1), redemption(1, DECIDE), now);
        assert!(matches!(stolen.await, Ok(Redeem::Again(_))), "{name}");
        for number in [1, 51] {
            let token = store.refresh_token(harbour(), digest(number), now).await;
            assert_eq!(token.expect("answers"), None, "{name}");
        }
        let late = renewed(store, 1, renewal(1, 2, 980), 52, DECIDE + 3).await;
        assert_eq!(late, Finish::Gone, "{name}: it is withdrawn");
    }
}

#[tokio::test]
async fn what_came_to_nothing_is_renewed_with_a_grant_made_anew() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2] {
            in_force(store, number, GRANT_LIFE).await;
        }
        // Nobody redeemed the codes: the grants are forgotten a little at each approval.
        let late = CODE_LIFE + 10;
        for number in [1, 2] {
            let again = renewed(store, number, renewal(number, 1, 900), 50 + number, late).await;
            assert!(is_done(&again), "{name}");
            let code = store.code(harbour(), digest(50 + number), at(late)).await;
            let code = code.expect("answers").expect("made");
            assert_eq!(code.state, CodeState::Fresh, "{name}");
            let redeemed = store.redeem(
                harbour(),
                digest(50 + number),
                redemption(number, late),
                at(late),
            );
            assert!(matches!(redeemed.await, Ok(Redeem::First(_))), "{name}");
            let token = store
                .refresh_token(harbour(), digest(number), at(late))
                .await;
            assert!(token.expect("answers").is_some(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_renewed_gets_no_wider_and_only_while_it_lives() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, 500).await;
        let before = all_of(store, 1, 2).await;
        let request = fresh_request(store, 2).await;
        let same = terms(1, at(500));
        let wider = [
            Terms {
                resources: terms(2, at(500)).resources,
                ..same.clone()
            },
            Terms {
                per_day_unattended: 5,
                ..same.clone()
            },
            Terms {
                data_from: None,
                ..same.clone()
            },
            Terms {
                bound: Vec::new(),
                ..same.clone()
            },
        ];
        for (number, terms) in wider.into_iter().enumerate() {
            let agreed = AgreedConsent {
                terms,
                ..renewal(1, 1, 500)
            };
            let mut again = approval(1, agreed, 2);
            again.code.digest = digest(50);
            let refused = store.approve(harbour(), request, again, at(2)).await;
            assert!(refused.is_err(), "{name} {number}");
            assert!(all_of(store, 1, 2).await == before, "{name} {number}");
        }
        let late = renewed(store, 1, renewal(1, 1, 600), 51, 500).await;
        assert_eq!(late, Finish::Gone, "{name}: its end has come");
        let done = renewed(store, 1, renewal(1, 1, 700), 52, 499).await;
        assert!(is_done(&done), "{name}: its customer gives it for longer");
        let longer = found(store, 1).await.expect("there").expires;
        assert_eq!(longer, Some(at(700)), "{name}");
        let again = renewed(store, 1, renewal(1, 1, 500), 53, 499).await;
        assert_eq!(again, Finish::Gone, "{name}: once");
    }
}
