//! Why a request goes no further: a refusal, a failure after the bank was called, or a fault.

use std::time::Duration;

use model::{Fault, Refusal};
use upstream::Trouble;

/// Why a request went no further.
pub(crate) enum Halt {
    /// We refuse it; the bank was not called.
    Refused(Refusal),
    /// The bank was called, or may have been, and gave nothing to pass on.
    Failed {
        /// What the partner is told.
        refusal: Refusal,
        /// What went wrong with the bank's service; `None` where the request itself broke.
        trouble: Option<Trouble>,
        /// From sending to giving up.
        upstream: Duration,
    },
    /// Something broke inside.
    Broke(Fault),
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}
