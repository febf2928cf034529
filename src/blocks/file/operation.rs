//! An operation of a block file.

use std::time::Duration;

use openapi::{Class, EffectMark};
use serde_json::Value;

use super::form::{At, Form, Section, is_account};
use super::{ConsentFile, OperationFile, ReplyFile, Written, step};
use crate::slip::{choices, quoted};

/// The keys of an operation.
const KEYS: [&str; 13] = [
    "expose", "class", "effect", "consent", "deadline", "input", "reads", "checks", "let", "reply",
    "answers", "effects", "spend",
];
/// The methods that an operation may be called by.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// The longest that an operation may take.
const DEADLINE_MAX: Duration = Duration::from_mins(1);
/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 256;
/// The most members of a request, reads, checks, named values and answers.
const PARTS_MAX: usize = 64;
/// The most reads.
const READS_MAX: usize = 16;
/// The longest expression or check, in bytes.
const EXPRESSION_BYTES_MAX: usize = 4_096 + 128;

/// Reads an operation that composes these sources, as far as they are known.
pub(super) fn read(
    form: &mut Form,
    name: String,
    at: &At<'_>,
    sources: Option<&[String]>,
) -> Option<OperationFile> {
    let section = form.section(at, &KEYS)?;
    for key in ["effects", "spend"] {
        if let Some(at) = section.get(key) {
            let what = format!("`{key}` is not built yet");
            let help = "leave it out: a block reads, checks and replies";
            form.tell::<()>(&at.pointer, what, help);
        }
    }
    let expose = form
        .required(&section, "expose")
        .and_then(|at| expose(form, &at));
    let class = word(
        form,
        &section,
        "class",
        &["open", "partner", "customer", "payment"],
    );
    let effect = word(form, &section, "effect", &["none", "change", "money"]);
    let consent = match section.get("consent") {
        Some(at) => consent(form, &at).map(Some),
        None => Some(None),
    };
    let deadline = form.required(&section, "deadline");
    let deadline = deadline.and_then(|at| form.duration(&at, DEADLINE_MAX));
    let input = parts(form, &section, "input", Form::kind);
    let accounts = section.get("input").map(|at| accounts(&at));
    let reads = match section.get("reads") {
        Some(at) => {
            let named = form.named(&at, READS_MAX);
            let read = |(name, at): (String, At<'_>)| step::read(form, name, &at, sources);
            named
                .into_iter()
                .map(read)
                .collect::<Vec<_>>()
                .into_iter()
                .collect()
        }
        None => Some(Vec::new()),
    };
    let checks = checks(form, &section);
    let lets = parts(form, &section, "let", expression);
    let answers = parts(form, &section, "answers", reply);
    let reply = form
        .required(&section, "reply")
        .and_then(|at| reply(form, &at));
    let (method, path) = expose?;
    Some(OperationFile {
        name,
        method,
        path,
        class: Class::parse(&class?)?,
        effect: EffectMark::parse(&effect?)?,
        consent: consent?,
        deadline: deadline?,
        input: input?,
        accounts: accounts.unwrap_or_default(),
        reads: reads?,
        checks: checks?,
        lets: lets?,
        reply: reply?,
        answers: answers?,
    })
}

/// `POST /ride-loan/offers`.
fn expose(form: &mut Form, at: &At<'_>) -> Option<(String, String)> {
    let text = form.text(at, PATH_BYTES_MAX)?;
    let (method, path) = text.split_once(' ').unwrap_or((text.as_str(), ""));
    if !METHODS.contains(&method) {
        let what = format!("there is no method {}", quoted(method));
        let help = choices("the methods", method, METHODS);
        return form.tell(&at.pointer, what, help);
    }
    let is_path = path.starts_with('/')
        && path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/-_{}".contains(&b));
    if !is_path {
        let help = "write a method, a space and a path: `POST /ride-loan/offers`";
        return form.tell(&at.pointer, "there is no path", help);
    }
    Some((method.to_owned(), path.to_owned()))
}

/// One of these words, which must be there.
fn word(form: &mut Form, section: &Section<'_>, key: &str, words: &[&str]) -> Option<String> {
    let at = form.required(section, key)?;
    let word = form.text(&at, PATH_BYTES_MAX)?;
    if words.contains(&word.as_str()) {
        return Some(word);
    }
    let what = format!("{} is no {key}", quoted(&word));
    form.tell(
        &at.pointer,
        what,
        choices("one of", &word, words.iter().copied()),
    )
}

fn consent(form: &mut Form, at: &At<'_>) -> Option<ConsentFile> {
    let section = form.section(at, &["scopes", "purpose", "bound"])?;
    let scopes = form
        .required(&section, "scopes")
        .and_then(|at| form.words(&at, PARTS_MAX));
    let purpose = form
        .required(&section, "purpose")
        .and_then(|at| form.text(&at, 64));
    let bound = parts(form, &section, "bound", Form::kind);
    Some(ConsentFile {
        scopes: scopes?,
        purpose: purpose?,
        bound: bound?,
    })
}

/// The named parts under a key that may be left out.
fn parts<T>(
    form: &mut Form,
    section: &Section<'_>,
    key: &str,
    read: impl Fn(&mut Form, &At<'_>) -> Option<T>,
) -> Option<Vec<(String, T)>> {
    let Some(at) = section.get(key) else {
        return Some(Vec::new());
    };
    let mut parts = Vec::new();
    let mut is_sound = true;
    for (name, at) in form.named(&at, PARTS_MAX) {
        match read(form, &at) {
            Some(part) => parts.push((name, part)),
            None => is_sound = false,
        }
    }
    is_sound.then_some(parts)
}

fn checks(form: &mut Form, section: &Section<'_>) -> Option<Vec<Written>> {
    let Some(at) = section.get("checks") else {
        return Some(Vec::new());
    };
    let items = form.items(&at, PARTS_MAX)?;
    let read: Vec<Option<Written>> = items.iter().map(|at| expression(form, at)).collect();
    read.into_iter().collect()
}

/// A text that is read as an expression or a check later. A number or `true` that the file writes
/// without quotes is one too.
fn expression(form: &mut Form, at: &At<'_>) -> Option<Written> {
    if !matches!(at.value, Value::Bool(_) | Value::Number(_)) {
        form.text(at, EXPRESSION_BYTES_MAX)?;
    }
    Some(at.written())
}

fn reply(form: &mut Form, at: &At<'_>) -> Option<ReplyFile> {
    let section = form.section(at, &["status", "body"])?;
    let status = form
        .required(&section, "status")
        .and_then(|at| form.count(&at, 200, 299));
    let body = form.required(&section, "body").map(|at| at.written());
    Some(ReplyFile {
        status: u16::try_from(status?).ok()?,
        body: body?,
    })
}

/// The members that name an account of the customer's.
fn accounts(input: &At<'_>) -> Vec<String> {
    let members = input.value.as_object();
    let members = members.into_iter().flatten();
    let accounts = members.filter(|(_, kind)| is_account(kind));
    accounts.map(|(name, _)| name.clone()).collect()
}
