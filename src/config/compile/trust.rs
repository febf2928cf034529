//! A bank's trust store: whose certificates, what is revoked, which partners.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crypto::CrlFacts;
use identity::{BankTrust, KnownBy, Revocation, Trust};
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use super::Compiler;
use super::certificates::{authorities, unreadable};
use super::clients::{self, KeySets};
use super::partners::partner_of;
use crate::file::{self, Bank};
use crate::files::FileRef;
use crate::mistake::Code;
use crate::quantity::shown_duration;
use crate::source::{At, Span};

/// Longest revocation list that is read.
const CRL_BYTES_MAX: u64 = 64 << 20;
/// Clocks may differ by this much, in seconds, before a list is from the future.
const LEEWAY_S: i64 = 10;

/// The trust store of a bank with these partners.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    bank: &Bank,
    partners: &[&file::Partner],
    key_sets: &KeySets,
) -> Option<Arc<Trust>> {
    let apart = are_apart(c, bank, partners);
    let registered = clients::registered(c, partners, key_sets);
    let ca = bank.partner_ca.as_ref()?;
    let authorities = ca
        .authorities
        .as_ref()
        .and_then(|references| authorities(c, references));
    let revocation = ca.revocation.as_ref();
    let revocation = revocation.and_then(|stated| asked(c, stated, authorities.as_deref()));
    let partners = partners
        .iter()
        .map(|partner| partner_of(partner))
        .collect::<Option<Vec<_>>>();
    let trust = BankTrust {
        authorities: authorities?,
        revocation: revocation?,
        partners: partners?,
        registered: registered?,
    };
    if !apart {
        return None;
    }
    match c.kept.trusts.store(trust) {
        Ok(trust) => Some(trust),
        Err(problem) => {
            let cause = std::error::Error::source(&problem)
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            c.reader.collector.mistake(
                Code::Unfit,
                ca.at,
                format!("the partner CA cannot be used: {problem}{cause}"),
            );
            None
        }
    }
}

/// A certificate's authority and what it is known by are the partner's identity: within a bank they
/// name one partner. False when two share theirs.
fn are_apart(c: &mut Compiler<'_>, bank: &Bank, partners: &[&file::Partner]) -> bool {
    let bank = &bank.id.value;
    let all: Vec<_> = partners
        .iter()
        .filter_map(|partner| partner.certificate.as_ref())
        .collect();
    let mut shared = Vec::new();
    let mut known: HashMap<&KnownBy, Span> = HashMap::new();
    for certificate in &all {
        let (by, text) = (&certificate.known_by, &certificate.written);
        if let Some(first) = known.insert(by, text.at) {
            let what = format!(
                "two partners of the bank `{bank}` have the {by} `{}`",
                text.value
            );
            shared.push((text.at, what, first));
        }
    }
    // A subject that holds another partner's organizationIdentifier is that partner's too.
    for certificate in &all {
        let KnownBy::SubjectDn(_) = certificate.known_by else {
            continue;
        };
        let ids = all.iter().filter(|other| {
            other.known_by != certificate.known_by
                && certificate.known_by.coincides(&other.known_by)
        });
        for other in ids {
            let what = format!(
                "whoever has this subject_dn is known to the bank `{bank}` as another partner too"
            );
            shared.push((certificate.written.at, what, other.written.at));
        }
    }
    let apart = shared.is_empty();
    for (at, what, first) in shared {
        let noted = c.reader.collector.mistake(Code::Clash, at, what);
        noted
            .see(first, "the first")
            .help("it tells partners apart: give each its own");
    }
    apart
}

