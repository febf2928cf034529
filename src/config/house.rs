//! What a configuration means: settings of the rooms, valid as a whole.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use authserver::{
    Agreement, BoundBy, ClientAuthentication, DetailSchema, Profile, ResponseMode, ShownClaim,
    Userinfo,
};
use crypto::{Algorithm, Jwks, KeyEncryptionKey, SigningKey};
use edge::ListenerSettings;
use identity::{KnownBy, Operators, Trust};
use jiff::Timestamp;
use model::{
    BankId, ClientId, DetailType, ListenerId, Name, Partner, PartnerId, PlanId, ProductId,
    Standing, UpstreamId,
};
use openapi::ApiDescription;
use upstream::UpstreamSettings;
use url::Url;
use web::OwnPages;

use crate::Rate;
use crate::mistake::Mistakes;

mod consent;
mod room;

pub use consent::ConsentPlan;
pub use room::{BlockPlan, DestinationPlan, Room, SourcePlan};

/// Who loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A server: certificates of the sandbox are refused.
    Serve,
    /// The sandbox.
    Sandbox,
}

/// What a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The products.
    Api,
    /// The token endpoints of the issuers.
    Token,
    /// Metadata and public keys of the issuers.
    Discovery,
    /// The authorization endpoints of the issuers, and their pages.
    Authorize,
    /// What is measured, for operators alone.
    Metrics,
    /// Whether the process lives and is ready, for probes.
    Health,
}

impl Service {
    pub(crate) const ALL: [Self; 6] = [
        Self::Api,
        Self::Token,
        Self::Discovery,
        Self::Authorize,
        Self::Metrics,
        Self::Health,
    ];

    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Token => "token",
            Self::Discovery => "discovery",
            Self::Authorize => "authorize",
            Self::Metrics => "metrics",
            Self::Health => "health",
        }
    }
}

/// What a load gave.
#[derive(Debug)]
pub struct Loaded {
    /// The settings, or every mistake.
    pub house: Result<House, Mistakes>,
    /// What only time made wrong in a good file: certificates that ran out, revocation lists that
    /// are out of date. What depends on it is refused on the road; nothing else suffers by it.
    pub lapsed: Option<Mistakes>,
    /// SHA-256 over all files read, in hexadecimal.
    pub digest: String,
    /// The files that were read, and those that should have been.
    pub files: Vec<PathBuf>,
}

/// A whole configuration.
#[derive(Debug)]
pub struct House {
    /// The listeners, in the file's order.
    pub listeners: Vec<ListenerPlan>,
    /// The banks, in the file's order.
    pub banks: Vec<BankPlan>,
    /// The partners, in the file's order.
    pub partners: Vec<PartnerPlan>,
    /// The plans by id.
    pub plans: HashMap<PlanId, PlanSettings>,
    /// The agreements, in the file's order; no two of one partner and bank hold one product on one
    /// day.
    pub agreements: Vec<AgreementPlan>,
    /// What one address may knock.
    pub gate: GatePlan,
    /// The file of the embedded store.
    pub store: PathBuf,
    /// The audit log.
    pub audit: audit::Settings,
    /// How long open requests are waited for at the end.
    pub drain: Duration,
    /// SHA-256 over all files read, in hexadecimal.
    pub digest: String,
}

/// A listener.
#[derive(Debug)]
pub struct ListenerPlan {
    /// Where it listens.
    pub address: SocketAddr,
    /// How callers reach it: scheme `https`, host and port, no path; none where it has no TLS.
    pub url: Option<Url>,
    /// What it serves; never empty.
    pub serves: BTreeSet<Service>,
    /// Whose certificates it takes, where it serves operators.
    pub operators: Option<Arc<Operators>>,
    /// What `edge` needs, its id among it.
    pub edge: ListenerSettings,
}

impl ListenerPlan {
    /// The URL as the file writes it, without a slash at its end: the audience of tokens.
    pub fn origin(&self) -> Option<String> {
        let url = self.url.as_ref()?;
        Some(url.origin().ascii_serialization())
    }
}

/// A bank.
#[derive(Debug)]
pub struct BankPlan {
    /// Its id.
    pub id: BankId,
    /// Whose certificates it believes; holds the partners that have an agreement with it.
    pub trust: Arc<Trust>,
    /// Its issuer.
    pub issuer: IssuerPlan,
    /// Its services.
    pub upstreams: Vec<UpstreamSettings>,
    /// The hosts of others that are asked in its name, and no other.
    pub fetch: Vec<UpstreamSettings>,
    /// What it offers.
    pub products: Vec<ProductPlan>,
    /// What its customers consent to; none where they consent to nothing. Then no operation is of
    /// class `customer`.
    pub consent: Option<ConsentPlan>,
    /// What it is called on its pages, and what takes the place of ours: tried against ours.
    pub pages: Arc<OwnPages>,
}

