//! Tokens that the issuer binds to a client's key (RFC 9449 §5, §8, §10): the proof that each of
//! its endpoints takes, and what the road makes of the token.

mod codes;
mod nonces;
mod proofs;
mod sides;

use std::time::Duration;

use kit::{Answer, HouseBuilder, ProofKey, TestHouse, Version};
use serde_json::{Value, json};

use crate::grants::{App, Form};
use crate::tokens::is_oauth_error;

const BRANCHES: &str = "/branches/v1/branches";
const APP: &str = "swiftride-app";
const BY_CERTIFICATE: &str = "        bound_by: mtls ";
const BY_KEY: &str = "        bound_by: dpop ";
/// From then on no nonce is demanded.
const AFTER_START: Duration = Duration::from_secs(73);

/// A house whose first client has tokens that are bound to keys.
fn builder() -> HouseBuilder {
    HouseBuilder::new().edit(BY_CERTIFICATE, BY_KEY)
}

/// That house, its start over.
async fn house() -> TestHouse {
    started(builder()).await
}

async fn started(builder: HouseBuilder) -> TestHouse {
    let house = builder.start().await;
    house.clock.advance(AFTER_START);
    house
}

/// A client with a key, and where it sends its forms.
struct Keyed<'h> {
    house: &'h TestHouse,
    app: App<'h>,
    key: ProofKey,
    base: String,
}

impl<'h> Keyed<'h> {
    /// It shows no certificate, at the issuer's own URL.
    async fn bare(house: &'h TestHouse) -> Self {
        Self {
            house,
            app: App::bare(house, APP).await,
            key: ProofKey::es256(),
            base: house.issuer_url(),
        }
    }

    /// It shows its certificate, at the URL of the APIs.
    async fn shown(house: &'h TestHouse) -> Self {
        Self {
            house,
            app: App::of(house, APP).await,
            key: ProofKey::es256(),
            base: house.api_url(),
        }
    }

    /// The claims of a good proof for this endpoint.
    fn claims(&self, path: &str) -> Value {
        self.house.proof_claims_at(&format!("{}{path}", self.base))
    }

    /// A good proof for this endpoint.
    fn proof(&self, path: &str) -> String {
        self.key.proof(&self.claims(path))
    }

    /// One that is good but for this claim.
    fn proof_with(&self, path: &str, claim: &str, value: Value) -> String {
        let mut claims = self.claims(path);
        claims[claim] = value;
        self.key.proof(&claims)
    }

    /// Sends a form with a fresh assertion and a good proof.
    async fn post(&mut self, path: &str, form: Form) -> Answer {
        let proof = self.proof(path);
        self.post_with(path, form, &[&proof]).await
    }

    /// The same with these proofs.
    async fn post_with(&mut self, path: &str, form: Form, proofs: &[&str]) -> Answer {
        let assertion = self.app.assertion();
        self.app.send(path, form, &assertion, proofs).await
    }

    /// Asks for a token of its own with these proofs.
    async fn ask(&mut self, proofs: &[&str]) -> Answer {
        self.post_with("/token", Form::own(), proofs).await
    }

    /// A code of a customer's for this request, pushed with these proofs.
    async fn code(&mut self, form: Form, proofs: &[&str]) -> String {
        let answer = self.post_with("/par", form, proofs).await;
        let request_uri = crate::grants::pushed(&answer);
        let mut back = self.app.answered(&request_uri, "li-lei").await;
        back.remove("code").expect("a code")
    }

    /// What the road answers to this token with a proof of this key, no certificate being shown.
    async fn call(&self, token: &Value, key: &ProofKey) -> Answer {
        let token = token.as_str().expect("a token");
        let dial = self.house.dial(None, Version::Http2);
        let client = dial.connect(self.house.api()).await;
        let proof = key.proof(&self.house.proof_claims("GET", BRANCHES, token));
        let authorization = format!("DPoP {token}");
        let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
        client.expect("a connection").get(BRANCHES, &headers).await
    }
}

/// What a token says of what it is bound to.
fn cnf(token: &Value) -> Value {
    crate::grants::claims(token)["cnf"].clone()
}

/// What it says when it is bound to this key alone.
fn to_key(key: &ProofKey) -> Value {
    json!({ "jkt": key.thumbprint() })
}

/// Asserts that a proof is refused for this reason, and not for want of a nonce.
#[track_caller]
fn is_bad_proof(answer: &Answer, says: &str) {
    is_oauth_error(answer, 400, "invalid_dpop_proof", says);
    assert_eq!(answer.header("dpop-nonce"), "");
}