/// The lists that are asked for certificates of these authorities.
/// The outer option is absent when something is wrong, the inner when nothing is ever revoked.
#[expect(clippy::option_option, reason = "the two mean different things")]
pub(super) fn asked(
    c: &mut Compiler<'_>,
    stated: &file::Revocation,
    authorities: Option<&[CertificateDer<'static>]>,
) -> Option<Option<Revocation>> {
    match stated {
        file::Revocation::None => Some(None),
        file::Revocation::Lists {
            crl,
            refuse_when_older_than: age,
        } => {
            let references = crl.as_ref()?;
            let lists: Vec<_> = references
                .iter()
                .map(|reference| list(c, reference, *age))
                .collect();
            let (facts, crls): (Vec<_>, Vec<_>) = lists
                .into_iter()
                .collect::<Option<Vec<_>>>()?
                .into_iter()
                .unzip();
            refuse_silence(c, references, &facts, authorities?)?;
            Some(Some(Revocation {
                crls,
                refuse_when_older_than: (*age)?,
            }))
        }
    }
}

/// An authority of which no list speaks has everyone refused whom it vouches for.
fn refuse_silence(
    c: &mut Compiler<'_>,
    references: &[At<FileRef>],
    lists: &[CrlFacts],
    authorities: &[CertificateDer<'static>],
) -> Option<()> {
    let at = references.first()?.at;
    let mut all = true;
    for authority in authorities {
        let subject = crypto::certificate_facts(authority).ok()?.subject;
        if lists.iter().any(|list| list.issuer == subject) {
            continue;
        }
        all = false;
        let issuers = crate::mistake::listed(lists.iter().map(|list| list.issuer.as_str()));
        c.reader
            .collector
            .mistake(
                Code::Revocation,
                at,
                format!("no revocation list is of the authority {subject}"),
            )
            .help(format!(
                "everyone it vouches for would be refused: add its list; these are of {issuers}"
            ));
    }
    all.then_some(())
}

fn list(
    c: &mut Compiler<'_>,
    reference: &At<FileRef>,
    age: Option<Duration>,
) -> Option<(CrlFacts, CertificateRevocationListDer<'static>)> {
    let content = c.files.content(&mut c.reader, reference, CRL_BYTES_MAX)?;
    let list = match crypto::revocation_list(&content.bytes) {
        Ok(list) => list,
        Err(problem) => {
            unreadable(c, reference.at, &content, "revocation list", &problem);
            return None;
        }
    };
    let facts = match crypto::crl_facts(&list) {
        Ok(facts) => facts,
        Err(problem) => {
            unreadable(c, reference.at, &content, "revocation list", &problem);
            return None;
        }
    };
    let now = c.now.as_second();
    let shown = &reference.value.0;
    let help = "fetch the newest list of the authority; with this one everyone is refused";
    if facts.this_update > now + LEEWAY_S {
        let made = instant(facts.this_update);
        let what = format!("`{shown}` comes from the future: it was made at {made}");
        let noted = c
            .reader
            .collector
            .mistake(Code::Revocation, reference.at, what);
        noted.help(help);
        return None;
    }
    if let Some(wrong) = out_of_date(&facts, age, now) {
        let what = format!("`{shown}` {wrong}");
        let noted = c
            .reader
            .collector
            .mistake(Code::Revocation, reference.at, what);
        noted.help(help).lapse();
    }
    if let Some(newer) = c.kept.newer_list(&facts) {
        let what = format!(
            "`{}` is older than the list of {} in force: it was {}, that was {}",
            reference.value.0,
            facts.issuer,
            made(&facts),
            made(newer)
        );
        c.reader
            .collector
            .mistake(Code::Revocation, reference.at, what)
            .help("fetch the newest list of the authority; this one may forget whom it revoked");
        return None;
    }
    Some((facts, list))
}

/// When a list was made, to the second, and its number.
fn made(facts: &CrlFacts) -> String {
    let at = instant(facts.this_update);
    match &facts.number {
        Some(number) => format!("made at {at} with the number 0x{}", crypto::hex(number)),
        None => format!("made at {at}"),
    }
}

/// Why a list is not believed any more at this time, in Unix seconds.
fn out_of_date(facts: &CrlFacts, age: Option<Duration>, now: i64) -> Option<String> {
    let made = instant(facts.this_update);
    if let Some(next) = facts.next_update.filter(|next| *next < now) {
        let next = instant(next);
        return Some(format!("is out of date: the next list was due at {next}"));
    }
    let age = age?;
    let oldest = now.saturating_sub(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
    (facts.this_update < oldest).then(|| {
        let age = shown_duration(age);
        format!("was made at {made}: older than `refuse_when_older_than`, which is {age}")
    })
}

/// A time of day and all: lists are made anew within hours.
fn instant(unix_seconds: i64) -> String {
    Timestamp::from_second(unix_seconds).map_or_else(
        |_| "an unknown time".to_owned(),
        |instant| instant.to_string(),
    )
}
