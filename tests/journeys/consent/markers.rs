//! What tells one account from another, as the bank itself says it: looked for in answers that it
//! must not be in.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use kit::Answer;
use openapi::{AnswerBody, AnswerShape, NodeKind};
use serde_json::Value;

use super::operations::Operation;

/// Texts that are of certain accounts and of no other.
#[derive(Default)]
pub(super) struct Markers(BTreeSet<String>);

impl Markers {
    /// Takes up what an answer says of an account.
    pub(super) fn plant(&mut self, operation: &Operation, answer: &Answer) {
        self.0.extend(told(operation, answer));
    }

    /// Without what these say too: amounts and names that both have. Ids are nobody else's.
    pub(super) fn without(mut self, own: &Self) -> Self {
        for both in self.0.intersection(&own.0) {
            let is_id = both.starts_with("acc-") || both.starts_with("tra-");
            let is_number = both.starts_with('*') || is_reference(both);
            assert!(!is_id && !is_number, "two accounts have {both}");
        }
        self.0.retain(|marker| !own.0.contains(marker));
        for begins in ["acc-", "tra-", "*"] {
            let is_there = self.0.iter().any(|marker| marker.starts_with(begins));
            assert!(is_there, "no marker begins with {begins}");
        }
        assert!(self.0.iter().any(|marker| is_reference(marker)));
        assert!(self.0.iter().any(|marker| marker.ends_with("account")));
        assert!(self.0.iter().any(|marker| is_amount(marker)));
        self
    }

    /// Panics when an answer has one of them anywhere: in its headers or in its body.
    #[track_caller]
    pub(super) fn are_not_in(&self, answer: &Answer, what: &str) {
        let mut text = String::from_utf8_lossy(&answer.body).into_owned();
        for (name, value) in &answer.headers {
            write!(text, "\n{name}: {value:?}").expect("text takes text");
        }
        let is_word = |sign: char| sign.is_ascii_alphanumeric() || "-_.".contains(sign);
        let words: HashSet<&str> = text.split(|sign| !is_word(sign)).collect();
        for marker in &self.0 {
            // Account ids, names and numbers are looked for inside words, too.
            let is_found = if marker.starts_with("acc-") || !marker.chars().all(is_word) {
                text.contains(marker.as_str())
            } else {
                words.contains(marker.as_str())
            };
            assert!(!is_found, "{what} tells {marker}: {text}");
        }
    }
}

/// What an answer says, word by word: each text that is not one of a counted few, and is no date.
fn told(operation: &Operation, answer: &Answer) -> BTreeSet<String> {
    let status = answer.status.as_u16();
    let described = &operation.what.answers;
    let mut found = BTreeSet::new();
    match described.of(status, answer.header("content-type")) {
        Some(AnswerBody::Json(shape)) => {
            texts(shape, shape.root(), &answer.json(), &mut found);
        }
        Some(AnswerBody::Opaque { .. }) => {
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let cells = text.split([',', '\r', '\n']);
            let cells = cells.filter(|cell| is_reference(cell) || is_amount(cell));
            found.extend(cells.map(str::to_owned));
        }
        Some(AnswerBody::None) | None => panic!("{}: {answer:?}", operation.id()),
    }
    found
}

fn texts(shape: &AnswerShape, number: usize, value: &Value, found: &mut BTreeSet<String>) {
    let node = shape.node(number);
    match (&node.kind, value) {
        (NodeKind::Leaf(leaf), Value::String(text))
            if node.clusters != 0 && leaf.values.is_none() && !leaf.is_date =>
        {
            found.insert(text.clone());
        }
        (NodeKind::List { item }, Value::Array(items)) => {
            for value in items {
                texts(shape, *item, value, found);
            }
        }
        (NodeKind::Object { members, .. }, Value::Object(values)) => {
            for member in members {
                if let Some(value) = values.get(&member.name) {
                    texts(shape, member.node, value, found);
                }
            }
        }
        _ => {}
    }
}

/// The clusters of the leaves that an answer has.
pub(super) fn clusters(operation: &Operation, answer: &Answer) -> BTreeSet<String> {
    let status = answer.status.as_u16();
    let mut found = BTreeSet::new();
    match operation
        .what
        .answers
        .of(status, answer.header("content-type"))
    {
        Some(AnswerBody::Json(shape)) => {
            let mut bits = 0;
            leaves(shape, shape.root(), &answer.json(), &mut bits);
            let all = shape.clusters().iter().enumerate();
            let here = all.filter(|(place, _)| bits >> place & 1 == 1);
            found.extend(here.map(|(_, cluster)| cluster.clone()));
        }
        Some(AnswerBody::Opaque { cluster }) => found.extend(cluster.clone()),
        Some(AnswerBody::None) | None => {}
    }
    found
}

fn leaves(shape: &AnswerShape, number: usize, value: &Value, bits: &mut u64) {
    let node = shape.node(number);
    match (&node.kind, value) {
        (NodeKind::Leaf(_), _) => *bits |= node.clusters,
        (NodeKind::List { item }, Value::Array(items)) => {
            for value in items {
                leaves(shape, *item, value, bits);
            }
        }
        (NodeKind::Object { members, .. }, Value::Object(values)) => {
            for (name, value) in values {
                let member = members.iter().find(|member| member.name == *name);
                let member = member.unwrap_or_else(|| panic!("{name} is not described"));
                leaves(shape, member.node, value, bits);
            }
        }
        _ => panic!("not as described: {value}"),
    }
}

/// What a movement is known by on both sides.
fn is_reference(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_amount(text: &str) -> bool {
    let number = text.strip_prefix('-').unwrap_or(text).split_once('.');
    number.is_some_and(|(whole, part)| {
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        whole.len() > 1 && part.len() == 2 && is_number(whole) && is_number(part)
    })
}
