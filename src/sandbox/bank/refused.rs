//! What the bank refuses, as problem documents (RFC 9457).

use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use model::{Breach, Response};

/// A refusal of the bank. The gateway hands it on as it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// Parameters that break their rules: all of them at once.
    Parameters(Vec<Mistake>),
    /// No such thing.
    Unknown {
        /// What was looked for: "branch".
        what: &'static str,
        /// Under which id.
        id: String,
    },
    /// The request breaks a rule of HTTP.
    Malformed(Breach),
    /// No operation has this path.
    NoRoute,
    /// The operation takes another method.
    Method {
        /// The one that it takes.
        allow: Method,
    },
    /// The body is not what the operation takes.
    Body {
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The connection is not the gateway's.
    NotTheGateway,
    /// No valid identity assertion.
    Unidentified {
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// Whoever is named is no customer of the bank's, or none whom it lets in.
    NoCustomer,
    /// The assertion does not name the scope.
    Scope {
        /// The scope that is needed.
        scope: &'static str,
    },
}

/// A parameter and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Mistake {
    pub(super) parameter: String,
    pub(super) rule: String,
}

#[derive(Serialize)]
struct Problem {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Mistake>,
}

impl Refused {
    /// The answer to send.
    pub(super) fn into_response(self) -> Response {
        let (status, title) = self.status();
        let headers = self.headers();
        let problem = Problem {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            detail: self.detail(),
            errors: match self {
                Self::Parameters(mistakes) => mistakes,
                _ => Vec::new(),
            },
        };
        let mut response = web::json(status, &problem);
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response.headers_mut().extend(headers);
        response
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Parameters(_) | Self::Body { .. } => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::Malformed(breach) => (breach.status, "Malformed Request"),
            Self::Unknown { .. } | Self::NoRoute => (StatusCode::NOT_FOUND, "Not Found"),
            Self::Method { .. } => (StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
            Self::Unidentified { .. } => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::NotTheGateway | Self::NoCustomer | Self::Scope { .. } => {
                (StatusCode::FORBIDDEN, "Forbidden")
            }
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Parameters(mistakes) => match mistakes.as_slice() {
                [only] => format!("The parameter {} {}.", only.parameter, only.rule),
                several => format!("{} parameters break their rules.", several.len()),
            },
            Self::Malformed(breach) => format!("Not HTTP as it must be: {}.", breach.what),
            Self::Unknown { what, id } => format!("The bank knows no {what} {id}."),
            Self::NoRoute => "The bank has nothing under this path.".to_owned(),
            Self::Method { allow } => format!("This operation takes {allow}."),
            Self::Body { rule } => format!("The body {rule}."),
            Self::NotTheGateway => "The bank answers its gateway only.".to_owned(),
            Self::Unidentified { rule } => format!("The identity assertion {rule}."),
            Self::NoCustomer => "The bank has no such customer.".to_owned(),
            Self::Scope { scope } => {
                format!("The identity assertion does not name the scope {scope}.")
            }
        }
    }

    fn headers(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match self {
            Self::Method { allow } => {
                let allow = HeaderValue::from_str(allow.as_str()).ok()?;
                Some((ALLOW, allow))
            }
            // RFC 9110 §15.5.2: a 401 carries a challenge.
            Self::Unidentified { .. } => Some((
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Mortise-Identity realm=\"harbour\""),
            )),
            _ => None,
        }
    }
}
