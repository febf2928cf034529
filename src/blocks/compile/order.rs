//! The order in which reads and named values can be had: each behind what it needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{Making, text_of};

/// A part of an operation, by its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Read(usize),
    Let(usize),
}

impl Making<'_> {
    /// The reads and the named values in an order in which each stands behind what it mentions;
    /// nothing where some go round in a circle, which is told.
    pub(super) fn in_order(&mut self) -> Option<Vec<Part>> {
        let parts = self.parts();
        let mut left: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, (_, mentioned)) in &parts {
            let known = mentioned.iter().map(String::as_str);
            let known = known.filter(|its| parts.contains_key(*its));
            left.insert(name, known.collect());
        }
        let mut order = Vec::new();
        while !left.is_empty() {
            let free = left.iter().find(|(_, needs)| needs.is_empty());
            let Some(name) = free.map(|(name, _)| *name) else {
                let round = circle(&left);
                self.tell_circle(&round);
                return None;
            };
            left.remove(name);
            for needs in left.values_mut() {
                needs.remove(name);
            }
            order.extend(parts.get(name).map(|(part, _)| *part));
        }
        Some(order)
    }

    /// Each part by its name, with the names that it mentions.
    fn parts(&self) -> BTreeMap<String, (Part, BTreeSet<String>)> {
        let mut parts = BTreeMap::new();
        for (place, read) in self.file.reads.iter().enumerate() {
            let mut mentioned = BTreeSet::new();
            for (_, written) in &read.with {
                referred(&written.value, &mut mentioned);
            }
            if let Some(each) = &read.each {
                mentions(&text_of(&each.list), &mut mentioned);
                mentioned.remove(&each.item);
            }
            parts.insert(read.name.clone(), (Part::Read(place), mentioned));
        }
        for (place, (name, written)) in self.file.lets.iter().enumerate() {
            let mut mentioned = BTreeSet::new();
            mentions(&text_of(written), &mut mentioned);
            let is_new = !parts.contains_key(name);
            if is_new {
                parts.insert(name.clone(), (Part::Let(place), mentioned));
            }
        }
        parts
    }

    fn tell_circle(&mut self, round: &[&str]) {
        let first = round.first().copied().unwrap_or_default();
        let place = if self.file.reads.iter().any(|read| read.name == first) {
            "reads"
        } else {
            "let"
        };
        let mut way: Vec<&str> = round.to_vec();
        way.push(first);
        let pointer = self.at(&format!("/{place}/{first}"));
        let what = format!("circle: {}", way.join(" → "));
        let help = "let one of them do without the next";
        self.mistakes.tell("E120", &pointer, what, help);
    }
}

/// Some that need each other in a circle: each the next, the last the first. Each needs one that is
/// left, or it would not be left.
fn circle<'l>(left: &BTreeMap<&'l str, BTreeSet<&'l str>>) -> Vec<&'l str> {
    let mut way: Vec<&'l str> = Vec::new();
    let mut next = left.keys().next().copied();
    while let Some(name) = next {
        if let Some(at) = way.iter().position(|its| *its == name) {
            return way.split_off(at);
        }
        way.push(name);
        next = left.get(name).and_then(|needs| needs.first().copied());
    }
    way
}

/// The names that `$references` in JSON begin with.
fn referred(json: &Json, mentioned: &mut BTreeSet<String>) {
    match json {
        Json::String(text) => {
            if let Some(reference) = text.strip_prefix('$') {
                mentions(reference, mentioned);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| referred(item, mentioned)),
        Json::Object(members) => members.values().for_each(|its| referred(its, mentioned)),
        _ => {}
    }
}

/// The words of an expression that may be names of values: none in quotes, and no members.
fn mentions(text: &str, mentioned: &mut BTreeSet<String>) {
    let mut letters = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((start, letter)) = letters.next() {
        if letter == '"' || letter == '\'' {
            skip_text(&mut letters, letter);
        } else if letter.is_ascii_alphabetic() || letter == '_' {
            let mut end = start + 1;
            while let Some((at, next)) = letters.peek().copied() {
                if !(next.is_ascii_alphanumeric() || next == '_') {
                    break;
                }
                end = at + 1;
                letters.next();
            }
            if before != '.' {
                mentioned.extend(text.get(start..end).map(str::to_owned));
            }
        }
        if !letter.is_whitespace() {
            before = letter;
        }
    }
}

/// Passes over a text in quotes.
fn skip_text(letters: &mut impl Iterator<Item = (usize, char)>, quote: char) {
    let mut is_escaped = false;
    for (_, letter) in letters {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            letter if letter == quote => return,
            _ => {}
        }
    }
}
