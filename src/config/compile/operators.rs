//! What is for operators and probes alone: it stands apart from what partners call, and operators
//! are known by authorities that issue to no partner.

use std::sync::Arc;

use edge::ClientCertificates;
use identity::Operators;
use rustls_pki_types::CertificateDer;

use super::Compiler;
use super::certificates::{PEM_BYTES_MAX, authorities};
use crate::file::{File, Listener};
use crate::files::FileRef;
use crate::house::Service;
use crate::mistake::Code;
use crate::source::At;

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
        return None;
    }
    refuse_strangers(c, listener);
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
    if shares_with_partners(c, file, written, &read) {
        return None;
    }
    let partners = file
        .partners
        .iter()
        .filter_map(|partner| Some(partner.certificate.as_ref()?.known_by.clone()))
        .collect();
    match Operators::new(read, partners) {
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

/// Whether one of these authorities issues to partners too: then each of them would get in.
fn shares_with_partners(
    c: &mut Compiler<'_>,
    file: &File,
    written: &At<Option<Vec<At<FileRef>>>>,
    operators: &[CertificateDer<'static>],
) -> bool {
    for bank in &file.banks {
        let Some(ca) = &bank.partner_ca else {
            continue;
        };
        // What is wrong with these files is told at the bank.
        let mut issuing = Vec::new();
        for reference in ca.authorities.iter().flatten() {
            let path = At {
                value: reference.value.0.clone(),
                at: reference.at,
            };
            let path = c.files.path(&path);
            let read = c.files.read(&path, PEM_BYTES_MAX).ok();
            let read = read.and_then(|bytes| crypto::certificates(&bytes).ok());
            issuing.extend(read.into_iter().flatten());
        }
        if operators
            .iter()
            .any(|authority| issuing.contains(authority))
        {
            c.reader
                .collector
                .mistake(
                    Code::Unguarded,
                    written.at,
                    format!(
                        "one of these authorities issues certificates to the partners of the bank \
                         `{}`",
                        bank.id.value
                    ),
                )
                .see(ca.at, "the partners' authorities")
                .help("operators need an authority of their own: every partner would get in");
            return true;
        }
    }
    false
}
