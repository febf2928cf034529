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
    /// The `organizationIdentifier` (OID 2.5.4.97) in its certificates' subject. With the CA that
    /// issued them, the partner's identity: a renewed certificate needs no edit.
    pub organization_id: String,
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
