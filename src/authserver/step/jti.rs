//! Step: the assertion's `jti` is used up (RFC 7523 §3; PK-04). A certificate has none: the
//! handshake proved its key, and nothing of it can be shown again.

use jiff::Timestamp;

use model::ports::{Claim, Replay};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::registered::Registered;
use crate::step::client_id::Named;

/// Who proved to hold the registered key, now and not before.
pub(crate) struct Authenticated<'a>(Registered<'a>);

impl<'a> Authenticated<'a> {
    /// What is registered.
    pub(crate) fn into_who(self) -> Registered<'a> {
        self.0
    }
}

/// Takes the `jti` at this bank until the assertion is too old. One call: when the caller goes
/// away the `jti` is either free or taken, and taken is safe.
pub(crate) async fn use_up<'a>(
    issuer: &Issuer,
    replay: &dyn Replay,
    client: Named<'a>,
    now: Timestamp,
) -> Result<Authenticated<'a>, Denied> {
    let proved = client.proved();
    let authenticated = Authenticated(proved.who());
    let Some(assertion) = proved.assertion() else {
        return Ok(authenticated);
    };
    let (jti, expires) = (assertion.jti(), assertion.expires());
    let claim = replay
        .claim(&issuer.bank, proved.id(), jti, expires, now)
        .await
        .map_err(Denied::Store)?;
    match claim {
        Claim::First => Ok(authenticated),
        Claim::Seen => Err(Denied::Replayed),
    }
}
