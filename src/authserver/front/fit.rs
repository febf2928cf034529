//! Whether a log-in is the one that a request asks for (OIDC Core §3.1.2.1, §3.1.2.3; OC-03).

use std::time::Duration;

use model::ports::Session;

use super::Visit;
use super::request::Known;
use crate::request::authentication::Prompt;

/// What a log-in is for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// It will do.
    Fits,
    /// Another is needed.
    LogIn,
    /// It was made for the request, and is not what it asks for: no other would be. With the code
    /// that the app is told.
    Never(&'static str),
}

impl Visit<'_> {
    pub(super) fn fit(&self, known: &Known<'_>, session: &Session) -> Fit {
        let asks = &known.request.authentication;
        // Whoever logged in for another request did it before, or does not get here by this one.
        let is_new = session.auth_time >= known.opened_at;
        let is_young = asks.max_age.is_none_or(|seconds| {
            let age = self.now.duration_since(session.auth_time);
            age.unsigned_abs() <= Duration::from_secs(seconds)
        });
        let is_recent = is_new || (asks.prompt != Prompt::Again && is_young);
        let partner = &known.client.partner;
        let sub = self.issuer.subject(partner, &session.subject);
        let is_expected = asks.subjects.iter().all(|subjects| {
            let its = |sub: &String| subjects.contains(sub);
            sub.as_ref().is_some_and(its)
        });
        let is_strong = asks.essential_acr.iter().all(|values| {
            let its = |acr: &String| values.contains(acr);
            session.acr.as_ref().is_some_and(its)
        });
        // Who may not be asked is not asked for a wish.
        let is_as_wished = is_new
            || asks.prompt == Prompt::Never
            || asks.wished_acr.is_empty()
            || session
                .acr
                .as_ref()
                .is_some_and(|acr| asks.wished_acr.contains(acr));
        match (
            is_recent && is_expected && is_strong && is_as_wished,
            is_new,
        ) {
            (true, _) => Fit::Fits,
            (false, false) => Fit::LogIn,
            (false, true) if !is_expected => Fit::Never("login_required"),
            // OpenID Connect Core Error Code unmet_authentication_requirements 1.0 §2.
            (false, true) => Fit::Never("unmet_authentication_requirements"),
        }
    }
}
