//! Calls: the functions of the language, and what is said of those that it does not have.

use std::sync::Arc;

use jiff::SignedDuration;

use super::super::cost::{looking, matching};
use super::super::kind::Type;
use super::super::pattern::Pattern;
use super::super::syntax::{Node, Syntax, Word};
use super::super::term::{Each, Look, TermKind};
use super::super::value::Value;
use super::{Checker, Typed, sum, widened};
use crate::slip::{Span, choices, quoted};

/// The functions, each with how it is written.
const FUNCTIONS: [(&str, &str); 18] = [
    ("all", "list.all(x, …)"),
    ("contains", "text.contains(\"…\")"),
    ("date", "date(\"2026-11-24\")"),
    ("default", "default(x, y)"),
    ("duration", "duration(\"24h\")"),
    ("endsWith", "text.endsWith(\"…\")"),
    ("exists", "list.exists(x, …)"),
    ("exists_one", "list.exists_one(x, …)"),
    ("failed", "failed(step)"),
    ("filter", "list.filter(x, …)"),
    ("has", "has(x.y)"),
    ("map", "list.map(x, …)"),
    ("matches", "text.matches(\"…\")"),
    ("max", "max(x, y)"),
    ("min", "min(x, y)"),
    ("size", "size(x)"),
    ("startsWith", "text.startsWith(\"…\")"),
    ("timestamp", "timestamp(\"2026-11-24T08:00:00Z\")"),
];

