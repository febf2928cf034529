//! DPoP on the road (RFC 9449 §7): tokens that are bound to a key, and proofs made for one request.

mod nonces;
mod proofs;
mod tokens;

use std::time::Duration;

use crypto::SigningKey;
use kit::{Answer, Client, HouseBuilder, Partner, ProofKey, TestHouse, Version};
use serde_json::Value;

const BRANCHES: &str = "/branches/v1/branches";
/// From then on no nonce is demanded.
const AFTER_START: Duration = Duration::from_secs(73);

const INVALID_TOKEN: &str = "DPoP error=\"invalid_token\", algs=\"PS256 ES256 EdDSA\"";
const INVALID_PROOF: &str = "DPoP error=\"invalid_dpop_proof\", algs=\"PS256 ES256 EdDSA\"";
const USE_NONCE: &str = "DPoP error=\"use_dpop_nonce\", algs=\"PS256 ES256 EdDSA\"";

/// A house, and a partner of its bank that holds a key and needs no certificate.
struct Caller {
    house: TestHouse,
    partner: Partner,
    key: ProofKey,
    issuer: SigningKey,
}

impl Caller {
    /// Of a house whose start is over.
    async fn new() -> Self {
        Self::of(HouseBuilder::new()).await
    }

    async fn of(builder: HouseBuilder) -> Self {
        let house = builder.start().await;
        house.clock.advance(AFTER_START);
        Self::at(house).await
    }

    async fn at(house: TestHouse) -> Self {
        Self {
            partner: Partner::of(&house, "swiftride-app"),
            key: ProofKey::es256(),
            issuer: house.issuer_key().await,
            house,
        }
    }

    /// A token for the branches that is bound to this key, good for a minute.
    fn token_for(&self, key: &ProofKey) -> String {
        self.signed(&self.house.claims_for_key(&self.partner, "branches", key))
    }

    fn signed(&self, claims: &Value) -> String {
        self.issuer.sign("at+jwt", claims).expect("a token")
    }

    /// A token for the branches, bound to the caller's own key.
    fn token(&self) -> String {
        self.token_for(&self.key)
    }

    /// The claims of a good proof for a call of the branches.
    fn claims(&self, token: &str) -> Value {
        self.house.proof_claims("GET", BRANCHES, token)
    }

    /// The same with one claim replaced.
    fn with(&self, token: &str, claim: &str, value: Value) -> Value {
        let mut claims = self.claims(token);
        claims[claim] = value;
        claims
    }

    /// A good proof for a call of the branches.
    fn proof(&self, token: &str) -> String {
        self.key.proof(&self.claims(token))
    }

    /// A connection without a certificate.
    async fn stranger(&self, version: Version) -> Client {
        let dial = self.house.dial(None, version);
        dial.connect(self.house.api()).await.expect("a connection")
    }

    /// Where the metadata of the branches' API are.
    fn metadata(&self) -> String {
        let well_known = "/.well-known/oauth-protected-resource";
        format!("{}{well_known}/branches/v1", self.house.api_url())
    }

    /// Asserts that this is the refusal of a proof for this reason, and not for want of a nonce.
    #[track_caller]
    fn is_bad_proof(&self, answer: &Answer, says: &str) {
        answer.refused_saying(401, "bad_proof", says);
        answer.challenges(&[INVALID_PROOF], &self.metadata());
        assert_eq!(answer.header("dpop-nonce"), "");
    }
}

/// Calls the branches with a token in this scheme and these proofs.
async fn call(client: &mut Client, scheme: &str, token: &str, proofs: &[&str]) -> Answer {
    call_at(client, BRANCHES, (scheme, token), proofs).await
}

async fn call_at(
    client: &mut Client,
    target: &str,
    (scheme, token): (&str, &str),
    proofs: &[&str],
) -> Answer {
    let authorization = format!("{scheme} {token}");
    let mut headers = vec![("authorization", authorization.as_str())];
    headers.extend(proofs.iter().map(|proof| ("dpop", *proof)));
    client.get(target, &headers).await
}
