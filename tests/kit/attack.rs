//! The attack set from outside: each attack is an honest call with one thing wrong, by the names
//! that `mortise prove` gives them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crypto::{SigningKey, SystemRandom};
use sandbox::{Leaf, TestCa, Validity};

use crate::authority::{issue, other_authority, partner_leaf};
use crate::client::Identity;

/// The names of the attacks.
pub const ATTACKS: [&str; 13] = [
    "no_certificate",
    "foreign_certificate",
    "revoked_certificate",
    "expired_certificate",
    "suspended_partner",
    "no_token",
    "unbound_token",
    "other_partners_token",
    "missing_proof",
    "missing_scope",
    "wrong_audience",
    "over_limit",
    "foreign_host",
];

/// A host that no listener serves.
pub const FOREIGN_HOST: &str = "elsewhere.invalid";

/// Who attacks: every certificate a caller may show, and the key of the bank's issuer, so that
/// nothing is wrong with a token but what the attack says.
pub struct Attackers {
    /// The honest caller's certificate.
    pub good: Identity,
    /// One of the same organization, of another authority.
    pub foreign: Identity,
    /// One of the same organization, on the revocation list once [`Self::revoked_serial`] is.
    pub revoked: Identity,
    /// The number of that one.
    pub revoked_serial: Vec<u8>,
    /// One of the same organization that ended an hour ago.
    pub expired: Identity,
    /// The suspended partner's.
    pub suspended: Identity,
    /// The OAuth client of the honest caller.
    pub client: String,
    /// The OAuth client of the suspended partner.
    pub suspended_client: String,
    /// The key that signs the issuer's tokens.
    pub issuer_key: SigningKey,
    /// The issuer's identifier.
    pub issuer: String,
    /// The audience of its tokens.
    pub audience: String,
}

/// The certificates of one organization for each attack, under the bank's authority: good, foreign,
/// revoked (with its number) and expired.
pub fn certificates_of(
    authority: &TestCa,
    organization_id: &str,
    now: Timestamp,
) -> (Identity, Identity, (Identity, Vec<u8>), Identity) {
    let leaf = partner_leaf(Some(organization_id), now, Duration::from_hours(24));
    let ago = |hours| {
        now.checked_sub(SignedDuration::from_hours(hours))
            .expect("an instant")
    };
    let over = Leaf {
        validity: Validity {
            not_before: ago(48),
            not_after: ago(1),
        },
        ..leaf.clone()
    };
    let stranger = other_authority("An authority of nobody here", now);
    let revoked = issue(authority, &leaf);
    (
        Identity::issued(&issue(authority, &leaf)),
        Identity::issued(&issue(&stranger, &leaf)),
        (Identity::issued(&revoked), revoked.serial.clone()),
        Identity::issued(&issue(authority, &over)),
    )
}

/// How an attack is made on one operation.
pub struct Mounted<'a> {
    /// The certificate shown.
    pub identity: Option<&'a Identity>,
    /// The Authorization header.
    pub bearer: Option<String>,
    /// The host named, where it is another.
    pub host: Option<&'static str>,
}

impl Attackers {
    /// The attack with this name on an operation that wants this scope (`honest`: none is made).
    /// Whoever shows a certificate has a token that is bound to it, unless that is the attack.
    pub fn mount(&self, attack: &str, scope: &str, now: Timestamp) -> Mounted<'_> {
        let held = match attack {
            "foreign_certificate" => &self.foreign,
            "revoked_certificate" => &self.revoked,
            "expired_certificate" => &self.expired,
            "suspended_partner" => &self.suspended,
            _ => &self.good,
        };
        let client = match attack {
            "suspended_partner" => &self.suspended_client,
            _ => &self.client,
        };
        let bound = json!({ "x5t#S256": held.thumbprint() });
        let mut claims = json!({
            "iss": self.issuer,
            "sub": client,
            "aud": self.audience,
            "client_id": client,
            "iat": now.as_second(),
            "exp": now.as_second() + 3600,
            "jti": crypto::base64url(&crypto::random_array::<16>(&SystemRandom)),
            "scope": scope,
            "cnf": bound,
        });
        match attack {
            "unbound_token" => claims["cnf"] = Value::Null,
            "other_partners_token" => {
                claims["cnf"] = json!({ "x5t#S256": self.suspended.thumbprint() });
                claims["client_id"] = json!(self.suspended_client);
            }
            "missing_proof" => {
                let own = self.issuer_key.verification_key();
                claims["cnf"] = json!({ "jkt": own.thumbprint() });
            }
            "missing_scope" => claims["scope"] = json!(""),
            "wrong_audience" => claims["aud"] = json!(format!("https://{FOREIGN_HOST}")),
            _ => {}
        }
        let token = self.issuer_key.sign("at+jwt", &claims).expect("a token");
        Mounted {
            identity: (attack != "no_certificate").then_some(held),
            bearer: (attack != "no_token").then(|| format!("Bearer {token}")),
            host: (attack == "foreign_host").then_some(FOREIGN_HOST),
        }
    }
}