/// Functions that CEL or its extensions have and the language does not, and why.
const FOREIGN: [(&[&str], &str); 7] = [
    (
        &[
            "int", "uint", "double", "string", "bytes", "bool", "dyn", "type",
        ],
        "values are not converted: the API description says what each is",
    ),
    (
        &[
            "getDate",
            "getDayOfMonth",
            "getDayOfWeek",
            "getDayOfYear",
            "getFullYear",
            "getHours",
            "getMilliseconds",
            "getMinutes",
            "getMonth",
            "getSeconds",
        ],
        "times are compared and reckoned with as a whole: `now - x < duration(\"24h\")`",
    ),
    (
        &["round", "ceil", "floor", "abs", "pow", "sqrt", "trunc"],
        "numbers stay exact: whoever shows one rounds it",
    ),
    (
        &[
            "charAt",
            "format",
            "indexOf",
            "join",
            "lastIndexOf",
            "lower",
            "lowerAscii",
            "replace",
            "reverse",
            "split",
            "substring",
            "trim",
            "upper",
            "upperAscii",
        ],
        "strings are compared and joined, not taken apart",
    ),
    (
        &[
            "sum", "sort", "sortBy", "flatten", "distinct", "first", "last", "range", "slice",
            "reduce",
        ],
        "lists are asked by `all`, `exists`, `filter`, `map` and `size`",
    ),
    (
        &[
            "optional", "optMap", "orValue", "hasValue", "of", "none", "coalesce",
        ],
        "write `default(x, y)` or test `has(x)`",
    ),
    (
        &["now", "today"],
        "`now` is a name: write it without brackets",
    ),
];

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        span: Span,
        on: Option<&Node>,
        word: &Word,
        arguments: &[Node],
    ) -> Option<Typed> {
        match (on, word.text.as_str(), arguments) {
            (None, "has", [node]) => self.has(span, node),
            (None, "default", [node, other]) => self.default(span, node, other),
            (None, "failed", [step]) => self.failed(span, step),
            (None, "size", [node]) | (Some(node), "size", []) => self.size(span, node),
            (None, "min" | "max", [_, _, ..]) => self.extreme(span, word, arguments),
            (Some(node), "contains", [other]) => self.look(span, Look::Contains, node, other),
            (Some(node), "startsWith", [other]) => self.look(span, Look::StartsWith, node, other),
            (Some(node), "endsWith", [other]) => self.look(span, Look::EndsWith, node, other),
            (Some(node), "matches", [pattern]) | (None, "matches", [node, pattern]) => {
                self.matches(span, node, pattern)
            }
            (None, "duration" | "timestamp" | "date", [node]) => self.moment(span, word, node),
            (Some(list), "all", _) => self.each(span, Each::All, list, word, arguments),
            (Some(list), "exists", _) => self.each(span, Each::Exists, list, word, arguments),
            (Some(list), "exists_one", _) => {
                self.each(span, Each::ExistsOne, list, word, arguments)
            }
            (Some(list), "filter", _) => self.each(span, Each::Filter, list, word, arguments),
            (Some(list), "map", _) => self.each(span, Each::Map, list, word, arguments),
            _ => self.unknown(word),
        }
    }

    /// What is said of a function that there is not, or not with such arguments.
    fn unknown(&mut self, word: &Word) -> Option<Typed> {
        let name = word.text.as_str();
        if let Some((_, usage)) = FUNCTIONS.iter().find(|(known, _)| *known == name) {
            let what = format!("{} is not called so", quoted(name));
            return self.slip(word.span, what, format!("write `{usage}`"));
        }
        let foreign = FOREIGN.iter().find(|(names, _)| names.contains(&name));
        let help = match foreign {
            Some((_, why)) => (*why).to_owned(),
            None => choices("functions", name, FUNCTIONS.iter().map(|(known, _)| *known)),
        };
        self.slip(word.span, format!("no function {}", quoted(name)), help)
    }

    fn failed(&mut self, span: Span, step: &Node) -> Option<Typed> {
        let name = match &step.kind {
            Syntax::Name(name) => name.as_str(),
            _ => "",
        };
        let Some(known) = self.names.step(name) else {
            let what = format!("{} is no step that may fail", self.quote(step));
            let help = choices(
                "steps with `or_else` or `optional`",
                name,
                self.names.steps(),
            );
            return self.slip(step.span, what, help);
        };
        self.reads.presence(Some(std::slice::from_ref(known)));
        let term = TermKind::Failed(known.clone());
        Some(Typed::new(span, term, Type::Bool, 0))
    }

    fn size(&mut self, span: Span, node: &Node) -> Option<Typed> {
        let typed = self.part(node, false)?;
        self.reads.presence(typed.origin.as_deref());
        let typed = self.present(node, typed)?;
        if !typed.kind.is_text() && !matches!(typed.kind, Type::List { .. }) {
            let what = format!("{} has no size: it is {}", self.quote(node), typed.kind);
            return self.slip(node.span, what, "strings and lists have a size");
        }
        let cost = sum([typed.cost, looking(typed.kind.bytes_max() as usize)]);
        let term = TermKind::Size(Box::new(typed.term));
        Some(Typed::new(span, term, Type::Int, cost))
    }

    fn extreme(&mut self, span: Span, word: &Word, arguments: &[Node]) -> Option<Typed> {
        let typed: Vec<Option<Typed>> = arguments.iter().map(|node| self.value(node)).collect();
        let typed: Vec<Typed> = typed.into_iter().collect::<Option<_>>()?;
        let first = typed.first()?.kind.clone();
        let mut kind = first.clone();
        for (part, node) in typed.iter().zip(arguments) {
            let has_order = part.kind.is_number()
                || matches!(part.kind, Type::Timestamp | Type::Date | Type::Duration);
            let joined = kind.joined(&part.kind).filter(|_| has_order);
            let Some(joined) = joined else {
                let what = format!("{} is {}", self.quote(node), part.kind);
                let help = format!("`{}` takes numbers, or times of one type", word.text);
                return self.slip(node.span, what, help);
            };
            kind = joined;
        }
        let typed: Vec<Typed> = typed.into_iter().map(|part| widened(part, &kind)).collect();
        let cost = sum(typed.iter().map(|part| part.cost));
        let terms = typed.into_iter().map(|part| part.term).collect();
        let term = match word.text.as_str() {
            "min" => TermKind::Least(terms),
            _ => TermKind::Most(terms),
        };
        Some(Typed::new(span, term, kind, cost))
    }

    fn text(&mut self, node: &Node) -> Option<Typed> {
        let typed = self.value(node)?;
        if typed.kind.is_text() {
            return Some(typed);
        }
        let what = format!("{} must be string, got {}", self.quote(node), typed.kind);
        self.slip(node.span, what, "give a string")
    }

    fn look(&mut self, span: Span, look: Look, node: &Node, other: &Node) -> Option<Typed> {
        let one = self.text(node);
        let other = self.text(other);
        let (one, other) = (one?, other?);
        let bytes = one.kind.bytes_max().saturating_add(other.kind.bytes_max());
        let cost = sum([one.cost, other.cost, looking(bytes as usize)]);
        let term = TermKind::Look(look, Box::new([one.term, other.term]));
        Some(Typed::new(span, term, Type::Bool, cost))
    }

    fn matches(&mut self, span: Span, node: &Node, pattern: &Node) -> Option<Typed> {
        let typed = self.text(node)?;
        let Syntax::Text(text) = &pattern.kind else {
            let what = format!("{} is no pattern that is written out", self.quote(pattern));
            return self.slip(pattern.span, what, "write the pattern in quotes");
        };
        let read = match Pattern::read(text) {
            Ok(read) => read,
            Err((what, help)) => return self.slip(pattern.span, what, help),
        };
        let cost = sum([typed.cost, matching(typed.kind.bytes_max() as usize)]);
        let term = TermKind::Matches(Arc::new(read), Box::new(typed.term));
        Some(Typed::new(span, term, Type::Bool, cost))
    }

    /// `duration("24h")`, `timestamp("…")`, `date("…")`: known when the file loads.
    fn moment(&mut self, span: Span, word: &Word, node: &Node) -> Option<Typed> {
        let text = match &node.kind {
            Syntax::Text(text) => text.as_str(),
            _ => "",
        };
        let read = match word.text.as_str() {
            "duration" => duration(text).map(|d| (Value::Duration(d), Type::Duration)),
            "date" => text.parse().ok().map(|d| (Value::Date(d), Type::Date)),
            _ => text
                .parse()
                .ok()
                .map(|t| (Value::Timestamp(t), Type::Timestamp)),
        };
        let Some((value, kind)) = read else {
            let what = format!("{} is no {}", self.quote(node), word.text);
            let help = match word.text.as_str() {
                "duration" => "write digits and `h`, `m`, `s` or `ms` in quotes: \"1h30m\"",
                "date" => "write year, month and day in quotes: \"2026-11-24\"",
                _ => "write it in quotes as RFC 3339 does: \"2026-11-24T08:00:00Z\"",
            };
            return self.slip(node.span, what, help);
        };
        Some(Typed::new(span, TermKind::Constant(value), kind, 0))
    }
}

/// A length of time as CEL writes it: digits and units, at most 10,000 days.
fn duration(text: &str) -> Option<SignedDuration> {
    const MILLIS_MAX: i64 = 10_000 * 86_400_000;
    let mut millis = 0_i64;
    let mut rest = text;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let number: i64 = number.parse().ok()?;
        let (unit, behind) = if let Some(behind) = behind.strip_prefix("ms") {
            (1, behind)
        } else {
            let mut units = [("h", 3_600_000), ("m", 60_000), ("s", 1_000)].into_iter();
            units.find_map(|(unit, millis)| Some((millis, behind.strip_prefix(unit)?)))?
        };
        millis = number.checked_mul(unit)?.checked_add(millis)?;
        if millis > MILLIS_MAX {
            return None;
        }
        if behind.is_empty() {
            return Some(SignedDuration::from_millis(millis));
        }
        rest = behind;
    }
}
