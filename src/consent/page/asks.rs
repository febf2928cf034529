//! Who asks, and what for, as every page that comes first tells it.

use model::Fault;
use serde::Serialize;
use web::text;

use super::Drawn;

/// Who asks.
#[derive(Serialize)]
pub(super) struct Who {
    app: String,
    legal: String,
    legal_tag: Option<&'static str>,
    number: String,
    contact: String,
}

/// What data is wanted for.
#[derive(Serialize)]
pub(super) struct Purpose {
    say: String,
    keep_days: u32,
}

/// Who asks.
pub(super) fn who(sheet: &Drawn<'_>) -> Result<Who, Fault> {
    let who = sheet.who;
    Ok(Who {
        app: text::name(who.app)?,
        legal: text::name(who.legal)?,
        legal_tag: text::foreign_tag(who.legal, sheet.language()),
        number: text::name(who.number)?,
        contact: text::name(who.contact)?,
    })
}

impl Drawn<'_> {
    /// What the data is wanted for, where any is.
    pub(super) fn purposes(&self) -> Result<Vec<Purpose>, Fault> {
        let purposes = self.wish.purposes.iter().map(|(_, purpose)| {
            Ok(Purpose {
                say: text::line(purpose.say.in_language(self.language()))?,
                keep_days: u32::from(purpose.keep_days),
            })
        });
        purposes.collect()
    }
}
