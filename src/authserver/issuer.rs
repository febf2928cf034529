//! One bank's issuer at work: settings, key ring and the documents it publishes, made once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use web::{OwnPages, Pages};

use crypto::{Algorithm, Jwks, KeyEncryptionKey};
use identity::{End, Ending, Moment, Trust};
use jiff::Timestamp;
use model::ports::{ConsentDesk, Finish, KeyUse, Permissions, StoreUnavailable};
use model::{
    BankId, ClientId, DetailType, Fault, GrantId, ListenerId, PartnerId, Scope, Why, Words,
};

use crate::keys::ring::Ring;
use crate::keys::subjects::Subjects;
use crate::request::details::consent;
use crate::{
    ClientSettings, Customers, DetailSettings, IssuerSettings, Ports, Profile, ResourceServer,
    metadata, metrics, page,
};

pub(crate) mod agreement;
pub(crate) mod decoy;
pub(crate) mod kept;
pub(crate) mod limits;
pub(crate) mod profile;
pub(crate) mod published;
pub(crate) mod registered;
mod rights;

use self::decoy::Decoys;

/// The longest that an access token may live: a key verifies for as long after its
/// last signature.
const TOKEN_LIFE_MAX: Duration = Duration::from_mins(15);

/// How identity assertions to a bank's services are signed.
pub(crate) const ASSERTIONS: Algorithm = Algorithm::Es256;

/// How far clocks may differ (L-02), and how long a request that is under way may still sign.
const LEEWAY: Duration = Duration::from_secs(20);

/// An issuer, ready to answer.
pub(crate) struct Issuer {
    pub(crate) bank: BankId,
    pub(crate) profile: &'static Profile,
    /// The issuer identifier: compared byte by byte (PK-03), written into tokens as it is.
    pub(crate) identifier: String,
    pub(crate) audience: Vec<String>,
    /// What DPoP proofs are made for, by the listener that a request comes by.
    pub(crate) origins: HashMap<ListenerId, String>,
    pub(crate) access_token_lifetime: Duration,
    /// How tokens are signed.
    pub(crate) algorithm: Algorithm,
    pub(crate) clients: HashMap<ClientId, ClientSettings>,
    pub(crate) resource_servers: HashMap<ClientId, ResourceServer>,
    pub(crate) details: HashMap<DetailType, DetailSettings>,
    /// How customers grant, where they do.
    pub(crate) authorization: Option<Asking>,
    ending: Arc<Ending>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) ring: Ring,
    pub(crate) decoys: Decoys,
    /// As its own userinfo endpoint knows it: tokens must name the issuer itself.
    pub(crate) own: identity::Issuer,
    /// Requests for tokens, by outcome and code.
    pub(crate) requests: Words<2>,
    /// The metadata document (RFC 8414 §3.2).
    pub(crate) metadata: Bytes,
}

/// What asking customers takes.
pub(crate) struct Asking {
    pub(crate) customers: Customers,
    pub(crate) grant_lifetime: Duration,
    /// What customers consent at, where they do.
    pub(crate) desk: Option<Arc<dyn ConsentDesk>>,
    /// Where customers keep what they gave, where they do.
    pub(crate) permissions: Option<Arc<dyn Permissions>>,
    pub(crate) pages: Pages,
    /// What the bank is called, among it.
    pub(crate) own: Arc<OwnPages>,
    /// Seals the way back to apps.
    pub(crate) way: KeyEncryptionKey,
    pub(crate) subjects: Subjects,
}

/// What a bank has here: its tokens' keys, and ours to its services.
pub(crate) struct AtBank {
    pub(crate) tokens: Tokens,
    pub(crate) assertions: Ring,
}

/// Who issues a bank's access tokens.
pub(crate) enum Tokens {
    /// We do.
    Ours(Arc<Issuer>),
    /// Its own authorization server does, with these keys.
    Elsewhere(Jwks),
}

/// Until when a token that was issued by now may be shown.
pub(crate) fn shown_until(now: Timestamp) -> Timestamp {
    let shown = TOKEN_LIFE_MAX + LEEWAY;
    now.checked_add(shown).unwrap_or(Timestamp::MAX)
}

/// What the road knows a grant by.
fn digest_of(grant: &GrantId) -> [u8; 32] {
    crypto::sha256(grant.as_str().as_bytes())
}

/// Host and path of an issuer's identifier.
pub(crate) fn split(identifier: &str) -> (&str, &str) {
    let rest = identifier
        .split_once("://")
        .map_or(identifier, |(_, rest)| rest);
    let slash = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(slash).unwrap_or((rest, ""));
    (host, path.trim_end_matches('/'))
}

/// The keys of identity assertions to a bank's services.
pub(crate) async fn open_assertions(bank: &BankId, ports: &Ports) -> Result<Ring, Fault> {
    Ring::open(bank, KeyUse::Assertions, ASSERTIONS, ports).await
}

