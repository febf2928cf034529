//! The mark that says what an operation demands of a customer's log-in: `x-mortise-authentication`
//! (RFC 9470). It is written from `partner` up, and so are both its members: a lost line demands no
//! less.

use serde_json::Value;

use crate::marks::{AUTHENTICATION, CLASS, Class, NONE};
use crate::problem::{Problems, quoted};
use crate::reference::Site;

/// The members of the mark.
const ACR_VALUES: &str = "acr_values";
const MAX_AGE: &str = "max_age";
/// What a member says that demands nothing.
const ANY: &str = "any";
/// How the mark may be written.
const EXAMPLE: &str = "{ acr_values: [loa2], max_age: 5min }";
/// The most values of `acr_values`, and bytes of each.
const ACR_VALUES_MAX: usize = 8;
const ACR_BYTES_MAX: usize = 128;
/// The longest `max_age`, in seconds: a day.
const MAX_AGE_S_MAX: u64 = 24 * 60 * 60;

/// What an operation demands of the log-in of the customer who granted the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// Which `acr` are enough, the preferred first; empty where any is. Each 1 to 128 visible ASCII
    /// characters other than `"` and `\`.
    pub acr_values: Vec<String>,
    /// How many seconds it may be ago, at most a day.
    pub max_age_s: Option<u64>,
}

/// What is demanded; nothing, mostly.
#[derive(Debug)]
pub(crate) struct Demanded(pub(crate) Option<Authentication>);

/// Reads the mark: demanded from `partner` up, refused on `open`. `None` means that there is a
/// problem, or that the class is not known.
pub(crate) fn authentication(
    operation: &Site<'_>,
    class: Option<Class>,
    problems: &mut Problems,
) -> Option<Demanded> {
    let Some(mark) = operation.child(AUTHENTICATION) else {
        if class? == Class::Open {
            return Some(Demanded(None));
        }
        problems.add(
            &operation.pointer,
            format!("the operation has no `{AUTHENTICATION}`, which its class demands"),
            format!(
                "write `{NONE}`, or what it demands of the customer's log-in: `{EXAMPLE}`, either \
                 of them `{ANY}`"
            ),
        );
        return None;
    };
    if class? == Class::Open {
        problems.add(
            mark.pointer,
            "an `open` operation demands a log-in, which nobody would check",
            format!("remove it, or write `{CLASS}: partner`"),
        );
        return None;
    }
    if mark.value.as_str() == Some(NONE) {
        return Some(Demanded(None));
    }
    let (acr_values, max_age_s) = members(&mark, problems)?;
    if acr_values.is_empty() && max_age_s.is_none() {
        problems.add(
            &mark.pointer,
            format!("`{AUTHENTICATION}` demands nothing"),
            format!("write `{NONE}`, or one of the two: `{EXAMPLE}`"),
        );
        return None;
    }
    Some(Demanded(Some(Authentication {
        acr_values,
        max_age_s,
    })))
}

/// Both members; where one is `any`, none and no time.
fn members(mark: &Site<'_>, problems: &mut Problems) -> Option<(Vec<String>, Option<u64>)> {
    if !mark.value.is_object() {
        problems.add(
            &mark.pointer,
            format!("`{AUTHENTICATION}` is neither `{NONE}` nor an object"),
            format!("write `{NONE}`, or `{EXAMPLE}`, either of them `{ANY}`"),
        );
        return None;
    }
    let mut is_good = true;
    for (key, member) in mark.members() {
        if ![ACR_VALUES, MAX_AGE].contains(&key) {
            is_good = false;
            problems.add(
                member.pointer,
                format!("unknown member: {}", quoted(key)),
                format!("there are `{ACR_VALUES}` and `{MAX_AGE}`"),
            );
        }
    }
    let mut member = |name: &str| {
        let member = mark.child(name);
        if member.is_none() {
            problems.add(
                &mark.pointer,
                format!("`{AUTHENTICATION}` has no `{name}`"),
                format!("write `{name}: {ANY}` where nothing is demanded of it"),
            );
        }
        member
    };
    let (acr_values, max_age) = (member(ACR_VALUES), member(MAX_AGE));
    let is_any = |site: &Site<'_>| site.value.as_str() == Some(ANY);
    let acr_values = acr_values.and_then(|values| {
        if is_any(&values) {
            return Some(Vec::new());
        }
        read_acr_values(&values, problems)
    });
    let max_age = max_age.and_then(|age| {
        if is_any(&age) {
            return Some(None);
        }
        read_max_age(&age, problems).map(Some)
    });
    Some((acr_values?, max_age?)).filter(|_| is_good)
}

fn read_acr_values(values: &Site<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    let is_acr = |text: &&str| {
        let is_legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        (1..=ACR_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_legal)
    };
    let items = values
        .value
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let read: Vec<String> = items
        .iter()
        .filter_map(|item| item.as_str().filter(is_acr).map(str::to_owned))
        .collect();
    if (1..=ACR_VALUES_MAX).contains(&read.len()) && read.len() == items.len() {
        return Some(read);
    }
    problems.add(
        &values.pointer,
        format!("`{ACR_VALUES}` is no list of strengths"),
        format!(
            "write 1 to {ACR_VALUES_MAX} texts, each of 1 to {ACR_BYTES_MAX} visible ASCII \
             characters other than `\"` and `\\`; or `{ANY}`"
        ),
    );
    None
}

