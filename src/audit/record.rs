//! From an event to the bytes of its record (specs/audit.md §2).
//!
//! A record is one JSON object, UTF-8, no floats. Its bytes are stored and hashed as they are made
//! here; nothing is ever brought into another form to verify it. Members, in their order:
//!
//! | key | what | in |
//! |---|---|---|
//! | `v` | version of this table: 1 | all |
//! | `node` | the node's name | all |
//! | `boot` | random id of the node's start, base64url | all |
//! | `seq` | number within the boot, dense from 1 | all |
//! | `pseq` | number among the partner's records in this log, dense from 1 | with `partner.id` |
//! | `ts` | when it happened, RFC 3339 UTC with nanoseconds | all |
//! | `type` | `api.access`, `api.end`, `oauth.token\|par\|authz\|revoke\|introspect`, `oauth.grant`, `limit.reject`, `config.apply\|reject`, `key.rotate`, `audit.start`, `audit.stop`, `audit.recover`, `audit.gap` | all |
//! | `req` | our id of the request | api, oauth |
//! | `eid` | id of the event: of two records with one, the second is a copy written after a crash | `oauth.grant` |
//! | `iid` | the partner's interaction id | `api.access`, oauth |
//! | `net` | the caller's network: /24 of IPv4, /48 of IPv6 | `api.access`, oauth |
//! | `partner` | `id` the partner, `client` its OAuth client; as far as known | api, oauth |
//! | `auth` | `x5t` certificate (`x5t#S256`), `jkt` key of a good DPoP proof, `jti` SHA-256 of the token's; base64url | api.access, oauth |
//! | `object` | `bank`, `product`, `op` operation, `class`, `method`, `path` the template | `api.access` |
//! | `object` | `bank` | oauth |
//! | `grant` | grant type asked for | `oauth.token` |
//! | `scope`, `details` | scopes and authorization details granted: of these the `types`, and their `hmac`, base64url, under the grant's id | `oauth.token`, `grant.approve` |
//! | `aud` | whom the token is for: what its `aud` names, space-delimited | `oauth.token` |
//! | `resource`, `until` | the one resource that the grant is for, where the request named one; when the grant ends, as `ts` | `grant.approve` |
//! | `action`, `gid` | `grant.approve\|refuse\|revoke`, `code.redeem\|reuse`, `token.revoke`, `session.begin`, `consent.lodge\|open\|allow\|extend\|lapse\|renew\|expire\|withdraw\|supersede\|look`; SHA-256 of the grant's id, base64url | `oauth.grant` |
//! | `consent` | what it did to a consent: state `from` and `to`, `by` customer, partner, bank or house, `channel` page, api, control or clock, `text` the digest of the texts that were shown, `psu` the customer's pseudonym (both base64url), `clusters` the kinds of data, space-delimited, `resources` how many were chosen, `evidence_digest` SHA-256 of the sealed evidence that is kept of it, hexadecimal | `oauth.grant` |
//! | `outcome` | `decision` allowed, refused, failed, aborted; `status` (not in `oauth.grant`); `code`; `rule` relied on | `api.access`, oauth |
//! | `trouble` | what went wrong with the bank's service, in one word: `busy`, `resting`, `draining`, `dead`, `unreachable`, `untrusted`, `refused`, `timed_out`, `reset`, `garbage`; at the end `truncated`, `stalled` | `api.access`, `api.end` |
//! | `timing` | `us` from the request's head to the record, `up_us` of it the upstream | api, `oauth.token` |
//! | `resp` | the answer's body when held whole: `len`, and but for class `open` its `sha256`, base64url | `api.access` |
//! | `bytes` | `in` and `out` of streamed bodies | `api.end` |
//! | `ended` | clean, cut, aborted | `api.end` |
//! | `cfg` | number of the snapshot in force | `api.access`, config |
//! | `digest` | SHA-256 of the configuration's files | config |
//! | `count`, `rule` | how many mistakes, the first of them | `config.reject` |
//! | `use`, `action`, `kid` | tokens, assertions or subjects; begin, publish, make, rotate or retire; the key | `key.rotate` |
//! | `clean` | whether the stop before was clean; true at the first start | `audit.start` |
//! | `segment`, `offset`, `len`, `sha256`, `short` | the torn tail that was cut: where, its bytes and their digest (base64url), bytes missing at the file's end | `audit.recover` |
//! | `code`, `count`, `from`, `to` | refusals counted instead of written one by one, the first's and the last's time | `limit.reject` |
//! | `count`, `from`, `to` | entries the log could not take, the first's and the last's time | `audit.gap` |
//!
//! A text longer than its limit is cut and bears its length and SHA-256 instead of its rest. The
//! limits keep every record within 16 KiB even if each byte of a text needs JSON's longest escape.

use std::borrow::Cow;
use std::fmt::Display;

