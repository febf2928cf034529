//! Balance, rests and returns over minutes of time that nobody waits for, from seeds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::*;

/// What an endpoint does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// A good answer, after so many milliseconds.
    Well(u64),
    /// A bad one, after so many.
    Ill(u64),
    /// Nobody listens.
    Dead,
}

/// One upstream with its endpoints, its requests under way and the time.
struct World {
    seed: u64,
    state: State,
    limits: UpstreamLimits,
    draws: Draws,
    now: Duration,
    acts: Vec<Act>,
    under_way: BinaryHeap<Reverse<(Duration, usize)>>,
    places: Vec<Option<(Place, Act)>>,
    /// Requests that each endpoint saw, those to a dead one included.
    seen: Vec<usize>,
    /// Requests for which no endpoint was in play, and for which all were full.
    refused: usize,
    full: usize,
    /// Whether an endpoint was ever dead: more than half may then be out.
    was_dead: bool,
}

impl World {
    fn new(seed: u64, acts: &[Act]) -> Self {
        println!("seed {seed}");
        Self {
            seed,
            state: State::new(acts.len(), Some(Alpn::Http1)),
            limits: UpstreamLimits::default(),
            draws: Draws(seed),
            now: Duration::from_secs(1_000),
            acts: acts.to_vec(),
            under_way: BinaryHeap::new(),
            places: Vec::new(),
            seen: vec![0; acts.len()],
            refused: 0,
            full: 0,
            was_dead: false,
        }
    }