impl Issuer {
    pub(crate) async fn open(mut settings: IssuerSettings, ports: &Ports) -> Result<Self, Fault> {
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
        let asking = settings.authorization.as_ref();
        if asking.is_some_and(|asking| asking.desk.is_some()) {
            consent::put(&mut settings.details)?;
        }
        let ring = Ring::open(&bank, KeyUse::Tokens, settings.algorithm, ports).await?;
        let now = ports.clock.now();
        let metadata = metadata::document(&settings, &ring.algorithms(now), now)?;
        let authorization = match settings.authorization {
            None => None,
            Some(asking) => {
                let subjects = Subjects::open(&bank, ports).await?;
                Some(Asking {
                    customers: asking.customers,
                    grant_lifetime: asking.grant_lifetime,
                    desk: asking.desk,
                    permissions: asking.permissions,
                    pages: page::pages(&asking.own)?,
                    own: asking.own,
                    way: subjects.key_for("way-back")?,
                    subjects,
                })
            }
        };
        let identifier = settings.issuer.clone();
        let keys = ring.verifying(ports.clock.now());
        let own = identity::Issuer::new(identifier.clone(), identifier, keys);
        Ok(Self {
            own: own.revoking(Arc::clone(settings.ending.revoked())),
            metadata,
            authorization,
            ending: settings.ending,
            decoys: Decoys::for_clients(&settings.clients),
            requests: metrics::token_requests(&ports.meter, &settings.bank),
            ring,
            bank: settings.bank,
            profile: settings.profile,
            identifier: settings.issuer,
            audience: settings.audience,
            origins: settings.origins,
            access_token_lifetime: settings.access_token_lifetime,
            algorithm: settings.algorithm,
            clients: settings.clients,
            resource_servers: settings.resource_servers,
            details: settings.details,
            trust: settings.trust,
        })
    }

    /// The path of its identifier: all its addresses begin with it.
    pub(crate) fn path(&self) -> &str {
        let (_, path) = split(&self.identifier);
        path
    }

    /// The host of its identifier, with the port where it has one.
    pub(crate) fn host(&self) -> &str {
        let (host, _) = split(&self.identifier);
        host
    }

    /// A customer as this partner knows them; `None` where customers grant nothing.
    pub(crate) fn subject(&self, partner: &PartnerId, subject: &str) -> Option<String> {
        let asking = self.authorization.as_ref()?;
        Some(asking.subjects.of(partner, subject))
    }

    /// What customers consent at, where they do.
    pub(crate) fn desk(&self) -> Option<&dyn ConsentDesk> {
        self.authorization.as_ref()?.desk.as_deref()
    }

    /// Whether customers may be asked for this scope, whoever asks.
    pub(crate) fn is_open_to_customers(&self, scope: &Scope) -> bool {
        self.desk().is_none_or(|desk| desk.has_scope(scope))
    }

    /// The consents of the bank's customers.
    pub(crate) fn consents(&self) -> &Ending {
        &self.ending
    }

    /// From here on the road refuses every token of the grant.
    pub(crate) fn revoke_grant(&self, grant: &GrantId, until: Timestamp, now: Timestamp) {
        self.ending.hold(End {
            digest: digest_of(grant),
            why: Why::Revoked,
            until,
            now,
        });
    }

    /// From here on the road refuses every token of the grant, until it is known to stand.
    pub(crate) fn doubt_grant(&self, grant: &GrantId, until: Timestamp, now: Timestamp) {
        let revoked = self.ending.revoked();
        revoked.doubt(digest_of(grant), Why::Revoked, until, now);
    }

    /// What tells doubts apart that come before it from those that come after.
    pub(crate) fn moment(&self) -> Moment {
        self.ending.revoked().moment()
    }

    /// What put the grant into doubt before this moment did not touch it.
    pub(crate) fn settle_grant(&self, grant: &GrantId, before: Moment) {
        self.ending.revoked().settle(&digest_of(grant), before);
    }

    /// The consent of the grant is another than before: the road looks it up anew.
    pub(crate) fn consent_changed(&self, grant: &GrantId) {
        self.ending.changed(&digest_of(grant));
    }

    /// Asks the store for what takes the place of this grant, whose tokens may be shown until then;
    /// the road refuses them before the store has it.
    pub(crate) async fn superseding<F>(
        &self,
        (grant, until): (&GrantId, Timestamp),
        now: Timestamp,
        ask: impl FnOnce() -> F,
    ) -> Result<Finish, StoreUnavailable>
    where
        F: Future<Output = Result<Finish, StoreUnavailable>>,
    {
        let why = Why::Superseded;
        let end = End {
            digest: digest_of(grant),
            why,
            until,
            now,
        };
        let is_done = |finish: &Finish| matches!(finish, Finish::Done(_)).then_some(why);
        self.ending.end(end, ask, is_done).await
    }

    /// Whether the token of this SHA-256 of its `jti`, or its grant, is revoked.
    pub(crate) fn is_revoked(&self, jti: &[u8; 32], grant: Option<&GrantId>) -> bool {
        let (revoked, grant) = (self.ending.revoked(), grant.map(digest_of));
        revoked.held([Some(jti), grant.as_ref()]).is_some()
    }

    /// From here on the road refuses the token of this SHA-256 of its `jti`.
    pub(crate) fn revoke_token(&self, jti: [u8; 32], until: Timestamp, now: Timestamp) {
        self.ending.revoked().hold(jti, Why::Revoked, until, now);
    }
}
