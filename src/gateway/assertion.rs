//! Identity assertions to the bank: who calls, and what of the token's authorization details the
//! operation demands (RFC 9396 §9.1; RA-05), and whose data under which consent, signed by us, kept
//! beside the cached token.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use quick_cache::sync::Cache;
use serde::Serialize;

use crypto::{Random, SigningKey};
use identity::{Caller, Issuer, LiveConsent, TokenDetails};
use model::{DetailType, Fault, Refusal, UpstreamId};

use crate::halt::Halt;

/// How long an assertion is valid, in seconds.
const VALID_S: i64 = 60;
/// One with less than this left is signed anew, in seconds.
const RENEW_S: i64 = 30;
/// The longest assertion, in bytes: as long as the longest token that is read. What came in one
/// header line goes out in one.
const ASSERTION_BYTES_MAX: usize = 24 * 1024;
/// The longest one that is kept, in bytes: what all that are kept may take is that many times
/// their number. A longer one is signed for each request.
const KEPT_BYTES_MAX: usize = 2 * 1024;

/// The details that an operation demands, and where they stand.
pub(crate) struct Demanded<'a> {
    /// Their type.
    pub(crate) its: &'a DetailType,
    /// Whose audience they are to be used at.
    pub(crate) issuer: &'a Issuer,
    /// The request's headers, which bring the token.
    pub(crate) headers: &'a HeaderMap,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    partner: &'a str,
    client: &'a str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_details: Option<TokenDetails>,
    #[serde(flatten)]
    on_behalf: Option<OnBehalf<'a>>,
    iat: i64,
    exp: i64,
    jti: String,
}

/// Whose data, and of that what they chose: told to the bank alone.
#[derive(Serialize)]
struct OnBehalf<'a> {
    /// The customer, as the bank names them.
    customer: &'a str,
    /// SHA-256 of the consent's id, as records name it.
    consent: String,
    /// What they chose, as the bank names it.
    accounts: Vec<&'a str>,
}

impl<'a> OnBehalf<'a> {
    fn of(consent: &'a LiveConsent) -> Self {
        let resources = consent.terms.resources.iter();
        Self {
            customer: &consent.terms.customer,
            consent: crypto::base64url(&consent.digest),
            accounts: resources.map(|resource| resource.id.as_str()).collect(),
        }
    }
}

/// What an assertion is kept under: all that it is made of, but the time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    /// SHA-256 of the token: who calls, and what it grants.
    token: [u8; 32],
    upstream: UpstreamId,
    /// Which of the token's details: their type, and the audience that they are to be used at.
    details: Option<(DetailType, Arc<str>)>,
    /// SHA-256 of what is told of the consent.
    consent: Option<[u8; 32]>,
}

/// What stands in an assertion beside who calls.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told<'a> {
    /// The details that are demanded.
    pub(crate) demanded: Option<&'a Demanded<'a>>,
    /// The customer's consent.
    pub(crate) consent: Option<&'a LiveConsent>,
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
    signed: Cache<Place, Arc<Signed>>,
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

    /// The assertion of this caller for this upstream, with the details that are demanded and the
    /// consent that the customer gave.
    ///
    /// Errors: [`Refusal::DetailsTooLong`]; a fault.
    pub(crate) fn assertion(
        &self,
        caller: &Caller,
        upstream: &UpstreamId,
        told: Told<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<HeaderValue, Halt> {
        let Told { demanded, consent } = told;
        let details = demanded.map(|it| (it.its.clone(), Arc::clone(it.issuer.audience())));
        let place = Place {
            token: caller.token().digest,
            upstream: upstream.clone(),
            details,
            consent: consent.map(|consent| consent.told),
        };
        let seconds = now.as_second();
        if let Some(signed) = self.signed.get(&place)
            && (signed.signed_at..signed.renew_at).contains(&seconds)
        {
            return Ok(signed.text.clone());
        }
        let details = demanded.map(|it| read(caller, it)).transpose()?;
        let on_behalf = consent.map(OnBehalf::of);
        let text = self.sign(caller, upstream, (details, on_behalf), seconds, random)?;
        if text.len() > ASSERTION_BYTES_MAX {
            return Err(Halt::Refused(Refusal::DetailsTooLong {
                limit: ASSERTION_BYTES_MAX,
            }));
        }
        if text.len() > KEPT_BYTES_MAX {
            return Ok(text);
        }
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
        (authorization_details, on_behalf): (Option<TokenDetails>, Option<OnBehalf<'_>>),
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
            authorization_details,
            on_behalf,
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

/// Reads the details that are demanded from the token that came.
fn read(caller: &Caller, demanded: &Demanded<'_>) -> Result<TokenDetails, Fault> {
    let Demanded {
        its,
        issuer,
        headers,
    } = demanded;
    let details = identity::details(caller, headers, issuer, its);
    details.ok_or_else(|| Fault::new("reading the details of a token that was verified"))
}
