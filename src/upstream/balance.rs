//! Which endpoint takes the next request: power of two choices over the requests in flight.
//! Pure: state in, choice out.

/// What is known of one endpoint at the moment of choice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Whether it may be chosen at all for this request.
    pub(crate) in_play: bool,
    /// Whether it has a place now: a free connection, a free stream, or room for one more.
    pub(crate) has_place: bool,
    /// Whether its last connect failed and its back-off is not over.
    pub(crate) backing_off: bool,
    /// Requests that hold a place there.
    pub(crate) in_flight: usize,
}

/// Chooses an endpoint, by its place in the list. While any endpoint in play is not backing off,
/// only such ones are chosen, and if all of those are full, none: waiting for a good endpoint beats
/// knocking at a dead one. When all are backing off, any of them is tried.
pub(crate) fn choose(
    candidates: impl Iterator<Item = Candidate> + Clone,
    draw: u64,
) -> Option<usize> {
    let any_good = candidates.clone().any(|c| c.in_play && !c.backing_off);
    let eligible = candidates
        .enumerate()
        .filter(move |(_, c)| c.in_play && c.has_place && !(any_good && c.backing_off));
    let count = eligible.clone().count() as u64;
    let first = draw.checked_rem(count)?;
    // The second is another one, chosen among the rest by the upper half of the draw.
    let second = match (draw >> 32).checked_rem(count - 1) {
        Some(step) => (first + 1 + step) % count,
        None => first,
    };
    let nth = |n: u64| eligible.clone().nth(usize::try_from(n).unwrap_or(0));
    let (a, b) = (nth(first)?, nth(second)?);
    Some(if b.1.in_flight < a.1.in_flight {
        b.0
    } else {
        a.0
    })
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

    const GOOD: Candidate = Candidate {
        in_play: true,
        has_place: true,
        backing_off: false,
        in_flight: 0,
    };
    const FULL: Candidate = Candidate {
        has_place: false,
        ..GOOD
    };
    const DEAD: Candidate = Candidate {
        backing_off: true,
        ..GOOD
    };
    const OUT: Candidate = Candidate {
        in_play: false,
        ..GOOD
    };

    fn chosen(candidates: &[Candidate]) -> Vec<usize> {
        let mut draws = Draws(7);
        let mut seen: Vec<usize> = (0..200)
            .filter_map(|_| choose(candidates.iter().copied(), draws.next()))
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    }

    #[test]
    fn every_good_endpoint_is_chosen_now_and_then() {
        assert_eq!(chosen(&[GOOD]), [0]);
        assert_eq!(chosen(&[GOOD, GOOD, GOOD]), [0, 1, 2]);
    }

    #[test]
    fn the_most_loaded_endpoint_is_never_chosen_over_another() {
        let loaded = |in_flight| Candidate { in_flight, ..GOOD };
        assert_eq!(chosen(&[loaded(3), loaded(9)]), [0]);
        assert_eq!(chosen(&[loaded(3), loaded(9), loaded(5)]), [0, 2]);
    }

    #[test]
    fn an_endpoint_in_back_off_is_passed_over_even_when_the_good_ones_are_full() {
        assert_eq!(chosen(&[DEAD, GOOD, DEAD]), [1]);
        assert!(chosen(&[DEAD, FULL]).is_empty());
    }

    #[test]
    fn when_all_are_in_back_off_any_is_tried() {
        assert_eq!(chosen(&[DEAD, DEAD]), [0, 1]);
        assert_eq!(chosen(&[OUT, DEAD]), [1]);
    }

    #[test]
    fn without_a_place_or_a_candidate_nothing_is_chosen() {
        assert!(chosen(&[]).is_empty());
        assert!(chosen(&[FULL, OUT]).is_empty());
    }
}
