use std::sync::Mutex;
use std::task::Poll;

use model::ports::{OutboxId, Posted};
use model::{By, Channel, ConsentPart, ConsentState, EventId, GrantAction, InteractionId};
use model::{Network, RequestId, Who};

use super::*;
use crate::{ConsentBook, Looked};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn bank() -> BankId {
    BankId::parse("harbour").expect("valid")
}

fn id() -> ConsentId {
    ConsentId::parse("consent-1").expect("valid")
}

fn digest() -> [u8; 32] {
    crypto::sha256(id().as_str().as_bytes())
}

/// What the store says to a withdrawal.
#[derive(Clone, Copy)]
enum Says {
    Done,
    Otherwise(ConsentState),
    Gone,
    Fails,
    Nothing,
}

/// A store that says this, and looks at what the road knows when it is asked.
struct Store {
    says: Says,
    revoked: Arc<Revoked>,
    held: Mutex<Vec<Option<Why>>>,
}

fn event() -> GrantEvent {
    GrantEvent {
        id: EventId::new(at(0), [1; 10]),
        at: at(0),
        request: RequestId::new(at(0), [1; 10]),
        interaction: InteractionId::new([9; 16]),
        network: Network::of([203, 0, 113, 77].into()),
        bank: bank(),
        who: Who::default(),
        grant: Some(digest()),
        extent: None,
        consent: Some(ConsentPart {
            from: Some(ConsentState::Authorised),
            to: ConsentState::Withdrawn,
            by: By::Customer,
            channel: Channel::Page,
            text_version: None,
            customer: None,
            clusters: Vec::new(),
            resources: 0,
            evidence_digest: None,
        }),
        action: GrantAction::ConsentWithdraw,
        code: None,
        rule: None,
    }
}

fn unasked<'a, T: Send + 'a>() -> Asked<'a, T> {
    let down = StoreUnavailable {
        doing: "testing",
        source: None,
    };
    async { Err(down) }.boxed()
}

impl ports::Consents for Store {
    fn withdraw<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: Withdrawal,
        _: Timestamp,
        event: GrantEvent,
    ) -> Asked<'a, Changed> {
        let held = self.revoked.held([Some(&digest()), None]);
        self.held.lock().expect("sound").push(held);
        match self.says {
            Says::Done => {
                let (id, event) = (OutboxId(1), Box::new(event));
                async move { Ok(Changed::Done(Posted { id, event })) }.boxed()
            }
            Says::Otherwise(state) => async move { Ok(Changed::Otherwise(state)) }.boxed(),
            Says::Gone => async { Ok(Changed::Gone) }.boxed(),
            Says::Fails => unasked(),
            Says::Nothing => std::future::poll_fn(|_| Poll::Pending).boxed(),
        }
    }

    fn lodge<'a>(
        &'a self,
        _: &'a BankId,
        _: Consent,
        _: Timestamp,
        _: GrantEvent,
    ) -> Asked<'a, Lodge> {
        unasked()
    }

    fn change<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: Change,
        _: Timestamp,
        _: GrantEvent,
    ) -> Asked<'a, Changed> {
        unasked()
    }

    fn keep<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: Choices,
        _: Timestamp,
    ) -> Asked<'a, Keep> {
        unasked()
    }

    fn find<'a>(&'a self, _: &'a BankId, _: &'a ConsentId) -> Asked<'a, Option<Consent>> {
        unasked()
    }

    fn of_request<'a>(&'a self, _: &'a BankId, _: [u8; 32]) -> Asked<'a, Option<Consent>> {
        unasked()
    }

    fn of_customer<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a str,
        _: Option<(Timestamp, ConsentId)>,
        _: u16,
    ) -> Asked<'a, Vec<Consent>> {
        unasked()
    }

    fn terms<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
    ) -> Asked<'a, Option<StandingConsent>> {
        unasked()
    }

    fn evidence<'a>(&'a self, _: &'a BankId, _: &'a ConsentId) -> Asked<'a, Vec<Evidence>> {
        unasked()
    }

    fn decided<'a>(&'a self, _: &'a BankId, _: &'a ConsentId) -> Asked<'a, Vec<Decided>> {
        unasked()
    }

    fn confirm<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a ConsentId,
        _: &'a str,
        _: Timestamp,
    ) -> Asked<'a, bool> {
        unasked()
    }

    fn due<'a>(&'a self, _: &'a BankId, _: Timestamp, _: u16) -> Asked<'a, Vec<DueConsent>> {
        unasked()
    }

    fn spend<'a>(&'a self, _: &'a BankId, _: [u8; 32], _: Date, _: u32) -> Asked<'a, Spend> {
        unasked()
    }

    fn give_back<'a>(&'a self, _: &'a BankId, _: [u8; 32], _: Date) -> Asked<'a, ()> {
        unasked()
    }

    fn ended<'a>(&'a self, _: &'a BankId, _: Timestamp) -> Asked<'a, Vec<EndedConsent>> {
        unasked()
    }
}

