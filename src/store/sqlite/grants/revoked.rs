//! What was revoked: grants whole, access tokens one by one.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use model::ports::{Posted, Revoked};
use model::{BankId, By, GrantEvent, GrantId};

use super::made::{life_of, live_on};
use crate::rim;
use crate::sqlite::consents::edges;
use crate::sqlite::forget::{Expired, forget};
use crate::sqlite::outbox::post;
use crate::sqlite::row::{id, instant};
use crate::sqlite::writer::Undone;

pub(super) fn revoke_grant(
    connection: &Connection,
    bank: &BankId,
    grant: &GrantId,
    until: Timestamp,
    now: Timestamp,
    event: GrantEvent,
) -> Result<Option<Posted>, Undone> {
    let event = rim::event(event)?;
    let life = life_of(connection, bank, grant)?;
    let Some(life) = life.filter(|life| life.is_remembered(now)) else {
        return Ok(None);
    };
    live_on(connection, bank, grant, life.revoked(until))?;
    if life.revoked_until.is_some() {
        return Ok(None);
    }
    edges::end_with_grant(connection, bank, grant, By::Partner, until, now)?;
    post(connection, event).map(Some)
}

pub(super) fn revoke_token(
    connection: &Connection,
    bank: &BankId,
    jti_digest: [u8; 32],
    until: Timestamp,
    now: Timestamp,
    event: GrantEvent,
) -> Result<Option<Posted>, Undone> {
    let event = rim::event(event)?;
    forget(connection, Expired::RevokedTokens, now)?;
    let former = connection
        .prepare_cached("SELECT until FROM revoked_token WHERE bank = ?1 AND jti = ?2")?
        .query_row(params![bank.as_str(), jti_digest], |row| instant(row, 0))
        .optional()?
        .filter(|former| now < *former);
    let until = former.map_or(until, |former| former.max(until));
    connection
        .prepare_cached(
            "INSERT INTO revoked_token (bank, jti, until) VALUES (?1, ?2, ?3)
             ON CONFLICT (bank, jti) DO UPDATE SET until = excluded.until",
        )?
        .execute(params![bank.as_str(), jti_digest, until.as_microsecond()])?;
    match former {
        Some(_) => Ok(None),
        None => post(connection, event).map(Some),
    }
}

/// See [`model::ports::Grants::revoked`].
pub(super) fn revoked(
    connection: &Connection,
    bank: &BankId,
    now: Timestamp,
) -> rusqlite::Result<Revoked> {
    let of_bank = params![bank.as_str(), now.as_microsecond()];
    let grants = connection
        .prepare_cached(
            "SELECT id, revoked_until FROM customer_grant
             WHERE bank = ?1 AND revoked_until > ?2 ORDER BY id",
        )?
        .query_map(of_bank, |row| {
            Ok((id(row, 0, GrantId::parse)?, instant(row, 1)?))
        })?
        .collect::<Result<_, _>>()?;
    let tokens = connection
        .prepare_cached(
            "SELECT jti, until FROM revoked_token WHERE bank = ?1 AND until > ?2 ORDER BY jti",
        )?
        .query_map(of_bank, |row| Ok((row.get(0)?, instant(row, 1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(Revoked { grants, tokens })
}
