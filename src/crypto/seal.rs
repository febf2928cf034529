//! Small secrets at rest: AES-256-GCM under a key that is given by reference.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::encoding::{base64url, from_base64url};
use crate::random::{Random, random_array};

/// The form of what `seal` writes: version, nonce (12 bytes), ciphertext, tag (16 bytes). The
/// version is authenticated with the caller's data.
const VERSION: u8 = 1;
const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
/// The most that is sealed at once, in bytes: keys are small.
const PLAIN_BYTES_MAX: usize = 1024 * 1024;

/// The key that wraps the keys in the store (KEK). It never prints itself.
pub struct KeyEncryptionKey(LessSafeKey);

/// The text is not a key-encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyEncryptionKey {
    /// Not base64url without padding.
    #[error("the key-encryption key is not base64url without padding")]
    Encoding,
    /// Not 32 bytes.
    #[error("the key-encryption key has {bytes} bytes; 32 are needed")]
    Length {
        /// How many bytes it has.
        bytes: usize,
    },
}

/// The plain text could not be sealed: it is longer than 1 MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {PLAIN_BYTES_MAX} bytes cannot be sealed at once")]
pub struct SealFailed;

/// The sealed bytes do not open: another key, other bound data, or bytes that were changed or cut.
/// Which of these is not told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open with this key and these bound data")]
pub struct Unsealable;

impl KeyEncryptionKey {
    /// Reads the text of a key file: 32 bytes as base64url; white space around it is allowed.
    pub fn from_text(text: &str) -> Result<Self, BadKeyEncryptionKey> {
        let bytes = from_base64url(text.trim_ascii())
            .map(Zeroizing::new)
            .ok_or(BadKeyEncryptionKey::Encoding)?;
        let length = BadKeyEncryptionKey::Length { bytes: bytes.len() };
        if bytes.len() != KEY_BYTES {
            return Err(length);
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| length)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Makes the text of a new key, without a line end.
    pub fn generate_text(random: &dyn Random) -> String {
        base64url(Zeroizing::new(random_array::<KEY_BYTES>(random)).as_slice())
    }

    /// Seals the plain text, bound to `aad`: only who gives the same `aad` opens it, so a sealed
    /// key cannot be moved to another bank's row. The nonce is random (NIST SP 800-38D §8.2.2:
    /// good for 2^32 seals under one key).
    pub fn seal(
        &self,
        plain: &[u8],
        aad: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealFailed> {
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(SealFailed);
        }
        let nonce: [u8; NONCE_LEN] = random_array(random);
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + plain.len() + TAG_BYTES);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        // Encrypted in place, so that no copy of the plain text stays behind.
        let mut body = Zeroizing::new(plain.to_vec());
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(bound(aad)),
                &mut body,
            )
            .map_err(|_| SealFailed)?;
        sealed.extend_from_slice(&body);
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// Opens what [`Self::seal`] made with the same `aad`; the plain text is wiped when dropped.
    pub fn open(&self, sealed: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealable> {
        let [VERSION, rest @ ..] = sealed else {
            return Err(Unsealable);
        };
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unsealable)?;
        if body.len() < TAG_BYTES || body.len() > PLAIN_BYTES_MAX + TAG_BYTES {
            return Err(Unsealable);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealable)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let length = self
            .0
            .open_in_place(nonce, Aad::from(bound(aad)), &mut plain)
            .map_err(|_| Unsealable)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(..)")
    }
}

fn bound(aad: &[u8]) -> Vec<u8> {
    [&[VERSION], aad].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::{SeededRandom, SystemRandom};

    fn kek(seed: u64) -> KeyEncryptionKey {
        let text = KeyEncryptionKey::generate_text(&SeededRandom::new(seed));
        KeyEncryptionKey::from_text(&text).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_the_same_key_and_bound_data() {
        let sealed = kek(1)
            .seal(b"secret", b"harbour/k1", &SystemRandom)
            .unwrap();
        assert_eq!(sealed[0], 1);
        assert_eq!(sealed.len(), 1 + 12 + 6 + 16);
        assert_eq!(*kek(1).open(&sealed, b"harbour/k1").unwrap(), b"secret");
        let empty = kek(1).seal(b"", b"", &SystemRandom).unwrap();
        assert!(kek(1).open(&empty, b"").unwrap().is_empty());
    }

    #[test]
    fn the_form_of_sealed_bytes_stays_as_it_is() {
        // Made with another AES-GCM, over the same key and nonce; the version is bound before aad.
        let sealed = kek(1)
            .seal(b"secret", b"aad", &SeededRandom::new(2))
            .unwrap();
        let stored = "ATQhPEwtoG_eU2tJq0EO7WmixoKJCITaont3SDWVWQLHQJA";
        assert_eq!(*kek(1).open(&sealed, b"aad").unwrap(), b"secret");
        assert_eq!(base64url(&sealed), stored);
    }

    #[test]
    fn another_key_or_other_bound_data_do_not_open() {
        let sealed = kek(1).seal(b"secret", b"harbour", &SystemRandom).unwrap();
        assert_eq!(kek(2).open(&sealed, b"harbour").unwrap_err(), Unsealable);
        assert_eq!(kek(1).open(&sealed, b"lagoon").unwrap_err(), Unsealable);
        assert_eq!(kek(1).open(&sealed, b"").unwrap_err(), Unsealable);
    }

    #[test]
    fn cut_lengthened_or_flipped_bytes_do_not_open() {
        let sealed = kek(1).seal(b"secret", b"a", &SystemRandom).unwrap();
        for end in 0..sealed.len() {
            assert_eq!(kek(1).open(&sealed[..end], b"a").unwrap_err(), Unsealable);
        }
        assert!(kek(1).open(&[&sealed[..], &[0]].concat(), b"a").is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert_eq!(
                kek(1).open(&flipped, b"a").unwrap_err(),
                Unsealable,
                "byte {at}"
            );
        }
    }

    #[test]
    fn a_key_text_may_have_white_space_around_it_and_nothing_else() {
        let text = KeyEncryptionKey::generate_text(&SystemRandom);
        assert_eq!(text.len(), 43);
        assert!(KeyEncryptionKey::from_text(&format!(" {text}\r\n")).is_ok());
        let bad = |text: &str| KeyEncryptionKey::from_text(text).unwrap_err();
        assert_eq!(bad(&format!("{text}=")), BadKeyEncryptionKey::Encoding);
        assert_eq!(bad(&text[..40]), BadKeyEncryptionKey::Length { bytes: 30 });
        assert_eq!(bad(""), BadKeyEncryptionKey::Length { bytes: 0 });
        let long = base64url(&[1; 33]);
        assert_eq!(bad(&long), BadKeyEncryptionKey::Length { bytes: 33 });
    }

    #[test]
    fn two_seals_of_one_text_differ_and_too_long_a_text_is_refused() {
        let seal = || kek(1).seal(b"secret", b"", &SystemRandom).unwrap();
        assert_ne!(seal(), seal());
        let long = vec![0; PLAIN_BYTES_MAX + 1];
        assert_eq!(kek(1).seal(&long, b"", &SystemRandom), Err(SealFailed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_open_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(kek(1).open(&bytes, b"").is_err());
            prop_assert!(kek(1).open(&[&[VERSION][..], &bytes].concat(), b"").is_err());
        }
    }
}
