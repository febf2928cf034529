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
    network: IpAddr,
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

    /// Takes a place for a client at this address; `None` when all, or all of its network, are
    /// taken.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let network = network(address);
        let mut taken = self.taken();
        if taken.total >= taken.connections_max {
            return None;
        }
        let per_address = taken.per_address;
        let of_network = taken.by_network.entry(network).or_default();
        if *of_network >= per_address {
            if *of_network == 0 {
                taken.by_network.remove(&network);
            }
            return None;
        }
        *of_network += 1;
        taken.total += 1;
        Some(Slot {
            slots: Arc::clone(self),
            network,
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
        if let Some(of_network) = taken.by_network.get_mut(&self.network) {
            *of_network = of_network.saturating_sub(1);
            if *of_network == 0 {
                taken.by_network.remove(&self.network);
            }
        }
    }
}

/// What counts as one client: an IPv4 address, or an IPv6 /64, of which one host has the whole.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let prefix = v6.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from_bits(prefix))
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
