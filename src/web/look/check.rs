//! What is checked of templates when they are read: the texts they ask for, and what a bank's own
//! templates must keep.

use std::collections::BTreeSet;

use model::Fault;

use super::{FRAME, LookSource};
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

/// Checks a bank's template that is to stand in the place of one of ours.
pub(super) fn replacement(
    name: &str,
    text: &str,
    source: &LookSource,
    texts: &Texts,
) -> Result<(), Fault> {
    let amiss = |what: &str| Err(Fault::new(format!("reading the bank's {name}: {what}")));
    let is_frame = name == FRAME.0;
    if !is_frame && !source.templates.iter().any(|(ours, _)| *ours == name) {
        return amiss("no template has this name");
    }
    if source.overrides.iter().filter(|(of, _)| of == name).count() > 1 {
        return amiss("it is there twice");
    }
    if !is_frame && !text.starts_with(EXTENDS) {
        return amiss("it does not begin by extending the frame");
    }
    if text.contains("autoescape") {
        return amiss("it speaks of escaping");
    }
    for id in required_ids(name, source) {
        if !text.contains(&format!("\"{id}\"")) {
            return amiss(&format!("the id \"{id}\" is missing"));
        }
    }
    match asked_by(name, text)?
        .into_iter()
        .find(|key| !texts.has(key))
    {
        Some(key) => amiss(&format!("the text {key} is not there")),
        None => Ok(()),
    }
}

/// The ids that a template must have, as attributes or as what macros are given.
fn required_ids<'a>(name: &'a str, source: &'a LookSource) -> impl Iterator<Item = &'a str> {
    let frame: &[(&str, &[&str])] = &[(FRAME.0, &["correlation-id"])];
    let required = frame.iter().chain(source.required_ids);
    let of_it = required.filter(move |(of, _)| *of == name);
    of_it.flat_map(|(_, ids)| ids.iter().copied())
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
