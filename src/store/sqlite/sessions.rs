//! `ports::Sessions` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use model::ports::{Posted, Session, Sessions, StoreUnavailable};
use model::{BankId, GrantEvent};

use super::Sqlite;
use super::forget::{Expired, forget};
use super::outbox::post;
use super::row::instant;
use super::writer::Undone;
use crate::rim::{self, SESSIONS_PER_SUBJECT_MAX};

impl Sessions for Sqlite {
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Posted, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |connection: &Connection| {
            let (session, event) = (rim::session(session)?, rim::event(event)?);
            forget(connection, Expired::Sessions, now)?;
            if let Some(former) = former {
                remove(connection, &bank, former)?;
            }
            add(connection, &bank, &session)?;
            thin_out(connection, &bank, &session.subject)?;
            post(connection, event)
        };
        Box::pin(self.writer.carry_out("beginning a session", work))
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Session>, StoreUnavailable>> {
        let bank = bank.clone();
        Box::pin(self.reader.ask("finding a session", move |connection| {
            live(connection, &bank, digest, now)
        }))
    }

    fn end<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |connection: &Connection| {
            let was_live = live(connection, &bank, digest, now)?.is_some();
            remove(connection, &bank, digest)?;
            Ok::<_, Undone>(was_live)
        };
        Box::pin(self.writer.carry_out("ending a session", work))
    }
}

fn add(connection: &Connection, bank: &BankId, session: &Session) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO session (bank, digest, subject, shown, auth_time, acr, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            bank.as_str(),
            session.digest,
            session.subject,
            session.shown,
            session.auth_time.as_microsecond(),
            session.acr,
            session.expires.as_microsecond()
        ])
}

fn remove(connection: &Connection, bank: &BankId, digest: [u8; 32]) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM session WHERE bank = ?1 AND digest = ?2")?
        .execute(params![bank.as_str(), digest])
}

/// Ends what a customer has too many of, those that expire first.
fn thin_out(connection: &Connection, bank: &BankId, subject: &str) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM session WHERE place IN
             (SELECT place FROM session WHERE bank = ?1 AND subject = ?2
              ORDER BY expires DESC, digest DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute(params![bank.as_str(), subject, SESSIONS_PER_SUBJECT_MAX])
}

fn live(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    now: Timestamp,
) -> rusqlite::Result<Option<Session>> {
    connection
        .prepare_cached(
            "SELECT subject, shown, auth_time, acr, expires FROM session
             WHERE bank = ?1 AND digest = ?2 AND expires > ?3",
        )?
        .query_row(
            params![bank.as_str(), digest, now.as_microsecond()],
            |row| {
                Ok(Session {
                    digest,
                    subject: row.get(0)?,
                    shown: row.get(1)?,
                    auth_time: instant(row, 2)?,
                    acr: row.get(3)?,
                    expires: instant(row, 4)?,
                })
            },
        )
        .optional()
}
