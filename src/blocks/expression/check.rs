//! Checking: a tree to terms whose types fit. What is wrong is gathered; a part that is wrong has
//! no type, and nothing more is said of what it stands in.

mod call;
mod each;
mod logic;
mod operator;
mod path;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cost::COST_MAX;
use super::kind::Type;
use super::names::Names;
use super::read::{Read, Reads};
use super::syntax::{Node, Syntax};
use super::term::{Term, TermKind};
use super::value::Value;
use crate::slip::{Slip, Span, choices, quoted};

/// What is known to be there at some place of the text: `input.income`, `plans[0]`.
type Facts = BTreeSet<String>;

/// What checking gives.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) term: Term,
    pub(super) kind: Type,
    pub(super) reads: BTreeSet<Read>,
    pub(super) cost: u64,
}

/// A part whose type is known.
#[derive(Debug)]
struct Typed {
    term: Term,
    kind: Type,
    /// The most that evaluating it may cost.
    cost: u64,
    /// Whether it may be absent, or could be, were that not known.
    is_maybe: bool,
    /// What it is a part of: a name and the way from there.
    origin: Option<Vec<Arc<str>>>,
    /// What is there where it is true, and where it is false.
    facts: [Facts; 2],
}

/// The item that a walk over a list stands at.
#[derive(Debug)]
struct Local {
    name: String,
    kind: Type,
    origin: Option<Vec<Arc<str>>>,
}

struct Checker<'c> {
    text: &'c str,
    names: &'c Names,
    locals: Vec<Local>,
    facts: Facts,
    slips: Vec<Slip>,
    reads: Reads,
}

/// Checks a tree, and that its value is one of the wanted.
pub(super) fn check(
    text: &str,
    node: &Node,
    names: &Names,
    wants: Option<&Type>,
) -> Result<Checked, Vec<Slip>> {
    let mut checker = Checker {
        text,
        names,
        locals: Vec::new(),
        facts: Facts::new(),
        slips: Vec::new(),
        reads: Reads::default(),
    };
    let checked = checker.whole(node, wants);
    match checked {
        Some(typed) if checker.slips.is_empty() => Ok(Checked {
            term: typed.term,
            kind: typed.kind,
            reads: checker.reads.all(),
            cost: typed.cost,
        }),
        _ => Err(checker.slips),
    }
}

