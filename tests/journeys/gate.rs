//! The gate before the road: what it knows of a certificate, and what it leaves in the log of an
//! address that knocks too often.

use std::sync::Arc;
use std::time::Duration;

use kit::{Client, HouseBuilder, Partner, TestHouse, Version, records};
use model::MovedClock;

use crate::evidence::{one_now, one_soon};

const OPEN: &str = "/fx/v1/rates";
const BRANCHES: &str = "/branches/v1/branches";

/// How many requests an address has at once in a [`narrow`] house.
const BURST: usize = 6;

#[tokio::test]
async fn a_suspended_partner_is_turned_away_from_open_calls_once_its_certificate_is_known() {
    let house = HouseBuilder::new()
        .edit(
            "swiftride.example\n    standing: active",
            "swiftride.example\n    standing: suspended",
        )
        .start()
        .await;
    let suspended = Partner::of(&house, "swiftride-app");
    let mut clients = Vec::new();
    for version in Version::BOTH {
        let dial = suspended.dial(&house, version);
        clients.push(dial.connect(house.api()).await.expect("a connection"));
    }
    // Class open judges no certificate: until somebody has, the gate knows nothing of it.
    for client in &mut clients {
        client.get(OPEN, &[]).await.ok();
    }
    let named = clients[0].get(BRANCHES, &[]).await;
    named.refused(403, "partner_suspended");
    let calls = house.bank.calls();
    for client in &mut clients {
        let answer = client.get(OPEN, &[]).await;
        answer.refused_saying(403, "partner_suspended", "suspended");
        let record = one_now(&house, &answer, "api.access");
        assert_eq!(record["partner"]["id"], "swiftride", "{record:#}");
        assert_eq!(record["outcome"]["code"], "partner_suspended", "{record:#}");
        assert_eq!(record["object"]["class"], "open", "{record:#}");
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
    // It is this certificate that is known, not the address.
    let other = Partner::of(&house, "cartwheel-app");
    for dial in [
        other.dial(&house, Version::Http2),
        house.dial(None, Version::Http2),
    ] {
        let mut client = dial.connect(house.api()).await.expect("a connection");
        client.get(OPEN, &[]).await.ok();
    }
}

/// A house that stands still and whose gate takes [`BURST`] requests from an address, one more a
/// second.
async fn narrow() -> TestHouse {
    HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(
            "rate: 200/s, burst: 400 requests",
            &format!("rate: 1/s, burst: {BURST} requests"),
        )
        .start()
        .await
}

/// So many requests for a path; the ids of those that the gate turned away, which come last.
async fn flood(client: &mut Client, path: &str, requests: usize) -> (Vec<String>, Vec<String>) {
    let (mut passed, mut turned_away) = (Vec::new(), Vec::new());
    for _ in 0..requests {
        let answer = client.get(path, &[]).await;
        if answer.code() == "too_many_requests" {
            answer.refused(429, "too_many_requests");
            turned_away.push(answer.request_id());
        } else {
            assert!(turned_away.is_empty(), "{answer:?}");
            passed.push(answer.request_id());
        }
    }
    (passed, turned_away)
}

/// Stops the house and compares what the log has of those turned away: the first of each window
/// whole, the others counted.
async fn turned_away_are(house: TestHouse, windows: &[&[String]]) {
    let audit = house.prepared().audit.clone();
    let folder = house.stop().await;
    let kept = records(&audit);
    drop(folder);
    let refused = |record: &&serde_json::Value| record["outcome"]["code"] == "too_many_requests";
    let whole: Vec<&str> = kept
        .iter()
        .filter(refused)
        .filter_map(|record| record["req"].as_str())
        .collect();
    let firsts: Vec<&str> = windows.iter().map(|window| window[0].as_str()).collect();
    assert_eq!(whole, firsts);
    for record in kept.iter().filter(refused) {
        assert_eq!(record["type"], "api.access", "{record:#}");
        assert_eq!(record["outcome"]["status"], 429, "{record:#}");
    }
    let counted: Vec<_> = kept
        .iter()
        .filter(|record| record["type"] == "limit.reject")
        .collect();
    let counts: Vec<_> = counted
        .iter()
        .map(|record| record["count"].as_u64())
        .collect();
    let expected: Vec<_> = windows.iter().map(|w| Some(w.len() as u64 - 1)).collect();
    assert_eq!(counts, expected, "{counted:#?}");
    for record in counted {
        assert_eq!(record["code"], "too_many_requests", "{record:#}");
        assert_eq!(record["log"], "house", "{record:#}");
        assert!(record["from"].as_str() <= record["to"].as_str());
    }
}

#[tokio::test]
async fn of_a_flood_from_one_address_the_first_refusal_is_recorded_and_the_rest_counted() {
    let house = narrow().await;
    let dial = house.dial(None, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let (passed, first) = flood(&mut client, OPEN, BURST + 24).await;
    assert_eq!((passed.len(), first.len()), (BURST, 24));
    // The next second's window: the one before is written then, this one when the house stops.
    house.clock.advance(Duration::from_secs(1));
    let (passed, second) = flood(&mut client, OPEN, 1 + 8).await;
    assert_eq!((passed.len(), second.len()), (1, 8));
    turned_away_are(house, &[&first, &second]).await;
}

#[tokio::test]
async fn what_leads_nowhere_at_the_issuers_door_is_recorded_and_stopped_by_the_gate() {
    let house = narrow().await;
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    let (lost, turned_away) = flood(&mut client, "/nowhere", BURST + 10).await;
    assert_eq!((lost.len(), turned_away.len()), (BURST, 10));
    for id in &lost {
        let record = one_soon(&house, id, "api.access").await;
        assert_eq!(record["log"], "house", "{record:#}");
        assert_eq!(record["outcome"]["status"], 404, "{record:#}");
        assert_eq!(record["outcome"]["code"], "unknown_route", "{record:#}");
    }
    turned_away_are(house, &[&turned_away]).await;
}
