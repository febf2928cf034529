//! What the contracts hand to a store.

use std::sync::LazyLock;

use jiff::Timestamp;

use model::ports::{
    Approval, Code, Finish, Grant, Posted, Push, PushedRequest, Redemption, RefreshToken, Session,
};
use model::{
    BankId, ClientId, EventId, GrantAction, GrantEvent, GrantId, InteractionId, Network, PartnerId,
    RequestId, Who,
};

use crate::stores::Store;

/// How long a code lives, in seconds.
pub(crate) const CODE_LIFE: i64 = 60;
/// How long a grant lives.
pub(crate) const GRANT_LIFE: i64 = 1_000;

pub(crate) fn bank(id: &str) -> BankId {
    BankId::parse(id).expect("valid")
}

pub(crate) fn harbour() -> &'static BankId {
    static HARBOUR: LazyLock<BankId> = LazyLock::new(|| bank("harbour"));
    &HARBOUR
}

pub(crate) fn client(id: &str) -> ClientId {
    ClientId::parse(id).expect("valid")
}

pub(crate) fn grant_id(number: u32) -> GrantId {
    GrantId::parse(&format!("grant-{number}")).expect("valid")
}

/// So many seconds into the story.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_456_000).expect("in range")
}

/// A digest that differs from those of other numbers, in its last bytes only.
pub(crate) fn digest(number: u32) -> [u8; 32] {
    let mut digest = [0xD1; 32];
    digest[28..].copy_from_slice(&number.to_be_bytes());
    digest
}

/// The event of a number: each has its own id.
pub(crate) fn event(action: GrantAction, number: u32) -> GrantEvent {
    let random: [u8; 10] = std::array::from_fn(|at| *number.to_be_bytes().get(at).unwrap_or(&0));
    // To the nanosecond: an event is kept as it is.
    let now = Timestamp::new(1_800_000_000, 123_456_789).expect("in range");
    GrantEvent {
        id: EventId::new(now, random),
        at: now,
        request: RequestId::new(now, random),
        interaction: InteractionId::new([9; 16]),
        network: Network::of([203, 0, 113, 77].into()),
        bank: harbour().clone(),
        who: Who {
            partner: Some(PartnerId::parse("swiftride").expect("valid")),
            client: Some(client("app")),
            certificate: Some([1; 32]),
            key: Some([2; 32]),
            token_jti: None,
        },
        grant: Some(digest(number)),
        extent: None,
        consent: None,
        action,
        code: None,
        rule: Some(format!("event {number} \"of\" its kind")),
    }
}

/// The request of a number, which lives for a minute.
pub(crate) fn pushed(number: u32) -> PushedRequest {
    PushedRequest {
        digest: digest(number),
        client: client("app"),
        request: vec![0, 1, 255, 0, number as u8],
        expires: at(60),
    }
}

/// The grant of a number, made at this second.
pub(crate) fn grant(number: u32, second: i64) -> Grant {
    Grant {
        id: grant_id(number),
        client: client("app"),
        subject: "li-lei".to_owned(),
        granted: vec![0, 2, 255, number as u8],
        made_at: at(second),
        expires: at(second + GRANT_LIFE),
    }
}

/// The code of the grant of a number.
pub(crate) fn code(number: u32, second: i64) -> Code {
    Code {
        digest: digest(number),
        grant: grant_id(number),
        bound: vec![0, 3, 255, number as u8],
        expires: at(second + CODE_LIFE),
    }
}

/// The refresh token of the grant of a number.
pub(crate) fn token(number: u32, second: i64) -> RefreshToken {
    RefreshToken {
        digest: digest(number),
        grant: grant_id(number),
        bound: vec![0, 4, 255, number as u8],
        expires: at(second + GRANT_LIFE),
    }
}

/// What redeems the code of a number at this second: with a refresh token.
pub(crate) fn redemption(number: u32, second: i64) -> Redemption {
    Redemption {
        refresh: Some(token(number, second)),
        event: event(GrantAction::Redeem, number),
        event_if_again: event(GrantAction::Reuse, number),
        revoked_until: at(second + 300),
    }
}

/// The session of a number, which lives for ten minutes.
pub(crate) fn session(number: u32) -> Session {
    Session {
        digest: digest(number),
        subject: "li-lei".to_owned(),
        shown: "li-lei".to_owned(),
        auth_time: at(-5),
        acr: Some("urn:harbour:two-factors".to_owned()),
        expires: at(600),
    }
}

/// Pushes the request of a number at the story's beginning.
pub(crate) async fn push(store: &dyn Store, bank: &BankId, number: u32) {
    let kept = store.push(bank, pushed(number), at(0)).await;
    assert_eq!(kept.expect("answers"), Push::Kept);
}

/// Pushes and approves the request of a number at the story's beginning; from then on there are its
/// grant and its code.
pub(crate) async fn approve(store: &dyn Store, bank: &BankId, number: u32) -> Posted {
    push(store, bank, number).await;
    let approval = plain(number, 0);
    let finished = store.approve(bank, digest(number), approval, at(0)).await;
    posted(finished.expect("answers")).expect("the request is live")
}

/// The grant and the code of a number, made at this second, without a consent.
pub(crate) fn plain(number: u32, second: i64) -> Approval {
    let event = event(GrantAction::Approve, number);
    Approval::plain(grant(number, second), code(number, second), event)
}

/// The one event of a request that was finished.
pub(crate) fn posted(finish: Finish) -> Option<Posted> {
    match finish {
        Finish::Done(mut posted) => {
            assert_eq!(posted.len(), 1, "one event");
            posted.pop()
        }
        Finish::Gone => None,
    }
}
