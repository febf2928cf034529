//! `Admitted`: the only thing that `forward` accepts. One variant for each class, each with the
//! proofs that the class demands; the fields are private to this file, and each proof's
//! constructor is private to its stage.

use crate::product::{Coverage, Route};
use crate::stage::authorize::Allowed;
use crate::stage::consent::Consented;
use crate::stage::gate::Knocked;
use crate::stage::identify::Identified;
use crate::stage::limit::WithinLimits;
use crate::stage::route::{CustomerRoute, OpenRoute, PartnerRoute};

/// A request that may reach a bank.
pub(crate) enum Admitted {
    /// Class `open`: within the limits of its address.
    Open(OpenPermit),
    /// Class `partner`: identified, within limits, allowed by an agreement.
    Partner(PartnerPermit),
    /// Class `customer`: allowed as a partner, and covered by the customer's consent.
    Customer(CustomerPermit),
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

/// What class `customer` demands.
pub(crate) struct CustomerPermit {
    routed: CustomerRoute,
    _knocked: Knocked,
    identified: Identified,
    within: WithinLimits,
    _allowed: Allowed,
    consented: Consented,
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

    /// Admits a request of class `customer`.
    pub(crate) fn customer(
        routed: CustomerRoute,
        knocked: Knocked,
        identified: Identified,
        within: WithinLimits,
        allowed: Allowed,
        consented: Consented,
    ) -> Self {
        Self::Customer(CustomerPermit {
            routed,
            _knocked: knocked,
            identified,
            within,
            _allowed: allowed,
            consented,
        })
    }

    /// Where it goes.
    pub(crate) fn route(&self) -> &Route {
        match self {
            Self::Open(permit) => permit.routed.route(),
            Self::Partner(permit) => permit.routed.route(),
            Self::Customer(permit) => permit.routed.route(),
        }
    }

    /// Who calls, where the class knows.
    pub(crate) fn identified(&self) -> Option<&Identified> {
        match self {
            Self::Open(_) => None,
            Self::Partner(permit) => Some(&permit.identified),
            Self::Customer(permit) => Some(&permit.identified),
        }
    }

    /// What the customer's consent covers, where the class asks, and what it is held to.
    pub(crate) fn consented(&self) -> Option<(&Consented, &Coverage)> {
        match self {
            Self::Open(_) | Self::Partner(_) => None,
            Self::Customer(permit) => Some((&permit.consented, permit.routed.coverage())),
        }
    }

    /// The place in the agreement's concurrency, kept until the answer's last byte.
    pub(crate) fn into_place(self) -> Option<WithinLimits> {
        match self {
            Self::Open(_) => None,
            Self::Partner(permit) => Some(permit.within),
            Self::Customer(permit) => Some(permit.within),
        }
    }
}