fn read_max_age(age: &Site<'_>, problems: &mut Problems) -> Option<u64> {
    let read = age.value.as_str().and_then(seconds);
    if read.is_none() {
        problems.add(
            &age.pointer,
            format!("`{MAX_AGE}` is no time: {}", quoted(&shown(age.value))),
            format!("write a number and `s`, `min` or `h`, at most `24h`; or `{ANY}`"),
        );
    }
    read
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn seconds(text: &str) -> Option<u64> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(unit)?;
    let unit = match unit.trim_start() {
        "s" => 1,
        "min" => 60,
        "h" => 60 * 60,
        _ => return None,
    };
    let seconds = count.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds <= MAX_AGE_S_MAX).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ApiDescription;
    use crate::sample::{
        BALANCE, BRANCHES, PAYMENT, RATE, assert_problems, assert_read, put, sample, without,
    };

    fn marked(operation: &str, mark: Value) -> Value {
        let mut document = sample();
        put(
            &mut document,
            &format!("{operation}/{AUTHENTICATION}"),
            mark,
        );
        document
    }

    fn demanded(mark: Value) -> Option<Authentication> {
        let operations = assert_read(&marked(RATE, mark)).operations;
        let mut named = operations.into_iter().filter(|one| one.id == "readRate");
        named.next().expect("the operation").authentication
    }

    #[test]
    fn a_strength_an_age_or_both_may_be_demanded() {
        let of = |acr: &[&str], max_age_s| {
            let acr_values = acr.iter().map(|acr| (*acr).to_owned()).collect();
            Some(Authentication {
                acr_values,
                max_age_s,
            })
        };
        let both = json!({ "acr_values": ["urn:a", "b"], "max_age": "5min" });
        assert_eq!(demanded(both), of(&["urn:a", "b"], Some(300)));
        let strong = json!({ "acr_values": ["a"], "max_age": "any" });
        assert_eq!(demanded(strong), of(&["a"], None));
        for (text, seconds) in [("0s", 0), ("90 s", 90), ("24h", 86_400)] {
            let recent = json!({ "acr_values": "any", "max_age": text });
            assert_eq!(demanded(recent), of(&[], Some(seconds)));
        }
        assert_eq!(demanded(json!("none")), None);
        let plain = ApiDescription::read(&sample()).expect("the sample");
        assert!(
            plain
                .operations
                .iter()
                .all(|one| one.authentication.is_none())
        );
    }

    #[test]
    fn an_operation_above_open_says_what_it_demands() {
        let mark = format!("/{AUTHENTICATION}");
        for operation in [RATE, BALANCE, PAYMENT] {
            let missing =
                "the operation has no `x-mortise-authentication`, which its class demands";
            let without = without(&format!("{operation}{mark}"));
            assert_problems(&without, &[(operation, missing)]);
        }
    }

    #[test]
    fn what_cannot_be_demanded_is_told() {
        let at = format!("{RATE}/{AUTHENTICATION}");
        let (acr, age) = (format!("{at}/acr_values"), format!("{at}/max_age"));
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let nothing = "`x-mortise-authentication` demands nothing";
        let no_list = "`acr_values` is no list of strengths";
        let with_age = |acr_values: Value| json!({ "acr_values": acr_values, "max_age": "1s" });
        let with_acr = |age: Value| json!({ "acr_values": "any", "max_age": age });
        let no_object = "`x-mortise-authentication` is neither `none` nor an object";
        for (mark, pointer, what) in [
            (
                json!({ "acr_values": "any", "max_age": "any" }),
                &at,
                nothing,
            ),
            (json!("loa2"), &at, no_object),
            (json!("any"), &at, no_object),
            (json!(null), &at, no_object),
            (json!([]), &at, no_object),
            (
                json!({ "acr_values": ["a"] }),
                &at,
                "`x-mortise-authentication` has no `max_age`",
            ),
            (
                json!({ "max_age": "1s" }),
                &at,
                "`x-mortise-authentication` has no `acr_values`",
            ),
            (with_age(json!([])), &acr, no_list),
            (with_age(json!("loa2")), &acr, no_list),
            (with_age(json!("none")), &acr, no_list),
            (with_age(json!(["a b"])), &acr, no_list),
            (with_age(json!(["a", 2])), &acr, no_list),
            (with_age(json!(["a\""])), &acr, no_list),
            (with_age(json!(many)), &acr, no_list),
            (with_acr(json!(300)), &age, "`max_age` is no time: `300`"),
            (with_acr(json!("300")), &age, "`max_age` is no time: `300`"),
            (with_acr(json!("25h")), &age, "`max_age` is no time: `25h`"),
            (with_acr(json!("-1s")), &age, "`max_age` is no time: `-1s`"),
            (
                json!({ "acr_values": "any", "max_age": "1s", "amr": [] }),
                &format!("{at}/amr"),
                "unknown member: `amr`",
            ),
        ] {
            assert_problems(&marked(RATE, mark), &[(pointer, what)]);
        }
        let open = format!("{BRANCHES}/{AUTHENTICATION}");
        assert_problems(
            &marked(BRANCHES, json!({ "max_age": "1s" })),
            &[(
                &open,
                "an `open` operation demands a log-in, which nobody would check",
            )],
        );
    }
}
