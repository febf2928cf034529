//! What is remembered of many, within bounds.

use std::collections::HashMap;
use std::hash::Hash;

/// A map of at most twice so many keys, in which those that nobody asked for the longest are
/// forgotten, all in one go: so each change takes the same short time, however full it is.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    max: usize,
    young: HashMap<K, V>,
    /// Asked for no more since the young ones became too many.
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Remembered<K, V> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Keeps a value in the place of what was known.
    pub(super) fn keep(&mut self, key: K, value: V) {
        if self.young.len() >= self.max && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.old.remove(&key);
        self.young.insert(key, value);
    }

    pub(super) fn forget(&mut self, key: &K) {
        self.young.remove(key);
        self.old.remove(key);
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_youngest_are_remembered_and_at_most_twice_so_many() {
        let mut remembered = Remembered::new(3);
        for number in 0..100 {
            remembered.keep(number, number);
            for young in 0..number.min(3) {
                let young = number - young;
                assert_eq!(remembered.get(&young), Some(&young), "{number}");
            }
            let all = (0..=number).filter(|number| remembered.get(number).is_some());
            assert!(all.count() <= 6, "{number}");
        }
    }

    #[test]
    fn what_is_kept_anew_or_forgotten_stands_nowhere_else() {
        let mut remembered = Remembered::new(2);
        for number in 0..4 {
            remembered.keep(number, 1);
        }
        remembered.keep(1, 2);
        assert_eq!(remembered.get(&1), Some(&2));
        remembered.forget(&1);
        assert_eq!(remembered.get(&1), None);
        for number in 10..16 {
            remembered.keep(1, number);
        }
        assert_eq!(remembered.len(), 3);
    }
}
