//! Corruptions of a text, as a slip of the hand or a broken file makes them.

use std::collections::HashSet;
use std::fmt;

use crypto::{Random, SeededRandom};

/// What is done to a line, or to a line and what is indented under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operator {
    DeleteLine,
    DeleteBlock,
    MisspellKey,
    CutValue,
    WrongType,
    ShiftIndent,
    Duplicate,
    DanglingName,
}

impl Operator {
    pub(crate) const ALL: [Self; 8] = [
        Self::DeleteLine,
        Self::DeleteBlock,
        Self::MisspellKey,
        Self::CutValue,
        Self::WrongType,
        Self::ShiftIndent,
        Self::Duplicate,
        Self::DanglingName,
    ];

    /// Whether its mutants often load: the others leave a key that nobody knows, a value that is
    /// none or text that is no YAML.
    pub(crate) fn may_load(self) -> bool {
        match self {
            Self::DeleteLine | Self::DeleteBlock | Self::CutValue | Self::DanglingName => true,
            Self::MisspellKey | Self::WrongType | Self::ShiftIndent | Self::Duplicate => false,
        }
    }
}

/// One corruption of one file.
#[derive(Debug, Clone)]
pub(crate) struct Mutant {
    pub(crate) file: &'static str,
    pub(crate) operator: Operator,
    /// The line, from 1.
    pub(crate) line: usize,
    /// Whether that line says who may call what, or where.
    pub(crate) decides: bool,
    /// That line as it was, and as it is or what became of it.
    told: String,
    /// How many lines from that one on are replaced, and by which.
    count: usize,
    lines: Vec<String>,
}

impl Mutant {
    /// The whole file, corrupted.
    pub(crate) fn of(&self, intact: &str) -> String {
        let before = intact.lines().take(self.line - 1);
        let instead = self.lines.iter().map(String::as_str);
        let after = intact.lines().skip(self.line - 1 + self.count);
        let lines: Vec<&str> = before.chain(instead).chain(after).collect();
        lines.join("\n") + "\n"
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, .. } = self;
        write!(f, "{file}:{line}: {:?}: {}", self.operator, self.told)
    }
}

/// A file cut into lines.
struct Lines<'a> {
    file: &'static str,
    lines: Vec<&'a str>,
}

/// Every corruption of a file, each once, in the order of its lines.
pub(crate) fn mutants(file: &'static str, text: &str) -> Vec<Mutant> {
    let lines = Lines {
        file,
        lines: text.lines().collect(),
    };
    let mut known = HashSet::from([crypto::sha256(text.trim_end().as_bytes())]);
    (0..lines.lines.len())
        .filter(|at| !code(lines.lines[*at]).trim().is_empty())
        .flat_map(|at| lines.mutants(at))
        .filter(|mutant| known.insert(crypto::sha256(mutant.of(text).trim_end().as_bytes())))
        .collect()
}

/// Takes so many of them, by a seed; all, when there are no more.
pub(crate) fn sample(from: &mut Vec<Mutant>, count: usize, random: &SeededRandom) -> Vec<Mutant> {
    let mut sampled = Vec::new();
    while sampled.len() < count && !from.is_empty() {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        let at = u64::from_le_bytes(bytes) % from.len() as u64;
        sampled.push(from.swap_remove(usize::try_from(at).expect("a place in the list")));
    }
    sampled
}

