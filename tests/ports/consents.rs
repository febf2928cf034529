//! The contract of `ports::Consents`.

mod deciding;
mod ends;
mod failing;
mod kept;
mod lodging;

use jiff::Timestamp;
use jiff::civil::Date;

use model::ports::{
    Authorisation, Change, Changed, Consent, Consents, Lodge, Outbox, Posted, Withdrawal,
};
use model::{
    BoundTo, BoundValue, By, ClusterId, ConsentId, ConsentState, DetailType, Edge, Evidence,
    GrantAction, PurposeId, Resource, ResourceId, ResourceKind, Terms,
};

use crate::fixture::{GRANT_LIFE, at, client, digest, event, grant_id, harbour};
use crate::stores::Store;

/// Until when the customer can decide, in seconds of the story.
const DECIDE: i64 = 900;

/// The consent of a number: the one whose grant has that number.
pub(crate) fn id(number: u32) -> ConsentId {
    grant_id(number).into()
}

/// One that its customer came for with the request of a number, and reads.
pub(crate) fn opened(number: u32) -> Consent {
    Consent {
        id: id(number),
        digest: digest(number),
        client: client("app"),
        subject: Some("li-lei".to_owned()),
        request: Some(digest(number + 10_000)),
        state: ConsentState::Reviewing,
        version: 0,
        lodged: vec![0, 5, 255, number as u8],
        draft: vec![0, 6, 255],
        terms: None,
        made_at: at(0),
        decide_until: at(DECIDE),
        extended: 0,
        changed_at: at(0),
        expires: None,
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: false,
        reason: None,
    }
}

/// One that a partner asked for, and nobody came for yet.
fn asked(number: u32) -> Consent {
    Consent {
        subject: None,
        request: None,
        state: ConsentState::Requested,
        draft: Vec::new(),
        expires: Some(at(GRANT_LIFE)),
        is_lodged: true,
        ..opened(number)
    }
}

fn evidence(seq: u32, edge: Edge) -> Evidence {
    Evidence {
        seq,
        edge,
        at: at(1),
        by: By::Customer,
        text_version: [3; 32],
        sealed: vec![0, 7, 255, seq as u8],
    }
}

pub(crate) fn change(from: ConsentState, version: u32, edge: Edge) -> Change {
    Change {
        from,
        version,
        edge,
        subject: None,
        request: None,
        draft: None,
        decide_until: None,
        evidence: None,
        reason: None,
    }
}

/// Terms with something in each member.
fn terms(number: u32, expires: Timestamp) -> Terms {
    let account = |of: u32| Resource {
        kind: ResourceKind::parse("account").expect("valid"),
        id: ResourceId::parse(&format!("acc-{of}")).expect("valid"),
    };
    Terms {
        id: id(number),
        customer: "li-lei".into(),
        clusters: ["account_list", "balance"]
            .map(|id| ClusterId::parse(id).expect("valid"))
            .into(),
        resources: [account(number), account(number + 1)].into(),
        purpose: Some(PurposeId::parse("overview").expect("valid")),
        per_day_unattended: 4,
        data_from: Some(Date::constant(2026, 1, 1)),
        data_until: None,
        bound: vec![BoundValue {
            detail: DetailType::parse("funds_check").expect("valid"),
            member: "max_amount".to_owned(),
            value: BoundTo::Money {
                amount: "3000.00".to_owned(),
                currency: *b"CNY",
            },
        }],
        authorised_at: at(1),
        reauth_at: Some(at(500)),
        expires,
    }
}

pub(crate) fn authorisation(number: u32, expires: i64) -> Authorisation {
    Authorisation {
        from: ConsentState::Reviewing,
        version: 0,
        edge: Edge::Authorise,
        terms: terms(number, at(expires)),
        evidence: evidence(1, Edge::Authorise),
    }
}

pub(crate) fn withdrawal(tokens_until: i64) -> Withdrawal {
    Withdrawal {
        edge: Edge::Withdraw,
        by: By::Customer,
        reason: Some("I do not use it".to_owned()),
        tokens_until: at(tokens_until),
        evidence: Some(evidence(2, Edge::Withdraw)),
    }
}

fn expiry(tokens_until: i64) -> Withdrawal {
    Withdrawal {
        edge: Edge::Expire,
        by: By::House,
        reason: None,
        evidence: None,
        ..withdrawal(tokens_until)
    }
}

async fn lodge(store: &dyn Store, consent: Consent, now: i64) -> Lodge {
    let event = event(GrantAction::ConsentLodge, 1);
    let lodged = store.lodge(harbour(), consent, at(now), event).await;
    lodged.expect("answers")
}

/// Makes a consent that nobody has decided about.
pub(crate) async fn kept(store: &dyn Store, consent: Consent) -> Posted {
    match lodge(store, consent, 0).await {
        Lodge::Kept(posted) => posted,
        other => panic!("it is the first: {other:?}"),
    }
}

/// Brings the consent of a number into force at second 1.
pub(crate) async fn in_force(store: &dyn Store, number: u32, expires: i64) {
    kept(store, opened(number)).await;
    let event = event(GrantAction::Approve, number);
    let (id, given) = (id(number), authorisation(number, expires));
    let done = store.authorise(harbour(), &id, given, at(1), event).await;
    assert!(matches!(done.expect("answers"), Changed::Done(_)));
}

async fn found(store: &dyn Store, number: u32) -> Option<Consent> {
    let found = Consents::find(store, harbour(), &id(number)).await;
    found.expect("answers")
}

async fn changed(store: &dyn Store, number: u32, change: Change, now: i64) -> Changed {
    let event = event(GrantAction::ConsentAllow, number);
    let changed = store
        .change(harbour(), &id(number), change, at(now), event)
        .await;
    changed.expect("answers")
}

async fn withdrawn(store: &dyn Store, number: u32, withdrawal: Withdrawal, now: i64) -> Changed {
    let event = event(GrantAction::ConsentWithdraw, number);
    let done = store
        .withdraw(harbour(), &id(number), withdrawal, at(now), event)
        .await;
    done.expect("answers")
}

/// How many events wait.
async fn waiting(store: &(impl Outbox + ?Sized)) -> usize {
    store.waiting(100_000).await.expect("answers").len()
}
