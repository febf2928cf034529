//! How many requests may be sent once more: in each second a fifth of those that came, and ten.
//! When all endpoints fail, repeats then add little to their load. Pure.

use std::time::Duration;

/// Repeats that are always allowed, each second.
const FLOOR: u32 = 10;
/// One repeat for so many requests.
const SHARE: u32 = 5;

/// The budget of one upstream.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    second: u64,
    requests: u32,
    spent: u32,
}

impl Repeats {
    /// Counts a request that comes for the first time.
    pub(crate) fn count(&mut self, now: Duration) {
        self.turn(now);
        self.requests = self.requests.saturating_add(1);
    }

    /// Takes one repeat, if there is one left.
    pub(crate) fn spend(&mut self, now: Duration) -> bool {
        self.turn(now);
        let is_left = self.spent < FLOOR + self.requests / SHARE;
        if is_left {
            self.spent += 1;
        }
        is_left
    }

    fn turn(&mut self, now: Duration) {
        if self.second != now.as_secs() {
            self.second = now.as_secs();
            self.requests = 0;
            self.spent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_a_second_and_a_fifth_of_the_requests_may_be_repeated() {
        let mut repeats = Repeats::default();
        for second in 0..3_u64 {
            let now = Duration::from_secs(second) + Duration::from_millis(7);
            let requests = 1_000 * u32::try_from(second).expect("small");
            let mut spent = 0;
            for _ in 0..requests {
                repeats.count(now);
                spent += u32::from(repeats.spend(now));
            }
            spent += (0..1_000).filter(|_| repeats.spend(now)).count() as u32;
            assert_eq!(spent, 10 + requests / 5, "in second {second}");
        }
    }
}
