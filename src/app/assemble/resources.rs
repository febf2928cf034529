//! Protected resource metadata (RFC 9728): for each product, on each of its listeners, where its
//! callers get tokens and how they prove whose they are. Made when the snapshot is assembled.

use std::collections::{BTreeSet, HashMap};

use anyhow::Context as _;
use bytes::Bytes;
use serde::Serialize;

use config::{BankPlan, House, ListenerPlan, ProductPlan};
use crypto::Algorithm;
use model::{DetailType, ListenerId};

/// Where the metadata of a listener's root stand (RFC 9728 §3). A product's base path comes after
/// it; nothing else is served below `/.well-known` (RFC 8615 §3).
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The members (RFC 9728 §2). Those of what there is not are absent.
#[derive(Serialize)]
struct Document<'a> {
    /// What the URL of the document was made from, to the letter (§3.3; PR-03).
    resource: &'a str,
    authorization_servers: &'a BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    scopes_supported: &'a BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    authorization_details_types_supported: &'a BTreeSet<&'a str>,
    bearer_methods_supported: [&'static str; 1],
    tls_client_certificate_bound_access_tokens: bool,
    dpop_signing_alg_values_supported: [&'static str; 3],
    resource_name: &'a str,
}

/// What stands at one base path of one listener: a product, or several that share it.
struct Resource<'a> {
    name: &'a str,
    authorization_servers: BTreeSet<&'a str>,
    scopes: BTreeSet<&'a str>,
    details: BTreeSet<&'a str>,
}

/// The path at which the metadata of a base path stand.
fn path_of(base_path: &str) -> String {
    format!("{WELL_KNOWN}{base_path}")
}

/// The URL at which the metadata of a base path stand, on the listener with this origin.
pub(crate) fn metadata_url(origin: &str, base_path: &str) -> String {
    format!("{origin}{}", path_of(base_path))
}

/// The documents of a house, by listener and path.
pub(crate) fn documents(house: &House) -> anyhow::Result<HashMap<(ListenerId, String), Bytes>> {
    let mut resources: HashMap<(&ListenerId, &str), Resource<'_>> = HashMap::new();
    for bank in &house.banks {
        for product in &bank.products {
            for listener in &product.listeners {
                let place = (listener, product.description.base_path.as_str());
                let resource = resources.entry(place).or_insert_with(|| Resource {
                    name: &product.description.title,
                    authorization_servers: BTreeSet::new(),
                    scopes: BTreeSet::new(),
                    details: BTreeSet::new(),
                });
                resource.add(bank, product);
            }
        }
    }
    let origins = house.listeners.iter();
    let origins = origins.filter_map(|one: &ListenerPlan| Some((&one.edge.id, one.origin()?)));
    let origins: HashMap<&ListenerId, String> = origins.collect();
    let mut documents = HashMap::with_capacity(resources.len());
    for ((listener, base_path), resource) in resources {
        let origin = origins.get(listener);
        let origin = origin.with_context(|| format!("listener {listener}: no URL"))?;
        let document = resource.document(&format!("{origin}{base_path}"))?;
        documents.insert((listener.clone(), path_of(base_path)), document);
    }
    Ok(documents)
}

impl<'a> Resource<'a> {
    fn add(&mut self, bank: &'a BankPlan, product: &'a ProductPlan) {
        self.authorization_servers.insert(&bank.issuer.url);
        let operations = product.description.operations.iter();
        self.scopes
            .extend(operations.filter_map(|operation| operation.scope.as_deref()));
        self.details
            .extend(product.details.keys().map(DetailType::as_str));
    }

    fn document(&self, resource: &str) -> anyhow::Result<Bytes> {
        let document = Document {
            resource,
            authorization_servers: &self.authorization_servers,
            scopes_supported: &self.scopes,
            authorization_details_types_supported: &self.details,
            bearer_methods_supported: ["header"],
            tls_client_certificate_bound_access_tokens: true,
            dpop_signing_alg_values_supported: [
                Algorithm::Ps256.as_str(),
                Algorithm::Es256.as_str(),
                Algorithm::EdDsa.as_str(),
            ],
            resource_name: self.name,
        };
        let json = serde_json::to_vec(&document).context("writing a resource's metadata")?;
        Ok(Bytes::from(json))
    }
}
