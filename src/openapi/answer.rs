//! What the answers of an operation may hold, leaf by leaf, so that each can be held against a
//! consent: its cluster, the resource it names, whether it is a date or a total.
//!
//! Unlike the walk over the leaves, which only demands marks, this one keeps the structure. What it
//! cannot follow is refused here, where the description is read, and not met on the road.

mod check;
mod compile;
mod shape;
pub(crate) mod value;

pub use shape::{AnswerShape, Leaf, Member, Node, NodeKind, Rest, Types};

use serde_json::Value;

use crate::leaves::Budget;
use crate::marks::{DATE, NONE};
use crate::media_type::{essence, is_json, is_utf_8};
use crate::problem::{Problems, quoted};
use crate::reference::{Document, Site};
use crate::request::RequestDescription;
use crate::responses::{Statuses, Successes};

/// What the bodies of an operation's successful answers hold, by status and media type. Below class
/// `customer` nothing is known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers(Vec<Answer>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Answer {
    statuses: Statuses,
    /// Without parameters, in lower case; `None` where there is no body.
    media_type: Option<String>,
    body: AnswerBody,
}

/// What the body of an answer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerBody {
    /// There is none.
    None,
    /// JSON of this shape.
    Json(AnswerShape),
    /// Something else, which is given whole or not at all.
    Opaque {
        /// The personal cluster it belongs to, if any.
        cluster: Option<String>,
    },
}

impl Answers {
    /// The body that an answer of this status may have, if it is described. The content type is
    /// written as in a header (RFC 9110 §8.3), and empty where the answer has none; with a charset
    /// other than UTF-8 no body is described. A status that is described by itself is not looked
    /// for among the ranges (OpenAPI, Responses Object).
    pub fn of(&self, status: u16, content_type: &str) -> Option<&AnswerBody> {
        self.find(status, content_type).map(|answer| &answer.body)
    }

    /// The media type of that body, without parameters, in lower case: what is left of the body
    /// bears it, and not what the bank wrote. `None` where there is no body, or none is described.
    pub fn media_type(&self, status: u16, content_type: &str) -> Option<&str> {
        self.find(status, content_type)?.media_type.as_deref()
    }

    fn find(&self, status: u16, content_type: &str) -> Option<&Answer> {
        let exactly = Statuses::One(status);
        let statuses = if self.0.iter().any(|answer| answer.statuses == exactly) {
            exactly
        } else if (200..300).contains(&status) {
            Statuses::Successes
        } else {
            return None;
        };
        let media_type = essence(content_type);
        let is_meant = |answer: &&Answer| match &answer.media_type {
            Some(known) => answer.statuses == statuses && *known == media_type,
            None => answer.statuses == statuses,
        };
        self.0
            .iter()
            .find(is_meant)
            .filter(|_| is_utf_8(content_type))
    }

    /// Every body that is described.
    pub fn bodies(&self) -> impl Iterator<Item = &AnswerBody> {
        self.0.iter().map(|answer| &answer.body)
    }
}

/// Reads the bodies of the successful answers. Where the request names the resource that they are
/// of, the items of an answer need not say whose they are.
pub(crate) fn answers<'a>(
    document: Document<'a>,
    successes: &Successes<'a>,
    request: &RequestDescription,
    budget: &mut Budget,
    problems: &mut Problems,
) -> Answers {
    let mut answers = Answers::default();
    for success in &successes.list {
        let statuses = success.statuses;
        if success.bodies.is_empty() {
            answers.0.push(Answer {
                statuses,
                media_type: None,
                body: AnswerBody::None,
            });
        }
        for (written, site) in &success.bodies {
            let media_type = essence(written);
            if !is_usable(&media_type, site, problems) {
                continue;
            }
            let is_known = |answer: &Answer| {
                answer.statuses == statuses && answer.media_type.as_ref() == Some(&media_type)
            };
            if answers.0.iter().any(is_known) {
                problems.add(
                    &site.pointer,
                    format!("the media type is described twice: {}", quoted(&media_type)),
                    "describe it once, without parameters",
                );
                continue;
            }
            let Some(schema) = site.child("schema") else {
                continue;
            };
            let shape = compile::shape(document, schema.clone(), request, budget, problems);
            let body = if is_json(&media_type) {
                AnswerBody::Json(shape)
            } else {
                opaque(&shape, &schema, request, problems)
            };
            answers.0.push(Answer {
                statuses,
                media_type: Some(media_type),
                body,
            });
        }
    }
    answers
}

/// A range would let in a body that nobody can read.
fn is_usable(media_type: &str, site: &Site<'_>, problems: &mut Problems) -> bool {
    let is_whole = media_type.contains('/') && !media_type.contains('*');
    if !is_whole {
        problems.add(
            &site.pointer,
            format!("not one media type: {}", quoted(media_type)),
            "write a whole one, as `application/json`, which the operation's class demands",
        );
    }
    is_whole
}

/// What is not JSON cannot be taken apart, so it belongs to one cluster, is of whom the request
/// names, and of the days that were asked for.
fn opaque(
    shape: &AnswerShape,
    schema: &Site<'_>,
    request: &RequestDescription,
    problems: &mut Problems,
) -> AnswerBody {
    let is_plain = match &shape.node(shape.root()).kind {
        NodeKind::Leaf(leaf) => {
            leaf.types.text && leaf.resource.is_none() && !leaf.is_date && leaf.total.is_none()
        }
        // Refused already, or shown as what it is.
        NodeKind::Never => true,
        NodeKind::Object { .. } | NodeKind::List { .. } => false,
    };
    let cluster = shape.clusters().first().cloned();
    let is_dateless = schema.value.get(DATE).and_then(Value::as_str) == Some(NONE);
    if !is_plain {
        problems.add(
            &schema.pointer,
            "the body is no JSON, and so cannot be filtered",
            "describe it as one text: `type: string` with its cluster and no other mark",
        );
    }
    if is_plain && cluster.is_some() && !request.has_window() && !is_dateless {
        problems.add(
            &schema.pointer,
            "the body is no JSON, holds personal data, and the request does not say of which days",
            format!(
                "mark two query parameters with `{DATE}: from` and `until`, or the body with \
                 `{DATE}: {NONE}`"
            ),
        );
    }
    AnswerBody::Opaque { cluster }
}

#[cfg(test)]
mod tests;
