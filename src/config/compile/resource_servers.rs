//! The bank's own services that ask about tokens.

use std::collections::HashMap;

use model::ClientId;

use super::Compiler;
use super::clients::keys_of;
use crate::file::{File, Issuer, ResourceServer, Tokens};
use crate::house::ResourceServerPlan;
use crate::mistake::Code;

/// Compiles an issuer's; `None` when one has a mistake.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
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
    let mut plans = HashMap::new();
    for server in servers {
        let jwks = keys_of(c, &server.proof);
        let plan = ResourceServerPlan {
            authentication: server.proof.authentication.clone()?,
            jwks: jwks?,
            audience: server.audience.clone()?,
        };
        plans.insert(server.id.value.clone(), plan);
    }
    Some(plans)
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
