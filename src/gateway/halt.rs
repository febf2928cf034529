//! Why a request goes no further: a refusal, a failure after the bank was called, or a fault.

use std::time::Duration;

use model::{Decision, Fault, Refusal};
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

impl Halt {
    /// What the partner is told, unless something broke.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) | Self::Failed { refusal, .. } => Some(refusal),
            Self::Broke(_) => None,
        }
    }

    pub(crate) fn decision(&self) -> Decision {
        match self {
            Self::Refused(_) => Decision::Refused,
            Self::Failed { .. } | Self::Broke(_) => Decision::Failed,
        }
    }

    /// The code that is told.
    pub(crate) fn code(&self) -> &'static str {
        let refusal = self.refusal();
        refusal.map_or("internal", |refusal| refusal.code().as_str())
    }

    pub(crate) fn status(&self) -> u16 {
        let refusal = self.refusal();
        refusal.map_or(500, |refusal| web::status(refusal).as_u16())
    }

    /// What was wrong with the bank's service.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Failed { trouble, .. } => *trouble,
            Self::Refused(_) | Self::Broke(_) => None,
        }
    }

    /// The same, after the bank was waited for this long.
    pub(crate) fn after(self, waited: Duration) -> Self {
        match self {
            Self::Failed {
                refusal, trouble, ..
            } => Self::Failed {
                refusal,
                trouble,
                upstream: waited,
            },
            Self::Refused(_) | Self::Broke(_) => self,
        }
    }

    /// How long the bank was waited for.
    pub(crate) fn upstream(&self) -> Duration {
        match self {
            Self::Failed { upstream, .. } => *upstream,
            Self::Refused(_) | Self::Broke(_) => Duration::ZERO,
        }
    }
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