impl Checker<'_> {
    fn whole(&mut self, node: &Node, wants: Option<&Type>) -> Option<Typed> {
        let typed = match wants {
            Some(wanted) if !wanted.is_optional() => self.value(node)?,
            _ => {
                let typed = self.part(node, true)?;
                self.reads.whole(typed.origin.as_deref());
                typed
            }
        };
        if typed.cost > COST_MAX {
            let what = format!("this may take {} steps, more than {COST_MAX}", typed.cost);
            let help = "state `maxItems` and `maxLength` in the API description, or ask less";
            return self.slip(node.span, what, help);
        }
        match wants {
            Some(wanted) => self.wanted(node, typed, wanted),
            None => Some(typed),
        }
    }

    fn wanted(&mut self, node: &Node, typed: Typed, wanted: &Type) -> Option<Typed> {
        if !typed.kind.fits(wanted) {
            let what = format!("{} must be {wanted}, got {}", self.quote(node), typed.kind);
            let help = match (typed.kind.words(), wanted.present().words()) {
                (Some(words), Some(known)) => {
                    let mut words = words.iter().map(AsRef::as_ref);
                    let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
                    let strange = words.find(|word: &&str| !known.contains(word));
                    let known = known.iter().copied();
                    choices("the words", strange.unwrap_or_default(), known)
                }
                _ if *wanted == Type::Bool => "compare it with something".to_owned(),
                _ => format!("write a value of type {wanted}"),
            };
            return self.slip(node.span, what, help);
        }
        let bytes_max = match wanted.present() {
            Type::Text { bytes_max } => *bytes_max,
            _ => u32::MAX,
        };
        let typed = widened(typed, wanted);
        if typed.kind.present().bytes_max() <= bytes_max {
            return Some(typed);
        }
        let kind = match typed.kind {
            Type::Optional(_) => Type::Text { bytes_max }.optional(),
            _ => Type::Text { bytes_max },
        };
        let cost = typed.cost;
        let term = TermKind::Bounded(bytes_max, Box::new(typed.term));
        Some(Typed::new(node.span, term, kind, cost))
    }

    /// A part that must be there.
    fn value(&mut self, node: &Node) -> Option<Typed> {
        let typed = self.part(node, false)?;
        self.reads.whole(typed.origin.as_deref());
        self.present(node, typed)
    }

    /// The same part, if it is there for certain.
    fn present(&mut self, node: &Node, typed: Typed) -> Option<Typed> {
        if !typed.kind.is_optional() {
            return Some(typed);
        }
        let what = format!("{} may be absent", self.quote(node));
        self.slip(node.span, what, "wrap it in `default(…)` or test `has(…)`")
    }

    fn boolean(&mut self, node: &Node) -> Option<Typed> {
        let typed = self.value(node)?;
        if typed.kind == Type::Bool {
            return Some(typed);
        }
        let what = format!("{} must be bool, got {}", self.quote(node), typed.kind);
        self.slip(node.span, what, "compare it with something")
    }

    /// Any part; what it is a part of is not noted as read. Where it `may_lack`, what it is a
    /// member or an item of may be absent too.
    fn part(&mut self, node: &Node, may_lack: bool) -> Option<Typed> {
        let span = node.span;
        let constant = |value, kind| Some(Typed::new(span, TermKind::Constant(value), kind, 0));
        match &node.kind {
            Syntax::Bool(bool) => constant(Value::Bool(*bool), Type::Bool),
            Syntax::Int(whole) => {
                if let Ok(whole) = i64::try_from(*whole) {
                    return constant(Value::Int(whole), Type::Int);
                }
                let help = "write a point and a zero to make it a decimal";
                self.slip(span, "this whole number is beyond 64 bits", help)
            }
            Syntax::Decimal(number) => constant(Value::Decimal(*number), Type::Decimal),
            Syntax::Text(text) => {
                let kind = Type::one_of([text.as_str()]);
                constant(Value::Text(text.as_str().into()), kind)
            }
            Syntax::Name(name) => self.name(node, name),
            Syntax::Member(base, word) => self.member(node, base, word, may_lack),
            Syntax::Item(parts) => self.item(node, parts, may_lack),
            Syntax::Not(inner) => self.not(span, inner),
            Syntax::Negate(inner) => self.negate(span, inner),
            Syntax::All(parts) => self.joined(span, parts, 0),
            Syntax::Any(parts) => self.joined(span, parts, 1),
            Syntax::Choose(parts) => self.choose(span, parts),
            Syntax::Binary(operator, parts) => self.binary(span, *operator, parts),
            Syntax::List(items) => self.list(span, items),
            Syntax::Call {
                on,
                function,
                arguments,
            } => self.call(span, on.as_deref(), function, arguments),
        }
    }

    fn list(&mut self, span: Span, items: &[Node]) -> Option<Typed> {
        let parts: Vec<Option<Typed>> = items.iter().map(|item| self.value(item)).collect();
        let parts: Vec<Typed> = parts.into_iter().collect::<Option<_>>()?;
        let Some(first) = parts.first() else {
            let what = "an empty list does not say what its items are";
            return self.slip(span, what, "write at least one item");
        };
        let mut kind = first.kind.clone();
        for (part, item) in parts.iter().zip(items) {
            let Some(joined) = kind.joined(&part.kind) else {
                let what = format!(
                    "{} is {}, the items before it {kind}",
                    self.quote(item),
                    part.kind
                );
                return self.slip(item.span, what, "items of a list are of one type");
            };
            kind = joined;
        }
        let items_max = parts.len() as u32;
        let parts: Vec<Typed> = parts.into_iter().map(|part| widened(part, &kind)).collect();
        let cost = sum(parts.iter().map(|part| part.cost));
        let terms = parts.into_iter().map(|part| part.term).collect();
        let kind = Type::list(kind, items_max);
        Some(Typed::new(span, TermKind::List(terms), kind, cost))
    }

    /// Notes what is wrong.
    fn slip<T>(
        &mut self,
        span: Span,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        self.slips.push(Slip::new(span, what, help));
        None
    }

    /// A part as it is written.
    fn quote(&self, node: &Node) -> String {
        quoted(
            self.text
                .get(node.span.start..node.span.end)
                .unwrap_or_default(),
        )
    }
}

impl Typed {
    /// A part, with what its parts cost.
    fn new(span: Span, kind: TermKind, of: Type, cost_of_parts: u64) -> Self {
        Self {
            term: Term { span, kind },
            kind: of,
            cost: cost_of_parts.saturating_add(1),
            is_maybe: false,
            origin: None,
            facts: [Facts::new(), Facts::new()],
        }
    }
}

/// The same part as a decimal, where it is a whole number and a decimal is wanted.
fn widened(typed: Typed, wanted: &Type) -> Typed {
    if *typed.kind.present() != Type::Int || *wanted.present() != Type::Decimal {
        return typed;
    }
    let kind = match typed.kind {
        Type::Optional(_) => Type::Decimal.optional(),
        _ => Type::Decimal,
    };
    let span = typed.term.span;
    let term = TermKind::Widened(Box::new(typed.term));
    Typed::new(span, term, kind, typed.cost)
}

fn sum(costs: impl IntoIterator<Item = u64>) -> u64 {
    costs.into_iter().fold(0, u64::saturating_add)
}
