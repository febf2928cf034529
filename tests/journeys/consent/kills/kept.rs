//! What a killed program left in its store, read of a copy of it; and how each consent stands there
//! by its own parts: its state, its terms, its grant, and what was kept as evidence.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::SystemRandom;
use jiff::{SignedDuration, Timestamp};
use kit::Folder;
use model::ports::{Consent, Consents as _, Grants as _};
use model::{
    BankId, Clock, ConsentId, ConsentState, Edge, EventId, Evidence, GrantAction, GrantEvent,
    InteractionId, Network, RequestId, SystemClock, Who, Why,
};
use store::Sqlite;

use crate::lives::waiting;

/// As many as a store tells at once.
const PAGE: u16 = 50;
/// The people of the model bank.
const PEOPLE: std::ops::RangeInclusive<u32> = 101..=107;

/// A store's consents at a moment.
pub(super) struct Kept {
    /// By the digest that the log writes.
    pub(super) consents: BTreeMap<String, Stands>,
    /// The ids of the events that the log may not have.
    pub(super) waiting: Vec<String>,
}

/// How a consent stands.
pub(super) struct Stands {
    pub(super) id: ConsentId,
    pub(super) state: ConsentState,
    pub(super) version: u32,
    /// SHA-256 of each piece of its evidence, hexadecimal; of one that stands as before, as it was
    /// seen then.
    pub(super) digests: Vec<String>,
    /// Whether it stands otherwise than when the one before was looked at.
    pub(super) is_new: bool,
}

fn bank() -> BankId {
    BankId::parse("harbour").expect("an id")
}

impl Kept {
    /// Reads a copy of the store of a program that is gone; `lodged` are among its consents. What
    /// stands as `before` is not judged again.
    pub(super) async fn of(folder: &Folder, lodged: &[String], before: Option<&Self>) -> Self {
        let copy = tempfile::tempdir().expect("a temporary folder");
        for name in ["mortise.sqlite", "mortise.sqlite-wal"] {
            let from = folder.dir().join(name);
            // A write-ahead file is not always there.
            if from.exists() {
                std::fs::copy(from, copy.path().join(name)).expect("a copy");
            }
        }
        let store = Sqlite::open(&copy.path().join("mortise.sqlite")).expect("a store");
        // First: a consent is judged by ending it.
        let waiting = waiting(&*store).await;
        let mut consents = BTreeMap::new();
        for consent in all(&store, lodged).await {
            let digest = crypto::base64url(&consent.digest);
            let former = before.and_then(|before| before.consents.get(&digest));
            let stood = former.filter(|its| its.version == consent.version);
            let digests = match stood {
                Some(stood) => {
                    assert_eq!(stood.state, consent.state, "{consent:?}");
                    stood.digests.clone()
                }
                None => judged(&store, &consent).await,
            };
            let stands = Stands {
                is_new: stood.is_none(),
                id: consent.id,
                state: consent.state,
                version: consent.version,
                digests,
            };
            consents.insert(digest, stands);
        }
        Self { consents, waiting }
    }

    /// How the consent of this id stands.
    pub(super) fn state(&self, id: &str) -> Option<ConsentState> {
        let digest = crypto::base64url(&crypto::sha256(id.as_bytes()));
        Some(self.consents.get(&digest)?.state)
    }
}

/// All consents that a customer has opened, all that wait for somebody, and these.
async fn all(store: &Arc<Sqlite>, lodged: &[String]) -> Vec<Consent> {
    let bank = bank();
    let mut all = BTreeMap::new();
    for number in PEOPLE {
        let subject = format!("harbour-{number:06}");
        let mut after = None;
        loop {
            let page = store.of_customer(&bank, &subject, after, PAGE).await;
            let page = page.expect("a page");
            let Some(last) = page.last() else { break };
            after = Some((last.changed_at, last.id.clone()));
            all.extend(page.into_iter().map(|one| (one.id.clone(), one)));
        }
    }
    for id in lodged {
        let id = ConsentId::parse(id).expect("an id");
        let found = store.find(&bank, &id).await.expect("an answer");
        all.insert(id, found.expect("a consent that lodging was answered with"));
    }
    let later = SystemClock::new().now() + SignedDuration::from_hours(24 * 365);
    let due = store.due(&bank, later, u16::MAX).await;
    for (id, ..) in due.expect("those that are due") {
        let found = store.find(&bank, &id).await.expect("an answer");
        all.insert(id, found.expect("a consent"));
    }
    all.into_values().collect()
}

/// Judges a consent by its parts; the digests of what was kept of it.
async fn judged(store: &Arc<Sqlite>, consent: &Consent) -> Vec<String> {
    let kept = store.evidence(&bank(), &consent.id).await;
    let kept = kept.expect("an answer");
    let is_live = consent.state == ConsentState::Authorised;
    let was_given = is_live || Why::of(consent.state).is_some();
    assert_eq!(consent.terms.is_some(), was_given, "terms: {consent:?}");
    let has = |edge: Edge| kept.iter().any(|one: &Evidence| one.edge == edge);
    assert_eq!(has(Edge::Authorise), was_given, "evidence: {consent:?}");
    let decided = has(Edge::Allow);
    let is_past = was_given || consent.state == ConsentState::Confirming || has(Edge::Lock);
    assert_eq!(decided, is_past, "what was allowed: {consent:?}");
    assert_eq!(has_grant(store, &consent.id).await, is_live, "{consent:?}");
    let digests = kept.iter().map(|one| crypto::sha256(&one.sealed));
    digests.map(|digest| crypto::hex(&digest)).collect()
}

/// Whether a consent has a grant that lives: it is one that can be revoked, in this copy.
async fn has_grant(store: &Arc<Sqlite>, id: &ConsentId) -> bool {
    let now = SystemClock::new().now();
    let until = now + SignedDuration::from_mins(5);
    let event = event(GrantAction::Revoke, now);
    let bank = bank();
    let revoked = store.revoke_grant(&bank, id.grant(), until, now, event);
    revoked.await.expect("an answer").is_some()
}

/// An event of nobody's.
pub(in crate::consent) fn event(action: GrantAction, now: Timestamp) -> GrantEvent {
    GrantEvent {
        id: EventId::new(now, crypto::random_array(&SystemRandom)),
        at: now,
        request: RequestId::new(now, crypto::random_array(&SystemRandom)),
        interaction: InteractionId::new([1; 16]),
        network: Network::of(std::net::Ipv4Addr::LOCALHOST.into()),
        bank: bank(),
        who: Who::default(),
        grant: None,
        extent: None,
        consent: None,
        action,
        code: None,
        rule: None,
    }
}
