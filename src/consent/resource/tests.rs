use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crypto::SeededRandom;
use futures_util::future::ready;
use http_body_util::BodyExt;
use jiff::Timestamp;
use model::ports::{AuditUnavailable, Change, Changed, NotOpen, Receipt};
use model::{
    AuditEntry, AuditEvent, Edge, InteractionId, Network, OperationId, RequestId, ScopeSet, Who,
};
use serde_json::{Value, json};
use store::Memory;

use super::*;
use crate::test_desk::{FUNDS, at, bank_id, client, settings};

/// A resource over a store in memory, and what its log has.
struct Shop {
    resource: Resource,
    store: Arc<Memory>,
    log: Arc<Log>,
}

/// What a client may ask for: all scopes but this, and details that are short.
struct Rights;

const CLOSED: &str = "shop_data";

impl ClientRights for Rights {
    fn may_have(
        &self,
        _: &ClientId,
        scopes: &ScopeSet,
        details: &str,
        _: Timestamp,
    ) -> Result<(), NotOpen> {
        match scopes.to_string().contains(CLOSED) {
            true => Err(NotOpen::Scope),
            false if details.contains("ill") => Err(NotOpen::Details {
                pointer: "/0/limit".to_owned(),
            }),
            false => Ok(()),
        }
    }

    fn pseudonym(&self, subject: &str) -> Option<[u8; 32]> {
        Some(crypto::sha256(subject.as_bytes()))
    }

    fn shown_until(&self, now: Timestamp) -> Timestamp {
        now
    }
}

#[derive(Default)]
struct Log {
    entries: Mutex<Vec<AuditEntry>>,
    is_down: AtomicBool,
}

impl AuditLog for Log {
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        if self.is_down.load(Ordering::Relaxed) {
            return Box::pin(ready(Err(AuditUnavailable)));
        }
        self.entries.lock().expect("no panic within").push(entry);
        Box::pin(ready(Ok(Receipt { seq: 0, pseq: None })))
    }

    fn queue(&self, _: AuditEntry) -> Result<(), AuditUnavailable> {
        Err(AuditUnavailable)
    }

    fn is_available(&self) -> bool {
        true
    }
}

/// What an answer says.
type Answered = (u16, Value);

impl Shop {
    fn new() -> Self {
        let (store, log) = (Arc::new(Memory::new()), Arc::new(Log::default()));
        let ports = ResourcePorts {
            consents: Arc::clone(&store) as _,
            rights: Arc::new(Rights),
            log: Arc::clone(&log) as _,
            outbox: Arc::clone(&store) as _,
            random: Arc::new(SeededRandom::new(3)),
        };
        Self {
            resource: Resource::new(settings("sensitive"), ports),
            store,
            log,
        }
    }

    async fn call(
        &self,
        (operation, values): (&str, &[&str]),
        by: &str,
        body: &str,
        now: i64,
    ) -> Result<Answered, RoomFault> {
        let operation = OperationId::parse(operation).expect("valid");
        let (bank, interaction) = (bank_id(), InteractionId::new([9; 16]));
        let who = Who {
            client: Some(ClientId::parse(by).expect("valid")),
            ..Who::default()
        };
        let call = RoomCall {
            operation: &operation,
            path: "/consents/v1/consents",
            values: values.to_vec(),
            body: body.to_owned().into(),
            bank: &bank,
            who: &who,
            network: Network::of([203, 0, 113, 77].into()),
            now: at(now),
            request: RequestId::new(at(now), [1; 10]),
            interaction: &interaction,
        };
        let response = self.resource.answer(call).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("whole");
        let body = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
        Ok((status, body))
    }

    async fn lodge(&self, wish: &Value) -> Result<Answered, RoomFault> {
        let client = client();
        let body = wish.to_string();
        self.call((LODGE, &[]), client.as_str(), &body, 0).await
    }

    async fn lodged(&self) -> String {
        let wish = json!({ "scope": "accounts", "purpose": "overview" });
        let (status, told) = self.lodge(&wish).await.expect("an answer");
        assert_eq!(status, 201, "{told}");
        told["id"].as_str().expect("an id").to_owned()
    }

