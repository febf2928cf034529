//! `ports::KeyRing` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use model::BankId;
use model::ports::{
    KeyRing, KeyUse, Published, SealedKey, StoreUnavailable, distrust, has_begun, may_go,
};

use super::Sqlite;
use super::row::unreadable;

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
                    let known = ring(connection, &bank, key_use)?;
                    if has_begun(&known, &key.alg) {
                        return Ok(known);
                    }
                    add(connection, &bank, key_use, &key)?;
                    ring(connection, &bank, key_use)
                }),
        )
    }

    fn lay_by<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        key: SealedKey,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |connection: &Connection| {
            let known = ring(connection, &bank, key_use)?;
            if known.iter().any(SealedKey::waits) {
                return Ok(known);
            }
            let key = SealedKey {
                signs_from: None,
                ..key
            };
            add(connection, &bank, key_use, &key)?;
            ring(connection, &bank, key_use)
        };
        Box::pin(self.writer.carry_out("laying a signing key by", work))
    }

    fn schedule<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        from: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let (bank, kid) = (bank.clone(), kid.to_owned());
        let work = move |connection: &Connection| {
            connection.execute(
                "UPDATE signing_key SET signs_from = ?4
                 WHERE bank = ?1 AND key_use = ?2 AND kid = ?3 AND signs_from IS NULL
                     AND distrusted_at IS NULL",
                params![bank.as_str(), key_use.as_str(), kid, from.to_string()],
            )?;
            ring(connection, &bank, key_use)
        };
        Box::pin(self.writer.carry_out("scheduling a signing key", work))
    }

    fn publish<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        times: Published,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let (bank, kid) = (bank.clone(), kid.to_owned());
        let work = move |connection: &Connection| {
            let (at, from) = (times.at.to_string(), times.signs_from.to_string());
            connection.execute(
                "UPDATE signing_key
                 SET published_at = ?4, signs_from = iif(signs_from IS NULL, NULL, ?5)
                 WHERE bank = ?1 AND key_use = ?2 AND kid = ?3 AND published_at IS NULL
                     AND distrusted_at IS NULL",
                params![bank.as_str(), key_use.as_str(), kid, at, from],
            )?;
            ring(connection, &bank, key_use)
        };
        Box::pin(self.writer.carry_out("publishing a signing key", work))
    }

    fn remove<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let (bank, kid) = (bank.clone(), kid.to_owned());
        let work = move |connection: &Connection| {
            let known = ring(connection, &bank, key_use)?;
            if !may_go(&known, &kid, now) {
                return Ok(known);
            }
            connection.execute(
                "DELETE FROM signing_key WHERE bank = ?1 AND key_use = ?2 AND kid = ?3",
                params![bank.as_str(), key_use.as_str(), kid],
            )?;
            ring(connection, &bank, key_use)
        };
        Box::pin(self.writer.carry_out("removing a signing key", work))
    }

    fn distrust<'a>(
        &'a self,
        bank: &'a BankId,
        key_use: KeyUse,
        kid: &'a str,
        instead: Option<SealedKey>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<SealedKey>, StoreUnavailable>> {
        let (bank, kid) = (bank.clone(), kid.to_owned());
        let work = move |connection: &Connection| {
            let known = ring(connection, &bank, key_use)?;
            let mut changed = known.clone();
            distrust(&mut changed, &kid, instead, at);
            let mut after = changed.iter();
            for (before, after) in known.iter().zip(after.by_ref()) {
                if before != after {
                    write_distrust(connection, &bank, key_use, after)?;
                }
            }
            for instead in after {
                add(connection, &bank, key_use, instead)?;
            }
            ring(connection, &bank, key_use)
        };
        Box::pin(self.writer.carry_out("distrusting a signing key", work))
    }
}

fn write_distrust(
    connection: &Connection,
    bank: &BankId,
    key_use: KeyUse,
    key: &SealedKey,
) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE signing_key SET sealed = ?4, signs_from = ?5, distrusted_at = ?6
         WHERE bank = ?1 AND key_use = ?2 AND kid = ?3",
        params![
            bank.as_str(),
            key_use.as_str(),
            key.kid,
            key.sealed,
            key.signs_from.map(|from| from.to_string()),
            key.distrusted_at.map(|at| at.to_string()),
        ],
    )
}

fn add(
    connection: &Connection,
    bank: &BankId,
    key_use: KeyUse,
    key: &SealedKey,
) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT INTO signing_key (bank, kid, alg, sealed, made_at, signs_from, published_at,
             key_use)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            bank.as_str(),
            key.kid,
            key.alg,
            key.sealed,
            key.made_at.to_string(),
            key.signs_from.map(|from| from.to_string()),
            key.published_at.map(|at| at.to_string()),
            key_use.as_str()
        ],
    )
}

fn ring(
    connection: &Connection,
    bank: &BankId,
    key_use: KeyUse,
) -> rusqlite::Result<Vec<SealedKey>> {
    connection
        .prepare_cached(
            "SELECT kid, alg, sealed, made_at, signs_from, published_at, distrusted_at
             FROM signing_key
             WHERE bank = ?1 AND key_use = ?2 ORDER BY place",
        )?
        .query_map([bank.as_str(), key_use.as_str()], key)?
        .collect()
}

fn key(row: &Row<'_>) -> rusqlite::Result<SealedKey> {
    let instant = |column: usize, text: &str| {
        text.parse::<Timestamp>()
            .map_err(unreadable(column, Type::Text))
    };
    let made_at: String = row.get(3)?;
    let optional = |column: usize| {
        let text: Option<String> = row.get(column)?;
        text.map(|text| instant(column, &text)).transpose()
    };
    Ok(SealedKey {
        kid: row.get(0)?,
        alg: row.get(1)?,
        sealed: row.get(2)?,
        made_at: instant(3, &made_at)?,
        signs_from: optional(4)?,
        published_at: optional(5)?,
        distrusted_at: optional(6)?,
    })
}
