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
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicU64, Ordering};

    use config::Mode;
    use crypto::{Random, SystemRandom};
    use gateway::{Answer, Attack};
    use model::{Clock, MovedClock};
    use sandbox::Plan;

    use super::*;

    /// Counts how often it is drawn from: each request that walks the road draws its ids.
    #[derive(Debug, Default)]
    struct Counting(AtomicU64);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            self.0.fetch_add(1, Ordering::Relaxed);
            SystemRandom.fill(bytes);
        }
    }

    /// Proves the sandbox with these bursts of the gate and of the plan, and counts the draws.
    async fn proved(gate: &str, plan: &str) -> (Vec<Operation>, u64) {
        let clock = Arc::new(MovedClock::running());
        let folder = tempfile::tempdir().expect("a folder");
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let places = Plan {
            api: address(8443),
            issuer: address(9443),
            bank: address(7443),
            template: None,
        };
        let prepared = sandbox::prepare(folder.path(), &places, clock.as_ref(), &SystemRandom);
        let path = prepared.expect("a prepared folder").config;
        let text = std::fs::read_to_string(&path).expect("a file");
        let text = text
            .replace("burst: 400 requests", &format!("burst: {gate} requests"))
            .replace("burst: 10 requests", &format!("burst: {plan} requests"));
        std::fs::write(&path, text).expect("written");
        let house = config::load(&path, Mode::Sandbox, &|_| None, clock.now());
        let house = house.map_err(|m| m.to_string()).expect("a good file");
        let random = Arc::new(Counting::default());
        let now = clock.now();
        let env = Environment {
            random: Arc::clone(&random) as _,
            ..Environment::system(clock)
        };
        let operations = prove(&house, &env, now).await.expect("a proof");
        (operations, random.0.load(Ordering::Relaxed))
    }

    /// The code that a call beyond the limits is refused with, by class.
    fn beyond(operations: &[Operation]) -> Vec<(&'static str, &'static str)> {
        let told = operations.iter().map(|operation| {
            let answers = operation.attacks.iter();
            let over = answers
                .clone()
                .find(|(attack, _)| *attack == Attack::OverLimit);
            let code = match over.expect("the attack").1 {
                Answer::Refused { code, .. } => code,
                other => panic!("{other:?}"),
            };
            (operation.object.class.as_str(), code)
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        told.dedup();
        told
    }

    #[tokio::test]
    async fn the_greatest_bursts_are_proved_with_no_more_calls_than_the_least() {
        let (least, few) = proved("1", "1").await;
        let (greatest, many) = proved("1000000", "1000000").await;
        assert_eq!(few, many);
        let gate = "too_many_requests";
        let both = [("open", gate), ("partner", gate)];
        assert_eq!(beyond(&least), both);
        assert_eq!(beyond(&greatest), both);
        let (narrow, _) = proved("1000000", "999999").await;
        assert_eq!(
            beyond(&narrow),
            [("open", gate), ("partner", "rate_limited")]
        );
    }
}
