//! What an issuer is told at start; already valid.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crypto::{Algorithm, Jwks, KeyEncryptionKey, Random};
use identity::{AccessTokens, Certificates, Ending, KnownBy, Proofs, Trust};
use model::ports::{
    AuditLog, ConsentDesk, CustomerAuth, Fetch, Grants, KeyRing, Outbox, Permissions, Replay,
    Sessions, Watcher,
};
use model::{
    BankId, ClientId, Clock, DetailType, ListenerId, Meter, Name, PartnerId, ScopeSet, Standing,
};

use web::OwnPages;

use crate::issuer::agreement::Open;
use crate::request::details::schema::DetailSchema;
use crate::{Agreement, OpenIdProvider, Profile, PublishedKeys, ResponseMode, WrongLogIns};

/// One bank's issuer, which we are.
#[derive(Debug)]
pub struct IssuerSettings {
    /// The bank.
    pub bank: BankId,
    /// What it demands and offers.
    pub profile: &'static Profile,
    /// The issuer identifier: `https`, no query, no fragment (RFC 8414 §2; MD-02).
    pub issuer: String,
    /// URL of the token endpoint on the listener without client certificates.
    pub token_endpoint: String,
    /// URL of the issuer's public keys.
    pub jwks_uri: String,
    /// The endpoints' URLs up to their last part, on the listener that asks for certificates
    /// (RFC 8705 §5).
    pub mtls_base: Option<String>,
    /// Whether some listener of its endpoints of clients takes certificates; without one clients
    /// have assertions and DPoP keys alone.
    pub takes_certificates: bool,
    /// Scheme, host and port of the listeners that its endpoints of clients answer on, as they are
    /// configured: what DPoP proofs are made for (RFC 9449 §4.3 `htu`).
    pub origins: HashMap<ListenerId, String>,
    /// What `aud` of access tokens names: the API listeners' URLs; at least one.
    pub audience: Vec<String>,
    /// How long an access token lives; whole seconds, at least one.
    pub access_token_lifetime: Duration,
    /// The algorithm that access tokens are signed with.
    pub algorithm: Algorithm,
    /// Where customers grant; `None` where none does.
    pub authorization: Option<Authorization>,
    /// By what its grants end, and what of its tokens is refused, as the road asks it.
    pub ending: Arc<Ending>,
    /// What may be asked for in detail, by type (RFC 9396).
    pub details: HashMap<DetailType, DetailSettings>,
    /// The clients.
    pub clients: HashMap<ClientId, ClientSettings>,
    /// The bank's own services that ask about tokens, by the name they prove themselves under; none
    /// has the name of a client.
    pub resource_servers: HashMap<ClientId, ResourceServer>,
    /// Whose certificates the bank believes.
    pub trust: Arc<Trust>,
}

/// How a bank's customers grant.
pub struct Authorization {
    /// Says who a customer is.
    pub customers: Customers,
    /// Which strengths (`acr`) their log-ins can have; empty where the bank names none.
    pub acr_values: Vec<String>,
    /// How long a grant lives; with a desk, at most.
    pub grant_lifetime: Duration,
    /// What customers consent at; `None` where they approve scopes and details by name alone.
    pub desk: Option<Arc<dyn ConsentDesk>>,
    /// Where customers see and withdraw what they gave; `None` where they do not.
    pub permissions: Option<Arc<dyn Permissions>>,
    /// What the bank puts in the place of our pages' looks and words; [`crate::try_pages`] has
    /// nothing against it.
    pub own: Arc<OwnPages>,
}

/// Who says who a customer is.
#[derive(Clone)]
pub enum Customers {
    /// A service of the bank's, asked for a user name and a password of our page.
    Password(Arc<dyn CustomerAuth>),
    /// The bank's own OpenID provider, to which the browser goes.
    Provider(Arc<OpenIdProvider>),
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("acr_values", &self.acr_values)
            .field("grant_lifetime", &self.grant_lifetime)
            .field("desk", &self.desk.is_some())
            .field("permissions", &self.permissions.is_some())
            .finish_non_exhaustive()
    }
}

/// A bank with an authorization server of its own: that issues its tokens, and answers for itself.
/// Of ours it has the keys of identity assertions.
#[derive(Debug)]
pub struct Elsewhere {
    /// The bank.
    pub bank: BankId,
    /// The public keys that its tokens verify with.
    pub keys: Jwks,
}

