//! Certificates and keys out of files: readable, in their time, not of the sandbox, and a key that
//! belongs to its certificate.

use crypto::CertificateFacts;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::Compiler;
use crate::files::{Content, FileRef};
use crate::house::Mode;
use crate::mistake::Code;
use crate::source::{At, Span};

/// Longest file of certificates or keys.
pub(super) const PEM_BYTES_MAX: u64 = 4 << 20;

/// A chain, leaf first, with what its leaf says.
pub(super) struct Chain {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) leaf: CertificateFacts,
}

/// What a certificate of ours is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// To clients, as a server's.
    ToClients,
    /// To a bank's services, as a client's.
    ToBanks,
}

/// Reads a chain, leaf first, each certificate followed by the one that issued it (RFC 8446
/// §4.4.2).
pub(super) fn chain(c: &mut Compiler<'_>, reference: &At<FileRef>, shown: Shown) -> Option<Chain> {
    let read = certificates(c, reference)?;
    let (certificates, facts): (Vec<_>, Vec<_>) = read.into_iter().unzip();
    let path = &reference.value.0;
    let unfit = unordered(path, &facts).or_else(|| unfit_leaf(path, facts.first()?, shown));
    if let Some((what, help)) = unfit {
        c.reader
            .collector
            .mistake(Code::Unfit, reference.at, what)
            .help(help);
        return None;
    }
    Some(Chain {
        certificates,
        leaf: facts.into_iter().next()?,
    })
}

/// What is wrong with the order of a chain.
fn unordered(path: &str, facts: &[CertificateFacts]) -> Option<(String, &'static str)> {
    let wrong = facts.windows(2).find_map(|pair| match pair {
        [issued, issuer] if issued.issuer != issuer.subject => Some((issued, issuer)),
        _ => None,
    });
    let (issued, issuer) = wrong?;
    Some((
        format!(
            "`{path}` is no chain: {} is followed by {}, which did not issue it",
            issued.subject, issuer.subject
        ),
        "write the certificate first, then those between it and its CA, each before its issuer",
    ))
}

/// What keeps a certificate from being shown as ours.
fn unfit_leaf(path: &str, leaf: &CertificateFacts, shown: Shown) -> Option<(String, &'static str)> {
    if leaf.is_ca {
        return Some((
            format!(
                "`{path}` holds an authority where a certificate of our own is due: {}",
                leaf.subject
            ),
            "name the file of the certificate that this authority issued to the gateway",
        ));
    }
    let (may, purpose) = match shown {
        Shown::ToClients => (leaf.may_serve, "serverAuth"),
        Shown::ToBanks => (leaf.may_call, "clientAuth"),
    };
    (!may).then(|| {
        (
            format!(
                "`{path}` may not be used here: the extended key usage of {} lacks {purpose}",
                leaf.subject
            ),
            "ask the CA for a certificate with this purpose (RFC 5280 §4.2.1.12)",
        )
    })
}

/// Reads the authorities of several files.
pub(super) fn authorities(
    c: &mut Compiler<'_>,
    references: &[At<FileRef>],
) -> Option<Vec<CertificateDer<'static>>> {
    let mut authorities = Vec::new();
    let mut all = true;
    for reference in references {
        let Some(read) = certificates(c, reference) else {
            all = false;
            continue;
        };
        for (certificate, facts) in read {
            if facts.is_ca {
                authorities.push(certificate);
                continue;
            }
            all = false;
            let path = &reference.value.0;
            let subject = &facts.subject;
            c.reader
                .collector
                .mistake(
                    Code::Unfit,
                    reference.at,
                    format!("`{path}` holds no authority: {subject}"),
                )
                .help("name the file of the CA that issues the certificates");
        }
    }
    all.then_some(authorities)
}

