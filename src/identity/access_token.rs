//! Access tokens: JWTs of the bank's issuer (RFC 9068), verified once and remembered by the hash
//! of their text. What changes from request to request is checked each time: time and binding.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Map, Value};

use crypto::{Jwks, JwsProblem, Rules, Times, Typ};
use model::{ClientId, DetailType, Meter, Refusal, ScopeSet, TokenProblem, Why};

use crate::Revoked;
use crate::metrics::Checks;

/// Longest token that is read, in bytes: an issuer of ours makes no longer one.
pub const TOKEN_BYTES_MAX: usize = 24 * 1024;
/// The most authorization details of a token that are kept.
const DETAILS_MAX: usize = 20;
/// How far clocks may differ, in seconds (checklist L-01, L-02).
const LEEWAY_S: i64 = 10;

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// A bank's issuer as the road knows it. Each value has a generation of its own: a change of keys,
/// algorithms or audience makes a new one, and tokens verified under the old are judged anew.
#[derive(Debug)]
pub struct Issuer {
    generation: u64,
    issuer: String,
    audience: Arc<str>,
    keys: IssuerKeys,
    revoked: Arc<Revoked>,
}

/// The public keys of an issuer.
#[derive(Debug, Clone)]
pub struct IssuerKeys {
    /// The keys.
    pub keys: Jwks,
    /// By `kid`, when a key verifies, of those that do not always. Where there is any, a token must
    /// name its key.
    pub times: BTreeMap<String, KeyTime>,
}

/// When a key verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTime {
    /// From when on it may have signed.
    pub from: Timestamp,
    /// From when on it verifies nothing; `None` while that is not settled.
    pub until: Option<Timestamp>,
}

impl From<Jwks> for IssuerKeys {
    /// Keys that stay.
    fn from(keys: Jwks) -> Self {
        let times = BTreeMap::new();
        Self { keys, times }
    }
}

impl IssuerKeys {
    /// When the key that made a token ends, in Unix seconds.
    ///
    /// Errors: the token does not say which key, and that matters; the key does not sign yet.
    fn end(&self, kid: Option<&str>, now: Timestamp) -> Result<i64, TokenProblem> {
        if self.times.is_empty() {
            return Ok(i64::MAX);
        }
        let kid = kid.ok_or(TokenProblem::Signature)?;
        let Some(time) = self.times.get(kid) else {
            return Ok(i64::MAX);
        };
        if now.as_second().saturating_add(LEEWAY_S) < time.from.as_second() {
            return Err(TokenProblem::Signature);
        }
        Ok(time.until.map_or(i64::MAX, Timestamp::as_second))
    }
}

impl Issuer {
    /// An issuer by its identifier (RFC 8414 §2), the audience its tokens must name (the API
    /// listener's `url`), and its public keys.
    pub fn new(issuer: String, audience: impl Into<Arc<str>>, keys: impl Into<IssuerKeys>) -> Self {
        let keys = keys.into();
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Self {
            generation,
            issuer,
            audience: audience.into(),
            keys,
            revoked: Arc::default(),
        }
    }

    /// The same, refusing what is revoked here.
    #[must_use]
    pub fn revoking(mut self, revoked: Arc<Revoked>) -> Self {
        self.revoked = revoked;
        self
    }

    /// Why a token that has not expired is refused now, if it is.
    pub fn held(&self, token: &AccessToken) -> Option<Why> {
        let digests = [Some(&token.jti_digest), token.grant_digest.as_ref()];
        self.revoked.held(digests)
    }

    /// Its identifier: the `iss` of its tokens.
    pub fn identifier(&self) -> &str {
        &self.issuer
    }

    /// What its tokens must name as `aud`.
    pub fn audience(&self) -> &Arc<str> {
        &self.audience
    }

    /// The same issuer with other keys: for a rehearsal, whose tokens no other issuer takes.
    #[must_use]
    pub fn rehearsed(&self, keys: Jwks) -> Self {
        Self::new(self.issuer.clone(), Arc::clone(&self.audience), keys)
    }
}

