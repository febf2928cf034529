//! Terms: what is left of an expression once its types fit. Evaluation walks over them.

use std::sync::Arc;

use super::pattern::Pattern;
use super::syntax::Operator;
use super::value::Value;
use crate::slip::Span;

/// A part whose type is known to fit where it stands.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) span: Span,
    pub(super) kind: TermKind,
}

/// What a part does. Two terms of one kind stand together, in the order written.
#[derive(Debug, Clone)]
pub(super) enum TermKind {
    Constant(Value),
    Name(Arc<str>),
    /// The item that a walk over a list stands at: the outermost walk is 0.
    Local(usize),
    Member(Box<Term>, Arc<str>),
    Item(Box<[Term; 2]>),
    List(Vec<Term>),
    Not(Box<Term>),
    Negate(Box<Term>),
    All(Vec<Term>),
    Any(Vec<Term>),
    Choose(Box<[Term; 3]>),
    Compare(Operator, Box<[Term; 2]>),
    In(Box<[Term; 2]>),
    Arithmetic(Operator, Box<[Term; 2]>),
    /// A whole number as a decimal; decimals and what is absent stay.
    Widened(Box<Term>),
    /// A text of at most so many bytes.
    Bounded(u32, Box<Term>),
    Has(Box<Term>),
    Default(Box<[Term; 2]>),
    Failed(Arc<str>),
    Size(Box<Term>),
    Least(Vec<Term>),
    Most(Vec<Term>),
    Look(Look, Box<[Term; 2]>),
    Matches(Arc<Pattern>, Box<Term>),
    /// A list, and what is asked or made of each item.
    Each(Each, Box<[Term; 2]>),
}

/// What a text is asked about another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Contains,
    StartsWith,
    EndsWith,
}

/// What a walk over a list gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Each {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}
