//! An instant, as programs and as people read it.

use jiff::Timestamp;
use serde::Serialize;
use web::Language;

/// An instant.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Moment {
    /// RFC 3339.
    at: String,
    /// As people read it.
    say: String,
}

impl Moment {
    pub(super) fn of(at: Timestamp, language: Language) -> Self {
        Self {
            at: at.to_string(),
            say: web::moment(at, language),
        }
    }

    /// One made up, for the trial of a bank's own pages.
    pub(super) fn sample(say: &str) -> Self {
        Self {
            at: "2026-11-24T00:00:00Z".to_owned(),
            say: say.to_owned(),
        }
    }
}
