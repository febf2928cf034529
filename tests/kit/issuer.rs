//! The issuer's own signing key, for tokens that the issuer would never make.

use std::path::Path;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crypto::{Algorithm, KeyEncryptionKey, SigningKey, SystemRandom};
use model::ports::{KeyRing, KeyUse};
use model::{BankId, Clock};
use store::Sqlite;

use crate::house::TestHouse;
use crate::partner::Partner;

/// The key with which a bank's issuer signs tokens: opened with the key-encryption key from a copy
/// of the store, as whoever holds both could.
pub async fn issuer_key(store: &Path, kek: &Path, bank: &str) -> SigningKey {
    let copy = tempfile::tempdir().expect("a temporary folder");
    let copied = copy.path().join("mortise.sqlite");
    std::fs::copy(store, &copied).expect("a copy of the store");
    let log = store.with_extension("sqlite-wal");
    if log.exists() {
        std::fs::copy(log, copied.with_extension("sqlite-wal")).expect("a copy of its log");
    }
    let store = Sqlite::open(&copied).expect("a store");
    let kek = KeyEncryptionKey::from_text(&read(kek)).expect("a key-encryption key");
    let bank = BankId::parse(bank).expect("a bank's id");
    let keys = store
        .list(&bank, KeyUse::Tokens)
        .await
        .expect("the ring of keys");
    let key = keys.last().expect("a key in the ring");
    let place = [
        "signing-key",
        KeyUse::Tokens.as_str(),
        bank.as_str(),
        &key.kid,
    ];
    let place = place.map(str::as_bytes).join(&0);
    let der = kek
        .open(&key.sealed, &place)
        .expect("a key sealed in its place");
    let algorithm = Algorithm::parse(&key.alg).expect("an algorithm");
    SigningKey::from_pkcs8(algorithm, &key.kid, &der).expect("a signing key")
}

impl TestHouse {
    /// The key with which the bank's issuer signs tokens, see [`issuer_key`].
    pub async fn issuer_key(&self) -> SigningKey {
        let store = self.dir().join("mortise.sqlite");
        issuer_key(&store, &self.dir().join("keys/kek"), sandbox::BANK).await
    }

    /// The claims of a good token of this partner's with this scope, for tests to spoil.
    pub fn claims(&self, partner: &Partner, scope: &str) -> Value {
        let now = self.clock.now().as_second();
        json!({
            "iss": self.issuer_url(),
            "sub": partner.client_id.as_str(),
            "aud": self.api_url(),
            "client_id": partner.client_id.as_str(),
            "iat": now,
            "exp": now + 60,
            "jti": crypto::base64url(&crypto::random_array::<16>(&SystemRandom)),
            "scope": scope,
            "cnf": { "x5t#S256": partner.identity.thumbprint() },
        })
    }
}

/// The same key under another id.
pub fn under_kid(key: &SigningKey, kid: &str) -> SigningKey {
    let der = key.to_pkcs8();
    SigningKey::from_pkcs8(key.algorithm(), kid, der.expose_secret()).expect("a signing key")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a readable file")
}