use crypto::{base64url, sha256};
use jiff::Timestamp;
use model::{AuditEvent, InteractionId, Network, SealedDetails, TokenIssue, Who, put_number};
use serde::{Serialize, Serializer};

use self::config::ConfigRecord;
use self::grant::GrantRecord;
use self::key::KeyRecord;
use crate::wal::batch::GROUP_BYTES_MAX;

mod config;
mod grant;
mod key;
mod road;

/// The most bytes of a record.
pub(crate) const RECORD_BYTES_MAX: usize = 16 << 10;
/// The most bytes of what [`Prefix`] puts before an event: node, boot and two numbers.
pub(crate) const PREFIX_BYTES_MAX: usize = 192;
const TEXT_BYTES_MAX: usize = 1_024;
/// Of URLs: each is shorter, unless it was made to be long.
const URLS_BYTES_MAX: usize = 160;
const WORD_BYTES_MAX: usize = 64;

const _: () = assert!(RECORD_BYTES_MAX < GROUP_BYTES_MAX);

/// What the log records of itself, in the house's log.
#[derive(Debug, Clone)]
pub(crate) enum HouseEvent {
    /// The log was opened.
    Start {
        /// Whether the stop before was clean.
        clean: bool,
    },
    /// The log was closed in order.
    Stop,
    /// A torn tail was cut.
    Recover(Torn),
    /// Entries could not be taken.
    Gap(Gap),
}

/// A torn tail that was cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Torn {
    /// The segment's file.
    pub(crate) segment: String,
    /// Where the last whole batch ended.
    pub(crate) offset: u64,
    /// Bytes saved and cut.
    pub(crate) len: u64,
    /// Their digest.
    pub(crate) sha256: String,
    /// Bytes that the file was shorter than it was made.
    pub(crate) short: u64,
}

/// Entries that the log could not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) count: u64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// The bytes of an event without the opening brace: `seq` and its kin come before them.
pub(crate) fn event(at: Timestamp, event: &AuditEvent) -> Vec<u8> {
    match event {
        AuditEvent::Access(access) => road::access(at, access),
        AuditEvent::End(end) => road::end(at, end),
        AuditEvent::Token(token) => body(at, token.endpoint.as_str(), &TokenRecord::of(token)),
        AuditEvent::Grant(grant) => body(at, "oauth.grant", &GrantRecord::of(grant)),
        AuditEvent::Rejected {
            code,
            count,
            first,
            last,
        } => body(
            at,
            "limit.reject",
            &RejectRecord {
                code: cut(code, WORD_BYTES_MAX),
                count: *count,
                from: first.to_string(),
                to: last.to_string(),
            },
        ),
        AuditEvent::ConfigApply { digest, snapshot } => {
            let applied = ConfigRecord::applied(digest, *snapshot);
            body(at, "config.apply", &applied)
        }
        AuditEvent::KeyRotate {
            key_use,
            action,
            kid,
        } => body(at, "key.rotate", &KeyRecord::of(key_use, action, kid)),
        AuditEvent::ConfigReject {
            digest,
            snapshot,
            count,
            rule,
        } => {
            let rejected = ConfigRecord::rejected(digest, *snapshot, *count, rule);
            body(at, "config.reject", &rejected)
        }
    }
}

/// The same for what the log records of itself.
pub(crate) fn house_event(at: Timestamp, event: &HouseEvent) -> Vec<u8> {
    match event {
        HouseEvent::Start { clean } => body(at, "audit.start", &StartRecord { clean: *clean }),
        HouseEvent::Stop => body(at, "audit.stop", &Nothing {}),
        HouseEvent::Recover(torn) => body(at, "audit.recover", torn),
        HouseEvent::Gap(gap) => body(
            at,
            "audit.gap",
            &GapRecord {
                count: gap.count,
                from: Nanoseconds(gap.from),
                to: Nanoseconds(gap.to),
            },
        ),
    }
}

/// Makes the front of a record: version, node, boot, `seq`, `pseq`.
#[derive(Debug)]
pub(crate) struct Prefix {
    constant: Vec<u8>,
    buffer: Vec<u8>,
}

impl Prefix {
    /// For a node and its boot, both of which need no escapes in JSON.
    pub(crate) fn new(node: &str, boot: &str) -> Self {
        let constant = format!("{{\"v\":1,\"node\":\"{node}\",\"boot\":\"{boot}\",\"seq\":");
        Self {
            constant: constant.into_bytes(),
            buffer: Vec::with_capacity(PREFIX_BYTES_MAX),
        }
    }

    /// The front of one record.
    pub(crate) fn of(&mut self, seq: u64, pseq: Option<u64>) -> &[u8] {
        self.buffer.clear();
        self.buffer.extend_from_slice(&self.constant);
        put_number(seq, &mut self.buffer);
        if let Some(pseq) = pseq {
            self.buffer.extend_from_slice(b",\"pseq\":");
            put_number(pseq, &mut self.buffer);
        }
        self.buffer.push(b',');
        &self.buffer
    }
}

