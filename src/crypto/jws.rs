//! Verifying compact JWS (RFC 7515), strictly. The attacks that each check stops stand beside it.

pub(crate) mod own_key;

use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::encoding::from_base64url;
use crate::json::strict_object;
use crate::jwk::{Jwks, KID_BYTES_MAX, VerificationKey};

/// The most that a decoded JOSE header may have, in bytes.
const HEADER_BYTES_MAX: usize = 4 * 1024;

/// The header member that brings a key of the sender's choice: refused but where a proof brings
/// its own (C-03).
const OWN_KEY: &str = "jwk";
/// Header members that would change how the token is verified, or bring a key of the sender's
/// choice (C-03).
const REFUSED_MEMBERS: &[&str] = &["crit", "b64", OWN_KEY, "jku", "x5u", "x5c"];

/// What a token of one kind must be.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Its `typ`.
    pub typ: Typ,
    /// The most bytes that it may have as text.
    pub bytes_max: usize,
}

/// Which `typ` headers are accepted, compared without case and without the prefix `application/`
/// (RFC 7515 §4.1.9). Stops a token of one kind being used as another (RFC 8725 §3.11).
#[derive(Debug, Clone, Copy)]
pub enum Typ {
    /// `typ` must be there and be one of these.
    Exactly(&'static [&'static str]),
    /// `typ` may be missing; when it is there, it must be one of these.
    AbsentOr(&'static [&'static str]),
}

/// A token whose signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The `kid` of its header, where it had one.
    pub kid: Option<String>,
    /// The algorithm it was signed with.
    pub algorithm: Algorithm,
    /// The payload as it was signed: a JSON object in which no member stands twice, at any depth.
    pub claims: Vec<u8>,
}

/// Why a token is refused, in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsProblem {
    /// It is longer than the rules allow.
    #[error("the token is too long")]
    TooLong,
    /// It is not three parts of canonical base64url with JSON objects in the first two.
    #[error("the token is not a well-formed compact JWS")]
    Malformed,
    /// Its header has `crit`, `b64`, `jwk`, `jku`, `x5u` or `x5c`.
    #[error("the token's header has a member that is not accepted: crit, b64, jwk, jku, x5u, x5c")]
    Critical,
    /// Its `typ` is not one that is accepted here.
    #[error("the token's typ is not accepted here")]
    Typ,
    /// Its `alg` is not allowed, or not that of the key.
    #[error("the token's alg is not allowed, or not that of its key")]
    Algorithm,
    /// No key has its `kid`.
    #[error("no key has the token's kid")]
    UnknownKey,
    /// No key that could have made the signature did.
    #[error("the token's signature does not verify")]
    Signature,
}

/// Verifies a compact JWS with the keys that its sender is known by (C-01 to C-03). The key decides
/// the algorithm: the header can only name the one that the key has. Keys that share a `kid` are
/// tried in order; a token without `kid` is tried with every key of its algorithm (C-06).
pub fn verify(token: &str, keys: &Jwks, rules: &Rules) -> Result<Verified, JwsProblem> {
    let opened = Opened::read(token, rules, false)?;
    let (kid, algorithm) = (opened.header.kid.as_deref(), opened.algorithm);
    let claims = opened.claims(fitting(keys, kid, algorithm)?)?;
    Ok(Verified {
        kid: opened.header.kid,
        algorithm,
        claims,
    })
}

/// A token that is well-formed, of a type and an algorithm that are accepted; nothing in it is
/// believed yet.
struct Opened<'a> {
    parts: Parts<'a>,
    header: Header,
    algorithm: Algorithm,
    signature: Vec<u8>,
}

struct Parts<'a> {
    header: &'a str,
    payload: &'a str,
    signature: &'a str,
    /// Header and payload with the dot between them (RFC 7515 §5.2 step 8).
    signed: &'a str,
}

struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// The key that it brings, where that is accepted.
    jwk: Option<Value>,
}

