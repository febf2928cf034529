//! Step: a client assertion (RFC 7523 §3, OIDC Core §9; PK-01 to PK-06).
//!
//! The `sub` is read before anything is verified, only to find the keys. An unknown client costs
//! the same work and gets the same answer as a wrong key (CA-07); what is told in detail either
//! says nothing about which clients exist, or is told to the holder of a registered key.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crypto::{Algorithm, JwsProblem, Rules, Times, Typ};
use model::ClientId;

use crate::ClientAuthentication;
use crate::denied::{AssertionProblem, Denied};
use crate::issuer::Issuer;
use crate::issuer::limits::{ASSERTION_AHEAD_S_MAX, ASSERTION_BYTES_MAX, JTI_CHARS_MAX, LEEWAY_S};
use crate::issuer::registered::Registered;

/// PK-06: a JWT of another purpose is no assertion.
const RULES: Rules = Rules {
    typ: Typ::AbsentOr(&["JWT", "client-authentication+jwt"]),
    bytes_max: ASSERTION_BYTES_MAX,
};

/// A good assertion whose `jti` is not used up yet.
pub(crate) struct Assertion {
    jti: String,
    expires: Timestamp,
}

impl Assertion {
    /// Its `jti`.
    pub(crate) fn jti(&self) -> &str {
        &self.jti
    }

    /// The first instant at which it is refused for its age.
    pub(crate) fn expires(&self) -> Timestamp {
        self.expires
    }
}

/// Verifies an assertion against the keys of whomever it names. One that is registered for
/// another method has none here (CA-04).
pub(crate) fn verify<'a>(
    issuer: &'a Issuer,
    assertion: &str,
    now: Timestamp,
) -> Result<(Registered<'a>, Assertion), Denied> {
    let peeked = peek(assertion)?;
    let known = issuer
        .registered(&peeked.client)
        .filter(|its| *its.authentication() == ClientAuthentication::PrivateKeyJwt);
    let keys = known.map_or_else(|| issuer.decoys.keys().clone(), |its| its.keys());
    let verified = crypto::verify(assertion, &keys, &RULES).map_err(|problem| match problem {
        JwsProblem::TooLong | JwsProblem::Malformed | JwsProblem::Critical => {
            Denied::Assertion(AssertionProblem::Malformed)
        }
        JwsProblem::Typ => Denied::Assertion(AssertionProblem::Typ),
        JwsProblem::Algorithm | JwsProblem::UnknownKey => {
            issuer.decoys.work(peeked.algorithm);
            Denied::Credentials
        }
        JwsProblem::Signature => Denied::Credentials,
    })?;
    let known = known.ok_or(Denied::Credentials)?;
    let (jti, expires) =
        read(&verified.claims, known.id(), &issuer.identifier, now).map_err(Denied::Assertion)?;
    Ok((known, Assertion { jti, expires }))
}

/// What an assertion says of itself, not believed.
#[derive(Debug)]
pub(crate) struct Peeked {
    algorithm: Algorithm,
    /// Whom it speaks for.
    pub(crate) client: ClientId,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Subject {
    sub: Option<Value>,
}

/// Reads what is needed to find the keys.
pub(crate) fn peek(assertion: &str) -> Result<Peeked, Denied> {
    let malformed = || Denied::Assertion(AssertionProblem::Malformed);
    if assertion.len() > ASSERTION_BYTES_MAX {
        return Err(malformed());
    }
    let mut parts = assertion.split('.');
    let mut part = || parts.next().and_then(crypto::from_base64url);
    let header: Header = part()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(malformed)?;
    let subject: Subject = part()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(malformed)?;
    let algorithm = Algorithm::parse(&header.alg)
        .map_err(|_| Denied::Assertion(AssertionProblem::Algorithm))?;
    let client = subject
        .sub
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|sub| ClientId::parse(sub).ok())
        .ok_or(Denied::Assertion(AssertionProblem::Subject))?;
    Ok(Peeked { algorithm, client })
}

