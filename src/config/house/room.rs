//! Where the calls of a product go.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use model::UpstreamId;
use openapi::Contract;

/// A block, checked, and the services that it reads.
pub struct BlockPlan {
    /// The file that it is written in.
    pub path: PathBuf,
    /// As it is written.
    pub file: blocks::BlockFile,
    /// The block.
    pub plan: blocks::plan::Plan,
    /// What it offers, as an OpenAPI description.
    pub openapi: serde_json::Value,
    /// What requests of each of its operations must be, by the operation's name.
    pub contracts: BTreeMap<String, Contract>,
    /// The services, by the block's names of them.
    pub sources: BTreeMap<String, SourcePlan>,
}

/// What it is and where it goes, not how it comes to its answers.
impl fmt::Debug for BlockPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operations = self.plan.operations.iter();
        let operations: Vec<_> = operations
            .map(|its| (&its.name, its.class, &its.consent, its.clusters()))
            .collect();
        let upstreams = self.sources.iter();
        let upstreams: Vec<_> = upstreams.map(|(name, its)| (name, &its.upstream)).collect();
        f.debug_struct("BlockPlan")
            .field("name", &self.plan.name)
            .field("operations", &operations)
            .field("upstreams", &upstreams)
            .finish_non_exhaustive()
    }
}

/// A service that a block reads.
#[derive(Debug, Clone)]
pub struct SourcePlan {
    /// Where its calls go.
    pub upstream: UpstreamId,
    /// What stands before every path of it.
    pub base_path: Arc<str>,
    /// Its operations by `operationId`.
    pub contracts: Arc<BTreeMap<String, Contract>>,
}

/// Where the calls of a product go.
#[derive(Debug, Clone)]
pub enum DestinationPlan {
    /// To this service of its bank's.
    Upstream(UpstreamId),
    /// To a block, whose reads go to services of the bank's.
    Block(Arc<BlockPlan>),
    /// To a room of the gateway, which serves each of the product's operations.
    Room(Room),
}

/// What of the gateway answers a product's callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// Where partners ask for consents. The product's bank has a [`super::ConsentPlan`].
    Consent,
}

impl Room {
    /// Each, by its word in the file.
    pub(crate) const ALL: [(&'static str, Self); 1] = [("consent", Self::Consent)];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Consent => "consent",
        }
    }
}