/// The issuers in force, by what they say: one that a new snapshot names again keeps its
/// generation, and with it the tokens verified under it.
#[derive(Debug, Default)]
pub struct Issuers(Mutex<HashMap<(String, String, String), Weak<Issuer>>>);

impl Issuers {
    /// The issuer with this identifier, audience and keys: the one there is, or a new one. One that
    /// nobody holds any more is forgotten. What is revoked is the bank's, for as long as the
    /// process lives.
    pub fn issuer(
        &self,
        issuer: &str,
        audience: &str,
        keys: &IssuerKeys,
        revoked: &Arc<Revoked>,
    ) -> Arc<Issuer> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, issuer| issuer.strong_count() > 0);
        let says = (
            issuer.to_owned(),
            audience.to_owned(),
            format!("{} {:?}", keys.keys.to_json(), keys.times),
        );
        if let Some(same) = known.get(&says).and_then(Weak::upgrade) {
            return same;
        }
        let fresh = Issuer::new(issuer.to_owned(), audience, keys.clone());
        let fresh = Arc::new(fresh.revoking(Arc::clone(revoked)));
        known.insert(says, Arc::downgrade(&fresh));
        fresh
    }
}

/// The facts of a verified token.
#[derive(Debug)]
pub struct AccessToken {
    /// The client it was issued to.
    pub client: ClientId,
    /// Its scopes.
    pub scope: ScopeSet,
    /// The types of its authorization details that name no location, or this one (RFC 9396 §2.2,
    /// §9.1); at most 20.
    pub details: Vec<DetailType>,
    /// SHA-256 of its `jti`.
    pub jti_digest: [u8; 32],
    /// SHA-256 of the id of the customer's grant that it was issued under.
    pub grant_digest: Option<[u8; 32]>,
    /// The customer of that grant.
    pub customer: Option<OnBehalf>,
    /// The log-in of the customer who granted it, where one did.
    pub log_in: Option<TokenLogIn>,
    /// What whoever shows it must hold.
    pub confirmation: Confirmation,
    /// SHA-256 of the token's text.
    pub digest: [u8; 32],
    /// Its times; checked on every request.
    times: Times,
    /// When the key that signed it verifies no more, in Unix seconds; likewise.
    key_ends: i64,
}

/// The customer on whose behalf a token was issued.
#[derive(Debug)]
pub struct OnBehalf {
    /// As the partner knows them.
    pub sub: String,
    /// What the userinfo endpoint tells beside it (OIDC Core §5.3), as the issuer wrote it.
    pub userinfo: Map<String, Value>,
}

/// How a customer logged in before granting what a token says (RFC 9068 §2.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenLogIn {
    /// When, in Unix seconds: `auth_time`.
    pub auth_time: i64,
    /// How strongly, where it is said: `acr`.
    pub acr: Option<String>,
}

impl TokenLogIn {
    /// A client's own token is of nobody's log-in, whatever else it says.
    fn read(claims: &Claims) -> Option<Self> {
        let is_of_customer = claims.sub != claims.client_id;
        // Issuers that are not ours may write either as they like: what is no whole second and no
        // text is not said, and only where a log-in is demanded does that matter.
        let auth_time = claims.auth_time.as_ref().and_then(Value::as_i64);
        let auth_time = auth_time.filter(|_| is_of_customer)?;
        let acr = claims.acr.as_ref().and_then(Value::as_str);
        let acr = acr.map(str::to_owned);
        Some(Self { auth_time, acr })
    }
}

/// What a token is bound to (`cnf`, RFC 7800 §3.1): all of it must be shown. There is no token
/// that is bound to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// A certificate, by its SHA-256: `x5t#S256` (RFC 8705 §3.1).
    Certificate([u8; 32]),
    /// A key, by its thumbprint: `jkt` (RFC 9449 §6.1).
    Key([u8; 32]),
    /// A certificate and a key.
    Both {
        /// The certificate.
        certificate: [u8; 32],
        /// The key.
        key: [u8; 32],
    },
}

