//! The way back to the app: after a form over a page of ours, since browsers block a redirect to
//! another site that answers a form (specs/consent.md §9). What it leads to travels sealed in its
//! address, so that no code stands in a browser's history, and nobody makes an address of his own.
//! A browser that has lost what the address is bound to gets the page at once: no code is given to
//! one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use model::{Fault, GrantId, Response};

use super::request::Known;
use super::{BROWSER, Turned, Visit, signed};
use crate::ResponseMode;
use crate::page::Ending;
use crate::request::escaped;

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
    /// What was given, where something was.
    pub(super) kept: Option<Kept>,
}

/// What was given, as the page that leads back tells it.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// When it ends, in Unix seconds.
    pub(super) until: i64,
    /// The grant, which is the consent.
    pub(super) grant: String,
}

impl Kept {
    pub(super) fn of(grant: &GrantId, until: Timestamp) -> Self {
        Self {
            until: until.as_second(),
            grant: grant.as_str().to_owned(),
        }
    }
}

impl Visit<'_> {
    /// Leads back to the app with these parameters: over a page of ours after a form, straight to
    /// the app where none was sent (AZ-06).
    pub(super) fn send_back(
        &self,
        known: &Known<'_>,
        ending: Ending,
        parameters: &[(&str, &str)],
    ) -> Result<Response, Turned> {
        self.led_back(known, (ending, None), parameters)
    }

    /// The same once something was given: the code of it goes to the app.
    pub(super) fn send_back_with(
        &self,
        known: &Known<'_>,
        kept: Kept,
        code: &str,
    ) -> Result<Response, Turned> {
        self.led_back(known, (Ending::Allowed, Some(kept)), &[("code", code)])
    }

    fn led_back(
        &self,
        known: &Known<'_>,
        ended: (Ending, Option<Kept>),
        parameters: &[(&str, &str)],
    ) -> Result<Response, Turned> {
        let location = self.location(known, parameters)?;
        if !self.sent_form {
            return Ok(web::see_other(&location)?);
        }
        let Some(browser) = self.secret(BROWSER) else {
            let ended = (ended.0, ended.1.as_ref());
            return self.leading(known.language, known.client, ended, &location);
        };
        let page = self.over_done(known, ended, location, &browser)?;
        Ok(web::see_other(&page)?)
    }

    /// The app's address with these parameters, its `state` and our `iss` (RFC 9207; AZ-04), or
    /// with one that is a JWT of them all (JM-01, JM-04).
    fn location(&self, known: &Known<'_>, parameters: &[(&str, &str)]) -> Result<String, Turned> {
        let redirect_uri = &known.request.redirect_uri;
        let state = known.request.state.as_deref().map(|state| ("state", state));
        let issuer = ("iss", self.issuer.identifier.as_str());
        let parameters = parameters.iter().copied().chain(state);
        Ok(match known.request.response_mode {
            ResponseMode::Query => with_query(redirect_uri, parameters.chain([issuer])),
            ResponseMode::Jwt => {
                let client = known.client_id;
                let signed = signed::response(self.issuer, client, parameters, self.now)
                    .map_err(|cause| Fault::caused("signing a response", cause))?;
                with_query(redirect_uri, [("response", signed.as_str())])
            }
        })
    }

    /// The page that leads there.
    fn over_done(
        &self,
        known: &Known<'_>,
        (ending, kept): (Ending, Option<Kept>),
        location: String,
        browser: &[u8; 32],
    ) -> Result<String, Turned> {
        // As long as the code that it leads back with is good.
        let open = self.issuer.profile.code_lifetime;
        let until = self.now.checked_add(open).unwrap_or(self.now);
        let way = WayBack {
            location,
            ending,
            client: known.client_id.as_str().to_owned(),
            language: known.language.tag().to_owned(),
            until: until.as_second(),
            kept,
        };
        let text = serde_json::to_vec(&way).unwrap_or_default();
        let sealed = self
            .asking
            .way
            .seal(&text, &place(browser), self.ports.random.as_ref());
        let sealed = sealed.map_err(|cause| Fault::caused("sealing the way back", cause))?;
        let to = crypto::base64url(&sealed);
        Ok(format!("{}/done?to={to}", self.issuer.path()))
    }

    /// What such an address leads to; `None` when we did not make it, or its time is over.
    pub(super) fn way_back(&self, to: &str) -> Option<WayBack> {
        let browser = self.secret(BROWSER)?;
        let sealed = crypto::from_base64url(to)?;
        let text = self.asking.way.open(&sealed, &place(&browser)).ok()?;
        let way: WayBack = serde_json::from_slice(&text).ok()?;
        (self.now.as_second() < way.until).then_some(way)
    }
}

/// What binds a sealed way to a browser: another's leads nowhere.
fn place(browser: &[u8; 32]) -> [u8; 32] {
    crypto::sha256(browser)
}

/// A redirect URI with these parameters. The query of the registered one stays (AZ-02).
fn with_query<'p>(
    redirect_uri: &str,
    parameters: impl IntoIterator<Item = (&'p str, &'p str)>,
) -> String {
    let mut location = redirect_uri.to_owned();
    let mut joint = if redirect_uri.contains('?') { '&' } else { '?' };
    for (name, value) in parameters {
        location.push(joint);
        location.push_str(name);
        location.push('=');
        location.push_str(&escaped(value));
        joint = '&';
    }
    location
}
