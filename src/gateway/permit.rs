//! `Admitted`: the only thing that `forward` accepts. One variant for each class, each with the
//! proofs that the class demands; the fields are private to this file, and each proof's
//! constructor is private to its stage.

use crate::product::Route;
use crate::stage::authorize::Allowed;
use crate::stage::gate::Knocked;
use crate::stage::identify::Identified;
use crate::stage::limit::WithinLimits;
use crate::stage::route::{OpenRoute, PartnerRoute};

/// A request that may reach a bank.
pub(crate) enum Admitted {
    /// Class `open`: within the limits of its address.
    Open(OpenPermit),
    /// Class `partner`: identified, within limits, allowed by an agreement.
    Partner(PartnerPermit),
}

/// What class `open` demands.
pub(crate) struct OpenPermit {
    routed: OpenRoute,
    _knocked: Knocked,
}

/// What class `partner` demands.
pub(crate) struct PartnerPermit {
    routed: PartnerRoute,
    _knocked: Knocked,
    identified: Identified,
    within: WithinLimits,
    _allowed: Allowed,
}

impl Admitted {
    /// Admits a request of class `open`.
    pub(crate) fn open(routed: OpenRoute, knocked: Knocked) -> Self {
        Self::Open(OpenPermit {
            routed,
            _knocked: knocked,
        })
    }

    /// Admits a request of class `partner`.
    pub(crate) fn partner(
        routed: PartnerRoute,
        knocked: Knocked,
        identified: Identified,
        within: WithinLimits,
        allowed: Allowed,
    ) -> Self {
        Self::Partner(PartnerPermit {
            routed,
            _knocked: knocked,
            identified,
            within,
            _allowed: allowed,
        })
    }

    /// Where it goes.
    pub(crate) fn route(&self) -> &Route {
        match self {
            Self::Open(permit) => permit.routed.route(),
            Self::Partner(permit) => permit.routed.route(),
        }
    }

    /// Who calls, where the class knows.
    pub(crate) fn identified(&self) -> Option<&Identified> {
        match self {
            Self::Open(_) => None,
            Self::Partner(permit) => Some(&permit.identified),
        }
    }

    /// The place in the agreement's concurrency, kept until the answer's last byte.
    pub(crate) fn into_place(self) -> Option<WithinLimits> {
        match self {
            Self::Open(_) => None,
            Self::Partner(permit) => Some(permit.within),
        }
    }
}
