//! Chains that were refused lately.

use jiff::Timestamp;
use quick_cache::sync::Cache;

use model::CertificateProblem;

/// How long a refusal is believed, in seconds.
const BELIEVED_S: i64 = 10;

/// What was refused lately, by (trust generation, SHA-256 of the chain). Apart from what was
/// believed: a flood of bad chains pushes out no good one. **Stops**: having one bad chain judged
/// as often as requests can be sent.
#[derive(Debug)]
pub(crate) struct Refused(Cache<(u64, [u8; 32]), (CertificateProblem, i64)>);

impl Refused {
    /// Remembers at most so many.
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Cache::new(capacity))
    }

    /// Judges what was not refused lately.
    pub(crate) fn unless_known<T>(
        &self,
        key: (u64, [u8; 32]),
        now: Timestamp,
        judge: impl FnOnce() -> Result<T, CertificateProblem>,
    ) -> Result<T, CertificateProblem> {
        let now = now.as_second();
        if let Some((problem, at)) = self.0.get(&key)
            && (at..at + BELIEVED_S).contains(&now)
        {
            return Err(problem);
        }
        let judged = judge();
        if let Err(problem) = &judged
            && !may_pass(*problem)
        {
            self.0.insert(key, (*problem, now));
        }
        judged
    }
}

/// Whether the next second may mend it, under the same trust store.
fn may_pass(problem: CertificateProblem) -> bool {
    match problem {
        CertificateProblem::OutsideValidity | CertificateProblem::RevocationUnknown => true,
        CertificateProblem::UnknownIssuer
        | CertificateProblem::NotForClients
        | CertificateProblem::Revoked
        | CertificateProblem::NoPartner
        | CertificateProblem::SeveralPartners
        | CertificateProblem::NotAnOperator
        | CertificateProblem::Malformed
        | CertificateProblem::ChainTooLong => false,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn judged_at(refused: &Refused, problem: CertificateProblem, seconds: &[i64]) -> u32 {
        let count = Cell::new(0);
        for second in seconds {
            let now = Timestamp::from_second(*second).expect("in range");
            let judged = refused.unless_known((1, [7; 32]), now, || {
                count.set(count.get() + 1);
                Err::<(), _>(problem)
            });
            assert_eq!(judged, Err(problem));
        }
        count.get()
    }

    #[test]
    fn a_bad_chain_is_judged_once_in_ten_seconds() {
        let refused = Refused::new(4);
        let unknown = CertificateProblem::UnknownIssuer;
        assert_eq!(judged_at(&refused, unknown, &[100, 100, 105, 109]), 1);
        assert_eq!(judged_at(&refused, unknown, &[110, 111]), 1);
        // A clock that was set back believes nothing of what comes.
        assert_eq!(judged_at(&refused, unknown, &[109]), 1);
    }

    #[test]
    fn what_time_may_mend_is_judged_each_time() {
        for problem in [
            CertificateProblem::OutsideValidity,
            CertificateProblem::RevocationUnknown,
        ] {
            assert_eq!(judged_at(&Refused::new(4), problem, &[100, 100]), 2);
        }
    }

    #[test]
    fn another_chain_and_another_generation_are_judged_for_themselves() {
        let refused = Refused::new(4);
        judged_at(&refused, CertificateProblem::Revoked, &[100]);
        let now = Timestamp::from_second(100).expect("in range");
        for key in [(2, [7; 32]), (1, [8; 32])] {
            assert_eq!(refused.unless_known(key, now, || Ok(3)), Ok(3));
        }
    }
}
