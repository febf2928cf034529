//! How a service of the bank's is asked about a customer: one `POST` of a JSON object, with the ids
//! by which the bank's log and ours can be laid side by side. It knows its caller by the
//! certificate of mutual TLS. An identity assertion says which partner calls; here nobody calls but
//! the bank's own customer, so there is none.
//!
//! Members of an answer that are not named are passed over; whatever else comes is no answer:
//! another status, a member that is missing, stands twice or is of another type, a value out of its
//! bounds, more bytes than are read. Nothing of a question or an answer stands in an error.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize};

use model::ports::CustomersUnavailable;
use model::{Clock, InteractionId, RequestId, Response};
use upstream::{Terms, Upstream};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A service, and what its upstream was made with.
pub(super) struct Service {
    upstream: Arc<Upstream>,
    clock: Arc<dyn Clock>,
}

/// In which request of ours the service is asked, and how long it is waited for.
pub(super) struct In<'a> {
    pub(super) request: RequestId,
    pub(super) interaction: &'a InteractionId,
    /// Until the last byte of the answer.
    pub(super) deadline: Duration,
}

/// What counts as an answer.
pub(super) struct Expects<T> {
    /// With which statuses it comes.
    pub(super) statuses: &'static [StatusCode],
    /// How many bytes of it are read.
    pub(super) bytes_max: usize,
    /// What one of these says.
    pub(super) understand: fn(StatusCode, &[u8]) -> Result<T, Unfit>,
}

/// What is wrong with an answer. It quotes nothing of it: who answers a password or a code back
/// must not bring it into a log.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("its status is {0}")]
    Status(u16),
    #[error("it is not the JSON object that goes with its status {0}")]
    Shape(u16),
    #[error("its member {0} is out of bounds")]
    Bounds(&'static str),
}

impl Service {
    /// Asked by `upstream`. Its clock is the one that `upstream` was made with.
    pub(super) fn new(upstream: Arc<Upstream>, clock: Arc<dyn Clock>) -> Self {
        Self { upstream, clock }
    }

    /// Asks once, at this path. Resolves within the deadline, counted from the first poll.
    pub(super) async fn ask<T>(
        &self,
        path: &PathAndQuery,
        question: &impl Serialize,
        within: In<'_>,
        expects: Expects<T>,
    ) -> Result<T, CustomersUnavailable> {
        let deadline = within.deadline;
        let asked = self.answer(path, question, &within, &expects);
        // The upstream's deadline ends with the answer's head; this one with its last byte.
        tokio::time::timeout(deadline, asked)
            .await
            .unwrap_or_else(|late| Err(because("waiting for the whole answer")(late)))
    }

    async fn answer<T>(
        &self,
        path: &PathAndQuery,
        question: &impl Serialize,
        within: &In<'_>,
        expects: &Expects<T>,
    ) -> Result<T, CustomersUnavailable> {
        let body = serde_json::to_vec(question).map_err(because("writing the question"))?;
        let terms = Terms {
            deadline: self.clock.monotonic().saturating_add(within.deadline),
            // The bank counts tries and sends messages: nothing is asked twice.
            has_no_effect: false,
        };
        let head = || head(path, within);
        let answer = self.upstream.send(head, model::full(body), terms).await;
        read(answer.map_err(because("asking the bank"))?, expects).await
    }
}

fn head(path: &PathAndQuery, within: &In<'_>) -> Request<()> {
    let mut asked = Request::new(());
    *asked.method_mut() = Method::POST;
    *asked.uri_mut() = Uri::from(path.clone());
    let headers = asked.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(ACCEPT, JSON);
    let ids = [
        (REQUEST_ID, within.request.text().as_str().parse()),
        (INTERACTION_ID, within.interaction.as_str().parse()),
    ];
    for (name, id) in ids {
        headers.extend(id.ok().map(|id: HeaderValue| (name, id)));
    }
    asked
}

async fn read<T>(answer: Response, expects: &Expects<T>) -> Result<T, CustomersUnavailable> {
    let (head, body) = answer.into_parts();
    let status = head.status;
    if !expects.statuses.contains(&status) {
        return Err(unfit(Unfit::Status(status.as_u16())));
    }
    let body = Limited::new(body, expects.bytes_max).boxed_unsync();
    let body = body
        .collect()
        .await
        .map_err(|source| CustomersUnavailable {
            doing: "reading the answer",
            source: Some(source),
        })?;
    (expects.understand)(status, &body.to_bytes()).map_err(unfit)
}

/// Reads one JSON object; serde would take an array of the members' values as well.
pub(super) fn object<'de, T: Deserialize<'de>>(
    status: StatusCode,
    body: &'de [u8],
) -> Result<T, Unfit> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    let read = is_object.then(|| serde_json::from_slice(body).ok());
    read.flatten().ok_or(Unfit::Shape(status.as_u16()))
}

/// Holds a text of the answer to 1 to so many visible ASCII characters.
pub(super) fn visible(
    member: &'static str,
    text: String,
    chars_max: usize,
) -> Result<String, Unfit> {
    let is_visible =
        (1..=chars_max).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    is_visible.then_some(text).ok_or(Unfit::Bounds(member))
}

/// Holds a text of the answer to one line of 1 to so many characters.
pub(super) fn line(member: &'static str, text: String, chars_max: usize) -> Result<String, Unfit> {
    let chars = text.chars().take(chars_max + 1).count();
    let is_line = (1..=chars_max).contains(&chars) && !text.chars().any(char::is_control);
    is_line.then_some(text).ok_or(Unfit::Bounds(member))
}

fn unfit(unfit: Unfit) -> CustomersUnavailable {
    because("understanding the answer")(unfit)
}

pub(super) fn because<E: Error + Send + Sync + 'static>(
    doing: &'static str,
) -> impl FnOnce(E) -> CustomersUnavailable {
    move |source| CustomersUnavailable {
        doing,
        source: Some(source.into()),
    }
}
