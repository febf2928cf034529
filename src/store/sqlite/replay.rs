//! `ports::Replay` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::{Connection, params};

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::Sqlite;
use super::forget::{Expired, forget};

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
        Box::pin(self.writer.carry_out("claiming a jti", move |connection| {
            forget(connection, Expired::Jtis, now)?;
            claim(connection, &bank, &client, &jti, expires, now)
        }))
    }
}

/// Both instants are rounded down alike, so an entry is never taken for expired too early.
fn claim(
    connection: &Connection,
    bank: &BankId,
    client: &ClientId,
    jti: &str,
    expires: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<Claim> {
    let taken = connection
        .prepare_cached(
            "INSERT INTO replay (bank, client, jti, expires) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (bank, client, jti) DO UPDATE SET expires = excluded.expires
             WHERE replay.expires < ?5",
        )?
        .execute(params![
            bank.as_str(),
            client.as_str(),
            jti,
            expires.as_microsecond(),
            now.as_microsecond()
        ])?;
    Ok(if taken == 1 {
        Claim::First
    } else {
        Claim::Seen
    })
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
        for i in 0..10 {
            let jti = format!("old-{i}");
            let claimed = store.claim(&bank, &client, &jti, second(100), second(0));
            assert_eq!(claimed.await.expect("claims"), Claim::First);
        }
        for (i, left) in [(1, 7), (2, 4), (3, 3), (4, 4)] {
            let jti = format!("new-{i}");
            store
                .claim(&bank, &client, &jti, second(900), second(500))
                .await
                .expect("claims");
            assert_eq!(rows().await, left);
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
