//! The key ring: made, sealed, loaded, published. Which key signs, and which still verify, is a
//! function of the ring's times and of now (`model::KeyLife`): a ring once opened goes through a
//! rotation by itself, and so does one that is opened in the middle of it.

use std::sync::Arc;

use identity::{IssuerKeys, KeyTime};
use jiff::Timestamp;
use model::ports::{KeyUse, Published, SealedKey, has_begun, publish};
use model::{BankId, Fault, KeyLife, KeyTimes, PUBLISHED_BEFORE};
use secrecy::ExposeSecret;

use crypto::{Algorithm, Jwks, KeyEncryptionKey, SigningKey};

use crate::Ports;

/// An issuer's keys, unsealed, in the order of their making. There is always one that signs.
pub(crate) struct Ring {
    /// `None` stands for one that is distrusted.
    keys: Vec<Option<Arc<SigningKey>>>,
    /// What the life of each follows from.
    times: Vec<KeyTimes>,
    /// What the store does not hold yet.
    planned: Vec<Planned>,
}

/// A change of the stored ring that has to be made before the opened one is in force.
#[derive(Debug, Clone)]
pub(crate) enum Planned {
    /// A key of an algorithm that the ring did not have.
    Begin(SealedKey),
    /// A key that nobody else knows yet is published.
    Publish {
        /// The key.
        kid: String,
        /// When, and from when on it signs.
        times: Published,
    },
}

