//! The clients of a bank's partners: their keys, and the scopes that they may ask for.

use std::collections::HashMap;

use model::{ClientId, Scope, ScopeSet};

use super::Compiler;
use super::certificates::unreadable;
use crate::file::{self, File};
use crate::files::FileRef;
use crate::house::{AgreementPlan, ClientPlan, ProductPlan};
use crate::source::At;

/// Longest key set that is read (checklist L-11).
const JWKS_BYTES_MAX: u64 = 32 << 10;

/// The key sets of all clients, by client.
pub(super) type KeySets = HashMap<ClientId, crypto::Jwks>;

/// Reads the key sets of all partners' clients.
pub(super) fn key_sets(c: &mut Compiler<'_>, file: &File) -> KeySets {
    file.partners
        .iter()
        .flat_map(|partner| &partner.clients)
        .filter_map(|client| {
            let jwks = key_set(c, client.jwks.as_ref()?)?;
            Some((client.id.value.clone(), jwks))
        })
        .collect()
}

/// Reads a key set (RFC 7517 §5).
pub(super) fn key_set(c: &mut Compiler<'_>, reference: &At<FileRef>) -> Option<crypto::Jwks> {
    let content = c.files.content(&mut c.reader, reference, JWKS_BYTES_MAX)?;
    match crypto::Jwks::parse(&content.bytes) {
        Ok(jwks) => Some(jwks),
        Err(problem) => {
            unreadable(c, reference.at, &content, "key set", &problem);
            None
        }
    }
}

/// The clients that a bank's issuer knows. Products of agreements that have ended no longer give
/// scopes.
pub(super) fn at_bank(
    c: &Compiler<'_>,
    partners: &[&file::Partner],
    key_sets: &KeySets,
    agreements: &[&AgreementPlan],
    products: &[ProductPlan],
) -> HashMap<ClientId, ClientPlan> {
    let mut clients = HashMap::new();
    for partner in partners {
        let Some(standing) = partner.standing else {
            continue;
        };
        let live = agreements
            .iter()
            .filter(|agreement| agreement.partner == partner.id.value && agreement.until > c.now);
        let scopes: ScopeSet = live
            .flat_map(|agreement| &agreement.products)
            .filter_map(|id| products.iter().find(|product| product.id == *id))
            .flat_map(|product| &product.description.operations)
            .filter_map(|operation| Scope::parse(operation.scope.as_deref()?).ok())
            .collect();
        for client in &partner.clients {
            let Some(jwks) = key_sets.get(&client.id.value) else {
                continue;
            };
            let plan = ClientPlan {
                partner: partner.id.value.clone(),
                standing,
                jwks: jwks.clone(),
                scopes: scopes.clone(),
            };
            clients.insert(client.id.value.clone(), plan);
        }
    }
    clients
}
