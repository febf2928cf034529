use aws_lc_rs::{hmac, signature};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::encoding::base64url;
use crate::signing_key::SigningKey;
use crate::signing_key::tests::key;

const RULES: Rules = Rules {
    typ: Typ::AbsentOr(&["JWT", "at+jwt"]),
    bytes_max: 8 * 1024,
};
const ALL: [Algorithm; 3] = [Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

fn set(keys: &[&SigningKey]) -> Jwks {
    Jwks::from_keys(keys.iter().map(|key| key.verification_key()).collect())
}

/// A token whose signature holds, with this header and payload, so that only the rule under test
/// can refuse it.
fn signed(key: &SigningKey, header: &str, payload: &str) -> String {
    let (header, payload) = (base64url(header.as_bytes()), base64url(payload.as_bytes()));
    key.sign_parts(&header, &payload).unwrap()
}

fn with_header(key: &SigningKey, members: &str) -> String {
    let alg = key.algorithm();
    signed(key, &format!(r#"{{"alg":"{alg}"{members}}}"#), "{}")
}

fn check(key: &SigningKey, token: &str) -> Result<Verified, JwsProblem> {
    verify(token, &set(&[key]), &RULES)
}

fn refusal(key: &SigningKey, token: &str) -> JwsProblem {
    check(key, token).expect_err(token)
}

#[test]
fn the_es256_token_of_rfc_7515_a3_verifies() {
    let keys = Jwks::parse(
        br#"{"keys":[{"kty":"EC","crv":"P-256",
            "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#,
    )
    .unwrap();
    let token = "eyJhbGciOiJFUzI1NiJ9.\
        eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0\
        cnVlfQ.\
        DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let verified = verify(token, &keys, &RULES).unwrap();
    assert_eq!(verified.kid, None);
    assert_eq!(verified.algorithm, Algorithm::Es256);
    assert_eq!(
        verified.claims,
        b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    );
    let strict = Rules {
        typ: Typ::Exactly(&["JWT"]),
        ..RULES
    };
    assert_eq!(verify(token, &keys, &strict), Err(JwsProblem::Typ));
}

#[test]
fn the_ed25519_signature_of_rfc_8037_a4_holds_but_its_payload_is_no_object() {
    let keys = Jwks::parse(
        br#"{"keys":[{"kty":"OKP","crv":"Ed25519",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let payload = "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let token = |payload| {
        format!(
            "eyJhbGciOiJFZERTQSJ9.{payload}.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4k\
             i4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        )
    };
    assert_eq!(
        verify(&token(payload), &keys, &RULES),
        Err(JwsProblem::Malformed)
    );
    let other = base64url(b"{}");
    assert_eq!(
        verify(&token(&other), &keys, &RULES),
        Err(JwsProblem::Signature)
    );
}

#[test]
fn the_tokens_of_rfc_7515_with_other_algorithms_are_refused() {
    // Appendix A.5, unsecured, and appendix A.1, HS256.
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19y\
                   b290Ijp0cnVlfQ";
    let none = format!("eyJhbGciOiJub25lIn0.{payload}.");
    let hs256 = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.\
         dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    for algorithm in ALL {
        assert_eq!(refusal(key(algorithm), &none), JwsProblem::Algorithm);
        assert_eq!(refusal(key(algorithm), &hs256), JwsProblem::Algorithm);
    }
}

#[test]
fn alg_none_is_refused_in_every_spelling_with_and_without_a_signature() {
    let key = key(Algorithm::Es256);
    for alg in [
        "none", "None", "NONE", "nOnE", "", "es256", "ES256 ", "ES384", "ES256K",
    ] {
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        assert_eq!(
            refusal(key, &signed(key, &header, "{}")),
            JwsProblem::Algorithm,
            "{alg:?}"
        );
        let bare = format!("{}.{}.", base64url(header.as_bytes()), base64url(b"{}"));
        assert_eq!(refusal(key, &bare), JwsProblem::Algorithm, "{alg:?}");
    }
    for header in [
        r"{}",
        r#"{"alg":null}"#,
        r#"{"alg":["ES256"]}"#,
        r#"{"alg":1}"#,
    ] {
        assert_eq!(
            refusal(key, &signed(key, header, "{}")),
            JwsProblem::Malformed,
            "{header}"
        );
    }
}

#[test]
fn a_public_key_is_never_taken_as_the_secret_of_a_mac() {
    for algorithm in ALL {
        let key = key(algorithm);
        let jwk = key.verification_key().to_jwk();
        let member = jwk
            .get("x")
            .or(jwk.get("n"))
            .and_then(Value::as_str)
            .unwrap();
        let secrets = [
            jwk.to_string().into_bytes(),
            from_base64url(member).unwrap(),
        ];
        for secret in secrets {
            let header = json!({"alg": "HS256", "kid": key.kid()}).to_string();
            let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(b"{}"));
            let secret = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            let mac = base64url(hmac::sign(&secret, signed.as_bytes()).as_ref());
            assert_eq!(
                refusal(key, &format!("{signed}.{mac}")),
                JwsProblem::Algorithm
            );
        }
    }
}

#[test]
fn rs256_is_refused_even_when_its_signature_holds() {
    let key = key(Algorithm::Ps256);
    let der = key.to_pkcs8();
    let pair =
        signature::RsaKeyPair::from_pkcs8(secrecy::ExposeSecret::expose_secret(&der)).unwrap();
    let pkcs1_v1_5 = |alg: &str| {
        let header = json!({"alg": alg, "kid": key.kid()}).to_string();
        let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(b"{}"));
        let mut made = vec![0; pair.public_modulus_len()];
        let random = aws_lc_rs::rand::SystemRandom::new();
        pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut made,
        )
        .unwrap();
        format!("{signed}.{}", base64url(&made))
    };
    assert_eq!(refusal(key, &pkcs1_v1_5("RS256")), JwsProblem::Algorithm);
    assert_eq!(refusal(key, &pkcs1_v1_5("PS256")), JwsProblem::Signature);
}

#[test]
fn the_key_pins_the_algorithm() {
    let keys = ALL.map(key);
    for signer in keys {
        for named in keys.iter().filter(|named| named.kid() != signer.kid()) {
            let header = json!({"alg": signer.algorithm().as_str(), "kid": named.kid()});
            let token = signed(signer, &header.to_string(), "{}");
            let all = verify(&token, &set(&keys), &RULES);
            assert_eq!(all, Err(JwsProblem::Algorithm));
            let header = json!({"alg": named.algorithm().as_str(), "kid": named.kid()});
            let token = signed(signer, &header.to_string(), "{}");
            let all = verify(&token, &set(&keys), &RULES);
            assert_eq!(all, Err(JwsProblem::Signature));
        }
    }
    let token = with_header(keys[0], "");
    assert_eq!(
        verify(&token, &set(&keys[1..]), &RULES),
        Err(JwsProblem::Algorithm)
    );
}

#[test]
fn header_members_that_change_the_check_or_bring_a_key_are_refused() {
    let key = key(Algorithm::EdDsa);
    let jwk = format!(r#","jwk":{}"#, key.verification_key().to_jwk());
    for member in [
        r#","crit":[]"#,
        r#","crit":["exp"],"exp":1"#,
        r#","crit":["b64"],"b64":true"#,
        r#","crit":null"#,
        r#","b64":false"#,
        r#","b64":true"#,
        r#","jwk":null"#,
        r#","jku":"https://a.example/jwks""#,
        r#","x5u":"https://a.example/x.pem""#,
        r#","x5c":["MIIB"]"#,
        &jwk,
    ] {
        assert_eq!(
            refusal(key, &with_header(key, member)),
            JwsProblem::Critical,
            "{member}"
        );
    }
    for harmless in [
        r#","x5t#S256":"abc""#,
        r#","cty":"json""#,
        r#","example":{"a":1}"#,
        "",
    ] {
        assert!(
            check(key, &with_header(key, harmless)).is_ok(),
            "{harmless}"
        );
    }
}

#[test]
fn typ_is_compared_without_case_and_prefix_and_nothing_else() {
    let key = key(Algorithm::EdDsa);
    let with_typ = |typ: &str, rule: Typ| {
        let token = with_header(key, &format!(r#","typ":"{typ}""#));
        verify(&token, &set(&[key]), &Rules { typ: rule, ..RULES }).map(|_| ())
    };
    for rule in [Typ::Exactly(&["at+jwt"]), Typ::AbsentOr(&["at+jwt"])] {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/At+Jwt",
        ] {
            assert_eq!(with_typ(typ, rule), Ok(()), "{typ}");
        }
        for typ in [
            "JWT",
            "",
            "at",
            "at+jwt ",
            "at+jwtx",
            "dpop+jwt",
            "application/",
            "text/at+jwt",
            "application/application/at+jwt",
            "é/at+jwt",
        ] {
            assert_eq!(with_typ(typ, rule), Err(JwsProblem::Typ), "{typ}");
        }
    }
    let absent = with_header(key, "");
    let rules = |typ| Rules { typ, ..RULES };
    assert!(verify(&absent, &set(&[key]), &rules(Typ::AbsentOr(&["JWT"]))).is_ok());
    let exactly = verify(&absent, &set(&[key]), &rules(Typ::Exactly(&["JWT"])));
    assert_eq!(exactly, Err(JwsProblem::Typ));
    let none = verify(&absent, &set(&[key]), &rules(Typ::Exactly(&[])));
    assert_eq!(none, Err(JwsProblem::Typ));
    for not_text in ["null", "1", r#"["JWT"]"#] {
        let token = with_header(key, &format!(r#","typ":{not_text}"#));
        assert_eq!(refusal(key, &token), JwsProblem::Malformed);
    }
}

#[test]
fn kid_chooses_the_keys_that_are_tried() {
    let a = SigningKey::generate(Algorithm::Es256).unwrap();
    let b = SigningKey::generate(Algorithm::Es256).unwrap();
    let stored = |key: &SigningKey, kid| {
        let der = key.to_pkcs8();
        let der = secrecy::ExposeSecret::expose_secret(&der);
        SigningKey::from_pkcs8(key.algorithm(), kid, der).unwrap()
    };
    let (same_a, same_b) = (stored(&a, "same"), stored(&b, "same"));
    let ed = stored(key(Algorithm::EdDsa), "same");
    let keys = set(&[&ed, &same_a, &same_b]);
    for signer in [&same_a, &same_b, &ed] {
        let token = signer.sign("JWT", &json!({})).unwrap();
        let verified = verify(&token, &keys, &RULES).unwrap();
        assert_eq!(verified.kid.as_deref(), Some("same"));
        assert!(
            verify(&with_header(signer, ""), &keys, &RULES).is_ok(),
            "no kid: all are tried"
        );
    }
    let unknown = a.sign("JWT", &json!({})).unwrap();
    assert_eq!(verify(&unknown, &keys, &RULES), Err(JwsProblem::UnknownKey));
    assert_eq!(
        verify(&unknown, &set(&[]), &RULES),
        Err(JwsProblem::UnknownKey)
    );
    let other = verify(
        &same_a.sign("JWT", &json!({})).unwrap(),
        &set(&[&same_b]),
        &RULES,
    );
    assert_eq!(other, Err(JwsProblem::Signature));
    for kid in [
        "1",
        "null",
        r#"["same"]"#,
        &format!(r#""{}""#, "k".repeat(257)),
    ] {
        let token = with_header(&same_a, &format!(r#","kid":{kid}"#));
        assert_eq!(verify(&token, &keys, &RULES), Err(JwsProblem::Malformed));
    }
    let empty = with_header(&same_a, r#","kid":"""#);
    assert_eq!(verify(&empty, &keys, &RULES), Err(JwsProblem::UnknownKey));
}

#[test]
fn a_key_without_kid_verifies_only_tokens_without_kid() {
    let signer = key(Algorithm::EdDsa);
    let mut jwk = signer.verification_key().to_jwk();
    jwk.as_object_mut().unwrap().remove("kid");
    let keys = Jwks::from_keys(vec![VerificationKey::from_jwk(&jwk).unwrap()]);
    assert!(verify(&with_header(signer, ""), &keys, &RULES).is_ok());
    let named = signer.sign("JWT", &json!({})).unwrap();
    assert_eq!(verify(&named, &keys, &RULES), Err(JwsProblem::UnknownKey));
}

#[test]
fn a_token_cut_or_changed_anywhere_is_refused() {
    for algorithm in ALL {
        let key = key(algorithm);
        let token = key.sign("JWT", &json!({"iss": "a"})).unwrap();
        assert!(check(key, &token).is_ok());
        for at in 0..token.len() {
            assert!(check(key, &token[..at]).is_err(), "cut at {at}");
            let other = if token.as_bytes()[at] == b'A' {
                "B"
            } else {
                "A"
            };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert!(check(key, &changed).is_err(), "changed at {at}");
        }
    }
}

#[test]
fn only_three_parts_are_a_token() {
    let key = key(Algorithm::EdDsa);
    let token = key.sign("JWT", &json!({})).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "....".to_owned(),
        parts[..2].join("."),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{}", parts[2]),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.a.b.{}.{}", parts[0], parts[1], parts[2]),
        format!(" {token}"),
        format!("{token}\n"),
        json!({"payload": parts[1], "protected": parts[0], "signature": parts[2]}).to_string(),
    ] {
        assert!(check(key, &bad).is_err(), "{bad:?}");
    }
    assert_eq!(
        refusal(key, &format!("{token}.{}", parts[2])),
        JwsProblem::Malformed
    );
}

#[test]
fn a_header_member_that_stands_twice_is_refused() {
    let key = key(Algorithm::EdDsa);
    for header in [
        r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
        r#"{"alg":"none","alg":"EdDSA"}"#,
        r#"{"alg":"EdDSA","\u0061lg":"none"}"#,
        r#"{"alg":"EdDSA","typ":"JWT","typ":"at+jwt"}"#,
        r#"{"alg":"EdDSA","x":1,"x":1}"#,
        r#"{"alg":"EdDSA","x":{"y":1,"y":1}}"#,
    ] {
        assert_eq!(
            refusal(key, &signed(key, header, "{}")),
            JwsProblem::Malformed,
            "{header}"
        );
    }
    for header in [
        "[]",
        "null",
        "\"x\"",
        "",
        r#"{"alg":"EdDSA"}{}"#,
        r#"{"alg":"EdDSA",}"#,
    ] {
        assert_eq!(
            refusal(key, &signed(key, header, "{}")),
            JwsProblem::Malformed,
            "{header}"
        );
    }
}

#[test]
fn claims_are_an_object_in_which_nothing_stands_twice() {
    let key = key(Algorithm::EdDsa);
    let header = r#"{"alg":"EdDSA"}"#;
    for claims in [
        "",
        "[]",
        "null",
        "1",
        "{",
        "{}{}",
        r#"{"aud":"a","aud":"b"}"#,
        r#"{"cnf":{"a":1,"a":2}}"#,
        "\u{feff}{}",
    ] {
        assert_eq!(
            refusal(key, &signed(key, header, claims)),
            JwsProblem::Malformed,
            "{claims}"
        );
    }
    let bytes = key
        .sign_parts(
            &base64url(header.as_bytes()),
            &base64url(&[b'{', 0xff, b'}']),
        )
        .unwrap();
    assert_eq!(refusal(key, &bytes), JwsProblem::Malformed);
    let spaced = check(key, &signed(key, header, " { \"a\" : 1 } ")).unwrap();
    assert_eq!(
        spaced.claims, b" { \"a\" : 1 } ",
        "the bytes come back as they were signed"
    );
}

#[test]
fn every_part_has_one_spelling() {
    for algorithm in ALL {
        let key = key(algorithm);
        let header = base64url(format!(r#"{{"alg":"{algorithm}","x":10}}"#).as_bytes());
        let claims = base64url(br#"{"a":1}"#);
        assert!(check(key, &key.sign_parts(&header, &claims).unwrap()).is_ok());
        for (header, claims) in [
            (format!("{header}="), claims.clone()),
            (header.clone(), format!("{claims}=")),
            (respelled(&header), claims.clone()),
            (header.clone(), respelled(&claims)),
            (header.clone(), format!("{claims}\n")),
        ] {
            let token = key.sign_parts(&header, &claims).unwrap();
            assert_eq!(
                refusal(key, &token),
                JwsProblem::Malformed,
                "{header} {claims}"
            );
        }
        let token = key.sign_parts(&header, &claims).unwrap();
        assert_eq!(refusal(key, &format!("{token}=")), JwsProblem::Malformed);
        let (_, signature) = token.rsplit_once('.').unwrap();
        if signature.len() % 4 != 0 {
            assert_eq!(refusal(key, &respelled(&token)), JwsProblem::Malformed);
        }
    }
}

/// The same bytes to a lax decoder: one of the spare bits of the last character is set.
fn respelled(part: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = part.split_at(part.len() - 1);
    let at = ALPHABET.find(last).unwrap();
    assert_eq!(at % 4, 0, "{part} has no spare bits");
    format!("{rest}{}", &ALPHABET[at + 1..at + 2])
}

#[test]
fn oversize_tokens_and_headers_are_refused() {
    let key = key(Algorithm::EdDsa);
    let token = key.sign("JWT", &json!({"a": 1})).unwrap();
    let limit = |bytes_max| {
        let rules = Rules { bytes_max, ..RULES };
        verify(&token, &set(&[key]), &rules).map(|_| ())
    };
    assert_eq!(limit(token.len()), Ok(()));
    assert_eq!(limit(token.len() - 1), Err(JwsProblem::TooLong));
    let rules = Rules {
        bytes_max: usize::MAX,
        ..RULES
    };
    let header_of = |bytes: usize| {
        let header = r#"{"alg":"EdDSA","x":""}"#;
        let filler = "x".repeat(bytes - header.len());
        with_header(key, &format!(r#","x":"{filler}""#))
    };
    assert!(verify(&header_of(4 * 1024), &set(&[key]), &rules).is_ok());
    for bytes in [4 * 1024 + 1, 4 * 1024 + 2, 4 * 1024 + 3, 1024 * 1024] {
        let long = verify(&header_of(bytes), &set(&[key]), &rules);
        assert_eq!(long, Err(JwsProblem::TooLong), "{bytes}");
    }
}

#[test]
fn signatures_of_the_wrong_form_are_refused() {
    let key = key(Algorithm::Es256);
    let header = base64url(br#"{"alg":"ES256"}"#);
    let signed = format!("{header}.{}", base64url(b"{}"));
    let order = order();
    let der = key.to_pkcs8();
    let der_signature = signature::EcdsaKeyPair::from_pkcs8(
        &signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        secrecy::ExposeSecret::expose_secret(&der),
    )
    .unwrap()
    .sign(&aws_lc_rs::rand::SystemRandom::new(), signed.as_bytes())
    .unwrap();
    for signature in [
        vec![],
        vec![0; 64],
        vec![0xff; 64],
        [order, order].concat(),
        vec![1; 63],
        vec![1; 65],
        der_signature.as_ref().to_vec(),
    ] {
        let token = format!("{signed}.{}", base64url(&signature));
        assert_eq!(refusal(key, &token), JwsProblem::Signature, "{signature:?}");
    }
}

/// The order of P-256 (SEC 2 §2.4.2), big-endian.
fn order() -> [u8; 32] {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    std::array::from_fn(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap())
}

/// RFC 7518 §3.4 knows no greater and no smaller s: half of all honest signatures have the greater.
/// Who has one can make the other, of the same claims; nothing tells a token by its signature: what
/// is used once is known by its `jti`.
#[test]
fn oa_51_of_the_two_signatures_with_one_r_both_are_taken_and_say_the_same() {
    let key = key(Algorithm::Es256);
    let keys = set(&[key]);
    let token = key.sign("JWT", &serde_json::json!({"jti": "one"})).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = crate::encoding::from_base64url(signature).unwrap();
    // n - s, from the last byte on.
    let mut other = signature.clone();
    let mut borrow = 0;
    for (at, of_order) in order().into_iter().enumerate().rev() {
        let left = i16::from(of_order) - i16::from(signature[32 + at]) - borrow;
        borrow = i16::from(left < 0);
        other[32 + at] = u8::try_from(left.rem_euclid(256)).unwrap();
    }
    assert_ne!(other, signature);
    let twin = format!("{signed}.{}", base64url(&other));
    let verified = verify(&token, &keys, &RULES).unwrap();
    assert_eq!(verify(&twin, &keys, &RULES).unwrap(), verified);
}

proptest! {
    #[test]
    fn no_text_makes_verify_panic_or_pass(
        text in ".{0,200}",
        parts in r"[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}",
        header in prop::collection::vec(any::<u8>(), 0..80),
        json in r#"\{"alg":"(ES256|EdDSA|none)","(typ|kid|crit|x)":("JWT"|1|null|\[\]|"é")\}"#,
    ) {
        let keys = set(&[key(Algorithm::Es256), key(Algorithm::EdDsa)]);
        prop_assert!(verify(&text, &keys, &RULES).is_err());
        prop_assert!(verify(&parts, &keys, &RULES).is_err());
        for header in [header.as_slice(), json.as_bytes()] {
            let token = format!("{}.e30.{}", base64url(header), base64url(&[1; 64]));
            prop_assert!(verify(&token, &keys, &RULES).is_err());
        }
    }
}
