//! Brings a data file to this program's version, one numbered step after the other.
//!
//! Each step and its mark (`user_version` and a row with the step's checksum) are one transaction,
//! so a crash leaves the file at a whole version. Steps are never edited once released: the
//! checksum finds a file whose history differs from this program's.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::{OpenFailed, failed};

mod consent;

/// "MRTS": marks a file as ours (SQLite's `application_id`).
const APPLICATION_ID: i64 = 0x4D52_5453;

/// The steps; the first has number 1.
pub(super) const ALL: &[&str] = &[
    // 1: used jtis (RFC 7523 §3) and the sealed signing keys of issuers.
    //
    // The three themselves are the key, not a digest: a bank's id, a client_id and a jti are short,
    // and a person who reads the file can see what it remembers. WITHOUT ROWID: one tree, not two.
    "CREATE TABLE replay (
        bank    TEXT NOT NULL,
        client  TEXT NOT NULL,
        jti     TEXT NOT NULL,
        expires INTEGER NOT NULL, -- microseconds since 1970-01-01T00:00:00Z
        PRIMARY KEY (bank, client, jti)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX replay_by_expiry ON replay (expires);

    CREATE TABLE signing_key (
        place   INTEGER PRIMARY KEY, -- grows: the order of making
        bank    TEXT NOT NULL,
        key_use TEXT NOT NULL, -- tokens, assertions
        kid     TEXT NOT NULL,
        alg     TEXT NOT NULL,
        sealed  BLOB NOT NULL,
        made_at TEXT NOT NULL, -- RFC 3339
        UNIQUE (bank, kid)
    ) STRICT;",
    // 2: when a signing key begins to sign. Until now each did when it was made.
    "ALTER TABLE signing_key ADD COLUMN signs_from TEXT; -- RFC 3339; NULL: it waits
    UPDATE signing_key SET signs_from = made_at;",
    // 3: when a gateway first published a signing key. Until now that was when it was made.
    "ALTER TABLE signing_key ADD COLUMN published_at TEXT; -- RFC 3339; NULL: nobody knows it yet
    UPDATE signing_key SET published_at = made_at;",
    AUTHORIZATION,
    // A signing key that somebody else may hold: its row stays, its sealed part goes.
    "ALTER TABLE signing_key ADD COLUMN distrusted_at TEXT; -- RFC 3339; NULL: it is trusted",
    consent::CONSENT,
    consent::TOLD,
    // 8: used jtis one behind the other. What is looked up is in memory, so that what is written
    // goes to the table's end, and many claims share a page.
    "DROP INDEX replay_by_expiry;
    ALTER TABLE replay RENAME TO replay_by_jti;
    CREATE TABLE replay (
        place   INTEGER PRIMARY KEY,
        bank    TEXT NOT NULL,
        client  TEXT NOT NULL,
        jti     TEXT NOT NULL,
        expires INTEGER NOT NULL -- microseconds since 1970-01-01T00:00:00Z
    ) STRICT;
    INSERT INTO replay (bank, client, jti, expires)
        SELECT bank, client, jti, expires FROM replay_by_jti ORDER BY expires;
    DROP TABLE replay_by_jti;",
];