impl Ring {
    /// Loads the ring; nothing is changed in the store. When the key that signs last has another
    /// algorithm, one of this algorithm is made and planned: the first of a ring signs at once,
    /// another when it has been published for long enough, and so does one that was changed while
    /// no gateway published it.
    pub(crate) async fn open(
        bank: &BankId,
        key_use: KeyUse,
        algorithm: Algorithm,
        ports: &Ports,
    ) -> Result<Self, Fault> {
        let failed = |cause| Fault::caused(format!("reading the signing keys of {bank}"), cause);
        let mut stored = ports.keys.list(bank, key_use).await.map_err(failed)?;
        let mut planned = Vec::new();
        if !has_begun(&stored, algorithm.as_str()) {
            let mut key = make(bank, key_use, algorithm, ports)?;
            let is_first = !stored.iter().any(has_its_time);
            key.signs_from = Some(starts(is_first, key.made_at));
            key.published_at = Some(key.made_at);
            planned.push(Planned::Begin(key.clone()));
            stored.push(key);
        }
        for (kid, times) in unpublished(&stored, ports.clock.now()) {
            publish(&mut stored, &kid, times);
            planned.push(Planned::Publish { kid, times });
        }
        let unsealed = stored
            .iter()
            .map(|key| {
                let trusted = key.is_trusted();
                let unsealed = trusted.then(|| unseal(bank, key_use, key, &ports.kek));
                Ok(unsealed.transpose()?.map(Arc::new))
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        if !stored.iter().any(has_its_time) {
            let doing = format!("choosing the signing key of {bank}: none has its time");
            return Err(Fault::new(doing));
        }
        Ok(Self {
            keys: unsealed,
            times: stored.iter().map(SealedKey::times).collect(),
            planned,
        })
    }

    /// What the store has to be told before this ring is in force.
    pub(super) fn planned(&self) -> &[Planned] {
        &self.planned
    }

    /// The key that signs new tokens.
    pub(crate) fn signer(&self, now: Timestamp) -> &Arc<SigningKey> {
        let mut lives = self.lives(now);
        let signer = lives.find_map(|(key, life)| (life == KeyLife::Signs).then_some(key));
        signer.expect("an opened ring must have a key with a time, and of these one signs")
    }

    /// The public parts of all keys that sign, will, or did so lately.
    pub(crate) fn public(&self, now: Timestamp) -> Jwks {
        let published = self.lives(now).filter(|(_, life)| *life != KeyLife::Ended);
        Jwks::from_keys(published.map(|(key, _)| key.verification_key()).collect())
    }

    /// The keys that are trusted, and where each stands in its life.
    fn lives(&self, now: Timestamp) -> impl Iterator<Item = (&Arc<SigningKey>, KeyLife)> {
        let lives = KeyLife::of_ring(&self.times, now);
        let keys = self.keys.iter().zip(lives);
        keys.filter_map(|(key, life)| Some((key.as_ref()?, life)))
    }

    /// The algorithms of the published keys, each once.
    pub(crate) fn algorithms(&self, now: Timestamp) -> Vec<Algorithm> {
        let mut algorithms = Vec::new();
        for key in self.public(now).keys() {
            if !algorithms.contains(&key.algorithm()) {
                algorithms.push(key.algorithm());
            }
        }
        algorithms
    }

    /// The keys that tokens verify with, and until when.
    pub(crate) fn verifying(&self, now: Timestamp) -> IssuerKeys {
        let begins = KeyLife::begins(&self.times);
        let ends = KeyLife::ends(&self.times);
        let lives = KeyLife::of_ring(&self.times, now);
        let times = begins.into_iter().zip(ends);
        let keys = self.keys.iter().zip(lives).zip(times);
        let verify = keys.filter_map(|((key, life), (from, until))| {
            let from = from.filter(|_| life != KeyLife::Ended)?;
            Some((key.as_ref()?, KeyTime { from, until }))
        });
        let (keys, times) = verify
            .map(|(key, time)| (key.verification_key(), (key.kid().to_owned(), time)))
            .unzip();
        IssuerKeys {
            keys: Jwks::from_keys(keys),
            times,
        }
    }
}

/// Whether a key signs now or at some time, or did.
fn has_its_time(key: &SealedKey) -> bool {
    key.is_trusted() && key.signs_from.is_some()
}

/// The keys of a ring that nobody has published. One that is to follow another signs only when it
/// has been published for long enough.
fn unpublished(ring: &[SealedKey], now: Timestamp) -> Vec<(String, Published)> {
    let follows = |key: &SealedKey| {
        ring.iter().any(|other| {
            other.kid != key.kid && other.published_at.is_some() && has_its_time(other)
        })
    };
    let times = |key: &SealedKey| {
        let from = key.signs_from.unwrap_or(now);
        let signs_from = if follows(key) {
            from.max(starts(false, now))
        } else {
            from
        };
        let at = now;
        (key.kid.clone(), Published { at, signs_from })
    };
    let trusted = ring.iter().filter(|key| key.is_trusted());
    let unpublished = trusted.filter(|key| key.published_at.is_none());
    unpublished.map(times).collect()
}

/// When a key that was just made begins to sign.
pub(super) fn starts(is_first: bool, made_at: Timestamp) -> Timestamp {
    if is_first {
        return made_at;
    }
    made_at.checked_add(PUBLISHED_BEFORE).unwrap_or(made_at)
}

/// Makes a key that waits, sealed.
pub(super) fn make(
    bank: &BankId,
    key_use: KeyUse,
    algorithm: Algorithm,
    ports: &Ports,
) -> Result<SealedKey, Fault> {
    let doing = format!("making a signing key of {bank}");
    let key = SigningKey::generate(algorithm).map_err(|cause| Fault::caused(&*doing, cause))?;
    let sealed = ports
        .kek
        .seal(
            key.to_pkcs8().expose_secret(),
            &place(bank, key_use, key.kid()),
            ports.random.as_ref(),
        )
        .map_err(|cause| Fault::caused(&*doing, cause))?;
    Ok(SealedKey {
        kid: key.kid().to_owned(),
        alg: algorithm.as_str().to_owned(),
        sealed,
        made_at: ports.clock.now(),
        signs_from: None,
        published_at: None,
        distrusted_at: None,
    })
}

fn unseal(
    bank: &BankId,
    key_use: KeyUse,
    stored: &SealedKey,
    kek: &KeyEncryptionKey,
) -> Result<SigningKey, Fault> {
    let doing = || format!("unsealing the signing key {} of {bank}", stored.kid);
    let algorithm = Algorithm::parse(&stored.alg).map_err(|cause| Fault::caused(doing(), cause))?;
    let der = kek
        .open(&stored.sealed, &place(bank, key_use, &stored.kid))
        .map_err(|cause| Fault::caused(doing(), cause))?;
    SigningKey::from_pkcs8(algorithm, &stored.kid, &der)
        .map_err(|cause| Fault::caused(doing(), cause))
}

/// The additional authenticated data: a sealed key opens only in its own place. A bank's id holds
/// no NUL, so that no two places read the same.
pub(super) fn place(bank: &BankId, key_use: KeyUse, kid: &str) -> Vec<u8> {
    let parts = ["signing-key", key_use.as_str(), bank.as_str(), kid];
    parts.map(str::as_bytes).join(&0)
}

#[cfg(test)]
mod tests;
