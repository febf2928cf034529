//! The bank's customers, and how they log in: `POST /customers/v1/log-in`.
//!
//! They do so with their password. `wu-otp-fail` fails twice with the right one, and the third time
//! it is good. `zheng-minor` is let in with no password, and is told nothing else than whoever
//! types a wrong one.
//!
//! Five wrong passwords in a row lock a name for 15 minutes of the bank's clock. A name that is
//! nobody's counts, locks and answers as any other, so that no answer tells who is a customer.
//! Partners have no business here, and no assertion names one: the gateway is known by its
//! certificate, and asks for whoever sits before its log-in page.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crypto::sha256;
use model::Response;

use super::body;
use super::refused::Refused;

mod confirmations;
mod holding;
mod people;

pub(crate) use confirmations::Confirmations;
pub use confirmations::Message;
pub(crate) use holding::{Holder, Holding, Kind, State, Words};
pub(crate) use people::{PEOPLE, Person, by_id};

/// The user names of the model bank's customers.
pub const CUSTOMERS: [&str; PEOPLE.len()] = {
    let mut names = [""; PEOPLE.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = PEOPLE[at].user_name;
        at += 1;
    }
    names
};
/// The password of every customer of the model bank. No secret: it guards made-up people.
pub const PASSWORD: &str = "mortise-demo";

const TRIES: u32 = 5;
const LOCKED_FOR: Duration = Duration::from_mins(15);
/// Pages in the book of failures. All names have their page by their hash, so that no flood of
/// names makes the book longer or has one torn out; two with one page share their lock.
const PAGES: usize = 4_096;

/// What is remembered of log-ins that failed.
pub(super) struct Customers {
    /// One for each page: [`PAGES`].
    failures: Mutex<Vec<Failures>>,
}

/// Those of one page, since the last that was good.
#[derive(Clone, Copy, Default)]
struct Failures {
    in_a_row: u32,
    locked_until: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Asked {
    user_name: String,
    password: String,
}

/// How strongly a customer proves who they are: by what they know (OIDC Core §2, `acr`).
const ACR: &str = "urn:harbour:password";

/// What the bank says to a name and a password.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Said {
    Known {
        customer: String,
        shown: &'static str,
        /// How they prove who they are.
        acr: &'static str,
    },
    Wrong {
        tries_left: u32,
    },
    Locked {
        locked_until: Timestamp,
    },
}

impl Customers {
    /// Nobody has failed yet.
    pub(super) fn new() -> Self {
        Self {
            failures: Mutex::new(vec![Failures::default(); PAGES]),
        }
    }

    /// Answers whoever wants to log in by this body.
    pub(super) fn log_in(&self, sent: &[u8], now: Timestamp) -> Result<Response, Refused> {
        let rule = "must be a JSON object with user_name and password, both text";
        let asked = body::object(sent, rule)?;
        Ok(self.judge(&asked, now).into_response())
    }

    fn judge(&self, asked: &Asked, now: Timestamp) -> Said {
        // As long for a name that is nobody's as for one that is somebody's.
        let digests = (
            sha256(asked.password.as_bytes()),
            sha256(PASSWORD.as_bytes()),
        );
        let is_password = crypto::equal(&digests.0, &digests.1);
        let found = people::by_user_name(&asked.user_name);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let page = &mut failures[page_of(&asked.user_name)];
        if let Some(locked_until) = page.locked_until.filter(|until| now < *until) {
            return Said::Locked { locked_until };
        }
        if page.locked_until.is_some() {
            *page = Failures::default();
        }
        if let Some(person) = found
            && is_password
            && page.in_a_row >= person.fails
        {
            *page = Failures::default();
            return Said::Known {
                customer: person.id(),
                shown: person.user_name,
                acr: ACR,
            };
        }
        page.in_a_row += 1;
        match TRIES.saturating_sub(page.in_a_row) {
            0 => {
                let until = now.saturating_add(LOCKED_FOR).unwrap_or(Timestamp::MAX);
                page.locked_until = Some(until);
                Said::Locked {
                    locked_until: until,
                }
            }
            tries_left => Said::Wrong { tries_left },
        }
    }
}

impl Said {
    fn into_response(self) -> Response {
        match self {
            Self::Known { .. } => web::json(StatusCode::OK, &self),
            Self::Wrong { .. } => {
                let mut response = web::json(StatusCode::UNAUTHORIZED, &self);
                // RFC 9110 §15.5.2: a 401 carries a challenge.
                let challenge = HeaderValue::from_static("Customer-Password realm=\"harbour\"");
                response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
                response
            }
            Self::Locked { .. } => web::json(StatusCode::LOCKED, &self),
        }
    }
}

fn page_of(user_name: &str) -> usize {
    let digest = sha256(user_name.as_bytes());
    usize::from(u16::from_be_bytes([digest[0], digest[1]])) % PAGES
}

#[cfg(test)]
mod tests;
