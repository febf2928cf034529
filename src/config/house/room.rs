//! Where the calls of a product go.

use model::UpstreamId;

/// Where the calls of a product go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DestinationPlan {
    /// To this service of its bank's.
    Upstream(UpstreamId),
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