impl Confirmation {
    /// The key that must be proved, if one must.
    pub fn key(&self) -> Option<&[u8; 32]> {
        match self {
            Self::Certificate(_) => None,
            Self::Key(key) | Self::Both { key, .. } => Some(key),
        }
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    /// Required (RFC 9068 §2.2); a client's own where there is no customer.
    sub: String,
    aud: Audience,
    jti: String,
    client_id: String,
    #[serde(default)]
    scope: String,
    cnf: Option<Confirmed>,
    grant_id: Option<String>,
    userinfo: Option<Value>,
    auth_time: Option<Value>,
    acr: Option<Value>,
    authorization_details: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// `cnf` as it is written; members that are not known here are ignored (RFC 7800 §3.1).
#[derive(Deserialize)]
struct Confirmed {
    #[serde(rename = "x5t#S256")]
    certificate: Option<String>,
    jkt: Option<String>,
}

impl Confirmed {
    /// `None` when it says nothing, or anything that cannot be held: the rest would not be all.
    fn read(&self) -> Option<Confirmation> {
        let digest =
            |text: &String| -> Option<[u8; 32]> { crypto::from_base64url(text)?.try_into().ok() };
        match (&self.certificate, &self.jkt) {
            (Some(certificate), None) => digest(certificate).map(Confirmation::Certificate),
            (None, Some(key)) => digest(key).map(Confirmation::Key),
            (Some(certificate), Some(key)) => Some(Confirmation::Both {
                certificate: digest(certificate)?,
                key: digest(key)?,
            }),
            (None, None) => None,
        }
    }
}

/// Verifies tokens and remembers those whose signature and claims were good.
#[derive(Debug)]
pub struct AccessTokens {
    verified: Cache<(u64, [u8; 32]), Arc<AccessToken>>,
    checks: Checks,
}

impl AccessTokens {
    /// A verifier that remembers at most `capacity` tokens.
    pub fn new(capacity: usize) -> Self {
        Self {
            verified: Cache::new(capacity),
            checks: Checks::default(),
        }
    }

    /// Counts what it does.
    #[must_use]
    pub fn counted(mut self, meter: &Meter) -> Self {
        self.checks = Checks::of_tokens(meter);
        self
    }

    /// Verifies a token in the order of checklist AT-02: syntax, type, algorithm, key, issuer,
    /// audience, times, then that it is bound at all. Only good tokens are remembered.
    ///
    /// Errors: [`Refusal::BadToken`], saying why.
    pub fn verify(
        &self,
        issuer: &Issuer,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<AccessToken>, Refusal> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(self.refused(TokenProblem::NotAnAccessToken));
        }
        let digest = crypto::sha256(token.as_bytes());
        let key = (issuer.generation, digest);
        if let Some(known) = self.verified.get(&key) {
            in_time(&known.times, now)
                .and_then(|()| in_key_time(known.key_ends, now))
                .map_err(|problem| self.refused(problem))?;
            not_revoked(issuer, &known).map_err(|problem| self.refused(problem))?;
            self.checks.remembered.add(1);
            return Ok(known);
        }
        let fresh = read(issuer, token, digest, now).map_err(|problem| self.refused(problem))?;
        not_revoked(issuer, &fresh).map_err(|problem| self.refused(problem))?;
        let fresh = Arc::new(fresh);
        self.checks.judged.add(1);
        self.verified.insert(key, Arc::clone(&fresh));
        Ok(fresh)
    }

    fn refused(&self, problem: TokenProblem) -> Refusal {
        self.checks.refused.add(1);
        Refusal::BadToken(problem)
    }
}

fn in_time(times: &Times, now: Timestamp) -> Result<(), TokenProblem> {
    crypto::check_times(times, now.as_second(), LEEWAY_S).map_err(|_| TokenProblem::OutsideValidity)
}

/// Neither the token nor its grant was revoked (AT-02): asked on every request.
fn not_revoked(issuer: &Issuer, token: &AccessToken) -> Result<(), TokenProblem> {
    match issuer.held(token) {
        Some(Why::Revoked) => Err(TokenProblem::Revoked),
        // Told once its binding is proved: `identify::ended`.
        Some(Why::Withdrawn | Why::Expired | Why::Superseded) | None => Ok(()),
    }
}

/// A token of a key whose last token has ended was made by whoever found the key.
fn in_key_time(key_ends: i64, now: Timestamp) -> Result<(), TokenProblem> {
    if now.as_second() < key_ends {
        Ok(())
    } else {
        Err(TokenProblem::Signature)
    }
}

fn read(
    issuer: &Issuer,
    token: &str,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<AccessToken, TokenProblem> {
    let rules = Rules {
        typ: Typ::Exactly(&["at+jwt"]),
        bytes_max: TOKEN_BYTES_MAX,
    };
    let verified =
        crypto::verify(token, &issuer.keys.keys, &rules).map_err(|problem| match problem {
            JwsProblem::Algorithm => TokenProblem::Algorithm,
            JwsProblem::UnknownKey | JwsProblem::Signature => TokenProblem::Signature,
            JwsProblem::TooLong
            | JwsProblem::Malformed
            | JwsProblem::Typ
            | JwsProblem::Critical => TokenProblem::NotAnAccessToken,
        })?;
    let key_ends = issuer.keys.end(verified.kid.as_deref(), now)?;
    in_key_time(key_ends, now)?;
    let claims: Claims =
        serde_json::from_slice(&verified.claims).map_err(|_| TokenProblem::NotAnAccessToken)?;
    let times = Times::read(&verified.claims).map_err(|_| TokenProblem::NotAnAccessToken)?;
    // Both are required (RFC 9068 §2.2).
    if times.exp.is_none() || times.iat.is_none() {
        return Err(TokenProblem::NotAnAccessToken);
    }
    if claims.iss != issuer.issuer {
        return Err(TokenProblem::Issuer);
    }
    let for_us = match &claims.aud {
        Audience::One(aud) => *aud == *issuer.audience,
        Audience::Several(auds) => auds.iter().any(|aud| *aud == *issuer.audience),
    };
    if !for_us {
        return Err(TokenProblem::Audience);
    }
    in_time(&times, now)?;
    let confirmation = claims.cnf.as_ref().and_then(Confirmed::read);
    let confirmation = confirmation.ok_or(TokenProblem::Unbound)?;
    let client = ClientId::parse(&claims.client_id).map_err(|_| TokenProblem::NotAnAccessToken)?;
    let scope = ScopeSet::parse(&claims.scope).map_err(|_| TokenProblem::NotAnAccessToken)?;
    let jti_digest = crypto::sha256(claims.jti.as_bytes());
    let log_in = TokenLogIn::read(&claims);
    let customer = claims.grant_id.is_some().then(|| OnBehalf {
        sub: claims.sub,
        userinfo: match claims.userinfo {
            Some(Value::Object(told)) => told,
            _ => Map::new(),
        },
    });
    let grant_digest = claims.grant_id.map(|id| crypto::sha256(id.as_bytes()));
    let details = details(claims.authorization_details.as_ref(), &issuer.audience);
    Ok(AccessToken {
        client,
        scope,
        details,
        jti_digest,
        grant_digest,
        customer,
        log_in,
        confirmation,
        digest,
        times,
        key_ends,
    })
}

/// The types of a token's details, as far as they are to be used here (RFC 9396 §2.2). Issuers that
/// are not ours may write what we do not read: it is not said, and only where a detail is demanded
/// does that matter.
fn details(said: Option<&Value>, audience: &str) -> Vec<DetailType> {
    let details = said.and_then(Value::as_array).into_iter().flatten();
    let types = details.filter_map(|detail| of_here(detail, audience));
    types.take(DETAILS_MAX).collect()
}

/// The type of a detail that names no location, or this audience among others (RFC 9396 §2.2).
pub(crate) fn of_here(detail: &Value, audience: &str) -> Option<DetailType> {
    let its = DetailType::parse(detail.get("type")?.as_str()?).ok()?;
    let is_here = match detail.get("locations") {
        None => true,
        Some(places) => places.as_array()?.iter().any(|place| place == audience),
    };
    is_here.then_some(its)
}

#[cfg(test)]
mod tests;
