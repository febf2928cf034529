//! A certificate authority for the sandbox and for tests. Not for anybody's production: `serve`
//! refuses what it makes, by the marker (promise P8).

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CustomExtension, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};

use crypto::{Random, SANDBOX_MARKER, SANDBOX_MARKER_VALUE};

/// X.520 organizationIdentifier (ETSI EN 319 412-1 §5.1.4).
const ORGANIZATION_IDENTIFIER: [u64; 4] = [2, 5, 4, 97];

/// Why a certificate, a key or a list cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CannotMake {
    /// A name that no certificate can carry.
    #[error("a certificate cannot carry this name: {name}")]
    Name {
        /// The name.
        name: String,
    },
    /// The library refused.
    #[error("cannot make {what}")]
    Refused {
        /// What was being made.
        what: &'static str,
        /// Why not.
        #[source]
        source: rcgen::Error,
    },
}

/// Whether a certificate carries the sandbox's marker extension (promise P8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// It does, not critical, so that every client verifies it.
    Sandbox,
    /// It does not: as a production certificate would.
    Absent,
}

/// From when until when, both included (RFC 5280 §4.1.2.5); whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub not_before: Timestamp,
    /// The last instant.
    pub not_after: Timestamp,
}

impl Validity {
    /// From an hour before `now`, so that a clock a little behind takes it too, for `days` days.
    pub fn days(now: Timestamp, days: u16) -> Self {
        let hour = SignedDuration::from_hours(1);
        let life = SignedDuration::from_hours(24 * i64::from(days));
        Self {
            not_before: now.checked_sub(hour).unwrap_or(now),
            not_after: now.checked_add(life).unwrap_or(Timestamp::MAX),
        }
    }
}

/// What a leaf is for: its extended key usage (RFC 5280 §4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// serverAuth.
    Server,
    /// clientAuth.
    Client,
}

/// The kind of key made for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA with 2048 bits (checklist T-02: some probes offer only RSA suites).
    Rsa,
}

impl KeyKind {
    /// Makes a private key: PEM, PKCS#8.
    pub fn generate(self) -> Result<String, CannotMake> {
        Ok(self.pair()?.serialize_pem())
    }

    fn pair(self) -> Result<KeyPair, CannotMake> {
        let algorithm = match self {
            Self::Ecdsa => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::Rsa => &rcgen::PKCS_RSA_SHA256,
        };
        KeyPair::generate_for(algorithm).map_err(refused("a key"))
    }
}

/// What a leaf certificate is to say.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// The subject's commonName.
    pub common_name: String,
    /// The subject's organizationName.
    pub organization: Option<String>,
    /// The subject's organizationIdentifier (2.5.4.97).
    pub organization_id: Option<String>,
    /// subjectAltName: DNS names and IP addresses.
    pub names: Vec<String>,
    /// The extended key usage; empty: the extension is left out.
    pub purposes: Vec<Purpose>,
    /// Its life.
    pub validity: Validity,
    /// The marker.
    pub marker: Marker,
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Issued {
    /// The leaf and, after it, the intermediates up to but without the root: PEM.
    pub chain: String,
    /// The private key: PEM, PKCS#8.
    pub key: String,
    /// The serial number, big-endian: what a revocation list names.
    pub serial: Vec<u8>,
}

/// One entry of a revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The serial number of the certificate, big-endian.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Timestamp,
}

/// An authority: a root, or an intermediate under one.
pub struct TestCa {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
    /// The intermediates from this authority up, without the root.
    path: String,
}

