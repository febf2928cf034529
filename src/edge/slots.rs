//! How many connections a listener has open, in all and by address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::settings::Limits;

/// The count of one listener.
#[derive(Debug)]
pub(crate) struct Slots {
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    connections_max: usize,
    per_address: usize,
    total: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// A place that one connection holds; given back on drop.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    networks: Networks,
}

impl Slots {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        let slots = Self {
            taken: Mutex::default(),
        };
        slots.limit(limits);
        Arc::new(slots)
    }

    /// Changes how many there are; what is open counts on.
    pub(crate) fn limit(&self, limits: &Limits) {
        let mut taken = self.taken();
        taken.connections_max = limits.connections_max;
        taken.per_address = limits.connections_per_address;
    }

    /// Takes a place for a client at this address; `None` when all, or all of its networks, are
    /// taken.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let networks = networks(address);
        let mut taken = self.taken();
        if taken.total >= taken.connections_max {
            return None;
        }
        let per_address = taken.per_address;
        let is_full = |(network, shares): &(IpAddr, usize)| {
            let open = taken.by_network.get(network).copied().unwrap_or(0);
            open >= per_address.saturating_mul(*shares)
        };
        if networks.iter().flatten().any(is_full) {
            return None;
        }
        for (network, _) in networks.iter().flatten() {
            *taken.by_network.entry(*network).or_default() += 1;
        }
        taken.total += 1;
        Some(Slot {
            slots: Arc::clone(self),
            networks,
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.total = taken.total.saturating_sub(1);
        for (network, _) in self.networks.iter().flatten() {
            if let Some(of_network) = taken.by_network.get_mut(network) {
                *of_network = of_network.saturating_sub(1);
                if *of_network == 0 {
                    taken.by_network.remove(network);
                }
            }
        }
    }
}

/// How many addresses' shares a customer's whole IPv6 network has.
const SHARES_OF_48: usize = 4;

/// The networks that a connection counts for, and how many addresses' shares each has.
type Networks = [Option<(IpAddr, usize)>; 2];

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which one host has the whole. A
/// /48, which one customer has the whole of with its 65,536 of those, has a few shares.
fn networks(address: IpAddr) -> Networks {
    match address.to_canonical() {
        IpAddr::V4(v4) => [Some((IpAddr::V4(v4), 1)), None],
        IpAddr::V6(v6) => {
            let first = |bits: u32| {
                let prefix = v6.to_bits() & (u128::MAX << (128 - bits));
                // The last bit tells a /48 from its own first /64.
                let mark = u128::from(bits == 48);
                IpAddr::V6(Ipv6Addr::from_bits(prefix | mark))
            };
            [Some((first(64), 1)), Some((first(48), SHARES_OF_48))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(connections_max: usize, connections_per_address: usize) -> Arc<Slots> {
        Slots::new(&Limits {
            connections_max,
            connections_per_address,
            ..Limits::default()
        })
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_takes_no_more_than_its_share_and_gets_it_back() {
        let slots = slots(10, 2);
        let first = slots.take(at("192.0.2.1")).unwrap();
        let _second = slots.take(at("::ffff:192.0.2.1")).unwrap();
        assert!(slots.take(at("192.0.2.1")).is_none());
        let _other = slots.take(at("192.0.2.2")).unwrap();
        drop(first);
        assert!(slots.take(at("192.0.2.1")).is_some());
    }

    #[test]
    fn an_ipv6_network_of_64_bits_counts_as_one_client() {
        let slots = slots(10, 1);
        let held = slots.take(at("2001:db8:0:1::1")).unwrap();
        assert!(slots.take(at("2001:db8:0:1:ffff::2")).is_none());
        assert!(slots.take(at("2001:db8:0:2::1")).is_some());
        drop(held);
        assert!(slots.taken().by_network.is_empty());
    }

    #[test]
    fn a_customer_with_a_whole_ipv6_48_does_not_take_every_place() {
        let slots = slots(100, 2);
        let taking = |network: u16| slots.take(at(&format!("2001:db8:7:{network:x}::1")));
        let held: Vec<_> = (0..50).filter_map(taking).collect();
        assert_eq!(held.len(), 8);
        assert!(slots.take(at("2001:db8:8::1")).is_some());
        assert!(slots.take(at("192.0.2.1")).is_some());
        drop(held);
        assert!(taking(9).is_some());
        assert!(slots.taken().by_network.is_empty());
    }

    #[test]
    fn what_is_open_when_the_limit_changes_counts_on() {
        let slots = slots(10, 10);
        let held = [at("192.0.2.1"), at("192.0.2.1")].map(|address| slots.take(address));
        slots.limit(&Limits {
            connections_per_address: 2,
            ..Limits::default()
        });
        assert!(slots.take(at("192.0.2.1")).is_none());
        drop(held);
        assert!(slots.take(at("192.0.2.1")).is_some());
    }

    #[test]
    fn the_listener_takes_no_more_than_its_whole() {
        let slots = slots(1, 5);
        let held = slots.take(at("192.0.2.1")).unwrap();
        assert!(slots.take(at("192.0.2.2")).is_none());
        drop(held);
        assert!(slots.take(at("192.0.2.2")).is_some());
    }
}