/// A bank's issuer of tokens.
pub struct IssuerPlan {
    /// Its identifier (RFC 8414 §2), as it stands in tokens and metadata.
    pub url: String,
    /// Who issues its access tokens.
    pub tokens: TokensPlan,
    /// Who we are to the bank's services: the `iss` of identity assertions, whose public keys are
    /// at `/jwks/upstream` below it. Our issuer's URL, where we issue the tokens.
    pub assertion_issuer: String,
    /// Every listener and path at which something of it is answered.
    pub endpoints: Vec<EndpointPlan>,
    /// The audience of its access tokens: the URLs of the listeners that serve the bank's products.
    pub audience: Vec<String>,
    /// What wraps our signing keys in the store.
    pub kek: Arc<KeyEncryptionKey>,
    /// The clients of the partners that have an agreement with the bank.
    pub clients: HashMap<ClientId, ClientPlan>,
    /// The bank's own services that ask about tokens, by name; no client has one of these.
    pub resource_servers: HashMap<ClientId, ResourceServerPlan>,
}

/// Who issues a bank's access tokens.
#[derive(Debug)]
pub enum TokensPlan {
    /// This gateway.
    Ours(OurTokensPlan),
    /// The bank's own authorization server, with these public keys.
    Elsewhere(Jwks),
}

/// The access tokens that this gateway issues for a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurTokensPlan {
    /// What the issuer demands and offers.
    pub profile: &'static Profile,
    /// Where tokens are asked for without a client certificate, at the issuer's own URL.
    pub token_endpoint: String,
    /// Where the public keys are.
    pub jwks_uri: String,
    /// What comes before `/token`, `/introspect`, `/par` and `/revoke` where client certificates
    /// are taken (RFC 8705 §5): origin and path, no slash at the end; none when the issuer's own
    /// listener takes them.
    pub mtls_base: Option<String>,
    /// Whether a listener takes client certificates where tokens are given out; without one, all
    /// clients prove themselves by assertions, and their tokens are bound to DPoP keys.
    pub takes_certificates: bool,
    /// How long a token lives.
    pub access_token_lifetime: Duration,
    /// How it is signed.
    pub algorithm: Algorithm,
    /// What customers' grants need; none where customers cannot grant. Then there are no endpoints
    /// but those of clients that act for themselves.
    pub authorization: Option<AuthorizationPlan>,
}

/// A service of a bank's own that asks about the tokens it is shown (RFC 7662 §1).
#[derive(Debug, Clone)]
pub struct ResourceServerPlan {
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// Its public keys; none by `tls_client_auth`.
    pub jwks: Jwks,
    /// What `aud` of the tokens holds that it may ask about: an `https` URL.
    pub audience: String,
    /// Behind which products it is: those served at the listener whose URL is its audience, or
    /// those that are named. Their partners' clients ask for tokens that are for it, and of
    /// tokens it is told what these products are asked for. Never empty.
    pub products: Vec<ProductId>,
}

/// The authorization endpoint of an issuer of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationPlan {
    /// Who says who a customer is.
    pub log_in: LogInPlan,
    /// Which strengths (`acr`) log-ins can have; empty where the bank names none.
    pub acr_values: Vec<String>,
    /// How long a grant lives, and its refresh token with it: 1 minute to 366 days, as long as
    /// the longest consent of a profile.
    pub grant_lifetime: Duration,
}

/// Who says who a customer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogInPlan {
    /// A service of the bank's.
    Service {
        /// The upstream, which is among the bank's.
        upstream: UpstreamId,
        /// The path there: absolute, a URI's own characters alone, no query, no dot segments, at
        /// most 256 bytes.
        path: String,
    },
    /// The bank's own OpenID provider.
    Provider(ProviderPlan),
}

/// An OpenID provider at which a bank's customers log in.
#[derive(Debug, Clone)]
pub struct ProviderPlan {
    /// Its issuer identifier, as the file writes it.
    pub issuer: String,
    /// Who this gateway is there.
    pub client_id: ClientId,
    /// Signs who this gateway is there.
    pub key: Arc<SigningKey>,
    /// The claim that says how customers know themselves.
    pub shown: ShownClaim,
}

/// Keys are the same by their `kid`, which is their thumbprint.
impl PartialEq for ProviderPlan {
    fn eq(&self, other: &Self) -> bool {
        self.issuer == other.issuer
            && self.client_id == other.client_id
            && self.key.kid() == other.key.kid()
            && self.shown == other.shown
    }
}

impl Eq for ProviderPlan {}

impl fmt::Debug for IssuerPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerPlan")
            .field("url", &self.url)
            .field("tokens", &self.tokens)
            .field("assertion_issuer", &self.assertion_issuer)
            .field("endpoints", &self.endpoints)
            .field("audience", &self.audience)
            .field("clients", &self.clients)
            .field("resource_servers", &self.resource_servers)
            .finish_non_exhaustive()
    }
}

