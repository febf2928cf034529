//! Reloads under load: nobody notices (CF-03). `tests/run --long reload` makes the full count.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kit::{HouseBuilder, Method, Partner, TestHouse, Version};

const BRANCHES: &str = "/branches/v1/branches";
const WIDE: &str = "rate: 100000/s, burst: 100000 requests";

/// An API of so many operations.
fn many(operations: usize) -> String {
    let mut text = "openapi: 3.1.0\ninfo: { title: Many, version: 1.0.0 }\n\
                    servers: [{ url: /many }]\npaths:\n"
        .to_owned();
    for number in 0..operations {
        let _ = write!(
            text,
            "  /things-{number}/{{id}}:\n    get:\n      operationId: readThing{number}\n      \
             x-mortise-class: partner\n      x-mortise-effect: none\n      \
             x-mortise-scope: many\n      \
             x-mortise-authorization-details: none\n      x-mortise-authentication: none\n      \
             parameters:\n        \
             - {{ name: id, in: path, required: true, schema: {{ type: string }} }}\n      \
             responses: {{ '200': {{ description: A thing. }} }}\n"
        );
    }
    text
}

/// A house with wide limits and a product of so many operations.
fn builder(operations: usize) -> HouseBuilder {
    HouseBuilder::new()
        .write("apis/many.yaml", &many(operations))
        .edit("rate: 5/s, burst: 10 requests", WIDE)
        .edit("rate: 200/s, burst: 400 requests", WIDE)
        .edit(
            "    products:\n",
            "    products:\n      many: { openapi: file:apis/many.yaml, upstream: core, \
             listeners: [api], deadline: 30s }\n",
        )
        .edit(
            "products: [branches, catalogue]",
            "products: [branches, catalogue, many]",
        )
}

/// Calls until told to stop, each tenth on a connection of its own; gives how many were answered.
async fn call(
    house: Arc<TestHouse>,
    partner: Arc<Partner>,
    token: String,
    version: Version,
    stop: Arc<AtomicBool>,
) -> usize {
    let dial = partner.dial(&house, version);
    let headers = [("authorization", token.as_str())];
    let mut calls = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut client = dial.connect(house.api()).await.expect("a connection");
        for _ in 0..10 {
            let answer = client.call(Method::GET, BRANCHES, &headers, "").await;
            answer.expect("an answer").ok();
            calls += 1;
        }
    }
    calls
}

/// Bytes of this process in memory.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number
        .and_then(|number| number.parse::<u64>().ok())
        .expect("a number of kB")
        * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_reload_under_load_fails_no_request_and_resets_no_connection() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let reloads = if is_long { 1_000 } else { 40 };
    let house = Arc::new(builder(200).start().await);
    let partner = Arc::new(Partner::of(&house, "swiftride-app"));
    let token = partner.bearer(&house, "branches").await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut callers = tokio::task::JoinSet::new();
    for version in Version::BOTH {
        for _ in 0..2 {
            let (house, partner) = (Arc::clone(&house), Arc::clone(&partner));
            callers.spawn(call(
                house,
                partner,
                token.clone(),
                version,
                Arc::clone(&stop),
            ));
        }
    }
    let plans = ["concurrent: 8 requests", "concurrent: 9 requests"];
    let mut warm = 0;
    for number in 0..reloads {
        // Each file differs from the one before it, and every fifth is bad.
        let (is, next) = (plans[number % 2], plans[(number + 1) % 2]);
        house.edit("gateway.yaml", is, next);
        if number % 5 == 4 {
            house.edit("gateway.yaml", "standing: active", "standing: actve");
            house.refuses_to_reload().await;
            house.edit("gateway.yaml", "standing: actve", "standing: active");
        }
        house.reload().await;
        if number == reloads / 4 {
            warm = memory();
        }
    }
    stop.store(true, Ordering::Relaxed);
    // A caller that met anything but a good answer has panicked.
    let calls: usize = callers.join_all().await.into_iter().sum();
    let grown = memory().saturating_sub(warm) >> 20;
    println!(
        "{reloads} reloads, {calls} calls, 0 failed, memory grew by {grown} MiB after a quarter"
    );
    assert_eq!(house.running.snapshot(), 1 + reloads as u64);
    assert!(calls > reloads, "{calls}");
    // Other tests share this process, unless this one was asked for alone.
    assert!(!is_long || grown < 64, "memory grew by {grown} MiB");
}

#[tokio::test]
async fn a_file_of_2_000_operations_is_reloaded_and_each_is_served() {
    let house = builder(1_999).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "many").await;
    let dial = partner.dial(&house, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let headers = [("authorization", token.as_str())];
    // Admitted: what answers 404 is the bank, which has no such thing, and not the gateway.
    let mut known = async |target: &str| {
        let answer = client.get(target, &headers).await;
        answer.code() != "unknown_route" && answer.status != 403
    };
    assert!(known("/many/things-1998/7").await);
    assert!(!known("/many/things-1999/7").await);
    house.write("apis/many.yaml", &many(2_000));
    house.reload().await;
    assert!(known("/many/things-1999/7").await);
    house.reload().await;
    assert!(known("/many/things-0/7").await);
}
