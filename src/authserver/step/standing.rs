//! Step: the client's partner may call at all. After authentication, so that a stranger does not
//! learn who is suspended.

use model::Standing;

use crate::denied::Denied;
use crate::step::jti::Authenticated;

/// An authenticated client whose partner is active.
pub(crate) struct InGoodStanding<'a>(Authenticated<'a>);

impl<'a> InGoodStanding<'a> {
    /// The client.
    pub(crate) fn client(&self) -> &Authenticated<'a> {
        &self.0
    }
}

pub(crate) fn check(client: Authenticated<'_>) -> Result<InGoodStanding<'_>, Denied> {
    match client.settings().standing {
        Standing::Active => Ok(InGoodStanding(client)),
        Standing::Suspended => Err(Denied::PartnerSuspended),
    }
}
