//! Form bodies: bounded, and no parameter twice (RFC 6749 §3.1, §3.2).

use std::fmt;

use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;

use model::Request;

/// A page of a consent has a box for each of 200 accounts at most, and members of its own.
const PARAMETERS_MAX: usize = 250;

/// Why a body is not a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// The media type is another, or missing.
    #[error("the Content-Type must be application/x-www-form-urlencoded")]
    MediaType,
    /// Longer than allowed.
    #[error("the form must not be longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More parameters than allowed.
    #[error("the form must not have more than 250 parameters")]
    TooMany,
    /// Not UTF-8 once decoded.
    #[error("the form must be UTF-8")]
    NotUtf8,
    /// The body broke off or came too slowly.
    #[error("the form did not arrive whole")]
    BrokenOff,
}

/// A parameter stands more than once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name} must not stand more than once")]
pub struct Repeated {
    /// Its name.
    pub name: String,
}

/// A decoded form. It may hold a password: it is never printed.
#[derive(Clone)]
pub struct Form {
    parameters: Vec<(String, String)>,
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}

impl Form {
    /// Parses the bytes of a body. What is accepted is UTF-8 once decoded, and has no U+FFFD.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormProblem> {
        let mut parameters = Vec::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if parameters.len() == PARAMETERS_MAX {
                return Err(FormProblem::TooMany);
            }
            // The decoder puts U+FFFD where bytes are not UTF-8; nothing we accept has it.
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(FormProblem::NotUtf8);
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self { parameters })
    }

    /// Parameters that came in another shape, decoded. Their number is the caller's to bound.
    pub fn of(parameters: Vec<(String, String)>) -> Self {
        Self { parameters }
    }

    /// The value of a parameter that may stand once; an empty value counts as absent
    /// (RFC 6749 §3.2).
    pub fn only(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut found = self.parameters.iter().filter(|(n, _)| n == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(Repeated {
                name: name.to_owned(),
            });
        }
        Ok(first
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty()))
    }

    /// Its parameters, each as often as it stands, in their order.
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// The body that says its parameters but for those of these names.
    pub fn body_without(&self, names: &[&str]) -> String {
        let parameters = self.parameters.iter();
        let kept = parameters.filter(|(name, _)| !names.contains(&name.as_str()));
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(kept);
        body.finish()
    }
}

/// For fuzzing: reads bytes as a form, and each of its parameters. Whatever they are, nothing
/// panics.
pub fn fuzz_form(bytes: &[u8]) {
    if let Ok(form) = Form::parse(bytes) {
        for (name, _) in &form.parameters {
            let _ = form.only(name);
        }
    }
}

/// Reads a request's body as a form of at most `limit` bytes.
pub async fn read_form(request: Request, limit: usize) -> Result<Form, FormProblem> {
    let is_form = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !is_form {
        return Err(FormProblem::MediaType);
    }
    Form::parse(&whole(request, limit).await?)
}

/// The bytes of a request's body, at most `limit`.
pub(crate) async fn whole(request: Request, limit: usize) -> Result<Vec<u8>, FormProblem> {
    let mut body = request.into_body();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| FormProblem::BrokenOff)?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > limit {
            return Err(FormProblem::TooLarge { limit });
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
