//! The way back to the app: after a form over a page of ours, since browsers block a redirect to
//! another site that answers a form (specs/consent.md §9). What it leads to travels sealed in its
//! address, so that no code stands in a browser's history, and nobody makes an address of his own.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use model::{Fault, Response};

use super::request::Known;
use super::{BROWSER, Turned, Visit};
use crate::page::Ending;
use crate::request::escaped;

/// How long the way back is open: as long as a code is good.
const OPEN: Duration = Duration::from_mins(1);

/// What an address of the page `done` seals.
#[derive(Serialize, Deserialize)]
pub(super) struct WayBack {
    pub(super) location: String,
    pub(super) ending: Ending,
    /// The client whose app it leads to.
    pub(super) client: String,
    /// The language of the visit.
    pub(super) language: String,
    /// In Unix seconds.
    pub(super) until: i64,
}

impl Visit<'_> {
    /// Leads back to the app with these parameters.
    pub(super) fn send_back(
        &self,
        known: &Known<'_>,
        ending: Ending,
        parameters: &[(&str, &str)],
    ) -> Result<Response, Turned> {
        Ok(web::see_other(&self.back(known, ending, parameters)?)?)
    }

    /// Where that leads first: over a page of ours after a form, straight to the app where none
    /// was sent (AZ-06).
    pub(super) fn back(
        &self,
        known: &Known<'_>,
        ending: Ending,
        parameters: &[(&str, &str)],
    ) -> Result<String, Turned> {
        let location = self.location(known, parameters);
        if self.sent_form {
            self.over_done(known, ending, location)
        } else {
            Ok(location)
        }
    }

    /// The app's address with these parameters, its `state` and our `iss` (RFC 9207; AZ-04).
    fn location(&self, known: &Known<'_>, parameters: &[(&str, &str)]) -> String {
        let redirect_uri = &known.request.redirect_uri;
        let mut location = redirect_uri.clone();
        let state = known.request.state.as_deref().map(|state| ("state", state));
        let issuer = ("iss", self.issuer.identifier.as_str());
        let all = parameters.iter().copied().chain(state).chain([issuer]);
        // The query of the registered URI stays (AZ-02).
        let mut joint = if redirect_uri.contains('?') { '&' } else { '?' };
        for (name, value) in all {
            location.push(joint);
            location.push_str(name);
            location.push('=');
            location.push_str(&escaped(value));
            joint = '&';
        }
        location
    }

    /// The page that leads there.
    fn over_done(
        &self,
        known: &Known<'_>,
        ending: Ending,
        location: String,
    ) -> Result<String, Turned> {
        let until = self.now.checked_add(OPEN).unwrap_or(self.now);
        let way = WayBack {
            location,
            ending,
            client: known.client_id.as_str().to_owned(),
            language: known.language.tag().to_owned(),
            until: until.as_second(),
        };
        let text = serde_json::to_vec(&way).unwrap_or_default();
        let sealed = self
            .asking
            .way
            .seal(&text, &self.place(), self.ports.random.as_ref());
        let sealed = sealed.map_err(|cause| Fault::caused("sealing the way back", cause))?;
        let to = crypto::base64url(&sealed);
        Ok(format!("{}/done?to={to}", self.issuer.path()))
    }

    /// What such an address leads to; `None` when we did not make it, or its time is over.
    pub(super) fn way_back(&self, to: &str) -> Option<WayBack> {
        let sealed = crypto::from_base64url(to)?;
        let text = self.asking.way.open(&sealed, &self.place()).ok()?;
        let way: WayBack = serde_json::from_slice(&text).ok()?;
        (self.now.as_second() < way.until).then_some(way)
    }

    /// What binds a sealed way to this browser: another's leads nowhere.
    fn place(&self) -> [u8; 32] {
        crypto::sha256(&self.secret(BROWSER).unwrap_or_default())
    }
}
