//! What a customer consents to: its id, the states it goes through, what it covers while it lives,
//! and what is kept as evidence of it.

use std::fmt;

use crate::{BadId, GrantId};

/// An enum whose variants are words of records, stores and texts: each is one word, each way.
macro_rules! words {
    (
        $(#[$doc:meta])* $name:ident, $count:literal {
            $($(#[$of:meta])* $variant:ident = $word:literal,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// Every one.
            pub const ALL: [Self; $count] = [$(Self::$variant,)*];

            /// The word in records and stores.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// The one of a word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.as_str() == word)
            }
        }
    };
}

mod bound;
mod decimal;
mod evidence;
mod state;
mod terms;

pub use bound::{BoundTo, BoundValue};
pub use decimal::{BadDecimal, Decimal};
pub use evidence::{Evidence, FactorResult, Shown, SignedRequest};
pub use state::{ConsentState, DECIDED_WITHIN, EXTENSIONS_MAX, Edge, NoEdge, Why};
pub use terms::{Resource, Terms, TermsStanding};

/// A consent, by the id of the grant that comes of it: the two are one thing to a customer. It is
/// made of 16 random bytes, so it tells nothing and nobody guesses it (CO-24).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsentId(GrantId);

impl ConsentId {
    /// Parses the id; an error names the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        GrantId::parse(text).map(Self)
    }

    /// The grant's.
    pub fn grant(&self) -> &GrantId {
        &self.0
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl From<GrantId> for ConsentId {
    fn from(grant: GrantId) -> Self {
        Self(grant)
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

words! {
    /// Who does something to a consent.
    By, 4 {
        /// The customer whose it is.
        Customer = "customer",
        /// The partner it is for.
        Partner = "partner",
        /// Somebody of the bank.
        Bank = "bank",
        /// The gateway: the clock, or a code that was used twice.
        House = "house",
    }
}

words! {
    /// By which way something is done to a consent.
    Channel, 4 {
        /// A page of the bank's.
        Page = "page",
        /// An API.
        Api = "api",
        /// A command of the bank's staff.
        Control = "control",
        /// Time passed.
        Clock = "clock",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_one_of_a_kind_each_way() {
        for by in By::ALL {
            assert_eq!(By::parse(by.as_str()), Some(by));
        }
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!(By::parse("Customer"), None);
        assert_eq!(Channel::parse(""), None);
    }

    #[test]
    fn a_consent_and_its_grant_have_one_id() {
        let id = ConsentId::parse("Zk-_9").expect("valid");
        assert_eq!(id.grant(), &GrantId::parse("Zk-_9").expect("valid"));
        assert_eq!(ConsentId::from(id.grant().clone()), id);
        assert_eq!(id.to_string(), "Zk-_9");
        assert!(ConsentId::parse("no id").is_err());
    }
}
