//! Distrusting a key that somebody else may hold: whatever it signs, signed or was to sign, tokens
//! or assertions, it does so no more. **Stops**: tokens that whoever found the key makes.

use model::ports::{KeyUse, SealedKey, lives};
use model::{BankId, KeyLife};

use crypto::Algorithm;

use crate::AuthServer;
use crate::issuer::{ASSERTIONS, Tokens};
use crate::keys::ring;
use crate::keys::rotation::Unchanged;

/// The uses whose keys are published: one of these is the key's.
const USES: [KeyUse; 2] = [KeyUse::Tokens, KeyUse::Assertions];

/// What came of distrusting a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distrusted {
    /// What it signed.
    pub key_use: KeyUse,
    /// Its `kid`.
    pub kid: String,
    /// The `kid` of the key that was made because it signed, and signs now.
    pub instead: Option<String>,
}

impl AuthServer {
    /// Distrusts a key of a bank, for ever; if it signed, another is made, which signs at once. To
    /// be distrusted twice changes nothing. The intent is recorded before; whoever has the ring
    /// open must open it again.
    ///
    /// Errors: no ring of the bank has the key; the store or the log does not answer; somebody else
    /// changed the ring at the same moment.
    pub async fn distrust_key(&self, bank: &BankId, kid: &str) -> Result<Distrusted, Unchanged> {
        let keys = &self.ports().keys;
        for key_use in USES {
            let ring = keys.list(bank, key_use).await.map_err(Unchanged::Store)?;
            if let Some(key) = ring.iter().find(|key| key.kid == kid) {
                return self.distrust(bank, key_use, &ring, key).await;
            }
        }
        Err(Unchanged::NoKey {
            kid: kid.to_owned(),
        })
    }

    async fn distrust(
        &self,
        bank: &BankId,
        key_use: KeyUse,
        ring: &[SealedKey],
        key: &SealedKey,
    ) -> Result<Distrusted, Unchanged> {
        let (ports, kid) = (self.ports(), key.kid.clone());
        let done = |instead| Distrusted {
            key_use,
            kid: kid.clone(),
            instead,
        };
        if !key.is_trusted() {
            return Ok(done(None));
        }
        let now = ports.clock.now();
        let mut lives = ring.iter().zip(lives(ring, now));
        let signs = lives.any(|(its, life)| its.kid == kid && life == KeyLife::Signs);
        let instead = if signs {
            let algorithm = self.algorithm_of(bank, key_use);
            let made = ring::make(bank, key_use, algorithm, ports);
            Some(made.map_err(Unchanged::Key)?)
        } else {
            None
        };
        self.record(bank, key_use, "distrust", &kid).await?;
        if let Some(instead) = &instead {
            self.record(bank, key_use, "begin", &instead.kid).await?;
        }
        let made = instead.as_ref().map(|key| key.kid.clone());
        let left = ports.keys.distrust(bank, key_use, &kid, instead, now).await;
        let left = left.map_err(Unchanged::Store)?;
        // Of two changes at once, the other may have let it sign.
        if left.iter().any(|key| key.kid == kid && key.is_trusted()) {
            return Err(Unchanged::Overtaken { kid });
        }
        let is_in = |made: &String| left.iter().any(|key| key.kid == *made);
        Ok(done(made.filter(is_in)))
    }

    /// What a new key of a use is for.
    fn algorithm_of(&self, bank: &BankId, key_use: KeyUse) -> Algorithm {
        match self.at(bank).map(|at_bank| &at_bank.tokens) {
            Some(Tokens::Ours(issuer)) if key_use == KeyUse::Tokens => issuer.algorithm,
            _ => ASSERTIONS,
        }
    }
}
