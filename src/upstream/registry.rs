//! The upstreams in force, beside the snapshots that share them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio_util::task::TaskTracker;

use model::{BankId, Clock};

use crate::{BadUpstream, Upstream, UpstreamSettings};

/// The upstreams in force, by bank and by what they say: one that a new snapshot names again keeps
/// its pool, its connections and what it knows of its endpoints. One that no snapshot names any
/// more goes with the last request that holds it.
#[derive(Debug)]
pub struct Upstreams {
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    known: Mutex<HashMap<Which, Weak<Upstream>>>,
}

/// Whose, and the digest of what the settings say: two banks never share a connection.
type Which = (BankId, [u8; 32]);

impl Upstreams {
    /// None yet. The clock and the tracker are those of every upstream made here.
    pub fn new(clock: Arc<dyn Clock>, tracker: TaskTracker) -> Self {
        Self {
            clock,
            tracker,
            known: Mutex::default(),
        }
    }

    /// The bank's upstream with these settings: the one there is, or a new one. Errors as
    /// [`Upstream::new`].
    pub fn upstream(
        &self,
        bank: &BankId,
        settings: &UpstreamSettings,
    ) -> Result<Arc<Upstream>, BadUpstream> {
        let key = (bank.clone(), settings.digest());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, upstream| upstream.strong_count() > 0);
        if let Some(same) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(same);
        }
        let (clock, tracker) = (Arc::clone(&self.clock), self.tracker.clone());
        let fresh = Upstream::new(settings.clone(), clock, tracker)?;
        known.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }

    /// All that are held by anybody now.
    pub fn all(&self) -> Vec<Arc<Upstream>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.values().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use model::{MovedClock, UpstreamId};

    use super::*;
    use crate::{EndpointSettings, UpstreamLimits};

    #[test]
    fn unchanged_settings_keep_the_upstream_and_each_bank_has_its_own() {
        let clock = Arc::new(MovedClock::stopped());
        let upstreams = Upstreams::new(clock, TaskTracker::new());
        let bank = |id| BankId::parse(id).expect("an id");
        let at = |port| UpstreamSettings {
            id: UpstreamId::parse("ledger").expect("an id"),
            endpoints: vec![EndpointSettings {
                host: "127.0.0.1".to_owned(),
                port,
            }],
            tls: None,
            limits: UpstreamLimits::default(),
        };
        let made = |id, port| upstreams.upstream(&bank(id), &at(port)).expect("valid");
        let first = made("harbour", 1);
        assert!(Arc::ptr_eq(&first, &made("harbour", 1)));
        assert!(!Arc::ptr_eq(&first, &made("harbour", 2)));
        assert!(!Arc::ptr_eq(&first, &made("island", 1)));
        assert_eq!(upstreams.all().len(), 1, "nobody holds the others");
    }
}
