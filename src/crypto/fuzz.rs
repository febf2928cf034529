//! For fuzzers: whatever bytes come in, nothing panics, and what was taken is taken again.

use std::sync::OnceLock;

use crate::jwk::{Jwks, VerificationKey};
use crate::jws::own_key::verify_own_key;
use crate::jws::{Rules, Typ, verify};
use crate::jwt::{Times, check_times};

/// A key of each kind but RSA: RFC 7515 §A.3 and RFC 8037 §A.2.
const KEYS: &[u8] = br#"{"keys":[{"kty":"EC","crv":"P-256","alg":"ES256","kid":"a",
"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Reads bytes wherever those of a token are read: as a JWS that is checked with keys of ours, or
/// with the key that it brings, and as the claims of one whose signature holds.
pub fn fuzz_jws(bytes: &[u8]) {
    static SET: OnceLock<Option<Jwks>> = OnceLock::new();
    let keys = SET.get_or_init(|| Jwks::parse(KEYS).ok());
    if let Ok(text) = std::str::from_utf8(bytes) {
        for typ in [Typ::Exactly(&["at+jwt"]), Typ::AbsentOr(&["JWT"])] {
            let rules = Rules {
                typ,
                bytes_max: 8 * 1024,
            };
            if let Some(keys) = keys {
                let _ = verify(text, keys, &rules);
            }
            let _ = verify_own_key(text, &rules);
        }
    }
    if let Ok(times) = Times::read(bytes) {
        let _ = check_times(&times, 1_800_000_000, 10);
    }
}

/// Reads bytes as a set of keys, and as one key. What is taken is written so that it is taken
/// again, as the same keys.
pub fn fuzz_jwks(bytes: &[u8]) {
    if let Ok(set) = Jwks::parse(bytes) {
        for key in set.keys() {
            is_read_back(key);
        }
        let _ = set.to_json();
    }
    if let Ok(key) = serde_json::from_slice(bytes)
        && let Ok(key) = VerificationKey::from_jwk(&key)
    {
        is_read_back(&key);
    }
}

fn is_read_back(key: &VerificationKey) {
    let again = VerificationKey::from_jwk(&key.to_jwk());
    assert!(
        again.is_ok_and(|again| {
            (again.thumbprint(), again.to_spki()) == (key.thumbprint(), key.to_spki())
        }),
        "a key that was written is not read back"
    );
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// Every file of a corpus, whole, cut anywhere, and with any byte changed.
    fn run(corpus: &str, read: fn(&[u8])) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(corpus);
        let mut count = 0;
        for entry in fs::read_dir(folder).expect("the corpus") {
            let bytes = fs::read(entry.expect("a file").path()).expect("a readable file");
            for at in 0..bytes.len() {
                read(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                read(&changed);
            }
            read(&bytes);
            count += 1;
        }
        assert!(count >= 3, "{corpus}: {count} files");
    }

    #[test]
    fn the_corpus_of_tokens_makes_nothing_panic() {
        assert_eq!(Jwks::parse(KEYS).expect("good keys").keys().len(), 2);
        run("tests/fuzz/jws", fuzz_jws);
    }

    #[test]
    fn the_corpus_of_keys_makes_nothing_panic() {
        run("tests/fuzz/jwks", fuzz_jwks);
    }

    proptest! {
        #[test]
        fn no_bytes_make_them_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            fuzz_jws(&bytes);
            fuzz_jwks(&bytes);
        }
    }
}
