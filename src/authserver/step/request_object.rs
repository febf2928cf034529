//! Step: an authorization request that came as a signed object (RFC 9101; FAPI 2.0 Message Signing
//! §5.3.1; JA-01 to JA-05, JA-07, JA-09). **Stops**: a request that somebody changed on its way, or
//! made in a client's name; one kind of JWT used as another; parameters that are slipped in beside
//! those that were signed.
//!
//! The client has proved itself before, so that its keys alone are tried, and every detail may be
//! told: nothing is learnt of another.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crypto::{JwsProblem, Rules, TimeProblem, Times, Typ};
use model::SignedRequest;
use model::ports::{Claim, Replay};

use crate::Ports;
use crate::denied::{Denied, ObjectProblem, RequestProblem};
use crate::issuer::Issuer;
use crate::issuer::limits::{JTI_CHARS_MAX, LEEWAY_S, OBJECT_BYTES_MAX, OBJECT_LIFE_S_MAX};
use crate::step::client_keys;
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// JA-04: a JWT of another kind is no request.
const RULES: Rules = Rules {
    typ: Typ::AbsentOr(&["oauth-authz-req+jwt", "JWT"]),
    bytes_max: OBJECT_BYTES_MAX,
};

/// The parameters of an authorization request, whichever way they came.
pub(crate) struct Requested<'f> {
    parameters: Cow<'f, Parameters>,
    /// The object, where one came.
    object: Option<&'f str>,
    /// The object's `jti`, where it has one, and how long that is remembered.
    once: Option<(String, Timestamp)>,
}

/// A request that was not made before.
pub(crate) struct Once(());

impl Requested<'_> {
    /// The parameters: those of the object alone, where there is one (RFC 9101 §6.3; JA-05).
    pub(crate) fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The request as it came: the object, or else the form, without what the client proved itself
    /// by.
    pub(crate) fn as_it_came(&self) -> SignedRequest {
        match self.object {
            Some(object) => SignedRequest::Jar(object.to_owned()),
            None => SignedRequest::Form(self.parameters.without_proof()),
        }
    }
}

/// The request that a form holds: as a signed object, or as it is where the profile takes that.
pub(crate) async fn read<'f>(
    issuer: &Issuer,
    ports: &Ports,
    form: &'f Parameters,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Requested<'f>, Denied> {
    let Some(object) = form.get("request") else {
        if issuer.profile.require_signed_request_object {
            return Err(Denied::Request(RequestProblem::NoObject));
        }
        return Ok(Requested {
            parameters: Cow::Borrowed(form),
            object: None,
            once: None,
        });
    };
    let client = client.client();
    let (kid, whose) = (client_keys::kid(object), (client.id(), client.settings()));
    let keys = client_keys::of_client(&issuer.bank, ports, whose, kid.as_deref()).await;
    let verified = crypto::verify(object, &keys, &RULES);
    let verified = verified.map_err(|problem| Denied::Object(problem_of(problem)))?;
    let expected = Expected {
        client: client.id().as_str(),
        issuer: &issuer.identifier,
        now: now.as_second(),
    };
    let claims = expected.check(&verified.claims).map_err(Denied::Object)?;
    let parameters =
        Parameters::of_claims(claims.parameters).ok_or(Denied::Object(ObjectProblem::Malformed))?;
    Ok(Requested {
        parameters: Cow::Owned(parameters),
        object: Some(object),
        once: claims.once,
    })
}

/// Takes the object's `jti`, where it has one, for as long as it lives (JA-09): last, before the
/// request is kept. An object that any other step refuses may be sent again.
pub(crate) async fn use_up(
    issuer: &Issuer,
    replay: &dyn Replay,
    client: &InGoodStanding<'_>,
    requested: &Requested<'_>,
    now: Timestamp,
) -> Result<Once, Denied> {
    let Some((jti, expires)) = &requested.once else {
        return Ok(Once(()));
    };
    // Another name than that of an assertion's `jti`: they may be the same.
    let place = format!("request {jti}");
    let client = client.client().id();
    let claimed = replay.claim(&issuer.bank, client, &place, *expires, now);
    match claimed.await.map_err(Denied::Store)? {
        Claim::First => Ok(Once(())),
        Claim::Seen => Err(Denied::Object(ObjectProblem::Replayed)),
    }
}

