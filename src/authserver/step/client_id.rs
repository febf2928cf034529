//! Step: the parameter `client_id` may be absent; when it is there it names the client that proved
//! itself (RFC 7521 §4.2; CA-06, CA-08). A step of its own, so that its refusal is the known
//! client's: durable, and under its name.

use crate::denied::Denied;
use crate::step::client_authentication::Proved;
use crate::step::form::Parameters;

/// A proved client that the request does not call by another name.
pub(crate) struct Named<'a>(Proved<'a>);

impl<'a> Named<'a> {
    /// The client and its assertion.
    pub(crate) fn proved(&self) -> &Proved<'a> {
        &self.0
    }
}

pub(crate) fn check<'a>(form: &Parameters, client: Proved<'a>) -> Result<Named<'a>, Denied> {
    match form.get("client_id") {
        Some(client_id) if client_id != client.id().as_str() => Err(Denied::OtherClientId),
        _ => Ok(Named(client)),
    }
}
