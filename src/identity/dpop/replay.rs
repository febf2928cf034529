//! Proofs that were used, remembered as long as they could be used again: a wheel of time, which
//! forgets a slot at once when all in it is over.
//!
//! It holds at most 917,504 proofs in less than 60 MB: some 10,000 new ones a second for as long as
//! each must be remembered. What finds no room is not taken: nothing that is live is ever
//! forgotten for it. One client may fill half of it, and no more than an eighth beyond that: the
//! rest is for the others.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

/// How many wheels there are: callers with different proofs seldom wait for each other.
const WHEELS: usize = 16;
/// The most proofs on one wheel: as many as a table of 65,536 buckets takes.
const WHEEL_PROOFS_MAX: usize = 57_344;
/// How many slots a wheel has, and how many seconds each is long. All of them together are longer
/// than any proof is good.
const SLOTS: u64 = 32;
const SLOT_S: u64 = 4;

/// What a claim found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    /// It was free, and is taken from now on.
    First,
    /// Somebody had taken it.
    Seen,
    /// It cannot be remembered: the wheel is full, or has turned past its time.
    NoRoom,
}

/// The proofs that were used.
#[derive(Debug)]
pub(super) struct Used {
    wheels: [Mutex<Wheel>; WHEELS],
}

#[derive(Debug)]
struct Wheel {
    proofs_max: usize,
    seen: HashSet<[u8; 16]>,
    /// The same proofs by the slot that their time ends in, with whose they are.
    slots: [Vec<([u8; 16], u64)>; SLOTS as usize],
    /// How many are whose.
    shares: HashMap<u64, usize>,
    /// The number of the first slot that may hold any; never goes back.
    oldest: u64,
}

impl Default for Used {
    fn default() -> Self {
        Self::holding(WHEEL_PROOFS_MAX)
    }
}

impl Used {
    fn holding(proofs_max: usize) -> Self {
        Self {
            wheels: std::array::from_fn(|_| Mutex::new(Wheel::new(proofs_max))),
        }
    }

    /// Takes a proof of this client until `until`. Both are seconds by the clock that never goes
    /// back; `until` lies after `now` and not further than the slots reach. Of two callers with
    /// one proof exactly one gets [`Claim::First`].
    pub(super) fn claim(&self, whose: &str, proof: [u8; 16], until: u64, now: u64) -> Claim {
        let [first, ..] = proof;
        let Some(wheel) = self.wheels.get(usize::from(first) % WHEELS) else {
            return Claim::NoRoom;
        };
        let mut wheel = wheel.lock().unwrap_or_else(PoisonError::into_inner);
        // The bank names its clients: nobody aims at another's number.
        let mut number = DefaultHasher::new();
        whose.hash(&mut number);
        wheel.claim(number.finish(), proof, until, now)
    }
}

impl Wheel {
    fn new(proofs_max: usize) -> Self {
        Self {
            proofs_max,
            seen: HashSet::new(),
            slots: std::array::from_fn(|_| Vec::new()),
            shares: HashMap::new(),
            oldest: 0,
        }
    }

    fn claim(&mut self, whose: u64, proof: [u8; 16], until: u64, now: u64) -> Claim {
        self.turn(now / SLOT_S);
        if self.seen.contains(&proof) {
            return Claim::Seen;
        }
        let number = until / SLOT_S;
        let is_reached = (self.oldest..self.oldest.saturating_add(SLOTS)).contains(&number);
        if !is_reached || !self.has_room_for(whose) {
            return Claim::NoRoom;
        }
        let Some(slot) = self.slots.get_mut(place(number)) else {
            return Claim::NoRoom;
        };
        slot.push((proof, whose));
        self.seen.insert(proof);
        *self.shares.entry(whose).or_default() += 1;
        Claim::First
    }

    /// Half of the wheel is whoever comes first's; of the rest each has a part.
    fn has_room_for(&self, whose: u64) -> bool {
        let its = self.shares.get(&whose).copied().unwrap_or_default();
        let is_full = self.seen.len() >= self.proofs_max;
        let is_half_full = self.seen.len() >= self.proofs_max / 2;
        !is_full && (!is_half_full || its < (self.proofs_max / 8).max(1))
    }

    /// Forgets all slots before this one.
    fn turn(&mut self, current: u64) {
        let over = current.saturating_sub(self.oldest).min(SLOTS);
        for number in self.oldest..self.oldest.saturating_add(over) {
            let slot = self.slots.get_mut(place(number)).map(std::mem::take);
            for (proof, whose) in slot.unwrap_or_default() {
                self.seen.remove(&proof);
                if let Entry::Occupied(mut its) = self.shares.entry(whose) {
                    *its.get_mut() -= 1;
                    if *its.get() == 0 {
                        its.remove();
                    }
                }
            }
        }
        self.oldest = self.oldest.max(current);
    }
}

