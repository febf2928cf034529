//! Partners and their clients.

use std::collections::HashMap;

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
            Some(PartnerPlan {
                partner: partner_of(partner)?,
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

/// The partner as the house knows it.
pub(super) fn partner_of(partner: &file::Partner) -> Option<Partner> {
    Some(Partner {
        id: partner.id.value.clone(),
        name: partner.name.clone()?,
        standing: partner.standing?,
        organization_id: partner.organization_id.as_ref()?.value.clone(),
    })
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
