//! What a certificate and a revocation list say about themselves (RFC 5280). Nothing is believed
//! here: chains, times and revocation are judged in `identity`.

use std::net::IpAddr;

use der::asn1::{Ia5String, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::oid::AssociatedOid;
use der::{Decode, Encode, Tag, Tagged};
use rustls::SignatureAlgorithm;
use rustls_pki_types::PrivateKeyDer;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage,
    IssuingDistributionPoint, SubjectAltName,
};
use x509_cert::name::Name;
use x509_cert::time::Time;

use crate::distinguished_name::{DistinguishedName, ORGANIZATION_IDENTIFIER};
use crate::provider::provider;

/// The extension that marks every certificate of the sandbox, CA and leaf, as arcs of an object
/// identifier: 1.3.6.1.4.1.32473.77.1, under the example arc of RFC 5612. Never critical, so that
/// every client verifies such certificates; `serve` refuses them.
pub const SANDBOX_MARKER: &[u64] = &[1, 3, 6, 1, 4, 1, 32473, 77, 1];
/// The value of the marker: the DER of the UTF8String `sandbox`.
pub const SANDBOX_MARKER_VALUE: &[u8] = b"\x0c\x07sandbox";

const SANDBOX_MARKER_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.77.1");

const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;
const CRL_BYTES_MAX: usize = 64 * 1024 * 1024;
const ORGANIZATION_ID_CHARACTERS_MAX: usize = 256;

/// What a certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The subject as an RFC 4514 string, most specific part first; control characters escaped.
    pub subject: String,
    /// The subject as it is compared.
    pub subject_name: DistinguishedName,
    /// The issuer's name as an RFC 4514 string.
    pub issuer: String,
    /// The subject's organizationIdentifier (2.5.4.97), where there is one.
    pub organization_id: Option<String>,
    /// The first second of its life, in Unix seconds.
    pub not_before: i64,
    /// The last second of its life, in Unix seconds.
    pub not_after: i64,
    /// The DNS names of its subjectAltName, in order, as written.
    pub dns_names: Vec<String>,
    /// The URIs of its subjectAltName, likewise.
    pub uris: Vec<String>,
    /// The IP addresses of its subjectAltName; such as have neither 4 nor 16 bytes are left out.
    pub ip_addresses: Vec<IpAddr>,
    /// The mail addresses of its subjectAltName, as written.
    pub mail_addresses: Vec<String>,
    /// Its SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// Whether its basicConstraints say that it is a CA.
    pub is_ca: bool,
    /// Whether its extended key usage names clientAuth (RFC 5280 §4.2.1.12); not so without the
    /// extension.
    pub is_for_clients: bool,
    /// Whether its extended key usage allows serverAuth: it names that, any purpose, or there is no
    /// such extension.
    pub may_serve: bool,
    /// Whether it allows clientAuth, likewise.
    pub may_call: bool,
    /// Whether it bears [`SANDBOX_MARKER`], whatever the marker's value.
    pub is_sandbox: bool,
}

/// id-kp-clientAuth (RFC 5280 §4.2.1.12).
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// id-kp-serverAuth.
const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
/// anyExtendedKeyUsage.
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// What a revocation list says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlFacts {
    /// The name of who issued it, as in [`CertificateFacts::subject`].
    pub issuer: String,
    /// When it was made, in Unix seconds.
    pub this_update: i64,
    /// When the next one is due, in Unix seconds, where it says so.
    pub next_update: Option<i64>,
    /// Its number (RFC 5280 §5.2.3), big-endian without leading zeros, where it has one.
    pub number: Option<Vec<u8>>,
    /// What tells the lists of one name apart that do not follow on each other: its
    /// authorityKeyIdentifier and its issuingDistributionPoint, as they are.
    pub scope: [Option<Vec<u8>>; 2],
}

impl CrlFacts {
    /// Whether one is a list of the same authority about the same certificates, and it was made
    /// before this one by its date or its number.
    pub fn supersedes(&self, other: &Self) -> bool {
        let is_same = self.issuer == other.issuer && self.scope == other.scope;
        let rank = |number: &Option<Vec<u8>>| number.clone().map(|digits| (digits.len(), digits));
        let is_lower = match (rank(&other.number), rank(&self.number)) {
            (Some(theirs), Some(ours)) => theirs < ours,
            _ => false,
        };
        is_same && (other.this_update < self.this_update || is_lower)
    }
}

