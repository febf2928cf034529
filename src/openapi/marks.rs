//! The marks there are, and those that say how an operation is protected: `x-mortise-class`,
//! `-effect`, `-scope` and `-authorization-details`.

use http::Method;

use crate::problem::{Problems, help_words, quoted};
use crate::reference::Site;

/// The protection class of an operation.
pub(crate) const CLASS: &str = "x-mortise-class";
/// What an operation does to the world.
pub(crate) const EFFECT: &str = "x-mortise-effect";
/// The scope that a token must have.
pub(crate) const SCOPE: &str = "x-mortise-scope";
/// The type of authorization details that a token must have.
pub(crate) const DETAILS: &str = "x-mortise-authorization-details";
/// What is demanded of the customer's log-in.
pub(crate) const AUTHENTICATION: &str = "x-mortise-authentication";
/// The cluster of data that a leaf of an answer belongs to.
pub(crate) const CLUSTER: &str = "x-mortise-cluster";
/// The kind of customer's resource that a value names.
pub(crate) const RESOURCE: &str = "x-mortise-resource";
/// What a leaf of an answer counts or sums up.
pub(crate) const TOTAL: &str = "x-mortise-total";
/// What a date has to do with the window of a consent.
pub(crate) const DATE: &str = "x-mortise-date";
/// Whether a leaf of an answer leads to another page of the whole.
pub(crate) const LINK: &str = "x-mortise-link";
/// What of a request was consented to.
pub(crate) const BOUND: &str = "x-mortise-bound";
/// Whether an operation may be sent again with the same key.
pub(crate) const IDEMPOTENT: &str = "x-mortise-idempotent";
/// Every mark there is.
pub(crate) const MARKS: [&str; 12] = [
    CLASS,
    EFFECT,
    SCOPE,
    DETAILS,
    AUTHENTICATION,
    CLUSTER,
    RESOURCE,
    TOTAL,
    DATE,
    LINK,
    BOUND,
    IDEMPOTENT,
];
/// What marks say of a value to which they do not apply.
pub(crate) const NONE: &str = "none";

/// The longest scope, in bytes.
const SCOPE_BYTES_MAX: usize = 128;

/// The protection class of an operation (`x-mortise-class`), from least to most protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Anyone, within the limits of an address.
    Open,
    /// A partner with a sender-constrained token.
    Partner,
    /// A partner on behalf of a customer who consents.
    Customer,
    /// Money moves.
    Payment,
}

impl Class {
    const WORDS: [&'static str; 4] = ["open", "partner", "customer", "payment"];

    /// Reads the word as OpenAPI files write it.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "open" => Self::Open,
            "partner" => Self::Partner,
            "customer" => Self::Customer,
            "payment" => Self::Payment,
            _ => return None,
        })
    }

    /// The word as OpenAPI files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Partner => "partner",
            Self::Customer => "customer",
            Self::Payment => "payment",
        }
    }
}

/// What an operation does to the world (`x-mortise-effect`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EffectMark {
    /// Nothing: a read.
    None,
    /// Something changes, money does not move.
    Change,
    /// Money moves.
    Money,
}

impl EffectMark {
    const WORDS: [&'static str; 3] = ["none", "change", "money"];

    /// Reads the word as OpenAPI files write it.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "change" => Self::Change,
            "money" => Self::Money,
            _ => return None,
        })
    }

    /// The word as OpenAPI files write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Change => "change",
            Self::Money => "money",
        }
    }
}

/// Reads the class, which every operation must state.
pub(crate) fn class(operation: &Site<'_>, problems: &mut Problems) -> Option<Class> {
    let Some(mark) = operation.child(CLASS) else {
        problems.add(
            &operation.pointer,
            format!("the operation has no `{CLASS}`"),
            help_words("", "say who may call it", &Class::WORDS),
        );
        return None;
    };
    word(&mark, "class", &Class::WORDS, Class::parse, problems)
}

