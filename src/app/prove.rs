//! Builds a house's snapshot without opening the house, and proves its operations.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use edge::ClientCertificates;
use gateway::{Handshake, Operation, Terms};
use model::ListenerId;

use crate::assemble::assemble;
use crate::environment::Environment;
use crate::live::Live;
use crate::standing::Standing;

/// Proves the operations of a house under the snapshot that `serve` would build. No file is
/// written and no listener opened: the house's state is in memory, and gone afterwards.
pub(crate) async fn prove(
    house: &config::House,
    env: &Environment,
    now: Timestamp,
) -> anyhow::Result<Vec<Operation>> {
    let standing = Standing::in_memory(env, &TaskTracker::new());
    let Live { snapshot, .. } = assemble(house, &standing, 1).await?;
    let snapshot = Arc::into_inner(snapshot).context("taking the snapshot, which nobody holds")?;
    let handshakes: HashMap<&ListenerId, Handshake> = house
        .listeners
        .iter()
        .map(|listener| {
            let tls = listener.edge.tls.as_ref();
            let handshake = match tls.map(|tls| tls.client_certificates) {
                None | Some(ClientCertificates::None) => Handshake::AsksNone,
                Some(ClientCertificates::Optional) => Handshake::TakesAny,
                Some(ClientCertificates::Required) => Handshake::Demands,
            };
            (&listener.edge.id, handshake)
        })
        .collect();
    let terms = Terms {
        now,
        random: Arc::clone(&env.random),
        handshake: &|listener| {
            let found = handshakes.get(listener);
            found.copied().unwrap_or(Handshake::AsksNone)
        },
    };
    gateway::prove(snapshot, &terms).context("rehearsing")
}

#[cfg(all(test, feature = "sandbox"))]
mod tests;
