//! The page that leads back to the app.

use jiff::Timestamp;

use model::Response;
use web::Language;

use super::authorize::name_of;
use super::way_back;
use super::{Turned, Visit};
use crate::ClientSettings;
use crate::page::done::{self, Done, Kept};
use crate::page::{Cause, Ending};
use crate::step::form::Parameters;

impl Visit<'_> {
    pub(super) fn done(&self, form: &Parameters) -> Result<Response, Turned> {
        let over = || {
            let description = "This way back to the app is over, or another browser's.";
            Turned::away(Cause::NoSuchRequest, "invalid_request", description)
        };
        let way = form.get("to").and_then(|to| self.way_back(to));
        let way = way.ok_or_else(over)?;
        let clients = self.issuer.clients.iter();
        let mut named = clients.filter(|(id, _)| id.as_str() == way.client);
        let (_, client) = named.next().ok_or_else(over)?;
        let mut languages = Language::ALL.into_iter();
        let language = languages.find(|language| language.tag() == way.language);
        let language = language.unwrap_or(self.language);
        let ended = (way.ending, way.kept.as_ref());
        self.leading(language, client, ended, &way.location)
    }

    /// The page that leads to the app's address.
    pub(super) fn leading(
        &self,
        language: Language,
        client: &ClientSettings,
        (ending, kept): (Ending, Option<&way_back::Kept>),
        location: &str,
    ) -> Result<Response, Turned> {
        let kept = kept.and_then(|kept| {
            // Where the bank shows customers what they gave, this is there, too.
            let shows = self.asking.permissions.is_some();
            let permission = shows.then(|| self.keeper_path(&kept.grant));
            let until = Timestamp::from_second(kept.until).ok()?;
            Some(Kept { until, permission })
        });
        let view = Done {
            frame: self.frame(language, None),
            app: name_of(client, language),
            ending,
            kept: kept.as_ref(),
            location,
        };
        Ok(done::done(self.pages, &view)?)
    }
}
