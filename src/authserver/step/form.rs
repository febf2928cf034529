//! Step: the body is a form, bounded, and no parameter stands twice (RFC 6749 §3.2; L-11).

use model::Request;
use web::Form;

use crate::denied::Denied;

/// The longest form, in bytes (L-11).
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The parameters of a request: each stands at most once.
pub(crate) struct Parameters(Form);

impl Parameters {
    /// A parameter; `None` when it is absent or empty (RFC 6749 §3.2).
    pub(crate) fn optional(&self, name: &str) -> Result<Option<&str>, Denied> {
        self.0.only(name).map_err(|repeated| Denied::Repeated {
            name: repeated.name,
        })
    }

    /// A parameter that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Denied> {
        self.optional(name)?
            .ok_or(Denied::Missing { parameter: name })
    }
}

pub(crate) async fn read(request: Request) -> Result<Parameters, Denied> {
    let form = web::read_form(request, FORM_BYTES_MAX)
        .await
        .map_err(Denied::Form)?;
    match form.repeated() {
        None => Ok(Parameters(form)),
        Some(repeated) => Err(Denied::Repeated {
            name: repeated.name,
        }),
    }
}
