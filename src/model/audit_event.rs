//! What is evidence: the closed list of events (specs/audit.md §2).
//!
//! `audit` writes an event as one JSON object and adds version, time, node, boot, `seq`, `pseq`.
//! Never in an event: tokens, assertions, keys, raw paths and queries.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::{
    BankId, ClientId, ClusterId, GrantEvent, InteractionId, OperationId, PartnerId, ProductId,
    ProtectionClass, RequestId, SealedDetails,
};

/// Which log an entry belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogName {
    /// The house's own: starts, stops, what happened before a bank was known.
    House,
    /// A bank's.
    Bank(BankId),
}

impl LogName {
    /// `house`, or the bank's id with `bank/` before it.
    pub fn label(&self) -> String {
        match self {
            Self::House => "house".to_owned(),
            Self::Bank(bank) => format!("bank/{bank}"),
        }
    }
}

/// One entry on its way to the log.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// The log it belongs to.
    pub log: LogName,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub event: AuditEvent,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum AuditEvent {
    /// `api.access`: a request on the road, answered, refused, failed or left.
    Access(Box<Access>),
    /// `api.end`: how a streamed answer ended.
    End(End),
    /// `oauth.token`, `oauth.par`, `oauth.authz`, `oauth.revoke`, `oauth.introspect`,
    /// `oauth.userinfo`: an issuer was
    /// asked.
    Token(Box<TokenIssue>),
    /// `oauth.grant`: a customer's grant was made, used or ended.
    Grant(Box<GrantEvent>),
    /// `limit.reject`: refusals that were counted instead of recorded one by one.
    Rejected {
        /// Their code.
        code: &'static str,
        /// How many.
        count: u64,
        /// When the first came.
        first: Timestamp,
        /// When the last came.
        last: Timestamp,
    },
    /// `config.apply`: a configuration came into force.
    ConfigApply {
        /// SHA-256 over the files, hexadecimal.
        digest: Arc<str>,
        /// The number of its snapshot.
        snapshot: u64,
    },
    /// `key.rotate`: the ring of a bank's signing keys is about to change.
    KeyRotate {
        /// What its keys sign: `tokens` or `assertions`.
        key_use: &'static str,
        /// What is done: `begin`, `publish`, `make`, `rotate` or `retire`.
        action: &'static str,
        /// The key with which.
        kid: String,
    },
    /// `config.reject`: a configuration was read while another was in force, and not applied.
    ConfigReject {
        /// SHA-256 over the files, hexadecimal.
        digest: Arc<str>,
        /// The number of the snapshot that stays in force.
        snapshot: u64,
        /// How many things are wrong with it.
        count: u64,
        /// The first of them, in words.
        rule: String,
    },
}

impl AuditEvent {
    /// The partner whose `pseq` the record counts in.
    pub fn partner(&self) -> Option<&PartnerId> {
        match self {
            Self::Access(access) => access.who.partner.as_ref(),
            Self::Token(token) => token.who.partner.as_ref(),
            Self::End(end) => end.partner.as_ref(),
            Self::Grant(grant) => grant.who.partner.as_ref(),
            Self::Rejected { .. }
            | Self::ConfigApply { .. }
            | Self::KeyRotate { .. }
            | Self::ConfigReject { .. } => None,
        }
    }
}

/// Who called, as far as it was known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// The partner.
    pub partner: Option<PartnerId>,
    /// The OAuth client.
    pub client: Option<ClientId>,
    /// `x5t#S256` of the certificate shown.
    pub certificate: Option<[u8; 32]>,
    /// `jkt` of the key whose DPoP proof was good (RFC 9449 §6.1).
    pub key: Option<[u8; 32]>,
    /// SHA-256 of the token's `jti`.
    pub token_jti: Option<[u8; 32]>,
}

/// What was called.
#[derive(Debug, Clone)]
pub struct Object {
    /// The bank.
    pub bank: BankId,
    /// The product.
    pub product: ProductId,
    /// The operation.
    pub operation: OperationId,
    /// Its class.
    pub class: ProtectionClass,
    /// The method.
    pub method: http::Method,
    /// The path template, never the raw path.
    pub template: Arc<str>,
    /// What a record says of all this, as bytes: empty until the first record, which leaves them
    /// for those that follow.
    pub written: OnceLock<Box<[u8]>>,
}

/// How it was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Admitted and answered.
    Allowed,
    /// Refused by us before the bank was called.
    Refused,
    /// Admitted, but the upstream or we failed.
    Failed,
    /// The client went away before an answer's head could leave.
    Aborted,
}

impl Decision {
    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

/// How long it took, in microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timing {
    /// From the request's head to this record.
    pub duration_us: u64,
    /// Of it, waiting for the upstream's head.
    pub upstream_us: Option<u64>,
}

/// A body that was held whole.
#[derive(Debug, Clone, Copy)]
pub struct Body {
    /// Bytes.
    pub length: u64,
    /// SHA-256; not kept for class `open`, whose answers are sent to nobody in particular.
    pub sha256: Option<[u8; 32]>,
}

