//! A store in which many consents wait for their customers, before the house is there.

use futures_util::future::join_all;
use jiff::SignedDuration;
use kit::HouseBuilder;
use model::ports::{Consent, Consents, Lodge, Outbox};
use model::{
    BankId, ClientId, Clock, ConsentId, ConsentState, EventId, GrantAction, GrantEvent,
    InteractionId, Network, RequestId, Who,
};

/// How many are made at once: as many events wait for the log.
const GROUP: usize = 1_000;

/// Makes so many of a client's.
pub(super) async fn lodge(builder: &HouseBuilder, client: &str, count: usize) {
    let path = builder.dir().join("mortise.sqlite");
    let store = store::Sqlite::open(&path).expect("a store");
    let bank = BankId::parse("harbour").expect("valid");
    let now = builder.clock.now();
    let made: Vec<usize> = (0..count).collect();
    for group in made.chunks(GROUP) {
        let lodged = group.iter().map(|number| {
            let (consent, event) = (consent(client, *number, now), event(*number, now));
            store.lodge(&bank, consent, now, event)
        });
        let mut posted = Vec::new();
        for lodged in join_all(lodged).await {
            let Lodge::Kept(event) = lodged.expect("a store that answers") else {
                panic!("it was not kept");
            };
            posted.push(event.id);
        }
        store.logged(&posted).await.expect("a store that answers");
    }
}

fn consent(client: &str, number: usize, now: jiff::Timestamp) -> Consent {
    let id = ConsentId::parse(&format!("crowd-{number}")).expect("valid");
    Consent {
        digest: crypto::sha256(id.as_str().as_bytes()),
        id,
        client: ClientId::parse(client).expect("valid"),
        subject: None,
        request: None,
        state: ConsentState::Requested,
        version: 0,
        lodged: Vec::new(),
        draft: Vec::new(),
        terms: None,
        made_at: now,
        decide_until: now + SignedDuration::from_mins(15),
        extended: 0,
        changed_at: now,
        expires: None,
        ended_until: None,
        replaces: None,
        replaced_by: None,
        is_lodged: true,
        ended_by: None,
        reason: None,
    }
}

fn event(number: usize, now: jiff::Timestamp) -> GrantEvent {
    let mut random = [0; 10];
    random[..8].copy_from_slice(&number.to_be_bytes());
    GrantEvent {
        id: EventId::new(now, random),
        at: now,
        request: RequestId::new(now, random),
        interaction: InteractionId::new([9; 16]),
        network: Network::of([127, 0, 0, 1].into()),
        bank: BankId::parse("harbour").expect("valid"),
        who: Who::default(),
        grant: None,
        extent: None,
        consent: None,
        action: GrantAction::ConsentLodge,
        code: None,
        rule: None,
    }
}
