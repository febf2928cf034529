//! Where the calls of a product go: to a service of its bank's, or to a room of this house.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;

use authserver::AuthServer;
use config::{BankPlan, BlockPlan, DestinationPlan, ProductPlan, Room, SourcePlan};
use gateway::{Composed, ComposedOperation, ComposedSource, Destination};
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
        DestinationPlan::Block(block) => {
            Ok(Destination::Block(Arc::new(composed(block, upstreams)?)))
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

/// A block with the services that it reads.
fn composed(
    block: &BlockPlan,
    upstreams: &HashMap<UpstreamId, Arc<Upstream>>,
) -> anyhow::Result<Composed> {
    let source = |(name, plan): (&String, &SourcePlan)| {
        let upstream = upstreams.get(&plan.upstream);
        let upstream = upstream.with_context(|| format!("no upstream {}", plan.upstream))?;
        let source = ComposedSource {
            id: plan.upstream.clone(),
            upstream: Arc::clone(upstream),
            base_path: Arc::clone(&plan.base_path),
            contracts: Arc::clone(&plan.contracts),
        };
        Ok((Arc::from(name.as_str()), source))
    };
    let operation = |plan: &Arc<blocks::plan::Operation>| {
        let contract = block.contracts.get(plan.name.as_ref());
        let contract = contract.with_context(|| format!("no contract of {}", plan.name))?;
        Ok(ComposedOperation {
            plan: Arc::clone(plan),
            contract: contract.clone(),
        })
    };
    let sources = block.sources.iter().map(source);
    let operations = block.plan.operations.iter().map(operation);
    Ok(Composed::new(
        &block.plan.name,
        operations.collect::<anyhow::Result<Vec<_>>>()?,
        sources.collect::<anyhow::Result<_>>()?,
    ))
}