    async fn read(&self, id: &str, now: i64) -> Answered {
        let client = client();
        let read = self.call((READ, &[id]), client.as_str(), "", now).await;
        read.expect("an answer")
    }

    async fn end(&self, id: &str, now: i64) -> Answered {
        let client = client();
        let ended = self.call((END, &[id]), client.as_str(), "", now).await;
        ended.expect("an answer")
    }

    /// The states after the edges that the log has, and who took them.
    fn edges(&self) -> Vec<(&'static str, ConsentState, By)> {
        let entries = self.log.entries.lock().expect("no panic within");
        let edge = |entry: &AuditEntry| match &entry.event {
            AuditEvent::Grant(event) => {
                let part = event.consent.as_ref().expect("a part");
                (event.action.as_str(), part.to, part.by)
            }
            other => panic!("no edge: {other:?}"),
        };
        entries.iter().map(edge).collect()
    }
}

#[track_caller]
fn refused(answered: Result<Answered, RoomFault>) -> Refusal {
    match answered {
        Err(RoomFault::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_is_asked_for_is_kept_told_and_logged() {
    let shop = Shop::new();
    let wish = json!({
        "scope": "funds",
        "authorization_details": serde_json::from_str::<Value>(FUNDS).expect("details"),
        "expires_at": at(86_400).to_string(),
        "data_until": "2026-12-31",
        "per_day_unattended": 0,
    });
    let (status, told) = shop.lodge(&wish).await.expect("an answer");
    let id = told["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        (status, &told),
        (
            201,
            &json!({
                "id": id,
                "status": "waiting",
                "status_changed_at": at(0).to_string(),
                "made_at": at(0).to_string(),
                "decide_until": at(900).to_string(),
                "asked": {
                    "scope": "funds",
                    "authorization_details": wish["authorization_details"],
                    "expires_at": at(86_400).to_string(),
                    "data_until": "2026-12-31",
                    "per_day_unattended": 0,
                },
            })
        )
    );
    assert_eq!(id.len(), 22, "16 bytes of chance (CO-24)");
    assert_eq!(shop.read(&id, 5).await, (200, told));
    let lodged = ("consent.lodge", ConsentState::Requested, By::Partner);
    assert_eq!(shop.edges(), [lodged]);
}

#[tokio::test]
async fn what_a_client_may_not_ask_is_refused_where_it_stands() {
    let shop = Shop::new();
    let ill = json!([{ "type": "funds_check", "ill": "x" }]);
    for (wish, pointer) in [
        (json!({ "scope": CLOSED }), "/scope"),
        (json!({ "scope": "branches" }), "/scope"),
        (json!({ "scope": "payments" }), "/scope"),
        (json!({ "scope": "funds" }), "/authorization_details"),
        (
            json!({ "scope": "funds", "authorization_details": ill }),
            "/authorization_details/0/limit",
        ),
        (
            json!({ "scope": "accounts", "purpose": "books" }),
            "/purpose",
        ),
    ] {
        match refused(shop.lodge(&wish).await) {
            Refusal::RequestInvalid { pointer: told, .. } => assert_eq!(told, pointer, "{wish}"),
            other => panic!("{wish}: {other:?}"),
        }
    }
    assert!(shop.edges().is_empty());
}

#[tokio::test]
async fn another_clients_is_unknown_whatever_is_asked_of_it() {
    let shop = Shop::new();
    let id = shop.lodged().await;
    for operation in [READ, END] {
        for unknown in [id.as_str(), "AAAA", "a b", ""] {
            let of = (operation, &[unknown][..]);
            let answered = shop.call(of, "cartwheel-app", "", 1).await;
            assert_eq!(refused(answered), Refusal::UnknownConsent);
        }
    }
    assert_eq!(shop.read(&id, 1).await.1["status"], "waiting");
}

#[tokio::test]
async fn what_nobody_decides_has_lapsed_though_nobody_said_so() {
    let shop = Shop::new();
    let id = shop.lodged().await;
    assert_eq!(shop.read(&id, 899).await.1["status"], "waiting");
    let (_, told) = shop.read(&id, 900).await;
    assert_eq!(told["status"], "lapsed", "at its last instant: {told}");
    assert_eq!(told["status_changed_at"], at(900).to_string());
    assert_eq!(told.get("decide_until"), None);
    // It stays as it ended.
    assert_eq!(shop.end(&id, 901).await.0, 204);
    assert_eq!(shop.edges().len(), 1);
}

#[tokio::test]
async fn one_that_its_customer_must_be_asked_for_again_says_since_when() {
    let shop = Shop::new();
    let id = ConsentId::parse(&shop.lodged().await).expect("valid");
    let found = shop.store.find(&bank_id(), &id).await;
    let mut given = found.expect("a store").expect("a consent");
    given.state = ConsentState::Authorised;
    given.expires = Some(at(200));
    given.terms = Some(model::Terms {
        id,
        customer: "li-lei".into(),
        clusters: [].into(),
        resources: [].into(),
        purpose: None,
        per_day_unattended: 4,
        data_from: None,
        data_until: None,
        bound: Vec::new(),
        authorised_at: at(1),
        reauth_at: Some(at(100)),
        expires: at(200),
    });
    for (second, status, since) in [
        (99, "authorised", None),
        (100, "authorised", Some(at(100))),
        (199, "authorised", Some(at(100))),
        (200, "expired", None),
    ] {
        let told = shop.resource.told(&given, at(second)).expect("told");
        let told = serde_json::to_value(&told).expect("JSON");
        assert_eq!(told["status"], status, "{second}");
        let since = since.map(|since| Value::from(since.to_string()));
        assert_eq!(told.get("paused_since"), since.as_ref(), "{second}");
    }
}

#[tokio::test]
async fn an_undecided_one_is_given_back_at_every_stage_and_once() {
    for edges in [&[][..], &[Edge::Open], &[Edge::Open, Edge::Allow]] {
        let shop = Shop::new();
        let id = shop.lodged().await;
        let consent = ConsentId::parse(&id).expect("valid");
        for (version, edge) in (0..).zip(edges) {
            let found = shop.store.find(&bank_id(), &consent).await;
            let found = found.expect("a store").expect("a consent");
            let change = Change {
                subject: Some("li-lei".to_owned()),
                ..crate::desk::change(&found, *edge)
            };
            let event = crate::test_desk::visitor::event(GrantAction::ConsentOpen, None, version);
            let changed = shop
                .store
                .change(&bank_id(), &consent, change, at(1), event)
                .await;
            assert!(matches!(changed, Ok(Changed::Done(_))));
        }
        assert_eq!(shop.end(&id, 2).await, (204, Value::Null));
        let (_, told) = shop.read(&id, 3).await;
        assert_eq!(
            (&told["status"], &told["ended_by"]),
            (&json!("refused"), &json!("partner"))
        );
        assert_eq!(shop.end(&id, 4).await.0, 204);
        let refused = ("grant.refuse", ConsentState::Refused, By::Partner);
        assert_eq!(shop.edges()[1..], [refused], "{edges:?}");
    }
}

#[tokio::test]
async fn nothing_is_answered_that_the_log_does_not_have() {
    let shop = Shop::new();
    let id = shop.lodged().await;
    shop.log.is_down.store(true, Ordering::Relaxed);
    let client = client();
    let ended = shop.call((END, &[&id]), client.as_str(), "", 1).await;
    let is_told = matches!(
        ended,
        Err(RoomFault::Unavailable(Refusal::AuditUnavailable, _))
    );
    assert!(is_told, "{ended:?}");
    let lodged = shop.lodge(&json!({ "scope": "accounts" })).await;
    let is_told = matches!(
        lodged,
        Err(RoomFault::Unavailable(Refusal::AuditUnavailable, _))
    );
    assert!(is_told, "{lodged:?}");
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("../../tests/fuzz/consent_wish");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_wish(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_wish(&changed);
        }
        fuzz_wish(&bytes);
        count += 1;
    }
    assert!(count > 2, "{count}");
}
