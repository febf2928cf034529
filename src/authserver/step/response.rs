//! Step: what is answered, and how (RFC 6749 §3.1.1; AZ-01, JM-01, JM-05, JM-06): a code, in the
//! query, as it is or in a JWT. There is no response that a token is in.

use crate::ResponseMode;
use crate::denied::{Denied, RequestProblem};
use crate::issuer::Issuer;
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// How the answer travels: offered here, and open to the client. A request that says nothing asks
/// for a plain one, whatever the client may have.
pub(crate) fn check(
    form: &Parameters,
    issuer: &Issuer,
    client: &InGoodStanding<'_>,
) -> Result<ResponseMode, Denied> {
    match form.required("response_type")? {
        "code" => {}
        _ => return Err(Denied::Request(RequestProblem::ResponseType)),
    }
    let asked = form.get("response_mode");
    let mode = asked.map_or(Some(ResponseMode::Query), ResponseMode::parse);
    let offered = issuer.profile.response_modes;
    let open = &client.client().settings().response_modes;
    mode.filter(|mode| offered.contains(mode) && open.contains(mode))
        .ok_or(Denied::Request(RequestProblem::ResponseMode))
}
