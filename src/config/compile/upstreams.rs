//! The bank's services, and who we are to them.

use model::UpstreamId;
use upstream::{ClientTls, UpstreamSettings};

use super::Compiler;
use super::certificates::{Shown, authorities, chain, key};
use crate::file::{Bank, UpstreamTls};
use crate::source::At;

pub(super) fn compile(c: &mut Compiler<'_>, bank: &Bank) -> Vec<UpstreamSettings> {
    let mut settings = Vec::with_capacity(bank.upstreams.len());
    for upstream in &bank.upstreams {
        let tls = match &upstream.tls {
            Some(tls) => {
                let tls = client_tls(c, tls);
                if tls.is_none() {
                    continue;
                }
                tls
            }
            None => None,
        };
        settings.push(UpstreamSettings {
            id: upstream.id.value.clone(),
            endpoints: upstream
                .endpoints
                .iter()
                .map(|endpoint| endpoint.value.clone())
                .collect(),
            tls,
            limits: upstream.limits.clone(),
        });
    }
    settings
}

fn client_tls(c: &mut Compiler<'_>, tls: &UpstreamTls) -> Option<ClientTls> {
    let trusted = tls
        .authorities
        .as_ref()
        .and_then(|references| authorities(c, references));
    let chain = tls
        .certificate
        .as_ref()
        .and_then(|reference| Some((chain(c, reference, Shown::ToBanks)?, reference.at)));
    let key = tls
        .key
        .as_ref()
        .and_then(|reference| key(c, reference, chain.as_ref().map(|(chain, at)| (chain, *at))));
    let (chain, _) = chain?;
    Some(ClientTls {
        authorities: trusted?,
        identity: Some((chain.certificates, key?)),
        server_name: tls.name.as_ref().map(|name| name.value.clone()),
    })
}

/// The bank's upstream of this name; one that is not there is noted.
pub(super) fn named(c: &mut Compiler<'_>, bank: &Bank, name: &At<String>) -> Option<UpstreamId> {
    let found = bank
        .upstreams
        .iter()
        .find(|upstream| upstream.id.value.as_str() == name.value);
    if found.is_none() {
        let what = format!("the bank `{}` has no upstream", bank.id.value);
        let known = bank.upstreams.iter().map(|u| u.id.value.as_str());
        c.reader.dangling(name, &what, "upstream", known);
    }
    found.map(|upstream| upstream.id.value.clone())
}
