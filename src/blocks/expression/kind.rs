//! The types of the language: what a value can be, and how large at most.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The longest text that an expression may put together, in bytes.
pub(super) const TEXT_BYTES_MAX: u32 = 65_536;
/// The most words of a closed list that an expression may put together; beyond it is a string.
const WORDS_MAX: usize = 64;
/// The most words that a message shows of a closed list.
const SHOWN_MAX: usize = 8;
/// The most characters that a message shows of such a word.
const SHOWN_CHARS_MAX: usize = 32;

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// An exact decimal number: money, rates. See [`super::Number`].
    Decimal,
    /// Any text.
    Text {
        /// The longest, in bytes.
        bytes_max: u32,
    },
    /// One of these words: sorted, each once. Make it with [`Type::one_of`].
    OneOf(Arc<[Arc<str>]>),
    /// A moment (RFC 3339).
    Timestamp,
    /// A day of the calendar.
    Date,
    /// A length of time.
    Duration,
    /// A list.
    List {
        /// What each item is.
        item: Arc<Type>,
        /// The most items.
        items_max: u32,
    },
    /// An object whose members are described.
    Object(Arc<ObjectType>),
    /// What may be absent.
    Optional(Arc<Type>),
    /// Any JSON, which can only be passed on.
    Json,
}

/// What is described of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectType {
    /// Its members by name.
    pub members: BTreeMap<Arc<str>, Member>,
    /// Whether it may have others beside them. They cannot be read.
    pub is_open: bool,
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is when it is there.
    pub kind: Type,
    /// Whether it may be absent.
    pub is_optional: bool,
}

impl Type {
    /// One of these words, in any order.
    pub fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Self {
        let mut words: Vec<Arc<str>> = words.into_iter().map(Arc::from).collect();
        words.sort();
        words.dedup();
        Self::OneOf(words.into())
    }

    /// A list of at most so many items.
    pub fn list(item: Self, items_max: u32) -> Self {
        Self::List {
            item: Arc::new(item),
            items_max,
        }
    }

    /// What it is when it is there.
    pub(crate) fn present(&self) -> &Self {
        match self {
            Self::Optional(inner) => inner.present(),
            _ => self,
        }
    }

    /// The same, but it may be absent.
    pub(super) fn optional(self) -> Self {
        match self {
            Self::Optional(_) => self,
            _ => Self::Optional(Arc::new(self)),
        }
    }

    pub(super) fn is_optional(&self) -> bool {
        matches!(self, Self::Optional(_))
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Decimal)
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. } | Self::OneOf(_))
    }

    /// The words that it can be, if they are counted.
    pub(super) fn words(&self) -> Option<&[Arc<str>]> {
        match self {
            Self::OneOf(words) => Some(words),
            _ => None,
        }
    }

    /// The longest text that it can be, in bytes; nothing for what is no text.
    pub(super) fn bytes_max(&self) -> u32 {
        match self {
            Self::Text { bytes_max } => *bytes_max,
            Self::OneOf(words) => words.iter().map(|word| word.len()).max().unwrap_or(0) as u32,
            _ => 0,
        }
    }

    /// What a value is that is one of both; nothing when they have nothing in common.
    pub(super) fn joined(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::OneOf(a), Self::OneOf(b)) => {
                let joined = Self::one_of(a.iter().chain(b.iter()).map(AsRef::as_ref));
                let is_short = joined.words().is_some_and(|words| words.len() <= WORDS_MAX);
                let bytes_max = joined.bytes_max();
                Some(if is_short {
                    joined
                } else {
                    Self::Text { bytes_max }
                })
            }
            (a, b) if a.is_text() && b.is_text() => Some(Self::Text {
                bytes_max: a.bytes_max().max(b.bytes_max()),
            }),
            (a, b) if a.is_number() && b.is_number() => {
                Some(if a == b { a.clone() } else { Self::Decimal })
            }
            (
                Self::List { item, items_max },
                Self::List {
                    item: other_item,
                    items_max: other_max,
                },
            ) if item == other_item => Some(Self::List {
                item: item.clone(),
                items_max: *items_max.max(other_max),
            }),
            (a, b) => (a == b).then(|| a.clone()),
        }
    }

    /// Whether each value of this type is one of the wanted, whole numbers as decimals too. How
    /// long a text or a list is, is asked of the value.
    pub(super) fn fits(&self, wanted: &Self) -> bool {
        match (self, wanted) {
            (Self::OneOf(words), Self::OneOf(known)) => {
                words.iter().all(|word| known.binary_search(word).is_ok())
            }
            (Self::Text { .. } | Self::OneOf(_), Self::Text { .. })
            | (Self::Int, Self::Decimal) => true,
            (Self::List { item, .. }, Self::List { item: wanted, .. }) => {
                item == wanted || (item.is_text() && item.fits(wanted))
            }
            (Self::Optional(inner), Self::Optional(wanted)) => inner.fits(wanted),
            (present, Self::Optional(wanted)) => present.fits(wanted),
            (a, b) => a == b,
        }
    }
}

/// Words of a closed list, as messages name them.
pub(super) fn among(words: &[Arc<str>]) -> String {
    let short = |word: &Arc<str>| word.chars().take(SHOWN_CHARS_MAX).collect::<String>();
    let shown: Vec<String> = words.iter().take(SHOWN_MAX).map(short).collect();
    let rest = if words.len() > SHOWN_MAX { "/…" } else { "" };
    format!("one of {}{rest}", shown.join("/"))
}

impl fmt::Display for Type {
    /// As messages name it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Decimal => f.write_str("decimal"),
            Self::Text { .. } => f.write_str("string"),
            // A string that is written out.
            Self::OneOf(words) if words.len() == 1 => f.write_str("string"),
            Self::OneOf(words) => f.write_str(&among(words)),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::Duration => f.write_str("duration"),
            Self::List { item, .. } => write!(f, "list of {item}"),
            Self::Object(_) => f.write_str("object"),
            Self::Optional(inner) => write!(f, "{inner} that may be absent"),
            Self::Json => f.write_str("json"),
        }
    }
}
