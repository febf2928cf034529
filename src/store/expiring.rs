//! What is kept until an instant, and removed a few at a time when that has passed.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

use jiff::Timestamp;

use crate::rim::FORGOTTEN_PER_CHANGE;

/// Values by key, and the keys in the order in which they may be forgotten. A value that may be
/// forgotten may also still be here: who asks compares.
#[derive(Debug)]
pub(crate) struct Expiring<K, V> {
    kept: HashMap<K, (Timestamp, V)>,
    by_expiry: BTreeSet<(Timestamp, K)>,
}

impl<K, V> Default for Expiring<K, V> {
    fn default() -> Self {
        Self {
            kept: HashMap::new(),
            by_expiry: BTreeSet::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord, V> Expiring<K, V> {
    /// Keeps a value, in place of one with this key.
    pub(crate) fn keep(&mut self, key: K, until: Timestamp, value: V) {
        let former = self.kept.insert(key.clone(), (until, value));
        if let Some((former, _)) = former {
            self.by_expiry.remove(&(former, key.clone()));
        }
        self.by_expiry.insert((until, key));
    }

    /// The value of a key, and until when it is kept.
    pub(crate) fn find(&self, key: &K) -> Option<(Timestamp, &V)> {
        self.kept.get(key).map(|(until, value)| (*until, value))
    }

    pub(crate) fn has(&self, key: &K) -> bool {
        self.kept.contains_key(key)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let (until, value) = self.kept.remove(key)?;
        self.by_expiry.remove(&(until, key.clone()));
        Some(value)
    }

    /// All values, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&K, Timestamp, &V)> {
        self.kept
            .iter()
            .map(|(key, (until, value))| (key, *until, value))
    }

    /// Removes a few of those whose instant has passed, the oldest first; answers them.
    pub(crate) fn forget(&mut self, now: Timestamp) -> Vec<V> {
        let mut forgotten = Vec::new();
        for _ in 0..FORGOTTEN_PER_CHANGE {
            let Some((until, key)) = self.by_expiry.first() else {
                break;
            };
            if *until >= now {
                break;
            }
            let key = key.clone();
            forgotten.extend(self.remove(&key));
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn what_has_passed_is_forgotten_a_few_at_a_time_and_nothing_else() {
        let mut kept = Expiring::default();
        for i in 0..10 {
            kept.keep(i, second(100 + i), ());
        }
        kept.keep(3, second(900), ());
        for left in [6, 2, 1, 1] {
            kept.forget(second(500));
            assert_eq!(kept.kept.len(), left);
            assert_eq!(kept.by_expiry.len(), left, "both sides agree");
        }
        assert_eq!(kept.find(&3), Some((second(900), &())));
    }

    #[test]
    fn what_is_replaced_is_kept_by_its_new_instant_alone() {
        let mut kept = Expiring::default();
        kept.keep("a", second(100), 1);
        kept.keep("a", second(50), 2);
        assert_eq!(kept.find(&"a"), Some((second(50), &2)));
        assert_eq!(kept.forget(second(60)), [2]);
        assert!(!kept.has(&"a"));
        assert!(kept.by_expiry.is_empty());
    }
}
