use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// The key of RFC 7638 §3.1, without the `alg` that it has there (RS256).
fn rfc_7638() -> Value {
    json!({
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS\
              oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65\
              YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr\
              dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK\
              nqDKgw",
        "e": "AQAB",
        "kid": "2011-04-29"
    })
}

/// The public key of RFC 7515 appendix A.3.
fn rfc_7515_a3() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    })
}

/// The public key of RFC 8037 appendix A.2.
fn rfc_8037_a2() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
}

fn all() -> [Value; 3] {
    [rfc_7638(), rfc_7515_a3(), rfc_8037_a2()]
}

fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
    jwk[name] = value.into();
    jwk
}

fn without(mut jwk: Value, name: &str) -> Value {
    jwk.as_object_mut().unwrap().remove(name);
    jwk
}

fn refused(jwk: &Value) -> BadJwk {
    VerificationKey::from_jwk(jwk).expect_err(&jwk.to_string())
}

#[test]
fn thumbprints_are_those_of_rfc_7638_and_rfc_8037() {
    let rsa = VerificationKey::from_jwk(&rfc_7638()).unwrap();
    assert_eq!(
        rsa.thumbprint(),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
    let ed = VerificationKey::from_jwk(&rfc_8037_a2()).unwrap();
    assert_eq!(
        ed.thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
    let ec = VerificationKey::from_jwk(&rfc_7515_a3()).unwrap();
    // RFC 7638 §3.3 with the members of RFC 7518 §6.2; computed with jsonwebtoken below.
    let oracle: jsonwebtoken::jwk::Jwk = serde_json::from_value(rfc_7515_a3()).unwrap();
    let oracle = oracle.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256);
    assert_eq!(ec.thumbprint(), oracle.unwrap());
}

#[test]
fn what_is_written_is_public_and_reads_back_as_the_same_key() {
    for jwk in all() {
        let key = VerificationKey::from_jwk(&with(jwk.clone(), "kid", "k1")).unwrap();
        let written = key.to_jwk();
        assert_eq!(written["use"], "sig");
        assert_eq!(written["alg"], key.algorithm().as_str());
        assert_eq!(written["kid"], "k1");
        for (name, value) in without(jwk, "kid").as_object().unwrap() {
            assert_eq!(&written[name], value);
        }
        let again = VerificationKey::from_jwk(&written).unwrap();
        assert_eq!(again.to_jwk(), written);
        assert_eq!(again.thumbprint(), key.thumbprint());
        assert!(!format!("{key:?}").contains("ParsedPublicKey"));
    }
}

#[test]
fn alg_must_be_the_one_of_the_key() {
    let cases = [
        (rfc_7638(), Algorithm::Ps256, &["PS256"][..]),
        (rfc_7515_a3(), Algorithm::Es256, &["ES256"]),
        (rfc_8037_a2(), Algorithm::EdDsa, &["EdDSA", "Ed25519"]),
    ];
    for (jwk, fitting, good) in cases {
        assert_eq!(
            VerificationKey::from_jwk(&jwk).unwrap().algorithm(),
            fitting
        );
        for alg in [
            "PS256", "ES256", "EdDSA", "Ed25519", "RS256", "HS256", "none", "RSA-OAEP", "",
        ] {
            let read = VerificationKey::from_jwk(&with(jwk.clone(), "alg", alg));
            if good.contains(&alg) {
                assert_eq!(read.unwrap().algorithm(), fitting);
            } else {
                assert_eq!(read.unwrap_err(), BadJwk::Algorithm { fitting }, "{alg}");
            }
        }
        let not_text = refused(&with(jwk, "alg", Value::Null));
        assert_eq!(not_text, BadJwk::Member { name: "alg" });
    }
}

#[test]
fn a_key_for_another_purpose_is_refused() {
    for jwk in all() {
        assert_eq!(refused(&with(jwk.clone(), "use", "enc")), BadJwk::Purpose);
        assert_eq!(refused(&with(jwk.clone(), "use", "SIG")), BadJwk::Purpose);
        let not_text = refused(&with(jwk.clone(), "use", 1));
        assert_eq!(not_text, BadJwk::Member { name: "use" });
        assert_eq!(
            refused(&with(jwk.clone(), "key_ops", json!(["encrypt"]))),
            BadJwk::Purpose
        );
        assert!(
            VerificationKey::from_jwk(&with(jwk.clone(), "key_ops", json!(["verify"]))).is_ok()
        );
        assert!(VerificationKey::from_jwk(&with(jwk, "use", "sig")).is_ok());
    }
}

#[test]
fn private_and_symmetric_keys_are_refused_whatever_the_member_holds() {
    for jwk in all() {
        for name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"] {
            let problem = refused(&with(jwk.clone(), name, Value::Null));
            assert_eq!(problem, BadJwk::Private { name });
        }
    }
    assert_eq!(refused(&json!({"kty": "oct"})), BadJwk::Kind);
    let secret = json!({"kty": "oct", "k": "AAAA"});
    assert_eq!(refused(&secret), BadJwk::Private { name: "k" });
}

