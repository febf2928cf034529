//! `ports::KeyRing` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use model::BankId;
use model::ports::{KeyRing, KeyUse, SealedKey, StoreUnavailable};

use super::Sqlite;

impl KeyRing for Sqlite {
    fn list<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let bank = bank.clone();
        Box::pin(self.reader.ask("listing signing keys", move |connection| {
            ring(connection, &bank, key_use)
        }))
    }

    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let bank = bank.clone();
        Box::pin(
            self.writer
                .carry_out("beginning a signing algorithm", move |connection| {
                    connection.execute(
                        "INSERT INTO signing_key (bank, kid, alg, sealed, made_at, key_use)
                         SELECT ?1, ?2, ?3, ?4, ?5, ?6
                         WHERE NOT EXISTS
                             (SELECT 1 FROM signing_key
                              WHERE bank = ?1 AND key_use = ?6 AND alg = ?3)",
                        params![
                            bank.as_str(),
                            key.kid,
                            key.alg,
                            key.sealed,
                            key.made_at.to_string(),
                            key_use.as_str()
                        ],
                    )?;
                    ring(connection, &bank, key_use)
                }),
        )
    }
}

fn ring(
    connection: &Connection,
    bank: &BankId,
    key_use: KeyUse,
) -> rusqlite::Result<Vec<SealedKey>> {
    connection
        .prepare_cached(
            "SELECT kid, alg, sealed, made_at FROM signing_key
             WHERE bank = ?1 AND key_use = ?2 ORDER BY place",
        )?
        .query_map([bank.as_str(), key_use.as_str()], key)?
        .collect()
}

fn key(row: &Row<'_>) -> rusqlite::Result<SealedKey> {
    let made_at: String = row.get(3)?;
    Ok(SealedKey {
        kid: row.get(0)?,
        alg: row.get(1)?,
        sealed: row.get(2)?,
        made_at: made_at.parse::<Timestamp>().map_err(|cause| {
            rusqlite::Error::FromSqlConversionFailure(3, Type::Text, Box::new(cause))
        })?,
    })
}
