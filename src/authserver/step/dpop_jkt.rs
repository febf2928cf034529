//! Step: the key that the code will be bound to (RFC 9449 §10; DP-12, PA-14): that of the proof
//! that came with the pushed request, or the one whose thumbprint `dpop_jkt` says, which is then
//! proved with the code. **Stops**: a code and its verifier that were both stolen being redeemed.

use identity::Proved;

use crate::denied::{Denied, RequestProblem};
use crate::step::form::Parameters;

/// The key's thumbprint, where a code is to be bound to one. Of two that differ it is not known
/// which is meant.
pub(crate) fn check(
    form: &Parameters,
    proved: Option<&Proved>,
) -> Result<Option<[u8; 32]>, Denied> {
    let proved = proved.map(|proved| *proved.thumbprint());
    let Some(named) = form.get("dpop_jkt") else {
        return Ok(proved);
    };
    let named = crypto::from_base64url(named).and_then(|bytes| bytes.try_into().ok());
    let named: [u8; 32] = named.ok_or(Denied::Request(RequestProblem::DpopKey))?;
    match proved {
        Some(proved) if proved != named => Err(Denied::Request(RequestProblem::OtherDpopKey)),
        Some(_) | None => Ok(Some(named)),
    }
}
