//! What cannot be recorded is not answered.

use std::time::Duration;

use kit::{HouseBuilder, Partner, TestHouse, Version};

use super::{BRANCHES, OPEN, connect, stranger};
use crate::tokens::is_oauth_error;

/// Calls for records until the log wants its next segment, which it cannot make any more.
async fn break_the_log(house: &TestHouse) {
    std::fs::remove_dir_all(house.dir().join("audit/wal")).expect("the log's folder");
    let mut client = stranger(house, Version::Http2).await;
    for _ in 0..10_000 {
        if client.get(OPEN, &[]).await.status != 200 {
            return;
        }
    }
    panic!("the log goes on without its folder");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_answers_nobody() {
    let house = HouseBuilder::new()
        .edit("segment: 4 MiB", "segment: 1 MiB")
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 1000000/s, burst: 1000000 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let mut client = connect(&partner, &house, Version::Http1).await;
    let headers = [("authorization", token.as_str())];
    client.get(BRANCHES, &headers).await.ok();
    break_the_log(&house).await;
    for target in [BRANCHES, OPEN] {
        let answer = client.get(target, &headers).await;
        answer.refused_saying(503, "audit_unavailable", "cannot record this request");
        assert_eq!(answer.header("retry-after"), "1");
    }
    // A refusal of somebody known waits for its record, too.
    let answer = client.get(BRANCHES, &[]).await;
    answer.refused(503, "audit_unavailable");
    // No token without evidence.
    let answer = partner.ask_token(&house, "branches").await;
    is_oauth_error(
        &answer,
        503,
        "temporarily_unavailable",
        "cannot keep its records",
    );
    assert_eq!(answer.header("retry-after"), "1");
    tokio::time::timeout(Duration::from_secs(5), house.stop())
        .await
        .expect("a house that stops");
}
