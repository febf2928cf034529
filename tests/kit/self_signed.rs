//! Certificates that nobody vouches for but their own key (RFC 8705 §2.2).

use std::time::Duration;

use jiff::Timestamp;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, date_time_ymd};

use crypto::{Jwks, SigningKey};

use crate::authority::validity;
use crate::client::Identity;

/// A self-signed certificate, and the set that its key is registered in.
pub struct SelfSigned {
    /// The certificate with its key.
    pub identity: Identity,
    /// The certificate as PEM …
    pub certificate: String,
    /// … and its key: PKCS#8.
    pub key: String,
    /// The key as a JWK set.
    pub jwks: String,
}

/// Makes one with a new key, good from an hour ago for so long from now.
pub fn self_signed(common_name: &str, now: Timestamp, life: Duration) -> SelfSigned {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let validity = validity(now, life);
    let at = |at: Timestamp| {
        let seconds = u64::try_from(at.as_second()).expect("after 1970");
        date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    params.not_before = at(validity.not_before);
    params.not_after = at(validity.not_after);
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let key = key.serialize_pem();
    SelfSigned {
        identity: Identity::from_pem(certificate.as_bytes(), key.as_bytes()),
        jwks: jwks_of(key.as_bytes()),
        certificate,
        key,
    }
}

/// The set of the public part of this private key, a PEM text.
pub fn jwks_of(key: &[u8]) -> String {
    let key = SigningKey::from_pem(None, key).expect("a key that signs");
    Jwks::from_keys(vec![key.verification_key()])
        .to_json()
        .to_string()
}
