//! The tree of an expression as it is written, before anything is known of its types.

use super::number::Number;
use crate::slip::Span;

/// The deepest tree, in nodes from its root to a leaf.
pub(super) const HEIGHT_MAX: u8 = 32;

/// A part of the expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) span: Span,
    pub(super) kind: Syntax,
    /// How many nodes stand from here down to the lowest.
    pub(super) height: u8,
}

/// A word of the text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) span: Span,
}

/// What a part is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Syntax {
    Bool(bool),
    /// A whole number; `-` may stand before 2^63.
    Int(u64),
    Decimal(Number),
    Text(String),
    Name(String),
    Member(Box<Node>, Word),
    Item(Box<[Node; 2]>),
    Call {
        on: Option<Box<Node>>,
        function: Word,
        arguments: Vec<Node>,
    },
    Not(Box<Node>),
    Negate(Box<Node>),
    Binary(Operator, Box<[Node; 2]>),
    /// At least two, joined by `&&`.
    All(Vec<Node>),
    /// At least two, joined by `||`.
    Any(Vec<Node>),
    Choose(Box<[Node; 3]>),
    List(Vec<Node>),
}

/// What joins two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Modulo,
}

impl Operator {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::More => ">",
            Self::AtLeast => ">=",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Modulo => "%",
        }
    }

    pub(super) fn is_comparison(self) -> bool {
        !matches!(
            self,
            Self::Plus | Self::Minus | Self::Times | Self::Over | Self::Modulo
        )
    }
}

impl Node {
    pub(super) fn new(span: Span, kind: Syntax) -> Self {
        let height = 1 + kind.height();
        Self { span, kind, height }
    }
}

impl Syntax {
    /// The height of the highest part.
    fn height(&self) -> u8 {
        let highest = |nodes: &[Node]| nodes.iter().map(|node| node.height).max().unwrap_or(0);
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Decimal(_) | Self::Text(_) | Self::Name(_) => 0,
            Self::Member(node, _) | Self::Not(node) | Self::Negate(node) => node.height,
            Self::Item(nodes) | Self::Binary(_, nodes) => highest(nodes.as_slice()),
            Self::Choose(nodes) => highest(nodes.as_slice()),
            Self::All(nodes) | Self::Any(nodes) | Self::List(nodes) => highest(nodes),
            Self::Call { on, arguments, .. } => {
                let on = on.as_ref().map_or(0, |node| node.height);
                on.max(highest(arguments))
            }
        }
    }
}
