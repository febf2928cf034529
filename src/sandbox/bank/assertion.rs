//! The gateway's identity assertion: who calls, signed by the gateway, for this bank, for 60
//! seconds. Stops a caller who reached the bank past the gateway (no assertion), one who took an
//! assertion for another upstream (`aud`), an old one (`exp`), and any other JWT of the gateway,
//! an access token for one (`typ`).

use std::sync::Arc;

use http::HeaderMap;
use jiff::Timestamp;
use serde::Deserialize;

use crypto::{Jwks, Rules, Times, Typ};

use super::customers::{self, Person};
use super::refused::Refused;

const HEADER: &str = "x-mortise-identity";
const TYP: &[&str] = &["mortise-identity+jwt"];
/// The longest that the gateway sends, in bytes: with what a token grants in detail.
const BYTES_MAX: usize = 24 * 1024;
/// An assertion says it is good for no longer than this.
const LIFE_MAX_SECONDS: i64 = 60;
/// How far the gateway's clock may be from the bank's.
const LEEWAY_SECONDS: i64 = 5;

/// Who may call the bank at the moment: each `iss` of the gateway's assertions, with its keys.
pub(super) type Callers = Arc<dyn Fn() -> Vec<(String, Jwks)> + Send + Sync>;

/// What the bank holds assertions against.
pub(super) struct Assertions {
    callers: Callers,
    audience: String,
}

/// The claims, as the gateway writes them: one missing or of another type is refused.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    partner: String,
    client: String,
    scope: String,
    /// The bank's own id of the customer on whose behalf the partner calls, where there is one.
    customer: Option<String>,
    /// The ids of the accounts that they share with the partner, where there is a consent.
    accounts: Option<Vec<String>>,
}

/// What an assertion that holds says beside who calls.
pub(super) struct Vouched {
    customer: Option<String>,
    /// The ids of the accounts that they share with the partner, where it is said.
    pub(super) shared: Option<Vec<String>>,
}

impl Vouched {
    /// The customer on whose behalf the partner calls. Without one nothing of a customer's is
    /// told: not even that there is such an account.
    pub(super) fn customer(&self) -> Result<&'static Person, Refused> {
        let named = self.customer.as_deref().filter(|id| !id.is_empty());
        let id = named.ok_or_else(|| unidentified("names no customer"))?;
        customers::by_id(id).ok_or(Refused::NoCustomer)
    }
}

impl Assertions {
    pub(super) fn new(callers: Callers, audience: String) -> Self {
        Self { callers, audience }
    }

    /// Verifies the request's one assertion and that it names `scope`.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        scope: &'static str,
        now: Timestamp,
    ) -> Result<Vouched, Refused> {
        let (issuer, claims) = self.verified(headers)?;
        if claims.iss != issuer {
            return Err(unidentified("is of another issuer"));
        }
        if claims.aud != self.audience {
            return Err(unidentified("is for another audience"));
        }
        let times = Times {
            exp: Some(claims.exp),
            nbf: None,
            iat: Some(claims.iat),
        };
        crypto::check_times(&times, now.as_second(), LEEWAY_SECONDS)
            .map_err(|_| unidentified("is expired, or not yet valid"))?;
        let life = claims.exp.checked_sub(claims.iat);
        if !life.is_some_and(|life| (1..=LIFE_MAX_SECONDS).contains(&life)) {
            return Err(unidentified("is not valid for at most 60 seconds"));
        }
        if claims.partner.is_empty() || claims.client.is_empty() {
            return Err(unidentified("names no caller"));
        }
        if !claims.scope.split(' ').any(|named| named == scope) {
            return Err(Refused::Scope { scope });
        }
        Ok(Vouched {
            customer: claims.customer,
            shared: claims.accounts,
        })
    }

    /// The claims, and whose keys they are signed by.
    fn verified(&self, headers: &HeaderMap) -> Result<(String, Claims), Refused> {
        let mut values = headers.get_all(HEADER).iter();
        let token = values.next().ok_or_else(|| unidentified("is missing"))?;
        if values.next().is_some() {
            return Err(unidentified("stands more than once"));
        }
        let token = token
            .to_str()
            .map_err(|_| unidentified("is not a signed token"))?;
        let rules = Rules {
            typ: Typ::Exactly(TYP),
            bytes_max: BYTES_MAX,
        };
        let callers = (self.callers)().into_iter();
        let mut verified = callers.filter_map(|(issuer, keys)| {
            let verified = crypto::verify(token, &keys, &rules).ok()?;
            Some((issuer, verified))
        });
        let (issuer, verified) = verified
            .next()
            .ok_or_else(|| unidentified("is not signed by the gateway as such"))?;
        let claims = serde_json::from_slice(&verified.claims)
            .map_err(|_| unidentified("lacks a claim, or has one of another type"))?;
        Ok((issuer, claims))
    }
}

fn unidentified(rule: &'static str) -> Refused {
    Refused::Unidentified { rule }
}
