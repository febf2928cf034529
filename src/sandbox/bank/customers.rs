//! The bank's customers, and how they log in: `POST /customers/v1/log-in`.
//!
//! There are three so far, who can log in and nothing else. `li-lei` and `han-meimei` do so with
//! their password. `wu-otp-fail` fails twice with the right one, and the third time it is good: the
//! password is all the authentication that this bank has, so that is where it fails.
//!
//! Five wrong passwords in a row lock a name for 15 minutes of the bank's clock. A name that is
//! nobody's counts, locks and answers as any other, so that no answer tells who is a customer.
//! Partners have no business here, and no assertion names one: the gateway is known by its
//! certificate, and asks for whoever sits before its log-in page.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crypto::sha256;
use model::{Request, Response};

use super::refused::Refused;

/// Where they log in.
pub(super) const PATH: &str = "/customers/v1/log-in";
/// The user names of the model bank's customers.
pub const CUSTOMERS: [&str; 3] = ["li-lei", "han-meimei", "wu-otp-fail"];
/// The password of every customer of the model bank. No secret: it guards made-up people.
pub const PASSWORD: &str = "mortise-demo";

/// The one whose right password fails so often.
const FAILS: (&str, u32) = ("wu-otp-fail", 2);
const TRIES: u32 = 5;
const LOCKED_FOR: Duration = Duration::from_mins(15);
const BODY_BYTES_MAX: usize = 16 * 1024;
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

    /// Reads who wants to log in, and answers.
    pub(super) async fn log_in(
        &self,
        request: Request,
        now: Timestamp,
    ) -> Result<Response, Refused> {
        if request.method() != http::Method::POST {
            return Err(Refused::Method { allow: "POST" });
        }
        let kind = request.headers().get(CONTENT_TYPE);
        if kind.is_none_or(|kind| kind.as_bytes() != b"application/json") {
            return Err(Refused::Body {
                rule: "must be application/json",
            });
        }
        let body = Limited::new(request.into_body(), BODY_BYTES_MAX).boxed_unsync();
        let body = body.collect().await.map_err(|_| Refused::Body {
            rule: "must come whole, and be at most 16 KiB long",
        })?;
        let body = body.to_bytes();
        // Of an array serde would take the items for the members.
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        let asked = is_object.then(|| serde_json::from_slice::<Asked>(&body).ok());
        let asked = asked.flatten().ok_or(Refused::Body {
            rule: "must be a JSON object with user_name and password, both text",
        })?;
        Ok(self.judge(&asked, now).into_response())
    }

    fn judge(&self, asked: &Asked, now: Timestamp) -> Said {
        // As long for a name that is nobody's as for one that is somebody's.
        let digests = (
            sha256(asked.password.as_bytes()),
            sha256(PASSWORD.as_bytes()),
        );
        let is_password = crypto::equal(&digests.0, &digests.1);
        let mut customers = (101..).zip(CUSTOMERS);
        let found = customers.find(|(_, name)| *name == asked.user_name);
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let page = &mut failures[page_of(&asked.user_name)];
        if let Some(locked_until) = page.locked_until.filter(|until| now < *until) {
            return Said::Locked { locked_until };
        }
        if page.locked_until.is_some() {
            *page = Failures::default();
        }
        let fails_yet = asked.user_name == FAILS.0 && page.in_a_row < FAILS.1;
        if let Some((number, shown)) = found
            && is_password
            && !fails_yet
        {
            *page = Failures::default();
            return Said::Known {
                customer: format!("harbour-{number:06}"),
                shown,
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