/// 4: the state of the authorization server, and the outbox of its events. Instants are
/// microseconds since 1970-01-01T00:00:00Z, digests SHA-256.
///
/// What stands for a grant goes with it. Blobs may be long, so these tables have rowids.
const AUTHORIZATION: &str = "CREATE TABLE pushed_request (
        place   INTEGER PRIMARY KEY,
        bank    TEXT NOT NULL,
        digest  BLOB NOT NULL,
        client  TEXT NOT NULL,
        request BLOB NOT NULL,
        expires INTEGER NOT NULL,
        is_open INTEGER NOT NULL, -- 1: the customer arrived, and expires was put off
        UNIQUE (bank, digest)
    ) STRICT;
    CREATE INDEX pushed_request_by_client ON pushed_request (bank, client, expires);
    CREATE INDEX pushed_request_by_expiry ON pushed_request (expires);

    CREATE TABLE customer_grant (
        place            INTEGER PRIMARY KEY,
        bank             TEXT NOT NULL,
        id               TEXT NOT NULL,
        client           TEXT NOT NULL,
        subject          TEXT NOT NULL,
        granted          BLOB NOT NULL,
        made_at          INTEGER NOT NULL,
        expires          INTEGER NOT NULL,
        remembered_until INTEGER NOT NULL,
        revoked_until    INTEGER, -- NULL: it is not revoked
        UNIQUE (bank, id)
    ) STRICT;
    CREATE INDEX customer_grant_by_end ON customer_grant (remembered_until);
    CREATE INDEX customer_grant_revoked ON customer_grant (bank, id)
        WHERE revoked_until IS NOT NULL;

    CREATE TABLE code (
        place    INTEGER PRIMARY KEY,
        bank     TEXT NOT NULL,
        digest   BLOB NOT NULL,
        grant_id TEXT NOT NULL,
        bound    BLOB NOT NULL,
        expires  INTEGER NOT NULL,
        is_used  INTEGER NOT NULL,
        UNIQUE (bank, digest),
        FOREIGN KEY (bank, grant_id) REFERENCES customer_grant (bank, id) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX code_by_grant ON code (bank, grant_id);

    CREATE TABLE refresh_token (
        place    INTEGER PRIMARY KEY,
        bank     TEXT NOT NULL,
        digest   BLOB NOT NULL,
        grant_id TEXT NOT NULL,
        bound    BLOB NOT NULL,
        expires  INTEGER NOT NULL,
        UNIQUE (bank, digest),
        FOREIGN KEY (bank, grant_id) REFERENCES customer_grant (bank, id) ON DELETE CASCADE
    ) STRICT;
    CREATE INDEX refresh_token_by_grant ON refresh_token (bank, grant_id);

    CREATE TABLE revoked_token (
        bank  TEXT NOT NULL,
        jti   BLOB NOT NULL, -- its digest
        until INTEGER NOT NULL,
        PRIMARY KEY (bank, jti)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX revoked_token_by_end ON revoked_token (until);

    CREATE TABLE session (
        place     INTEGER PRIMARY KEY,
        bank      TEXT NOT NULL,
        digest    BLOB NOT NULL,
        subject   TEXT NOT NULL,
        auth_time INTEGER NOT NULL,
        shown     TEXT NOT NULL,
        acr       TEXT,
        expires   INTEGER NOT NULL,
        UNIQUE (bank, digest)
    ) STRICT;
    CREATE INDEX session_by_subject ON session (bank, subject, expires, digest);
    CREATE INDEX session_by_expiry ON session (expires);

    -- AUTOINCREMENT: a place is never given twice, so nobody removes another's event.
    CREATE TABLE outbox (
        place INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL
    ) STRICT;";

/// Refuses a file that SQLite cannot read, or that another program marked or filled.
pub(super) fn refuse_foreign(connection: &Connection, path: &Path) -> Result<(), OpenFailed> {
    let foreign = || OpenFailed::Foreign {
        path: path.to_owned(),
    };
    let look = || -> rusqlite::Result<(i64, i64)> {
        let mark = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let tables =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
        Ok((mark, tables))
    };
    match look() {
        Ok((APPLICATION_ID, _) | (0, 0)) => Ok(()),
        Ok(_) => Err(foreign()),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(foreign()),
        Err(e) => Err(failed(path, "reading its mark")(e)),
    }
}

/// Applies the steps that the file lacks.
pub(super) fn run(
    connection: &mut Connection,
    steps: &[&str],
    path: &Path,
) -> Result<(), OpenFailed> {
    let doing = "bringing it to this version";
    let version: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed(path, doing))?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    if version > known {
        return Err(OpenFailed::Newer {
            path: path.to_owned(),
            version,
            known,
        });
    }
    for (number, sql) in (1_i64..).zip(steps) {
        if number <= version {
            compare(connection, number, sql, path)?;
        } else {
            apply(connection, number, sql).map_err(failed(path, doing))?;
        }
    }
    Ok(())
}

fn compare(connection: &Connection, number: i64, sql: &str, path: &Path) -> Result<(), OpenFailed> {
    let stored: Option<i64> = connection
        .query_row(
            "SELECT checksum FROM migration WHERE number = ?1",
            [number],
            |row| row.get(0),
        )
        .optional()
        .map_err(failed(path, "reading its history"))?;
    if stored == Some(checksum(sql)) {
        Ok(())
    } else {
        Err(OpenFailed::Diverged {
            path: path.to_owned(),
            number,
        })
    }
}

fn apply(connection: &mut Connection, number: i64, sql: &str) -> rusqlite::Result<()> {
    let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    step.execute_batch(
        "CREATE TABLE IF NOT EXISTS migration (
            number   INTEGER PRIMARY KEY,
            checksum INTEGER NOT NULL
        ) STRICT;",
    )?;
    step.execute_batch(sql)?;
    step.execute(
        "INSERT INTO migration (number, checksum) VALUES (?1, ?2)",
        params![number, checksum(sql)],
    )?;
    step.pragma_update(None, "application_id", APPLICATION_ID)?;
    step.pragma_update(None, "user_version", number)?;
    step.commit()
}

