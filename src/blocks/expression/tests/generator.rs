//! Texts of expressions, made by the type that they are to have.

use std::collections::BTreeSet;

use super::random::Random;
use super::sample::{plan, status, text};
use super::*;

/// How many walks stand inside each other at most.
const WALKS_MAX: usize = 2;

/// Makes one expression.
pub(super) struct Generator {
    pub(super) random: Random,
    /// The constructs of this expression.
    pub(super) seen: BTreeSet<&'static str>,
    /// What walks are at, and what is known to be there.
    paths: Vec<(String, Type)>,
    walks: usize,
}

impl Generator {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random(seed),
            seen: BTreeSet::new(),
            paths: Vec::new(),
            walks: 0,
        }
    }

    fn note(&mut self, construct: &'static str, text: String) -> String {
        self.seen.insert(construct);
        text
    }

    /// Whether this type is asked for, and one such path.
    fn path(&mut self, kind: &Type) -> Option<String> {
        let fixed = [
            ("input.amount", Type::Decimal),
            ("score.limit", Type::Decimal),
            ("consent.bound.principal", Type::Decimal),
            ("input.term", Type::Int),
            ("kyc.level", Type::Int),
            ("input.note", text(0)),
            ("kyc.legalName", text(0)),
            ("consent.customerId", text(0)),
            ("kyc.isResident", Type::Bool),
            ("kyc.born", Type::Date),
            ("now", Type::Timestamp),
            ("suit.validUntil", Type::Timestamp),
            ("suit.age", Type::Duration),
            ("kyc.status", status()),
            ("score.weights", Type::list(Type::Int, 0)),
            ("score.codes", Type::list(text(0), 0)),
            ("plans", Type::list(plan(), 0)),
        ];
        let is_kind = |found: &Type| same(found, kind);
        let mut found: Vec<String> = Vec::new();
        let fixed = fixed.iter().filter(|(_, kind)| is_kind(kind));
        found.extend(fixed.map(|(path, _)| (*path).to_owned()));
        for (path, known) in &self.paths {
            if is_kind(known) {
                found.push(path.clone());
            } else if *known == plan() {
                let members = [
                    ("amount", Type::Decimal),
                    ("months", Type::Int),
                    ("id", text(0)),
                ];
                let members = members.iter().filter(|(_, kind)| is_kind(kind));
                found.extend(members.map(|(member, _)| format!("{path}.{member}")));
            }
        }
        (!found.is_empty()).then(|| self.random.pick(&found))
    }

    /// A path of this type that may be absent.
    fn optional(&mut self, kind: &Type) -> Option<String> {
        let fixed = [
            ("input.monthlyIncome", Type::Decimal),
            ("plans[0].fee", Type::Decimal),
            ("input.since", Type::Date),
            ("input.address.zip", text(0)),
            ("input.address.city", text(0)),
            ("score.weights[1]", Type::Int),
            ("plans[3].months", Type::Int),
            ("score.codes[0]", text(0)),
        ];
        let mut found: Vec<String> = fixed
            .iter()
            .filter(|(_, found)| same(found, kind))
            .map(|(path, _)| (*path).to_owned())
            .collect();
        let walked = self.paths.iter().filter(|(_, known)| *known == plan());
        if *kind == Type::Decimal {
            found.extend(walked.map(|(path, _)| format!("{path}.fee")));
        }
        (!found.is_empty()).then(|| self.random.pick(&found))
    }

    fn literal(&mut self, kind: &Type) -> Option<String> {
        let small = self.random.below(9) + 1;
        Some(match kind {
            Type::Bool => self.random.pick(&["true", "false"]).to_owned(),
            Type::Int => match self.random.below(8) {
                0 => "9223372036854775807".to_owned(),
                1 => "-9223372036854775808".to_owned(),
                _ => small.to_string(),
            },
            Type::Decimal => match self.random.below(8) {
                0 => "999999999999999999999999.999999999999".to_owned(),
                _ => format!("{small}.{}", self.random.below(900)),
            },
            Type::Text { .. } => self
                .random
                .pick(&["\"\"", "'a'", "\"榫卯\"", "\"\\\"\\n\""])
                .to_owned(),
            Type::OneOf(words) => format!("\"{}\"", self.random.pick(words)),
            Type::Timestamp => "timestamp(\"2026-11-24T08:00:00Z\")".to_owned(),
            Type::Date => "date(\"2026-11-24\")".to_owned(),
            Type::Duration => format!("duration(\"{small}h{small}ms\")"),
            _ => return None,
        })
    }

    fn atom(&mut self, kind: &Type) -> String {
        if self.random.below(3) == 0
            && let Some(literal) = self.literal(kind)
        {
            return self.note("literal", literal);
        }
        match self.path(kind) {
            Some(path) => self.note("path", path),
            None => self
                .literal(kind)
                .expect("a path or a literal of each type"),
        }
    }

    /// An expression of this type, at most so deep.
    pub(super) fn expression(&mut self, kind: &Type, depth: u8) -> String {
        let Some(depth) = depth.checked_sub(1) else {
            return self.atom(kind);
        };
        match self.random.below(12) {
            0 => self.atom(kind),
            1 => {
                let condition = self.expression(&Type::Bool, depth);
                let (yes, no) = (self.expression(kind, depth), self.expression(kind, depth));
                self.note("? :", format!("({condition} ? {yes} : {no})"))
            }
            2 => self.defaulted(kind, depth),
            _ => self.form(kind, depth),
        }
    }

    fn defaulted(&mut self, kind: &Type, depth: u8) -> String {
        let Some(path) = self.optional(kind) else {
            return self.form(kind, depth);
        };
        if self.random.below(2) == 0 {
            let other = self.expression(kind, depth);
            return self.note("default", format!("default({path}, {other})"));
        }
        let known = self.paths.len();
        self.paths.push((path.clone(), kind.clone()));
        let yes = self.expression(kind, depth);
        self.paths.truncate(known);
        let no = self.expression(kind, depth);
        self.note("has ? :", format!("(has({path}) ? {yes} : {no})"))
    }

    fn form(&mut self, kind: &Type, depth: u8) -> String {
        match kind {
            Type::Bool => self.bool(depth),
            Type::Int => self.int(depth),
            Type::Decimal => self.decimal(depth),
            Type::Text { .. } => {
                let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                self.note("text +", format!("({a} + {b})"))
            }
            Type::Timestamp => {
                let at = self.expression(kind, depth);
                let by = self.expression(&Type::Duration, depth);
                match self.random.below(3) {
                    0 => self.note("time + duration", format!("({at} + {by})")),
                    1 => self.note("time + duration", format!("({by} + {at})")),
                    _ => self.note("time - duration", format!("({at} - {by})")),
                }
            }
            Type::Duration if self.random.below(2) == 0 => {
                let a = self.expression(&Type::Timestamp, depth);
                let b = self.expression(&Type::Timestamp, depth);
                self.note("time - time", format!("({a} - {b})"))
            }
            Type::Duration => {
                let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
                let sign = self.random.pick(&["+", "-"]);
                self.note("duration + -", format!("({a} {sign} {b})"))
            }
            Type::Date => self.extreme(kind, depth),
            Type::List { item, .. } => self.list(kind, item, depth),
            _ => self.atom(kind),
        }
    }

    fn bool(&mut self, depth: u8) -> String {
        let bool = Type::Bool;
        match self.random.below(14) {
            0 => {
                let inner = self.expression(&bool, depth);
                self.note("!", format!("!{inner}"))
            }
            1 | 2 => {
                let parts = self.random.below(2) + 2;
                let parts: Vec<String> =
                    (0..parts).map(|_| self.expression(&bool, depth)).collect();
                let (sign, name) = self.random.pick(&[(" && ", "&&"), (" || ", "||")]);
                self.note(name, format!("({})", parts.join(sign)))
            }
            3 | 4 => self.tested(depth),
            5 | 6 => self.compared(depth),
            7 => {
                let words = ["\"PASS\"", "\"REFER\"", "\"FAIL\""];
                let word = self.random.pick(&words);
                let sign = self.random.pick(&["==", "!="]);
                self.note("word ==", format!("(kyc.status {sign} {word})"))
            }
            8 => {
                let one = self.expression(&Type::Int, depth);
                let list = self.expression(&Type::list(Type::Int, 0), depth);
                self.note("in", format!("({one} in {list})"))
            }
            9 => {
                let one = self.expression(&text(0), depth);
                let list = self.expression(&Type::list(text(0), 0), depth);
                self.note("in", format!("(({one} + input.note) in {list})"))
            }
            10 => {
                let (a, b) = (
                    self.expression(&text(0), depth),
                    self.expression(&text(0), depth),
                );
                let name = self.random.pick(&["contains", "startsWith", "endsWith"]);
                self.note(name, format!("({a}).{name}({b})"))
            }
            11 => {
                let one = self.expression(&text(0), depth);
                let pattern = self.random.pick(&["^[a-z]+$", "(a|b)*Z", ".", "^$"]);
                self.note("matches", format!("({one}).matches(\"{pattern}\")"))
            }
            12 => self.note("failed", "failed(profile)".to_owned()),
            _ => self.walked(depth),
        }
    }

    /// `has(x) && …` or `!has(x) || …`, with `x` used behind it.
    fn tested(&mut self, depth: u8) -> String {
        let kinds = [Type::Decimal, Type::Int, Type::Date, text(0)];
        let kind = self.random.pick(&kinds);
        let Some(path) = self.optional(&kind) else {
            return self.atom(&Type::Bool);
        };
        let known = self.paths.len();
        self.paths.push((path.clone(), kind.clone()));
        let inner = self.expression(&Type::Bool, depth);
        self.paths.truncate(known);
        match self.random.below(2) {
            0 => self.note("has &&", format!("(has({path}) && {inner})")),
            _ => self.note("!has ||", format!("(!has({path}) || {inner})")),
        }
    }

    fn compared(&mut self, depth: u8) -> String {
        let kinds = [
            Type::Int,
            Type::Decimal,
            Type::Timestamp,
            Type::Date,
            Type::Duration,
            text(0),
        ];
        let kind = self.random.pick(&kinds);
        let one = self.expression(&kind, depth);
        let one = match kind {
            // Two words that are written out are not compared.
            Type::Text { .. } => format!("({one} + kyc.legalName)"),
            _ => one,
        };
        let other = match kind {
            Type::Int | Type::Decimal => {
                let kind = self.random.pick(&[Type::Int, Type::Decimal]);
                self.expression(&kind, depth)
            }
            _ => self.expression(&kind, depth),
        };
        let sign = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
        self.note(sign, format!("({one} {sign} {other})"))
    }

    /// A question about the items of a list.
    fn walked(&mut self, depth: u8) -> String {
        let kind = self.random.pick(&[plan(), Type::Int, text(0)]);
        let list = self.expression(&Type::list(kind.clone(), 0), depth);
        let name = self.random.pick(&["all", "exists", "exists_one"]);
        match self.walk(&kind, &Type::Bool, depth) {
            Some((variable, body)) => self.note(name, format!("{list}.{name}({variable}, {body})")),
            None => self.atom(&Type::Bool),
        }
    }

    /// A variable for items of this type, and what is asked or made of it.
    fn walk(&mut self, item: &Type, body: &Type, depth: u8) -> Option<(String, String)> {
        if self.walks >= WALKS_MAX {
            return None;
        }
        self.walks += 1;
        let variable = format!("x{}", self.walks);
        let known = self.paths.len();
        self.paths.push((variable.clone(), item.clone()));
        let body = self.expression(body, depth);
        self.paths.truncate(known);
        self.walks -= 1;
        Some((variable, body))
    }

    fn list(&mut self, kind: &Type, item: &Type, depth: u8) -> String {
        match self.random.below(3) {
            0 if matches!(item, Type::Int) => {
                let items = self.random.below(3) + 1;
                let items: Vec<String> = (0..items).map(|_| self.expression(item, depth)).collect();
                self.note("[ ]", format!("[{}]", items.join(", ")))
            }
            1 => {
                let list = self.expression(kind, depth);
                match self.walk(item, &Type::Bool, depth) {
                    Some((x, body)) => self.note("filter", format!("{list}.filter({x}, {body})")),
                    None => list,
                }
            }
            2 if matches!(item, Type::Int) => {
                let list = self.expression(&Type::list(plan(), 0), depth);
                match self.walk(&plan(), item, depth) {
                    Some((x, body)) => self.note("map", format!("{list}.map({x}, {body})")),
                    None => self.atom(kind),
                }
            }
            _ => self.atom(kind),
        }
    }

    fn int(&mut self, depth: u8) -> String {
        let int = Type::Int;
        match self.random.below(8) {
            0 => {
                let inner = self.expression(&int, depth);
                self.note("-x", format!("-({inner})"))
            }
            1 => {
                let inner = self.expression(&text(0), depth);
                self.note("size of text", format!("size({inner})"))
            }
            2 => {
                let kinds = [Type::list(Type::Int, 0), Type::list(plan(), 0)];
                let kind = self.random.pick(&kinds);
                let list = self.expression(&kind, depth);
                self.note("size of list", format!("{list}.size()"))
            }
            3 => self.extreme(&int, depth),
            _ => {
                let (a, b) = (self.expression(&int, depth), self.expression(&int, depth));
                let (sign, name) = self.random.pick(&[
                    ("+", "int +"),
                    ("-", "int -"),
                    ("*", "int *"),
                    ("/", "int /"),
                    ("%", "int %"),
                ]);
                self.note(name, format!("({a} {sign} {b})"))
            }
        }
    }

    fn decimal(&mut self, depth: u8) -> String {
        match self.random.below(8) {
            0 => {
                let inner = self.expression(&Type::Decimal, depth);
                self.note("-x", format!("-({inner})"))
            }
            1 => self.extreme(&Type::Decimal, depth),
            _ => {
                let mut sides = [Type::Decimal, self.random.pick(&[Type::Int, Type::Decimal])];
                if self.random.below(2) == 0 {
                    sides.reverse();
                }
                let [a, b] = sides.map(|kind| self.expression(&kind, depth));
                let (sign, name) = self.random.pick(&[
                    ("+", "decimal +"),
                    ("-", "decimal -"),
                    ("*", "decimal *"),
                    ("/", "decimal /"),
                ]);
                self.note(name, format!("({a} {sign} {b})"))
            }
        }
    }

    fn extreme(&mut self, kind: &Type, depth: u8) -> String {
        let (a, b) = (self.expression(kind, depth), self.expression(kind, depth));
        let name = self.random.pick(&["min", "max"]);
        self.note(name, format!("{name}({a}, {b})"))
    }
}

/// Whether two types are one to the generator, which does not count bytes and items.
fn same(one: &Type, other: &Type) -> bool {
    match (one, other) {
        (Type::Text { .. }, Type::Text { .. }) => true,
        (Type::List { item, .. }, Type::List { item: other, .. }) => same(item, other),
        (one, other) => one == other,
    }
}