/// The consent that a request is under, and what of it went out. Never an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentSeen {
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// The kinds of data that went out, at most 64.
    pub clusters: Vec<ClusterId>,
    /// How many items went out.
    pub kept: u32,
    /// How many were left out, since they are not covered.
    pub dropped: u32,
    /// Whether the partner said that the customer was there.
    pub attended: bool,
}

/// A read of a composed operation, as its record tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepSeen {
    /// Its name in the block.
    pub step: Arc<str>,
    /// How many calls were made for it.
    pub calls: u32,
    /// When it began, since the operation did, in microseconds.
    pub began_us: u64,
    /// How long it took, in microseconds; nothing of one that was let go.
    pub took_us: Option<u64>,
    /// How it failed, in one word of a closed set.
    pub fault: Option<&'static str>,
}

/// A request on the road.
#[derive(Debug, Clone)]
pub struct Access {
    /// Our id of it.
    pub request: RequestId,
    /// The partner's.
    pub interaction: InteractionId,
    /// The caller's address. Its network only is written (personal data).
    pub peer: IpAddr,
    /// Who.
    pub who: Who,
    /// What; absent when no route was found, and on a listener for operators.
    pub object: Option<Arc<Object>>,
    /// Under which consent, in class `customer`, once the token names one.
    pub consent: Option<Box<ConsentSeen>>,
    /// The reads of a composed operation, those that began; empty for any other.
    pub steps: Vec<StepSeen>,
    /// The decision.
    pub decision: Decision,
    /// The status sent, or that would have been sent.
    pub status: u16,
    /// The refusal's code, and for faults `internal`.
    pub code: Option<&'static str>,
    /// The rule relied on for a refusal, in words.
    pub rule: Option<String>,
    /// What went wrong with the bank's service, in one word of a closed set.
    pub trouble: Option<&'static str>,
    /// Timing.
    pub timing: Timing,
    /// The answer's body, when held whole; `None` when it has none, or streams (an `api.end`
    /// follows).
    pub answer: Option<Body>,
    /// Number of the snapshot in force.
    pub snapshot: u64,
}

/// How a streamed answer ended.
#[derive(Debug, Clone)]
pub struct End {
    /// The request.
    pub request: RequestId,
    /// The partner, when known.
    pub partner: Option<PartnerId>,
    /// Bytes of the request's body.
    pub bytes_in: u64,
    /// Bytes of the answer's body that were given to the connection.
    pub bytes_out: u64,
    /// From the request's head to the end, in microseconds.
    pub duration_us: u64,
    /// How.
    pub ended: Ended,
    /// What went wrong with the bank's service, in one word, when it was cut.
    pub trouble: Option<&'static str>,
}

/// The end of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Whole.
    Clean,
    /// The upstream, or a limit of ours, cut it.
    Cut,
    /// The client went away.
    Aborted,
}

impl Ended {
    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Cut => "cut",
            Self::Aborted => "aborted",
        }
    }
}

/// An endpoint of an issuer, where clients or customers ask for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OauthEndpoint {
    /// The token endpoint (RFC 6749 §3.2).
    Token,
    /// The pushed authorization request endpoint (RFC 9126).
    Par,
    /// The authorization endpoint and its pages (RFC 6749 §3.1).
    Authorize,
    /// The revocation endpoint (RFC 7009).
    Revoke,
    /// The userinfo endpoint (OpenID Connect Core §5.3).
    Userinfo,
    /// The introspection endpoint (RFC 7662).
    Introspect,
    /// The pages on which customers keep their permissions.
    Permissions,
}

impl OauthEndpoint {
    /// The type of its records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Token => "oauth.token",
            Self::Par => "oauth.par",
            Self::Authorize => "oauth.authz",
            Self::Revoke => "oauth.revoke",
            Self::Userinfo => "oauth.userinfo",
            Self::Introspect => "oauth.introspect",
            Self::Permissions => "oauth.permissions",
        }
    }
}

/// What was asked of an issuer, and how it was decided.
#[derive(Debug, Clone)]
pub struct TokenIssue {
    /// Where.
    pub endpoint: OauthEndpoint,
    /// Our id of the request.
    pub request: RequestId,
    /// The partner's.
    pub interaction: InteractionId,
    /// The caller's address. Its network only is written.
    pub peer: IpAddr,
    /// The bank whose issuer was asked.
    pub bank: BankId,
    /// Who; `token_jti` is that of the token issued, or asked about.
    pub who: Who,
    /// The grant type asked for, if it is one we know.
    pub grant_type: Option<&'static str>,
    /// The scopes granted.
    pub scope: Option<String>,
    /// The authorization details granted.
    pub details: Option<SealedDetails>,
    /// Whom the token issued is for: what its `aud` names, space-delimited.
    pub audience: Option<String>,
    /// SHA-256 of the id of the customer's grant that the token is under.
    pub grant: Option<[u8; 32]>,
    /// The decision.
    pub decision: Decision,
    /// The status sent.
    pub status: u16,
    /// The OAuth error sent.
    pub code: Option<&'static str>,
    /// The rule relied on for a refusal, in words.
    pub rule: Option<String>,
    /// From the request's head to this record, in microseconds.
    pub duration_us: u64,
}