/// A book that has one consent in force, until it is closed.
struct Book(Arc<Mutex<Option<StandingConsent>>>);

impl ConsentBook for Book {
    fn terms(&self, _: [u8; 32], _: Timestamp) -> Asked<'_, Option<StandingConsent>> {
        let said = self.0.lock().expect("sound").clone();
        async { Ok(said) }.boxed()
    }

    fn spend(&self, _: [u8; 32], _: Date, _: u32) -> Asked<'_, Spend> {
        unasked()
    }

    fn give_back(&self, _: [u8; 32], _: Date) -> Asked<'_, ()> {
        unasked()
    }
}

fn in_force() -> StandingConsent {
    let terms = model::Terms {
        id: id(),
        customer: "li-lei".into(),
        clusters: std::collections::BTreeSet::new(),
        resources: std::collections::BTreeSet::new(),
        purpose: None,
        per_day_unattended: 2,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: at(0),
        reauth_at: None,
        expires: at(10_000),
    };
    (ConsentState::Authorised, Some(terms))
}

/// Ends a consent that the road has looked up; whether the store says so in time, what the road
/// held when the store was asked, what it holds since, and whether it looks the consent up anew.
fn ended(says: Says, edge: Edge) -> (bool, Option<Why>, Option<Why>, bool) {
    let revoked = Arc::new(Revoked::default());
    let standing = Arc::new(Mutex::new(Some(in_force())));
    let known = Arc::new(Consents::of(Box::new(Book(Arc::clone(&standing))), 8));
    let looks = |now| {
        let looked = known.look(&digest(), at(now)).now_or_never();
        looked.expect("at once").expect("it answers")
    };
    assert!(matches!(looks(1), Looked::Live(_)));
    *standing.lock().expect("sound") = None;
    assert!(matches!(looks(2), Looked::Live(_)), "it is remembered");
    let store = Arc::new(Store {
        says,
        revoked: Arc::clone(&revoked),
        held: Mutex::default(),
    });
    let ending = Ending::new(
        Arc::clone(&store) as _,
        Arc::clone(&revoked),
        Arc::clone(&known),
    );
    let withdrawal = Withdrawal {
        edge,
        by: By::Customer,
        reason: None,
        tokens_until: at(100),
        evidence: None,
    };
    let (bank, id) = (bank(), id());
    let said = ports::Consents::withdraw(&ending, &bank, &id, withdrawal, at(3), event());
    let is_said = said.now_or_never().is_some();
    let first = store.held.lock().expect("sound")[0];
    let is_forgotten = matches!(looks(4), Looked::None);
    (
        is_said,
        first,
        revoked.held([Some(&digest()), None]),
        is_forgotten,
    )
}

#[test]
fn the_road_knows_an_end_before_the_store_does_and_why_after() {
    for (edge, why) in [
        (Edge::Withdraw, Some(Why::Withdrawn)),
        (Edge::Expire, Some(Why::Expired)),
    ] {
        assert_eq!(ended(Says::Done, edge), (true, why, why, true));
    }
}

#[test]
fn what_the_store_did_not_change_is_good_again_and_what_nobody_knows_is_not() {
    let doubt = Some(Why::Withdrawn);
    for says in [Says::Otherwise(ConsentState::Reviewing), Says::Gone] {
        assert_eq!(ended(says, Edge::Withdraw), (true, doubt, None, true));
    }
    assert_eq!(
        ended(Says::Fails, Edge::Withdraw),
        (true, doubt, doubt, true)
    );
    let hung_up = ended(Says::Nothing, Edge::Withdraw);
    assert_eq!(hung_up, (false, doubt, doubt, true));
}

#[test]
fn what_another_has_ended_is_refused_for_its_own_reason() {
    for (state, why) in [
        (ConsentState::Withdrawn, Why::Withdrawn),
        (ConsentState::Expired, Why::Expired),
        (ConsentState::Superseded, Why::Superseded),
    ] {
        let (is_said, _, held, is_forgotten) = ended(Says::Otherwise(state), Edge::Withdraw);
        assert_eq!((is_said, held, is_forgotten), (true, Some(why), true));
    }
}
