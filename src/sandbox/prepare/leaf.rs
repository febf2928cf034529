//! One leaf of the sandbox: its files, and what it says.

use crypto::CertificateFacts;

use crate::test_ca::{KeyKind, Leaf, Marker, Purpose, Validity};

/// A leaf's files, and what it says.
pub(super) struct LeafFiles {
    pub(super) certificate: &'static str,
    pub(super) key: &'static str,
    pub(super) kind: KeyKind,
    pub(super) common_name: &'static str,
    pub(super) organization: Option<&'static str>,
    pub(super) organization_id: Option<&'static str>,
    pub(super) names: &'static [&'static str],
    pub(super) purpose: Purpose,
}

impl LeafFiles {
    /// What is to be issued.
    pub(super) fn leaf(&self, validity: Validity) -> Leaf {
        Leaf {
            common_name: self.common_name.to_owned(),
            organization: self.organization.map(str::to_owned),
            organization_id: self.organization_id.map(str::to_owned),
            names: self.names.iter().copied().map(str::to_owned).collect(),
            purposes: vec![self.purpose],
            validity,
            marker: Marker::Sandbox,
        }
    }

    /// Whether a certificate says what this one is to say: another version of the sandbox may
    /// have made it.
    pub(super) fn fits(&self, facts: &CertificateFacts) -> bool {
        let dns_names = self.names.iter().copied();
        let dns_names = dns_names.filter(|name| name.parse::<std::net::IpAddr>().is_err());
        !facts.is_ca
            && facts.organization_id.as_deref() == self.organization_id
            && dns_names.eq(facts.dns_names.iter().map(String::as_str))
    }
}
