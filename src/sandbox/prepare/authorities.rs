//! The sandbox's two authorities and what they issue: one for servers and for the gateway's own
//! certificate at the bank, one for partners. A partner's certificate is thereby no server's.

use jiff::{SignedDuration, Timestamp};
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;

use crypto::{CertificateFacts, Random};

use super::PrepareFailed;
use super::directory::{Access, Directory};
use super::leaf::LeafFiles;
use super::partners::Partner;
use crate::test_ca::{CannotMake, KeyKind, Marker, Purpose, Revoked, TestCa, Validity};

/// How long a leaf and a revocation list are good for.
const LIFE_DAYS: u16 = 30;
/// What has less than this left is renewed at the next start.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How old a revocation list may be at a start. Well below what `gateway.yaml` tolerates, so that
/// somebody may tighten that to a day or two.
const LIST_AGE_MAX: SignedDuration = SignedDuration::from_hours(24);
const ROOT_LIFE_DAYS: u16 = 5 * 365;
/// A root is made again, with all that it issued, when it could not outlive a new leaf.
const RENEW_ROOT_BEFORE: SignedDuration = SignedDuration::from_hours(24 * 60);

/// A root's files.
pub(super) struct Root {
    name: &'static str,
    pub(super) certificate: &'static str,
    key: &'static str,
}

/// The authority of the servers.
pub(super) const HOUSE: Root = Root {
    name: "Mortise sandbox servers",
    certificate: "trust/servers-ca.pem",
    key: "trust/servers-ca.key",
};
/// The authority of the partners.
pub(super) const PARTNERS: Root = Root {
    name: "Mortise sandbox partners",
    certificate: "trust/partners-ca.pem",
    key: "trust/partners-ca.key",
};
/// What the partners' authority revoked.
pub(super) const REVOKED: &str = "trust/partners.crl";

/// The gateway's listeners. RSA: the probes of some conformance suites offer nothing else (T-02).
pub(super) const GATEWAY_SERVER: LeafFiles = LeafFiles {
    certificate: "tls/gateway.pem",
    key: "tls/gateway.key",
    kind: KeyKind::Rsa,
    common_name: "localhost",
    organization: None,
    organization_id: None,
    names: &["localhost", "127.0.0.1", "::1"],
    purpose: Purpose::Server,
};
/// The model bank's listener.
pub(super) const BANK_SERVER: LeafFiles = LeafFiles {
    certificate: "bank/server.pem",
    key: "bank/server.key",
    kind: KeyKind::Ecdsa,
    common_name: "core.harbour.example",
    organization: None,
    organization_id: None,
    names: &["core.harbour.example", "localhost", "127.0.0.1", "::1"],
    purpose: Purpose::Server,
};
/// What the gateway shows the bank.
pub(super) const GATEWAY_CLIENT: LeafFiles = LeafFiles {
    certificate: "tls/gateway-client.pem",
    key: "tls/gateway-client.key",
    kind: KeyKind::Ecdsa,
    common_name: "mortise gateway",
    organization: None,
    organization_id: None,
    names: &[],
    purpose: Purpose::Client,
};

/// Keeps certificates and the revocation list present and fresh.
pub(super) struct Authorities<'a> {
    pub(super) now: Timestamp,
    pub(super) random: &'a dyn Random,
    /// The partners that are wanted.
    pub(super) partners: &'a [&'static Partner],
}

