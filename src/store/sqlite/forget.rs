//! Removing what has expired, a few rows at each change.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::rim::FORGOTTEN_PER_CHANGE;

/// What expires.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expired {
    PushedRequests,
    /// With their codes and refresh tokens.
    Grants,
    RevokedTokens,
    Sessions,
    /// That lapsed before anybody logged in.
    LapsedConsents,
    Accesses,
}

impl Expired {
    /// When the first of them expires, from an index.
    fn first(self) -> &'static str {
        match self {
            Self::PushedRequests => "SELECT min(expires) FROM pushed_request",
            Self::Grants => "SELECT min(remembered_until) FROM customer_grant",
            Self::RevokedTokens => "SELECT min(until) FROM revoked_token",
            Self::Sessions => "SELECT min(expires) FROM session",
            Self::LapsedConsents => {
                "SELECT min(changed_at) FROM consent WHERE state = 'lapsed' AND subject IS NULL"
            }
            Self::Accesses => "SELECT min(at) FROM access",
        }
    }

    fn removal(self) -> &'static str {
        match self {
            Self::PushedRequests => {
                "DELETE FROM pushed_request WHERE place IN
                 (SELECT place FROM pushed_request WHERE expires < ?1
                  ORDER BY expires LIMIT ?2)"
            }
            Self::Grants => {
                "DELETE FROM customer_grant WHERE place IN
                 (SELECT place FROM customer_grant WHERE remembered_until < ?1
                  ORDER BY remembered_until LIMIT ?2)"
            }
            Self::RevokedTokens => {
                "DELETE FROM revoked_token WHERE (bank, jti) IN
                 (SELECT bank, jti FROM revoked_token WHERE until < ?1 ORDER BY until LIMIT ?2)"
            }
            Self::Sessions => {
                "DELETE FROM session WHERE place IN
                 (SELECT place FROM session WHERE expires < ?1 ORDER BY expires LIMIT ?2)"
            }
            Self::LapsedConsents => {
                "DELETE FROM consent WHERE place IN
                 (SELECT place FROM consent
                  WHERE state = 'lapsed' AND subject IS NULL AND changed_at < ?1
                  ORDER BY changed_at LIMIT ?2)"
            }
            Self::Accesses => {
                "DELETE FROM access WHERE place IN
                 (SELECT place FROM access WHERE at < ?1 ORDER BY at LIMIT ?2)"
            }
        }
    }
}

/// Removes a few of them, those that expired first. Most times there are none, which is cheaper to
/// ask than a removal that finds none: that makes a temporary table.
pub(super) fn forget(
    connection: &Connection,
    expired: Expired,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let first: Option<i64> = connection
        .prepare_cached(expired.first())?
        .query_row([], |row| row.get(0))?;
    if first.is_none_or(|first| first >= now.as_microsecond()) {
        return Ok(());
    }
    connection
        .prepare_cached(expired.removal())?
        .execute(params![now.as_microsecond(), FORGOTTEN_PER_CHANGE])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sqlite::{connect, migrate};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn rows(connection: &Connection, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        connection
            .query_row(&sql, [], |row| row.get(0))
            .expect("counts")
    }

    fn opened(path: &Path) -> Connection {
        let mut connection = Connection::open(path).expect("opens");
        migrate::run(&mut connection, migrate::ALL, path).expect("migrates");
        connect(path).expect("connects")
    }

    #[test]
    fn the_oldest_of_what_has_expired_go_a_few_at_a_time_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let connection = opened(&dir.path().join("test.db"));
        // Ten of each, that expire from second 100 on, and one each that does so later.
        for (table, columns, values) in [
            (
                "pushed_request",
                "bank, digest, client, request, expires, is_open",
                "'b', CAST(?1 AS BLOB), 'c', x'', ?2, 0",
            ),
            (
                "customer_grant",
                "bank, id, client, subject, granted, made_at, expires, remembered_until",
                "'b', ?1, 'c', 's', x'', 0, 0, ?2",
            ),
            (
                "revoked_token",
                "bank, jti, until",
                "'b', CAST(?1 AS BLOB), ?2",
            ),
            (
                "session",
                "bank, digest, subject, shown, auth_time, expires",
                "'b', CAST(?1 AS BLOB), 's', 's', 0, ?2",
            ),
            (
                "consent",
                "bank, id, digest, client, state, version, lodged, draft, made_at, decide_until,
                 extended, is_lodged, changed_at",
                "'b', ?1, CAST(?1 AS BLOB), 'c', 'lapsed', 1, x'', x'', 0, 0, 0, 1, ?2",
            ),
            (
                "access",
                "bank, digest, request, partner, product, operation, clusters, status, attended,
                 at",
                "'b', x'', ?1, 'p', 'p', 'o', '', 200, 0, ?2",
            ),
        ] {
            let sql = format!("INSERT INTO {table} ({columns}) VALUES ({values})");
            for second in (100..110).chain([900]) {
                let row = params![second.to_string(), at(second).as_microsecond()];
                connection.execute(&sql, row).expect("inserts");
            }
        }
        for (expired, table) in [
            (Expired::PushedRequests, "pushed_request"),
            (Expired::Grants, "customer_grant"),
            (Expired::RevokedTokens, "revoked_token"),
            (Expired::Sessions, "session"),
            (Expired::LapsedConsents, "consent"),
            (Expired::Accesses, "access"),
        ] {
            for (second, left) in [(100, 11), (102, 9), (500, 5), (500, 1), (500, 1)] {
                forget(&connection, expired, at(second)).expect("forgets");
                assert_eq!(rows(&connection, table), left, "{table} {second}");
            }
        }
    }

    #[test]
    fn what_stands_for_a_grant_is_forgotten_with_it() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let connection = opened(&dir.path().join("test.db"));
        connection
            .execute_batch(
                "INSERT INTO customer_grant (bank, id, client, subject, granted, made_at, expires,
                     remembered_until)
                 VALUES ('b', 'g', 'c', 's', x'', 0, 0, 1), ('other', 'g', 'c', 's', x'', 0, 0, 1000000000);
                 INSERT INTO code (bank, digest, grant_id, bound, expires, is_used)
                 VALUES ('b', x'01', 'g', x'', 0, 1), ('other', x'01', 'g', x'', 0, 1);
                 INSERT INTO refresh_token (bank, digest, grant_id, bound, expires)
                 VALUES ('b', x'01', 'g', x'', 0), ('other', x'01', 'g', x'', 0);",
            )
            .expect("inserts");
        forget(&connection, Expired::Grants, at(500)).expect("forgets");
        for table in ["customer_grant", "code", "refresh_token"] {
            assert_eq!(rows(&connection, table), 1, "{table}");
            let sql = format!("SELECT bank FROM {table}");
            let bank: String = connection
                .query_row(&sql, [], |row| row.get(0))
                .expect("one");
            assert_eq!(bank, "other", "{table}");
        }
    }
}
