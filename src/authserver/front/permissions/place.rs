//! Addresses below the list: what is looked at there, and what is come back to after a log-in, or
//! in the other language.

use std::fmt::Write as _;

use model::ports::Look;
use web::Form;

use super::super::Turned;
use super::repeated;
use crate::request::escaped;

/// The longest place that is come back to, in bytes; of a longer one the query is left out.
const PLACE_BYTES_MAX: usize = 500;
/// What of a query says what is looked at.
const SAID: [&str; 3] = ["search", "page", "after"];

/// An address below the list with what is looked for there: letters of an address alone, at most
/// 500 bytes. The default is the list.
#[derive(Clone, Default)]
pub(super) struct Place(String);

impl Place {
    /// Where this is looked at; the list where nothing is.
    pub(super) fn of(below: &str, query: &Form) -> Self {
        if !is_plain(below) || matches!(below, "log-in" | "log-out") {
            return Self::default();
        }
        let mut place = Self(below.to_owned());
        for name in SAID {
            if let Some(said) = query.only(name).ok().flatten() {
                let joint = place.joint();
                // Writing to a string does not fail.
                let _ = write!(place.0, "{joint}{name}={}", escaped(said));
            }
        }
        if place.0.len() > PLACE_BYTES_MAX {
            place.0.truncate(below.len());
        }
        place
    }

    /// Reads one back.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (below, query) = text.split_once('?').unwrap_or((text, ""));
        let query = Form::parse(query.as_bytes()).ok()?;
        is_plain(below).then(|| Self::of(below, &query))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What joins another parameter to it.
    pub(super) fn joint(&self) -> char {
        if self.0.contains('?') { '&' } else { '?' }
    }
}

/// Whether an address below the list has signs that ids and words of ours have, and no other: none
/// of them leads out of the list.
fn is_plain(below: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/');
    below.len() <= super::BELOW_BYTES_MAX
        && below.bytes().all(fits)
        && !below.starts_with('/')
        && !below.contains("//")
}

/// What is looked at, at an address below the list; `None` where nothing is.
pub(super) fn look<'q>(below: &'q str, query: &'q Form) -> Result<Option<Look<'q>>, Turned> {
    let page = query.only("page").map_err(|_| repeated())?;
    let page = page.and_then(|page| page.parse().ok()).unwrap_or(1);
    let after = query.only("after").map_err(|_| repeated())?;
    let after = after.unwrap_or_default();
    let search = query.only("search").map_err(|_| repeated())?;
    let search = search.unwrap_or_default();
    Ok(match below.split_once('/') {
        None if below.is_empty() => Some(Look::List { search, page }),
        None if below == "history" => Some(Look::History { page }),
        None => Some(Look::One { id: below, after }),
        Some((id, "withdraw")) => Some(Look::Withdrawal(id)),
        Some((id, "receipt")) => Some(Look::Receipt(id)),
        Some(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(below: &str, query: &str) -> String {
        let query = Form::parse(query.as_bytes()).expect("a form");
        Place::of(below, &query).0
    }

    #[test]
    fn a_place_keeps_what_is_looked_for_and_nothing_else() {
        for (below, query, kept) in [
            ("", "", ""),
            (
                "",
                "page=2&search=%E8%BF%85+%26",
                "?search=%E8%BF%85%20%26&page=2",
            ),
            (
                "history",
                "page=3&ui_locales=en&format=json",
                "history?page=3",
            ),
            (
                "AbC-_9/withdraw",
                "to=https://evil.example",
                "AbC-_9/withdraw",
            ),
            ("no%20id", "page=2", ""),
            ("..", "", ""),
            ("/evil.example", "", ""),
            ("a//b", "", ""),
            ("log-in", "page=2", ""),
            ("log-out", "", ""),
        ] {
            assert_eq!(place(below, query), kept, "{below}?{query}");
            let read = Place::parse(kept).expect("one of ours");
            assert_eq!(read.as_str(), kept);
        }
        let long = format!("page=2&search={}", "x".repeat(600));
        assert_eq!(place("history", &long), "history");
    }

    #[test]
    fn what_leads_elsewhere_is_no_place() {
        for other in [
            "https://evil.example",
            "//evil.example",
            "../authorize",
            "a b",
            "\\r",
        ] {
            assert!(Place::parse(other).is_none(), "{other}");
        }
        let read = Place::parse("history?page=2&next=x").expect("one");
        assert_eq!(read.as_str(), "history?page=2");
    }
}