impl Authorities<'_> {
    /// Makes what is missing and renews what is near its end.
    pub(super) fn keep(&self, directory: &mut Directory) -> Result<(), PrepareFailed> {
        let leaves = [GATEWAY_SERVER, BANK_SERVER, GATEWAY_CLIENT];
        let issued: Vec<&str> = leaves.iter().map(|leaf| leaf.certificate).collect();
        let house = self.root(directory, &HOUSE, &issued)?;
        for leaf in &leaves {
            self.leaf(directory, &house, leaf)?;
        }
        let leaves: Vec<&LeafFiles> = self.partners.iter().map(|one| &one.leaf).collect();
        let mut issued: Vec<&str> = leaves.iter().map(|leaf| leaf.certificate).collect();
        issued.push(REVOKED);
        let authority = self.root(directory, &PARTNERS, &issued)?;
        for leaf in leaves {
            self.leaf(directory, &authority, leaf)?;
        }
        self.revocation_list(directory, &authority)
    }

    fn root(
        &self,
        directory: &mut Directory,
        files: &Root,
        issued: &[&str],
    ) -> Result<TestCa, PrepareFailed> {
        let certificate = directory.read_text(files.certificate)?;
        let key = directory.read_text(files.key)?;
        if let (Some(certificate), Some(key)) = (certificate, key)
            && let Some(facts) = self.live(&certificate, &key, RENEW_ROOT_BEFORE)
            && facts.is_ca
            && facts.subject == format!("CN={}", files.name)
            && let Ok(root) = TestCa::reload(files.name, &certificate, &key)
        {
            return Ok(root);
        }
        // What the old root issued goes first: after an interruption nothing can stay behind that
        // looks fresh and chains to a root that is gone.
        for name in issued {
            directory.remove(name)?;
        }
        let validity = Validity::days(self.now, ROOT_LIFE_DAYS);
        let root = TestCa::root(files.name, validity, Marker::Sandbox, self.random)
            .map_err(unmade(directory, files.certificate))?;
        directory.write(files.key, root.key().as_bytes(), Access::Private)?;
        let certificate = root.certificate().as_bytes();
        directory.write(files.certificate, certificate, Access::Public)?;
        Ok(root)
    }

    fn leaf(
        &self,
        directory: &mut Directory,
        authority: &TestCa,
        files: &LeafFiles,
    ) -> Result<(), PrepareFailed> {
        let unmade = unmade(directory, files.certificate);
        let key = match directory.read_text(files.key)? {
            Some(key) if crypto::private_key(key.as_bytes()).is_ok() => key,
            _ => {
                let key = files.kind.generate().map_err(&unmade)?;
                directory.write(files.key, key.as_bytes(), Access::Private)?;
                key
            }
        };
        let certificate = directory.read_text(files.certificate)?;
        let is_good = certificate
            .and_then(|certificate| self.live(&certificate, &key, RENEW_BEFORE))
            .is_some_and(|facts| files.fits(&facts));
        if is_good {
            return Ok(());
        }
        let validity = Validity::days(self.now, LIFE_DAYS);
        let issued = authority
            .issue_for(&files.leaf(validity), &key, self.random)
            .map_err(&unmade)?;
        directory.write(files.certificate, issued.chain.as_bytes(), Access::Public)
    }

    /// The facts of a marked certificate that belongs to the key and has `left` before it.
    fn live(&self, certificate: &str, key: &str, left: SignedDuration) -> Option<CertificateFacts> {
        let chain = crypto::certificates(certificate.as_bytes()).ok()?;
        let leaf = chain.first()?;
        let facts = crypto::certificate_facts(leaf).ok()?;
        let key = crypto::private_key(key.as_bytes()).ok()?;
        let matches = crypto::key_matches(leaf, &key).unwrap_or(false);
        let now = self.now.as_second();
        let is_live = facts.not_before <= now && facts.not_after - now >= left.as_secs();
        (matches && is_live && facts.is_sandbox).then_some(facts)
    }

    /// Signs the list anew with the entries it has: a renewal never forgets a revocation.
    fn revocation_list(
        &self,
        directory: &mut Directory,
        authority: &TestCa,
    ) -> Result<(), PrepareFailed> {
        let mut revoked = Vec::new();
        if let Some(file) = directory.read(REVOKED)? {
            let list = read_list(&file).map_err(|source| PrepareFailed::Broken {
                path: directory.path(REVOKED),
                source,
            })?;
            if self.is_fresh(&list) {
                return Ok(());
            }
            revoked = list.revoked;
        }
        let list = authority
            .crl(
                &revoked,
                self.now,
                Validity::days(self.now, LIFE_DAYS).not_after,
            )
            .map_err(unmade(directory, REVOKED))?;
        directory.write(REVOKED, list.as_bytes(), Access::Public)
    }

    fn is_fresh(&self, list: &List) -> bool {
        let now = self.now.as_second();
        let age = now - list.this_update;
        (0..LIST_AGE_MAX.as_secs()).contains(&age)
            && list.next_update - now >= RENEW_BEFORE.as_secs()
    }
}

/// What a revocation list says; times in Unix seconds.
struct List {
    this_update: i64,
    next_update: i64,
    revoked: Vec<Revoked>,
}

fn read_list(file: &[u8]) -> Result<List, Box<dyn std::error::Error + Send + Sync>> {
    let der = crypto::revocation_list(file)?;
    let list = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(&der)?.tbs_cert_list;
    let seconds = |time: &x509_cert::time::Time| {
        i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
    };
    let mut revoked = Vec::new();
    for entry in list.revoked_certificates.unwrap_or_default() {
        revoked.push(Revoked {
            serial: entry.serial_number.as_bytes().to_vec(),
            at: Timestamp::from_second(seconds(&entry.revocation_date))?,
        });
    }
    Ok(List {
        this_update: seconds(&list.this_update),
        next_update: list.next_update.as_ref().map_or(0, seconds),
        revoked,
    })
}

fn unmade(directory: &Directory, name: &str) -> impl Fn(CannotMake) -> PrepareFailed + use<> {
    let path = directory.path(name);
    move |source| PrepareFailed::Certificate {
        path: path.clone(),
        source,
    }
}
