//! The hosts that a bank's gateway may ask.

use upstream::UpstreamSettings;
use url::Url;

use super::Compiler;
use super::certificates::authorities;
use crate::file::{Bank, FetchHost, Partner, Tokens};
use crate::mistake::Code;
use crate::source::Span;

/// Notes a URL that must be asked in the bank's name, at a host that it does not list.
pub(super) fn refuse_unlisted(c: &mut Compiler<'_>, bank: &Bank, url: &str, at: Span) {
    let Ok(parsed) = Url::parse(url) else {
        return;
    };
    let (Some(host), Some(port)) = (parsed.host_str(), parsed.port_or_known_default()) else {
        return;
    };
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let mut hosts = bank.fetch.iter();
    // Of a host that could not be read nobody knows whether it is this one.
    let may_be = |listed: &FetchHost| {
        let listed = listed.host.as_ref();
        listed.is_none_or(|its| its.value.host == name && its.value.port == port)
    };
    if hosts.any(may_be) {
        return;
    }
    c.reader
        .collector
        .mistake(
            Code::DanglingName,
            at,
            format!(
                "`fetch` of the bank `{}` does not list `{host}:{port}`",
                bank.id.value
            ),
        )
        .see(bank.id.at, "the bank")
        .help(
            "write `fetch: { NAME: { host: HOST, authorities: [file:PATH] } }` beside `issuer`: \
             what is not listed is never called",
        );
}

/// The same of the keys that clients publish. Of a bank that issues its own tokens no client asks
/// us for one, so nothing is fetched in its name.
pub(super) fn refuse_unlisted_keys(c: &mut Compiler<'_>, bank: &Bank, partners: &[&Partner]) {
    let issuer = bank.issuer.as_ref();
    if !issuer.is_some_and(|issuer| matches!(issuer.tokens, Tokens::Ours { .. })) {
        return;
    }
    let clients = partners.iter().flat_map(|partner| &partner.clients);
    for url in clients.filter_map(|client| client.proof.jwks_url.as_ref()) {
        refuse_unlisted(c, bank, url.value.as_str(), url.at);
    }
}

/// Compiles the hosts. They are measured as upstreams are: no two of a bank have one name.
pub(super) fn compile(c: &mut Compiler<'_>, bank: &Bank) -> Vec<UpstreamSettings> {
    let mut hosts = Vec::with_capacity(bank.fetch.len());
    for listed in &bank.fetch {
        let mut upstreams = bank.upstreams.iter();
        if let Some(other) = upstreams.find(|its| its.id.value == listed.id.value) {
            c.reader
                .collector
                .mistake(
                    Code::Clash,
                    listed.id.at,
                    format!("an upstream of the bank is `{}` too", listed.id.value),
                )
                .see(other.id.at, "the upstream")
                .help("metrics know both by their names: give this one another");
        }
        let trusted = listed.authorities.as_ref();
        let trusted = trusted.and_then(|references| authorities(c, references));
        if let (Some(host), Some(trusted)) = (&listed.host, trusted) {
            let id = listed.id.value.clone();
            hosts.push(UpstreamSettings::fetched_from(
                id,
                host.value.clone(),
                trusted,
            ));
        }
    }
    hosts
}
