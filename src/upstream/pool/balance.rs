//! Which endpoint takes the next request: power of two choices by load. Pure: state in, choice out.

use std::time::Duration;

/// After so long without an answer, half of what was known of an endpoint's latency is forgotten.
const FORGET: Duration = Duration::from_secs(10);
/// How much of the mean is replaced by each answer: one eighth.
const SMOOTHING: u32 = 8;
/// What is known of latencies counts up to this.
const LATENCY_MAX: Duration = Duration::from_mins(10);

/// Chooses among endpoints, by their place in the list: of two that were drawn, the less loaded.
/// `is_eligible` says of each whether it is admitted and has a place; `load` is asked of the two.
pub(crate) fn choose(
    is_eligible: impl Iterator<Item = bool> + Clone,
    draw: u64,
    load: impl Fn(usize) -> u64,
) -> Option<usize> {
    let eligible = is_eligible.enumerate().filter(|(_, is)| *is);
    let count = eligible.clone().count() as u64;
    let first = draw.checked_rem(count)?;
    let nth = |n: u64| eligible.clone().nth(usize::try_from(n).unwrap_or(0));
    let (a, _) = nth(first)?;
    // The second is another one, chosen among the rest by the upper half of the draw.
    let Some(step) = (draw >> 32).checked_rem(count - 1) else {
        return Some(a);
    };
    let (b, _) = nth((first + 1 + step) % count)?;
    Some(if load(b) < load(a) { b } else { a })
}

/// How long an endpoint takes to the head of a good answer: a moving mean that fades when nothing
/// is heard, so that an endpoint that was slow once is asked again.
#[derive(Debug, Default)]
pub(crate) struct Latency {
    mean: Option<Duration>,
    heard: Duration,
}

impl Latency {
    /// Enters one answer.
    pub(crate) fn hear(&mut self, took: Duration, now: Duration) {
        let took = took.min(LATENCY_MAX);
        let mean = self.mean.map_or(took, |_| {
            let faded = self.faded(now);
            (faded * (SMOOTHING - 1) + took) / SMOOTHING
        });
        self.mean = Some(mean);
        self.heard = now;
    }

    /// What one more request would meet: those in flight and itself, each as slow as the mean says.
    /// Differences below a millisecond are noise and do not count.
    pub(crate) fn load(&self, in_flight: usize, now: Duration) -> u64 {
        let slow = 1 + u64::try_from(self.faded(now).as_millis()).unwrap_or(u64::MAX);
        (in_flight as u64 + 1).saturating_mul(slow)
    }

    fn faded(&self, now: Duration) -> Duration {
        let Some(mean) = self.mean else {
            return Duration::ZERO;
        };
        let halvings = now.saturating_sub(self.heard).as_secs() / FORGET.as_secs();
        let parts = u32::try_from(halvings)
            .ok()
            .and_then(|n| 1_u32.checked_shl(n));
        mean / parts.unwrap_or(u32::MAX)
    }
}

/// A stream of draws (SplitMix64). Spreads load; nothing secret hangs on it.
#[derive(Debug)]
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// The next draw.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of these are chosen in the long run: each with its load, or not eligible.
    fn chosen(candidates: &[Option<u64>]) -> Vec<usize> {
        let mut draws = Draws(7);
        let is_eligible = candidates.iter().map(Option::is_some);
        let load = |index: usize| candidates[index].expect("only the eligible are asked");
        let mut seen: Vec<usize> = (0..200)
            .filter_map(|_| choose(is_eligible.clone(), draws.next(), load))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    #[test]
    fn every_good_endpoint_is_chosen_now_and_then() {
        assert_eq!(chosen(&[Some(0)]), [0]);
        assert_eq!(chosen(&[Some(0), Some(0), Some(0)]), [0, 1, 2]);
    }

    #[test]
    fn the_most_loaded_endpoint_is_never_chosen_over_another() {
        assert_eq!(chosen(&[Some(3), Some(9)]), [0]);
        assert_eq!(chosen(&[Some(3), Some(9), Some(5)]), [0, 2]);
    }

    #[test]
    fn only_the_eligible_are_chosen() {
        assert!(chosen(&[]).is_empty());
        assert!(chosen(&[None, None]).is_empty());
        assert_eq!(chosen(&[None, Some(0), None]), [1]);
    }

    #[test]
    fn a_slow_endpoint_carries_less_and_is_asked_again_after_a_while() {
        let (mut slow, mut quick) = (Latency::default(), Latency::default());
        let mut now = Duration::from_secs(100);
        slow.hear(Duration::from_millis(90), now);
        quick.hear(Duration::from_millis(9), now);
        assert!(slow.load(0, now) > quick.load(7, now));
        assert!(slow.load(0, now) < quick.load(9, now));
        // 90 ms and 9 ms, halved four times: 5 and 0.
        now += FORGET * 4;
        assert_eq!((slow.load(0, now), quick.load(0, now)), (6, 1));
        slow.hear(Duration::ZERO, now);
        assert_eq!(slow.load(0, now), 5);
    }

    #[test]
    fn what_differs_by_less_than_a_millisecond_is_equal() {
        let (mut one, mut other) = (Latency::default(), Latency::default());
        one.hear(Duration::from_micros(80), Duration::ZERO);
        other.hear(Duration::from_micros(900), Duration::ZERO);
        assert_eq!(one.load(3, Duration::ZERO), other.load(3, Duration::ZERO));
        assert_eq!(
            one.load(0, Duration::MAX),
            Latency::default().load(0, Duration::ZERO)
        );
    }

    #[test]
    fn one_slow_answer_moves_the_mean_by_an_eighth() {
        let mut latency = Latency::default();
        for _ in 0..50 {
            latency.hear(Duration::from_millis(8), Duration::ZERO);
        }
        latency.hear(Duration::from_millis(88), Duration::ZERO);
        assert_eq!(latency.load(0, Duration::ZERO), 19);
        latency.hear(Duration::MAX, Duration::ZERO);
        assert!(latency.load(1_000, Duration::ZERO) > 1_000);
    }
}
