//! What is in force, whole: swapped in one step, taken once by each request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use tokio_util::task::TaskTracker;

use authserver::{AuthServer, Endpoint, Unchanged};
use crypto::{Jwks, KeyEncryptionKey};
use gateway::Snapshot;
use identity::Operators;
use model::{BankId, ListenerId, Request};

/// The settings of one moment, of all rooms.
pub(crate) struct Live {
    /// The road's.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The issuers, by bank.
    pub(crate) authservers: HashMap<BankId, AuthServer>,
    /// What each listener serves besides products; there are few listeners, and a look at each
    /// costs less than a hash.
    pub(crate) doors: Vec<(ListenerId, Doors)>,
    /// The keys that each bank's services verify identity assertions with.
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(dead_code, reason = "only the model bank asks here")
    )]
    pub(crate) assertion_keys: HashMap<BankId, Jwks>,
    /// What opens the evidence of each bank's consents.
    pub(crate) keks: HashMap<BankId, Arc<KeyEncryptionKey>>,
    /// How long open requests are waited for at the end.
    pub(crate) drain: Duration,
}

impl Live {
    /// Writes what opening the key rings planned: the last step before this is in force.
    pub(crate) async fn settle(&self) -> Result<(), Unchanged> {
        for authserver in self.authservers.values() {
            authserver.settle_keys().await?;
        }
        Ok(())
    }

    /// Fetches the keys that the clients of what is in force publish, beside whatever else goes on:
    /// a host that is down is no reason to wait.
    pub(crate) fn fetch_keys(live: &ArcSwap<Self>, tasks: &TaskTracker) {
        let live = live.load_full();
        let banks: Vec<BankId> = live.authservers.keys().cloned().collect();
        for bank in banks {
            let live = Arc::clone(&live);
            tasks.spawn(async move {
                if let Some(authserver) = live.authservers.get(&bank) {
                    authserver.fetch_keys().await;
                }
            });
        }
    }

    /// What this listener serves besides products.
    pub(crate) fn doors_of(&self, listener: &ListenerId) -> Option<&Doors> {
        let mut doors = self.doors.iter();
        doors.find_map(|(id, doors)| (id == listener).then_some(doors))
    }
}

/// What a listener serves besides products.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    /// `host[:port]` of the listener's `url`.
    pub(crate) authority: String,
    /// By path.
    pub(crate) places: HashMap<String, Place>,
    /// By the beginning of a path: what is below a place.
    pub(crate) below: Vec<(String, Place)>,
    /// Who may enter, where operators are served.
    pub(crate) operators: Option<Arc<Operators>>,
}

/// What is answered at one path besides operations.
#[derive(Debug)]
pub(crate) enum Place {
    /// An endpoint of a bank's issuer.
    Issuer(BankId, Endpoint),
    /// The metadata of a product (RFC 9728).
    Resource(Bytes),
}

impl Doors {
    /// What a request names by host and path.
    pub(crate) fn place(&self, request: &Request) -> Option<&Place> {
        let path = request.uri().path();
        let found = self.places.get(path).or_else(|| {
            let mut below = self.below.iter();
            below.find_map(|(begins, place)| path.starts_with(begins).then_some(place))
        })?;
        gateway::names_authority(request, &self.authority).then_some(found)
    }
}