impl<'a> Opened<'a> {
    fn read(token: &'a str, rules: &Rules, brings_key: bool) -> Result<Self, JwsProblem> {
        if token.len() > rules.bytes_max {
            return Err(JwsProblem::TooLong);
        }
        let parts = Parts::split(token).ok_or(JwsProblem::Malformed)?;
        let header = Header::read(parts.header, brings_key)?;
        if !rules.typ.accepts(header.typ.as_deref()) {
            return Err(JwsProblem::Typ);
        }
        let algorithm = Algorithm::parse(&header.alg).map_err(|_| JwsProblem::Algorithm)?;
        let signature = from_base64url(parts.signature).ok_or(JwsProblem::Malformed)?;
        Ok(Self {
            parts,
            header,
            algorithm,
            signature,
        })
    }

    /// The claims, if one of these keys made the signature.
    fn claims<'k>(
        &self,
        mut keys: impl Iterator<Item = &'k VerificationKey>,
    ) -> Result<Vec<u8>, JwsProblem> {
        let signed = self.parts.signed.as_bytes();
        if !keys.any(|key| key.verifies(signed, &self.signature)) {
            return Err(JwsProblem::Signature);
        }
        let claims = from_base64url(self.parts.payload).ok_or(JwsProblem::Malformed)?;
        // Two readers of one token must not see two values of a claim (RFC 7519 §4).
        strict_object(&claims).ok_or(JwsProblem::Malformed)?;
        Ok(claims)
    }
}

impl<'a> Parts<'a> {
    fn split(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        // Five parts are a JWE, four are nothing.
        (!payload.contains('.')).then_some(Self {
            header,
            payload,
            signature,
            signed,
        })
    }
}

impl Header {
    fn read(part: &str, brings_key: bool) -> Result<Self, JwsProblem> {
        if part.len() > (HEADER_BYTES_MAX * 4).div_ceil(3) {
            return Err(JwsProblem::TooLong);
        }
        let mut object = from_base64url(part)
            .and_then(|json| strict_object(&json))
            .ok_or(JwsProblem::Malformed)?;
        let jwk = brings_key.then(|| object.remove(OWN_KEY)).flatten();
        // `crit` names extensions that must be understood (RFC 7515 §4.1.11) and none is; `b64`
        // changes what is signed (RFC 7797); the others would verify a forger's token with the
        // forger's key, or make us fetch what he names.
        if REFUSED_MEMBERS
            .iter()
            .any(|name| object.contains_key(*name))
        {
            return Err(JwsProblem::Critical);
        }
        let kid = text(&object, "kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > KID_BYTES_MAX) {
            return Err(JwsProblem::Malformed);
        }
        Ok(Self {
            alg: text(&object, "alg")?.ok_or(JwsProblem::Malformed)?,
            typ: text(&object, "typ")?,
            kid,
            jwk,
        })
    }
}

impl Typ {
    fn accepts(self, typ: Option<&str>) -> bool {
        let (accepted, typ) = match (self, typ) {
            (Self::AbsentOr(_), None) => return true,
            (Self::Exactly(_), None) => return false,
            (Self::Exactly(accepted) | Self::AbsentOr(accepted), Some(typ)) => (accepted, typ),
        };
        let typ = without_prefix(typ);
        accepted
            .iter()
            .any(|one| without_prefix(one).eq_ignore_ascii_case(typ))
    }
}

fn without_prefix(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

fn text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, JwsProblem> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JwsProblem::Malformed),
    }
}

/// The keys that may have made the token: with its `kid`, of its algorithm. Never none. Pinning
/// stops a public key being taken as the secret of a MAC, and a weaker algorithm being slipped in.
fn fitting<'a>(
    keys: &'a Jwks,
    kid: Option<&'a str>,
    algorithm: Algorithm,
) -> Result<impl Iterator<Item = &'a VerificationKey>, JwsProblem> {
    let named = move |key: &&VerificationKey| kid.is_none() || key.kid() == kid;
    let fits = move |key: &&VerificationKey| named(key) && key.algorithm() == algorithm;
    if !keys.keys().iter().any(|key| named(&key)) {
        return Err(JwsProblem::UnknownKey);
    }
    if !keys.keys().iter().any(|key| fits(&key)) {
        return Err(JwsProblem::Algorithm);
    }
    Ok(keys.keys().iter().filter(fits))
}

#[cfg(test)]
mod tests;
