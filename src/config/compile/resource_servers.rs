//! The bank's own services that ask about tokens.

use std::collections::HashMap;

use model::{ClientId, ProductId};

use super::Compiler;
use super::agreements::found;
use super::clients::keys_of;
use crate::file::{Bank, File, Issuer, Listener, Product, ResourceServer, Tokens};
use crate::house::ResourceServerPlan;
use crate::mistake::Code;

/// Compiles an issuer's; `None` when one has a mistake.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    bank: &Bank,
    issuer: &Issuer,
) -> Option<HashMap<ClientId, ResourceServerPlan>> {
    let Tokens::Ours {
        resource_servers: servers,
        ..
    } = &issuer.tokens
    else {
        return Some(HashMap::new());
    };
    refuse_clients_names(c, file, servers);
    let plans = servers.iter().filter_map(|server| {
        let plan = one(c, file, bank, server)?;
        Some((server.id.value.clone(), plan))
    });
    let plans: HashMap<_, _> = plans.collect();
    (plans.len() == servers.len()).then_some(plans)
}

fn one(
    c: &mut Compiler<'_>,
    file: &File,
    bank: &Bank,
    server: &ResourceServer,
) -> Option<ResourceServerPlan> {
    let jwks = keys_of(c, &server.proof);
    let products = behind(c, file, bank, server);
    Some(ResourceServerPlan {
        authentication: server.proof.authentication.clone()?,
        jwks: jwks?,
        audience: server.audience.as_ref()?.value.clone(),
        products: products?,
    })
}

/// The products that one is behind: those that it names, or those served at the listener whose URL
/// its tokens are for. Without either no client could ask for a token for it.
fn behind(
    c: &mut Compiler<'_>,
    file: &File,
    bank: &Bank,
    server: &ResourceServer,
) -> Option<Vec<ProductId>> {
    let audience = server.audience.as_ref()?;
    let served_at = |listener: &Listener| -> Vec<ProductId> {
        let is_there = |product: &&Product| {
            let mut named = product.listeners.iter();
            named.any(|name| name.value == listener.id.value.as_str())
        };
        let served = bank.products.iter().filter(is_there);
        served.map(|product| product.id.value.clone()).collect()
    };
    let listener = file
        .listeners
        .iter()
        .find(|listener| listener.origin().as_ref() == Some(&audience.value));
    let served = listener.map(served_at).unwrap_or_default();
    match (&server.products, listener.filter(|_| !served.is_empty())) {
        (None, Some(_)) => Some(served),
        (Some(named), None) => {
            let what = format!("the bank `{}` has no product", bank.id.value);
            let found: Vec<_> = named
                .iter()
                .filter_map(|name| found(c, Some(name), (&what, "product"), &bank.products, id_of))
                .map(|product| product.id.value.clone())
                .collect();
            (found.len() == named.len()).then_some(found)
        }
        (Some(named), Some(listener)) => {
            let at = named.first().map_or(audience.at, |first| first.at);
            c.reader
                .collector
                .mistake(
                    Code::Contradiction,
                    at,
                    "who asks for tokens for a listener is said by the products served there",
                )
                .see(listener.id.at, "the listener")
                .help("remove `products`, or write another `audience`");
            None
        }
        (None, None) => {
            c.reader
                .collector
                .mistake(
                    Code::MissingKey,
                    audience.at,
                    format!("nobody may ask for tokens for `{}`", audience.value),
                )
                .help(
                    "write `products: [NAME]`: clients of partners with an agreement on one of \
                     them may",
                );
            None
        }
    }
}

fn id_of(product: &Product) -> &str {
    product.id.value.as_str()
}

/// One that has the name of a client could pass for it.
fn refuse_clients_names(c: &mut Compiler<'_>, file: &File, servers: &[ResourceServer]) {
    let clients = || file.partners.iter().flat_map(|partner| &partner.clients);
    for server in servers {
        let Some(client) = clients().find(|client| client.id.value == server.id.value) else {
            continue;
        };
        c.reader
            .collector
            .mistake(
                Code::Clash,
                server.id.at,
                format!("`{}` is a client too", server.id.value),
            )
            .see(client.id.at, "the client")
            .help("an issuer knows each by its name alone: give the resource server another");
    }
}
