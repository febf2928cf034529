//! Composed operations on the road: the plans of a block, and the bank's services that they call.

mod asked;
mod input;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use blocks::plan;
use blocks::run::{AnswerCache, RetryBudget};
use openapi::Contract;

use model::UpstreamId;
use upstream::Upstream;

pub(crate) use asked::{Asks, asks};
pub(crate) use input::{BODY_BYTES_MAX, read as input};

/// A block on the road.
pub struct Composed {
    name: Arc<str>,
    operations: HashMap<Arc<str>, ComposedOperation>,
    sources: HashMap<Arc<str>, ComposedSource>,
    budget: RetryBudget,
    cache: AnswerCache,
}

/// An operation of a block.
pub struct ComposedOperation {
    /// What it does.
    pub plan: Arc<plan::Operation>,
    /// What its requests must be.
    pub contract: Contract,
}

/// A service that a block calls.
pub struct ComposedSource {
    /// Its id: the audience of identity assertions.
    pub id: UpstreamId,
    /// The service.
    pub upstream: Arc<Upstream>,
    /// What stands before the path of each of its operations: nothing, or `/` and further.
    pub base_path: Arc<str>,
    /// Its operations by `operationId`.
    pub contracts: Arc<BTreeMap<String, Contract>>,
}

impl Composed {
    /// A block of this name, its operations, and the services that it calls by its own names of
    /// them.
    pub fn new(
        name: &str,
        operations: impl IntoIterator<Item = ComposedOperation>,
        sources: HashMap<Arc<str>, ComposedSource>,
    ) -> Self {
        let operations = operations.into_iter();
        Self {
            name: name.into(),
            operations: operations
                .map(|operation| (Arc::clone(&operation.plan.name), operation))
                .collect(),
            sources,
            budget: RetryBudget::default(),
            cache: AnswerCache::default(),
        }
    }

    /// The block's name.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// An operation by its name.
    pub(crate) fn operation(&self, name: &str) -> Option<&ComposedOperation> {
        self.operations.get(name)
    }

    /// A service by the block's name of it.
    pub(crate) fn source(&self, name: &str) -> Option<&ComposedSource> {
        self.sources.get(name)
    }

    /// The services that a block calls, in no order.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&Arc<str>, &ComposedSource)> {
        self.sources.iter()
    }

    /// Answers of services that are kept.
    pub(crate) fn cache(&self) -> &AnswerCache {
        &self.cache
    }

    /// How many calls may be repeated.
    pub(crate) fn budget(&self) -> &RetryBudget {
        &self.budget
    }
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Composed").field(&self.name).finish()
    }
}
