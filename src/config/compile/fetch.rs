//! The hosts that a bank's gateway may ask.

use upstream::UpstreamSettings;

use super::Compiler;
use super::certificates::authorities;
use crate::file::Bank;
use crate::mistake::Code;

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
