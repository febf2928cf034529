//! The made-up partners and what they hold. Those are made that `gateway.yaml` names.

use crypto::{Jwks, SigningKey};

use super::directory::{Access, Directory};
use super::leaf::LeafFiles;
use super::{PartnerFiles, PrepareFailed};
use crate::test_ca::{KeyKind, Purpose};

/// A made-up partner.
pub(super) struct Partner {
    id: &'static str,
    /// The first is the one that printed commands use.
    pub(super) clients: &'static [&'static str],
    pub(super) leaf: LeafFiles,
    pub(super) signing_key: &'static str,
    jwks: &'static str,
}

/// The partners, as `gateway.yaml` names them.
pub(super) static PARTNERS: [Partner; 4] = [
    Partner {
        id: "swiftride",
        clients: &["swiftride-app", "swiftride-demo"],
        leaf: LeafFiles {
            certificate: "partners/swiftride.pem",
            key: "partners/swiftride.key",
            kind: KeyKind::Ecdsa,
            common_name: "swiftride-app",
            organization: Some("SwiftRide Technology Co. Ltd."),
            organization_id: Some("PSDCN-SWIFTRIDE-001"),
            names: &[],
            purpose: Purpose::Client,
        },
        signing_key: "partners/swiftride.signing.key",
        jwks: "partners/swiftride.jwks.json",
    },
    Partner {
        id: "cartwheel",
        clients: &["cartwheel-app", "cartwheel-shop"],
        leaf: LeafFiles {
            certificate: "partners/cartwheel.pem",
            key: "partners/cartwheel.key",
            kind: KeyKind::Ecdsa,
            common_name: "cartwheel-app",
            organization: Some("Cartwheel Commerce Co. Ltd."),
            organization_id: Some("PSDCN-CARTWHEEL-001"),
            names: &[],
            purpose: Purpose::Client,
        },
        signing_key: "partners/cartwheel.signing.key",
        jwks: "partners/cartwheel.jwks.json",
    },
    Partner {
        id: "suite-one",
        clients: &[
            "suite-one-jwt-mtls",
            "suite-one-jwt-dpop",
            "suite-one-tls-mtls",
            "suite-one-tls-dpop",
        ],
        leaf: LeafFiles {
            certificate: "partners/suite-one.pem",
            key: "partners/suite-one.key",
            kind: KeyKind::Ecdsa,
            common_name: "suite-one",
            organization: Some("OpenID suite, the first client"),
            organization_id: Some("PSDCN-SUITE-001"),
            names: &["one.suite.example"],
            purpose: Purpose::Client,
        },
        signing_key: "partners/suite-one.signing.key",
        jwks: "partners/suite-one.jwks.json",
    },
    Partner {
        id: "suite-two",
        clients: &[
            "suite-two-jwt-mtls",
            "suite-two-jwt-dpop",
            "suite-two-tls-mtls",
            "suite-two-tls-dpop",
        ],
        leaf: LeafFiles {
            certificate: "partners/suite-two.pem",
            key: "partners/suite-two.key",
            kind: KeyKind::Ecdsa,
            common_name: "suite-two",
            organization: Some("OpenID suite, the second client"),
            organization_id: Some("PSDCN-SUITE-002"),
            names: &["two.suite.example"],
            purpose: Purpose::Client,
        },
        signing_key: "partners/suite-two.signing.key",
        jwks: "partners/suite-two.jwks.json",
    },
];

/// The partners whose files a configuration names.
pub(super) fn named_in(configuration: &str) -> Vec<&'static Partner> {
    let is_named = |partner: &&Partner| configuration.contains(&format!("file:{}", partner.jwks));
    PARTNERS.iter().filter(is_named).collect()
}

impl Partner {
    /// Makes the key that signs client assertions, and its public part, unless both can be read.
    pub(super) fn keep_signing_key(&self, directory: &mut Directory) -> Result<(), PrepareFailed> {
        let unmade = |source| PrepareFailed::SigningKey {
            path: directory.path(self.signing_key),
            source,
        };
        let found = directory
            .read(self.signing_key)?
            .and_then(|file| SigningKey::from_pem(None, &file).ok());
        let published = directory
            .read(self.jwks)?
            .is_some_and(|file| Jwks::parse(&file).is_ok());
        let key = match found {
            Some(_) if published => return Ok(()),
            Some(key) => key,
            None => {
                let pem =
                    KeyKind::Ecdsa
                        .generate()
                        .map_err(|source| PrepareFailed::Certificate {
                            path: directory.path(self.signing_key),
                            source,
                        })?;
                let key = SigningKey::from_pem(None, pem.as_bytes()).map_err(unmade)?;
                directory.write(self.signing_key, pem.as_bytes(), Access::Private)?;
                key
            }
        };
        let jwks = Jwks::from_keys(vec![key.verification_key()]).to_json();
        directory.write(self.jwks, format!("{jwks:#}\n").as_bytes(), Access::Public)
    }

    /// The partner's files, by absolute path.
    pub(super) fn files(&self, directory: &Directory) -> PartnerFiles {
        PartnerFiles {
            partner: self.id,
            client: self.clients.first().copied().unwrap_or_default(),
            certificate: directory.path(self.leaf.certificate),
            key: directory.path(self.leaf.key),
            signing_key: directory.path(self.signing_key),
            jwks: directory.path(self.jwks),
        }
    }
}
