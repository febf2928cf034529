//! Listeners with their server certificates.

use std::collections::HashMap;

use crypto::CertificateFacts;
use edge::{ListenerSettings, TlsSettings};

use super::Compiler;
use super::certificates::{chain, key};
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
        let Some(index) = entry_of(c, listener, &entries) else {
            continue;
        };
        if let Some(used) = used.get_mut(index) {
            *used = true;
        }
        plans.extend(entries.get(index).and_then(|entry| plan(listener, entry)));
    }
    let all_urls_known = file.listeners.iter().all(|listener| listener.url.is_some());
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

fn plan(listener: &Listener, entry: &Entry<'_>) -> Option<ListenerPlan> {
    let (chain, key) = entry.tls.as_ref()?;
    Some(ListenerPlan {
        address: listener.address.as_ref()?.value,
        url: listener.url.as_ref()?.value.clone(),
        serves: listener.serves.as_ref()?.keys().copied().collect(),
        edge: ListenerSettings {
            id: listener.id.value.clone(),
            tls: Some(TlsSettings {
                certificates: chain.certificates.clone(),
                key: key.clone_key(),
                client_certificates: listener.client_certificates.as_ref()?.value,
            }),
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
    let mut known: HashMap<&str, Span> = HashMap::new();
    let mut entries = Vec::with_capacity(files.len());
    for file in files {
        for name in &file.names {
            if let Some(first) = known.insert(&name.value, name.at) {
                c.reader
                    .collector
                    .mistake(
                        Code::DuplicateKey,
                        name.at,
                        format!("the name `{}` is listed twice", name.value),
                    )
                    .see(first, "first here")
                    .help("a name has one certificate");
            }
        }
        let chain = file
            .certificate
            .as_ref()
            .and_then(|reference| Some((chain(c, reference)?, reference.at)));
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
    entries
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

/// The entry whose names cover the listener's host, an exact name before a pattern.
fn entry_of(c: &mut Compiler<'_>, listener: &Listener, entries: &[Entry<'_>]) -> Option<usize> {
    let url = listener.url.as_ref()?;
    let host = url.value.host_str()?;
    let by = |fits: &dyn Fn(&str) -> bool| {
        entries
            .iter()
            .position(|entry| entry.file.names.iter().any(|name| fits(&name.value)))
    };
    let found = by(&|name| name == host).or_else(|| by(&|name| covers(name, host)));
    if found.is_none() {
        let names = entries.iter().flat_map(|entry| &entry.file.names);
        let help = match crate::mistake::nearest(host, names.map(|name| name.value.as_str())) {
            Some(near) => format!("`tls` has a certificate for `{near}`: is that meant?"),
            None => format!("add one to `tls` whose `names` hold `{host}`"),
        };
        c.reader
            .collector
            .mistake(
                Code::DanglingName,
                url.at,
                format!("there is no certificate for `{host}`"),
            )
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