/// CRC-32C: against mistakes, not against malice; who can write the file needs no trick.
fn checksum(sql: &str) -> i64 {
    i64::from(crc32c::crc32c(sql.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT;";
    const SECOND: &str = "CREATE TABLE b (x INTEGER) STRICT;";

    fn run_on(connection: &mut Connection, steps: &[&str]) -> Result<(), OpenFailed> {
        run(connection, steps, Path::new("test.db"))
    }

    fn version(connection: &Connection) -> i64 {
        connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .expect("answers")
    }

    #[test]
    fn only_missing_steps_are_applied() {
        let mut connection = Connection::open_in_memory().expect("opens");
        run_on(&mut connection, &[FIRST]).expect("applies");
        assert_eq!(version(&connection), 1);
        run_on(&mut connection, &[FIRST, SECOND]).expect("applies the second only");
        assert_eq!(version(&connection), 2);
        run_on(&mut connection, &[FIRST, SECOND]).expect("has nothing to do");
        refuse_foreign(&connection, Path::new("test.db")).expect("is ours");
    }

    #[test]
    fn a_newer_file_is_refused_with_both_versions() {
        let mut connection = Connection::open_in_memory().expect("opens");
        run_on(&mut connection, &[FIRST, SECOND]).expect("applies");
        let refused = run_on(&mut connection, &[FIRST]).expect_err("is newer");
        assert!(matches!(
            refused,
            OpenFailed::Newer {
                version: 2,
                known: 1,
                ..
            }
        ));
        assert!(
            refused
                .to_string()
                .contains("has version 2, this program knows versions up to 1")
        );
    }

    #[test]
    fn an_edited_step_is_found() {
        let mut connection = Connection::open_in_memory().expect("opens");
        run_on(&mut connection, &[FIRST]).expect("applies");
        let refused = run_on(&mut connection, &[SECOND]).expect_err("differs");
        assert!(matches!(refused, OpenFailed::Diverged { number: 1, .. }));
    }

    #[test]
    fn a_step_that_breaks_leaves_the_file_at_the_step_before() {
        let mut connection = Connection::open_in_memory().expect("opens");
        let broken = "CREATE TABLE c (x INTEGER) STRICT; CREATE TABLE a (x INTEGER) STRICT;";
        assert!(run_on(&mut connection, &[FIRST, broken]).is_err());
        assert_eq!(version(&connection), 1);
        let halves: i64 = connection
            .query_row(
                "SELECT count(*) FROM sqlite_schema WHERE name = 'c'",
                [],
                |row| row.get(0),
            )
            .expect("answers");
        assert_eq!(halves, 0);
    }

    #[test]
    fn another_programs_database_is_foreign() {
        let connection = Connection::open_in_memory().expect("opens");
        connection.execute_batch(FIRST).expect("runs");
        let refused = refuse_foreign(&connection, Path::new("test.db"));
        assert!(matches!(refused, Err(OpenFailed::Foreign { .. })));
    }
}
