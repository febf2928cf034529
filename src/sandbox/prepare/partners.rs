//! The two made-up partners and what they hold.

use crypto::{Jwks, SigningKey};

use super::directory::{Access, Directory};
use super::leaf::LeafFiles;
use super::{PartnerFiles, PrepareFailed};
use crate::test_ca::{KeyKind, Purpose};

/// A made-up partner.
pub(super) struct Partner {
    id: &'static str,
    pub(super) client: &'static str,
    pub(super) leaf: LeafFiles,
    pub(super) signing_key: &'static str,
    jwks: &'static str,
}

/// The partners, as `gateway.yaml` names them.
pub(super) const PARTNERS: [Partner; 2] = [
    Partner {
        id: "swiftride",
        client: "swiftride-app",
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
        client: "cartwheel-app",
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
];

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
            client: self.client,
            certificate: directory.path(self.leaf.certificate),
            key: directory.path(self.leaf.key),
            signing_key: directory.path(self.signing_key),
            jwks: directory.path(self.jwks),
        }
    }
}
