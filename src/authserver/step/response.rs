//! Step: what is answered, and how (RFC 6749 §3.1.1; AZ-01, JM-05): a code, in the query.

use crate::denied::{Denied, RequestProblem};
use crate::step::form::Parameters;

pub(crate) fn check(form: &Parameters) -> Result<(), Denied> {
    match form.required("response_type")? {
        "code" => {}
        _ => return Err(Denied::Request(RequestProblem::ResponseType)),
    }
    match form.get("response_mode") {
        None | Some("query") => Ok(()),
        Some(_) => Err(Denied::Request(RequestProblem::ResponseMode)),
    }
}
