//! Listeners with their server certificates.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::{CertificateFacts, KeyKind};
use edge::{Identity, ListenerSettings, TlsSettings};
use identity::Operators;

use super::Compiler;
use super::certificates::{Shown, chain, key};
use super::operators;
use crate::file::{File, Listener, TlsEntry};
use crate::house::ListenerPlan;
use crate::mistake::Code;
use crate::source::{At, Span};

/// A certificate with its key, for the names of its entry.
struct Entry<'f> {
    file: &'f TlsEntry,
    /// Absent when something about it is wrong.
    tls: Option<(
        super::certificates::Chain,
        rustls_pki_types::PrivateKeyDer<'static>,
    )>,
}

pub(super) fn compile(c: &mut Compiler<'_>, file: &File) -> Vec<ListenerPlan> {
    refuse_shared(c, &file.listeners);
    let entries = entries(c, &file.tls);
    let mut used = vec![false; entries.len()];
    let mut plans = Vec::new();
    for listener in &file.listeners {
        let operators = operators::compile(c, file, listener);
        if listener.is_plain {
            plans.extend(plan(listener, operators, None));
            continue;
        }
        let found = entries_of(c, listener, &entries);
        for index in &found {
            if let Some(used) = used.get_mut(*index) {
                *used = true;
            }
        }
        let found: Vec<_> = found
            .iter()
            .filter_map(|index| entries.get(*index))
            .collect();
        let tls = tls_settings(listener, &found);
        plans.extend(tls.and_then(|tls| plan(listener, operators, Some(tls))));
    }
    let has_known_url = |listener: &Listener| listener.url.is_some() || listener.is_plain;
    let all_urls_known = file.listeners.iter().all(has_known_url);
    for (entry, used) in entries.iter().zip(used) {
        if !used && all_urls_known && !entry.file.names.is_empty() {
            c.reader
                .collector
                .mistake(
                    Code::Unused,
                    entry.file.at,
                    "no listener's URL has one of these names",
                )
                .help("remove the certificate, or give a listener a URL with its name");
        }
    }
    plans
}

fn tls_settings(listener: &Listener, entries: &[&Entry<'_>]) -> Option<TlsSettings> {
    let identities = entries.iter().map(|entry| {
        let (chain, key) = entry.tls.as_ref()?;
        Some(Identity {
            certificates: chain.certificates.clone(),
            key: key.clone_key(),
        })
    });
    let identities: Vec<_> = identities.collect::<Option<_>>()?;
    if identities.is_empty() {
        return None;
    }
    Some(TlsSettings {
        name: listener.url.as_ref()?.value.host_str().map(str::to_owned),
        identities,
        client_certificates: listener.client_certificates.as_ref()?.value,
    })
}

fn plan(
    listener: &Listener,
    operators: Option<Arc<Operators>>,
    tls: Option<TlsSettings>,
) -> Option<ListenerPlan> {
    Some(ListenerPlan {
        address: listener.address.as_ref()?.value,
        url: listener.url.as_ref().map(|url| url.value.clone()),
        serves: listener.serves.as_ref()?.keys().copied().collect(),
        operators,
        edge: ListenerSettings {
            id: listener.id.value.clone(),
            tls,
            limits: listener.limits.clone(),
        },
    })
}

/// Two listeners cannot have one address, nor one URL: a URL is an audience of tokens.
fn refuse_shared(c: &mut Compiler<'_>, listeners: &[Listener]) {
    for (index, listener) in listeners.iter().enumerate() {
        let before = listeners.get(..index).unwrap_or(&[]);
        let Some(address) = &listener.address else {
            continue;
        };
        let shared = before
            .iter()
            .filter_map(|other| other.address.as_ref())
            .find(|other| collide(other.value, address.value));
        if let Some(other) = shared {
            c.reader
                .collector
                .mistake(Code::Clash, address.at, "two listeners have this address")
                .see(other.at, "the first")
                .help("give one of them another port");
        }
        let Some(url) = &listener.url else {
            continue;
        };
        let shared = before
            .iter()
            .filter_map(|other| other.url.as_ref())
            .find(|other| other.value == url.value);
        if let Some(other) = shared {
            c.reader
                .collector
                .mistake(Code::Clash, url.at, "two listeners have this URL")
                .see(other.at, "the first")
                .help("give each a URL of its own: it is what tokens are good for");
        }
    }
}

/// Whether binding one would keep the other from being bound. Port 0 asks for any free port.
fn collide(a: std::net::SocketAddr, b: std::net::SocketAddr) -> bool {
    let any = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && (a.ip() == b.ip() || any)
}

fn entries<'f>(c: &mut Compiler<'_>, files: &'f [TlsEntry]) -> Vec<Entry<'f>> {
    let mut entries = Vec::with_capacity(files.len());
    for file in files {
        let chain = file
            .certificate
            .as_ref()
            .and_then(|reference| Some((chain(c, reference, Shown::ToClients)?, reference.at)));
        if let Some((chain, _)) = &chain {
            refuse_foreign_names(c, &file.names, &chain.leaf);
        }
        let key = file.key.as_ref().and_then(|reference| {
            key(c, reference, chain.as_ref().map(|(chain, at)| (chain, *at)))
        });
        entries.push(Entry {
            file,
            tls: chain.map(|(chain, _)| chain).zip(key),
        });
    }
    refuse_repeated(c, &entries);
    entries
}

/// A name has one certificate of each kind of key: of two a client could be shown either. Of a
/// key that is wrong the kind is not known: it is taken for any.
fn refuse_repeated(c: &mut Compiler<'_>, entries: &[Entry<'_>]) {
    let mut known: HashMap<&str, Vec<(Option<KeyKind>, Span)>> = HashMap::new();
    for entry in entries {
        let key = entry.tls.as_ref().map(|(_, key)| key);
        let kind = key.and_then(|key| crypto::key_kind(key));
        for name in &entry.file.names {
            let before = known.entry(&name.value).or_default();
            let same = before
                .iter()
                .find(|(other, _)| *other == kind || other.is_none() || kind.is_none());
            if let Some((_, first)) = same {
                c.reader
                    .collector
                    .mistake(
                        Code::DuplicateKey,
                        name.at,
                        format!("the name `{}` is listed twice", name.value),
                    )
                    .see(*first, "first here")
                    .help("a name has one certificate of each kind of key: ECDSA, Ed25519, RSA");
            }
            before.push((kind, name.at));
        }
    }
}

