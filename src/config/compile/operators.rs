//! What is for operators and probes alone: it stands apart from what partners call, and operators
//! are known by authorities that issue to no partner.

use std::sync::Arc;

use crypto::CertificateFacts;
use edge::ClientCertificates;
use identity::{Operators, Outsiders};
use rustls_pki_types::CertificateDer;

use super::certificates::{PEM_BYTES_MAX, authorities};
use super::{Compiler, trust};
use crate::file::{Bank, File, Listener};
use crate::house::Service;
use crate::mistake::Code;
use crate::source::{At, Span};

/// Checks what a listener serves beside what, and reads the authorities of one for operators.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    listener: &Listener,
) -> Option<Arc<Operators>> {
    if is_mixed(c, listener) {
        return None;
    }
    let serves_metrics = listener.serves(Service::Metrics)?;
    if !serves_metrics {
        if let Some(written) = &listener.authorities {
            c.reader
                .collector
                .mistake(
                    Code::Contradiction,
                    written.at,
                    "only a listener that serves `metrics` has authorities of its own",
                )
                .help("who issues partners' certificates is said at `banks.*.partner_ca`");
        }
        if let Some(written) = &listener.revocation {
            let what = "only a listener that serves `metrics` asks who of its own is revoked";
            c.reader
                .collector
                .mistake(Code::Contradiction, written.at, what)
                .help("what partners' authorities revoke is said at `banks.*.partner_ca`");
        }
        return None;
    }
    refuse_strangers(c, listener);
    if listener.revocation.is_none() {
        c.reader
            .collector
            .mistake(
                Code::MissingKey,
                listener.id.at,
                "a listener that serves `metrics` lacks the key `revocation`",
            )
            .help(
                "write `revocation: { crl: [file:PATH], refuse_when_older_than: 24h }`, or \
                 `revocation: none` when operators' revoked certificates are to be let in",
            );
    }
    let Some(written) = &listener.authorities else {
        c.reader
            .collector
            .mistake(
                Code::MissingKey,
                listener.id.at,
                "a listener that serves `metrics` lacks the key `authorities`",
            )
            .help("write `authorities: [file:PATH]`: who issues the operators' certificates");
        return None;
    };
    let read = authorities(c, written.value.as_ref()?)?;
    let stated = listener.revocation.as_ref();
    let stated = stated.and_then(|stated| stated.value.as_ref());
    let revocation = stated.and_then(|stated| trust::asked(c, stated, Some(&read)));
    let issuing = issuing(c, file);
    if shares_with_partners(c, written.at, &read, &issuing) {
        return None;
    }
    let known = file
        .partners
        .iter()
        .filter_map(|partner| Some(partner.certificate.as_ref()?.known_by.clone()));
    let outsiders = Outsiders {
        known: known.collect(),
        authorities: issuing.into_iter().map(|(_, facts)| facts).collect(),
    };
    match Operators::new(read, revocation?, outsiders) {
        Ok(operators) => Some(Arc::new(operators)),
        Err(problem) => {
            c.reader.collector.mistake(
                Code::Unfit,
                written.at,
                format!("the operators' authorities cannot be used: {problem}"),
            );
            None
        }
    }
}

/// Whether `health` or `metrics` do not stand alone, as they must: a probe has no certificate, and
/// where partners call there is nothing for operators.
fn is_mixed(c: &mut Compiler<'_>, listener: &Listener) -> bool {
    let Some(serves) = &listener.serves else {
        return false;
    };
    for alone in [Service::Metrics, Service::Health] {
        let (Some(at), true) = (serves.get(&alone), serves.len() > 1) else {
            continue;
        };
        let word = alone.as_str();
        c.reader
            .collector
            .mistake(
                Code::Unguarded,
                *at,
                format!("`{word}` stands on a listener of its own"),
            )
            .help(format!(
                "remove it here, and give `serves: [{word}]` another listener"
            ));
        return true;
    }
    false
}

/// Operators show a certificate, always.
fn refuse_strangers(c: &mut Compiler<'_>, listener: &Listener) {
    let Some(asked) = &listener.client_certificates else {
        return;
    };
    if asked.value != ClientCertificates::Required {
        c.reader
            .collector
            .mistake(
                Code::Unguarded,
                asked.at,
                "`metrics` is for operators, who show a certificate",
            )
            .help("write `client_certificates: required`");
    }
}

/// The authorities that issue to partners, each with its bank. What is wrong with their files is
/// told at the bank.
fn issuing<'f>(c: &mut Compiler<'_>, file: &'f File) -> Vec<(&'f Bank, CertificateFacts)> {
    let mut issuing = Vec::new();
    for bank in &file.banks {
        let ca = bank.partner_ca.as_ref();
        for reference in ca
            .and_then(|ca| ca.authorities.as_ref())
            .into_iter()
            .flatten()
        {
            let path = At {
                value: reference.value.0.clone(),
                at: reference.at,
            };
            let path = c.files.path(&path);
            let read = c.files.read(&path, PEM_BYTES_MAX).ok();
            let read = read.and_then(|bytes| crypto::certificates(&bytes).ok());
            let facts =
                |certificate: CertificateDer<'_>| crypto::certificate_facts(&certificate).ok();
            let read = read.into_iter().flatten().filter_map(facts);
            issuing.extend(read.map(|facts| (bank, facts)));
        }
    }
    issuing
}

/// Whether one of these authorities issues to partners too, by its key or its name, or has one
/// under it that does: then each of them would get in.
fn shares_with_partners(
    c: &mut Compiler<'_>,
    at: Span,
    operators: &[CertificateDer<'static>],
    issuing: &[(&Bank, CertificateFacts)],
) -> bool {
    let facts = |certificate: &CertificateDer<'_>| crypto::certificate_facts(certificate).ok();
    let ours: Vec<_> = operators.iter().filter_map(facts).collect();
    for (bank, theirs) in issuing {
        let is_it = |ours: &CertificateFacts| {
            ours.spki == theirs.spki || ours.subject_name == theirs.subject_name
        };
        let what = if ours.iter().any(is_it) {
            "issues certificates to the partners"
        } else if ours.iter().any(|one| one.subject == theirs.issuer) {
            "stands above one that issues certificates to the partners"
        } else {
            continue;
        };
        let what = format!(
            "one of these authorities {what} of the bank `{}`",
            bank.id.value
        );
        let noted = c.reader.collector.mistake(Code::Unguarded, at, what);
        let noted = match &bank.partner_ca {
            Some(ca) => noted.see(ca.at, "the partners' authorities"),
            None => noted,
        };
        noted.help("operators need an authority of their own: every partner would get in");
        return true;
    }
    false
}
