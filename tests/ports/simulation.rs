//! Random calls, the same to every store, step by step: no two stores ever answer differently.
//!
//! `MORTISE_SEED=N` runs the one seed that a failure names.

use std::ops::Range;

use crypto::{SeededRandom, random_array};
use model::ports::{
    Approval, Code, Grant, Grants, Outbox, OutboxId, PushedRequest, Redemption, RefreshToken,
    Session, Sessions, StoreUnavailable,
};
use model::{BankId, GrantAction};
use store::Memory;

use crate::fixture::{
    at, bank, client, code, digest, event, grant, grant_id, pushed, session, token,
};
use crate::stores::{self, Store};

const SEEDS: Range<u64> = 1..5;
const STEPS: u32 = 1_000;

/// One call, with all that it hands over.
#[derive(Debug, Clone)]
enum Call {
    Push(PushedRequest),
    Open(u32, i64),
    Approve(u32, Grant, Code),
    TurnDown(u32),
    Code(u32),
    Redeem(u32, Option<RefreshToken>, i64),
    RefreshToken(u32),
    RevokeGrant(u32, i64),
    RevokeToken(u32, i64),
    Begin(Session),
    Find(u32),
    End(u32),
    Logged(Vec<OutboxId>),
}

/// What has happened so far, as far as the next call is chosen by it.
struct Story {
    random: SeededRandom,
    now: i64,
    /// How many requests, and how many sessions, were begun. No number is given twice, but what is
    /// taken is asked for.
    requests: u32,
    sessions: u32,
}

impl Story {
    fn below(&self, limit: u32) -> u32 {
        u32::from_be_bytes(random_array(&self.random)) % limit
    }

    /// A number of something that was begun lately, or now and then of nothing.
    fn lately(&self, begun: u32) -> u32 {
        let back = if self.below(12) == 0 { 12 } else { 4 };
        (begun + u32::from(back == 12)).saturating_sub(self.below(back))
    }

    fn known(&self) -> u32 {
        self.lately(self.requests)
    }

    /// An instant soon.
    fn soon(&self) -> i64 {
        self.now + i64::from(self.below(40))
    }

    fn request(&mut self) -> PushedRequest {
        let expires = at(self.soon());
        let client_id = ["app", "other"][self.below(2) as usize];
        // One in ten is taken, if it is still live.
        let is_taken = self.below(10) == 0;
        self.requests += u32::from(!is_taken);
        PushedRequest {
            client: client(client_id),
            expires,
            ..pushed(self.requests)
        }
    }

    fn approval(&self) -> Call {
        let number = self.known();
        let of = if self.below(10) == 0 {
            self.known()
        } else {
            number
        };
        let grant = Grant {
            expires: at(self.soon() + 20),
            ..grant(number, self.now)
        };
        let code = Code {
            grant: grant_id(of),
            expires: at(self.soon()),
            ..code(number, self.now)
        };
        Call::Approve(number, grant, code)
    }

    fn redemption(&self) -> Call {
        let number = self.known();
        let of = if self.below(10) == 0 {
            self.known()
        } else {
            number
        };
        let refresh = RefreshToken {
            grant: grant_id(of),
            expires: at(self.soon() + 20),
            ..token(number, self.now)
        };
        let refresh = (self.below(4) > 0).then_some(refresh);
        Call::Redeem(number, refresh, self.soon())
    }

    fn session(&mut self) -> Session {
        self.sessions += 1;
        let subject = ["li-lei", "han-meimei"][self.below(2) as usize];
        Session {
            subject: subject.to_owned(),
            expires: at(self.soon()),
            ..session(self.sessions)
        }
    }

    /// The next call, a little later.
    fn call(&mut self, waiting: &[OutboxId]) -> Call {
        self.now += i64::from(self.below(4) == 0);
        if self.below(150) == 0 {
            self.now += 30;
        }
        match self.below(30) {
            0..=2 => Call::Push(self.request()),
            3 | 4 => Call::Open(self.known(), self.soon()),
            5..=8 => self.approval(),
            9 => Call::TurnDown(self.known()),
            10..=12 => Call::Code(self.known()),
            13..=18 => self.redemption(),
            19..=21 => Call::RefreshToken(self.known()),
            22 => Call::RevokeGrant(self.known(), self.soon()),
            23 => Call::RevokeToken(self.known(), self.soon()),
            24 | 25 => Call::Begin(self.session()),
            26 | 27 => Call::Find(self.lately(self.sessions)),
            28 => Call::End(self.lately(self.sessions)),
            _ => {
                let chosen = waiting.iter().filter(|_| self.below(2) == 0);
                Call::Logged(chosen.copied().collect())
            }
        }
    }
}

