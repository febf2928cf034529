//! Changes of an issuer's key ring: a key is laid by, gets its time, and is taken out at its end.
//! Each change is one call of the store and is recorded before; a ring that is open goes on as it
//! was opened, so whoever changes a ring puts it in force by opening it again, and settles what
//! that planned.

use jiff::Timestamp;

use model::ports::{AuditUnavailable, KeyUse, SealedKey, StoreUnavailable, lives};
use model::{AuditEntry, AuditEvent, BankId, Fault, KeyLife, LogName, PUBLISHED_BEFORE};

use crate::AuthServer;
use crate::issuer::{AtBank, Issuer, Tokens};
use crate::keys::ring::{self, Planned};

/// What is to become of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// A key is made and published; it waits for its time.
    Make,
    /// The key that waits, or else a new one, signs as soon as it has been published for long
    /// enough.
    Rotate,
    /// A key that signs nothing and verifies nothing any more, or that still waits, is taken out.
    Retire {
        /// Its `kid`.
        kid: String,
    },
}

/// A key of a ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingKey {
    /// Its `kid`.
    pub kid: String,
    /// Its algorithm.
    pub alg: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// Where it stands in its life.
    pub life: KeyLife,
}

/// Why a ring was not changed.
#[derive(Debug, thiserror::Error)]
pub enum Unchanged {
    /// We issue no tokens for this bank.
    #[error("the bank `{bank}` has no issuer here whose keys could change")]
    NoIssuer {
        /// The bank.
        bank: BankId,
    },
    /// There is no such key.
    #[error("the ring has no key `{kid}`")]
    NoKey {
        /// The `kid` asked for.
        kid: String,
    },
    /// A key has its time already.
    #[error("the key `{kid}` signs from {at} on")]
    UnderWay {
        /// The key.
        kid: String,
        /// When.
        at: Timestamp,
    },
    /// The key signs, or is about to.
    #[error("the key `{kid}` signs tokens, or is to")]
    Signs {
        /// The key.
        kid: String,
    },
    /// Tokens of the key may still be in use.
    #[error("tokens of the key `{kid}` may be in use until {until}")]
    InUse {
        /// The key.
        kid: String,
        /// Until when.
        until: Timestamp,
    },
    /// It is distrusted, and its row keeps it from coming back.
    #[error("the key `{kid}` is distrusted since {since:.0}")]
    Distrusted {
        /// The key.
        kid: String,
        /// Since when.
        since: Timestamp,
    },
    /// Somebody else changed the ring at the same moment.
    #[error("the ring changed while the key `{kid}` was being put in")]
    Overtaken {
        /// The key that was to come in.
        kid: String,
    },
    /// The store did not answer.
    #[error("the ring could not be read or written")]
    Store(#[source] StoreUnavailable),
    /// There is no evidence.
    #[error("the change could not be recorded")]
    Audit(#[source] AuditUnavailable),
    /// No key could be made.
    #[error("no key could be made")]
    Key(#[source] Fault),
}

impl AuthServer {
    /// Whether we issue the bank's tokens.
    pub fn issues_for(&self, bank: &BankId) -> bool {
        self.issuer_of(bank).is_ok()
    }

    /// The keys that sign a bank's tokens, as they stand now.
    pub async fn signing_keys(&self, bank: &BankId) -> Result<Vec<RingKey>, Unchanged> {
        self.issuer_of(bank)?;
        self.ring_of(bank, KeyUse::Tokens).await
    }

    /// The keys that sign identity assertions to a bank's services, as they stand now.
    pub async fn assertion_ring(&self, bank: &BankId) -> Result<Vec<RingKey>, Unchanged> {
        self.ring_of(bank, KeyUse::Assertions).await
    }

    async fn ring_of(&self, bank: &BankId, key_use: KeyUse) -> Result<Vec<RingKey>, Unchanged> {
        let ring = self.ports().keys.list(bank, key_use).await;
        Ok(self.as_they_stand(&ring.map_err(Unchanged::Store)?))
    }

    /// Changes the ring of a bank's tokens; answers it as it then stands. The intent is recorded
    /// before, so that no change is without evidence.
    pub async fn change_keys(
        &self,
        bank: &BankId,
        change: &KeyChange,
    ) -> Result<Vec<RingKey>, Unchanged> {
        let issuer = self.issuer_of(bank)?;
        let keys = &self.ports().keys;
        let ring = keys.list(bank, KeyUse::Tokens).await;
        let ring = ring.map_err(Unchanged::Store)?;
        let changed = match change {
            KeyChange::Make => {
                let key = self.made(issuer)?;
                self.record(bank, KeyUse::Tokens, "make", &key.kid).await?;
                keys.lay_by(bank, KeyUse::Tokens, key).await
            }
            KeyChange::Rotate => return self.rotate(issuer, &ring).await,
            KeyChange::Retire { kid } => {
                self.may_go(&ring, kid)?;
                return self.retire(bank, kid).await;
            }
        };
        Ok(self.as_they_stand(&changed.map_err(Unchanged::Store)?))
    }

    async fn rotate(&self, issuer: &Issuer, ring: &[SealedKey]) -> Result<Vec<RingKey>, Unchanged> {
        let (bank, ports) = (&issuer.bank, self.ports());
        for key in self.as_they_stand(ring) {
            if let KeyLife::Starts { at } = key.life {
                return Err(Unchanged::UnderWay { kid: key.kid, at });
            }
        }
        let waits = |ring: &[SealedKey]| ring.iter().find(|key| key.waits()).cloned();
        // One that was laid by under another algorithm would be followed by another at once.
        let fits = |key: &SealedKey| key.alg == issuer.algorithm.as_str();
        let mut next = waits(ring);
        if let Some(other) = next.take_if(|key| !fits(key)) {
            self.retire(bank, &other.kid).await?;
        }
        if next.is_none() {
            let key = self.made(issuer)?;
            self.record(bank, KeyUse::Tokens, "make", &key.kid).await?;
            let laid_by = ports.keys.lay_by(bank, KeyUse::Tokens, key).await;
            next = waits(&laid_by.map_err(Unchanged::Store)?);
        }
        let Some(next) = next else {
            // Another rotation was quicker: its key has its time.
            return self.signing_keys(bank).await;
        };
        let now = ports.clock.now();
        let published = next.published_at.unwrap_or(now);
        let from = published.checked_add(PUBLISHED_BEFORE).unwrap_or(now);
        let from = from.max(now);
        self.record(bank, KeyUse::Tokens, "rotate", &next.kid)
            .await?;
        let scheduled = ports
            .keys
            .schedule(bank, KeyUse::Tokens, &next.kid, from)
            .await;
        Ok(self.as_they_stand(&scheduled.map_err(Unchanged::Store)?))
    }

    /// Takes a key out that may go.
    async fn retire(&self, bank: &BankId, kid: &str) -> Result<Vec<RingKey>, Unchanged> {
        let ports = self.ports();
        self.record(bank, KeyUse::Tokens, "retire", kid).await?;
        let now = ports.clock.now();
        let left = ports.keys.remove(bank, KeyUse::Tokens, kid, now).await;
        let left = left.map_err(Unchanged::Store)?;
        // Of two changes at once, the other may have given it its time.
        self.may_go(&left, kid)
            .or_else(|unchanged| match unchanged {
                Unchanged::NoKey { .. } => Ok(()),
                other => Err(other),
            })?;
        Ok(self.as_they_stand(&left))
    }

    /// Writes what opening the rings planned: the last step before they are in force. What is
    /// written already stays; on an error the rings must not come into force.
    pub async fn settle_keys(&self) -> Result<(), Unchanged> {
        for (bank, key_use, ring) in self.rings() {
            for planned in ring.planned() {
                self.settle(bank, key_use, planned).await?;
            }
        }
        for (bank, planned) in self.planned_subjects() {
            self.settle(bank, KeyUse::Subjects, planned).await?;
        }
        Ok(())
    }

    async fn settle(
        &self,
        bank: &BankId,
        key_use: KeyUse,
        planned: &Planned,
    ) -> Result<(), Unchanged> {
        let keys = &self.ports().keys;
        let (kid, ring) = match planned {
            Planned::Begin(key) => {
                self.record(bank, key_use, "begin", &key.kid).await?;
                (&key.kid, keys.begin(bank, key_use, key.clone()).await)
            }
            Planned::Publish { kid, times } => {
                self.record(bank, key_use, "publish", kid).await?;
                (kid, keys.publish(bank, key_use, kid, *times).await)
            }
        };
        let ring = ring.map_err(Unchanged::Store)?;
        let is_as_planned = ring.iter().any(|key| match planned {
            Planned::Begin(made) => key == made,
            Planned::Publish { kid, times } => {
                key.kid == *kid && key.published_at == Some(times.at)
            }
        });
        if is_as_planned {
            Ok(())
        } else {
            Err(Unchanged::Overtaken { kid: kid.clone() })
        }
    }

    /// Whether a key may be taken out: nothing depends on it.
    fn may_go(&self, ring: &[SealedKey], kid: &str) -> Result<(), Unchanged> {
        let keys = self.as_they_stand(ring);
        let kid = kid.to_owned();
        match keys.iter().find(|key| key.kid == kid).map(|key| key.life) {
            None => Err(Unchanged::NoKey { kid }),
            Some(KeyLife::Waits | KeyLife::Ended) => Ok(()),
            Some(KeyLife::Signs | KeyLife::Starts { .. }) => Err(Unchanged::Signs { kid }),
            Some(KeyLife::Verifies { until }) => Err(Unchanged::InUse { kid, until }),
            Some(KeyLife::Distrusted { since }) => Err(Unchanged::Distrusted { kid, since }),
        }
    }

    fn made(&self, issuer: &Issuer) -> Result<SealedKey, Unchanged> {
        ring::make(&issuer.bank, KeyUse::Tokens, issuer.algorithm, self.ports())
            .map_err(Unchanged::Key)
    }

    fn issuer_of(&self, bank: &BankId) -> Result<&Issuer, Unchanged> {
        match self.at(bank) {
            Some(AtBank {
                tokens: Tokens::Ours(issuer),
                ..
            }) => Ok(issuer),
            _ => Err(Unchanged::NoIssuer { bank: bank.clone() }),
        }
    }

    fn as_they_stand(&self, ring: &[SealedKey]) -> Vec<RingKey> {
        let lives = lives(ring, self.ports().clock.now());
        let keys = ring.iter().zip(lives);
        keys.map(|(key, life)| RingKey {
            kid: key.kid.clone(),
            alg: key.alg.clone(),
            made_at: key.made_at,
            life,
        })
        .collect()
    }

    pub(super) async fn record(
        &self,
        bank: &BankId,
        key_use: KeyUse,
        action: &'static str,
        kid: &str,
    ) -> Result<(), Unchanged> {
        let ports = self.ports();
        let entry = AuditEntry {
            log: LogName::Bank(bank.clone()),
            at: ports.clock.now(),
            event: AuditEvent::KeyRotate {
                key_use: key_use.as_str(),
                action,
                kid: kid.to_owned(),
            },
        };
        let recorded = ports.log.record(entry).await;
        recorded.map(drop).map_err(Unchanged::Audit)
    }
}

#[cfg(test)]
mod tests;