    /// Lets a time pass; a request comes every few milliseconds.
    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let next = self.now + Duration::from_micros(500 + self.draws.next() % 4_000);
            if next > end {
                self.now = end;
                return;
            }
            self.finish_until(next);
            self.now = next;
            self.request();
            self.check();
        }
    }

    /// One request, as the client sends it: from a dead endpoint it goes to another one.
    fn request(&mut self) {
        let mut wish = Wish::default();
        for _ in 0..2 {
            let place = match self.state.take(&self.limits, self.now, wish) {
                Taken::Place(place) => place,
                Taken::Full => return self.full += 1,
                Taken::Resting => return self.refused += 1,
            };
            let (endpoint, act) = (place.endpoint, self.acts[place.endpoint]);
            self.seen[endpoint] += 1;
            let (Act::Well(ms) | Act::Ill(ms)) = act else {
                self.was_dead = true;
                let (epoch, limits) = (place.epoch, &self.limits);
                self.state.failed(endpoint, epoch, true, limits, self.now);
                wish.avoid = Some(endpoint);
                wish.attempt = Attempt::Further;
                continue;
            };
            let due = self.now + Duration::from_millis(ms);
            self.under_way.push(Reverse((due, self.places.len())));
            self.places.push(Some((place, act)));
            return;
        }
    }

    fn finish_until(&mut self, until: Duration) {
        while let Some(&Reverse((due, index))) = self.under_way.peek()
            && due <= until
        {
            self.under_way.pop();
            let (place, act) = self.places[index].take().expect("under way");
            let (verdict, ms) = match act {
                Act::Well(ms) => (Verdict::Good, ms),
                Act::Ill(ms) => (Verdict::Bad, ms),
                Act::Dead => panic!("a dead endpoint took a request"),
            };
            let report = Report {
                verdict,
                latency: Some(Duration::from_millis(ms)),
            };
            let (report, limits) = (Some(report), &self.limits);
            (self.state).give_back(place, Return::Clean, report, limits, due);
        }
    }

    fn check(&self) {
        let seed = self.seed;
        assert_eq!(self.state.in_use(), self.under_way.len(), "seed {seed}");
        if !self.was_dead {
            let out = self.state.out_of_play();
            assert!(2 * out <= self.acts.len(), "seed {seed}: {out} are out");
        }
    }

    fn standing(&self, endpoint: usize) -> Standing {
        let mut each = self.state.each(self.now);
        each.nth(endpoint).expect("an endpoint").standing
    }

    fn in_use(&self, endpoint: usize) -> usize {
        let mut each = self.state.each(self.now);
        each.nth(endpoint).expect("an endpoint").in_use
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn equal_endpoints_get_equal_shares() {
    for seed in 0..5 {
        let mut world = World::new(seed, &[Act::Well(20); 4]);
        world.run(seconds(60));
        let all: usize = world.seen.iter().sum();
        for seen in &world.seen {
            let share = seen * 400 / all;
            assert!((95..=105).contains(&share), "seed {seed}: {:?}", world.seen);
        }
    }
}

#[test]
fn a_slower_endpoint_gets_less_and_is_not_forgotten() {
    for seed in 0..5 {
        let mut world = World::new(seed, &[Act::Well(10), Act::Well(10), Act::Well(80)]);
        world.run(seconds(60));
        let seen = &world.seen;
        assert!(seen[2] * 2 < seen[0].min(seen[1]), "seed {seed}: {seen:?}");
        assert!(seen[2] > 20, "seed {seed}: {seen:?}");
        // As quick as the others again, it gets its share again.
        world.acts[2] = Act::Well(10);
        world.run(seconds(60));
        world.seen.fill(0);
        world.run(seconds(60));
        let seen = &world.seen;
        assert!(seen[2] * 5 > seen[0] * 4, "seed {seed}: {seen:?}");
    }
}

#[test]
fn one_endpoint_after_another_fails_and_comes_back_and_nobody_is_refused() {
    for seed in 0..20 {
        let mut world = World::new(seed, &[Act::Well(15); 3]);
        for round in 0..6 {
            let index = (world.draws.next() % 3) as usize;
            let long = 1 + world.draws.next() % 50;
            let act = [Act::Dead, Act::Ill(3), Act::Ill(200)][round % 3];
            world.run(seconds(5));
            let (before, flying) = (world.seen[index], world.in_use(index));
            world.acts[index] = act;
            world.run(seconds(long));
            // Those that came before it was known, and one each time that its rest was over. They
            // come five a failure when they take long: as many as fit into the time of one.
            let known = match act {
                Act::Dead => 1,
                Act::Ill(ms) | Act::Well(ms) => 5 + ms as usize,
            };
            let knocks = world.seen[index] - before;
            assert!(
                knocks <= flying + known + 9,
                "seed {seed}, {act:?}: {knocks}"
            );
            world.acts[index] = Act::Well(15);
            let rest = world.limits.back_off_max + seconds(1);
            world.run(rest);
            assert_eq!(
                world.standing(index),
                Standing::InPlay,
                "seed {seed}, {act:?}"
            );
            world.run(world.limits.back_off_max);
        }
        assert_eq!((world.refused, world.full), (0, 0), "seed {seed}");
    }
}

#[test]
fn when_all_are_ill_half_go_on_and_all_come_back() {
    for seed in 0..10 {
        let mut world = World::new(seed, &[Act::Well(15); 5]);
        world.run(seconds(2));
        world.acts.fill(Act::Ill(10));
        world.run(seconds(40));
        assert_eq!(world.refused, 0, "seed {seed}");
        assert!(world.state.out_of_play() <= 2, "seed {seed}");
        world.acts.fill(Act::Well(15));
        world.run(world.limits.back_off_max + seconds(1));
        assert_eq!(world.state.out_of_play(), 0, "seed {seed}");
    }
}

#[test]
fn when_all_are_dead_few_knock_and_a_second_after_they_are_back_they_serve() {
    for seed in 0..10 {
        let mut world = World::new(seed, &[Act::Well(15); 2]);
        world.run(seconds(2));
        world.acts.fill(Act::Dead);
        world.seen.fill(0);
        world.run(seconds(60));
        // Ten a second and endpoint at most, whatever comes.
        let most = 60 * 10 + 10;
        assert!(
            world.seen.iter().all(|seen| *seen <= most),
            "{:?}",
            world.seen
        );
        assert!(world.refused > 10_000, "seed {seed}: {}", world.refused);
        world.acts.fill(Act::Well(15));
        world.run(seconds(1));
        let refused = world.refused;
        world.run(seconds(40));
        assert_eq!(world.refused, refused, "seed {seed}");
        assert_eq!(world.state.out_of_play(), 0, "seed {seed}");
    }
}

/// Anything, in any order: places and probes stay within their bounds (`World::check`), and a well
/// world heals.
#[test]
fn whatever_happens_a_well_world_heals() {
    for seed in 0..40 {
        let count = 1 + (Draws(seed).next() % 6) as usize;
        let mut world = World::new(seed, &vec![Act::Well(5); count]);
        for _ in 0..60 {
            let index = (world.draws.next() % count as u64) as usize;
            world.acts[index] = match world.draws.next() % 4 {
                0 => Act::Dead,
                1 => Act::Ill(world.draws.next() % 300),
                _ => Act::Well(world.draws.next() % 300),
            };
            let time = Duration::from_millis(world.draws.next() % 3_000);
            world.run(time);
        }
        world.acts.fill(Act::Well(5));
        world.run(world.limits.back_off_max + seconds(2));
        assert_eq!(world.state.out_of_play(), 0, "seed {seed}");
        let refused = world.refused;
        world.run(seconds(5));
        assert_eq!(world.refused, refused, "seed {seed}");
    }
}
