//! Step: the body is a form, bounded, and no known parameter stands twice (RFC 6749 §3.2; L-11,
//! PA-11). What is not known is ignored, however often it stands.

use model::Request;

use crate::denied::Denied;

/// The longest form, in bytes (L-11).
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The parameters that this endpoint knows. Each stood at most once; one without a value is absent
/// (RFC 6749 §3.2).
pub(crate) struct Parameters {
    pub(crate) grant_type: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret: Option<String>,
    pub(crate) client_assertion: Option<String>,
    pub(crate) client_assertion_type: Option<String>,
}

pub(crate) async fn read(request: Request) -> Result<Parameters, Denied> {
    let form = web::read_form(request, FORM_BYTES_MAX)
        .await
        .map_err(Denied::Form)?;
    let only = |name| match form.only(name) {
        Ok(value) => Ok(value.map(str::to_owned)),
        Err(repeated) => Err(Denied::Repeated {
            name: repeated.name,
        }),
    };
    Ok(Parameters {
        grant_type: only("grant_type")?,
        scope: only("scope")?,
        client_id: only("client_id")?,
        client_secret: only("client_secret")?,
        client_assertion: only("client_assertion")?,
        client_assertion_type: only("client_assertion_type")?,
    })
}