/// Reads the effect, which every method but GET and HEAD must state; those two have none
/// (RFC 9110 §9.2.1: they are safe).
pub(crate) fn effect(
    operation: &Site<'_>,
    method: &Method,
    problems: &mut Problems,
) -> Option<EffectMark> {
    let is_read = is_read(method);
    let Some(mark) = operation.child(EFFECT) else {
        if is_read {
            return Some(EffectMark::None);
        }
        problems.add(
            &operation.pointer,
            format!("the operation has no `{EFFECT}`, which {method} demands"),
            help_words("", "say what it does", &EffectMark::WORDS),
        );
        return None;
    };
    let effect = word(
        &mark,
        "effect",
        &EffectMark::WORDS,
        EffectMark::parse,
        problems,
    )?;
    if is_read && effect != EffectMark::None {
        problems.add(
            mark.pointer,
            format!("a {method} operation has the effect `{}`", effect.as_str()),
            format!("write `none`, or use another method: {method} only reads"),
        );
        return None;
    }
    Some(effect)
}

/// The scope that a token must have; none where no token is asked for.
#[derive(Debug)]
pub(crate) struct DemandedScope(pub(crate) Option<String>);

/// Reads the scope: demanded from `partner` up, refused on `open`. `None` means that there is a
/// problem, or that the class is not known.
pub(crate) fn scope(
    operation: &Site<'_>,
    class: Option<Class>,
    problems: &mut Problems,
) -> Option<DemandedScope> {
    let Some(mark) = operation.child(SCOPE) else {
        if class? == Class::Open {
            return Some(DemandedScope(None));
        }
        problems.add(
            &operation.pointer,
            format!("the operation has no `{SCOPE}`, which its class demands"),
            "name the scope that a token must have",
        );
        return None;
    };
    let Some(token) = mark.value.as_str().filter(|text| is_scope_token(text)) else {
        let written = mark.value.as_str().map(quoted);
        problems.add(
            mark.pointer,
            match written {
                Some(written) => format!("not one scope token: {written}"),
                None => "the scope is not a text".to_owned(),
            },
            format!(
                "write one scope: 1 to {SCOPE_BYTES_MAX} visible ASCII characters \
                 other than `\"` and `\\` (RFC 6749 §3.3)"
            ),
        );
        return None;
    };
    if class? == Class::Open {
        problems.add(
            mark.pointer,
            "an `open` operation has a scope, which nobody would check",
            format!("remove it, or write `{CLASS}: partner`"),
        );
        return None;
    }
    Some(DemandedScope(Some(token.to_owned())))
}

/// The type of authorization details that a token must have; none where none is asked for.
#[derive(Debug)]
pub(crate) struct DemandedDetail(pub(crate) Option<String>);

/// Reads the type of authorization details: it, or `none`, from `partner` up, refused on `open`.
/// `None` means that there is a problem, or that the class is not known.
pub(crate) fn detail(
    operation: &Site<'_>,
    class: Option<Class>,
    problems: &mut Problems,
) -> Option<DemandedDetail> {
    let Some(mark) = operation.child(DETAILS) else {
        if class? == Class::Open {
            return Some(DemandedDetail(None));
        }
        problems.add(
            &operation.pointer,
            format!("the operation has no `{DETAILS}`, which its class demands"),
            format!("write `{NONE}`, or the type of which a token must have a detail (RFC 9396)"),
        );
        return None;
    };
    let Some(detail) = mark.value.as_str().filter(|text| is_scope_token(text)) else {
        problems.add(
            mark.pointer,
            "not one type of authorization details",
            format!(
                "write `{NONE}`, or one type: 1 to {SCOPE_BYTES_MAX} visible ASCII characters \
                 other than `\"` and `\\` (RFC 9396 §2.1)"
            ),
        );
        return None;
    };
    if class? == Class::Open {
        problems.add(
            mark.pointer,
            "an `open` operation has authorization details, which nobody would check",
            format!("remove it, or write `{CLASS}: partner`"),
        );
        return None;
    }
    Some(DemandedDetail((detail != NONE).then(|| detail.to_owned())))
}

/// Whether the method only reads, by its definition.
pub(crate) fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn word<T>(
    mark: &Site<'_>,
    kind: &str,
    words: &[&str],
    parse: fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let list = format!("the words for {kind}");
    let Some(written) = mark.value.as_str() else {
        problems.add(
            &mark.pointer,
            format!("the {kind} is not a text"),
            help_words("", &list, words),
        );
        return None;
    };
    let read = parse(written);
    if read.is_none() {
        problems.add(
            &mark.pointer,
            format!("unknown {kind}: {}", quoted(written)),
            help_words(written, &list, words),
        );
    }
    read
}

fn is_scope_token(text: &str) -> bool {
    (1..=SCOPE_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

#[cfg(test)]
mod tests;