/// Why a certificate, a list or a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCertificate {
    /// Longer than is read.
    #[error("longer than {bytes_max} bytes")]
    TooLong {
        /// How many bytes are read at most.
        bytes_max: usize,
    },
    /// Not the DER of what it should be.
    #[error("not valid DER")]
    Malformed(#[source] der::Error),
    /// Something that may stand once stands twice.
    #[error("{what} stands more than once")]
    Repeated {
        /// What it is.
        what: &'static str,
    },
    /// The organizationIdentifier is not a text that can identify: it is empty, too long, has
    /// control characters, or is no UTF8String or PrintableString.
    #[error("the organizationIdentifier is not a readable text")]
    OrganizationId,
    /// The private key is of a kind that cannot be used, or broken.
    #[error("the private key cannot be used")]
    Key(#[source] rustls::Error),
    /// The private key's kind does not tell its public part.
    #[error("the private key does not tell its public key")]
    KeyWithoutPublicPart,
}

/// Reads a certificate's facts from its DER. Extensions that stand twice (RFC 5280 §4.2) and a
/// subject with two organizationIdentifiers are refused: two readers could choose differently.
pub fn certificate_facts(der: &[u8]) -> Result<CertificateFacts, BadCertificate> {
    let certificate = certificate(der)?;
    let certificate = certificate.tbs_certificate();
    let extensions = certificate.extensions().map_or(&[][..], Vec::as_slice);
    refuse_repeated(extensions)?;
    let names = extension::<SubjectAltName>(extensions)?.map_or(Vec::new(), |names| names.0);
    let constraints = extension::<BasicConstraints>(extensions)?;
    let purposes = extension::<ExtendedKeyUsage>(extensions)?;
    let allows = |purpose| {
        let named = purposes.as_ref().map(|purposes| &purposes.0);
        named.is_none_or(|named| named.contains(&purpose) || named.contains(&ANY_PURPOSE))
    };
    let (may_serve, may_call) = (allows(SERVER_AUTH), allows(CLIENT_AUTH));
    Ok(CertificateFacts {
        subject: certificate.subject().to_string(),
        subject_name: DistinguishedName::of(certificate.subject())
            .map_err(BadCertificate::Malformed)?,
        issuer: certificate.issuer().to_string(),
        organization_id: organization_id(certificate.subject())?,
        not_before: unix_seconds(certificate.validity().not_before),
        not_after: unix_seconds(certificate.validity().not_after),
        dns_names: texts(&names, |name| match name {
            GeneralName::DnsName(name) => Some(name),
            _ => None,
        }),
        uris: texts(&names, |name| match name {
            GeneralName::UniformResourceIdentifier(uri) => Some(uri),
            _ => None,
        }),
        ip_addresses: names.iter().filter_map(ip_address).collect(),
        mail_addresses: texts(&names, |name| match name {
            GeneralName::Rfc822Name(address) => Some(address),
            _ => None,
        }),
        spki: spki(certificate)?,
        is_ca: constraints.is_some_and(|constraints| constraints.ca),
        is_for_clients: purposes.is_some_and(|purposes| purposes.0.contains(&CLIENT_AUTH)),
        may_serve,
        may_call,
        is_sandbox: extensions
            .iter()
            .any(|extension| extension.extn_id == SANDBOX_MARKER_OID),
    })
}

/// Reads a revocation list's facts from its DER.
pub fn crl_facts(der: &[u8]) -> Result<CrlFacts, BadCertificate> {
    within(der, CRL_BYTES_MAX)?;
    let list = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der)
        .map_err(BadCertificate::Malformed)?
        .tbs_cert_list;
    let extensions = list.crl_extensions.as_deref().unwrap_or_default();
    let raw = |oid: ObjectIdentifier| {
        let found = extensions.iter().find(|found| found.extn_id == oid);
        found.map(|found| found.extn_value.as_bytes().to_vec())
    };
    let number = extension::<CrlNumber>(extensions)?.map(|number| number.0);
    let number = number.map(|number| {
        let digits = number.as_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        digits.get(zeros..).unwrap_or_default().to_vec()
    });
    Ok(CrlFacts {
        issuer: list.issuer.to_string(),
        this_update: unix_seconds(list.this_update),
        next_update: list.next_update.map(unix_seconds),
        number,
        scope: [
            raw(AuthorityKeyIdentifier::OID),
            raw(IssuingDistributionPoint::OID),
        ],
    })
}

