//! The partner: the onboarded organisation (TPP).

use crate::PartnerId;

/// A partner as the house knows it.
#[derive(Debug, Clone)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Its names.
    pub name: Name,
    /// Whether it may call at all.
    pub standing: Standing,
}

/// A name in the languages of the house.
#[derive(Debug, Clone)]
pub struct Name {
    /// The registered legal name.
    pub legal: String,
    /// The English trade name.
    pub en: Option<String>,
    /// The Chinese trade name.
    pub zh_cn: Option<String>,
}

/// A partner's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May call.
    Active,
    /// Refused everywhere, and gets no token.
    Suspended,
}
