//! Identity assertions to the bank: who calls, signed by us, kept beside the cached token.

use std::sync::Arc;

use http::HeaderValue;
use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::Serialize;

use crypto::{Random, SigningKey};
use identity::Caller;
use model::{Fault, UpstreamId};

/// How long an assertion is valid, in seconds.
const VALID_S: i64 = 60;
/// One with less than this left is signed anew, in seconds.
const RENEW_S: i64 = 30;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    partner: &'a str,
    client: &'a str,
    scope: String,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Debug)]
struct Signed {
    text: HeaderValue,
    signed_at: i64,
    renew_at: i64,
}

/// Signs assertions and keeps each until half its life is over.
#[derive(Debug)]
pub struct Assertions {
    issuer: String,
    key: Arc<SigningKey>,
    signed: Cache<([u8; 32], UpstreamId), Arc<Signed>>,
}

impl Assertions {
    /// `issuer` names the gateway to the bank's services: the bank's issuer identifier. At most
    /// `capacity` assertions are kept.
    pub fn new(issuer: String, key: Arc<SigningKey>, capacity: usize) -> Self {
        Self {
            issuer,
            key,
            signed: Cache::new(capacity),
        }
    }

    /// The assertion of this caller for this upstream.
    pub(crate) fn assertion(
        &self,
        caller: &Caller,
        upstream: &UpstreamId,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<HeaderValue, Fault> {
        let place = (caller.token().digest, upstream.clone());
        let seconds = now.as_second();
        if let Some(signed) = self.signed.get(&place)
            && (signed.signed_at..signed.renew_at).contains(&seconds)
        {
            return Ok(signed.text.clone());
        }
        let text = self.sign(caller, upstream, seconds, random)?;
        let signed = Signed {
            text: text.clone(),
            signed_at: seconds,
            renew_at: seconds + VALID_S - RENEW_S,
        };
        self.signed.insert(place, Arc::new(signed));
        Ok(text)
    }

    fn sign(
        &self,
        caller: &Caller,
        upstream: &UpstreamId,
        seconds: i64,
        random: &dyn Random,
    ) -> Result<HeaderValue, Fault> {
        let claims = Claims {
            iss: &self.issuer,
            aud: upstream.as_str(),
            sub: caller.client().as_str(),
            partner: caller.partner().id.as_str(),
            client: caller.client().as_str(),
            scope: caller.token().scope.to_string(),
            iat: seconds,
            exp: seconds + VALID_S,
            jti: crypto::base64url(&crypto::random_array::<16>(random)),
        };
        let text = self
            .key
            .sign("mortise-identity+jwt", &claims)
            .map_err(|e| Fault::caused("signing an identity assertion", e))?;
        let mut value = HeaderValue::try_from(text)
            .map_err(|e| Fault::caused("writing an identity assertion", e))?;
        value.set_sensitive(true);
        Ok(value)
    }
}
