//! What class `customer` holds a request and its answer to.

use std::collections::BTreeSet;
use std::sync::Arc;

use openapi::{Answers, RequestDescription};

use identity::Consents;
use model::{ClusterId, Terms};

/// What a customer's request and its answer are held to, beside what a partner's is.
#[derive(Debug)]
pub struct Coverage {
    /// Tells what a consent covers.
    pub consents: Arc<Consents>,
    /// The kinds of data that the operation's scope opens: of a consent to more, no more is given.
    pub clusters: BTreeSet<ClusterId>,
    /// What a request says of whose it asks for, of which days, and of values consented to.
    pub request: RequestDescription,
    /// What the answers hold.
    pub answers: Answers,
}

impl Coverage {
    /// The same with other consents: for a rehearsal.
    pub(crate) fn rehearsed(&self, consents: Consents) -> Self {
        Self {
            consents: Arc::new(consents),
            clusters: self.clusters.clone(),
            request: self.request.clone(),
            answers: self.answers.clone(),
        }
    }

    /// Whether a kind of data is given: the consent has it, and the operation's scope opens it.
    pub(crate) fn gives(&self, terms: &Terms, cluster: &str) -> bool {
        terms.clusters.contains(cluster) && self.clusters.contains(cluster)
    }
}
