//! What of a bank's answer may leave under a customer's consent. Only answers that are described
//! pass, filtered; of every other one the partner learns a status, and nothing of the bank's words.

use std::collections::BTreeSet;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};
use http_body::Body;
use http_body_util::LengthLimitError;
use jiff::tz::{Offset, TimeZone};

use openapi::{AnswerBody, AnswerShape};

use model::{ClusterId, MessageBody, Refusal, Response, Terms};
use upstream::Trouble;

use crate::filter::{Covers, Kept, Unfit, filter, opens};
use crate::headers::answered;
use crate::product::Coverage;
use crate::stage::consent::window_of;
use crate::whole::whole;

/// The longest answer that is held, in bytes.
const HELD_BYTES_MAX: usize = 1 << 20;
/// The banks' zone, in which a consent's days are.
const ZONE: Offset = Offset::constant(8);

/// What may leave.
#[derive(Debug)]
pub(crate) struct Disclosed {
    pub(crate) response: Response,
    /// The kinds of data in it.
    pub(crate) clusters: Vec<ClusterId>,
    /// How many items are in it, and how many are left out.
    pub(crate) kept: u32,
    pub(crate) dropped: u32,
}

/// Why nothing may.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Withheld {
    pub(crate) refusal: Refusal,
    pub(crate) trouble: Option<Trouble>,
    /// For the operator.
    pub(crate) why: &'static str,
}

impl Withheld {
    /// The bank answered what cannot be passed on.
    fn invalid(why: &'static str) -> Self {
        Self {
            refusal: Refusal::UpstreamInvalid,
            trouble: Some(Trouble::Garbage),
            why,
        }
    }

    fn not_covered(why: &'static str) -> Self {
        Self {
            refusal: Refusal::NotCovered,
            trouble: None,
            why,
        }
    }
}

/// Filters an answer, which is waited for no longer than `left`.
///
/// Errors: why nothing of it may leave.
pub(crate) async fn disclose(
    terms: &Terms,
    coverage: &Coverage,
    method: &Method,
    response: Response,
    left: Duration,
) -> Result<Disclosed, Withheld> {
    let (head, body) = response.into_parts();
    if !head.status.is_success() {
        return Err(Withheld {
            refusal: Refusal::BankRefused {
                status: head.status.as_u16(),
            },
            trouble: None,
            why: "the bank refused",
        });
    }
    let content_type = plain_type(&head.headers)?;
    let status = head.status.as_u16();
    let described = coverage.answers.of(status, content_type);
    let described = described.ok_or_else(|| Withheld::invalid("the answer is not described"))?;
    if *method == Method::HEAD {
        check_given(terms, coverage, described)?;
    }
    if *method == Method::HEAD || matches!(described, AnswerBody::None) {
        // Not even how long it would be.
        let headers = answered(&head.headers, None);
        return Ok(made(head.status, headers, Vec::new(), Parts::default()));
    }
    let media_type = coverage.answers.media_type(status, content_type);
    let headers = answered(&head.headers, media_type);
    let (bytes, parts) = match described {
        AnswerBody::Json(shape) => {
            let bytes = held(body, left).await?;
            filtered(terms, coverage, shape, &bytes)?
        }
        AnswerBody::Opaque { cluster } => {
            let parts = opaque(terms, coverage, cluster.as_deref())?;
            (held(body, left).await?.to_vec(), parts)
        }
        AnswerBody::None => (Vec::new(), Parts::default()),
    };
    Ok(made(head.status, headers, bytes, parts))
}

/// What an answer holds.
#[derive(Default)]
struct Parts {
    clusters: Vec<ClusterId>,
    kept: u32,
    dropped: u32,
}

fn made(status: StatusCode, headers: HeaderMap, bytes: Vec<u8>, parts: Parts) -> Disclosed {
    let body = if bytes.is_empty() {
        model::empty()
    } else {
        model::full(bytes)
    };
    let mut response = http::Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Disclosed {
        response,
        clusters: parts.clusters,
        kept: parts.kept,
        dropped: parts.dropped,
    }
}

/// The content type of an answer that is in no coding and says what it is once.
fn plain_type(headers: &HeaderMap) -> Result<&str, Withheld> {
    let is_coded = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_coded {
        return Err(Withheld::invalid("the answer is in a coding"));
    }
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => Ok(""),
        (Some(one), None) => one
            .to_str()
            .map_err(|_| Withheld::invalid("the answer's type cannot be read")),
        (Some(_), Some(_)) => Err(Withheld::invalid("the answer has two types")),
    }
}