impl TestCa {
    /// Makes a root with a new ECDSA key.
    pub fn root(
        name: &str,
        validity: Validity,
        marker: Marker,
        random: &dyn Random,
    ) -> Result<Self, CannotMake> {
        let key = KeyKind::Ecdsa.pair()?;
        let mut params = authority(name, validity, marker)?;
        params.serial_number = Some(SerialNumber::from(serial(random)));
        let made = params.self_signed(&key).map_err(refused("a root"))?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate: made.pem(),
            path: String::new(),
        })
    }

    /// Makes an intermediate under this authority, with a new ECDSA key.
    pub fn intermediate(
        &self,
        name: &str,
        validity: Validity,
        marker: Marker,
        random: &dyn Random,
    ) -> Result<Self, CannotMake> {
        let key = KeyKind::Ecdsa.pair()?;
        let mut params = authority(name, validity, marker)?;
        params.serial_number = Some(SerialNumber::from(serial(random)));
        params.use_authority_key_identifier_extension = true;
        let made = params
            .signed_by(&key, &self.issuer)
            .map_err(refused("an intermediate"))?;
        Ok(Self {
            path: format!("{}{}", made.pem(), self.path),
            certificate: made.pem(),
            issuer: Issuer::new(params, key),
        })
    }

    /// Takes up a root made earlier: its name as it was given then, its certificate and key (PEM).
    /// The certificate is believed as it stands.
    pub fn reload(name: &str, certificate: &str, key: &str) -> Result<Self, CannotMake> {
        let key = KeyPair::from_pem(key).map_err(refused("an authority from its key"))?;
        let params = authority(
            name,
            Validity::days(Timestamp::UNIX_EPOCH, 1),
            Marker::Absent,
        )?;
        Ok(Self {
            issuer: Issuer::new(params, key),
            certificate: certificate.to_owned(),
            path: String::new(),
        })
    }

    /// Its own certificate: PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Its private key: PEM, PKCS#8.
    pub fn key(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// Issues a leaf with a new key.
    pub fn issue(
        &self,
        leaf: &Leaf,
        key: KeyKind,
        random: &dyn Random,
    ) -> Result<Issued, CannotMake> {
        self.sign(leaf, &key.pair()?, random)
    }

    /// Issues a leaf for a key that exists (PEM, PKCS#8): a renewal.
    pub fn issue_for(
        &self,
        leaf: &Leaf,
        key: &str,
        random: &dyn Random,
    ) -> Result<Issued, CannotMake> {
        let key = KeyPair::from_pem(key).map_err(refused("a certificate from its key"))?;
        self.sign(leaf, &key, random)
    }

    /// Signs a revocation list (RFC 5280 §5, version 2): PEM. Its number is `this_update` in Unix
    /// seconds, so that a later list has the greater one.
    pub fn crl(
        &self,
        revoked: &[Revoked],
        this_update: Timestamp,
        next_update: Timestamp,
    ) -> Result<String, CannotMake> {
        let entry = |revoked: &Revoked| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&revoked.serial),
            revocation_time: date_time_ymd(1970, 1, 1) + since_epoch(revoked.at),
            reason_code: None,
            invalidity_date: None,
        };
        CertificateRevocationListParams {
            this_update: date_time_ymd(1970, 1, 1) + since_epoch(this_update),
            next_update: date_time_ymd(1970, 1, 1) + since_epoch(next_update),
            crl_number: SerialNumber::from(u64::try_from(this_update.as_second()).unwrap_or(0)),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)
        .and_then(|list| list.pem())
        .map_err(refused("a revocation list"))
    }

    fn sign(&self, leaf: &Leaf, key: &KeyPair, random: &dyn Random) -> Result<Issued, CannotMake> {
        let serial = serial(random);
        let mut params = leaf_params(leaf)?;
        params.serial_number = Some(SerialNumber::from_slice(&serial));
        let made = params
            .signed_by(key, &self.issuer)
            .map_err(refused("a certificate"))?;
        Ok(Issued {
            chain: format!("{}{}", made.pem(), self.path),
            key: key.serialize_pem(),
            serial,
        })
    }
}

fn authority(
    name: &str,
    validity: Validity,
    marker: Marker,
) -> Result<CertificateParams, CannotMake> {
    let mut params = dated(validity, marker)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf_params(leaf: &Leaf) -> Result<CertificateParams, CannotMake> {
    let mut params = dated(leaf.validity, leaf.marker)?;
    let subject = &mut params.distinguished_name;
    if let Some(organization) = &leaf.organization {
        subject.push(DnType::OrganizationName, organization.as_str());
    }
    if let Some(id) = &leaf.organization_id {
        let kind = DnType::CustomDnType(ORGANIZATION_IDENTIFIER.to_vec());
        subject.push(kind, id.as_str());
    }
    subject.push(DnType::CommonName, leaf.common_name.as_str());
    for name in &leaf.names {
        params.subject_alt_names.push(alternative_name(name)?);
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = leaf
        .purposes
        .iter()
        .map(|purpose| match purpose {
            Purpose::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Purpose::Client => ExtendedKeyUsagePurpose::ClientAuth,
        })
        .collect();
    Ok(params)
}

fn alternative_name(name: &str) -> Result<SanType, CannotMake> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let dns = name.try_into().map_err(|_| CannotMake::Name {
        name: name.to_owned(),
    })?;
    Ok(SanType::DnsName(dns))
}

fn dated(validity: Validity, marker: Marker) -> Result<CertificateParams, CannotMake> {
    let mut params = CertificateParams::new(Vec::new()).map_err(refused("a certificate"))?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(validity.not_before);
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(validity.not_after);
    if marker == Marker::Sandbox {
        let value = SANDBOX_MARKER_VALUE.to_vec();
        let mark = CustomExtension::from_oid_content(SANDBOX_MARKER, value);
        params.custom_extensions.push(mark);
    }
    Ok(params)
}

/// 16 random bytes, positive and never zero (RFC 5280 §4.1.2.2).
fn serial(random: &dyn Random) -> Vec<u8> {
    let mut bytes = crypto::random_array::<16>(random);
    bytes[0] = (bytes[0] & 0x3f) | 0x40;
    bytes.to_vec()
}

/// Whole seconds after [`date_time_ymd`]`(1970, 1, 1)`; what lies before becomes zero.
fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

fn refused(what: &'static str) -> impl Fn(rcgen::Error) -> CannotMake {
    move |source| CannotMake::Refused { what, source }
}

#[cfg(test)]
mod tests;
