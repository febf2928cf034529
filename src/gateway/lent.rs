//! What the road is lent by the rest of the house, and what outlives every snapshot.

use std::sync::Arc;

use crypto::Random;
use identity::{AccessTokens, BankProofs, Certificates};
use model::Clock;
use model::ports::{AuditLog, Watcher};

use crate::metrics::RouteMeters;

/// What the road uses and does not own.
pub struct Services {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// The audit log.
    pub log: Arc<dyn AuditLog>,
    /// The judge of certificates.
    pub certificates: Arc<Certificates>,
    /// The verifier of tokens.
    pub tokens: Arc<AccessTokens>,
    /// The judges of DPoP proofs.
    pub proofs: Arc<BankProofs>,
    /// What is measured of requests that lead to no operation.
    pub unrouted: Arc<RouteMeters>,
    /// Whoever watches the road, if anybody does.
    pub watcher: Option<Arc<dyn Watcher>>,
}
