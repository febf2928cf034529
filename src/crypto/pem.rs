//! Certificates, keys and revocation lists from PEM (RFC 7468).

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

/// The most that a file of certificates or keys may have, in bytes.
const FILE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The most that a revocation list may have, in bytes.
const CRL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The most certificates in one file.
const CERTIFICATES_MAX: usize = 1_000;

/// Why a file gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum PemProblem {
    /// The file is longer than is read.
    #[error("the file is longer than {bytes_max} bytes")]
    TooLong {
        /// How many bytes are read at most.
        bytes_max: usize,
    },
    /// No section of the wanted kind stands in it.
    #[error("no PEM section {wanted} found")]
    Nothing {
        /// The label, or labels, that would do.
        wanted: &'static str,
    },
    /// More sections of the kind than are allowed.
    #[error("more than {allowed} PEM sections {wanted} found")]
    Several {
        /// The label, or labels.
        wanted: &'static str,
        /// How many are allowed.
        allowed: usize,
    },
    /// A section that cannot be read.
    #[error("the PEM text is broken")]
    Broken(#[source] pem::Error),
}

/// Reads every certificate of a PEM file, in order: one at least. Other sections are passed over.
pub fn certificates(file: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemProblem> {
    sections(file, FILE_BYTES_MAX, "CERTIFICATE", CERTIFICATES_MAX)
}

/// Reads the one private key of a PEM file: PKCS #8, SEC 1 or PKCS #1, not encrypted. A file with
/// two keys is refused: which one was meant is not ours to guess.
pub fn private_key(file: &[u8]) -> Result<PrivateKeyDer<'static>, PemProblem> {
    const WANTED: &str = "PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY";
    one(sections(file, FILE_BYTES_MAX, WANTED, 1)?, WANTED)
}

/// Reads one certificate revocation list (RFC 5280 §5) from PEM or, when the bytes begin as a DER
/// sequence does, takes them as they are; [`crate::crl_facts`] reads what is inside.
pub fn revocation_list(file: &[u8]) -> Result<CertificateRevocationListDer<'static>, PemProblem> {
    const WANTED: &str = "X509 CRL";
    const DER_SEQUENCE: u8 = 0x30;
    if file.first() == Some(&DER_SEQUENCE) {
        within(file, CRL_BYTES_MAX)?;
        return Ok(CertificateRevocationListDer::from(file.to_vec()));
    }
    one(sections(file, CRL_BYTES_MAX, WANTED, 1)?, WANTED)
}

fn within(file: &[u8], bytes_max: usize) -> Result<(), PemProblem> {
    if file.len() > bytes_max {
        return Err(PemProblem::TooLong { bytes_max });
    }
    Ok(())
}

fn sections<T: PemObject>(
    file: &[u8],
    bytes_max: usize,
    wanted: &'static str,
    allowed: usize,
) -> Result<Vec<T>, PemProblem> {
    within(file, bytes_max)?;
    let mut found = Vec::new();
    for section in T::pem_slice_iter(file) {
        let section = section.map_err(PemProblem::Broken)?;
        if found.len() == allowed {
            return Err(PemProblem::Several { wanted, allowed });
        }
        found.push(section);
    }
    if found.is_empty() {
        return Err(PemProblem::Nothing { wanted });
    }
    Ok(found)
}

fn one<T>(found: Vec<T>, wanted: &'static str) -> Result<T, PemProblem> {
    found
        .into_iter()
        .next()
        .ok_or(PemProblem::Nothing { wanted })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["a.example".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn all_certificates_of_a_file_come_in_order_and_its_key_apart() {
        let ((a, key), (b, _)) = (pair(), pair());
        let file = format!("subject=CN = x\n{a}{key}{b}");
        let read = certificates(file.as_bytes()).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0], certificates(a.as_bytes()).unwrap()[0]);
        assert_eq!(read[1], certificates(b.as_bytes()).unwrap()[0]);
        assert_eq!(
            private_key(file.as_bytes()).unwrap().secret_der(),
            private_key(key.as_bytes()).unwrap().secret_der()
        );
    }

    #[test]
    fn a_file_without_the_wanted_section_is_refused() {
        let (certificate, key) = pair();
        let nothing = |problem| matches!(problem, PemProblem::Nothing { .. });
        assert!(nothing(certificates(key.as_bytes()).unwrap_err()));
        assert!(nothing(certificates(b"").unwrap_err()));
        assert!(nothing(private_key(certificate.as_bytes()).unwrap_err()));
        assert!(nothing(
            revocation_list(certificate.as_bytes()).unwrap_err()
        ));
    }

    #[test]
    fn two_keys_in_a_file_are_refused() {
        let file = format!("{}{}", pair().1, pair().1);
        let problem = private_key(file.as_bytes()).unwrap_err();
        assert!(
            matches!(problem, PemProblem::Several { allowed: 1, .. }),
            "{problem}"
        );
    }

    #[test]
    fn a_cut_section_is_refused_even_after_a_whole_one() {
        let (certificate, _) = pair();
        let file = format!("{certificate}{}", &certificate[..certificate.len() - 30]);
        assert!(matches!(
            certificates(file.as_bytes()),
            Err(PemProblem::Broken(_))
        ));
    }

    #[test]
    fn an_oversize_file_is_refused_unread() {
        let file = vec![b'\n'; FILE_BYTES_MAX + 1];
        assert!(matches!(
            certificates(&file),
            Err(PemProblem::TooLong { .. })
        ));
        assert!(matches!(
            private_key(&file),
            Err(PemProblem::TooLong { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in prop::collection::vec(any::<u8>(), 0..512),
                                           text in "(-----(BEGIN|END) (CERTIFICATE|PRIVATE KEY|X509 CRL)-----\n|[A-Za-z0-9=]{0,9}\n){0,6}") {
            for file in [bytes.as_slice(), text.as_bytes()] {
                let _ = certificates(file);
                let _ = private_key(file);
                let _ = revocation_list(file);
            }
        }
    }
}
