//! The contract of `ports::Consents`.

mod again;
mod choosing;
mod confirming;
mod deciding;
mod declined;
mod ends;
mod failing;
mod given;
mod kept;
mod lodging;

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;

use model::ports::{
    AgreedConsent, Approval, Change, Changed, Code, Consent, Consents, Finish, Grant, Lodge,
    Outbox, Posted, Push, PushedRequest, Withdrawal,
};
use model::{
    BoundTo, BoundValue, By, ClusterId, ConsentId, ConsentState, DetailType, Edge, Evidence,
    GrantAction, PurposeId, Resource, ResourceId, ResourceKind, Terms,
};

use crate::fixture::{
    GRANT_LIFE, at, client, code, digest, event, grant, grant_id, harbour, pushed,
};
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
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
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
        expires: Some(at(10 * GRANT_LIFE)),
        is_lodged: true,
        ..opened(number)
    }
}

/// What is kept of an edge, with a mark of its own.
fn evidence(mark: u8, edge: Edge) -> Evidence {
    Evidence {
        edge,
        at: at(1),
        by: By::Customer,
        text_version: [3; 32],
        sealed: vec![0, 7, 255, mark],
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
        decide_until: (edge == Edge::Extend).then(|| at(DECIDE + 900)),
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

/// What brings the consent of a number into force, from the page.
pub(crate) fn authorisation(number: u32, expires: i64) -> AgreedConsent {
    AgreedConsent {
        id: id(number),
        from: Some((ConsentState::Reviewing, 0)),
        edge: Edge::Authorise,
        terms: terms(number, at(expires)),
        evidence: evidence(1, Edge::Authorise),
        replaces: None,
    }
}

/// What renews the consent of a number, at a version.
fn renewal(number: u32, version: u32, expires: i64) -> AgreedConsent {
    AgreedConsent {
        from: Some((ConsentState::Authorised, version)),
        edge: Edge::Renew,
        evidence: evidence(2, Edge::Renew),
        ..authorisation(number, expires)
    }
}

/// The grant of a number, of this consent, with its code, at this second.
pub(crate) fn approval(number: u32, agreed: AgreedConsent, second: i64) -> Approval {
    Approval {
        grant: Grant {
            expires: agreed.terms.expires,
            ..grant(number, second)
        },
        code: code(number, second),
        event: event(GrantAction::Approve, number),
        consent: Some(agreed),
        superseded: None,
    }
}

/// A request that nobody pushed before, which lives for a minute from this second on.
async fn fresh_request(store: &dyn Store, second: i64) -> [u8; 32] {
    static PUSHED: AtomicU32 = AtomicU32::new(1_000_000);
    let digest = digest(PUSHED.fetch_add(1, Ordering::Relaxed));
    let request = PushedRequest {
        digest,
        expires: at(second + 60),
        ..pushed(0)
    };
    let kept = store.push(harbour(), request, at(second)).await;
    assert_eq!(kept.expect("answers"), Push::Kept);
    digest
}

/// Approves a fresh request by this.
async fn given(store: &dyn Store, approval: Approval, now: i64) -> Finish {
    let request = fresh_request(store, now).await;
    let finished = store.approve(harbour(), request, approval, at(now)).await;
    finished.expect("answers")
}

/// Gives the consent of a number, by its first code.
async fn authorised(store: &dyn Store, number: u32, agreed: AgreedConsent, now: i64) -> Finish {
    given(store, approval(number, agreed, now), now).await
}

/// Gives it once more, by this code.
async fn renewed(
    store: &dyn Store,
    number: u32,
    agreed: AgreedConsent,
    by: u32,
    now: i64,
) -> Finish {
    let again = approval(number, agreed, now);
    let code = Code {
        digest: digest(by),
        ..again.code
    };
    given(store, Approval { code, ..again }, now).await
}

/// What there is of a consent, its grant's code, and events: to compare.
async fn all_of(store: &dyn Store, number: u32, now: i64) -> (Option<Consent>, usize, bool, usize) {
    let kept = store.evidence(harbour(), &id(number)).await;
    let code = store.code(harbour(), digest(number), at(now)).await;
    let has_code = code.expect("answers").is_some();
    let kept = kept.expect("answers").len();
    (
        found(store, number).await,
        kept,
        has_code,
        waiting(store).await,
    )
}

/// The consent of a number in the place of another.
fn instead(number: u32, former: u32, tokens_until: i64) -> Approval {
    let agreed = AgreedConsent {
        replaces: Some((id(former), at(tokens_until))),
        ..authorisation(number, 900)
    };
    Approval {
        superseded: Some(event(GrantAction::ConsentSupersede, former)),
        ..approval(number, agreed, 2)
    }
}

fn is_done(finish: &Finish) -> bool {
    matches!(finish, Finish::Done(_))
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

/// Brings the consent of a number into force at second 1, with its grant and its code.
pub(crate) async fn in_force(store: &dyn Store, number: u32, expires: i64) {
    kept(store, opened(number)).await;
    let done = authorised(store, number, authorisation(number, expires), 1).await;
    assert!(is_done(&done));
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
