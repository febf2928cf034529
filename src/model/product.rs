//! What an operation demands of a caller.

use std::fmt;
use std::sync::Arc;

use crate::BadId;

/// The protection class of an operation, from least to most protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtectionClass {
    /// Anyone, within the limits of an address.
    Open,
    /// A partner with a sender-constrained token.
    Partner,
    /// A partner on behalf of a customer who consents.
    Customer,
    /// Money moves.
    Payment,
}

impl ProtectionClass {
    /// The word used in OpenAPI files (`x-mortise-class`) and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Partner => "partner",
            Self::Customer => "customer",
            Self::Payment => "payment",
        }
    }
}

/// One token as RFC 6749 §3.3 has it, of at most 128 characters.
fn token(text: &str, what: &'static str) -> Result<Arc<str>, BadId> {
    let is_legal = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if (1..=128).contains(&text.len()) && text.bytes().all(is_legal) {
        Ok(Arc::from(text))
    } else {
        Err(BadId {
            what,
            rule: "1 to 128 visible ASCII characters other than '\"' and '\\'",
        })
    }
}

/// One OAuth scope token (RFC 6749 §3.3).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Arc<str>);

impl Scope {
    /// Parses one scope token: %x21, %x23-5B, %x5D-7E; at most 128 characters.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        token(text, "a scope").map(Self)
    }

    /// The scope as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A type of authorization details (RFC 9396 §2.1): what `type` says.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DetailType(Arc<str>);

impl DetailType {
    /// Parses one: 1 to 128 visible ASCII characters other than `"` and `\`.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        token(text, "a type of authorization details").map(Self)
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DetailType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DetailType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A set of scopes, sorted, without repetition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSet(Vec<Scope>);

impl ScopeSet {
    /// Parses a space-delimited list (RFC 6749 §3.3); at most 64 scopes; the empty text is the
    /// empty set.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let scopes: Vec<Scope> = text
            .split(' ')
            .map(Scope::parse)
            .collect::<Result<_, _>>()?;
        if scopes.len() > 64 {
            return Err(BadId {
                what: "a scope list",
                rule: "at most 64 scopes",
            });
        }
        Ok(scopes.into_iter().collect())
    }

    /// Whether the set holds this scope.
    pub fn contains(&self, scope: &Scope) -> bool {
        self.0.binary_search(scope).is_ok()
    }

    /// Whether every scope here is in the other set.
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.contains(scope))
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes in order.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<T: IntoIterator<Item = Scope>>(iter: T) -> Self {
        let mut scopes: Vec<Scope> = iter.into_iter().collect();
        scopes.sort();
        scopes.dedup();
        Self(scopes)
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, scope) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_sets_ignore_order_and_repetition() {
        let set = ScopeSet::parse("rates branches rates").expect("valid");
        assert_eq!(set.to_string(), "branches rates");
        assert!(ScopeSet::parse("branches").expect("valid").is_within(&set));
        assert!(!set.is_within(&ScopeSet::parse("branches").expect("valid")));
        for bad in ["a\\b", "a  b", " a", "a "] {
            assert!(ScopeSet::parse(bad).is_err(), "{bad:?}");
        }
        assert!(ScopeSet::parse("").expect("valid").is_empty());
    }

    #[test]
    fn classes_are_ordered_by_protection() {
        assert!(ProtectionClass::Open < ProtectionClass::Partner);
        assert!(ProtectionClass::Customer < ProtectionClass::Payment);
    }
}
