//! The server: its issuers by bank, and the ports.

use std::collections::HashMap;
use std::sync::Arc;

use crypto::{Jwks, SigningKey};
use model::{BankId, Fault};

use crate::issuer::Issuer;
use crate::{IssuerSettings, Ports};

/// The authorization server of all banks of a gateway. A bank sees nothing of another.
pub struct AuthServer {
    issuers: HashMap<BankId, Issuer>,
    ports: Ports,
}

impl AuthServer {
    /// Opens each issuer's key ring (making a key when none has the configured algorithm) and
    /// writes its documents. Fails when the store does not answer, a key cannot be unsealed, a
    /// bank stands twice, or an issuer identifier breaks RFC 8414 §2.
    pub async fn open(settings: Vec<IssuerSettings>, ports: Ports) -> Result<Self, Fault> {
        let mut issuers = HashMap::with_capacity(settings.len());
        for settings in settings {
            let bank = settings.bank.clone();
            let issuer = Issuer::open(settings, &ports).await?;
            if issuers.insert(bank.clone(), issuer).is_some() {
                return Err(Fault::new(format!("opening two issuers for bank {bank}")));
            }
        }
        Ok(Self { issuers, ports })
    }

    /// The public keys that a bank's access tokens verify with; none for a bank without issuer,
    /// so that nothing verifies.
    pub fn keys(&self, bank: &BankId) -> Jwks {
        self.issuers.get(bank).map_or_else(
            || Jwks::from_keys(Vec::new()),
            |issuer| issuer.ring.public(),
        )
    }

    /// The key that signs identity assertions to a bank's services, and the public keys that they
    /// verify with, published at [`crate::Endpoint::UpstreamJwks`]; `None` for a bank without
    /// issuer.
    pub fn assertion_keys(&self, bank: &BankId) -> Option<(Arc<SigningKey>, Jwks)> {
        let ring = &self.issuers.get(bank)?.assertions;
        Some((Arc::clone(ring.signer()), ring.public()))
    }

    pub(crate) fn issuer(&self, bank: &BankId) -> Option<&Issuer> {
        self.issuers.get(bank)
    }

    pub(crate) fn ports(&self) -> &Ports {
        &self.ports
    }
}
