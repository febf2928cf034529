//! What a partner asks for, read strictly: what is not known here, and what is ours to say, is
//! refused (CO-18).

use jiff::Timestamp;
use jiff::civil::Date;
use model::{Refusal, ScopeSet};
use serde_json::{Map, Value};

use crate::lodged::Lodged;
use crate::openid::is_openid;

/// The longest text of a member that is one word, in bytes.
const WORD_BYTES_MAX: usize = 256;

/// What is asked for, in words that have been read.
#[derive(Debug)]
pub(super) struct Asks {
    pub(super) scopes: ScopeSet,
    pub(super) lodged: Lodged,
}

impl Asks {
    /// Reads a body.
    ///
    /// Errors: the first thing that is not as it must be, and where it stands.
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let value = crypto::strict_json(body);
        let Ok(Value::Object(mut members)) = value else {
            let what = "The body must be one JSON object, in which no member stands twice.";
            return Err(invalid("", what));
        };
        let scopes = scopes(text(&mut members, "scope")?)?;
        let details = details(&mut members)?;
        let mut lodged = Lodged::of(&scopes, &details);
        lodged.purpose = text(&mut members, "purpose")?;
        lodged.expires = expires(text(&mut members, "expires_at")?)?;
        lodged.data_from = day(text(&mut members, "data_from")?, "/data_from")?;
        lodged.data_until = day(text(&mut members, "data_until")?, "/data_until")?;
        lodged.per_day_unattended = count(&mut members)?;
        if let (Some(from), Some(until)) = (lodged.data_from, lodged.data_until)
            && until < from
        {
            let what = "The last day of the data is before the first.";
            return Err(invalid("/data_until", what));
        }
        match members.keys().next() {
            None => Ok(Self { scopes, lodged }),
            Some(unknown) => {
                let name: String = unknown.chars().take(WORD_BYTES_MAX).collect();
                let name = name.replace('~', "~0").replace('/', "~1");
                let what = "There is no such member, or it is not a partner's to set.";
                Err(invalid(format!("/{name}"), what))
            }
        }
    }
}

/// What is not as it must be, and where.
pub(super) fn invalid(pointer: impl Into<String>, what: &'static str) -> Refusal {
    let pointer = pointer.into();
    Refusal::RequestInvalid { pointer, what }
}

fn text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match members.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("/{name}"), "It must be a text.")),
    }
}

fn scopes(text: Option<String>) -> Result<ScopeSet, Refusal> {
    let wrong = |what| invalid("/scope", what);
    let text = text.ok_or_else(|| wrong("It must be there: the scopes that are asked for."))?;
    let scopes = ScopeSet::parse(&text);
    let scopes = scopes.map_err(|_| wrong("It must be 1 to 64 scopes, with single blanks."))?;
    if scopes.is_empty() {
        return Err(wrong("It must be 1 to 64 scopes, with single blanks."));
    }
    if scopes.iter().any(is_openid) {
        return Err(wrong(
            "`openid` opens no data: it is asked for at the authorization endpoint.",
        ));
    }
    Ok(scopes)
}

/// The details as the text of an array.
fn details(members: &mut Map<String, Value>) -> Result<String, Refusal> {
    match members.remove("authorization_details") {
        None => Ok("[]".to_owned()),
        Some(value @ Value::Array(_)) => Ok(value.to_string()),
        Some(_) => {
            let what = "It must be an array of authorization details (RFC 9396).";
            Err(invalid("/authorization_details", what))
        }
    }
}

/// An instant in whole seconds, as a grant's end is.
fn expires(text: Option<String>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text else {
        return Ok(None);
    };
    let at = text.parse::<Timestamp>().ok();
    let at = at.and_then(|at| Timestamp::from_second(at.as_second()).ok());
    let what = "It must be an instant such as `2027-01-31T00:00:00Z` (RFC 3339).";
    at.filter(|_| text.len() <= WORD_BYTES_MAX)
        .map(Some)
        .ok_or_else(|| invalid("/expires_at", what))
}

fn day(text: Option<String>, pointer: &'static str) -> Result<Option<Date>, Refusal> {
    let Some(text) = text else {
        return Ok(None);
    };
    // Of the many ways to write a day, one.
    let is_plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = text.parse::<Date>().ok().filter(|_| is_plain);
    let what = "It must be a day such as `2026-12-31` (RFC 3339).";
    day.map(Some).ok_or_else(|| invalid(pointer, what))
}

fn count(members: &mut Map<String, Value>) -> Result<Option<u32>, Refusal> {
    let name = "per_day_unattended";
    let Some(value) = members.remove(name) else {
        return Ok(None);
    };
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    let what = "It must be a whole number from 0.";
    count
        .map(Some)
        .ok_or_else(|| invalid(format!("/{name}"), what))
}

/// For fuzzing: reads bytes as what a partner asks for. Whatever they are, nothing panics, and what
/// is read is read back as it is kept.
pub fn fuzz_wish(bytes: &[u8]) {
    let Ok(asks) = Asks::read(bytes) else {
        return;
    };
    let kept = asks.lodged.kept().unwrap_or_default();
    let again = serde_json::from_slice::<Lodged>(&kept);
    assert_eq!(again.ok(), Some(asks.lodged), "read back as it was kept");
}
