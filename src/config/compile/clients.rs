//! The clients of a bank's partners: their keys, and the scopes that they may ask for.

use std::collections::HashMap;
use std::sync::Arc;

use authserver::{Agreement, ClientAuthentication};
use crypto::VerificationKey;
use model::{ClientId, PartnerId, Scope};

use super::Compiler;
use super::certificates::unreadable;
use crate::file::{self, File, Listener, Proof};
use crate::files::FileRef;
use crate::house::{AgreementPlan, ClientPlan, ProductPlan, ResourceServerPlan};
use crate::mistake::Code;
use crate::source::{At, Span};

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
            let jwks = keys_of(c, &client.proof)?;
            Some((client.id.value.clone(), jwks))
        })
        .collect()
}

/// The keys that one proves itself with, as they are written down; none where its certificate alone
/// does, and where it publishes them.
pub(super) fn keys_of(c: &mut Compiler<'_>, proof: &Proof) -> Option<crypto::Jwks> {
    match (&proof.jwks, &proof.authentication) {
        (Some(reference), _) => key_set(c, reference),
        (None, Some(ClientAuthentication::TlsClientAuth(_))) => {
            Some(crypto::Jwks::from_keys(Vec::new()))
        }
        (None, Some(_)) if proof.jwks_url.is_some() => Some(crypto::Jwks::from_keys(Vec::new())),
        (None, _) => None,
    }
}

/// The keys whose self-signed certificates are a partner's (RFC 8705 §2.2). One that two partners
/// register would be told to be either's.
pub(super) fn registered(
    c: &mut Compiler<'_>,
    partners: &[&file::Partner],
    key_sets: &KeySets,
) -> Option<Vec<(PartnerId, VerificationKey)>> {
    let mut registered: Vec<(PartnerId, VerificationKey)> = Vec::new();
    let mut owners: HashMap<Vec<u8>, (&PartnerId, Span)> = HashMap::new();
    let mut are_apart = true;
    for partner in partners {
        let self_signed = partner.clients.iter().filter(|client| {
            client.proof.authentication == Some(ClientAuthentication::SelfSignedTlsClientAuth)
        });
        for client in self_signed {
            let (Some(jwks), Some(its)) = (&client.proof.jwks, key_sets.get(&client.id.value))
            else {
                continue;
            };
            for key in its.keys() {
                let owner = (&partner.id.value, jwks.at);
                let (first, at) = *owners.entry(key.to_spki()).or_insert(owner);
                if *first != partner.id.value {
                    are_apart = false;
                    c.reader
                        .collector
                        .mistake(
                            Code::Clash,
                            jwks.at,
                            format!("a key of these is `{first}`'s too"),
                        )
                        .see(at, "the first")
                        .help("a certificate for it would name either: give each partner its own");
                }
                registered.push((partner.id.value.clone(), key.clone()));
            }
        }
    }
    are_apart.then_some(registered)
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

/// What agreements with a bank are about.
#[derive(Clone, Copy)]
pub(super) struct AtBank<'a> {
    pub(super) file: &'a File,
    pub(super) products: &'a [ProductPlan],
    pub(super) servers: &'a HashMap<ClientId, ResourceServerPlan>,
}

/// What an agreement opens to clients: the scopes and details of its products, and tokens for where
/// these are served and for the services behind them.
fn agreed(plan: &AgreementPlan, bank: AtBank<'_>) -> Agreement {
    let products = bank.products.iter();
    let products: Vec<&ProductPlan> = products
        .filter(|product| plan.products.contains(&product.id))
        .collect();
    let scopes = products.iter();
    let scopes = scopes.flat_map(|product| &product.description.operations);
    let details = products.iter().flat_map(|product| product.details.keys());
    let listeners = bank.file.listeners.iter().filter(|listener| {
        let serves = |product: &&ProductPlan| product.listeners.contains(&listener.id.value);
        products.iter().any(serves)
    });
    let origins = listeners.filter_map(|listener| Some((listener, listener.origin()?)));
    let origins: Vec<(&Listener, String)> = origins.collect();
    let names = origins.iter().flat_map(|(listener, origin)| {
        let served = products.iter();
        let served = served.filter(|product| product.listeners.contains(&listener.id.value));
        served.map(move |product| {
            let path = product.description.base_path.as_str();
            (format!("{origin}{path}"), origin.clone())
        })
    });
    let servers = bank.servers.values().filter(|server| {
        let mut behind = server.products.iter();
        behind.any(|product| plan.products.contains(product))
    });
    Agreement {
        from: plan.from,
        until: plan.until,
        scopes: scopes
            .filter_map(|operation| Scope::parse(operation.scope.as_deref()?).ok())
            .collect(),
        details: details.cloned().collect(),
        products: names.collect(),
        resources: origins
            .iter()
            .map(|(_, origin)| origin.clone())
            .chain(servers.map(|server| server.audience.clone()))
            .collect(),
    }
}

/// The clients that a bank's issuer knows.
pub(super) fn at_bank(
    partners: &[&file::Partner],
    key_sets: &KeySets,
    agreements: &[&AgreementPlan],
    at_bank: AtBank<'_>,
) -> HashMap<ClientId, ClientPlan> {
    let mut clients = HashMap::new();
    for partner in partners {
        let Some(standing) = partner.standing else {
            continue;
        };
        let its = agreements
            .iter()
            .filter(|agreement| agreement.partner == partner.id.value);
        let agreements: Arc<[Agreement]> = its.map(|its| agreed(its, at_bank)).collect();
        for client in &partner.clients {
            let (Some(jwks), Some(authentication), Some(bound_by), Some(userinfo)) = (
                key_sets.get(&client.id.value),
                &client.proof.authentication,
                client.bound_by,
                client.userinfo,
            ) else {
                continue;
            };
            let (Some(app), Some(contact)) = (&partner.name, &partner.privacy_contact) else {
                continue;
            };
            let plan = ClientPlan {
                partner: partner.id.value.clone(),
                standing,
                authentication: authentication.clone(),
                bound_by,
                jwks: jwks.clone(),
                jwks_url: client
                    .proof
                    .jwks_url
                    .as_ref()
                    .map(|url| url.value.to_string()),
                agreements: Arc::clone(&agreements),
                redirect_uris: client.redirect_uris.clone(),
                response_modes: client.response_modes.clone(),
                app: app.clone(),
                contact: contact.clone(),
                userinfo,
            };
            clients.insert(client.id.value.clone(), plan);
        }
    }
    clients
}