fn place(number: u64) -> usize {
    (number % SLOTS) as usize
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crypto::{SeededRandom, random_array};

    use super::*;

    fn proof(number: u16) -> [u8; 16] {
        let mut proof = [7; 16];
        proof[..2].copy_from_slice(&number.to_le_bytes());
        proof
    }

    #[test]
    fn a_proof_is_taken_once_until_its_time_is_over() {
        let used = Used::default();
        assert_eq!(used.claim("app", proof(1), 170, 100), Claim::First);
        for now in [100, 101, 130, 169] {
            assert_eq!(
                used.claim("app", proof(1), now + 70, now),
                Claim::Seen,
                "{now}"
            );
        }
        assert_eq!(used.claim("app", proof(2), 170, 100), Claim::First);
        // Slots are 4 s long.
        assert_eq!(used.claim("app", proof(1), 244, 174), Claim::First);
    }

    #[test]
    fn who_has_half_of_a_wheel_leaves_the_rest_to_others() {
        let mut wheel = Wheel::new(80);
        let mut number = 0;
        let mut claims = |whose: u64, now: u64| {
            number += 1;
            wheel.claim(whose, proof(number), now + 60, now)
        };
        for _ in 0..40 {
            assert_eq!(claims(1, 100), Claim::First);
        }
        assert_eq!(claims(1, 100), Claim::NoRoom);
        for other in 2..6 {
            for _ in 0..10 {
                assert_eq!(claims(other, 100), Claim::First, "{other}");
            }
            assert_eq!(claims(other, 100), Claim::NoRoom, "{other}");
        }
        assert_eq!(claims(6, 100), Claim::NoRoom, "it is full");
        assert_eq!(claims(1, 164), Claim::First, "when they are over");
        assert_eq!(wheel.shares, HashMap::from([(1, 1)]));
    }

    #[test]
    fn a_full_wheel_takes_nothing_and_forgets_nothing_that_is_live() {
        let used = Used::holding(2);
        let on_one_wheel = [16, 32, 48].map(proof);
        let claim =
            |at: usize, now| used.claim(["a", "b", "c"][at], on_one_wheel[at], now + 60, now);
        assert_eq!((claim(0, 100), claim(1, 100)), (Claim::First, Claim::First));
        assert_eq!(claim(2, 100), Claim::NoRoom);
        assert_eq!((claim(0, 159), claim(1, 159)), (Claim::Seen, Claim::Seen));
        assert_eq!(
            used.claim("app", proof(1), 160, 100),
            Claim::First,
            "another wheel"
        );
        assert_eq!(claim(2, 164), Claim::First, "when they are over");
    }

    #[test]
    fn what_the_slots_do_not_reach_is_not_taken() {
        let used = Used::default();
        assert_eq!(used.claim("app", proof(1), 1_000, 100), Claim::NoRoom);
        assert_eq!(used.claim("app", proof(1), 227, 100), Claim::First);
        assert_eq!(
            used.claim("app", proof(17), 99, 100),
            Claim::NoRoom,
            "over already"
        );
        // Somebody else has turned the wheel meanwhile: what is over is not taken late.
        assert_eq!(used.claim("app", proof(33), 170, 200), Claim::NoRoom);
        assert_eq!(used.claim("app", proof(33), 170, 100), Claim::NoRoom);
    }

    #[test]
    fn of_racing_callers_with_one_proof_one_gets_it() {
        let used = Used::default();
        for round in 0..200 {
            let firsts = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        if used.claim("app", proof(round), 170, 100) == Claim::First {
                            firsts.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                }
            });
            assert_eq!(firsts.into_inner(), 1, "round {round}");
        }
    }

    /// Seeded: proofs come, come again, and time goes on in steps and leaps.
    #[test]
    fn a_wheel_does_what_a_list_of_all_proofs_would() {
        for seed in 0..50 {
            println!("seed {seed}");
            let random = SeededRandom::new(seed);
            let draw = |below: u64| u64::from_le_bytes(random_array(&random)) % below;
            let mut wheel = Wheel::new(40);
            let mut live: HashMap<[u8; 16], (u64, u64)> = HashMap::new();
            let mut now = draw(1_000);
            for _ in 0..2_000 {
                now += match draw(40) {
                    0 => draw(200),
                    1..10 => draw(3),
                    _ => 0,
                };
                let proof = proof(u16::try_from(draw(120)).expect("small"));
                let (until, whose) = (now + 1 + draw(120), draw(4));
                let known = live.get(&proof).map(|(until, _)| *until);
                let is_live = known.is_some_and(|until| now < until);
                // A slot is forgotten whole: a proof may be remembered for up to 4 s more.
                let may_be_known = known.is_some_and(|until| now < until + SLOT_S);
                match wheel.claim(whose, proof, until, now) {
                    Claim::First => {
                        assert!(!is_live, "taken twice");
                        live.insert(proof, (until, whose));
                    }
                    Claim::Seen => assert!(may_be_known, "never taken"),
                    Claim::NoRoom => {
                        let kept: Vec<u64> = live
                            .values()
                            .filter_map(|(until, whose)| (now < until + SLOT_S).then_some(*whose))
                            .collect();
                        let its = kept.iter().filter(|one| **one == whose).count();
                        let is_full = kept.len() >= 40 || (kept.len() >= 20 && its >= 5);
                        assert!(is_full, "there is room");
                    }
                }
                assert!(wheel.seen.len() <= 40);
                let in_slots: usize = wheel.slots.iter().map(Vec::len).sum();
                assert_eq!(in_slots, wheel.seen.len());
                assert_eq!(wheel.shares.values().sum::<usize>(), wheel.seen.len());
            }
        }
    }
}
