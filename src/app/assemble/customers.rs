//! Who a customer is, asked of one of the bank's services.
//!
//! `POST` to the service's path, with `{"user_name", "password"}`. It answers 200 with
//! `{"customer", "shown", "acr"?}`, 401 with `{"tries_left"}`, or 423 with `{"locked_until"}`
//! (RFC 3339). Members that are not named here are passed over; whatever else comes is no answer:
//! another status, a member that is missing, stands twice or is of another type, a value out of
//! its bounds, more than 16 KiB.
//!
//! The service knows its caller by the certificate of mutual TLS. An identity assertion says which
//! partner calls; here nobody calls but the bank's own customer, so there is none.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use model::ports::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
use model::{Clock, InteractionId, RequestId, Response};
use upstream::{Terms, Upstream};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// A `sub` has no more (OpenID Connect Core §2); an `acr` gets no more.
const NAME_CHARS_MAX: usize = 255;
const SHOWN_CHARS_MAX: usize = 200;

/// The customers of a bank that lets one of its services judge log-ins.
pub(crate) struct BankCustomers {
    upstream: Arc<Upstream>,
    path: PathAndQuery,
    clock: Arc<dyn Clock>,
}

/// What the bank is asked.
#[derive(Serialize)]
struct Question<'a> {
    user_name: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Known {
    customer: String,
    shown: String,
    acr: Option<String>,
}

#[derive(Deserialize)]
struct Wrong {
    tries_left: u32,
}

#[derive(Deserialize)]
struct Locked {
    locked_until: Timestamp,
}

/// What is wrong with an answer. It quotes nothing of it: who answers the password back must not
/// bring it into a log.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error("its status is {0}")]
    Status(u16),
    #[error("it is not the JSON object that goes with its status {0}")]
    Shape(u16),
    #[error("its member {0} is out of bounds")]
    Bounds(&'static str),
}

impl BankCustomers {
    /// Asks `upstream` at `path`. Its clock is the one that `upstream` was made with.
    pub(crate) fn new(upstream: Arc<Upstream>, path: PathAndQuery, clock: Arc<dyn Clock>) -> Self {
        Self {
            upstream,
            path,
            clock,
        }
    }

    async fn ask(
        &self,
        question: &Question<'_>,
        request: RequestId,
        interaction: &InteractionId,
        deadline: Duration,
    ) -> Result<LogIn, CustomersUnavailable> {
        let body = serde_json::to_vec(question).map_err(because("writing the question"))?;
        let head = || {
            let mut asked = http::Request::new(());
            *asked.method_mut() = Method::POST;
            *asked.uri_mut() = Uri::from(self.path.clone());
            let headers = asked.headers_mut();
            headers.insert(CONTENT_TYPE, JSON);
            headers.insert(ACCEPT, JSON);
            let ids = [
                (REQUEST_ID, request.text().as_str().parse()),
                (INTERACTION_ID, interaction.as_str().parse()),
            ];
            for (name, id) in ids {
                headers.extend(id.ok().map(|id: HeaderValue| (name, id)));
            }
            asked
        };
        let terms = Terms {
            deadline: self.clock.monotonic().saturating_add(deadline),
            // The bank counts tries: none is made twice.
            has_no_effect: false,
        };
        let answer = self.upstream.send(head, model::full(body), terms).await;
        let answer = answer.map_err(because("asking the bank"))?;
        read(answer).await
    }
}

impl CustomerAuth for BankCustomers {
    fn log_in<'a>(
        &'a self,
        user_name: &'a str,
        password: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        async move {
            let question = Question {
                user_name,
                password,
            };
            // The upstream's deadline ends with the answer's head; this one with its last byte.
            let asked = self.ask(&question, request, interaction, deadline);
            tokio::time::timeout(deadline, asked)
                .await
                .unwrap_or_else(|late| Err(because("waiting for the whole answer")(late)))
        }
        .boxed()
    }
}

async fn read(answer: Response) -> Result<LogIn, CustomersUnavailable> {
    let (head, body) = answer.into_parts();
    let status = head.status;
    if ![StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::LOCKED].contains(&status) {
        return Err(unfit(Unfit::Status(status.as_u16())));
    }
    let body = Limited::new(body, ANSWER_BYTES_MAX).boxed_unsync();
    let body = body
        .collect()
        .await
        .map_err(|source| CustomersUnavailable {
            doing: "reading the answer",
            source: Some(source),
        })?;
    understand(status, &body.to_bytes()).map_err(unfit)
}

/// What an answer says.
fn understand(status: StatusCode, body: &[u8]) -> Result<LogIn, Unfit> {
    match status {
        StatusCode::OK => known(object(status, body)?).map(LogIn::Known),
        StatusCode::UNAUTHORIZED => match object(status, body)? {
            Wrong { tries_left: 0 } => Err(Unfit::Bounds("tries_left")),
            Wrong { tries_left } => Ok(LogIn::Wrong { tries_left }),
        },
        StatusCode::LOCKED => {
            object(status, body).map(|Locked { locked_until }| LogIn::LockedUntil(locked_until))
        }
        other => Err(Unfit::Status(other.as_u16())),
    }
}

fn known(said: Known) -> Result<Customer, Unfit> {
    let is_name = |text: &str| {
        (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !is_name(&said.customer) {
        return Err(Unfit::Bounds("customer"));
    }
    let shown = said.shown.chars().take(SHOWN_CHARS_MAX + 1).count();
    if !(1..=SHOWN_CHARS_MAX).contains(&shown) || said.shown.chars().any(char::is_control) {
        return Err(Unfit::Bounds("shown"));
    }
    if !said.acr.as_deref().is_none_or(is_name) {
        return Err(Unfit::Bounds("acr"));
    }
    Ok(Customer {
        subject: said.customer,
        shown: said.shown,
        acr: said.acr,
    })
}

/// Reads one JSON object; serde would take an array of the members' values as well.
fn object<'de, T: Deserialize<'de>>(status: StatusCode, body: &'de [u8]) -> Result<T, Unfit> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    let read = is_object.then(|| serde_json::from_slice(body).ok());
    read.flatten().ok_or(Unfit::Shape(status.as_u16()))
}

fn unfit(unfit: Unfit) -> CustomersUnavailable {
    because("understanding the answer")(unfit)
}

fn because<E: Error + Send + Sync + 'static>(
    doing: &'static str,
) -> impl FnOnce(E) -> CustomersUnavailable {
    move |source| CustomersUnavailable {
        doing,
        source: Some(source.into()),
    }
}

#[cfg(test)]
mod tests;
