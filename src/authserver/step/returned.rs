//! Step: what the client gets back as it sent it (RFC 6749 §4.1.1; L-09, L-10). Never cut: too long
//! is refused.

use crate::ResponseMode;
use crate::denied::{Denied, RequestProblem};
use crate::issuer::limits::STATE_CHARS_MAX;
use crate::request::escaped;
use crate::step::form::Parameters;
use crate::step::redirect_uri::RedirectUri;

/// How long the way back may be, in bytes: it stands, sealed, in an address of ours, and of those
/// 8 KiB are taken.
const WAY_BACK_BYTES_MAX: usize = 5_000;

/// What a signed response has beside `state`, in bytes: its header, its other claims and its
/// signature.
const SIGNED_BYTES: usize = 1_200;

/// The client's `state`, if it sent one.
pub(crate) fn state(
    form: &Parameters,
    redirect_uri: &RedirectUri,
    mode: ResponseMode,
) -> Result<Option<String>, Denied> {
    let Some(state) = form.get("state") else {
        return Ok(None);
    };
    // RFC 6749 Appendix A.5: visible characters and spaces.
    let is_state = state.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let carried = match mode {
        ResponseMode::Query => escaped(state).len(),
        // In base64url, and before that in JSON, in which two characters are escaped.
        ResponseMode::Jwt => {
            let escaped = state.bytes().filter(|byte| b"\"\\".contains(byte)).count();
            (state.len() + escaped).div_ceil(3) * 4 + SIGNED_BYTES
        }
    };
    let way_back = redirect_uri.as_str().len() + carried;
    let fits = state.len() <= STATE_CHARS_MAX && way_back <= WAY_BACK_BYTES_MAX;
    if is_state && fits {
        Ok(Some(state.to_owned()))
    } else {
        Err(Denied::Request(RequestProblem::State))
    }
}
