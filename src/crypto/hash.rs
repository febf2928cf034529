//! SHA-256 and SHA-512 (FIPS 180-4), HMAC with it (RFC 2104), and comparison in constant time.

use std::fmt;

use aws_lc_rs::{constant_time, digest, hmac};

use crate::algorithm::Algorithm;
use crate::encoding::base64url;

/// The SHA-256 digest of the bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    array(&digest::digest(&digest::SHA256, bytes))
}

/// The SHA-512 digest of the bytes: where a standard binds Ed25519's own hash.
pub fn sha512(bytes: &[u8]) -> [u8; 64] {
    digest::digest(&digest::SHA512, bytes)
        .as_ref()
        .try_into()
        .expect("SHA-512 must have 64 bytes")
}

/// The left half of the hash that belongs to a signature's algorithm (RFC 7518 §3.1, RFC 8032
/// §5.1), base64url: what `at_hash` and its like are in a token so signed (OpenID Connect Core
/// §3.1.3.6).
pub fn half_hash(algorithm: Algorithm, bytes: &[u8]) -> String {
    let half = |hash: &[u8]| base64url(hash.split_at(hash.len() / 2).0);
    match algorithm {
        Algorithm::Ps256 | Algorithm::Es256 => half(&sha256(bytes)),
        Algorithm::EdDsa => half(&sha512(bytes)),
    }
}

/// HMAC-SHA-256 of the message under the key (RFC 2104, FIPS 198-1): who does not have the key
/// cannot make it. The key should have at least 32 bytes that nobody can guess. Compare with
/// [`equal`].
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    tag.as_ref()
        .try_into()
        .expect("an HMAC with SHA-256 must have 32 bytes")
}

/// SHA-256 over bytes that come in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// Starts with no bytes.
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces, in order.
    pub fn finish(self) -> [u8; 32] {
        array(&self.0.finish())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256")
    }
}

/// Whether two byte strings are the same, in a time that depends on their lengths alone: stops a
/// guesser who measures how far a comparison of secrets went (C-07).
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

fn array(digest: &digest::Digest) -> [u8; 32] {
    digest
        .as_ref()
        .try_into()
        .expect("a SHA-256 digest must have 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::hex;

    #[test]
    fn oc_01_half_a_hash_is_that_of_the_specification() {
        // OpenID Connect Core §A.3's access token and its at_hash.
        let token = b"jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let expected = "77QmUPtjPfzWtF2AnpK9RQ";
        assert_eq!(half_hash(Algorithm::Es256, token), expected);
        assert_eq!(half_hash(Algorithm::Ps256, token), expected);
        // Of SHA-512 ("abc"), FIPS 180-4's example, the first 32 bytes.
        let abc = "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o";
        assert_eq!(half_hash(Algorithm::EdDsa, b"abc"), abc);
    }

    #[test]
    fn sha256_of_abc_is_the_one_of_fips_180() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hex(&sha256(b"abc")), expected);
        let mut pieces = Sha256::new();
        pieces.update(b"a");
        pieces.update(b"");
        pieces.update(b"bc");
        assert_eq!(hex(&pieces.finish()), expected);
    }

    #[test]
    fn hmac_sha256_is_the_one_of_rfc_4231() {
        let of = |key: &[u8], message: &[u8]| hex(&hmac_sha256(key, message));
        assert_eq!(
            of(&[0x0b; 20], b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            of(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(
            of(&[0xaa; 131], long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn only_the_same_bytes_are_equal() {
        assert!(equal(b"", b""));
        assert!(equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd"));
        assert!(!equal(b"abc", b"abcd"));
    }
}