/// One client: always confidential.
#[derive(Debug)]
pub struct ClientSettings {
    /// The partner it belongs to.
    pub partner: PartnerId,
    /// The partner's standing.
    pub standing: Standing,
    /// The one way in which it proves itself.
    pub authentication: ClientAuthentication,
    /// What its tokens are bound to.
    pub bound_by: BoundBy,
    /// Its public keys: it signs assertions and requests with them, or they are those of its
    /// certificates; may be empty for [`ClientAuthentication::TlsClientAuth`].
    pub jwks: Jwks,
    /// Where it publishes them instead (RFC 7591 §2, `jwks_uri`); then `jwks` is empty. Never by
    /// [`ClientAuthentication::SelfSignedTlsClientAuth`].
    pub published: Option<Arc<PublishedKeys>>,
    /// Its partner's with the bank: what it may ask for, and when.
    pub agreements: Arc<[Agreement]>,
    /// Where customers are sent back to, compared to the letter; with none, it asks no customer.
    pub redirect_uris: Vec<String>,
    /// How it may ask for responses, of what the profile offers (JM-05).
    pub response_modes: Vec<ResponseMode>,
    /// What customers know its partner as.
    pub app: Name,
    /// Whom customers ask about their data: a mail address or a page.
    pub contact: String,
    /// How it is told who a customer is.
    pub userinfo: Userinfo,
}

/// How the userinfo endpoint answers a client (OIDC Core §5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Userinfo {
    /// As JSON.
    Json,
    /// As a JWT, signed as tokens are (`userinfo_signed_response_alg`).
    Jwt,
}

impl ClientSettings {
    /// Its keys as they are known now: nothing is fetched for it.
    pub(crate) fn keys(&self) -> Jwks {
        match &self.published {
            Some(published) => published.keys(),
            None => self.jwks.clone(),
        }
    }

    /// What is open to it now.
    pub(crate) fn open(&self, now: Timestamp) -> Open<'_> {
        Open::at(&self.agreements, now)
    }
}

/// What a client's tokens are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundBy {
    /// The certificate of the token request (RFC 8705 §3.4
    /// `tls_client_certificate_bound_access_tokens`), and the key of a DPoP proof beside it where
    /// one is sent.
    Certificate,
    /// The key of the token request's DPoP proof (RFC 9449 §5.2 `dpop_bound_access_tokens`); a
    /// certificate shown beside it is authentication alone.
    Key,
}

/// A type of authorization details: what a detail may say, and what customers know it as.
#[derive(Debug)]
pub struct DetailSettings {
    /// What it may say.
    pub schema: Arc<DetailSchema>,
    /// Its title for customers who read Chinese; at most 200 characters.
    pub zh_cn: String,
    /// The same for all others.
    pub en: String,
}

/// A service of the bank's own that asks about the tokens it is shown (RFC 7662 §1). It gets none.
#[derive(Debug)]
pub struct ResourceServer {
    /// The one way in which it proves itself, as a client does.
    pub authentication: ClientAuthentication,
    /// Its public keys; may be empty for [`ClientAuthentication::TlsClientAuth`].
    pub jwks: Jwks,
    /// What `aud` of the tokens holds that it may ask about.
    pub audience: String,
    /// The scopes of the products that it is behind: of a token's it is told these.
    pub scopes: ScopeSet,
    /// The types of authorization details of these: of details without a location it is told those.
    pub details: BTreeSet<DetailType>,
}

/// How a client proves itself (RFC 7591 §2 `token_endpoint_auth_method`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// By an assertion signed with one of its keys (RFC 7523, OIDC Core §9).
    PrivateKeyJwt,
    /// By a certificate of the bank's partner CA that bears this name (RFC 8705 §2.1.2).
    TlsClientAuth(KnownBy),
    /// By a self-signed certificate for one of its keys (RFC 8705 §2.2).
    SelfSignedTlsClientAuth,
}

/// What the server asks of the rest of the house.
pub struct Ports {
    /// Remembers used `jti`s.
    pub replay: Arc<dyn Replay>,
    /// Keeps grants.
    pub grants: Arc<dyn Grants>,
    /// Keeps the sessions of customers.
    pub sessions: Arc<dyn Sessions>,
    /// Keeps events until the log has them.
    pub outbox: Arc<dyn Outbox>,
    /// Keeps the sealed signing keys.
    pub keys: Arc<dyn KeyRing>,
    /// Fetches from the hosts that are listed for the bank.
    pub fetch: Arc<dyn Fetch>,
    /// Takes evidence.
    pub log: Arc<dyn AuditLog>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Gives random bytes.
    pub random: Arc<dyn Random>,
    /// Seals and opens signing keys.
    pub kek: Arc<KeyEncryptionKey>,
    /// Verifies our own tokens; shared with the road, which knows them by another audience.
    pub tokens: Arc<AccessTokens>,
    /// Judges certificates; shared with the road, so that a chain is judged once.
    pub certificates: Arc<Certificates>,
    /// Judges DPoP proofs, and remembers those that were used; one for each bank, which outlives
    /// snapshots.
    pub proofs: Arc<Proofs>,
    /// Counts the wrong log-ins of names, addresses and networks; outlives the server.
    pub wrong_log_ins: Arc<WrongLogIns>,
    /// Counts.
    pub meter: Meter,
    /// Whoever watches what clients ask, if anybody does.
    pub watcher: Option<Arc<dyn Watcher>>,
}
