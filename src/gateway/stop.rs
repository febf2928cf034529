//! Why a request goes no further: a refusal, or a fault.

use model::{Fault, Refusal};

/// Why a request went no further.
pub(crate) enum Stop {
    /// We refuse it.
    Refused(Refusal),
    /// Something broke inside.
    Broke(Fault),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}
