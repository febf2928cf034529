//! Where the calls of a product go: to a service of its bank's, or to a room of this house.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;

use authserver::AuthServer;
use config::{BankPlan, DestinationPlan, ProductPlan, Room};
use gateway::Destination;
use identity::Ending;
use model::UpstreamId;
use upstream::Upstream;

use super::consent;
use crate::standing::Standing;

/// The services of a bank, and what the road knows of ends.
type AtBank<'a> = (&'a HashMap<UpstreamId, Arc<Upstream>>, &'a Arc<Ending>);

/// Where the calls of each product of a bank go, in the order of its products.
pub(super) fn all(
    plan: &BankPlan,
    at_bank: AtBank<'_>,
    authserver: &AuthServer,
    standing: &Standing,
) -> anyhow::Result<Vec<Destination>> {
    let of = |product: &ProductPlan| {
        let destination = of(product, plan, at_bank, authserver, standing);
        destination.with_context(|| format!("product {}", product.id))
    };
    plan.products.iter().map(of).collect()
}

fn of(
    product: &ProductPlan,
    plan: &BankPlan,
    (upstreams, ending): AtBank<'_>,
    authserver: &AuthServer,
    standing: &Standing,
) -> anyhow::Result<Destination> {
    match &product.destination {
        DestinationPlan::Upstream(id) => {
            let upstream = upstreams.get(id);
            let upstream = upstream.with_context(|| format!("no upstream {id}"))?;
            Ok(Destination::Upstream {
                id: id.clone(),
                upstream: Arc::clone(upstream),
            })
        }
        DestinationPlan::Room(room @ Room::Consent) => {
            let rights = authserver.rights(&plan.id);
            let rights = rights.context("a bank whose tokens another issues")?;
            let resource = consent::resource(plan, ending, rights, standing)?;
            Ok(Destination::Room {
                name: room.as_str(),
                door: Arc::new(resource),
            })
        }
    }
}
