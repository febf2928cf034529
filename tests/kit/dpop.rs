//! A client's own key, and the DPoP proofs that it makes (RFC 9449 §4), signed by code that is not
//! ours; and the tokens that are bound to it.

use jsonwebtoken::EncodingKey;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crypto::{Algorithm, SigningKey, SystemRandom};
use model::Clock;

use crate::house::TestHouse;
use crate::partner::Partner;

/// A key of a client.
pub struct ProofKey {
    key: SigningKey,
    encoding: EncodingKey,
    algorithm: jsonwebtoken::Algorithm,
}

impl ProofKey {
    /// A new one for ES256.
    pub fn es256() -> Self {
        Self::made(Algorithm::Es256, jsonwebtoken::Algorithm::ES256, |der| {
            EncodingKey::from_ec_der(der)
        })
    }

    /// A new one for `EdDSA`.
    pub fn ed25519() -> Self {
        Self::made(Algorithm::EdDsa, jsonwebtoken::Algorithm::EdDSA, |der| {
            EncodingKey::from_ed_der(der)
        })
    }

    fn made(
        ours: Algorithm,
        algorithm: jsonwebtoken::Algorithm,
        encoding: fn(&[u8]) -> EncodingKey,
    ) -> Self {
        let key = SigningKey::generate(ours).expect("a key");
        let der = key.to_pkcs8();
        Self {
            encoding: encoding(der.expose_secret()),
            key,
            algorithm,
        }
    }

    /// Its thumbprint, as `jkt` of a token has it (RFC 9449 §6.1).
    pub fn thumbprint(&self) -> String {
        self.key.verification_key().thumbprint().to_owned()
    }

    /// Its public part.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.verification_key().to_jwk();
        let members = jwk.as_object_mut().expect("members");
        members.retain(|name, _| ["kty", "crv", "x", "y"].contains(&name.as_str()));
        jwk
    }

    /// The header of a good proof.
    pub fn header(&self) -> Value {
        let alg = self.key.algorithm().as_str();
        json!({ "typ": "dpop+jwt", "alg": alg, "jwk": self.jwk() })
    }

    /// Header and claims as they stand, with this key's signature.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| crypto::base64url(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature =
            jsonwebtoken::crypto::sign(signed.as_bytes(), &self.encoding, self.algorithm);
        format!("{signed}.{}", signature.expect("a signature"))
    }

    /// A proof of these claims.
    pub fn proof(&self, claims: &Value) -> String {
        self.sign(&self.header(), claims)
    }
}

impl TestHouse {
    /// The claims of a good proof for a call of the APIs, made now with a `jti` of its own, for
    /// tests to spoil.
    pub fn proof_claims(&self, method: &str, target: &str, token: &str) -> Value {
        let path = target.split('?').next().unwrap_or(target);
        json!({
            "jti": crypto::base64url(&crypto::random_array::<16>(&SystemRandom)),
            "htm": method,
            "htu": format!("{}{path}", self.api_url()),
            "iat": self.clock.now().as_second(),
            "ath": crypto::base64url(&crypto::sha256(token.as_bytes())),
        })
    }

    /// The claims of a good proof for a form that is sent to this URL of the issuer, made now with
    /// a `jti` of its own.
    pub fn proof_claims_at(&self, url: &str) -> Value {
        json!({
            "jti": crypto::base64url(&crypto::random_array::<16>(&SystemRandom)),
            "htm": "POST",
            "htu": url,
            "iat": self.clock.now().as_second(),
        })
    }

    /// The claims of a good token of this partner's with this scope that is bound to this key.
    pub fn claims_for_key(&self, partner: &Partner, scope: &str, key: &ProofKey) -> Value {
        let mut claims = self.claims(partner, scope);
        claims["cnf"] = json!({ "jkt": key.thumbprint() });
        claims
    }
}