fn body(at: Timestamp, kind: &'static str, event: &impl Serialize) -> Vec<u8> {
    let record = Record {
        ts: Nanoseconds(at),
        kind,
        event,
    };
    let mut bytes = serde_json::to_vec(&record).expect("texts and integers must make JSON");
    bytes.remove(0);
    bytes
}

/// `text`, or its beginning with length and digest of the whole.
fn cut(text: &str, bytes_max: usize) -> Cow<'_, str> {
    if text.len() <= bytes_max {
        return Cow::Borrowed(text);
    }
    let end = text.floor_char_boundary(bytes_max);
    let (start, _) = text.split_at(end);
    let digest = base64url(&sha256(text.as_bytes()));
    Cow::Owned(format!(
        "{start}… (cut: {} bytes, sha256 {digest})",
        text.len()
    ))
}

fn shown<S: Serializer>(value: &impl Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

/// RFC 3339 with nine digits.
#[derive(Debug)]
struct Nanoseconds(Timestamp);

impl Serialize for Nanoseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.9}", self.0))
    }
}

#[derive(Serialize)]
struct Record<'a, E> {
    ts: Nanoseconds,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    event: &'a E,
}

#[derive(Serialize)]
struct TokenRecord<'a> {
    #[serde(serialize_with = "shown")]
    req: model::RequestId,
    iid: &'a str,
    #[serde(serialize_with = "shown")]
    net: Network,
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<PartnerPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<AuthPart>,
    object: BankPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsPart<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gid: Option<String>,
    outcome: OutcomePart<'a>,
    timing: TimingPart,
}

impl<'a> TokenRecord<'a> {
    fn of(token: &'a TokenIssue) -> Self {
        Self {
            req: token.request,
            iid: InteractionId::as_str(&token.interaction),
            net: Network::of(token.peer),
            partner: PartnerPart::of(&token.who),
            auth: AuthPart::of(&token.who),
            object: BankPart {
                bank: token.bank.as_str(),
            },
            grant: token.grant_type,
            scope: token
                .scope
                .as_deref()
                .map(|scope| cut(scope, TEXT_BYTES_MAX)),
            details: token.details.as_ref().map(DetailsPart::of),
            aud: token
                .audience
                .as_deref()
                .map(|aud| cut(aud, URLS_BYTES_MAX)),
            gid: token.grant.map(|digest| base64url(&digest)),
            outcome: OutcomePart {
                decision: token.decision.as_str(),
                status: token.status,
                code: token.code,
                rule: token.rule.as_deref().map(|rule| cut(rule, TEXT_BYTES_MAX)),
            },
            timing: TimingPart {
                us: token.duration_us,
                up_us: None,
            },
        }
    }
}

#[derive(Serialize)]
struct RejectRecord<'a> {
    code: Cow<'a, str>,
    count: u64,
    from: String,
    to: String,
}

#[derive(Serialize)]
struct StartRecord {
    clean: bool,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
struct GapRecord {
    count: u64,
    from: Nanoseconds,
    to: Nanoseconds,
}

#[derive(Serialize)]
struct PartnerPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
}

impl<'a> PartnerPart<'a> {
    fn of(who: &'a Who) -> Option<Self> {
        let id = who.partner.as_ref().map(model::PartnerId::as_str);
        let client = who.client.as_ref().map(model::ClientId::as_str);
        (id.is_some() || client.is_some()).then_some(Self { id, client })
    }
}

#[derive(Serialize)]
struct AuthPart {
    #[serde(skip_serializing_if = "Option::is_none")]
    x5t: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jkt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
}

impl AuthPart {
    fn of(who: &Who) -> Option<Self> {
        let x5t = who.certificate.map(|digest| base64url(&digest));
        let jkt = who.key.map(|digest| base64url(&digest));
        let jti = who.token_jti.map(|digest| base64url(&digest));
        let is_known = x5t.is_some() || jkt.is_some() || jti.is_some();
        is_known.then_some(Self { x5t, jkt, jti })
    }
}

#[derive(Serialize)]
struct DetailsPart<'a> {
    types: Cow<'a, str>,
    hmac: String,
}

impl<'a> DetailsPart<'a> {
    fn of(details: &'a SealedDetails) -> Self {
        Self {
            types: cut(&details.types, TEXT_BYTES_MAX),
            hmac: base64url(&details.hmac),
        }
    }
}

#[derive(Serialize)]
struct BankPart<'a> {
    bank: &'a str,
}

#[derive(Serialize)]
struct OutcomePart<'a> {
    decision: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct TimingPart {
    us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    up_us: Option<u64>,
}

#[cfg(test)]
mod tests;
