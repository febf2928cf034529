//! One bank's issuer at work: settings, key ring and the documents it publishes, made once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crypto::{Algorithm, Jwks};
use identity::Trust;
use model::ports::KeyUse;
use model::{BankId, ClientId, Fault, Words};

use crate::keys::ring::Ring;
use crate::{ClientSettings, IssuerSettings, Ports, metadata, metrics};

pub(crate) mod decoy;

use self::decoy::Decoys;

/// The longest that an access token may live: it cannot be called back, and a key verifies for as
/// long after its last signature.
const TOKEN_LIFE_MAX: Duration = Duration::from_mins(15);

/// An issuer, ready to answer.
pub(crate) struct Issuer {
    pub(crate) bank: BankId,
    /// The issuer identifier: compared byte by byte (PK-03), written into tokens as it is.
    pub(crate) identifier: String,
    pub(crate) audience: Vec<String>,
    pub(crate) access_token_lifetime: Duration,
    /// How tokens are signed.
    pub(crate) algorithm: Algorithm,
    pub(crate) clients: HashMap<ClientId, ClientSettings>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) ring: Ring,
    pub(crate) decoys: Decoys,
    /// Requests for tokens, by outcome and code.
    pub(crate) requests: Words<2>,
    /// The metadata document (RFC 8414 §3.2).
    pub(crate) metadata: Bytes,
}

/// What a bank has here: its tokens' keys, and ours to its services.
pub(crate) struct AtBank {
    pub(crate) tokens: Tokens,
    pub(crate) assertions: Ring,
}

/// Who issues a bank's access tokens.
pub(crate) enum Tokens {
    /// We do.
    Ours(Box<Issuer>),
    /// Its own authorization server does, with these keys.
    Elsewhere(Jwks),
}

/// The keys of identity assertions to a bank's services.
pub(crate) async fn open_assertions(bank: &BankId, ports: &Ports) -> Result<Ring, Fault> {
    Ring::open(bank, KeyUse::Assertions, Algorithm::Es256, ports).await
}

impl Issuer {
    pub(crate) async fn open(settings: IssuerSettings, ports: &Ports) -> Result<Self, Fault> {
        let bank = settings.bank.clone();
        let refused = |rule: &str| Err(Fault::new(format!("opening the issuer of {bank}: {rule}")));
        if !metadata::is_identifier(&settings.issuer) {
            return refused("its identifier must be an https URL without query and fragment");
        }
        if settings.audience.is_empty() {
            return refused("its tokens need an audience");
        }
        if settings.access_token_lifetime.as_secs() == 0 {
            return refused("its tokens must live at least one second");
        }
        if settings.access_token_lifetime > TOKEN_LIFE_MAX {
            return refused("its tokens must not outlive the key that signed them");
        }
        let ring = Ring::open(&bank, KeyUse::Tokens, settings.algorithm, ports).await?;
        Ok(Self {
            metadata: metadata::document(&settings)?,
            decoys: Decoys::for_clients(&settings.clients),
            requests: metrics::token_requests(&ports.meter, &settings.bank),
            ring,
            bank: settings.bank,
            identifier: settings.issuer,
            audience: settings.audience,
            access_token_lifetime: settings.access_token_lifetime,
            algorithm: settings.algorithm,
            clients: settings.clients,
            trust: settings.trust,
        })
    }
}
