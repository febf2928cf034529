//! What a bank's customers consent to.

use std::collections::HashMap;
use std::sync::Arc;

use consent::{Catalogue, ProfileRules};
use model::{ClientId, PurposeId, UpstreamId};

/// What a bank's customers may be asked for, how, and whom the bank asks about them.
#[derive(Debug, Clone)]
pub struct ConsentPlan {
    /// Which data each scope opens, and the words for it. All that the answers of the bank's
    /// operations of class `customer` hold is opened by the operation's scope.
    pub catalogue: Arc<Catalogue>,
    /// How consent is asked, kept and ended.
    pub profile: ProfileRules,
    /// Where the bank is asked which accounts a customer has: one of its upstreams, and a path
    /// there: absolute, a URI's own characters alone, no query, no dot segments, no slash at its
    /// end, at most 256 bytes.
    pub accounts: (UpstreamId, String),
    /// Where it is asked whether a customer proved once more who they are: likewise; what customers
    /// type is checked below the path.
    pub second_factor: (UpstreamId, String),
    /// What each client wants data for: purposes of the catalogue, none twice. Every client has
    /// one that may ask customers and whose partner has an agreement on a product with operations
    /// of class `customer`.
    pub purposes: HashMap<ClientId, Vec<PurposeId>>,
}
