//! Step: the body is a form, bounded, and no known parameter stands twice (RFC 6749 §3.2; L-11,
//! PA-11). What is not known is ignored, however often it stands.

use model::Request;
use serde_json::{Map, Value};
use web::Form;

use crate::denied::Denied;
use crate::issuer::limits::FORM_BYTES_MAX;

/// The parameters that some endpoint knows (RFC 6749, RFC 7009, RFC 7521, RFC 7636, RFC 9101,
/// RFC 9126, RFC 9207, RFC 9396, RFC 9449, OIDC Core §3.1.2.1).
const KNOWN: [&str; 39] = [
    "acr_values",
    "act",
    "after",
    "authorization_details",
    "claims",
    "client_assertion",
    "client_assertion_type",
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "csrf",
    "dpop_jkt",
    "error",
    "grant_type",
    "id_token_hint",
    "iss",
    "login_hint",
    "max_age",
    "nonce",
    "password",
    "prompt",
    "redirect_uri",
    "refresh_token",
    "registration",
    "request",
    "request_uri",
    "resource",
    "response_mode",
    "response_type",
    "scope",
    "state",
    "to",
    "token",
    "token_type_hint",
    "ui_locales",
    "username",
];

/// The parameters of a form. Each that is known stood at most once; one without a value is absent
/// (RFC 6749 §3.2).
#[derive(Clone)]
pub(crate) struct Parameters(Form);

impl Parameters {
    /// A parameter's value.
    pub(crate) fn get(&self, name: &'static str) -> Option<&str> {
        debug_assert!(
            KNOWN.contains(&name),
            "{name} is not looked at for repetition"
        );
        self.0.only(name).ok().flatten()
    }

    /// The parameters that a request object's claims are (RFC 9101 §4): a text as it is, anything
    /// else as its JSON. `None` when one that is known is `null`.
    pub(crate) fn of_claims(claims: Map<String, Value>) -> Option<Self> {
        let is_known = |(name, _): &(String, Value)| KNOWN.contains(&name.as_str());
        let text = |(name, value)| match value {
            Value::Null => None,
            Value::String(text) => Some((name, text)),
            other => Some((name, other.to_string())),
        };
        let known = claims.into_iter().filter(is_known);
        let parameters = known.map(text).collect::<Option<_>>()?;
        Some(Self(Form::of(parameters)))
    }

    /// What a form of ours says of its own, in its order: all but its proof and what it is about.
    pub(crate) fn own(&self) -> Vec<(String, String)> {
        let parameters = self.0.parameters().iter();
        let own = parameters.filter(|(name, _)| name != "csrf" && name != "request");
        own.cloned().collect()
    }

    /// The form as it came, without what a client proves itself by.
    pub(crate) fn without_proof(&self) -> String {
        let proof = ["client_assertion", "client_assertion_type", "client_secret"];
        self.0.body_without(&proof)
    }

    /// The value of a parameter that must be there.
    pub(crate) fn required(&self, parameter: &'static str) -> Result<&str, Denied> {
        self.get(parameter).ok_or(Denied::Missing { parameter })
    }
}

pub(crate) async fn read(request: Request) -> Result<Parameters, Denied> {
    let form = web::read_form(request, FORM_BYTES_MAX).await;
    once_each(form.map_err(Denied::Form)?)
}

/// Refuses a form in which a known parameter stands twice.
pub(crate) fn once_each(form: Form) -> Result<Parameters, Denied> {
    for name in KNOWN {
        if let Err(repeated) = form.only(name) {
            let name = repeated.name;
            return Err(Denied::Repeated { name });
        }
    }
    Ok(Parameters(form))
}
