//! Step: the client's partner may call at all. After authentication, so that a stranger does not
//! learn who is suspended. A service of the bank's own asks about tokens, and does nothing else.

use jiff::Timestamp;
use model::{ClientId, Standing};

use crate::denied::Denied;
use crate::issuer::agreement::Open;
use crate::issuer::registered::{Client, Registered, Server};
use crate::step::jti::Authenticated;

/// An authenticated client whose partner is active.
pub(crate) struct InGoodStanding<'a> {
    client: Client<'a>,
    open: Open<'a>,
}

impl<'a> InGoodStanding<'a> {
    /// The client.
    pub(crate) fn client(&self) -> &Client<'a> {
        &self.client
    }

    /// What its partner's agreements open to it at the time of its request.
    pub(crate) fn open(&self) -> Open<'a> {
        self.open
    }
}

/// Who may ask about tokens.
pub(crate) enum Asker<'a> {
    /// A client, about its own.
    Client(InGoodStanding<'a>),
    /// A service of the bank's own, about those that are for it.
    Server(Server<'a>),
}

impl<'a> Asker<'a> {
    /// Its name, which a signed answer is for.
    pub(crate) fn id(&self) -> &'a ClientId {
        match self {
            Self::Client(client) => client.client().id(),
            Self::Server(server) => server.id(),
        }
    }
}

pub(crate) fn check(who: Authenticated<'_>, now: Timestamp) -> Result<InGoodStanding<'_>, Denied> {
    match asker(who, now)? {
        Asker::Client(client) => Ok(client),
        Asker::Server(_) => Err(Denied::ResourceServer),
    }
}

/// The same where tokens are asked about.
pub(crate) fn asker(who: Authenticated<'_>, now: Timestamp) -> Result<Asker<'_>, Denied> {
    match who.into_who() {
        Registered::Server(server) => Ok(Asker::Server(server)),
        Registered::Client(client) => match client.settings().standing {
            Standing::Active => {
                let open = client.settings().open(now);
                Ok(Asker::Client(InGoodStanding { client, open }))
            }
            Standing::Suspended => Err(Denied::PartnerSuspended),
        },
    }
}