impl Lines<'_> {
    fn mutants(&self, at: usize) -> Vec<Mutant> {
        let line = self.lines[at];
        let mut found = vec![
            self.with(at, 1, &[], Operator::DeleteLine),
            self.with(
                at,
                1,
                &[line.to_owned(), line.to_owned()],
                Operator::Duplicate,
            ),
        ];
        let block = self.block(at);
        let whole: Vec<String> = self.lines[at..at + block]
            .iter()
            .map(|line| (*line).to_owned())
            .collect();
        if block > 1 {
            found.push(self.with(at, block, &[], Operator::DeleteBlock));
            let twice = [whole.clone(), whole.clone()].concat();
            found.push(self.with(at, block, &twice, Operator::Duplicate));
        }
        for by in [-2, -1, 2] {
            if let Some(shifted) = whole
                .iter()
                .map(|line| shift(line, by))
                .collect::<Option<Vec<_>>>()
            {
                found.push(self.with(at, 1, &shifted[..1], Operator::ShiftIndent));
                if block > 1 {
                    found.push(self.with(at, block, &shifted, Operator::ShiftIndent));
                }
            }
        }
        let replaced = |lines: Vec<String>, operator| {
            lines
                .into_iter()
                .map(move |line| (line, operator))
                .collect::<Vec<_>>()
        };
        let lines = [
            replaced(misspelt(line), Operator::MisspellKey),
            replaced(cut(line), Operator::CutValue),
            replaced(dangling(line), Operator::DanglingName),
        ];
        for (line, operator) in lines.concat() {
            found.push(self.with(at, 1, &[line], operator));
        }
        let instead_of = if value(line).is_some() { 1 } else { block };
        for line in of_another_type(line) {
            found.push(self.with(at, instead_of, &[line], Operator::WrongType));
        }
        found
    }

    /// Other lines in the place of some.
    fn with(&self, at: usize, count: usize, lines: &[String], operator: Operator) -> Mutant {
        let was = code(self.lines[at]).trim();
        let is = lines.first().map_or("", |line| code(line).trim_end());
        Mutant {
            file: self.file,
            operator,
            line: at + 1,
            decides: decides(self.lines[at]),
            told: format!(
                "`{was}`, {count} of them, became {} like `{is}`",
                lines.len()
            ),
            count,
            lines: lines.to_vec(),
        }
    }

    /// How many lines stand here with what is indented under it.
    fn block(&self, at: usize) -> usize {
        let depth = indent(self.lines[at]);
        let under = self.lines[at + 1..].iter();
        1 + under
            .take_while(|line| !code(line).trim().is_empty() && indent(line) > depth)
            .count()
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The line without its comment.
fn code(line: &str) -> &str {
    if line.trim_start().starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or(line)
}

fn shift(line: &str, by: isize) -> Option<String> {
    let depth = indent(line).checked_add_signed(by)?;
    Some(format!("{}{}", " ".repeat(depth), line.trim_start()))
}

/// The keys of a line, those inside `{ … }` with it: where each begins and ends.
fn keys(line: &str) -> Vec<(usize, usize)> {
    let code = code(line);
    let mut keys = Vec::new();
    for (colon, _) in code.match_indices(':') {
        let is_key = code[colon + 1..].is_empty() || code[colon + 1..].starts_with(' ');
        let start = code[..colon]
            .rfind([' ', ',', '\'', '"'])
            .map_or(0, |before| before + 1);
        if is_key && start < colon {
            keys.push((start, colon));
        }
    }
    keys
}

/// Whether a line says who may call what, or where, in words of the operator's own: those that no
/// rule of the file can find wrong.
fn decides(line: &str) -> bool {
    const DECIDING: [&str; 14] = [
        "url",
        "endpoints",
        "organization_id",
        "subject_dn",
        "san_dns",
        "san_ip",
        "partner",
        "x-mortise-scope",
        "swiftride-app",
        "frozen-app",
        "cartwheel-app",
        "by-subject-app",
        "by-dns-name-app",
        "by-address-app",
    ];
    keys(line).iter().any(|(start, end)| {
        let key = &line[*start..*end];
        key.starts_with('/') || DECIDING.contains(&key)
    })
}

/// The value of a line: where it begins and ends.
fn value(line: &str) -> Option<(usize, usize)> {
    let code = code(line).trim_end();
    let after_key = code.find(": ").map(|colon| colon + 2);
    let after_dash = code.find("- ").map(|dash| dash + 2);
    let start = after_key.or(after_dash)?;
    let start = start + (code[start..].len() - code[start..].trim_start().len());
    (start < code.len()).then_some((start, code.len()))
}

fn put(line: &str, (start, end): (usize, usize), with: &str) -> String {
    format!("{}{with}{}", &line[..start], &line[end..])
}

/// Each key with a letter lost, with two neighbours swapped, with its first in the other case.
fn misspelt(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (start, end) in keys(line) {
        let key = &line[start..end];
        if !key.is_ascii() || key.len() < 2 {
            continue;
        }
        let at = start + key.len() / 2;
        found.push(put(line, (at, at + 1), ""));
        found.push(put(line, (end - 1, end), ""));
        let swapped = format!("{}{}", &line[at..=at], &line[at - 1..at]);
        found.push(put(line, (at - 1, at + 1), &swapped));
        let first = key[..1].to_uppercase();
        found.push(put(line, (start, start + 1), &first));
    }
    found
}

/// The value lost; each word of it cut after each of its characters, up to some; each part of a
/// list or mapping in one line lost.
fn cut(line: &str) -> Vec<String> {
    let Some((start, end)) = value(line) else {
        return Vec::new();
    };
    let words = words(line).into_iter();
    let cuts = words.flat_map(|(start, end)| (start + 1..end).rev().map(move |at| (at, end)));
    let mut found = vec![put(line, (start, end), "")];
    found.extend(cuts.take(CUTS_MAX).map(|place| put(line, place, "")));
    let parts: Vec<(usize, &str)> = line[start..end].match_indices(", ").collect();
    for (at, _) in parts {
        let before = line[start..start + at].rfind(['[', '{', ',']);
        if let Some(before) = before {
            found.push(put(line, (start + before + 1, start + at + 1), ""));
        }
        let after = line[start + at + 2..end].find([']', '}', ',']);
        if let Some(after) = after {
            found.push(put(line, (start + at, start + at + 2 + after), ""));
        }
    }
    found
}

/// How often the words of one value are cut at most.
const CUTS_MAX: usize = 40;

/// The words of a line's value that are no keys: names, numbers, units, paths; where each begins
/// and ends.
fn words(line: &str) -> Vec<(usize, usize)> {
    let Some((start, end)) = value(line) else {
        return Vec::new();
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    let mut found = Vec::new();
    let mut at = start;
    while at < end {
        let rest = &line[at..end];
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if length > 1 && !rest[..length].ends_with(':') {
            found.push((at, at + length));
        }
        at += length.max(rest.chars().next().map_or(1, char::len_utf8));
    }
    found
}

/// The value as a list, a mapping, a number, a boolean, nothing, and words that mean nothing; a
/// block's key with one of them in the place of its block.
fn of_another_type(line: &str) -> Vec<String> {
    let plain = code(line).trim_end();
    let place = match value(line) {
        Some(place) => place,
        None if plain.ends_with(':') => (plain.len(), plain.len()),
        None => return Vec::new(),
    };
    let space = if place.0 == plain.len() { " " } else { "" };
    ["[]", "{}", "17", "true", "null", "''", "a word"]
        .iter()
        .map(|it| put(line, place, &format!("{space}{it}")))
        .collect()
}

/// Each name in a value replaced by one that nobody has.
fn dangling(line: &str) -> Vec<String> {
    let words = words(line).into_iter();
    words
        .filter(|(start, _)| line[*start..].starts_with(|c: char| c.is_ascii_alphabetic()))
        .map(|(_, end)| put(line, (end, end), "-x"))
        .collect()
}

/// What the lines of a configuration are to each other: each line's depth under its parents, and
/// its text without indent and comment. Two texts with one outline say the same, where both can be
/// read.
pub(crate) fn outline(text: &str) -> Vec<(usize, &str)> {
    let mut parents: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let told = code(line).trim();
        if told.is_empty() {
            continue;
        }
        // A list may stand as deep as the key that it belongs to.
        let depth = indent(line) * 2 + usize::from(told.starts_with("- "));
        while parents.last().is_some_and(|parent| *parent >= depth) {
            parents.pop();
        }
        found.push((parents.len(), told));
        parents.push(depth);
    }
    found
}

#[test]
fn each_operator_makes_the_corruptions_that_it_is_named_for() {
    let text = "a:\n  key: [one, two]   # why\n  n: 120 requests\nb: { c: dee }\n";
    let all = mutants("x", text);
    for (operator, wanted) in [
        (
            Operator::DeleteLine,
            "a:\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (Operator::DeleteBlock, "b: { c: dee }\n"),
        (
            Operator::MisspellKey,
            "a:\n  ke: [one, two]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::CutValue,
            "a:\n  key: [one]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::WrongType,
            "a:\n  key: 17   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::ShiftIndent,
            "a:\nkey: [one, two]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::Duplicate,
            "a:\n  key: [one, two]   # why\n  n: 120 requests\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::CutValue,
            "a:\n  key: [one, tw]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
        (
            Operator::CutValue,
            "a:\n  key: [one, two]   # why\n  n: 12 requests\nb: { c: dee }\n",
        ),
        (
            Operator::DanglingName,
            "a:\n  key: [one, two-x]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
    ] {
        let made = all.iter().filter(|mutant| mutant.operator == operator);
        let made: Vec<String> = made.map(|mutant| mutant.of(text)).collect();
        assert!(
            made.iter().any(|made| made == wanted),
            "{operator:?}: {wanted} is not in {made:#?}"
        );
    }
    let (one, again) = (SeededRandom::new(7), SeededRandom::new(7));
    let told = |mutants: Vec<Mutant>| mutants.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told(sample(&mut all.clone(), 9, &one)),
        told(sample(&mut all.clone(), 9, &again))
    );
}

#[test]
fn an_outline_is_the_same_while_each_line_has_the_same_parents() {
    let text = "a:\n  - b: 1   # why\n    c: 2\nd: 3\n";
    for same in [
        "a:\n- b: 1\n  c: 2\nd: 3\n",
        "a:\n    - b: 1\n\n      c: 2\nd: 3\n",
    ] {
        assert_eq!(outline(same), outline(text));
    }
    for other in [
        "a:\n  - b: 1\nc: 2\nd: 3\n",
        "a:\n  - b: 1\n    c: 2\n  d: 3\n",
    ] {
        assert_ne!(outline(other), outline(text));
    }
}
