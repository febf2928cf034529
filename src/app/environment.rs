//! What a house takes from outside its file.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::Arc;

use crypto::{Random, SystemRandom};
use model::ports::Watcher;
use model::{Clock, ListenerId};

/// What a house takes from outside its file.
pub struct Environment {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Listeners handed in already bound; the others are bound to their configured address.
    pub sockets: HashMap<ListenerId, TcpListener>,
    /// Whoever is shown how calls are decided, if anybody is.
    pub watcher: Option<Arc<dyn Watcher>>,
}

impl Environment {
    /// The system's randomness, no socket handed in, and nobody who watches.
    pub fn system(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            random: Arc::new(SystemRandom),
            sockets: HashMap::new(),
            watcher: None,
        }
    }
}
