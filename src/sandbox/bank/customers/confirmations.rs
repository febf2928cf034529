//! One-time codes: a customer confirms values that they see, and no others.
//!
//! `POST /customers/v1/confirmations` begins one over the digest of the values and has six digits
//! sent to the customer; `POST /customers/v1/confirmations/{id}` asks whether what they typed is
//! what they were sent. A code is good for five minutes, for three tries, for the values that it
//! was begun over, and once. Nothing that the bank answers has the code in it: whoever may see it
//! reads the customer's messages ([`Message`]). Stops one who has the person confirm other values
//! (the digest), one who guesses (the tries), and one who uses a code again.
//!
//! A customer has the last eight and no more, so that no flood of them makes the book longer; those
//! that are over go first. Thirty wrong codes of a customer within an hour lock all that is begun
//! for them, so that beginning anew is no way to go on guessing.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crypto::{Random, base64url, random_array, sha256};
use model::Response;

use super::super::body;
use super::super::refused::Refused;
use super::people::{PEOPLE, Person, by_id};

const GOOD_FOR: Duration = Duration::from_mins(5);
const TRIES: u32 = 3;
/// How many are kept of each customer.
const KEPT: usize = 8;
/// The most wrong codes of a customer within an hour.
const FAILURES_MAX: usize = 30;
const HOUR: Duration = Duration::from_hours(1);
/// The longest line that says what is confirmed, in characters.
const LINE_CHARS_MAX: usize = 200;
const METHOD: &str = "one_time_code";
/// Characters that turn the way in which a line runs (Unicode TR 9, §2).
const TURNS: [RangeInclusive<char>; 3] = [
    '\u{200E}'..='\u{200F}',
    '\u{202A}'..='\u{202E}',
    '\u{2066}'..='\u{2069}',
];

/// What is to be confirmed and what was.
pub(crate) struct Confirmations {
    random: Arc<dyn Random>,
    /// One for each of the people.
    books: Mutex<[Book; PEOPLE.len()]>,
}

/// What is kept of a customer, the oldest first.
struct Book {
    list: VecDeque<Confirmation>,
    /// When codes were wrong, within the last hour.
    failures: VecDeque<Timestamp>,
}

/// A message to a customer: the code to type, and for what.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The user name of whom it is for.
    pub customer: &'static str,
    /// What they are called, in English.
    pub name_en: &'static str,
    /// The same in Chinese.
    pub name_zh: &'static str,
    /// Six digits.
    pub code: String,
    /// What is confirmed with it, in English.
    pub line_en: String,
    /// The same in Chinese.
    pub line_zh: String,
    /// When it is good no more.
    pub expires: Timestamp,
}

struct Confirmation {
    id: String,
    /// The digest of the values.
    over: [u8; 32],
    message: Message,
    failures: u32,
    is_used: bool,
}

#[derive(Deserialize)]
struct Wanted {
    customer: String,
    over: String,
    line: Line,
}

#[derive(Deserialize)]
struct Line {
    en: String,
    #[serde(rename = "zh-CN")]
    zh: String,
}

#[derive(Deserialize)]
struct Typed {
    over: String,
    code: String,
}

#[derive(Serialize)]
struct Begun<'a> {
    id: &'a str,
    method: &'static str,
    /// Where the code went, as far as it is shown.
    shown_to: String,
    expires: Timestamp,
    tries_left: u32,
}

/// What the bank says to a code that was typed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Said {
    /// It is theirs, over these values.
    Good {
        method: &'static str,
        at: Timestamp,
        over: String,
        /// What the bank's own books call it.
        reference: String,
    },
    Wrong {
        tries_left: u32,
    },
    /// Too many were wrong.
    Locked,
    Expired,
    /// It was good once already.
    Used,
    /// It was begun over other values: whether the code is right is not said.
    OtherValues,
}

