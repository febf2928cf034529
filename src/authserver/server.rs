//! The server: its issuers by bank, and the ports.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;

use crypto::{Jwks, SigningKey};
use identity::IssuerKeys;
use model::ports::{ClientRights, KeyUse};
use model::{BankId, ClientId, Fault, Who};

use crate::issuer::{AtBank, Issuer, Tokens, open_assertions, shown_until};
use crate::keys::ring::{Planned, Ring};
use crate::step::client_keys;
use crate::{Elsewhere, IssuerSettings, Ports};

/// The authorization server of all banks of a gateway. A bank sees nothing of another.
pub struct AuthServer {
    banks: HashMap<BankId, AtBank>,
    ports: Ports,
}

impl AuthServer {
    /// Opens each bank's key rings (planning a key when none has the configured algorithm: see
    /// [`AuthServer::settle_keys`]) and writes its documents. Fails when the store does not answer,
    /// a key cannot be unsealed, a bank stands twice, or an issuer identifier breaks RFC 8414 §2.
    pub async fn open(
        issuers: Vec<IssuerSettings>,
        elsewhere: Vec<Elsewhere>,
        ports: Ports,
    ) -> Result<Self, Fault> {
        let mut server = Self {
            banks: HashMap::with_capacity(issuers.len() + elsewhere.len()),
            ports,
        };
        for settings in issuers {
            let bank = settings.bank.clone();
            let issuer = Issuer::open(settings, &server.ports).await?;
            server.take_in(bank, Tokens::Ours(Arc::new(issuer))).await?;
        }
        for Elsewhere { bank, keys } in elsewhere {
            server.take_in(bank, Tokens::Elsewhere(keys)).await?;
        }
        Ok(server)
    }

    async fn take_in(&mut self, bank: BankId, tokens: Tokens) -> Result<(), Fault> {
        let assertions = open_assertions(&bank, &self.ports).await?;
        let at_bank = AtBank { tokens, assertions };
        match self.banks.insert(bank.clone(), at_bank) {
            None => Ok(()),
            Some(_) => Err(Fault::new(format!("opening two issuers for bank {bank}"))),
        }
    }

    /// Fetches the keys that clients publish and that are not fresh: at a start, beside it. A host
    /// that is down keeps nobody else's keys from coming, and takes a few seconds.
    pub async fn fetch_keys(&self) {
        let mut fetching = Vec::new();
        for (bank, at_bank) in &self.banks {
            let Tokens::Ours(issuer) = &at_bank.tokens else {
                continue;
            };
            for (id, client) in &issuer.clients {
                if client.published.is_some() {
                    let keys = client_keys::of_client(bank, &self.ports, (id, client), None);
                    fetching.push(keys);
                }
            }
        }
        join_all(fetching).await;
    }

    /// The public keys that a bank's access tokens verify with, and until when; none for a bank
    /// that is not known, so that nothing verifies.
    pub fn keys(&self, bank: &BankId) -> IssuerKeys {
        match self.at(bank).map(|at_bank| &at_bank.tokens) {
            Some(Tokens::Ours(issuer)) => issuer.ring.verifying(self.ports.clock.now()),
            Some(Tokens::Elsewhere(keys)) => keys.clone().into(),
            None => Jwks::from_keys(Vec::new()).into(),
        }
    }

    /// The key that signs identity assertions to a bank's services, and the public keys that they
    /// verify with, published at [`crate::Endpoint::UpstreamJwks`]; `None` for a bank that is not
    /// known.
    pub fn assertion_keys(&self, bank: &BankId) -> Option<(Arc<SigningKey>, Jwks)> {
        let (ring, now) = (&self.at(bank)?.assertions, self.ports.clock.now());
        Some((Arc::clone(ring.signer(now)), ring.public(now)))
    }

    /// What the clients of a bank may ask customers for; `None` where tokens are not ours to issue.
    pub fn rights(&self, bank: &BankId) -> Option<Arc<dyn ClientRights>> {
        match &self.at(bank)?.tokens {
            Tokens::Ours(issuer) => Some(Arc::clone(issuer) as _),
            Tokens::Elsewhere(_) => None,
        }
    }

    /// Who a client's consent is of, as records tell it: the client with its partner, and the
    /// customer's pseudonym; none of a customer who is not known, or of a bank whose customers
    /// grant nothing here.
    pub fn told_of(
        &self,
        bank: &BankId,
        client: &ClientId,
        subject: Option<&str>,
    ) -> (Who, Option<[u8; 32]>) {
        let issuer = match self.at(bank).map(|at_bank| &at_bank.tokens) {
            Some(Tokens::Ours(issuer)) => Some(issuer),
            Some(Tokens::Elsewhere(_)) | None => None,
        };
        let its = issuer.and_then(|issuer| issuer.clients.get(client));
        let who = Who {
            partner: its.map(|its| its.partner.clone()),
            client: Some(client.clone()),
            ..Who::default()
        };
        let asking = issuer.and_then(|issuer| issuer.authorization.as_ref());
        let customer = asking.and_then(|asking| Some(asking.subjects.pseudonym(subject?)));
        (who, customer)
    }

    /// Until when access tokens that were issued by now may be shown, whatever lifetime they have.
    pub fn tokens_until(now: Timestamp) -> Timestamp {
        shown_until(now)
    }

    /// All rings that are open here.
    pub(crate) fn rings(&self) -> impl Iterator<Item = (&BankId, KeyUse, &Ring)> {
        self.banks.iter().flat_map(|(bank, at_bank)| {
            let tokens = match &at_bank.tokens {
                Tokens::Ours(issuer) => Some((bank, KeyUse::Tokens, &issuer.ring)),
                Tokens::Elsewhere(_) => None,
            };
            tokens
                .into_iter()
                .chain([(bank, KeyUse::Assertions, &at_bank.assertions)])
        })
    }

    /// The secrets for subjects that are not in the store yet.
    pub(crate) fn planned_subjects(&self) -> impl Iterator<Item = (&BankId, &Planned)> {
        self.banks.iter().filter_map(|(bank, at_bank)| {
            let Tokens::Ours(issuer) = &at_bank.tokens else {
                return None;
            };
            let asking = issuer.authorization.as_ref()?;
            Some((bank, asking.subjects.planned()?))
        })
    }

    pub(crate) fn at(&self, bank: &BankId) -> Option<&AtBank> {
        self.banks.get(bank)
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }
}
