use std::collections::HashSet;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

const EXPECTED: Expected<'_> = Expected {
    client: "app",
    issuer: "https://auth.bank.example",
    now: NOW,
};

fn good() -> Value {
    json!({
        "iss": "app", "client_id": "app", "aud": "https://auth.bank.example",
        "nbf": NOW, "exp": NOW + 60, "scope": "rates",
    })
}

fn check(claims: &Value) -> Result<Claims, ObjectProblem> {
    EXPECTED.check(claims.to_string().as_bytes())
}

#[test]
fn l_03_a_life_is_measured_to_the_second() {
    let lives = |nbf: i64, exp: i64| {
        let mut claims = good();
        claims["nbf"] = (NOW + nbf).into();
        claims["exp"] = (NOW + exp).into();
        check(&claims).map(|_| ())
    };
    let too_long = Err(ObjectProblem::LivesTooLong);
    assert_eq!(lives(0, 3_600), Ok(()));
    assert_eq!(lives(0, 3_601), too_long);
    assert_eq!(lives(-3_600, 0), Ok(()));
    assert_eq!(lives(-3_601, -1), too_long);
    assert_eq!(lives(10, 60), Ok(()));
    let not_yet = ObjectProblem::Times(TimeProblem::NotYet);
    assert_eq!(lives(11, 60), Err(not_yet));
    let expired = ObjectProblem::Times(TimeProblem::Expired);
    assert_eq!(lives(-60, -9), Ok(()));
    assert_eq!(lives(-60, -10), Err(expired));
}

#[test]
fn a_jti_is_remembered_for_as_long_as_its_object_is_taken() {
    let mut claims = good();
    assert_eq!(check(&claims).expect("good").once, None);
    claims["jti"] = "j".into();
    let until = Timestamp::from_second(NOW + 60 + LEEWAY_S).expect("in range");
    let once = check(&claims).expect("good").once;
    assert_eq!(once, Some(("j".to_owned(), until)));
}

#[test]
fn json_and_numbers_come_as_their_text_and_what_is_not_known_does_not_come() {
    let mut claims = good();
    claims["authorization_details"] = json!([{ "type": "payment" }]);
    claims["state"] = json!(7);
    claims["unknown"] = json!(null);
    let parameters = Parameters::of_claims(check(&claims).expect("good").parameters);
    let parameters = parameters.expect("parameters");
    assert_eq!(parameters.get("scope"), Some("rates"));
    assert_eq!(parameters.get("state"), Some("7"));
    let details = parameters.get("authorization_details");
    assert_eq!(details, Some("[{\"type\":\"payment\"}]"));
    claims["state"] = json!(null);
    let claims = check(&claims).expect("good").parameters;
    assert!(Parameters::of_claims(claims).is_none());
}

proptest! {
    #[test]
    fn claims_are_believed_only_when_each_of_them_is(
        iss in "app|other", client in "app|other", aud in "https://auth\\.bank\\.example/?",
        nbf in -4_000_i64..20, exp in -20_i64..4_000, sub in "app|other",
    ) {
        let claims = json!({
            "iss": iss, "client_id": client, "aud": [aud], "sub": sub,
            "nbf": NOW + nbf, "exp": NOW + exp,
        });
        let good = iss == "app" && client == "app" && sub == "other"
            && aud == "https://auth.bank.example"
            && (-3_600..=10).contains(&nbf) && -LEEWAY_S < exp && exp - nbf <= 3_600;
        prop_assert_eq!(check(&claims).is_ok(), good);
    }

    #[test]
    fn no_bytes_make_the_reading_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        claims in r#"\{("(iss|aud|exp|nbf|jti|sub|state)":("app"|1|-1\.5e9|null|\[\]|"é"),?){0,6}\}"#,
    ) {
        fuzz_request_object(&bytes);
        fuzz_request_object(claims.as_bytes());
    }
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/request_object");
    let mut names = HashSet::new();
    let mut good = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let path = entry.expect("a file").path();
        let bytes = std::fs::read(&path).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_request_object(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_request_object(&changed);
        }
        fuzz_request_object(&bytes);
        good += usize::from(EXPECTED.check(&bytes).is_ok());
        names.insert(path);
    }
    assert!(names.len() >= 10, "{names:?}");
    assert!(good >= 4, "the corpus leads to the parameters");
}
