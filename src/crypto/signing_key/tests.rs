use std::sync::{Arc, OnceLock};

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;
use crate::jwk::Jwks;
use crate::jws::{Rules, Typ, verify};

const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

/// One key per algorithm for all tests: RSA keys take long to make.
pub(crate) fn key(algorithm: Algorithm) -> &'static SigningKey {
    static KEYS: OnceLock<[SigningKey; 3]> = OnceLock::new();
    KEYS.get_or_init(|| ALL.map(|algorithm| SigningKey::generate(algorithm).unwrap()))
        .iter()
        .find(|key| key.algorithm() == algorithm)
        .unwrap()
}

/// `PrivateKeyInfo` (RFC 5208 §5), to find the PKCS #1 key in it.
#[derive(der::Sequence)]
struct PrivateKeyInfo {
    version: u8,
    algorithm: x509_cert::spki::AlgorithmIdentifierOwned,
    key: der::asn1::OctetString,
}

fn pkcs1(key: &SigningKey) -> Vec<u8> {
    let pkcs8 = key.to_pkcs8();
    let info = PrivateKeyInfo::from_der(pkcs8.expose_secret()).unwrap();
    info.key.as_bytes().to_vec()
}

fn accepts(key: &SigningKey, token: &str) -> bool {
    let rules = Rules {
        typ: Typ::AbsentOr(&["JWT"]),
        bytes_max: 8_192,
    };
    verify(
        token,
        &Jwks::from_keys(vec![key.verification_key()]),
        &rules,
    )
    .is_ok()
}

#[test]
fn what_a_key_signs_its_public_part_verifies() {
    for algorithm in ALL {
        let key = key(algorithm);
        let claims = json!({"iss": "a", "n": 1});
        let token = key.sign("at+jwt", &claims).unwrap();
        let rules = Rules {
            typ: Typ::Exactly(&["at+jwt"]),
            bytes_max: 2_048,
        };
        let keys = Jwks::from_keys(vec![key.verification_key()]);
        let verified = verify(&token, &keys, &rules).unwrap();
        assert_eq!(verified.algorithm, algorithm);
        assert_eq!(verified.kid.as_deref(), Some(key.kid()));
        assert_eq!(
            serde_json::from_slice::<Value>(&verified.claims).unwrap(),
            claims
        );
    }
}

#[test]
fn what_is_signed_as_a_key_is_verified_by_the_key_it_brings() {
    for algorithm in ALL {
        let key = key(algorithm);
        let token = key.sign_as_key("dpop+jwt", &json!({ "jti": "1" })).unwrap();
        let rules = Rules {
            typ: Typ::Exactly(&["dpop+jwt"]),
            bytes_max: 8_192,
        };
        let opened = crate::verify_own_key(&token, &rules).unwrap();
        let thumbprint = key.verification_key().thumbprint_bytes();
        assert_eq!(opened.thumbprint, thumbprint);
        assert_eq!(opened.claims, br#"{"jti":"1"}"#);
        let header = crate::from_base64url(token.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        for member in ["alg", "kid", "use", "d"] {
            assert_eq!(header["jwk"].get(member), None, "{member}");
        }
        assert!(key.sign_as_key("dpop+jwt", &json!([])).is_err());
    }
}

#[test]
fn a_key_comes_back_from_pkcs8_as_it_was() {
    for algorithm in ALL {
        let key = key(algorithm);
        let stored = key.to_pkcs8();
        let back = SigningKey::from_pkcs8(algorithm, "mine", stored.expose_secret()).unwrap();
        assert_eq!((back.kid(), back.algorithm()), ("mine", algorithm));
        assert_eq!(back.verification_key().kid(), Some("mine"));
        let thumbprint = key.verification_key().thumbprint().to_owned();
        assert_eq!(back.verification_key().thumbprint(), thumbprint);
        assert_eq!(
            key.kid(),
            thumbprint,
            "the kid of a new key is its thumbprint"
        );
        assert!(accepts(&back, &back.sign("JWT", &json!({})).unwrap()));
    }
}

#[test]
fn bytes_of_another_algorithm_or_none_are_refused() {
    for algorithm in ALL {
        for other in ALL.into_iter().filter(|other| *other != algorithm) {
            let der = key(other).to_pkcs8();
            let problem = SigningKey::from_pkcs8(algorithm, "k", der.expose_secret()).unwrap_err();
            assert!(
                matches!(problem, BadSigningKey::Rejected { .. }),
                "{problem}"
            );
        }
        let der = key(algorithm).to_pkcs8();
        let der = der.expose_secret();
        assert!(SigningKey::from_pkcs8(algorithm, "k", &der[..der.len() - 1]).is_err());
        assert!(SigningKey::from_pkcs8(algorithm, "k", &[]).is_err());
        let no_kid = SigningKey::from_pkcs8(algorithm, "", der).unwrap_err();
        assert!(matches!(no_kid, BadSigningKey::Public(_)), "{no_kid}");
    }
}

#[test]
fn a_pem_file_tells_the_algorithm_and_without_kid_the_thumbprint_is_taken() {
    let kinds = [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Algorithm::Es256),
        (&rcgen::PKCS_RSA_SHA256, Algorithm::Ps256),
        (&rcgen::PKCS_ED25519, Algorithm::EdDsa),
    ];
    for (kind, algorithm) in kinds {
        let file = rcgen::KeyPair::generate_for(kind).unwrap().serialize_pem();
        let key = SigningKey::from_pem(None, file.as_bytes()).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.kid(), key.verification_key().thumbprint());
        let named = SigningKey::from_pem(Some("named"), file.as_bytes()).unwrap();
        assert_eq!(named.kid(), "named");
        assert!(accepts(&key, &key.sign("JWT", &json!({})).unwrap()));
    }
    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let other = SigningKey::from_pem(None, other.serialize_pem().as_bytes());
    assert!(matches!(other, Err(BadSigningKey::Kind)));
    assert!(matches!(
        SigningKey::from_pem(None, b""),
        Err(BadSigningKey::Pem(_))
    ));
}

