//! A store in which many consents wait for their customers, or one was given long ago, before the
//! house is there.

use futures_util::future::join_all;
use jiff::SignedDuration;
use kit::HouseBuilder;
use model::ports::{
    AgreedConsent, Approval, Code, Consent, Consents, Finish, Grant, Grants, Lodge, Outbox,
    PushedRequest,
};
use model::{
    BankId, By, ClientId, Clock, ClusterId, ConsentId, ConsentState, Edge, EventId, Evidence,
    GrantAction, GrantEvent, InteractionId, Network, RequestId, Terms, Who,
};

/// How many are made at once: as many events wait for the log.
const GROUP: usize = 1_000;

/// A day.
const DAY_HOURS: i64 = 24;

/// The id of one that a customer gave so many days ago, for twice as long.
pub(super) async fn given_before(
    builder: &HouseBuilder,
    (client, customer): (&str, &str),
    days: i64,
) -> String {
    let path = builder.dir().join("mortise.sqlite");
    let store = store::Sqlite::open(&path).expect("a store");
    let bank = BankId::parse("harbour").expect("valid");
    let now = builder.clock.now();
    let life = SignedDuration::from_hours(DAY_HOURS * days);
    let (then, expires) = (now - life, now + life);
    let id = ConsentId::parse("long-ago").expect("valid");
    let client = ClientId::parse(client).expect("valid");
    let request = PushedRequest {
        digest: [7; 32],
        client: client.clone(),
        request: Vec::new(),
        expires: then + SignedDuration::from_mins(1),
    };
    store.push(&bank, request, then).await.expect("a store");
    let approval = Approval {
        grant: Grant {
            id: id.grant().clone(),
            client,
            subject: customer.to_owned(),
            granted: Vec::new(),
            made_at: then,
            expires,
        },
        code: Code {
            digest: [8; 32],
            grant: id.grant().clone(),
            bound: Vec::new(),
            expires: then + SignedDuration::from_mins(1),
        },
        event: GrantEvent {
            grant: Some(crypto::sha256(id.as_str().as_bytes())),
            action: GrantAction::Approve,
            ..event(0, then)
        },
        consent: Some(agreed(&id, customer, (then, expires))),
        superseded: None,
    };
    let given = store.approve(&bank, [7; 32], approval, then).await;
    let Finish::Done(posted) = given.expect("a store that answers") else {
        panic!("it was not given");
    };
    let posted: Vec<_> = posted.iter().map(|event| event.id).collect();
    store.logged(&posted).await.expect("a store that answers");
    id.to_string()
}

fn agreed(
    id: &ConsentId,
    customer: &str,
    (then, expires): (jiff::Timestamp, jiff::Timestamp),
) -> AgreedConsent {
    AgreedConsent {
        id: id.clone(),
        from: None,
        edge: Edge::Authorise,
        terms: Terms {
            id: id.clone(),
            customer: customer.into(),
            clusters: [ClusterId::parse("account_list").expect("valid")].into(),
            resources: [].into(),
            purpose: None,
            per_day_unattended: 4,
            data_from: None,
            data_until: None,
            bound: Vec::new(),
            authorised_at: then,
            reauth_at: None,
            expires,
        },
        evidence: Evidence {
            edge: Edge::Authorise,
            at: then,
            by: By::Customer,
            text_version: [0; 32],
            sealed: Vec::new(),
        },
        replaces: None,
    }
}

/// Makes so many of a client's; of a customer's, or for whoever comes.
pub(super) async fn lodge(
    builder: &HouseBuilder,
    (client, customer): (&str, Option<&str>),
    count: usize,
) {
    let path = builder.dir().join("mortise.sqlite");
    let store = store::Sqlite::open(&path).expect("a store");
    let bank = BankId::parse("harbour").expect("valid");
    let now = builder.clock.now();
    let made: Vec<usize> = (0..count).collect();
    for group in made.chunks(GROUP) {
        let lodged = group.iter().map(|number| {
            let (consent, event) = (
                consent((client, customer), *number, now),
                event(*number, now),
            );
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

fn consent(
    (client, customer): (&str, Option<&str>),
    number: usize,
    now: jiff::Timestamp,
) -> Consent {
    let id = ConsentId::parse(&format!("crowd-{number}")).expect("valid");
    Consent {
        digest: crypto::sha256(id.as_str().as_bytes()),
        id,
        client: ClientId::parse(client).expect("valid"),
        subject: customer.map(str::to_owned),
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
        ended_on: None,
        confirmed_at: None,
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
