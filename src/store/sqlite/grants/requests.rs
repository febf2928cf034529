//! Pushed requests: kept, opened, consumed.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use model::ports::{Push, PushedRequest};
use model::{BankId, ClientId};

use crate::rim::{self, PUSHED_PER_CLIENT_MAX};
use crate::sqlite::forget::{Expired, forget};
use crate::sqlite::room::{counted, may_hold};
use crate::sqlite::row::{id, instant};
use crate::sqlite::writer::Undone;

pub(super) fn push(
    connection: &Connection,
    bank: &BankId,
    request: PushedRequest,
    now: Timestamp,
) -> Result<Push, Undone> {
    let request = rim::pushed(request)?;
    forget(connection, Expired::PushedRequests, now)?;
    if has_too_many(connection, bank, &request.client, now)? {
        return Ok(Push::Full);
    }
    connection
        .prepare_cached(
            "INSERT INTO pushed_request (bank, digest, client, request, expires, is_open)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?
        .execute(params![
            bank.as_str(),
            request.digest,
            request.client.as_str(),
            request.request,
            request.expires.as_microsecond()
        ])?;
    Ok(Push::Kept)
}

fn has_too_many(
    connection: &Connection,
    bank: &BankId,
    client: &ClientId,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    if !may_hold(connection, "pushed_request", PUSHED_PER_CLIENT_MAX)? {
        return Ok(false);
    }
    let theirs = connection
        .prepare_cached(
            "SELECT count(*) FROM pushed_request
             WHERE bank = ?1 AND client = ?2 AND expires > ?3",
        )?
        .query_row(
            params![bank.as_str(), client.as_str(), now.as_microsecond()],
            |row| row.get(0),
        )?;
    Ok(counted(theirs) >= PUSHED_PER_CLIENT_MAX)
}

/// See [`model::ports::Grants::open`].
pub(super) fn open(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    until: Timestamp,
    now: Timestamp,
) -> Result<Option<PushedRequest>, Undone> {
    connection
        .prepare_cached(
            "UPDATE pushed_request SET is_open = 1, expires = max(expires, ?3)
             WHERE bank = ?1 AND digest = ?2 AND expires > ?4 AND NOT is_open",
        )?
        .execute(params![
            bank.as_str(),
            digest,
            until.as_microsecond(),
            now.as_microsecond()
        ])?;
    let live = connection
        .prepare_cached(
            "SELECT client, request, expires FROM pushed_request
             WHERE bank = ?1 AND digest = ?2 AND expires > ?3",
        )?
        .query_row(
            params![bank.as_str(), digest, now.as_microsecond()],
            |row| {
                Ok(PushedRequest {
                    digest,
                    client: id(row, 0, ClientId::parse)?,
                    request: row.get(1)?,
                    expires: instant(row, 2)?,
                })
            },
        );
    Ok(live.optional()?)
}

/// Whether there is a live request of this digest.
pub(super) fn is_live(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    now: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM pushed_request WHERE bank = ?1 AND digest = ?2 AND expires > ?3",
        )?
        .exists(params![bank.as_str(), digest, now.as_microsecond()])
}

/// Removes a live request.
pub(super) fn consume(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    now: Timestamp,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "DELETE FROM pushed_request WHERE bank = ?1 AND digest = ?2 AND expires > ?3",
        )?
        .execute(params![bank.as_str(), digest, now.as_microsecond()])
}
