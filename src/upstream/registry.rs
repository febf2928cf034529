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
        let same_name = known.iter().filter(|((of, _), _)| of == bank);
        let before = same_name.filter_map(|(_, upstream)| upstream.upgrade());
        let mut before = before.filter(|upstream| *upstream.id() == settings.id);
        let totals = before.next().map(|upstream| Arc::clone(upstream.totals()));
        let (clock, tracker) = (Arc::clone(&self.clock), self.tracker.clone());
        let totals = totals.unwrap_or_default();
        let fresh = Upstream::counting(settings.clone(), clock, tracker, totals)?;
        known.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }

    /// All that are held by anybody now.
    pub fn all(&self) -> Vec<Arc<Upstream>> {
        self.by_bank().map(|(_, upstream)| upstream).collect()
    }

    /// The same, each with its bank.
    pub(crate) fn by_bank(&self) -> impl Iterator<Item = (BankId, Arc<Upstream>)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let held = known.iter();
        let held = held.filter_map(|((bank, _), it)| Some((bank.clone(), it.upgrade()?)));
        held.collect::<Vec<_>>().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use model::{Meter, MovedClock, UpstreamId};

    use super::*;
    use crate::{EndpointSettings, Trouble, UpstreamLimits};

    fn none() -> Arc<Upstreams> {
        let clock = Arc::new(MovedClock::stopped());
        Arc::new(Upstreams::new(clock, TaskTracker::new()))
    }

    fn made(upstreams: &Upstreams, bank: &str, port: u16) -> Arc<Upstream> {
        let settings = UpstreamSettings {
            id: UpstreamId::parse("ledger").expect("an id"),
            endpoints: vec![EndpointSettings {
                host: "127.0.0.1".to_owned(),
                port,
            }],
            tls: None,
            limits: UpstreamLimits::default(),
        };
        let bank = BankId::parse(bank).expect("an id");
        upstreams.upstream(&bank, &settings).expect("valid")
    }

    #[test]
    fn unchanged_settings_keep_the_upstream_and_each_bank_has_its_own() {
        let upstreams = none();
        let made = |bank, port| made(&upstreams, bank, port);
        let first = made("harbour", 1);
        assert!(Arc::ptr_eq(&first, &made("harbour", 1)));
        assert!(!Arc::ptr_eq(&first, &made("harbour", 2)));
        assert!(!Arc::ptr_eq(&first, &made("island", 1)));
        assert_eq!(upstreams.all().len(), 1, "nobody holds the others");
    }

    #[test]
    fn a_changed_upstream_counts_on_and_a_removed_one_is_told_of_no_more() {
        let upstreams = none();
        let meter = Meter::new();
        let _watches = upstreams.measure(&meter);
        let told = |line: &str| meter.expose().lines().any(|told| told == line);
        let before = made(&upstreams, "harbour", 1);
        before.totals().met(Trouble::Reset);
        before.totals().waited();
        before.totals().repeated();
        let after = made(&upstreams, "harbour", 2);
        let other = made(&upstreams, "island", 2);
        let resets = |bank, count| {
            let labels = format!("bank=\"{bank}\",upstream=\"ledger\",outcome=\"reset\"");
            format!("mortise_upstream_troubles_total{{{labels}}} {count}")
        };
        assert!(told(&resets("harbour", 1)), "{}", meter.expose());
        assert!(told(&resets("island", 0)), "{}", meter.expose());
        after.totals().met(Trouble::Reset);
        let in_play = |port| {
            let labels = "bank=\"harbour\",upstream=\"ledger\"";
            let endpoint = format!("endpoint=\"127.0.0.1:{port}\",standing=\"in_play\"");
            format!("mortise_upstream_endpoint_standing{{{labels},{endpoint}}} 1")
        };
        assert!(told(&in_play(1)) && told(&in_play(2)), "{}", meter.expose());
        drop(before);
        assert!(told(&resets("harbour", 2)), "{}", meter.expose());
        let harbour = "{bank=\"harbour\",upstream=\"ledger\"}";
        for name in ["waits_total", "repeats_total"] {
            let line = format!("mortise_upstream_{name}{harbour} 1");
            assert!(told(&line), "{}", meter.expose());
        }
        assert!(
            !told(&in_play(1)) && told(&in_play(2)),
            "{}",
            meter.expose()
        );
        drop((after, other));
        assert_eq!(meter.expose(), "");
    }
}