/// The key of RFC 7515 appendix A.3, as `openssl ec` writes it (SEC 1).
const RFC_7515_A3_PEM: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
";

#[test]
fn older_pem_forms_are_read_too() {
    let ec = SigningKey::from_pem(None, RFC_7515_A3_PEM.as_bytes()).unwrap();
    assert_eq!(
        ec.verification_key().to_jwk()["x"],
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    );
    let rsa = key(Algorithm::Ps256);
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pkcs1(rsa));
    let file = format!("-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----\n");
    let read = SigningKey::from_pem(None, file.as_bytes()).unwrap();
    assert_eq!(read.kid(), rsa.kid());
}

#[test]
fn the_header_has_alg_kid_and_typ_and_nothing_else() {
    let key = key(Algorithm::EdDsa);
    let token = key.sign("at+jwt", &json!({})).unwrap();
    let header = crate::encoding::from_base64url(token.split('.').next().unwrap()).unwrap();
    let expected = format!(r#"{{"alg":"EdDSA","kid":"{}","typ":"at+jwt"}}"#, key.kid());
    assert_eq!(String::from_utf8(header).unwrap(), expected);
}

#[test]
fn only_an_object_is_signed() {
    let key = key(Algorithm::EdDsa);
    for not_object in [json!([1]), json!("text"), json!(1), Value::Null] {
        let failed = key.sign("JWT", &not_object).unwrap_err();
        assert!(matches!(failed, SignFailed::NotAnObject));
    }
    let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
    assert!(matches!(
        key.sign("JWT", &unwritable),
        Err(SignFailed::Claims(_))
    ));
}

#[test]
fn the_ed25519_key_and_signature_are_those_of_rfc_8037_a4() {
    // RFC 8410 §7 around the seed of RFC 8037 appendix A.1.
    let seed =
        crate::encoding::from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    let prefix = [
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    let der = [&prefix[..], &seed].concat();
    let key = SigningKey::from_pkcs8(Algorithm::EdDsa, "k", &der).unwrap();
    let token = key.sign_parts(
        "eyJhbGciOiJFZERTQSJ9",
        "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
    );
    assert_eq!(
        token.unwrap(),
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
         hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn another_implementation_verifies_what_we_sign_and_we_what_it_signs() {
    let text = |jwk: &Value, name: &str| jwk[name].as_str().unwrap().to_owned();
    for algorithm in ALL {
        let key = key(algorithm);
        let jwk = key.verification_key().to_jwk();
        let pkcs8 = key.to_pkcs8();
        let (name, theirs, ours) = match algorithm {
            Algorithm::Es256 => (
                jsonwebtoken::Algorithm::ES256,
                jsonwebtoken::EncodingKey::from_ec_der(pkcs8.expose_secret()),
                jsonwebtoken::DecodingKey::from_ec_components(&text(&jwk, "x"), &text(&jwk, "y")),
            ),
            Algorithm::Ps256 => (
                jsonwebtoken::Algorithm::PS256,
                jsonwebtoken::EncodingKey::from_rsa_der(&pkcs1(key)),
                jsonwebtoken::DecodingKey::from_rsa_components(&text(&jwk, "n"), &text(&jwk, "e")),
            ),
            Algorithm::EdDsa => (
                jsonwebtoken::Algorithm::EdDSA,
                jsonwebtoken::EncodingKey::from_ed_der(pkcs8.expose_secret()),
                jsonwebtoken::DecodingKey::from_ed_components(&text(&jwk, "x")),
            ),
        };
        let claims = json!({"iss": "a", "exp": 4_000_000_000_u64});
        let token = key.sign("JWT", &claims).unwrap();
        let rules = jsonwebtoken::Validation::new(name);
        let read = jsonwebtoken::decode::<Value>(&token, &ours.unwrap(), &rules).unwrap();
        assert_eq!(read.claims, claims);
        let token =
            jsonwebtoken::encode(&jsonwebtoken::Header::new(name), &claims, &theirs).unwrap();
        assert!(accepts(key, &token), "{algorithm}");
    }
}

#[test]
fn a_private_key_does_not_print_itself_and_is_shared_between_threads() {
    let key: Arc<dyn std::fmt::Debug + Send + Sync> =
        Arc::new(SigningKey::from_pem(Some("shown"), RFC_7515_A3_PEM.as_bytes()).unwrap());
    assert_eq!(
        format!("{key:?}"),
        r#"SigningKey { kid: "shown", algorithm: Es256, .. }"#
    );
}
