//! Wrong log-ins, by the network that they come from: the bank locks a name that is tried too
//! often, which is no help where many names are tried from one place (OA-96).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use model::{BankId, Network};

/// How many log-ins of a network may be wrong …
const WRONG_MAX: u32 = 50;
/// … within this time from the first on.
const WINDOW: Duration = Duration::from_mins(15);
/// Networks remembered. Past these the one whose time ends first is forgotten.
const NETWORKS_MAX: usize = 16_384;

/// Counts the wrong log-ins of networks; outlives snapshots.
#[derive(Debug, Default)]
pub struct WrongLogIns(Mutex<HashMap<(BankId, IpAddr), Tries>>);

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    ends: Timestamp,
}

/// A log-in that is counted as wrong until it is taken back.
pub(super) struct Try<'a> {
    counted: &'a WrongLogIns,
    key: (BankId, IpAddr),
}

impl WrongLogIns {
    /// Counts a log-in as wrong before anybody says whether it is: of many at once none slips
    /// through, nor does one whose browser hangs up.
    ///
    /// Errors: too many were; says in how many seconds the next may be tried.
    pub(super) fn begin(
        &self,
        bank: &BankId,
        network: Network,
        now: Timestamp,
    ) -> Result<Try<'_>, u64> {
        let mut networks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (bank.clone(), network.address());
        let known = networks.get(&key).filter(|tries| tries.ends > now).copied();
        if let Some(tries) = known.filter(|tries| tries.count >= WRONG_MAX) {
            let left = tries.ends.duration_since(now).as_millis();
            return Err(u64::try_from(left).unwrap_or(0).div_ceil(1_000));
        }
        if known.is_none() && networks.len() >= NETWORKS_MAX {
            forget(&mut networks, now);
        }
        let ends = now.checked_add(WINDOW).unwrap_or(Timestamp::MAX);
        let tries = known.unwrap_or(Tries { count: 0, ends });
        let count = tries.count.saturating_add(1);
        networks.insert(key.clone(), Tries { count, ..tries });
        Ok(Try { counted: self, key })
    }
}

/// Makes room for one.
fn forget(networks: &mut HashMap<(BankId, IpAddr), Tries>, now: Timestamp) {
    networks.retain(|_, tries| tries.ends > now);
    if networks.len() < NETWORKS_MAX {
        return;
    }
    let first = networks.iter().min_by_key(|(_, tries)| tries.ends);
    if let Some(key) = first.map(|(key, _)| key.clone()) {
        networks.remove(&key);
    }
}

impl Try<'_> {
    /// It was not wrong, or nobody could say.
    pub(super) fn take_back(self) {
        let networks = self.counted.0.lock();
        let mut networks = networks.unwrap_or_else(PoisonError::into_inner);
        if let Some(tries) = networks.get_mut(&self.key) {
            tries.count = tries.count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_house::bank;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("in range")
    }

    fn network(number: u16) -> Network {
        Network::of(IpAddr::from([0x2001, 0xdb8, number, 0, 0, 0, 0, 1]))
    }

    #[test]
    fn a_network_has_so_many_wrong_tries_and_another_and_another_bank_their_own() {
        let wrong = WrongLogIns::default();
        let one = network(1);
        for second in 0..i64::from(WRONG_MAX) {
            assert!(wrong.begin(&bank(), one, at(second)).is_ok());
        }
        assert_eq!(wrong.begin(&bank(), one, at(100)).err(), Some(800));
        assert!(wrong.begin(&bank(), network(2), at(100)).is_ok());
        let other = BankId::parse("other").expect("valid");
        assert!(wrong.begin(&other, one, at(100)).is_ok());
        assert_eq!(wrong.begin(&bank(), one, at(899)).err(), Some(1));
        assert!(
            wrong.begin(&bank(), one, at(900)).is_ok(),
            "its time is over"
        );
    }

    #[test]
    fn what_was_right_is_not_counted() {
        let wrong = WrongLogIns::default();
        for _ in 0..1_000 {
            let tried = wrong.begin(&bank(), network(1), at(0));
            tried.unwrap_or_else(|_| panic!("refused")).take_back();
        }
        for _ in 0..WRONG_MAX {
            assert!(wrong.begin(&bank(), network(1), at(1)).is_ok());
        }
        assert!(wrong.begin(&bank(), network(1), at(1)).is_err());
    }

    #[test]
    fn so_many_networks_are_remembered_and_the_one_that_ends_first_goes() {
        let wrong = WrongLogIns::default();
        let begun = |number: u16| {
            let second = at(i64::from(number) / 1_000);
            wrong.begin(&bank(), network(number), second).is_ok()
        };
        for number in 0..=u16::try_from(NETWORKS_MAX).expect("small") {
            for _ in 0..if number == 1_000 { WRONG_MAX } else { 1 } {
                assert!(begun(number), "{number}");
            }
        }
        let known = |number| {
            let key = (bank(), network(number).address());
            wrong.0.lock().expect("sound").contains_key(&key)
        };
        assert_eq!(wrong.0.lock().expect("sound").len(), NETWORKS_MAX);
        let gone = (0..1_000).filter(|number| !known(*number)).count();
        assert_eq!(gone, 1, "of those whose time ends first");
        assert!(!begun(1_000), "what was counted later is remembered");
    }
}
