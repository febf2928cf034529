//! Who calls: client certificates by listener, and a verdict on every request, whether its
//! connection is new, open or resumed.

mod banks;
mod known_by;
mod listeners;
mod restart;
mod verdict;

use kit::{Client, Partner, TestHouse, Version};

const BRANCHES: &str = "/branches/v1/branches";

/// A connection of this partner's to the APIs.
async fn connect(partner: &Partner, house: &TestHouse, version: Version) -> Client {
    partner
        .dial(house, version)
        .connect(house.api())
        .await
        .expect("a connection")
}
