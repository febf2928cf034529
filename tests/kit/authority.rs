//! Partners' certificates beyond the sandbox's own: the authority's key lies in its folder.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use x509_cert::certificate::Rfc5280;
use x509_cert::der::{Decode, Encode};

use crypto::SystemRandom;
use sandbox::{Issued, KeyKind, Leaf, Marker, Purpose, Revoked, TestCa, Validity};

use crate::client::Identity;
use crate::house::{HouseBuilder, TestHouse};

/// The organizationIdentifier of `SwiftRide`'s certificates.
pub const SWIFTRIDE: &str = "PSDCN-SWIFTRIDE-001";

impl HouseBuilder {
    /// The authority of the partners' certificates.
    pub fn partner_authority(&self) -> TestCa {
        partner_authority(self.dir())
    }

    /// Writes the partners' revocation list anew, with these certificates on it.
    #[must_use]
    pub fn revoking(self, serials: &[&[u8]]) -> Self {
        let list = revocation_list(&self.partner_authority(), serials, self.now());
        self.write("trust/partners.crl", &list)
    }

    /// What time it is in the house.
    pub fn now(&self) -> Timestamp {
        model::Clock::now(self.clock.as_ref())
    }
}

impl TestHouse {
    /// The authority of the partners' certificates.
    pub fn partner_authority(&self) -> TestCa {
        partner_authority(self.dir())
    }

    /// Writes the partners' revocation list anew, with these certificates on it.
    pub fn revoke(&self, serials: &[&[u8]]) {
        let list = revocation_list(&partner_authority(self.dir()), serials, self.now());
        self.write("trust/partners.crl", &list);
    }
}

/// The authority of the partners' certificates of the sandbox in a folder.
fn partner_authority(dir: &Path) -> TestCa {
    let read =
        |file: &str| std::fs::read_to_string(dir.join(file)).expect("a file of the authority");
    let (certificate, key) = (read("trust/partners-ca.pem"), read("trust/partners-ca.key"));
    let chain = crypto::certificates(certificate.as_bytes()).expect("a certificate");
    let facts = crypto::certificate_facts(&chain[0]).expect("a readable certificate");
    let name = facts
        .subject
        .strip_prefix("CN=")
        .expect("a common name")
        .to_owned();
    TestCa::reload(&name, &certificate, &key).expect("an authority")
}

/// A root that no bank knows, or not yet.
pub fn other_authority(name: &str, now: Timestamp) -> TestCa {
    TestCa::root(
        name,
        Validity::days(now, 30),
        Marker::Sandbox,
        &SystemRandom,
    )
    .expect("a root")
}

/// An authority under another, that ends after so long.
pub fn intermediate(parent: &TestCa, name: &str, now: Timestamp, life: Duration) -> TestCa {
    parent
        .intermediate(name, validity(now, life), Marker::Sandbox, &SystemRandom)
        .expect("an intermediate")
}

/// A list of an authority's, made now and good for 30 days.
pub fn revocation_list(authority: &TestCa, serials: &[&[u8]], now: Timestamp) -> String {
    let entry = |serial: &&[u8]| Revoked {
        serial: serial.to_vec(),
        at: now,
    };
    let revoked: Vec<Revoked> = serials.iter().map(entry).collect();
    let until = Validity::days(now, 30).not_after;
    authority
        .crl(&revoked, now, until)
        .expect("a revocation list")
}

/// What a partner's certificate says: for clients, of this organization, good for so long.
pub fn partner_leaf(organization_id: Option<&str>, now: Timestamp, life: Duration) -> Leaf {
    Leaf {
        common_name: "a partner's app".to_owned(),
        organization: Some("A Partner Co. Ltd.".to_owned()),
        organization_id: organization_id.map(str::to_owned),
        names: Vec::new(),
        purposes: vec![Purpose::Client],
        validity: validity(now, life),
        marker: Marker::Sandbox,
    }
}

/// Issues a certificate with a new key.
pub fn issue(authority: &TestCa, leaf: &Leaf) -> Issued {
    authority
        .issue(leaf, KeyKind::Ecdsa, &SystemRandom)
        .expect("a certificate")
}

/// A server with this certificate and key, PEM, which asks for none in return.
pub(crate) fn server(chain: &[u8], key: &[u8]) -> ServerConfig {
    let chain = crypto::certificates(chain).expect("certificates in PEM");
    let key = crypto::private_key(key).expect("a key in PEM");
    ServerConfig::builder_with_provider(crypto::provider())
        .with_safe_default_protocol_versions()
        .expect("versions the provider has")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key that fits")
}

/// From an hour ago for so long from now.
pub fn validity(now: Timestamp, life: Duration) -> Validity {
    let not_after = now.checked_add(life).expect("an instant");
    Validity {
        not_after,
        ..Validity::days(now, 1)
    }
}

/// The serial number of the first certificate of a PEM text, as a revocation list names it.
pub fn serial(pem: &str) -> Vec<u8> {
    let chain = crypto::certificates(pem.as_bytes()).expect("certificates in PEM");
    let parsed = x509_cert::certificate::CertificateInner::<Rfc5280>::from_der(&chain[0])
        .expect("a certificate");
    let der = parsed
        .tbs_certificate()
        .serial_number()
        .to_der()
        .expect("DER");
    // Tag and length are a byte each: a serial number has 20 bytes at most (RFC 5280 §4.1.2.2).
    der[2..].to_vec()
}

impl Identity {
    /// A certificate just issued, with its key.
    pub fn issued(issued: &Issued) -> Self {
        Self::from_pem(issued.chain.as_bytes(), issued.key.as_bytes())
    }

    /// `x5t#S256` of its certificate (RFC 8705 §3.1), as a token writes it.
    pub fn thumbprint(&self) -> String {
        crypto::base64url(&crypto::sha256(self.leaf()))
    }
}
