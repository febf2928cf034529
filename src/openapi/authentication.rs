//! The mark that says what an operation demands of a customer's log-in: `x-mortise-authentication`
//! (RFC 9470).

use serde_json::Value;

use crate::marks::{AUTHENTICATION, CLASS, Class};
use crate::problem::{Problems, quoted};
use crate::reference::Site;

/// The members of the mark.
const ACR_VALUES: &str = "acr_values";
const MAX_AGE: &str = "max_age";
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

/// Reads the mark, which may be left out. `None` when something about it is refused.
pub(crate) fn authentication(
    operation: &Site<'_>,
    class: Option<Class>,
    problems: &mut Problems,
) -> Option<Demanded> {
    let Some(mark) = operation.child(AUTHENTICATION) else {
        return Some(Demanded(None));
    };
    if class? == Class::Open {
        problems.add(
            mark.pointer,
            "an `open` operation demands a log-in, which nobody would check",
            format!("remove it, or write `{CLASS}: partner`"),
        );
        return None;
    }
    let mut is_good = mark.value.as_object().is_some_and(|mark| !mark.is_empty());
    if !is_good {
        problems.add(
            &mark.pointer,
            format!("`{AUTHENTICATION}` demands nothing"),
            format!("write `{{ {ACR_VALUES}: [loa2], {MAX_AGE}: 5min }}`, or one of the two"),
        );
    }
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
    let acr_values = mark.child(ACR_VALUES);
    let acr_values = acr_values.map(|values| read_acr_values(&values, problems));
    let max_age = mark.child(MAX_AGE);
    let max_age = max_age.map(|age| read_max_age(&age, problems));
    if !is_good || acr_values == Some(None) || max_age == Some(None) {
        return None;
    }
    Some(Demanded(Some(Authentication {
        acr_values: acr_values.flatten().unwrap_or_default(),
        max_age_s: max_age.flatten(),
    })))
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
             characters other than `\"` and `\\`"
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
            "write a number and `s`, `min` or `h`, at most `24h`",
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
    use crate::sample::{BRANCHES, RATE, assert_problems, assert_read, put, sample};

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
        assert_eq!(demanded(json!({ "acr_values": ["a"] })), of(&["a"], None));
        for (text, seconds) in [("0s", 0), ("90 s", 90), ("24h", 86_400)] {
            assert_eq!(demanded(json!({ "max_age": text })), of(&[], Some(seconds)));
        }
        let plain = ApiDescription::read(&sample()).expect("the sample");
        assert!(
            plain
                .operations
                .iter()
                .all(|one| one.authentication.is_none())
        );
    }

    #[test]
    fn what_cannot_be_demanded_is_told() {
        let at = format!("{RATE}/{AUTHENTICATION}");
        let (acr, age) = (format!("{at}/acr_values"), format!("{at}/max_age"));
        let many: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let nothing = "`x-mortise-authentication` demands nothing";
        let no_list = "`acr_values` is no list of strengths";
        for (mark, pointer, what) in [
            (json!({}), &at, nothing),
            (json!("loa2"), &at, nothing),
            (json!({ "acr_values": [] }), &acr, no_list),
            (json!({ "acr_values": "loa2" }), &acr, no_list),
            (json!({ "acr_values": ["a b"] }), &acr, no_list),
            (json!({ "acr_values": ["a", 2] }), &acr, no_list),
            (json!({ "acr_values": ["a\""] }), &acr, no_list),
            (json!({ "acr_values": many }), &acr, no_list),
            (
                json!({ "max_age": 300 }),
                &age,
                "`max_age` is no time: `300`",
            ),
            (
                json!({ "max_age": "300" }),
                &age,
                "`max_age` is no time: `300`",
            ),
            (
                json!({ "max_age": "25h" }),
                &age,
                "`max_age` is no time: `25h`",
            ),
            (
                json!({ "max_age": "-1s" }),
                &age,
                "`max_age` is no time: `-1s`",
            ),
            (
                json!({ "max_age": "1s", "amr": [] }),
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
