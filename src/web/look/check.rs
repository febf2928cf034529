//! What is checked of templates when they are read: the texts they ask for, and what a bank's own
//! templates must keep.

use std::collections::BTreeSet;

use model::Fault;

use super::own::Unfit;
use super::{FRAME, MACROS};
use crate::texts::Texts;

/// How a template of a room begins.
const EXTENDS: &str = "{% extends \"frame.html\" %}";

/// Checks that templates and code ask for every text, and for none that is not there.
pub(super) fn keys(
    templates: &[(&str, &str)],
    by_code: &[&str],
    texts: &Texts,
) -> Result<(), Fault> {
    let mut asked: BTreeSet<&str> = by_code.iter().copied().collect();
    for (name, text) in templates {
        asked.extend(asked_by(name, text)?);
    }
    if let Some(key) = asked.iter().find(|key| !texts.has(key)) {
        return Err(Fault::new(format!(
            "looking for the text {key}: it is not there"
        )));
    }
    if let Some(key) = texts.keys().find(|key| !asked.contains(key)) {
        return Err(Fault::new(format!(
            "looking for the text {key}: nobody asks for it"
        )));
    }
    Ok(())
}

/// Whether a template is a page, which a bank may make its own, and no part of pages.
pub(super) fn is_page(name: &str) -> bool {
    name == FRAME.0 || !(name == MACROS.0 || name.ends_with("-parts.html"))
}

/// What is wrong with a bank's template by itself.
pub(super) fn replacement(name: &str, text: &str, texts: &Texts) -> Vec<Unfit> {
    let mut unfit = Vec::new();
    let mut amiss = |line: usize, what: String, help: &str| {
        unfit.push(Unfit {
            file: name.to_owned(),
            line,
            what,
            help: Some(help.to_owned()),
        });
    };
    if name != FRAME.0 && !text.starts_with(EXTENDS) {
        let what = "it does not begin by extending the frame".to_owned();
        amiss(1, what, "write `{% extends \"frame.html\" %}` first");
    }
    let asked = match asked_by(name, text) {
        Ok(asked) => asked,
        Err(fault) => {
            amiss(1, fault.doing, "ask for each text by its key, in quotes");
            Vec::new()
        }
    };
    for key in asked.into_iter().filter(|key| !texts.has(key)) {
        let at = line_with(text, &format!("\"{key}\""));
        let what = format!("no text has the key `{key}`");
        amiss(at, what, "ask for a text of this page or of the look");
    }
    if text.contains("autoescape") {
        let what = "it speaks of escaping".to_owned();
        amiss(
            line_with(text, "autoescape"),
            what,
            "every text is escaped: leave it out",
        );
    }
    unfit
}

fn line_with(text: &str, piece: &str) -> usize {
    let at = text.lines().position(|line| line.contains(piece));
    at.map_or(1, |at| at + 1)
}

/// The keys of the texts that a template asks for: each stands in quotes where it is asked for, so
/// that it can be found here.
fn asked_by<'a>(name: &str, text: &'a str) -> Result<Vec<&'a str>, Fault> {
    let mut found = Vec::new();
    for code in statements(text) {
        for (at, _) in code.match_indices("t(") {
            let before = code.get(..at).and_then(|before| before.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
                continue;
            }
            let argument = code.get(at + 2..).unwrap_or_default().trim_start();
            let quoted = argument.strip_prefix('"');
            let Some((key, _)) = quoted.and_then(|quoted| quoted.split_once('"')) else {
                return Err(Fault::new(format!(
                    "reading the template {name}: a text is asked for without a key in quotes"
                )));
            };
            found.push(key);
        }
    }
    Ok(found)
}

/// What stands in `{{ }}` and `{% %}`; comments and the page's own text are none of it.
fn statements(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let end = match rest.as_bytes().first() {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => continue,
        };
        let (inside, after) = rest.split_once(end).unwrap_or((rest, ""));
        if end != "#}" {
            found.push(inside);
        }
        rest = after;
    }
    found
}
