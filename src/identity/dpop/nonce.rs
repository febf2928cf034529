//! Nonces of the server (RFC 9449 §8): nothing is kept of them but the secret they are made with.

use std::time::Duration;

use crypto::Random;

/// How long one nonce is given out, in seconds. It is good as long again (DP-08).
const WINDOW_S: u64 = 60;

/// Makes nonces: the HMAC of the window of time under a secret that is drawn at the start. So they
/// cannot be guessed, those of an earlier start are strangers, and a window has one.
pub(super) struct Mint {
    secret: [u8; 32],
}

/// How long a nonce is good.
pub(super) struct Life {
    /// The second, by the clock that never goes back, from which on it is not.
    pub(super) until: u64,
    /// Whether another is given out by now.
    pub(super) is_ending: bool,
}

impl Mint {
    pub(super) fn new(random: &dyn Random) -> Self {
        Self {
            secret: crypto::random_array(random),
        }
    }

    /// The nonce that is given out now.
    pub(super) fn fresh(&self, elapsed: Duration) -> String {
        self.of(elapsed.as_secs() / WINDOW_S)
    }

    /// The life of a nonce that is given out now or was just before; `None` of any other.
    pub(super) fn life(&self, nonce: &str, elapsed: Duration) -> Option<Life> {
        let current = elapsed.as_secs() / WINDOW_S;
        let is_of = |window: &u64| crypto::equal(self.of(*window).as_bytes(), nonce.as_bytes());
        let windows = [Some(current), current.checked_sub(1)];
        let window = windows.into_iter().flatten().find(is_of)?;
        Some(Life {
            until: (window + 2) * WINDOW_S,
            is_ending: window != current,
        })
    }

    fn of(&self, window: u64) -> String {
        crypto::base64url(&crypto::hmac_sha256(&self.secret, &window.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use crypto::SeededRandom;
    use proptest::prelude::*;

    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn a_nonce_is_good_in_its_window_and_the_next_and_then_no_more() {
        let mint = Mint::new(&SeededRandom::new(1));
        let nonce = mint.fresh(at(600));
        assert_eq!(nonce.len(), 43);
        assert_eq!(nonce, mint.fresh(at(659)));
        assert_ne!(nonce, mint.fresh(at(660)));
        for (second, ending) in [(600, false), (659, false), (660, true), (719, true)] {
            let life = mint.life(&nonce, at(second)).expect("good");
            assert_eq!((life.until, life.is_ending), (720, ending), "{second}");
        }
        for second in [0, 599, 720, 100_000] {
            assert!(mint.life(&nonce, at(second)).is_none(), "{second}");
        }
    }

    #[test]
    fn a_nonce_of_another_start_is_a_stranger() {
        let (before, after) = (SeededRandom::new(1), SeededRandom::new(2));
        let (before, after) = (Mint::new(&before), Mint::new(&after));
        assert!(after.life(&before.fresh(at(0)), at(0)).is_none());
    }

    proptest! {
        #[test]
        fn no_other_text_is_a_nonce(text in ".{0,60}", cut in 0_usize..43) {
            let mint = Mint::new(&SeededRandom::new(1));
            let good = mint.fresh(at(60));
            prop_assert!(mint.life(&text, at(60)).is_none());
            prop_assert!(mint.life(&good[..cut], at(60)).is_none());
        }

        #[test]
        fn a_nonce_lives_for_one_to_two_minutes(second in 0_u64..1_000_000) {
            let mint = Mint::new(&SeededRandom::new(1));
            let life = mint.life(&mint.fresh(at(second)), at(second)).expect("good");
            prop_assert!((61..=120).contains(&(life.until - second)));
        }
    }
}
