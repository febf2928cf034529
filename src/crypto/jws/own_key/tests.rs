use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::Typ;
use super::*;
use crate::algorithm::Algorithm;
use crate::encoding::base64url;
use crate::signing_key::SigningKey;
use crate::signing_key::tests::key;

const RULES: Rules = Rules {
    typ: Typ::Exactly(&["dpop+jwt"]),
    bytes_max: 8 * 1024,
};
const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

/// The header of a good proof by this key.
fn header(key: &SigningKey) -> Value {
    let jwk = key.verification_key().to_jwk();
    json!({ "typ": "dpop+jwt", "alg": key.algorithm().as_str(), "jwk": jwk })
}

fn signed(key: &SigningKey, header: &Value, payload: &str) -> String {
    let header = base64url(header.to_string().as_bytes());
    let payload = base64url(payload.as_bytes());
    key.sign_parts(&header, &payload).unwrap()
}

fn check(key: &SigningKey, header: &Value) -> Result<OwnKey, OwnKeyProblem> {
    verify_own_key(&signed(key, header, "{}"), &RULES)
}

/// Why a good proof is refused once this member of its header is another.
fn refused_with(key: &SigningKey, member: &str, value: Value) -> OwnKeyProblem {
    let mut header = header(key);
    header[member] = value;
    check(key, &header).expect_err(member)
}

fn token(problem: JwsProblem) -> OwnKeyProblem {
    OwnKeyProblem::Token(problem)
}

#[test]
fn the_proof_of_rfc_9449_4_2_verifies_and_its_key_has_the_thumbprint_of_6_1() {
    let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaH\
        gtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFq\
        SG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRt\
        IjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2f\
        Q.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    let verified = verify_own_key(proof, &RULES).unwrap();
    assert_eq!(
        base64url(&verified.thumbprint),
        "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    );
    let claims: Value = serde_json::from_slice(&verified.claims).unwrap();
    assert_eq!(claims["htu"], "https://server.example.com/token");
}

#[test]
fn each_algorithm_is_accepted_with_a_key_of_its_own() {
    for algorithm in ALL {
        let key = key(algorithm);
        let verified = check(key, &header(key)).unwrap();
        let thumbprint = base64url(&verified.thumbprint);
        assert_eq!(thumbprint, key.verification_key().thumbprint());
        assert_eq!(verified.claims, b"{}");
    }
}

#[test]
fn l_12_a_key_that_is_too_small_makes_no_proof() {
    let signer = key(Algorithm::Ps256);
    let modulus = |bits: usize| base64url(&vec![0xff; bits / 8]);
    for bits in [512, 1024, 2040] {
        let jwk = json!({"kty": "RSA", "n": modulus(bits), "e": "AQAB"});
        let problem = refused_with(signer, "jwk", jwk);
        assert_eq!(problem, OwnKeyProblem::Key(BadJwk::RsaSize { bits }));
    }
    let coordinate = base64url(&[1; 28]);
    let p224 = json!({"kty": "EC", "crv": "P-224", "x": coordinate, "y": coordinate});
    let problem = refused_with(key(Algorithm::Es256), "jwk", p224);
    assert_eq!(problem, OwnKeyProblem::Key(BadJwk::Kind));
}

#[test]
fn the_key_in_the_header_decides_the_algorithm_and_must_have_signed() {
    let signer = key(Algorithm::Es256);
    for alg in ["none", "HS256", "RS256", "ES384", "PS256", "EdDSA", ""] {
        let problem = refused_with(signer, "alg", json!(alg));
        assert_eq!(problem, token(JwsProblem::Algorithm), "{alg}");
    }
    let other = SigningKey::generate(Algorithm::Es256).unwrap();
    let jwk = other.verification_key().to_jwk();
    let problem = refused_with(signer, "jwk", jwk);
    assert_eq!(problem, token(JwsProblem::Signature));
    let good = signed(signer, &header(signer), "{}");
    let (front, _) = good.rsplit_once('.').unwrap();
    let bare = verify_own_key(&format!("{front}."), &RULES);
    assert_eq!(bare, Err(token(JwsProblem::Signature)));
}

#[test]
fn a_header_without_alg_or_without_a_usable_public_key_is_refused() {
    let signer = key(Algorithm::Es256);
    for member in ["alg", "jwk"] {
        let mut header = header(signer);
        header.as_object_mut().unwrap().remove(member);
        let problem = check(signer, &header).expect_err(member);
        let is_key = matches!(problem, OwnKeyProblem::Key(BadJwk::Member { name: "jwk" }));
        assert!(
            is_key || problem == token(JwsProblem::Malformed),
            "{problem:?}"
        );
        assert_eq!(is_key, member == "jwk");
    }
    for jwk in [
        json!(null),
        json!("key"),
        json!([]),
        json!({}),
        json!({ "kty": "oct", "k": "AA" }),
    ] {
        let problem = refused_with(signer, "jwk", jwk.clone());
        assert!(
            matches!(problem, OwnKeyProblem::Key(_)),
            "{jwk}: {problem:?}"
        );
    }
}

#[test]
fn a_private_key_in_the_header_is_refused_though_it_signed() {
    let signer = key(Algorithm::EdDsa);
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
        let mut header = header(signer);
        header["jwk"][member] = json!("AA");
        let problem = check(signer, &header).expect_err(member);
        assert!(
            matches!(problem, OwnKeyProblem::Key(BadJwk::Private { name }) if name == member),
            "{problem:?}"
        );
    }
}

