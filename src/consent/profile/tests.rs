use proptest::prelude::*;
use serde_json::json;

use super::*;

fn base() -> Value {
    json!({
        "separate_consent": "sensitive",
        "review_page": "own_step",
        "recipient_contact": "required",
        "lifetime": "P180D",
        "reauthentication": "P90D",
        "reminder": "P30D",
        "per_day_unattended": 4,
        "statuses": {
            "requested": "AWAU", "reviewing": "AWAU", "confirming": "AWAU", "authorised": "AUTH",
            "refused": "RJCT", "lapsed": "RJCT", "expired": "EXPD", "withdrawn": "CANC",
            "superseded": "CANC",
        },
    })
}

fn told(value: &Value) -> Vec<String> {
    let problems = ProfileRules::read(value).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn a_profile_says_what_was_written() {
    let rules = ProfileRules::read(&base()).expect("nothing is wrong");
    assert_eq!(rules.separate_consent, SeparateConsent::Sensitive);
    assert_eq!(rules.review_page, ReviewPage::OwnStep);
    assert!(rules.recipient_contact);
    assert_eq!(
        (
            rules.lifetime_max_days,
            rules.reauth_days,
            rules.remind_days
        ),
        (180, Some(90), 30)
    );
    assert_eq!(rules.per_day_unattended, 4);
    for state in ConsentState::ALL {
        assert_eq!(rules.status(state), base()["statuses"][state.as_str()]);
    }

    let mut other = base();
    other["separate_consent"] = json!("none");
    other["review_page"] = json!("with_second_factor");
    other["recipient_contact"] = json!("optional");
    other["reauthentication"] = json!("none");
    let rules = ProfileRules::read(&other).expect("nothing is wrong");
    assert_eq!(rules.separate_consent, SeparateConsent::None);
    assert_eq!(rules.review_page, ReviewPage::WithFactor);
    assert_eq!((rules.recipient_contact, rules.reauth_days), (false, None));
}

#[test]
fn every_key_is_written() {
    let keys: Vec<String> = base()
        .as_object()
        .expect("a mapping")
        .keys()
        .cloned()
        .collect();
    for key in keys {
        let mut less = base();
        less.as_object_mut().expect("a mapping").remove(&key);
        assert_eq!(
            told(&less),
            [format!(
                ": missing: `{key}`; add `{key}`: it has no default"
            )]
        );
    }
    for state in ConsentState::ALL.map(ConsentState::as_str) {
        let mut less = base();
        less["statuses"]
            .as_object_mut()
            .expect("a mapping")
            .remove(state);
        let expected = format!("/statuses: missing: `{state}`; add `{state}`: it has no default");
        assert_eq!(told(&less), [expected]);
    }
}

#[test]
fn what_is_wrong_is_told_where_it_stands() {
    let apart = "what is asked for, what lives and what has ended must be told apart";
    let status = "1 to 64 characters of A-Z, a-z, 0-9 and '_'";
    for (pointer, value, expected) in [
        (
            "/separate_consent",
            json!("sensible"),
            "unknown word: `sensible`; one of: sensitive, none".to_owned(),
        ),
        (
            "/review_page",
            json!(true),
            "no text; write a text".to_owned(),
        ),
        (
            "/recipient_contact",
            json!("no"),
            "unknown word: `no`; one of: required, optional".to_owned(),
        ),
        (
            "/lifetime",
            json!("P367D"),
            "too long: 367 days; at most 366: P366D".to_owned(),
        ),
        (
            "/lifetime",
            json!("none"),
            "no number of days: `none`; write P1D to P3650D, such as P30D for 30 days".to_owned(),
        ),
        (
            "/reauthentication",
            json!("P181D"),
            "too long: 181 days; at most 180: P180D".to_owned(),
        ),
        (
            "/reminder",
            json!("P181D"),
            "too long: 181 days; at most 180: P180D".to_owned(),
        ),
        (
            "/per_day_unattended",
            json!(-1),
            "no number that is allowed here; write a whole number from 0 to 10000".to_owned(),
        ),
        (
            "/per_day_unattended",
            json!(10_001),
            "no number that is allowed here; write a whole number from 0 to 10000".to_owned(),
        ),
        (
            "/statuses/consumed",
            json!("COND"),
            format!(
                "unknown key: `consumed`; the keys here: {}",
                ConsentState::ALL.map(ConsentState::as_str).join(", ")
            ),
        ),
        (
            "/statuses/lapsed",
            json!(""),
            format!("no status: ``; {status}"),
        ),
        (
            "/statuses/lapsed",
            json!("已过期"),
            format!("no status: `已过期`; {status}"),
        ),
        // A dead consent is not called as a live one, nor as one still to be decided.
        (
            "/statuses/withdrawn",
            json!("AUTH"),
            format!("the status of `authorised` too: `AUTH`; {apart}"),
        ),
        (
            "/statuses/lapsed",
            json!("AWAU"),
            format!("the status of `requested` too: `AWAU`; {apart}"),
        ),
        (
            "/statuses/authorised",
            json!("AWAU"),
            format!("the status of `requested` too: `AWAU`; {apart}"),
        ),
    ] {
        let mut changed = base();
        let (parent, key) = pointer.rsplit_once('/').expect("a member");
        let parent = changed.pointer_mut(parent).expect("a parent");
        parent
            .as_object_mut()
            .expect("a mapping")
            .insert(key.to_owned(), value);
        assert_eq!(told(&changed), [format!("{pointer}: {expected}")]);
    }
}

#[test]
fn the_profiles_that_are_built_in_have_their_names() {
    let names: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["cn-pipl", "uk-obie"]);
}

proptest! {
    #[test]
    fn no_profile_makes_a_dead_consent_look_alive(
        names in prop::array::uniform9(prop::sample::select(vec!["A", "B", "C", "D"])),
    ) {
        let mut value = base();
        for (state, name) in ConsentState::ALL.iter().zip(names) {
            value["statuses"][state.as_str()] = json!(name);
        }
        let (undecided, rest) = names.split_at(3);
        let (live, ended) = rest.split_at(1);
        let shares = |one: &[&str], other: &[&str]| one.iter().any(|name| other.contains(name));
        let is_mixed = shares(undecided, live) || shares(live, ended) || shares(undecided, ended);
        prop_assert_eq!(ProfileRules::read(&value).is_err(), is_mixed);
    }
}