/// A name that the certificate does not bear would be refused by every client (RFC 9525 §6).
/// Addresses are left to the clients: they are not among the facts read.
fn refuse_foreign_names(c: &mut Compiler<'_>, names: &[At<String>], leaf: &CertificateFacts) {
    for name in names {
        let is_address = matches!(
            url::Host::parse(&name.value),
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_))
        );
        let borne = leaf
            .dns_names
            .iter()
            .any(|borne| covers(&borne.to_ascii_lowercase(), &name.value));
        if is_address || borne {
            continue;
        }
        let names = leaf.dns_names.iter().map(String::as_str);
        let help = if leaf.dns_names.is_empty() {
            "it bears no DNS name in its subjectAltName".to_owned()
        } else {
            format!("it bears {}", crate::mistake::listed(names))
        };
        c.reader
            .collector
            .mistake(
                Code::Unfit,
                name.at,
                format!("the certificate is not for the name `{}`", name.value),
            )
            .help(help);
    }
}

/// Whether a name or pattern (`*.bank.example`) stands for a host name or equals a pattern.
fn covers(pattern: &str, name: &str) -> bool {
    if pattern == name {
        return true;
    }
    let (Some(parent), Some((first, rest))) = (pattern.strip_prefix("*."), name.split_once('.'))
    else {
        return false;
    };
    first != "*" && rest == parent
}

/// The entries whose names hold the listener's host or, where none does, a pattern that covers it.
fn entries_of(c: &mut Compiler<'_>, listener: &Listener, entries: &[Entry<'_>]) -> Vec<usize> {
    let Some((url, host)) = listener
        .url
        .as_ref()
        .and_then(|url| Some((url, url.value.host_str()?)))
    else {
        return Vec::new();
    };
    let by = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let has = |entry: &Entry<'_>| entry.file.names.iter().any(|name| fits(&name.value));
        let all = entries.iter().enumerate();
        all.filter(|(_, entry)| has(entry))
            .map(|(index, _)| index)
            .collect()
    };
    let exact = by(&|name| name == host);
    if !exact.is_empty() {
        return exact;
    }
    let found = by(&|name| covers(name, host));
    if found.is_empty() {
        let names = entries.iter().flat_map(|entry| &entry.file.names);
        let help = match crate::mistake::nearest(host, names.map(|name| name.value.as_str())) {
            Some(near) => format!("`tls` has a certificate for `{near}`: is that meant?"),
            None => format!("add one to `tls` whose `names` hold `{host}`"),
        };
        let what = format!("there is no certificate for `{host}`");
        c.reader
            .collector
            .mistake(Code::DanglingName, url.at, what)
            .help(help);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_one_label() {
        assert!(covers("api.bank.example", "api.bank.example"));
        assert!(covers("*.bank.example", "api.bank.example"));
        assert!(covers("*.bank.example", "*.bank.example"));
        assert!(!covers("*.bank.example", "a.api.bank.example"));
        assert!(!covers("*.bank.example", "bank.example"));
        assert!(!covers("api.bank.example", "*.bank.example"));
    }

    #[test]
    fn addresses_collide_as_the_system_says() {
        let at = |text: &str| text.parse().expect("an address");
        assert!(collide(at("0.0.0.0:1"), at("127.0.0.1:1")));
        assert!(collide(at("127.0.0.1:1"), at("127.0.0.1:1")));
        assert!(!collide(at("127.0.0.1:1"), at("127.0.0.2:1")));
        assert!(!collide(at("127.0.0.1:0"), at("127.0.0.1:0")));
    }
}