#[test]
fn rsa_keys_are_of_2048_to_8192_bits() {
    let modulus = |bytes: usize, first: u8| {
        let mut n = vec![0x5b; bytes];
        (n[0], n[bytes - 1]) = (first, 0x01);
        with(rfc_7638(), "n", base64url(&n))
    };
    assert_eq!(refused(&modulus(128, 0x80)), BadJwk::RsaSize { bits: 1024 });
    assert_eq!(refused(&modulus(256, 0x7f)), BadJwk::RsaSize { bits: 2047 });
    assert_eq!(
        refused(&modulus(1025, 0x01)),
        BadJwk::RsaSize { bits: 8193 }
    );
    assert!(VerificationKey::from_jwk(&modulus(256, 0x80)).is_ok());
    assert!(VerificationKey::from_jwk(&modulus(1024, 0x80)).is_ok());
}

#[test]
fn rsa_numbers_that_make_no_safe_key_are_refused() {
    for exponent in [
        &[1][..],
        &[3],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[1, 0, 2],
        &[1; 9],
        &[1; 300],
    ] {
        let problem = refused(&with(rfc_7638(), "e", base64url(exponent)));
        assert_eq!(problem, BadJwk::Numbers, "{exponent:?}");
    }
    let mut even = from_base64url(rfc_7638()["n"].as_str().unwrap()).unwrap();
    *even.last_mut().unwrap() &= 0xfe;
    assert_eq!(
        refused(&with(rfc_7638(), "n", base64url(&even))),
        BadJwk::Numbers
    );
}

#[test]
fn numbers_have_one_spelling() {
    let n = from_base64url(rfc_7638()["n"].as_str().unwrap()).unwrap();
    let zero_first = base64url(&[&[0], &n[..]].concat());
    let problem = refused(&with(rfc_7638(), "n", zero_first));
    assert_eq!(problem, BadJwk::Member { name: "n" });
    for e in ["AQAB=", "AQAB ", "", "AAEAAQ"] {
        let problem = refused(&with(rfc_7638(), "e", e));
        assert_eq!(problem, BadJwk::Member { name: "e" }, "{e:?}");
    }
    for jwk in [rfc_7515_a3(), rfc_8037_a2()] {
        for bytes in [0, 31, 33] {
            let problem = refused(&with(jwk.clone(), "x", base64url(&vec![1; bytes])));
            assert_eq!(problem, BadJwk::Member { name: "x" });
        }
        // The last character carries four bits that belong to no byte.
        let x = jwk["x"].as_str().unwrap();
        let last = if x.ends_with('U') { 'V' } else { 'p' };
        let second_spelling = format!("{}{last}", &x[..x.len() - 1]);
        let problem = refused(&with(jwk, "x", second_spelling));
        assert_eq!(problem, BadJwk::Member { name: "x" });
    }
}

#[test]
fn a_point_off_the_curve_is_refused() {
    let y = base64url(&[7; 32]);
    assert_eq!(refused(&with(rfc_7515_a3(), "y", y)), BadJwk::Numbers);
    let zeros = with(rfc_7515_a3(), "x", base64url(&[0; 32]));
    assert_eq!(
        refused(&with(zeros, "y", base64url(&[0; 32]))),
        BadJwk::Numbers
    );
}

#[test]
fn other_kinds_and_curves_are_refused() {
    for crv in ["P-384", "P-521", "secp256k1", "p-256", "Ed25519"] {
        assert_eq!(
            refused(&with(rfc_7515_a3(), "crv", crv)),
            BadJwk::Kind,
            "{crv}"
        );
    }
    for crv in ["Ed448", "X25519", "P-256"] {
        assert_eq!(
            refused(&with(rfc_8037_a2(), "crv", crv)),
            BadJwk::Kind,
            "{crv}"
        );
    }
    assert_eq!(refused(&with(rfc_7638(), "kty", "AKP")), BadJwk::Kind);
    for (jwk, names) in
        all()
            .into_iter()
            .zip([&["kty", "n", "e"], &["crv", "x", "y"], &["kty", "crv", "x"]])
    {
        for name in names {
            assert_eq!(
                refused(&without(jwk.clone(), name)),
                BadJwk::Member { name }
            );
            let problem = refused(&with(jwk.clone(), name, 7));
            assert_eq!(problem, BadJwk::Member { name });
        }
    }
    for not_object in [json!([]), json!("x"), Value::Null] {
        assert_eq!(refused(&not_object), BadJwk::Json);
    }
}

#[test]
fn a_kid_is_a_text_of_1_to_256_bytes() {
    let bad = BadJwk::Member { name: "kid" };
    assert_eq!(refused(&with(rfc_7515_a3(), "kid", "")), bad);
    assert_eq!(refused(&with(rfc_7515_a3(), "kid", "k".repeat(257))), bad);
    assert_eq!(refused(&with(rfc_7515_a3(), "kid", 1)), bad);
    let longest = with(rfc_7515_a3(), "kid", "k".repeat(256));
    assert!(VerificationKey::from_jwk(&longest).is_ok());
}

