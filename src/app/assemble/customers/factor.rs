//! Whether a customer proves once more who they are, over values that they see, asked of one of the
//! bank's services.
//!
//! `POST` to the service's path begins a proof, with `{"customer", "over", "line": {"en",
//! "zh-CN"}}`, where `over` is the SHA-256 of the values in base64url: 201 with `{"id",
//! "method", "shown_to", "expires", "tries_left"}`. `POST` to the path, `/` and that id judges what
//! was typed, with `{"over", "code"}`: 200 with `{"outcome"}` of `good` (beside it `method`, `at`,
//! `over` and `reference`), `wrong` (`tries_left`), `locked`, `expired`, `used` or `other_values`.
//! Answers have at most 16 KiB. How it is asked, and what is no answer, says `asking.rs`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::uri::PathAndQuery;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use model::ports::{CustomersUnavailable, FactorBegun, FactorSaid, SecondFactor, ToConfirm};
use model::{Clock, FactorResult, InteractionId, RequestId};
use upstream::Upstream;

use super::asking::{Expects, In, Service, Unfit, because, line, object, visible};

/// What is escaped in a path's segment: all but what means the same either way (RFC 3986 §2.3), so
/// that a service finds the id that it gave, however it compares them. A dot is escaped: no id is a
/// way up.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
const ID_CHARS_MAX: usize = 128;
const METHOD_CHARS_MAX: usize = 64;
const SHOWN_CHARS_MAX: usize = 40;
const REFERENCE_CHARS_MAX: usize = 128;

/// The second factor of a bank's customers, as one of its services judges it.
pub struct BankFactor {
    service: Service,
    path: PathAndQuery,
}

/// What begins a proof.
#[derive(Serialize)]
struct Wanted<'a> {
    customer: &'a str,
    over: String,
    line: Line<'a>,
}

#[derive(Serialize)]
struct Line<'a> {
    en: &'a str,
    #[serde(rename = "zh-CN")]
    zh: &'a str,
}

/// What is judged.
#[derive(Serialize)]
struct Typed<'a> {
    over: String,
    code: &'a str,
}

#[derive(Deserialize)]
struct Begun {
    id: String,
    method: String,
    shown_to: String,
    expires: Timestamp,
    tries_left: u32,
}

#[derive(Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Said {
    Good {
        method: String,
        at: Timestamp,
        over: String,
        reference: String,
    },
    Wrong {
        tries_left: u32,
    },
    Locked,
    Expired,
    Used,
    OtherValues,
}

/// A proof of this id is none of the bank's.
#[derive(Debug, thiserror::Error)]
#[error("the id of the proof is none that the bank gave")]
struct BadId;

impl BankFactor {
    /// Asks `upstream` at `path` and below it. Its clock is the one that `upstream` was made with.
    pub fn new(upstream: Arc<Upstream>, path: PathAndQuery, clock: Arc<dyn Clock>) -> Self {
        let service = Service::new(upstream, clock);
        Self { service, path }
    }

    /// Where the proof of this id is judged.
    fn place(&self, id: &str) -> Result<PathAndQuery, CustomersUnavailable> {
        if !is_id(id) {
            return Err(because("writing the question")(BadId));
        }
        let path = self.path.path().trim_end_matches('/');
        let id = utf8_percent_encode(id, IN_SEGMENT);
        let place = format!("{path}/{id}");
        place
            .parse()
            .map_err(|_| because("writing the question")(BadId))
    }
}

impl SecondFactor for BankFactor {
    fn begin<'a>(
        &'a self,
        subject: &'a str,
        what: ToConfirm<'a>,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<FactorBegun, CustomersUnavailable>> {
        async move {
            let wanted = Wanted {
                customer: subject,
                over: crypto::base64url(&what.over),
                line: Line {
                    en: what.line_en,
                    zh: what.line_zh,
                },
            };
            let within = In {
                request,
                interaction,
                deadline,
            };
            let expects = Expects {
                statuses: &[StatusCode::CREATED],
                bytes_max: ANSWER_BYTES_MAX,
                understand: begun,
            };
            let asked = self.service.ask(&self.path, &wanted, within, expects);
            asked.await
        }
        .boxed()
    }

    fn check<'a>(
        &'a self,
        id: &'a str,
        over: [u8; 32],
        code: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<FactorSaid, CustomersUnavailable>> {
        async move {
            let place = self.place(id)?;
            let typed = Typed {
                over: crypto::base64url(&over),
                code,
            };
            let within = In {
                request,
                interaction,
                deadline,
            };
            let expects = Expects {
                statuses: &[StatusCode::OK],
                bytes_max: ANSWER_BYTES_MAX,
                understand: said,
            };
            match self.service.ask(&place, &typed, within, expects).await? {
                // A word over other values is none over these, whatever else it says.
                FactorSaid::Good(result) if result.over != over => {
                    Err(because("understanding the answer")(Unfit::Bounds("over")))
                }
                said => Ok(said),
            }
        }
        .boxed()
    }
}

/// Whether a text could be the id of a proof. As a part of a path it leads nowhere else.
fn is_id(id: &str) -> bool {
    let is_fit = |b: u8| b.is_ascii_graphic() && b != b'/';
    (1..=ID_CHARS_MAX).contains(&id.len()) && id.bytes().all(is_fit) && id != "." && id != ".."
}

/// What the answer to a beginning says.
fn begun(status: StatusCode, body: &[u8]) -> Result<FactorBegun, Unfit> {
    let begun: Begun = object(status, body)?;
    if !is_id(&begun.id) {
        return Err(Unfit::Bounds("id"));
    }
    if begun.tries_left == 0 {
        return Err(Unfit::Bounds("tries_left"));
    }
    Ok(FactorBegun {
        id: begun.id,
        method: visible("method", begun.method, METHOD_CHARS_MAX)?,
        shown_to: line("shown_to", begun.shown_to, SHOWN_CHARS_MAX)?,
        expires: begun.expires,
        tries_left: begun.tries_left,
    })
}

/// What the answer to what was typed says.
fn said(status: StatusCode, body: &[u8]) -> Result<FactorSaid, Unfit> {
    match object(status, body)? {
        Said::Good {
            method,
            at,
            over,
            reference,
        } => {
            let over = crypto::from_base64url(&over).and_then(|bytes| bytes.try_into().ok());
            Ok(FactorSaid::Good(FactorResult {
                method: visible("method", method, METHOD_CHARS_MAX)?,
                at,
                over: over.ok_or(Unfit::Bounds("over"))?,
                reference: visible("reference", reference, REFERENCE_CHARS_MAX)?,
            }))
        }
        Said::Wrong { tries_left: 0 } => Err(Unfit::Bounds("tries_left")),
        Said::Wrong { tries_left } => Ok(FactorSaid::Wrong { tries_left }),
        Said::Locked => Ok(FactorSaid::Locked),
        Said::Expired => Ok(FactorSaid::Expired),
        Said::Used | Said::OtherValues => Ok(FactorSaid::NotOfThis),
    }
}

#[cfg(test)]
mod tests;
