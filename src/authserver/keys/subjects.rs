//! The `sub` that a partner knows a customer by: its own, and none that another partner has
//! (OIDC Core §8.1; OC-05). **Stops**: two partners finding out that they serve the same person.

use secrecy::zeroize::Zeroizing;

use crypto::KeyEncryptionKey;
use model::ports::{KeyUse, SealedKey};
use model::{BankId, Fault, PartnerId};

use crate::Ports;
use crate::keys::ring::{Planned, place};

/// What the secret is used for (RFC 7518 §3.2).
const ALGORITHM: &str = "HS256";

/// A bank's secret for subjects: made once, and never again, for a partner knows its customers by
/// what is made of it.
pub(crate) struct Subjects {
    secret: Zeroizing<Vec<u8>>,
    planned: Option<Planned>,
}

impl Subjects {
    /// Unseals the bank's secret; nothing is changed in the store. When there is none, one is made
    /// and planned.
    pub(crate) async fn open(bank: &BankId, ports: &Ports) -> Result<Self, Fault> {
        let doing = || format!("opening the secret for subjects of {bank}");
        let failed = |cause| Fault::caused(doing(), cause);
        let ring = ports.keys.list(bank, KeyUse::Subjects).await;
        let kept = ring.map_err(failed)?.into_iter().next();
        let is_kept = kept.is_some();
        let key = kept.map_or_else(|| make(bank, ports), Ok)?;
        let place = place(bank, KeyUse::Subjects, &key.kid);
        let secret = ports.kek.open(&key.sealed, &place);
        Ok(Self {
            secret: secret.map_err(|cause| Fault::caused(doing(), cause))?,
            planned: (!is_kept).then_some(Planned::Begin(key)),
        })
    }

    /// What has to be written before customers are known by it.
    pub(crate) fn planned(&self) -> Option<&Planned> {
        self.planned.as_ref()
    }

    /// A key for another purpose, made of the same secret (NIST SP 800-108).
    pub(crate) fn key_for(&self, purpose: &str) -> Result<KeyEncryptionKey, Fault> {
        // A subject's message begins with a partner's id, which holds no NUL.
        let message = [&[0], purpose.as_bytes()].concat();
        let key = Zeroizing::new(crypto::hmac_sha256(&self.secret, &message));
        let text = Zeroizing::new(crypto::base64url(&key[..]));
        KeyEncryptionKey::from_text(&text)
            .map_err(|cause| Fault::caused(format!("making the key for {purpose}"), cause))
    }

    /// The `sub` of a customer for a partner: 43 characters of base64url.
    pub(crate) fn of(&self, partner: &PartnerId, subject: &str) -> String {
        // A partner's id holds no NUL: no two pairs read the same.
        let message = [partner.as_str().as_bytes(), &[0], subject.as_bytes()].concat();
        crypto::base64url(&crypto::hmac_sha256(&self.secret, &message))
    }

    /// What records call a customer: who has the secret can tell that it is they, nobody else.
    pub(crate) fn pseudonym(&self, subject: &str) -> [u8; 32] {
        // A partner's id holds no space: no partner knows a customer by this.
        let message = [b"mortise customer\0", subject.as_bytes()].concat();
        crypto::hmac_sha256(&self.secret, &message)
    }
}

fn make(bank: &BankId, ports: &Ports) -> Result<SealedKey, Fault> {
    let random = ports.random.as_ref();
    let kid = crypto::base64url(&crypto::random_array::<16>(random));
    let secret = Zeroizing::new(crypto::random_array::<32>(random));
    let place = place(bank, KeyUse::Subjects, &kid);
    let sealed = ports.kek.seal(&secret[..], &place, random);
    let doing = format!("making the secret for subjects of {bank}");
    let now = ports.clock.now();
    Ok(SealedKey {
        kid,
        alg: ALGORITHM.to_owned(),
        sealed: sealed.map_err(|cause| Fault::caused(doing, cause))?,
        made_at: now,
        signs_from: Some(now),
        published_at: Some(now),
        distrusted_at: None,
    })
}
