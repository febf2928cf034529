//! What was counted outlives the snapshot that counted it, as long as the file names what it is of;
//! what the file names no more is told of no more.

use std::time::Duration;

use kit::{EchoBank, Exposition, HouseBuilder, Partner, TestHouse, Version};

/// What one call of `product` and its upstream leaves, by name and labels.
fn counted(scraped: &Exposition, product: &str, upstream: &str) -> [i64; 5] {
    let of = [("product", product), ("outcome", "allowed")];
    let took = [("product", product)];
    let bank = [("bank", "harbour"), ("upstream", upstream)];
    let answered = [&bank[..], &[("outcome", "answered")]].concat();
    let in_play = [&bank[..], &[("standing", "in_play")]].concat();
    [
        scraped.count("mortise_requests_total", &of),
        scraped.count("mortise_request_duration_seconds_count", &took),
        scraped.count("mortise_upstream_requests_total", &answered),
        scraped.count("mortise_upstream_duration_seconds_count", &bank),
        scraped.count("mortise_upstream_endpoint_standing", &in_play),
    ]
}

fn is_named(scraped: &Exposition, value: &str) -> bool {
    let mut samples = scraped.0.values().flat_map(|family| &family.samples);
    samples.any(|sample| sample.labels.values().any(|known| known == value))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_every_count_and_what_was_taken_out_is_told_of_no_more() {
    let bank = EchoBank::plain().await;
    let (builder, operators) = HouseBuilder::new().with_echo(&bank).with_operators();
    let house = builder.start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo branches").await;
    let headers = [("authorization", token.as_str())];
    let dial = partner.dial(&house, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let branches = "/branches/v1/branches?limit=1";
    for path in ["/echo/v1/guarded", branches] {
        client.get(path, &headers).await.ok();
    }
    let own = [("partner", "swiftride"), ("outcome", "allowed")];
    let before = operators.scrape(&house).await;
    assert_eq!(counted(&before, "echo", "echo"), [1; 5]);
    assert_eq!(counted(&before, "branches", "core"), [1; 5]);

    take_echo_out(&house);
    house.reload().await;
    let gone = async {
        loop {
            let scraped = operators.scrape(&house).await;
            if !is_named(&scraped, "echo") {
                return scraped;
            }
            // However often it is looked, nobody asks too often for the gate.
            house.clock.advance(Duration::from_millis(10));
        }
    };
    let minute = Duration::from_mins(1);
    let after = tokio::time::timeout(minute, gone).await;
    let after = after.expect("the old snapshot goes, and with it what only it named");
    // Nothing was called meanwhile: the new snapshot alone holds what the old one counted.
    assert_eq!(counted(&after, "branches", "core"), [1; 5]);
    assert_eq!(after.count("mortise_partner_requests_total", &own), 2);
    assert_eq!(after.count("mortise_config_snapshot", &[]), 2);
    client.get(branches, &headers).await.ok();
    let last = operators.scrape(&house).await;
    assert_eq!(counted(&last, "branches", "core"), [2, 2, 2, 2, 1]);
    assert_eq!(last.count("mortise_partner_requests_total", &own), 3);
    house.stop().await;
}

/// Takes the product `echo` and its upstream out of a house's file.
fn take_echo_out(house: &TestHouse) {
    let with = kit::text(&house.dir().join("gateway.yaml"));
    let product = with.lines().find(|line| line.contains("apis/echo.yaml"));
    let product = format!("{}\n", product.expect("the product"));
    let upstream = with.find("      echo:\n").expect("its upstream");
    let upstream = &with[upstream..];
    let last = "limits: standard\n";
    let end = upstream.find(last).expect("the upstream's limits") + last.len();
    for (old, new) in [
        (product.as_str(), ""),
        (&upstream[..end], ""),
        ("catalogue, echo]", "catalogue]"),
    ] {
        house.edit("gateway.yaml", old, new);
    }
}
