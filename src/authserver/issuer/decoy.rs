//! Work for nothing: what an unknown client costs, so that the time of a refusal does not tell
//! which clients exist (CA-07).
//!
//! A refusal that found no key of the assertion's algorithm verifies a token that is always false,
//! with a registered key of that algorithm, or one that a client publishes. When no client has such
//! a key, no client would have cost that work either.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crypto::{Algorithm, Jwks, Rules, Typ, VerificationKey};
use model::ClientId;

use crate::{ClientAuthentication, ClientSettings, PublishedKeys};

const RULES: Rules = Rules {
    typ: Typ::AbsentOr(&[]),
    bytes_max: 8 * 1024,
};

/// A false token for each algorithm that some client's registered keys have, and an empty key set.
pub(crate) struct Decoys {
    nobodys: Jwks,
    false_tokens: Vec<(Algorithm, Jwks, String)>,
    /// Whose keys are known only when they have been fetched.
    published: Vec<Arc<PublishedKeys>>,
}

impl Decoys {
    pub(crate) fn for_clients(clients: &HashMap<ClientId, ClientSettings>) -> Self {
        let first = |algorithm| {
            clients
                .values()
                .filter(|its| its.authentication == ClientAuthentication::PrivateKeyJwt)
                .flat_map(|client| client.jwks.keys())
                .find(|key| key.algorithm() == algorithm)
        };
        let false_tokens = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa]
            .into_iter()
            .filter_map(first)
            .map(|key| {
                let token = false_token(key);
                (key.algorithm(), Jwks::from_keys(vec![key.clone()]), token)
            })
            .collect();
        Self {
            nobodys: Jwks::from_keys(Vec::new()),
            false_tokens,
            published: clients
                .values()
                .filter(|its| its.authentication == ClientAuthentication::PrivateKeyJwt)
                .filter_map(|client| client.published.clone())
                .collect(),
        }
    }

    /// The keys of a client that does not exist.
    pub(crate) fn keys(&self) -> &Jwks {
        &self.nobodys
    }

    /// Verifies a false token of this algorithm, for the time it takes.
    pub(crate) fn work(&self, algorithm: Algorithm) {
        let mut registered = self.false_tokens.iter();
        if let Some((_, keys, token)) = registered.find(|(its, ..)| *its == algorithm) {
            return compute(token, keys);
        }
        for published in &self.published {
            let keys = published.keys();
            let key = keys.keys().iter().find(|key| key.algorithm() == algorithm);
            if let Some(key) = key {
                return compute(&false_token(key), &Jwks::from_keys(vec![key.clone()]));
            }
        }
    }
}

/// Verifies a token that is false, for the time it takes.
fn compute(token: &str, keys: &Jwks) {
    let verified = crypto::verify(token, keys, &RULES);
    std::hint::black_box(&verified);
}

/// A token of the right form whose signature is all ones: long enough to be computed with, true
/// for nobody.
fn false_token(key: &VerificationKey) -> String {
    let mut header = Map::new();
    header.insert("alg".into(), key.algorithm().as_str().into());
    if let Some(kid) = key.kid() {
        header.insert("kid".into(), kid.into());
    }
    let modulus = key
        .to_jwk()
        .get("n")
        .and_then(Value::as_str)
        .map(|n| n.len() * 3 / 4);
    let signature = vec![1; modulus.unwrap_or(64)];
    format!(
        "{}.{}.{}",
        crypto::base64url(Value::Object(header).to_string().as_bytes()),
        crypto::base64url(b"{}"),
        crypto::base64url(&signature)
    )
}

#[cfg(test)]
mod tests {
    use crypto::{JwsProblem, SigningKey};
    use model::{Name, PartnerId, Standing};

    use super::*;
    use crate::BoundBy;

    #[test]
    fn ca_07_a_false_token_is_computed_with_before_it_is_refused() {
        for algorithm in [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa] {
            let key = SigningKey::generate(algorithm)
                .expect("generates")
                .verification_key();
            let client = ClientSettings {
                partner: PartnerId::parse("swiftride").expect("valid"),
                standing: Standing::Active,
                authentication: ClientAuthentication::PrivateKeyJwt,
                bound_by: BoundBy::Certificate,
                jwks: Jwks::from_keys(vec![key]),
                published: None,
                agreements: std::sync::Arc::new([]),
                redirect_uris: Vec::new(),
                response_modes: Vec::new(),
                app: Name {
                    legal: "SwiftRide".to_owned(),
                    en: None,
                    zh_cn: None,
                },
                contact: String::new(),
                userinfo: crate::Userinfo::Json,
            };
            let id = ClientId::parse("app").expect("valid");
            let decoys = Decoys::for_clients(&HashMap::from([(id, client)]));
            let [(its, keys, token)] = decoys.false_tokens.as_slice() else {
                panic!("one algorithm is in use");
            };
            assert_eq!(*its, algorithm);
            assert_eq!(
                crypto::verify(token, keys, &RULES),
                Err(JwsProblem::Signature)
            );
        }
    }
}
