//! Every refusal, provoked from the front door, and what it tells: status, code, reason, remedy.

mod certificate;
mod evidence;
mod permission;
mod request;
mod token;
mod upstream;

use kit::{Client, Partner, TestHouse, Version};

const BRANCHES: &str = "/branches/v1/branches";
const OPEN: &str = "/fx/v1/rates";

/// The challenges of a call without credentials that could be judged.
const BOTH: [&str; 2] = ["Bearer", "DPoP algs=\"PS256 ES256 EdDSA\""];

/// Where the metadata of the branches' API are.
fn metadata(house: &TestHouse) -> String {
    let well_known = "/.well-known/oauth-protected-resource";
    format!("{}{well_known}/branches/v1", house.api_url())
}

/// A connection to the APIs without a certificate.
async fn stranger(house: &TestHouse, version: Version) -> Client {
    house
        .dial(None, version)
        .connect(house.api())
        .await
        .expect("a connection")
}

/// A connection of this partner's to the APIs.
async fn connect(partner: &Partner, house: &TestHouse, version: Version) -> Client {
    partner
        .dial(house, version)
        .connect(house.api())
        .await
        .expect("a connection")
}