fn problem_of(problem: JwsProblem) -> ObjectProblem {
    match problem {
        JwsProblem::TooLong | JwsProblem::Malformed | JwsProblem::Critical => {
            ObjectProblem::Malformed
        }
        JwsProblem::Typ => ObjectProblem::Typ,
        JwsProblem::Algorithm => ObjectProblem::Algorithm,
        JwsProblem::UnknownKey | JwsProblem::Signature => ObjectProblem::Signature,
    }
}

/// What the claims of an object must fit.
struct Expected<'a> {
    client: &'a str,
    issuer: &'a str,
    /// In Unix seconds.
    now: i64,
}

/// The claims of an object that fits.
#[derive(Debug)]
struct Claims {
    parameters: Map<String, Value>,
    once: Option<(String, Timestamp)>,
}

impl Expected<'_> {
    /// Checks verified claims. What is not known is ignored.
    fn check(&self, claims: &[u8]) -> Result<Claims, ObjectProblem> {
        let times = Times::read(claims).map_err(ObjectProblem::Times)?;
        let claims: Map<String, Value> =
            serde_json::from_slice(claims).map_err(|_| ObjectProblem::Malformed)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        if text("iss") != Some(self.client) {
            return Err(ObjectProblem::Issuer);
        }
        if text("client_id") != Some(self.client) {
            return Err(ObjectProblem::ClientId);
        }
        // JA-07: so it is no assertion anywhere (RFC 9101 §10.8).
        if text("sub") == Some(self.client) {
            return Err(ObjectProblem::Subject);
        }
        let is_us = |audience: &Value| audience.as_str() == Some(self.issuer);
        let is_for_us = match claims.get("aud") {
            Some(Value::Array(several)) => several.iter().any(is_us),
            Some(one) => is_us(one),
            None => false,
        };
        if !is_for_us {
            return Err(ObjectProblem::Audience);
        }
        let until = self.lives(&times)?;
        // RFC 9101 §4, RFC 9126 §3: an object holds no other.
        if claims.contains_key("request") || claims.contains_key("request_uri") {
            return Err(ObjectProblem::Nested);
        }
        let once = match claims.get("jti") {
            None => None,
            Some(Value::String(jti)) if (1..=JTI_CHARS_MAX).contains(&jti.chars().count()) => {
                Some((jti.clone(), until))
            }
            Some(_) => return Err(ObjectProblem::Jti),
        };
        Ok(Claims {
            parameters: claims,
            once,
        })
    }

    /// Until when it is good (L-03).
    fn lives(&self, times: &Times) -> Result<Timestamp, ObjectProblem> {
        crypto::check_times(times, self.now, LEEWAY_S).map_err(ObjectProblem::Times)?;
        let nbf = times.nbf.ok_or(ObjectProblem::NbfMissing)?;
        let exp = times
            .exp
            .ok_or(ObjectProblem::Times(TimeProblem::ExpMissing))?;
        if nbf < self.now.saturating_sub(OBJECT_LIFE_S_MAX)
            || exp.saturating_sub(nbf) > OBJECT_LIFE_S_MAX
        {
            return Err(ObjectProblem::LivesTooLong);
        }
        Timestamp::from_second(exp.saturating_add(LEEWAY_S))
            .map_err(|_| ObjectProblem::LivesTooLong)
    }
}

/// For fuzzing: reads bytes wherever those of a request object are read: as a whole one, and as the
/// claims of one whose signature holds. Whatever they are, nothing panics.
pub fn fuzz_request_object(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = crypto::verify(text, &crypto::Jwks::from_keys(Vec::new()), &RULES);
    }
    let expected = Expected {
        client: "app",
        issuer: "https://auth.bank.example",
        now: 1_800_000_000,
    };
    if let Ok(claims) = expected.check(bytes) {
        let _ = Parameters::of_claims(claims.parameters);
    }
}

#[cfg(test)]
mod tests;