/// One place at which an issuer answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EndpointPlan {
    /// The listener.
    pub listener: ListenerId,
    /// The path, from the first slash on.
    pub path: String,
    /// What is there.
    pub endpoint: IssuerEndpoint,
}

/// What an issuer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssuerEndpoint {
    /// The metadata (RFC 8414 §3).
    Metadata,
    /// The same for OpenID Connect (OIDC Discovery §4).
    OpenIdMetadata,
    /// The public keys (RFC 7517 §5).
    Jwks,
    /// The public keys of identity assertions, for the bank's services (RFC 7517 §5).
    UpstreamJwks,
    /// The token endpoint (RFC 6749 §3.2).
    Token,
    /// The pushed authorization request endpoint (RFC 9126 §2).
    Par,
    /// The revocation endpoint (RFC 7009 §2).
    Revoke,
    /// The userinfo endpoint (OIDC Core §5.3).
    Userinfo,
    /// The introspection endpoint (RFC 7662 §2).
    Introspect,
    /// The authorization endpoint (RFC 6749 §3.1), for browsers.
    Authorize,
    /// The page at which a customer logs in.
    LogIn,
    /// Where the bank's own OpenID provider sends a customer back to.
    LoggedIn,
    /// The page at which a customer approves or denies.
    Approve,
    /// The page that sends a customer back to the app.
    Done,
    /// Where a customer sees and withdraws what they gave, and all that is below it.
    Permissions,
}

/// An OAuth client at one bank.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// Whose it is.
    pub partner: PartnerId,
    /// The partner's standing.
    pub standing: Standing,
    /// How it proves itself.
    pub authentication: ClientAuthentication,
    /// What its tokens are bound to.
    pub bound_by: BoundBy,
    /// Its public keys; none where they are published, and maybe none by `tls_client_auth`.
    pub jwks: Jwks,
    /// Where it publishes them instead: `https`, of a host that the bank lists, where we issue the
    /// bank's tokens.
    pub jwks_url: Option<String>,
    /// What it may ask for, and when: what the products in the partner's agreements with this bank
    /// give.
    pub agreements: Arc<[Agreement]>,
    /// Where customers may be sent back to, as the file writes them: compared byte by byte
    /// (RFC 9700 §2.1). Empty when it cannot ask for a customer's grant.
    pub redirect_uris: Vec<String>,
    /// How it may ask for responses, of what the issuer's profile offers.
    pub response_modes: Vec<ResponseMode>,
    /// What customers are told it is called: the partner's names.
    pub app: Name,
    /// Whom a customer asks about their data: a mail address or a page.
    pub contact: String,
    /// How it is told who a customer is.
    pub userinfo: Userinfo,
}

/// A product.
#[derive(Debug)]
pub struct ProductPlan {
    /// Its id.
    pub id: ProductId,
    /// Where its calls go.
    pub destination: DestinationPlan,
    /// The listeners that serve it; never empty.
    pub listeners: Vec<ListenerId>,
    /// From a request's head to the answer's.
    pub deadline: Duration,
    /// Its operations; none is of a class that is not available.
    pub description: Arc<ApiDescription>,
    /// What customers are asked for in detail (RFC 9396), by type; a bank's products share none.
    pub details: BTreeMap<DetailType, DetailPlan>,
}

/// A type of authorization details.
#[derive(Debug, Clone)]
pub struct DetailPlan {
    /// What a detail may say.
    pub schema: Arc<DetailSchema>,
    /// What customers know it as, in Chinese …
    pub zh_cn: String,
    /// … and in English.
    pub en: String,
}

/// A partner.
#[derive(Debug, Clone)]
pub struct PartnerPlan {
    /// What the house knows of it.
    pub partner: Partner,
    /// What its certificates are known by.
    pub known_by: KnownBy,
    /// Whom a customer asks about their data: a mail address or a page.
    pub privacy_contact: String,
    /// Its clients.
    pub clients: Vec<ClientId>,
}

/// A named set of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanSettings {
    /// How many requests in how long.
    pub rate: Rate,
    /// How many at once after a rest.
    pub burst: NonZeroU32,
    /// How many may be open.
    pub concurrent: NonZeroU32,
}

/// What a partner may use of a bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementPlan {
    /// The partner.
    pub partner: PartnerId,
    /// The bank.
    pub bank: BankId,
    /// The products; never empty.
    pub products: Vec<ProductId>,
    /// The plan.
    pub plan: PlanId,
    /// From when on it holds, inclusive: the first day's beginning in UTC.
    pub from: Timestamp,
    /// Until when it holds, exclusive: the last day's end in UTC.
    pub until: Timestamp,
}

/// The bucket of each address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatePlan {
    /// How many requests in how long.
    pub rate: Rate,
    /// How many at once after a rest.
    pub burst: NonZeroU32,
}
