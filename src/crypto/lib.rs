//! Keys, signatures, certificates: functions of bytes, on one crypto library (AWS-LC).
//!
//! **For**: everything the house hashes, signs, verifies, seals or reads from a certificate, so
//! that an algorithm or a strictness rule stands in one place. **Doors**: the items re-exported
//! below: [`provider`] for TLS; [`certificates`], [`private_key`], [`revocation_list`] for files;
//! [`certificate_facts`], [`crl_facts`] and [`DistinguishedName`]; [`Jwks`], [`verify`],
//! [`verify_own_key`], [`SigningKey`], [`check_times`] for tokens; [`KeyEncryptionKey`] for keys at
//! rest; [`sha256`], [`hmac_sha256`], [`half_hash`], [`Random`] and the encodings; [`fuzz_jws`] and
//! [`fuzz_jwks`] for fuzzers.
//!
//! **How a value goes through**: outside bytes become a type once ([`VerificationKey`],
//! [`CertificateFacts`], [`Verified`]) or are refused with the rule they broke; a key is parsed
//! when it is loaded and never again; what is signed is the JSON handed in, what is verified comes
//! back as the bytes that were signed.
//!
//! **Absent on purpose**: I/O, clocks (the time is an argument), certificate chains and trust (see
//! `identity`), replay memory (a port), symmetric token algorithms, RS256, key agreement and
//! encryption of tokens, and any choice of algorithm by the token: the key decides.

mod algorithm;
mod distinguished_name;
mod encoding;
mod fuzz;
mod hash;
mod json;
mod jwk;
mod jws;
mod jwt;
mod pem;
mod provider;
mod random;
mod seal;
mod signing_key;
mod x509;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use distinguished_name::{BadName, DistinguishedName};
pub use encoding::{base64, base64url, from_base64url, hex, put_base64url};
pub use fuzz::{fuzz_jwks, fuzz_jws};
pub use hash::{Sha256, equal, half_hash, hmac_sha256, sha256, sha512};
pub use json::strict_json;
pub use jwk::{BadJwk, Jwks, VerificationKey};
pub use jws::own_key::{OwnKey, OwnKeyProblem, verify_own_key};
pub use jws::{JwsProblem, Rules, Typ, Verified, verify};
pub use jwt::{TimeProblem, Times, check_times};
pub use pem::{PemProblem, certificates, private_key, revocation_list};
pub use provider::provider;
pub use random::{DrawnAhead, Random, SeededRandom, SystemRandom, random_array};
pub use seal::{BadKeyEncryptionKey, KeyEncryptionKey, SealFailed, Unsealable};
pub use signing_key::{BadSigningKey, SignFailed, SigningKey};
pub use x509::{
    BadCertificate, CertificateFacts, CrlFacts, KeyKind, SANDBOX_MARKER, SANDBOX_MARKER_VALUE,
    certificate_facts, crl_facts, key_kind, key_matches,
};