/// The body as a whole.
async fn held(body: MessageBody, left: Duration) -> Result<bytes::Bytes, Withheld> {
    let too_long = || Withheld::invalid("the answer is longer than 1 MiB");
    if body.size_hint().lower() > HELD_BYTES_MAX as u64 {
        return Err(too_long());
    }
    match tokio::time::timeout(left, whole(body, HELD_BYTES_MAX)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(error)) => Err(Withheld {
            trouble: Some(Trouble::of_body(&error)),
            ..Withheld::invalid("the answer broke off")
        }),
        Err(_elapsed) => Err(Withheld {
            refusal: Refusal::UpstreamTimeout,
            trouble: Some(Trouble::Stalled),
            why: "the answer's body came too late",
        }),
    }
}

/// What is covered of a JSON body.
fn filtered(
    terms: &Terms,
    coverage: &Coverage,
    shape: &AnswerShape,
    body: &[u8],
) -> Result<(Vec<u8>, Parts), Withheld> {
    // By kind in the order of the shape's, each sorted: there are as many looks as items.
    let of_kind = |kind: &String| {
        let its = terms.resources.iter().filter(|r| r.kind.as_str() == kind);
        its.map(|resource| resource.id.as_str()).collect()
    };
    let covered: Vec<Vec<&str>> = shape.kinds().iter().map(of_kind).collect();
    let covers = Covers {
        clusters: given(terms, coverage, shape),
        resource: &|kind, id| {
            let ids = covered.get(usize::from(kind));
            ids.is_some_and(|ids| ids.binary_search(&id).is_ok())
        },
        dates: window_of(terms),
        zone: &TimeZone::fixed(ZONE),
    };
    let mut out = Vec::with_capacity(body.len());
    let kept = filter(shape, &covers, body, &mut out).map_err(unfit)?;
    if kept.has_anothers && coverage.request.holds(shape.kinds()) {
        // Then what does not say whose it is was taken to be of what the request names.
        return Err(unfit(Unfit::Root));
    }
    let parts = Parts {
        clusters: left(&terms.clusters, shape, kept),
        kept: kept.items,
        dropped: kept.dropped,
    };
    Ok((out, parts))
}

/// The clusters of an answer that are given: bit n is the nth of the shape's.
fn given(terms: &Terms, coverage: &Coverage, shape: &AnswerShape) -> u64 {
    let clusters = shape.clusters().iter().enumerate();
    let given = clusters.filter(|(_, cluster)| coverage.gives(terms, cluster));
    given.fold(0, |set, (at, _)| {
        set | 1_u64.checked_shl(bit(at)).unwrap_or(0)
    })
}

/// Checks that anything of an answer is given: that it is there at all would tell something.
fn check_given(terms: &Terms, coverage: &Coverage, described: &AnswerBody) -> Result<(), Withheld> {
    match described {
        AnswerBody::Json(shape) if opens(shape, given(terms, coverage, shape)) => Ok(()),
        AnswerBody::Json(_) => Err(unfit(Unfit::Empty)),
        AnswerBody::Opaque { cluster } => opaque(terms, coverage, cluster.as_deref()).map(drop),
        AnswerBody::None => Ok(()),
    }
}

/// The clusters that are left of those that the customer gave.
fn left(given: &BTreeSet<ClusterId>, shape: &AnswerShape, kept: Kept) -> Vec<ClusterId> {
    let clusters = shape.clusters().iter().enumerate();
    let here = clusters.filter(|(at, _)| kept.clusters.checked_shr(bit(*at)).unwrap_or(0) & 1 == 1);
    let found = here.filter_map(|(_, cluster)| given.get(cluster.as_str()).cloned());
    // In their order, each once.
    let found: BTreeSet<ClusterId> = found.collect();
    found.into_iter().collect()
}

/// The place of a cluster among the bits; beyond them no cluster is given.
fn bit(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// What is no JSON is given whole or not at all. What is of days was asked for by its days, which
/// were cut: a description in which it cannot be is not loaded.
fn opaque(terms: &Terms, coverage: &Coverage, cluster: Option<&str>) -> Result<Parts, Withheld> {
    let Some(cluster) = cluster else {
        return Ok(Parts::default());
    };
    if !coverage.gives(terms, cluster) {
        return Err(Withheld::not_covered("the answer is of what is not given"));
    }
    Ok(Parts {
        clusters: terms.clusters.get(cluster).cloned().into_iter().collect(),
        ..Parts::default()
    })
}

fn unfit(unfit: Unfit) -> Withheld {
    match unfit {
        Unfit::Root => Withheld::not_covered("the answer is another's"),
        Unfit::Empty => Withheld::not_covered("nothing of the answer is covered"),
        Unfit::NotJson => Withheld::invalid("the answer is not JSON"),
        Unfit::TwiceNamed => Withheld::invalid("an object of the answer has a name twice"),
        Unfit::TooDeep => Withheld::invalid("the answer is nested too deep"),
        Unfit::Shape => Withheld::invalid("the answer is not as described"),
    }
}

#[cfg(test)]
mod tests;