/// What a key of a certificate signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// ECDSA, on whichever curve.
    Ecdsa,
    /// Ed25519.
    Ed25519,
    /// RSA.
    Rsa,
}

/// The kind of a private key; `None` when TLS cannot use it.
pub fn key_kind(key: &PrivateKeyDer<'_>) -> Option<KeyKind> {
    let key = provider().key_provider.load_private_key(key.clone_key());
    match key.ok()?.algorithm() {
        SignatureAlgorithm::ECDSA => Some(KeyKind::Ecdsa),
        SignatureAlgorithm::ED25519 => Some(KeyKind::Ed25519),
        SignatureAlgorithm::RSA => Some(KeyKind::Rsa),
        _ => None,
    }
}

/// Whether the certificate was made for this private key.
pub fn key_matches(cert_der: &[u8], key: &PrivateKeyDer<'_>) -> Result<bool, BadCertificate> {
    let key = provider()
        .key_provider
        .load_private_key(key.clone_key())
        .map_err(BadCertificate::Key)?;
    let public = key
        .public_key()
        .ok_or(BadCertificate::KeyWithoutPublicPart)?;
    let certificate = certificate(cert_der)?;
    Ok(public.as_ref() == spki(certificate.tbs_certificate())?)
}

fn certificate(der: &[u8]) -> Result<Certificate, BadCertificate> {
    within(der, CERTIFICATE_BYTES_MAX)?;
    Certificate::from_der(der).map_err(BadCertificate::Malformed)
}

fn within(der: &[u8], bytes_max: usize) -> Result<(), BadCertificate> {
    if der.len() > bytes_max {
        return Err(BadCertificate::TooLong { bytes_max });
    }
    Ok(())
}

fn refuse_repeated(extensions: &[Extension]) -> Result<(), BadCertificate> {
    let mut ids: Vec<_> = extensions
        .iter()
        .map(|extension| extension.extn_id)
        .collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(BadCertificate::Repeated {
            what: "an extension",
        });
    }
    Ok(())
}

fn extension<'a, T>(extensions: &'a [Extension]) -> Result<Option<T>, BadCertificate>
where
    T: Decode<'a, Error = der::Error> + der::oid::AssociatedOid,
{
    extensions
        .iter()
        .find(|extension| extension.extn_id == T::OID)
        .map(|extension| T::from_der(extension.extn_value.as_bytes()))
        .transpose()
        .map_err(BadCertificate::Malformed)
}

/// The names of one kind, in order.
fn texts(names: &[GeneralName], kind: fn(&GeneralName) -> Option<&Ia5String>) -> Vec<String> {
    let found = names.iter().filter_map(kind);
    found.map(|name| name.as_str().to_owned()).collect()
}

/// RFC 5280 §4.2.1.6: four or sixteen bytes.
fn ip_address(name: &GeneralName) -> Option<IpAddr> {
    let GeneralName::IpAddress(bytes) = name else {
        return None;
    };
    let bytes = bytes.as_bytes();
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn organization_id(subject: &Name) -> Result<Option<String>, BadCertificate> {
    let mut found = subject
        .iter()
        .filter(|attribute| attribute.oid == ORGANIZATION_IDENTIFIER);
    let Some(attribute) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(BadCertificate::Repeated {
            what: "the organizationIdentifier",
        });
    }
    let value = &attribute.value;
    let text = match value.tag() {
        Tag::Utf8String => Utf8StringRef::try_from(value).map(|text| text.as_str().to_owned()),
        Tag::PrintableString => {
            PrintableStringRef::try_from(value).map(|text| text.as_str().to_owned())
        }
        _ => return Err(BadCertificate::OrganizationId),
    }
    .map_err(BadCertificate::Malformed)?;
    let readable = !text.trim().is_empty()
        && text.chars().count() <= ORGANIZATION_ID_CHARACTERS_MAX
        && !text.chars().any(char::is_control);
    if !readable {
        return Err(BadCertificate::OrganizationId);
    }
    Ok(Some(text))
}

fn spki(certificate: &x509_cert::TbsCertificate) -> Result<Vec<u8>, BadCertificate> {
    certificate
        .subject_public_key_info()
        .to_der()
        .map_err(BadCertificate::Malformed)
}

fn unix_seconds(time: Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
