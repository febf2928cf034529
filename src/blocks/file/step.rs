//! A read of a block file: one call that changes nothing.

use std::time::Duration;

use super::form::{At, Form, Section, Told, is_word};
use super::{EachFile, PagesFile, ReadFile, Written};
use crate::slip::{choices, quoted};

/// The keys of a read.
const KEYS: [&str; 9] = [
    "call", "with", "timeout", "retry", "or_else", "optional", "cache", "pages", "for",
];
/// The longest that one try may take.
const TIMEOUT_MAX: Duration = Duration::from_secs(30);
/// The longest that an answer may be kept.
const CACHE_MAX: Duration = Duration::from_hours(24);
/// How often a read may be tried again.
const RETRIES_MAX: u32 = 3;
/// The most arguments of a call.
const ARGUMENTS_MAX: usize = 64;
/// The most items of pages, and of a list that is walked over.
const ITEMS_MAX: u32 = 1_000;
/// The most calls beside each other.
const AT_ONCE_MAX: u32 = 16;
/// The longest text of a key, in bytes.
const TEXT_BYTES_MAX: usize = 256;

/// Reads a call of one of these sources, as far as they are known.
pub(super) fn read(
    form: &mut Form,
    name: String,
    at: &At<'_>,
    sources: Option<&[String]>,
) -> Option<ReadFile> {
    let section = form.section(at, &KEYS)?;
    let call = form.required(&section, "call");
    let pointer = call.as_ref().map(|at| at.pointer.clone());
    let call = call.and_then(|at| called(form, &at, sources));
    let with = section
        .get("with")
        .map_or_else(Vec::new, |at| form.named(&at, ARGUMENTS_MAX));
    let with = with.into_iter().map(|(name, at)| (name, at.written()));
    let with: Vec<(String, Written)> = with.collect();
    let timeout = form.required(&section, "timeout");
    let timeout = timeout.and_then(|at| form.duration(&at, TIMEOUT_MAX));
    let retries = left_out(section.get("retry"), |at| form.count(at, 0, RETRIES_MAX));
    let is_optional = left_out(section.get("optional"), |at| form.flag(at));
    let cache = left_out(section.get("cache"), |at| form.duration(at, CACHE_MAX));
    let pages = left_out(section.get("pages"), |at| pages(form, at));
    let each = left_out(section.get("for"), |at| each(form, at));
    let or_else = section.get("or_else");
    if let (Some(at), Ok(Some(true))) = (&or_else, is_optional) {
        let what = "a read has `or_else` or is `optional`, not both";
        form.tell::<()>(&at.pointer, what, "leave one out");
    }
    let (source, operation) = call?;
    Some(ReadFile {
        name,
        source,
        operation,
        pointer: pointer?,
        with,
        timeout: timeout?,
        retries: retries.ok()?.unwrap_or(0),
        or_else: or_else.map(|at| at.written()),
        is_optional: is_optional.ok()?.unwrap_or(false),
        cache: cache.ok()?,
        pages: pages.ok()?,
        each: each.ok()?,
    })
}

/// What a key says that may be left out.
fn left_out<'v, T>(
    at: Option<At<'v>>,
    read: impl FnOnce(&At<'v>) -> Option<T>,
) -> Result<Option<T>, Told> {
    at.map(|at| read(&at).ok_or(Told)).transpose()
}

/// `risk.scoreApplicant`: a source and one of its operations.
fn called(form: &mut Form, at: &At<'_>, sources: Option<&[String]>) -> Option<(String, String)> {
    let text = form.text(at, TEXT_BYTES_MAX)?;
    let (source, operation) = text.split_once('.').unwrap_or((text.as_str(), ""));
    if operation.is_empty() {
        let help = "write a source, a point and an `operationId`: `ledger.getBalance`";
        return form.tell(
            &at.pointer,
            format!("{} names no operation", quoted(&text)),
            help,
        );
    }
    let sources = match sources {
        Some(sources) if !sources.iter().any(|known| known == source) => sources,
        _ => return Some((source.to_owned(), operation.to_owned())),
    };
    let what = format!("there is no source {}", quoted(source));
    let help = choices("the sources", source, sources.iter().map(String::as_str));
    form.tell(&at.pointer, what, help)
}

fn pages(form: &mut Form, at: &At<'_>) -> Option<PagesFile> {
    let section = form.section(at, &["next", "items", "max"])?;
    let mut text = |key| {
        let at = form.required(&section, key)?;
        form.text(&at, TEXT_BYTES_MAX)
    };
    let (next, items) = (text("next"), text("items"));
    let items_max = limit(form, &section, "max", ITEMS_MAX);
    Some(PagesFile {
        next: next?,
        items: items?,
        items_max: items_max?,
    })
}

/// `for: { each: a in consent.accounts, max: 20, at_once: 4 }`.
fn each(form: &mut Form, at: &At<'_>) -> Option<EachFile> {
    let section = form.section(at, &["each", "max", "at_once"])?;
    let walk = form
        .required(&section, "each")
        .and_then(|at| walk(form, &at));
    let items_max = limit(form, &section, "max", ITEMS_MAX);
    let at_once = limit(form, &section, "at_once", AT_ONCE_MAX);
    let (item, list) = walk?;
    Some(EachFile {
        item,
        list,
        items_max: items_max?,
        at_once: at_once?,
    })
}

fn walk(form: &mut Form, at: &At<'_>) -> Option<(String, Written)> {
    let text = form.text(at, TEXT_BYTES_MAX)?;
    let Some((item, list)) = text.split_once(" in ").filter(|(item, _)| is_word(item)) else {
        let help = "write a name, `in`, and a list: `a in consent.accounts`";
        return form.tell(&at.pointer, "this is no walk over a list", help);
    };
    let list = Written {
        pointer: at.pointer.clone(),
        value: list.into(),
    };
    Some((item.to_owned(), list))
}

fn limit(form: &mut Form, section: &Section<'_>, key: &str, max: u32) -> Option<u32> {
    let at = form.required(section, key)?;
    form.count(&at, 1, max)
}