#[test]
fn other_members_that_change_the_check_or_bring_a_key_are_refused() {
    let signer = key(Algorithm::EdDsa);
    for (member, value) in [
        ("crit", json!(["exp"])),
        ("b64", json!(false)),
        ("jku", json!("https://a.example/jwks")),
        ("x5u", json!("https://a.example/x.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let problem = refused_with(signer, member, value);
        assert_eq!(problem, token(JwsProblem::Critical), "{member}");
    }
    let mut harmless = header(signer);
    harmless["kid"] = json!("my-key");
    assert!(check(signer, &harmless).is_ok());
}

#[test]
fn only_the_type_of_a_proof_is_taken() {
    let signer = key(Algorithm::EdDsa);
    for same in ["dpop+jwt", "DPoP+JWT", "application/dpop+jwt"] {
        let mut header = header(signer);
        header["typ"] = json!(same);
        assert!(check(signer, &header).is_ok(), "{same}");
    }
    for other in ["JWT", "at+jwt", "", "dpop", "dpop+jwt "] {
        let problem = refused_with(signer, "typ", json!(other));
        assert_eq!(problem, token(JwsProblem::Typ), "{other}");
    }
    let mut untyped = header(signer);
    untyped.as_object_mut().unwrap().remove("typ");
    assert_eq!(check(signer, &untyped), Err(token(JwsProblem::Typ)));
}

#[test]
fn what_is_too_long_or_no_compact_jws_is_refused() {
    let signer = key(Algorithm::EdDsa);
    let long = signed(
        signer,
        &header(signer),
        &format!(r#"{{"x":"{}"}}"#, "x".repeat(8_000)),
    );
    assert_eq!(
        verify_own_key(&long, &RULES),
        Err(token(JwsProblem::TooLong))
    );
    let good = signed(signer, &header(signer), "{}");
    let twice = signed(signer, &header(signer), r#"{"htm":"GET","htm":"POST"}"#);
    for bad in [
        "",
        "a.b.c",
        "..",
        &format!("{good}.x"),
        &format!("{good}="),
        &twice,
    ] {
        let problem = verify_own_key(bad, &RULES);
        assert_eq!(problem, Err(token(JwsProblem::Malformed)), "{bad}");
    }
}

proptest! {
    #[test]
    fn a_proof_changed_anywhere_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let signer = key(Algorithm::Es256);
        let good = signed(signer, &header(signer), r#"{"jti":"a"}"#);
        let at = at.index(good.len());
        let changed = format!("{}{to}{}", &good[..at], &good[at + 1..]);
        prop_assert_eq!(verify_own_key(&changed, &RULES).is_ok(), changed == good);
    }

    #[test]
    fn no_header_makes_the_check_panic_or_pass(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        jwk in r#"\{("(kty|crv|x|y|n|e|d|alg|use|key_ops)":("EC"|"OKP"|"RSA"|"P-256"|"Ed25519"|"AQAB"|null|\[\])(,|)){0,4}\}"#,
    ) {
        let framed = format!(r#"{{"typ":"dpop+jwt","alg":"ES256","jwk":{jwk}}}"#);
        for header in [bytes.as_slice(), framed.as_bytes()] {
            let token = format!("{}.e30.{}", base64url(header), base64url(&[1; 64]));
            prop_assert!(verify_own_key(&token, &RULES).is_err());
        }
    }
}
