//! The tokens of a rehearsal.

use serde::Serialize;

use model::{ClientId, DetailType, Fault, Scope};

use super::{Rehearsals, Scene};
use crate::prove::Attack;

/// What stands where the SHA-256 of another certificate would, or of a key.
const ANOTHER: [u8; 32] = [0x5a; 32];
/// An audience that no listener is.
const ELSEWHERE: &str = "https://elsewhere.invalid";
/// Types of details: whichever is demanded, one of them is another.
const OTHER_TYPES: [&str; 2] = ["rehearsal", "another_rehearsal"];
/// A strength of log-ins that none can demand: with spaces it would be several (RFC 9470 §3).
const WEAK: &str = "weaker than demanded";
/// The grant of every customer's token.
const GRANT: &str = "rehearsal";

impl Rehearsals {
    /// The token that a call shows.
    pub(super) fn token(
        &self,
        scene: &Scene,
        attack: Option<Attack>,
        certificate: [u8; 32],
    ) -> Result<String, Fault> {
        let to_certificate =
            |thumbprint: [u8; 32]| Some(Confirmation::Certificate(crypto::base64url(&thumbprint)));
        let client = scene.client.as_ref().map_or("nobody", ClientId::as_str);
        let class = &scene.route.class;
        let scope = class
            .scope()
            .filter(|_| attack != Some(Attack::MissingScope));
        let is_customers = class.coverage().is_some();
        let now = self.clock.now().as_second();
        let log_in = scene.route.log_in.as_ref();
        let claims = Claims {
            iss: scene.issuer.identifier(),
            // Where a log-in is demanded, one just made, as strong as can be.
            sub: if log_in.is_some() || is_customers {
                "a customer"
            } else {
                client
            },
            auth_time: log_in.map(|demanded| match (attack, demanded.max_age_s) {
                (Some(Attack::StaleLogIn), Some(max)) => {
                    now.saturating_sub_unsigned(max.saturating_add(1))
                }
                _ => now,
            }),
            acr: match attack {
                Some(Attack::WeakLogIn) => Some(WEAK),
                _ => log_in.and_then(|demanded| demanded.acr_values.first().map(String::as_str)),
            },
            aud: match attack {
                Some(Attack::WrongAudience) => ELSEWHERE,
                _ => scene.issuer.audience(),
            },
            client_id: client,
            iat: now,
            exp: now.saturating_add(60),
            jti: crypto::base64url(&crypto::random_array::<16>(self.random.as_ref())),
            scope: scope.map_or("", Scope::as_str),
            authorization_details: class
                .detail()
                .map_or_else(Vec::new, |demanded| Detail::all(demanded, attack)),
            grant_id: is_customers.then_some(GRANT),
            cnf: match attack {
                Some(Attack::UnboundToken) => None,
                Some(Attack::OtherPartnersToken) => to_certificate(ANOTHER),
                Some(Attack::MissingProof) => Some(Confirmation::Key(crypto::base64url(&ANOTHER))),
                _ => to_certificate(certificate),
            },
        };
        self.key
            .sign("at+jwt", &claims)
            .map_err(|e| Fault::caused("signing a token for the rehearsal", e))
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    scope: &'a str,
    authorization_details: Vec<Detail<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<&'a str>,
    cnf: Option<Confirmation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
}

/// A detail of a type, to be used here or elsewhere: up to the bank's door the road looks at
/// nothing else.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Detail<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    locations: Option<[&'a str; 1]>,
}

impl<'a> Detail<'a> {
    /// What a token holds where this is demanded. Where it is missing, each check has one that it
    /// alone refuses: one of the type that is located elsewhere, and one of another type.
    fn all(demanded: &'a DetailType, attack: Option<Attack>) -> Vec<Self> {
        let demanded = demanded.as_str();
        let here = |r#type| Self {
            r#type,
            locations: None,
        };
        if attack != Some(Attack::MissingDetails) {
            return vec![here(demanded)];
        }
        let elsewhere = Self {
            r#type: demanded,
            locations: Some([ELSEWHERE]),
        };
        let other = OTHER_TYPES.into_iter().find(|other| *other != demanded);
        std::iter::once(elsewhere).chain(other.map(here)).collect()
    }
}

#[derive(Serialize)]
enum Confirmation {
    #[serde(rename = "x5t#S256")]
    Certificate(String),
    #[serde(rename = "jkt")]
    Key(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_details_are_one_elsewhere_and_one_of_another_type() {
        for demanded in ["payment", "rehearsal", "another_rehearsal"] {
            let its = DetailType::parse(demanded).expect("a type");
            let honest = Detail {
                r#type: demanded,
                locations: None,
            };
            assert_eq!(Detail::all(&its, None), [honest]);
            let missing = Detail::all(&its, Some(Attack::MissingDetails));
            let [elsewhere, other] = missing.as_slice() else {
                panic!("two, not {missing:?}");
            };
            assert_eq!(
                (elsewhere.r#type, elsewhere.locations),
                (demanded, Some([ELSEWHERE]))
            );
            assert_ne!(other.r#type, demanded);
            assert!(DetailType::parse(other.r#type).is_ok());
            assert_eq!(other.locations, None);
        }
    }
}
