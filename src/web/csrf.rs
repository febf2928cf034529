//! Forms that another site cannot send: each bears a proof that only this browser's session could
//! have been given (checklist AZ-07; RFC 9700 §4.7).

use crypto::{base64url, equal, from_base64url, hmac_sha256};

/// A proof as text: 32 bytes in base64url.
const TOKEN_CHARS: usize = 43;

/// What a form's proof is bound to. Another session, another purpose or another form: another
/// proof.
#[derive(Clone, Copy)]
pub struct Csrf<'a> {
    /// The session's secret: 32 random bytes that only this browser's cookie leads to. A customer
    /// who has not logged in yet has a session too, so that nobody is logged in as somebody else.
    pub secret: &'a [u8; 32],
    /// What sending the form does, as one word: a proof for one act is none for another.
    pub purpose: &'a str,
    /// Which form of this purpose: what it acts on.
    pub form: &'a str,
}

impl Csrf<'_> {
    /// The proof, to be put into the form: 43 characters of base64url.
    pub fn token(&self) -> String {
        base64url(&self.proof())
    }

    /// Whether what was sent with the form is its proof. Compared in constant time (C-07).
    pub fn fits(&self, sent: &str) -> bool {
        sent.len() == TOKEN_CHARS
            && from_base64url(sent).is_some_and(|sent| equal(&sent, &self.proof()))
    }

    /// The length of the purpose is in it, so that no purpose and form make what others make.
    fn proof(&self) -> [u8; 32] {
        let length = u64::try_from(self.purpose.len()).unwrap_or(u64::MAX);
        let message = [
            b"mortise form\0".as_slice(),
            &length.to_be_bytes(),
            self.purpose.as_bytes(),
            self.form.as_bytes(),
        ]
        .concat();
        hmac_sha256(self.secret, &message)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn csrf<'a>(secret: &'a [u8; 32], purpose: &'a str, form: &'a str) -> Csrf<'a> {
        Csrf {
            secret,
            purpose,
            form,
        }
    }

    #[test]
    fn az_07_a_form_comes_back_with_its_own_proof() {
        let ours = csrf(&SECRET, "log-in", "r1");
        assert_eq!(ours.token().len(), TOKEN_CHARS);
        assert!(ours.fits(&ours.token()));
        assert!(ours.fits(&csrf(&SECRET, "log-in", "r1").token()));
    }

    #[test]
    fn az_07_the_proof_of_another_session_purpose_or_form_is_none() {
        let ours = csrf(&SECRET, "log-in", "r1");
        for other in [
            csrf(&[8; 32], "log-in", "r1"),
            csrf(&SECRET, "approve", "r1"),
            csrf(&SECRET, "log-in", "r2"),
            csrf(&SECRET, "log-in", ""),
            // What is moved over the seam is another proof too.
            csrf(&SECRET, "log-inr", "1"),
            csrf(&SECRET, "log-i", "nr1"),
        ] {
            assert!(
                !ours.fits(&other.token()),
                "{} {}",
                other.purpose,
                other.form
            );
        }
    }

    #[test]
    fn az_07_no_flipped_bit_and_no_second_spelling_is_a_proof() {
        let ours = csrf(&SECRET, "approve", "r1");
        let proof = ours.proof();
        for bit in 0..256 {
            let mut flipped = proof;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!ours.fits(&base64url(&flipped)), "bit {bit}");
        }
        let token = ours.token();
        for bad in [
            String::new(),
            token[..42].to_owned(),
            format!("{token}="),
            format!(" {token}"),
            format!("{token}A"),
            crypto::hex(&proof),
        ] {
            assert!(!ours.fits(&bad), "{bad}");
        }
    }

    #[test]
    fn the_form_of_a_proof_stays_as_it_is() {
        // Open pages outlive a restart.
        let token = csrf(&SECRET, "approve", "r1").token();
        assert_eq!(token, "79TByT1g9rKGlWQrq0Vq-TNWEtrdPbngCtstL1ywVtQ");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_check_panic_or_pass(sent in ".{0,80}") {
            prop_assert!(!csrf(&SECRET, "approve", "r1").fits(&sent));
        }
    }
}