/// Makes the call and tells the answer; that a call was refused is an answer, why is not.
async fn told(store: &dyn Store, bank: &BankId, call: &Call, second: i64, step: u32) -> String {
    fn shown<T: std::fmt::Debug>(answer: Result<T, StoreUnavailable>) -> String {
        match answer {
            Ok(answer) => format!("{answer:?}"),
            Err(_) => "refused".to_owned(),
        }
    }
    let now = at(second);
    let event = |action| event(action, step);
    match call.clone() {
        Call::Push(request) => shown(store.push(bank, request, now).await),
        Call::Open(of, until) => shown(store.open(bank, digest(of), at(until), now).await),
        Call::Approve(of, grant, code) => {
            let approval = Approval::plain(grant, code, event(GrantAction::Approve));
            shown(store.approve(bank, digest(of), approval, now).await)
        }
        Call::TurnDown(of) => {
            let event = event(GrantAction::Refuse);
            shown(store.turn_down(bank, digest(of), None, now, event).await)
        }
        Call::Code(of) => shown(store.code(bank, digest(of), now).await),
        Call::Redeem(of, refresh, until) => {
            let redemption = Redemption {
                refresh,
                event: event(GrantAction::Redeem),
                event_if_again: event(GrantAction::Reuse),
                revoked_until: at(until),
            };
            shown(store.redeem(bank, digest(of), redemption, now).await)
        }
        Call::RefreshToken(of) => shown(store.refresh_token(bank, digest(of), now).await),
        Call::RevokeGrant(of, until) => {
            let event = event(GrantAction::Revoke);
            let id = grant_id(of);
            let revoked = store.revoke_grant(bank, &id, at(until), now, event);
            shown(revoked.await)
        }
        Call::RevokeToken(of, until) => {
            let event = event(GrantAction::RevokeToken);
            let revoked = store.revoke_token(bank, digest(of), at(until), now, event);
            shown(revoked.await)
        }
        Call::Begin(session) => {
            let event = event(GrantAction::LogIn);
            shown(Sessions::begin(store, bank, session, None, now, event).await)
        }
        Call::Find(of) => shown(Sessions::find(store, bank, digest(of), now).await),
        Call::End(of) => shown(store.end(bank, digest(of), now).await),
        Call::Logged(ids) => shown(store.logged(&ids).await),
    }
}

/// The kinds of answers that there must have been: else not much was tried.
const KINDS: [&str; 11] = [
    "refused",
    "Kept",
    "Done(",
    "Gone",
    "First(",
    "Again(",
    "Some(PushedRequest",
    "Some(FoundCode",
    "Some((RefreshToken",
    "Some(Posted",
    "Some(Session",
];

/// Runs one seed; answers how often each kind of answer came.
async fn simulate(seed: u64) -> [u32; KINDS.len()] {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let memory = Memory::new();
    let mut sqlite = stores::sqlite(&file);
    let banks = [bank("harbour"), bank("other")];
    let mut story = Story {
        random: SeededRandom::new(seed),
        now: 0,
        requests: 0,
        sessions: 0,
    };
    let (mut kinds, mut ids) = ([0; KINDS.len()], Vec::new());
    for step in 0..STEPS {
        if story.below(40) == 0 {
            drop(sqlite);
            sqlite = stores::sqlite(&file);
        }
        let bank = &banks[usize::from(story.below(8) == 0)];
        let call = story.call(&ids);
        let name = format!("seed {seed}, step {step}, second {}: {call:?}", story.now);
        let expected = told(&memory, bank, &call, story.now, step).await;
        let answer = told(&*sqlite, bank, &call, story.now, step).await;
        assert_eq!(answer, expected, "{name}");
        for (times, kind) in kinds.iter_mut().zip(KINDS) {
            *times += u32::from(answer.starts_with(kind));
        }

        let events = memory.waiting(u32::MAX).await.expect("answers");
        let in_file = sqlite.waiting(u32::MAX).await.expect("answers");
        assert_eq!(in_file, events, "{name}: the outbox");
        ids = events.iter().map(|posted| posted.id).collect();
        let revoked = memory.revoked(bank, at(story.now)).await.expect("answers");
        let in_file = sqlite.revoked(bank, at(story.now)).await.expect("answers");
        assert_eq!(in_file, revoked, "{name}: what is revoked");
    }
    kinds
}

#[tokio::test]
async fn no_two_stores_ever_answer_differently() {
    let given = std::env::var_os("MORTISE_SEED");
    if let Some(seed) = given {
        let seed: Result<u64, _> = seed.to_string_lossy().parse();
        simulate(seed.expect("a number in MORTISE_SEED")).await;
        return;
    }
    let mut all = [0; KINDS.len()];
    for seed in SEEDS {
        let kinds = simulate(seed).await;
        println!("seed {seed}, {STEPS} steps: {KINDS:?} {kinds:?}");
        for (sum, times) in all.iter_mut().zip(kinds) {
            *sum += times;
        }
    }
    assert!(!all.contains(&0), "{KINDS:?} {all:?}");
}
