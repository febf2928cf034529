//! What one load may take from the load before it.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::CrlFacts;
use identity::Trusts;
use openapi::ApiDescription;

use crate::source::Span;

/// What was read of an API's file without a mistake: good for every load that finds the same bytes.
#[derive(Debug)]
pub(crate) struct ApiFile {
    pub(crate) description: Arc<ApiDescription>,
    /// Where each operation stands, in their order.
    pub(crate) places: Vec<Span>,
}

/// A digest of a file's bytes.
type Digest = [u8; 32];

/// What one load may take from the load before it.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The trust stores that are in use.
    pub(crate) trusts: Trusts,
    /// The API descriptions of the last good load, by the bytes of their files …
    apis: HashMap<Digest, Arc<ApiFile>>,
    /// … and of the load that is going on.
    used: HashMap<Digest, Arc<ApiFile>>,
    /// What the revocation lists of the last good load say of themselves …
    lists: Vec<CrlFacts>,
    /// … and those of the load that is going on.
    lists_used: Vec<CrlFacts>,
}

impl Kept {
    /// What was read of an API's file with these bytes.
    pub(crate) fn api(&mut self, digest: &Digest) -> Option<Arc<ApiFile>> {
        let known = self.apis.get(digest).or_else(|| self.used.get(digest));
        let known = known.map(Arc::clone)?;
        self.used.insert(*digest, Arc::clone(&known));
        Some(known)
    }

    /// Keeps what was read of an API's file without a mistake.
    pub(crate) fn keep_api(&mut self, digest: Digest, file: &Arc<ApiFile>) {
        self.used.insert(digest, Arc::clone(file));
    }

    /// The revocation list that this one would take back, if there is one in force: whoever hands
    /// out lists could else make a revoked certificate good again with an old one. Notes that this
    /// one is used.
    pub(crate) fn newer_list(&mut self, list: &CrlFacts) -> Option<&CrlFacts> {
        self.lists_used.push(list.clone());
        if self.lists.contains(list) {
            return None;
        }
        self.lists.iter().find(|before| before.supersedes(list))
    }

    /// Ends a load: a good one leaves what it used, another leaves what was there before it.
    pub(crate) fn end(&mut self, is_good: bool) {
        let used = std::mem::take(&mut self.used);
        let lists_used = std::mem::take(&mut self.lists_used);
        if is_good {
            self.apis = used;
            self.lists = lists_used;
        }
    }
}
