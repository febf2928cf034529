//! The block file: one composed product, as it is written.
//!
//! It is read from a tree of values, as API descriptions are: whoever reads YAML refuses keys
//! that stand twice and tells lines and columns. Expressions stay texts here, each with its
//! pointer: what they may read is known once the sources' API descriptions are.

pub(crate) mod form;
mod operation;
mod step;

use std::time::Duration;

use openapi::{Class, EffectMark, Problem};
use serde_json::Value;

use crate::expression::Type;
use form::{At, Form, is_word};

/// The most operations of a block.
const OPERATIONS_MAX: usize = 32;
/// The most sources of a block.
const SOURCES_MAX: usize = 16;
/// The longest title, in bytes.
const TITLE_BYTES_MAX: usize = 128;

/// The keys of a file.
const KEYS: [&str; 5] = ["block", "version", "title", "sources", "operations"];

/// A composed product.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockFile {
    /// Its name: small letters, digits and `-`, at most 64.
    pub name: String,
    /// Its version: three numbers.
    pub version: [u32; 3],
    /// What people read, in English.
    pub title_en: String,
    /// What people read, in Chinese.
    pub title_zh: String,
    /// The names of the APIs that it composes.
    pub sources: Vec<String>,
    /// What partners may call: at least one, sorted by name.
    pub operations: Vec<OperationFile>,
}

/// An operation that partners may call.
#[derive(Debug, Clone, PartialEq)]
pub struct OperationFile {
    /// Its name: a word of expressions.
    pub name: String,
    /// The method that it is called by.
    pub method: String,
    /// The path that it is called at, from the product's base.
    pub path: String,
    /// The protection that it demands.
    pub class: Class,
    /// What it does to the world.
    pub effect: EffectMark,
    /// What a customer must have allowed; nothing where no customer is meant.
    pub consent: Option<ConsentFile>,
    /// How long all of it may take.
    pub deadline: Duration,
    /// The members of its request, sorted by name.
    pub input: Vec<(String, Type)>,
    /// The members of its request that name an account of the customer's.
    pub accounts: Vec<String>,
    /// What it reads, sorted by name: the order follows from what each needs.
    pub reads: Vec<ReadFile>,
    /// Its checks, in the order that decides.
    pub checks: Vec<Written>,
    /// Its named values, sorted by name.
    pub lets: Vec<(String, Written)>,
    /// Its answer.
    pub reply: ReplyFile,
    /// Answers that checks may end with, sorted by name.
    pub answers: Vec<(String, ReplyFile)>,
}

/// What a customer must have allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsentFile {
    /// The scopes: at least one, none twice.
    pub scopes: Vec<String>,
    /// The purpose.
    pub purpose: String,
    /// The values that the consent is bound to, sorted by name.
    pub bound: Vec<(String, Type)>,
}

/// A call that changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadFile {
    /// Its name: a word of expressions.
    pub name: String,
    /// The source that is called.
    pub source: String,
    /// The operation of the source.
    pub operation: String,
    /// Where the file names them.
    pub pointer: String,
    /// What it is called with: literals and `$references`.
    pub with: Vec<(String, Written)>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often it is tried again: at most 3 times.
    pub retries: u32,
    /// What stands for it when it fails.
    pub or_else: Option<Written>,
    /// Whether it may be absent when it fails.
    pub is_optional: bool,
    /// How long an answer is kept.
    pub cache: Option<Duration>,
    /// How its pages are followed.
    pub pages: Option<PagesFile>,
    /// The list that it is called for each item of.
    pub each: Option<EachFile>,
}

/// How pages of a list are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagesFile {
    /// The member of an answer that says where the next page is.
    pub next: String,
    /// The member that holds the items.
    pub items: String,
    /// The most items that are gathered.
    pub items_max: u32,
}

/// A call for each item of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct EachFile {
    /// The name of the item.
    pub item: String,
    /// The list, an expression.
    pub list: Written,
    /// The most items.
    pub items_max: u32,
    /// How many calls run beside each other.
    pub at_once: u32,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyFile {
    /// Its status: 200 to 299.
    pub status: u16,
    /// Its body: literals and `$references`.
    pub body: Written,
}

/// A value of the file, and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is written there.
    pub value: Value,
}

impl BlockFile {
    /// Reads a file. Every problem is told at once, each where it stands; a block is given only
    /// when there is none.
    pub fn read(document: &Value) -> Result<Self, Vec<Problem>> {
        let mut form = Form::default();
        let read = read(&mut form, &At::root(document));
        match (read, form.problems()) {
            (Some(block), problems) if problems.is_empty() => Ok(block),
            (_, problems) => Err(problems),
        }
    }
}

fn read(form: &mut Form, root: &At<'_>) -> Option<BlockFile> {
    let section = form.section(root, &KEYS)?;
    let name = form
        .required(&section, "block")
        .and_then(|at| block_name(form, &at));
    let version = form
        .required(&section, "version")
        .and_then(|at| version(form, &at));
    let titles = form
        .required(&section, "title")
        .and_then(|at| titles(form, &at));
    let sources = form.required(&section, "sources").and_then(|at| {
        let sources = form.words(&at, SOURCES_MAX)?;
        sources
            .iter()
            .all(|source| is_source(form, &at, source))
            .then_some(sources)
    });
    let known = sources.as_deref();
    let operations = form.required(&section, "operations").map(|at| {
        let named = form.named(&at, OPERATIONS_MAX);
        if named.is_empty() {
            form.tell::<()>(&at.pointer, "there is no operation", "write at least one");
        }
        let read = named
            .into_iter()
            .map(|(name, at)| operation::read(form, name, &at, known));
        read.collect::<Vec<_>>()
    });
    let (title_en, title_zh) = titles?;
    Some(BlockFile {
        name: name?,
        version: version?,
        title_en,
        title_zh,
        sources: sources?,
        operations: operations?.into_iter().collect::<Option<_>>()?,
    })
}

fn is_source(form: &mut Form, at: &At<'_>, source: &str) -> bool {
    let is_sound = is_word(source);
    if !is_sound {
        let help = "write a letter, then letters, digits and `_`, at most 64";
        form.tell::<()>(&at.pointer, "a source has no such name", help);
    }
    is_sound
}

fn block_name(form: &mut Form, at: &At<'_>) -> Option<String> {
    let name = form.text(at, 64)?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_name {
        return Some(name);
    }
    let help = "write small letters, digits and `-`, such as `ride-loan`";
    form.tell(&at.pointer, "this is no name of a block", help)
}

fn version(form: &mut Form, at: &At<'_>) -> Option<[u32; 3]> {
    let text = form.text(at, 32)?;
    let part = |part: &str| {
        let is_plain = part == "0" || !part.starts_with('0');
        let is_digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (is_plain && is_digits).then(|| part.parse().ok()).flatten()
    };
    let parts: Option<Vec<u32>> = text.split('.').map(part).collect();
    match parts.and_then(|parts| parts.try_into().ok()) {
        Some(version) => Some(version),
        None => form.tell(
            &at.pointer,
            "this is no version",
            "write three numbers: `1.0.0`",
        ),
    }
}

fn titles(form: &mut Form, at: &At<'_>) -> Option<(String, String)> {
    let section = form.section(at, &["en", "zh-CN"])?;
    let mut title = |key| {
        let at = form.required(&section, key)?;
        form.text(&at, TITLE_BYTES_MAX)
    };
    let (en, zh) = (title("en"), title("zh-CN"));
    Some((en?, zh?))
}

#[cfg(test)]
mod tests;
