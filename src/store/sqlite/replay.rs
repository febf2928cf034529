//! `ports::Replay` in SQLite.
//!
//! The file remembers what is taken across a restart, one row behind the other; what is looked at
//! is in memory. So a claim writes to the file's end, where many share a page, and its `jti`, which
//! is random, has no tree to be sorted into.

use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::Sqlite;
use crate::claims::{Claims, Place};

/// After how many claims rows that have expired are looked for.
const CLAIMS_PER_LOOK: u8 = 16;
/// How many rows are looked at then: more than came meanwhile, so that a round ends.
const ROWS_PER_LOOK: u8 = 64;

/// What is taken, as the writer knows it.
#[derive(Debug, Default)]
pub(super) struct Taken {
    claims: Claims,
    /// How many were taken since rows were looked at.
    since_look: u8,
    /// The place of the last row that was.
    looked_at: i64,
}

impl Taken {
    /// Reads what the file remembers.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Mutex<Self>> {
        let mut taken = Self::default();
        let mut asked =
            connection.prepare("SELECT bank, client, jti, expires FROM replay ORDER BY place")?;
        let mut rows = asked.query([])?;
        while let Some(row) = rows.next()? {
            let (bank, client, jti) = (row.get_ref(0)?, row.get_ref(1)?, row.get_ref(2)?);
            let place = Place::of(bank.as_str()?, client.as_str()?, jti.as_str()?);
            // An instant that no clock can show never comes.
            let expires = Timestamp::from_microsecond(row.get(3)?).unwrap_or(Timestamp::MAX);
            taken.claims.take(place, expires);
        }
        Ok(Mutex::new(taken))
    }
}

/// A claim below changes what is in memory last, as a whole.
fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Replay for Sqlite {
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreUnavailable>> {
        let (bank, client, jti) = (bank.clone(), client.clone(), jti.to_owned());
        let taken = self.taken.clone();
        Box::pin(self.writer.carry_out("claiming a jti", move |connection| {
            claim(
                connection,
                &mut lock(&taken),
                (&bank, &client, &jti),
                expires,
                now,
            )
        }))
    }
}

/// Takes it in the file, then in memory. If the file's group is lost after that, it stays taken in
/// memory, though whoever claimed it heard that the store is unavailable: that is the safe side.
fn claim(
    connection: &Connection,
    taken: &mut Taken,
    (bank, client, jti): (&BankId, &ClientId, &str),
    expires: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<Claim> {
    let place = Place::of_client(bank, client, jti);
    if taken.claims.look(&place, now) == Claim::Seen {
        return Ok(Claim::Seen);
    }
    taken.since_look += 1;
    if taken.since_look >= CLAIMS_PER_LOOK {
        taken.since_look = 0;
        taken.looked_at = forget(connection, taken.looked_at, now)?;
    }
    connection
        .prepare_cached("INSERT INTO replay (bank, client, jti, expires) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            bank.as_str(),
            client.as_str(),
            jti,
            expires.as_microsecond()
        ])?;
    taken.claims.take(place, expires);
    Ok(Claim::First)
}

/// Looks at the rows that come next and removes those that have expired. Answers from where the
/// next look goes on: 0, the beginning, when this one came to the end.
fn forget(connection: &Connection, looked_at: i64, now: Timestamp) -> rusqlite::Result<i64> {
    let (rows, last): (u8, Option<i64>) = connection
        .prepare_cached(
            "SELECT count(*), max(place) FROM
             (SELECT place FROM replay WHERE place > ?1 ORDER BY place LIMIT ?2)",
        )?
        .query_row(params![looked_at, ROWS_PER_LOOK], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let Some(last) = last else {
        return Ok(0);
    };
    connection
        .prepare_cached("DELETE FROM replay WHERE place > ?1 AND place <= ?2 AND expires < ?3")?
        .execute(params![looked_at, last, now.as_microsecond()])?;
    Ok(if rows == ROWS_PER_LOOK { last } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn harbours_app() -> (BankId, ClientId) {
        let bank = BankId::parse("harbour").expect("valid");
        (bank, ClientId::parse("app").expect("valid"))
    }

    #[tokio::test]
    async fn expired_claims_are_forgotten_a_few_at_a_time() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Sqlite::open(&dir.path().join("test.db")).expect("opens");
        let second = |s| Timestamp::from_second(s).expect("in range");
        let (bank, client) = harbours_app();
        let rows = async || -> i64 {
            let count =
                |c: &Connection| c.query_row("SELECT count(*) FROM replay", [], |row| row.get(0));
            store.reader.ask("counting", count).await.expect("counts")
        };
        let claim = async |jti: String, expires, now| {
            let claimed = store.claim(&bank, &client, &jti, second(expires), second(now));
            claimed.await.expect("claims")
        };
        for i in 0..100 {
            assert_eq!(claim(format!("old-{i}"), 100, 0).await, Claim::First);
        }
        // The 112th claim looks at the first 64 rows, the 128th at the others.
        for (i, left) in [(11, 111), (1, 48), (15, 63), (1, 28), (16, 44)] {
            for j in 0..i {
                let jti = format!("new-{left}-{j}");
                assert_eq!(claim(jti, 900, 500).await, Claim::First);
            }
            assert_eq!(rows().await, left);
        }
    }

    #[tokio::test]
    async fn what_was_claimed_is_seen_after_a_restart_until_it_expires() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("test.db");
        let second = |s| Timestamp::from_second(s).expect("in range");
        let (bank, client) = harbours_app();
        for (now, expected) in [
            (0, Claim::First),
            (50, Claim::Seen),
            (100, Claim::Seen),
            (101, Claim::First),
            (102, Claim::Seen),
        ] {
            let store = Sqlite::open(&path).expect("opens");
            let expires = if now <= 100 { 100 } else { 200 };
            let claimed = store.claim(&bank, &client, "it", second(expires), second(now));
            assert_eq!(claimed.await.expect("claims"), expected, "at {now}");
        }
    }

    #[tokio::test]
    async fn many_claims_at_once_are_each_answered() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Sqlite::open(&dir.path().join("test.db")).expect("opens");
        let second = |s| Timestamp::from_second(s).expect("in range");
        let (bank, client) = harbours_app();
        let jtis: Vec<String> = (0..1000).map(|i| (i % 500).to_string()).collect();
        let claims = jtis
            .iter()
            .map(|jti| store.claim(&bank, &client, jti, second(100), second(0)));
        let answers = futures_util::future::join_all(claims).await;
        let first = answers
            .into_iter()
            .filter(|a| matches!(a, Ok(Claim::First)))
            .count();
        assert_eq!(first, 500, "each jti once, though each was asked for twice");
    }
}
