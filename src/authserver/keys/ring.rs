//! The key ring: made, sealed, loaded, published. Any number of keys; the newest with the
//! configured algorithm signs, all are published, so that tokens signed before a rotation, or
//! before the configured algorithm changed, verify.

use std::sync::Arc;

use model::ports::{KeyUse, SealedKey};
use model::{BankId, Fault};
use secrecy::ExposeSecret;

use crypto::{Algorithm, Jwks, KeyEncryptionKey, SigningKey};

use crate::Ports;

/// An issuer's keys, unsealed. There is always one that signs.
pub(crate) struct Ring {
    /// Oldest first, without the signer.
    others: Vec<SigningKey>,
    signer: Arc<SigningKey>,
}

impl Ring {
    /// Loads the ring, making a key when none has the algorithm. Of two nodes that start at once
    /// one key is kept, and both load it.
    pub(crate) async fn open(
        bank: &BankId,
        key_use: KeyUse,
        algorithm: Algorithm,
        ports: &Ports,
    ) -> Result<Self, Fault> {
        let failed = |cause| Fault::caused(format!("reading the signing keys of {bank}"), cause);
        let mut stored = ports.keys.list(bank, key_use).await.map_err(failed)?;
        if !stored.iter().any(|key| key.alg == algorithm.as_str()) {
            let first = make(bank, key_use, algorithm, ports)?;
            stored = ports
                .keys
                .begin(bank, key_use, first)
                .await
                .map_err(failed)?;
        }
        let mut keys = stored
            .iter()
            .map(|key| unseal(bank, key_use, key, &ports.kek))
            .collect::<Result<Vec<_>, _>>()?;
        let newest = keys
            .iter()
            .rposition(|key| key.algorithm() == algorithm)
            .ok_or_else(|| {
                Fault::new(format!(
                    "choosing the signing key of {bank}: its ring holds no {algorithm} key"
                ))
            })?;
        let signer = keys.remove(newest);
        Ok(Self {
            others: keys,
            signer: Arc::new(signer),
        })
    }

    /// The key that signs new tokens.
    pub(crate) fn signer(&self) -> &Arc<SigningKey> {
        &self.signer
    }

    /// The public parts of all keys.
    pub(crate) fn public(&self) -> Jwks {
        Jwks::from_keys(
            std::iter::once(self.signer.as_ref())
                .chain(&self.others)
                .map(SigningKey::verification_key)
                .collect(),
        )
    }
}

fn make(
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
fn place(bank: &BankId, key_use: KeyUse, kid: &str) -> Vec<u8> {
    let parts = ["signing-key", key_use.as_str(), bank.as_str(), kid];
    parts.map(str::as_bytes).join(&0)
}

#[cfg(test)]
mod tests;
