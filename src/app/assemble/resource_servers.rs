//! The bank's own services that ask about tokens, as the authorization server takes them.

use std::collections::HashMap;

use authserver::ResourceServer;
use config::{BankPlan, ProductPlan, ResourceServerPlan};
use model::{ClientId, Scope};

/// Those of a bank, each with what its products are asked for: that much it is told of tokens.
pub(super) fn of(plan: &BankPlan) -> HashMap<ClientId, ResourceServer> {
    let servers = plan.issuer.resource_servers.iter();
    servers
        .map(|(id, server)| (id.clone(), one(plan, server)))
        .collect()
}

fn one(plan: &BankPlan, server: &ResourceServerPlan) -> ResourceServer {
    let products = plan.products.iter();
    let products: Vec<&ProductPlan> = products
        .filter(|product| server.products.contains(&product.id))
        .collect();
    let operations = products.iter();
    let operations = operations.flat_map(|product| &product.description.operations);
    let details = products.iter().flat_map(|product| product.details.keys());
    ResourceServer {
        authentication: server.authentication.clone(),
        jwks: server.jwks.clone(),
        audience: server.audience.clone(),
        scopes: operations
            .filter_map(|operation| Scope::parse(operation.scope.as_deref()?).ok())
            .collect(),
        details: details.cloned().collect(),
    }
}
