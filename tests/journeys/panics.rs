//! A panic on the road: answered 500 and recorded, the connection and the house go on, and what it
//! prints holds nothing of what the code had in hand.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use kit::{HouseBuilder, Version};
use model::{Clock, SystemClock};

use crate::process::finish;

/// What the panic's message holds.
const PLANTED: &str = "planted-in-a-panics-message";
/// Set where what is printed is read.
const CHILD: &str = "MORTISE_TEST_PRINTS_PANICS";
const IN_CHILD: &str = "panics::a_panic_is_answered_500_recorded_and_the_connection_goes_on";

/// The machine's clock, which breaks when it was read so often; but for the audit log, whose thread
/// may still be at work on the record before.
#[derive(Debug)]
struct Breaking {
    clock: SystemClock,
    left: AtomicI64,
}

impl Clock for Breaking {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        if std::thread::current().name() != Some("audit-writer") {
            let left = self.left.fetch_sub(1, Ordering::SeqCst);
            assert!(left != 1, "{PLANTED}");
        }
        self.clock.monotonic()
    }
}

#[tokio::test]
async fn a_panic_is_answered_500_recorded_and_the_connection_goes_on() {
    if std::env::var_os(CHILD).is_some() {
        app::hush_panics();
    }
    let clock = Arc::new(Breaking {
        clock: SystemClock::new(),
        left: AtomicI64::new(0),
    });
    let (builder, operators) = HouseBuilder::new().with_operators();
    let house = builder.start_on(Arc::clone(&clock) as _).await;
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        let before = client.get("/fx/v1/rates?base=CNY&quote=EUR", &[]).await;
        before.ok();
        // The first reading opens the request; the second is made on the road.
        clock.left.store(2, Ordering::SeqCst);
        let answer = client.get("/fx/v1/rates", &[]).await;
        answer.refused(500, "internal");
        let after = client.get("/fx/v1/rates?base=CNY&quote=EUR", &[]).await;
        after.ok();
        let told = house.recorded(&answer.request_id()).await;
        assert_eq!(told["outcome"]["decision"], "failed", "{told:#}");
        assert_eq!(told["outcome"]["status"], 500, "{told:#}");
        assert_eq!(told["outcome"]["code"], "internal", "{told:#}");
        assert!(!told.to_string().contains(PLANTED));
    }
    let scraped = operators.scrape(&house).await;
    let of_faults = [("bank", "harbour"), ("product", "fx"), ("code", "internal")];
    assert_eq!(scraped.count("mortise_refusals_total", &of_faults), 2);
    house.stop().await;
}

#[test]
fn what_a_panic_prints_says_where_and_nothing_of_the_data() {
    let program = std::env::current_exe().expect("this program");
    let printed = finish(
        Command::new(program)
            .args([IN_CHILD, "--exact", "--nocapture"])
            .env(CHILD, "yes")
            .env("RUST_BACKTRACE", "1"),
    );
    assert_eq!(printed.code, Some(0), "{printed:?}");
    let told = printed
        .err
        .matches("error: the program broke at tests/journeys/panics.rs:");
    assert_eq!(told.count(), 2, "{printed:?}");
    assert!(!printed.err.contains(PLANTED), "{printed:?}");
    assert!(!printed.out.contains(PLANTED), "{printed:?}");
}