#[test]
fn a_set_keeps_its_order_and_may_repeat_a_kid() {
    let keys = all().map(|jwk| with(jwk, "kid", "same"));
    let set = Jwks::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    let algorithms: Vec<_> = set.keys().iter().map(VerificationKey::algorithm).collect();
    assert_eq!(
        algorithms,
        [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa]
    );
    let again = Jwks::parse(set.to_json().to_string().as_bytes()).unwrap();
    assert_eq!(again.to_json(), set.to_json());
    assert_eq!(
        Jwks::from_keys(set.keys().to_vec()).to_json(),
        set.to_json()
    );
}

#[test]
fn a_set_has_1_to_20_usable_keys_in_32_kib() {
    let parse = |set: &Value| Jwks::parse(set.to_string().as_bytes());
    let of = |count: usize| json!({ "keys": vec![rfc_8037_a2(); count] });
    assert!(parse(&of(1)).is_ok());
    assert!(parse(&of(20)).is_ok());
    let keys_max = 20;
    assert_eq!(
        parse(&of(0)).unwrap_err(),
        BadJwk::Count { keys: 0, keys_max }
    );
    assert_eq!(
        parse(&of(21)).unwrap_err(),
        BadJwk::Count { keys: 21, keys_max }
    );
    let padded = |bytes| {
        let set = of(1).to_string();
        format!("{set}{}", " ".repeat(bytes - set.len()))
    };
    assert!(Jwks::parse(padded(32 * 1024).as_bytes()).is_ok());
    let bytes_max = 32 * 1024;
    let long = Jwks::parse(padded(32 * 1024 + 1).as_bytes()).unwrap_err();
    assert_eq!(long, BadJwk::TooLong { bytes_max });
    let one_bad = json!({"keys": [rfc_8037_a2(), with(rfc_8037_a2(), "use", "enc")]});
    assert_eq!(
        parse(&one_bad).unwrap_err(),
        BadJwk::Key {
            index: 1,
            source: Box::new(BadJwk::Purpose)
        }
    );
    let keys = BadJwk::Member { name: "keys" };
    assert_eq!(parse(&json!({})).unwrap_err(), keys);
    assert_eq!(parse(&json!({"keys": {}})).unwrap_err(), keys);
    assert_eq!(parse(&json!([])).unwrap_err(), BadJwk::Json);
}

#[test]
fn a_set_with_a_member_twice_is_refused() {
    let key = rfc_8037_a2().to_string();
    let twice = format!(r#"{{"keys":[{key}],"keys":[{key}]}}"#);
    assert_eq!(Jwks::parse(twice.as_bytes()).unwrap_err(), BadJwk::Json);
    let inside = format!(
        r#"{{"keys":[{}]}}"#,
        key.replacen('{', r#"{"crv":"X25519","#, 1)
    );
    assert_eq!(Jwks::parse(inside.as_bytes()).unwrap_err(), BadJwk::Json);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = Jwks::parse(&bytes);
    }

    #[test]
    fn no_numbers_make_the_reader_panic(
        n in prop::collection::vec(any::<u8>(), 0..300),
        e in prop::collection::vec(any::<u8>(), 0..12),
        x in any::<[u8; 32]>(),
        y in any::<[u8; 32]>(),
    ) {
        let (n, e) = (base64url(&n), base64url(&e));
        let _ = VerificationKey::from_jwk(&json!({"kty": "RSA", "n": n, "e": e}));
        let _ = VerificationKey::from_jwk(&with(rfc_7638(), "e", e));
        let (x, y) = (base64url(&x), base64url(&y));
        let off = VerificationKey::from_jwk(&json!({"kty": "EC", "crv": "P-256", "x": x, "y": y}));
        prop_assert_eq!(off.unwrap_err(), BadJwk::Numbers);
        let _ = VerificationKey::from_jwk(&json!({"kty": "OKP", "crv": "Ed25519", "x": x}));
    }
}

#[test]
fn a_certificate_for_a_key_has_its_subject_public_key_info() {
    for algorithm in [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa] {
        let key = crate::SigningKey::generate(algorithm).expect("generates");
        let pkcs8 = key.to_pkcs8();
        let pair = rcgen::KeyPair::try_from(pkcs8.expose_secret()).expect("a key pair");
        let params = rcgen::CertificateParams::default();
        let certificate = params.self_signed(&pair).expect("a certificate");
        let facts = crate::certificate_facts(certificate.der()).expect("readable");
        assert_eq!(
            key.verification_key().to_spki(),
            facts.spki,
            "{algorithm:?}"
        );
        let other = crate::SigningKey::generate(algorithm).expect("generates");
        assert_ne!(other.verification_key().to_spki(), facts.spki);
    }
}