impl Confirmations {
    /// Nothing is to be confirmed yet. Codes are drawn from `random`.
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self {
            random,
            books: Mutex::new([const { Book::new() }; PEOPLE.len()]),
        }
    }

    /// Begins what this body asks for.
    pub(crate) fn begin(&self, sent: &[u8], now: Timestamp) -> Result<Response, Refused> {
        let rule = "must be a JSON object with customer, over and line, which has en and zh-CN";
        let wanted: Wanted = body::object(sent, rule)?;
        let over = digest(&wanted.over)?;
        if !(is_line(&wanted.line.en) && is_line(&wanted.line.zh)) {
            return Err(Refused::Body {
                rule: "must say in a line of 1 to 200 characters what is confirmed",
            });
        }
        let person = by_id(&wanted.customer).ok_or(Refused::NoCustomer)?;
        let begun = self.draw(person, over, wanted.line, now);
        let response = web::json(StatusCode::CREATED, &begun.as_begun(person));
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        books[person.place()].keep(begun, now);
        Ok(response)
    }

    /// Says whether the code in this body is the one that was sent.
    pub(crate) fn check(&self, id: &str, sent: &[u8], now: Timestamp) -> Result<Response, Refused> {
        let rule = "must be a JSON object with over and code, both text";
        let typed: Typed = body::object(sent, rule)?;
        let over = digest(&typed.over)?;
        let reference = base64url(&random_array::<16>(&*self.random));
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = PEOPLE.iter().zip(books.iter_mut());
        let found = all.find_map(|(person, book)| {
            let place = book.list.iter().position(|one| one.id == id)?;
            Some((person, book, place))
        });
        let unknown = || Refused::Unknown {
            what: "confirmation",
            id: id.chars().take(64).collect(),
        };
        let (person, book, place) = found.ok_or_else(unknown)?;
        if book.is_locked(now) {
            return Ok(web::json(StatusCode::OK, &Said::Locked));
        }
        let confirmation = book.list.get_mut(place).ok_or_else(unknown)?;
        let failures = confirmation.failures;
        let said = confirmation.judge(person.fails, over, &typed.code, reference, now);
        if confirmation.failures > failures {
            book.failures.push_back(now);
        }
        Ok(web::json(StatusCode::OK, &said))
    }

    /// The messages whose codes are good at the moment, customer by customer, the newest last.
    pub(crate) fn messages(&self, now: Timestamp) -> Vec<Message> {
        let books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let all = books.iter().flat_map(|book| &book.list);
        let live = all.filter(|one| one.ended(now).is_none());
        live.map(|one| one.message.clone()).collect()
    }

    fn draw(
        &self,
        person: &'static Person,
        over: [u8; 32],
        line: Line,
        now: Timestamp,
    ) -> Confirmation {
        // Of 2^64 numbers, those that are cut short weigh nothing: no code is likelier.
        let drawn = u64::from_be_bytes(random_array::<8>(&*self.random));
        Confirmation {
            id: base64url(&random_array::<16>(&*self.random)),
            over,
            message: Message {
                customer: person.user_name,
                name_en: person.name.en,
                name_zh: person.name.zh,
                code: format!("{:06}", drawn % 1_000_000),
                line_en: line.en,
                line_zh: line.zh,
                expires: now.saturating_add(GOOD_FOR).unwrap_or(Timestamp::MAX),
            },
            failures: 0,
            is_used: false,
        }
    }
}

impl Book {
    const fn new() -> Self {
        Self {
            list: VecDeque::new(),
            failures: VecDeque::new(),
        }
    }

    /// Keeps one more; where there is no room, one that is over goes, or the oldest.
    fn keep(&mut self, begun: Confirmation, now: Timestamp) {
        if self.list.len() == KEPT {
            let over = self.list.iter().position(|one| one.ended(now).is_some());
            self.list.remove(over.unwrap_or_default());
        }
        self.list.push_back(begun);
    }

    /// Whether so many codes were wrong that none is looked at.
    fn is_locked(&mut self, now: Timestamp) -> bool {
        let is_old = |at: &Timestamp| now.duration_since(*at).unsigned_abs() >= HOUR;
        while self.failures.front().is_some_and(is_old) {
            self.failures.pop_front();
        }
        self.failures.len() >= FAILURES_MAX
    }
}

impl Confirmation {
    fn as_begun(&self, person: &Person) -> Begun<'_> {
        let end = sha256(person.user_name.as_bytes());
        let end = u16::from_be_bytes([end[0], end[1]]) % 10_000;
        Begun {
            id: &self.id,
            method: METHOD,
            shown_to: format!("*** **** {end:04}"),
            expires: self.message.expires,
            tries_left: TRIES,
        }
    }

    /// Why no code is good for it any more.
    fn ended(&self, now: Timestamp) -> Option<Said> {
        if self.is_used {
            Some(Said::Used)
        } else if self.failures >= TRIES {
            Some(Said::Locked)
        } else if now >= self.message.expires {
            Some(Said::Expired)
        } else {
            None
        }
    }

    /// Judges a try. `fails` is how often what is right is taken for wrong.
    fn judge(
        &mut self,
        fails: u32,
        over: [u8; 32],
        typed: &str,
        reference: String,
        now: Timestamp,
    ) -> Said {
        if let Some(ended) = self.ended(now) {
            return ended;
        }
        if over != self.over {
            return Said::OtherValues;
        }
        let codes = (
            sha256(typed.as_bytes()),
            sha256(self.message.code.as_bytes()),
        );
        if crypto::equal(&codes.0, &codes.1) && self.failures >= fails {
            self.is_used = true;
            return Said::Good {
                method: METHOD,
                at: now,
                over: base64url(&self.over),
                reference,
            };
        }
        self.failures += 1;
        match TRIES.saturating_sub(self.failures) {
            0 => Said::Locked,
            tries_left => Said::Wrong { tries_left },
        }
    }
}

/// Says for whom, not what: what is printed may end in a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("customer", &self.customer)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// A SHA-256 digest, as it is sent: base64url.
fn digest(text: &str) -> Result<[u8; 32], Refused> {
    let digest = crypto::from_base64url(text).and_then(|bytes| bytes.try_into().ok());
    digest.ok_or(Refused::Body {
        rule: "must name in over the SHA-256 of the values, in base64url",
    })
}

/// Whether a text is one line that looks as it is: nothing in it moves what stands around it.
fn is_line(text: &str) -> bool {
    let turns = |c: char| TURNS.iter().any(|turns| turns.contains(&c));
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let chars = text.chars().count();
    (1..=LINE_CHARS_MAX).contains(&chars) && !text.chars().any(|c| turns(c) || breaks(c))
}

#[cfg(test)]
mod tests;
