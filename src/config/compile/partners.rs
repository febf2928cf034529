//! Partners and their clients.

use std::collections::HashMap;

use identity::KnownBy;
use model::Partner;

use super::Compiler;
use crate::file::{self, File};
use crate::house::PartnerPlan;
use crate::mistake::Code;
use crate::source::Span;

pub(super) fn compile(c: &mut Compiler<'_>, file: &File) -> Vec<PartnerPlan> {
    refuse_shared_clients(c, file);
    file.partners
        .iter()
        .filter_map(|partner| {
            let (known, known_by) = partner_of(partner)?;
            Some(PartnerPlan {
                partner: known,
                known_by,
                privacy_contact: partner.privacy_contact.clone()?,
                clients: partner
                    .clients
                    .iter()
                    .map(|client| client.id.value.clone())
                    .collect(),
            })
        })
        .collect()
}

/// The partner as the house knows it, and what its certificates are known by.
pub(super) fn partner_of(partner: &file::Partner) -> Option<(Partner, KnownBy)> {
    let known = Partner {
        id: partner.id.value.clone(),
        name: partner.name.clone()?,
        standing: partner.standing?,
    };
    let certificate = partner.certificate.as_ref()?;
    Some((known, certificate.known_by.clone()))
}

fn refuse_shared_clients(c: &mut Compiler<'_>, file: &File) {
    let mut known: HashMap<&str, Span> = HashMap::new();
    for client in file.partners.iter().flat_map(|partner| &partner.clients) {
        if let Some(first) = known.insert(client.id.value.as_str(), client.id.at) {
            c.reader
                .collector
                .mistake(
                    Code::Clash,
                    client.id.at,
                    format!("two partners have the client `{}`", client.id.value),
                )
                .see(first, "the first")
                .help("a client_id names one client: give each its own");
        }
    }
}