/// Reads a private key and checks that it belongs to the chain's leaf.
pub(super) fn key(
    c: &mut Compiler<'_>,
    reference: &At<FileRef>,
    chain: Option<(&Chain, Span)>,
) -> Option<PrivateKeyDer<'static>> {
    let content = c.files.key(&mut c.reader, reference, PEM_BYTES_MAX)?;
    let key = match crypto::private_key(&content.bytes) {
        Ok(key) => key,
        Err(problem) => {
            unreadable(c, reference.at, &content, "private key", &problem);
            return None;
        }
    };
    let (chain, chain_at) = chain?;
    let leaf = chain.certificates.first()?;
    match crypto::key_matches(leaf, &key) {
        Ok(true) => Some(key),
        Ok(false) => {
            c.reader
                .collector
                .mistake(
                    Code::Unfit,
                    reference.at,
                    "the key does not belong to the certificate",
                )
                .see(
                    chain_at,
                    format!("the certificate of {}", chain.leaf.subject),
                )
                .help("name the key with which this certificate was asked for");
            None
        }
        Err(problem) => {
            unreadable(c, reference.at, &content, "private key", &problem);
            None
        }
    }
}

/// Notes that a file does not hold what it should.
pub(super) fn unreadable(
    c: &mut Compiler<'_>,
    at: Span,
    content: &Content,
    what: &str,
    problem: &dyn std::error::Error,
) {
    let mut text = format!("`{}` holds no usable {what}: {problem}", content.shown);
    let mut cause = problem.source();
    while let Some(problem) = cause {
        text.push_str(": ");
        text.push_str(&problem.to_string());
        cause = problem.source();
    }
    c.reader.collector.mistake(Code::Content, at, text);
}

fn certificates(
    c: &mut Compiler<'_>,
    reference: &At<FileRef>,
) -> Option<Vec<(CertificateDer<'static>, CertificateFacts)>> {
    let content = c.files.content(&mut c.reader, reference, PEM_BYTES_MAX)?;
    let certificates = match crypto::certificates(&content.bytes) {
        Ok(certificates) => certificates,
        Err(problem) => {
            unreadable(c, reference.at, &content, "certificate", &problem);
            return None;
        }
    };
    let count = certificates.len();
    let mut good = Vec::with_capacity(count);
    for certificate in certificates {
        match crypto::certificate_facts(&certificate) {
            Ok(facts) if is_acceptable(c, reference.at, &content, &facts) => {
                good.push((certificate, facts));
            }
            Ok(_) => {}
            Err(problem) => unreadable(c, reference.at, &content, "certificate", &problem),
        }
    }
    (good.len() == count).then_some(good)
}

fn is_acceptable(
    c: &mut Compiler<'_>,
    at: Span,
    content: &Content,
    facts: &CertificateFacts,
) -> bool {
    let CertificateFacts { subject, .. } = facts;
    let shown = &content.shown;
    let now = c.now.as_second();
    let collector = &mut c.reader.collector;
    if facts.is_sandbox && c.mode == Mode::Serve {
        collector
            .mistake(
                Code::Sandbox,
                at,
                format!("`{shown}` holds a certificate of the sandbox: {subject}"),
            )
            .help("the sandbox's certificates are good for `mortise sandbox` alone");
        return false;
    }
    if facts.not_after < now {
        let date = date(facts.not_after);
        collector
            .mistake(
                Code::Expired,
                at,
                format!("`{shown}` holds a certificate that expired on {date}: {subject}"),
            )
            .help("renew it")
            .lapse();
    }
    if facts.not_before > now {
        let date = date(facts.not_before);
        collector
            .mistake(
                Code::Expired,
                at,
                format!("`{shown}` holds a certificate that begins on {date}: {subject}"),
            )
            .help("use the present one until then, and look at this machine's clock");
        return false;
    }
    true
}

/// A day as a person writes it.
fn date(unix_seconds: i64) -> String {
    Timestamp::from_second(unix_seconds).map_or_else(
        |_| "an unknown day".to_owned(),
        |instant| instant.strftime("%Y-%m-%d").to_string(),
    )
}
