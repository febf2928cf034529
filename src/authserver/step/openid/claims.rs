//! `claims`: claims asked for one by one (OIDC Core §5.5; OC-02). What is not known here is passed
//! over, as is what is only wished for and not there.

use serde_json::{Map, Value};

use crate::denied::{Denied, RequestProblem};
use crate::issuer::limits::CLAIMS_BYTES_MAX;
use crate::request::authentication::{Authentication, Wanted};

/// How one claim is asked for (OIDC Core §5.5.1).
struct Asked {
    is_essential: bool,
    /// What it may be; none: anything.
    values: Vec<String>,
}

/// What a request asks for by this parameter.
pub(super) fn read(text: &str) -> Result<Authentication, Denied> {
    document(text).ok_or(Denied::Request(RequestProblem::Claims))
}

fn document(text: &str) -> Option<Authentication> {
    if text.len() > CLAIMS_BYTES_MAX {
        return None;
    }
    let members: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut asks = Authentication::default();
    for (name, member) in &members {
        let wanted = match name.as_str() {
            "id_token" | "userinfo" => of_member(member, &mut asks)?,
            _ => continue,
        };
        match name.as_str() {
            "id_token" => asks.id_token = wanted,
            _ => asks.userinfo = wanted,
        }
    }
    Some(asks)
}

/// What one of the two places is to say; what it must be goes to `asks`.
fn of_member(member: &Value, asks: &mut Authentication) -> Option<Wanted> {
    let mut wanted = Wanted::default();
    let claims = match member {
        Value::Null => return Some(wanted),
        Value::Object(claims) => claims,
        _ => return None,
    };
    for (name, claim) in claims {
        let asked = asked(claim)?;
        let values = asked.values;
        match name.as_str() {
            "auth_time" => wanted.auth_time = true,
            // Whatever it had better be, the token says what it is.
            "openbanking_intent_id" => wanted.openbanking_intent_id = true,
            "acr" => {
                wanted.acr = true;
                if asked.is_essential && !values.is_empty() {
                    asks.essential_acr.push(values);
                }
            }
            // A subject that is named must be the customer's, essential or not.
            "sub" if !values.is_empty() => asks.subjects.push(values),
            _ => {}
        }
    }
    Some(wanted)
}

fn asked(claim: &Value) -> Option<Asked> {
    let members = match claim {
        Value::Null => {
            return Some(Asked {
                is_essential: false,
                values: Vec::new(),
            });
        }
        Value::Object(members) => members,
        _ => return None,
    };
    let is_essential = match members.get("essential") {
        None => false,
        Some(essential) => essential.as_bool()?,
    };
    let several = match members.get("values") {
        None => [].as_slice(),
        Some(values) => values.as_array()?,
    };
    let values = several.iter().chain(members.get("value"));
    // A value that is no text can be no value of a claim that is known here.
    let values = values.filter(|value| !value.is_null()).map(written);
    Some(Asked {
        is_essential,
        values: values.collect(),
    })
}

fn written(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// For fuzzing: reads bytes as the parameter. Whatever they are, nothing panics, and what is
/// essential has values.
pub fn fuzz_claims(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some(asks) = document(text)
    {
        let several = asks.essential_acr.iter().chain(&asks.subjects);
        for values in several {
            assert!(!values.is_empty(), "nothing could be it");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    /// Every file of the corpus, whole, cut anywhere, and with any byte changed.
    #[test]
    fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/claims");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).expect("the corpus") {
            let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
            for at in 0..bytes.len() {
                fuzz_claims(&bytes[..at]);
                let mut changed = bytes.clone();
                changed[at] ^= 1 << (at % 8);
                fuzz_claims(&changed);
            }
            fuzz_claims(&bytes);
            count += 1;
        }
        assert!(count >= 3, "{count} files");
    }

    #[test]
    fn oc_02_known_claims_are_asked_for_and_others_are_passed_over() {
        let text = r#"{
            "id_token": {"auth_time": {"essential": true}, "acr": null, "name": {"value": 7}},
            "userinfo": {"email": null, "acr": {"essential": false, "values": ["a"]}},
            "other": 1
        }"#;
        let asks = read(text).expect("good");
        let (auth_time, acr) = (asks.id_token.auth_time, asks.id_token.acr);
        assert!(auth_time && acr);
        assert!(asks.userinfo.acr && !asks.userinfo.auth_time);
        assert!(!asks.id_token.openbanking_intent_id);
        let intent = r#"{"id_token":{"openbanking_intent_id":{"value":"c-1","essential":true}}}"#;
        let asks_it = read(intent).map(|asks| asks.id_token.openbanking_intent_id);
        assert!(matches!(asks_it, Ok(true)));
        assert!(asks.essential_acr.is_empty(), "only wished for");
        assert!(asks.subjects.is_empty());
        assert_eq!(read("{}").ok(), Some(Authentication::default()));
        let none = r#"{"id_token":null,"userinfo":{}}"#;
        assert_eq!(read(none).ok(), Some(Authentication::default()));
    }

    #[test]
    fn oc_02_what_must_be_is_kept_with_each_of_its_values() {
        let text = r#"{
            "id_token": {"acr": {"essential": true, "values": ["a", "b"]}, "sub": {"value": "s"}},
            "userinfo": {"acr": {"essential": true, "value": "c"}}
        }"#;
        let asks = read(text).expect("good");
        assert_eq!(asks.essential_acr, [vec!["a", "b"], vec!["c"]]);
        assert_eq!(asks.subjects, [["s"]]);
    }

    #[test]
    fn oc_02_what_is_malformed_is_refused_and_so_is_what_is_too_long() {
        for bad in [
            "",
            "[]",
            "null",
            "{",
            r#"{"id_token":1}"#,
            r#"{"id_token":[]}"#,
            r#"{"userinfo":{"acr":"a"}}"#,
            r#"{"userinfo":{"acr":{"essential":"yes"}}}"#,
            r#"{"userinfo":{"acr":{"values":"a"}}}"#,
            r#"{"userinfo":{"name":true}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let long = |length: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(length));
        assert!(read(&long(CLAIMS_BYTES_MAX - 8)).is_ok());
        assert!(read(&long(CLAIMS_BYTES_MAX - 7)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_is_too_much_to_read(text in "\\PC{0,200}") {
            let _ = read(&text);
        }
    }
}
