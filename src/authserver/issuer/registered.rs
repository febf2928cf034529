//! Who may prove itself at an issuer: a partner's client, or a service of the bank's own.

use crypto::Jwks;
use model::ClientId;

use crate::issuer::Issuer;
use crate::{ClientAuthentication, ClientSettings, ResourceServer};

/// A partner's client.
#[derive(Clone, Copy)]
pub(crate) struct Client<'a> {
    id: &'a ClientId,
    settings: &'a ClientSettings,
}

impl<'a> Client<'a> {
    /// Its id.
    pub(crate) fn id(&self) -> &'a ClientId {
        self.id
    }

    /// What is registered for it.
    pub(crate) fn settings(&self) -> &'a ClientSettings {
        self.settings
    }
}

/// A service of the bank's own, which asks about tokens.
#[derive(Clone, Copy)]
pub(crate) struct Server<'a> {
    id: &'a ClientId,
    settings: &'a ResourceServer,
}

impl<'a> Server<'a> {
    /// The name it proves itself under.
    pub(crate) fn id(&self) -> &'a ClientId {
        self.id
    }

    /// What is registered for it.
    pub(crate) fn settings(&self) -> &'a ResourceServer {
        self.settings
    }
}

/// Whoever is registered under a name. A name is one or the other.
#[derive(Clone, Copy)]
pub(crate) enum Registered<'a> {
    Client(Client<'a>),
    Server(Server<'a>),
}

impl<'a> Registered<'a> {
    /// Its name.
    pub(crate) fn id(&self) -> &'a ClientId {
        match self {
            Self::Client(client) => client.id,
            Self::Server(server) => server.id,
        }
    }

    /// The one way in which it proves itself.
    pub(crate) fn authentication(&self) -> &'a ClientAuthentication {
        match self {
            Self::Client(client) => &client.settings.authentication,
            Self::Server(server) => &server.settings.authentication,
        }
    }

    /// Its public keys as they are known now.
    pub(crate) fn keys(&self) -> Jwks {
        match self {
            Self::Client(client) => client.settings.keys(),
            Self::Server(server) => server.settings.jwks.clone(),
        }
    }
}

impl Issuer {
    /// Who is registered under this name.
    pub(crate) fn registered(&self, name: &ClientId) -> Option<Registered<'_>> {
        if let Some((id, settings)) = self.resource_servers.get_key_value(name) {
            return Some(Registered::Server(Server { id, settings }));
        }
        let (id, settings) = self.clients.get_key_value(name)?;
        Some(Registered::Client(Client { id, settings }))
    }
}