/// For fuzzing: reads bytes wherever those of an assertion are read before its signature holds, and
/// as the claims of one whose signature does. Whatever they are, nothing panics.
pub fn fuzz_assertion(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = peek(text);
    }
    if let Ok(client) = ClientId::parse("app") {
        let now = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let _ = read(bytes, &client, "https://auth.bank.example", now);
    }
}

/// The claims that matter; a member that stands twice is an error.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    jti: Option<Value>,
}

/// Checks verified claims; gives the `jti` and the instant from which it may be forgotten.
fn read(
    claims: &[u8],
    client: &ClientId,
    issuer: &str,
    now: Timestamp,
) -> Result<(String, Timestamp), AssertionProblem> {
    let times = Times::read(claims).map_err(AssertionProblem::Times)?;
    let claims: Claims = serde_json::from_slice(claims).map_err(|_| AssertionProblem::Malformed)?;
    let is =
        |value: &Option<Value>, text: &str| value.as_ref().and_then(Value::as_str) == Some(text);
    if !is(&claims.sub, client.as_str()) || !is(&claims.iss, client.as_str()) {
        return Err(AssertionProblem::Issuer);
    }
    if !is(&claims.aud, issuer) {
        return Err(AssertionProblem::Audience);
    }
    let seconds = now.as_second();
    crypto::check_times(&times, seconds, LEEWAY_S).map_err(AssertionProblem::Times)?;
    let exp = times
        .exp
        .ok_or(AssertionProblem::Times(crypto::TimeProblem::ExpMissing))?;
    if exp > seconds.saturating_add(ASSERTION_AHEAD_S_MAX) {
        return Err(AssertionProblem::LivesTooLong);
    }
    let jti = claims
        .jti
        .as_ref()
        .and_then(Value::as_str)
        .filter(|jti| (1..=JTI_CHARS_MAX).contains(&jti.chars().count()))
        .ok_or(AssertionProblem::Jti)?;
    let expires = Timestamp::from_second(exp.saturating_add(LEEWAY_S))
        .map_err(|_| AssertionProblem::LivesTooLong)?;
    Ok((jti.to_owned(), expires))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("in range")
    }

    /// Every file of the corpus, whole, cut anywhere, and with any byte changed.
    #[test]
    fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/assertion");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).expect("the corpus") {
            let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
            for at in 0..bytes.len() {
                fuzz_assertion(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                fuzz_assertion(&changed);
            }
            fuzz_assertion(&bytes);
            count += 1;
        }
        assert!(count >= 3, "{count} files");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_peek_panic(text in any::<String>()) {
            let _ = peek(&text);
        }

        #[test]
        fn no_three_parts_make_the_peek_panic(
            header in prop::collection::vec(any::<u8>(), 0..64),
            payload in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let part = |bytes: &[u8]| crypto::base64url(bytes);
            let _ = peek(&format!("{}.{}.AAAA", part(&header), part(&payload)));
            let good = part(br#"{"alg":"ES256"}"#);
            let _ = peek(&format!("{good}.{}.AAAA", part(&payload)));
        }

        #[test]
        fn claims_are_believed_only_when_each_of_them_is(
            iss in "a|b", sub in "a|b", aud in "i|j", exp in -400_i64..400, jti in "[x]{0,2}",
        ) {
            let client = ClientId::parse("a").expect("valid");
            let exp = now().as_second() + exp;
            let claims = serde_json::json!({
                "iss": iss, "sub": sub, "aud": aud, "exp": exp, "jti": jti,
            });
            let read = read(claims.to_string().as_bytes(), &client, "i", now());
            let ahead = exp - now().as_second();
            let good = iss == "a" && sub == "a" && aud == "i" && !jti.is_empty()
                && (-LEEWAY_S < ahead && ahead <= ASSERTION_AHEAD_S_MAX);
            prop_assert_eq!(read.is_ok(), good);
            if let Ok((_, expires)) = read {
                prop_assert!(expires > now(), "taken at least as long as it is good");
            }
        }

        #[test]
        fn no_bytes_make_the_reading_of_claims_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let client = ClientId::parse("a").expect("valid");
            let _ = read(&bytes, &client, "i", now());
        }
    }
}
