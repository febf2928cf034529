//! Which endpoints are for clients, and what each takes.

use model::OauthEndpoint;

use crate::step::proof::Wants;

/// The endpoints of clients.
#[derive(Clone, Copy)]
pub(super) enum ForClients {
    /// Clients ask for something of their own.
    Own(Own),
    /// So do services of the bank's.
    Introspect,
}

/// What a client asks for of its own.
#[derive(Clone, Copy)]
pub(super) enum Own {
    Token,
    Par,
    Revoke,
}

impl ForClients {
    /// As records name it.
    pub(super) fn recorded(self) -> OauthEndpoint {
        match self {
            Self::Own(Own::Token) => OauthEndpoint::Token,
            Self::Own(Own::Par) => OauthEndpoint::Par,
            Self::Own(Own::Revoke) => OauthEndpoint::Revoke,
            Self::Introspect => OauthEndpoint::Introspect,
        }
    }

    /// Where proofs are taken: revoking and asking need none.
    pub(super) fn wants(self) -> Option<Wants> {
        match self {
            Self::Own(Own::Token) => Some(Wants::Tokens),
            Self::Own(Own::Par) => Some(Wants::Nothing),
            Self::Own(Own::Revoke) | Self::Introspect => None,
        }
    }
}
