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
    /// The whole file.
    pub(crate) text: String,
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
    let mut known = HashSet::from([text.trim_end().to_owned()]);
    (0..lines.lines.len())
        .filter(|at| !code(lines.lines[*at]).trim().is_empty())
        .flat_map(|at| lines.mutants(at))
        .filter(|mutant| known.insert(mutant.text.trim_end().to_owned()))
        .collect()
}

/// So many of them, by a seed; all, when there are no more.
pub(crate) fn sample(mut from: Vec<Mutant>, count: usize, random: &SeededRandom) -> Vec<Mutant> {
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
            replaced(of_another_type(line), Operator::WrongType),
            replaced(dangling(line), Operator::DanglingName),
        ];
        for (line, operator) in lines.concat() {
            found.push(self.with(at, 1, &[line], operator));
        }
        found
    }

    /// The text with other lines in the place of some.
    fn with(&self, at: usize, count: usize, lines: &[String], operator: Operator) -> Mutant {
        let mut all: Vec<&str> = self.lines[..at].to_vec();
        all.extend(lines.iter().map(String::as_str));
        all.extend(&self.lines[at + count..]);
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
            text: all.join("\n") + "\n",
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
            .rfind([' ', '{', ',', '\'', '"'])
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
    const DECIDING: [&str; 8] = [
        "url",
        "endpoints",
        "organization_id",
        "partner",
        "x-mortise-scope",
        "swiftride-app",
        "frozen-app",
        "cartwheel-app",
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

/// Each key with one letter lost, with two neighbours swapped, with its first in the other case.
fn misspelt(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for place in keys(line) {
        let key = &line[place.0..place.1];
        if !key.is_ascii() || key.len() < 2 {
            continue;
        }
        for at in 0..key.len() {
            found.push(put(line, (place.0 + at, place.0 + at + 1), ""));
        }
        for at in 1..key.len() {
            let swapped = format!("{}{}", &key[at..=at], &key[at - 1..at]);
            found.push(put(line, (place.0 + at - 1, place.0 + at + 1), &swapped));
        }
        let first = key[..1].to_uppercase();
        found.push(put(line, (place.0, place.0 + 1), &first));
    }
    found
}

/// The value cut at each of its characters, up to some; each part of a list or mapping in one line
/// lost; its first number shorter.
fn cut(line: &str) -> Vec<String> {
    let Some((start, end)) = value(line) else {
        return Vec::new();
    };
    let cuts = 0..(end - start).min(CUTS_MAX);
    let mut found: Vec<String> = cuts
        .map(|cut| end - 1 - cut)
        .filter(|cut| line.is_char_boundary(*cut))
        .map(|cut| put(line, (cut, end), ""))
        .collect();
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
    // The last figure of the first number, and all but its first.
    let figures: Vec<usize> = line[start..end]
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| start + at)
        .collect();
    if let Some(last) = figures.windows(2).find(|pair| pair[1] != pair[0] + 1) {
        found.push(put(line, (last[0], last[0] + 1), ""));
        found.push(put(line, (figures[0] + 1, last[0] + 1), ""));
    }
    found
}

/// How many characters a value loses at most.
const CUTS_MAX: usize = 40;

fn of_another_type(line: &str) -> Vec<String> {
    let Some(place) = value(line) else {
        // A block's key, with a value beside the block.
        let plain = code(line).trim_end();
        let beside = ["none", "[]", "{}"].map(|it| format!("{plain} {it}"));
        return Vec::from(beside)
            .into_iter()
            .filter(|_| plain.ends_with(':'))
            .collect();
    };
    ["[]", "{}", "17", "true", "null", "''", "none", "[*]"]
        .iter()
        .map(|it| put(line, place, it))
        .collect()
}

/// Each name in a value replaced by one that nobody has.
fn dangling(line: &str) -> Vec<String> {
    let Some((start, end)) = value(line) else {
        return Vec::new();
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-_./:".contains(c);
    let mut found = Vec::new();
    let mut at = start;
    while at < end {
        let rest = &line[at..end];
        let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = &rest[..length];
        let is_key = name.ends_with(':');
        if length > 1 && !is_key && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            found.push(put(line, (at + length, at + length), "-x"));
        }
        at += length.max(rest.chars().next().map_or(1, char::len_utf8));
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
            Operator::DanglingName,
            "a:\n  key: [one, two-x]   # why\n  n: 120 requests\nb: { c: dee }\n",
        ),
    ] {
        let made = all.iter().filter(|mutant| mutant.operator == operator);
        let made: Vec<&str> = made.map(|mutant| mutant.text.as_str()).collect();
        assert!(
            made.contains(&wanted),
            "{operator:?}: {wanted} is not in {made:#?}"
        );
    }
    let (one, again) = (SeededRandom::new(7), SeededRandom::new(7));
    let told = |mutants: Vec<Mutant>| mutants.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        told(sample(all.clone(), 9, &one)),
        told(sample(all, 9, &again))
    );
}
