//! What an endpoint of clients decided, before it is recorded and told.

use http::StatusCode;

use model::Response;
use model::ports::Receipt;

use crate::grant::issued::Issued;
use crate::request::pushed::Pushed;
use crate::token::introspection::Told;
use crate::token::revocation;

/// What was decided, and nobody told yet.
pub(super) enum Decided {
    Token(Issued),
    Pushed(Pushed),
    Introspected(Told),
    Revoked,
}

impl Decided {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Token(_) | Self::Introspected(_) | Self::Revoked => StatusCode::OK,
            Self::Pushed(_) => StatusCode::CREATED,
        }
    }

    /// The token that was issued, where one was.
    pub(super) fn token(&self) -> Option<&Issued> {
        match self {
            Self::Token(issued) => Some(issued),
            Self::Pushed(_) | Self::Introspected(_) | Self::Revoked => None,
        }
    }

    pub(super) fn into_response(self, evidence: Receipt) -> Response {
        match self {
            Self::Token(issued) => issued.into_response(evidence),
            Self::Pushed(pushed) => pushed.into_response(evidence),
            Self::Introspected(told) => told.into_response(evidence),
            Self::Revoked => revocation::answer(evidence),
        }
    }
}
