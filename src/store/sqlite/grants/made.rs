//! Grants, and the codes and refresh tokens that stand for them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use model::ports::{Code, CodeState, Grant, RefreshToken};
use model::{BankId, ClientId, GrantId};

use crate::life::GrantLife;
use crate::sqlite::row::{id, instant, instant_or_none};

/// The columns of a grant `g`, as [`grant`] and [`life`] read them from `GRANT` on.
macro_rules! of_grant {
    ($before:literal, $from:literal) => {
        concat!(
            "SELECT ",
            $before,
            ", g.id, g.client, g.subject, g.granted, g.made_at, g.expires,
               g.remembered_until, g.revoked_until
             FROM ",
            $from,
            " JOIN customer_grant g ON g.bank = it.bank AND g.id = it.grant_id
             WHERE it.bank = ?1 AND it.digest = ?2"
        )
    };
}

/// Where the columns of the grant begin.
const GRANT: usize = 3;

/// A code or a refresh token, with its grant.
pub(super) struct Standing {
    pub(super) bound: Vec<u8>,
    pub(super) expires: Timestamp,
    /// Of a code: whether it was redeemed.
    pub(super) is_used: bool,
    pub(super) grant: Grant,
    pub(super) life: GrantLife,
}

impl Standing {
    /// The state that this, a code, is in.
    pub(super) fn code_state(&self, now: Timestamp) -> Option<CodeState> {
        self.life.code(self.is_used, self.expires, now)
    }
}

pub(super) fn code(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
) -> rusqlite::Result<Option<Standing>> {
    const SQL: &str = of_grant!("it.bound, it.expires, it.is_used", "code it");
    standing(connection, SQL, bank, digest)
}

pub(super) fn refresh_token(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
) -> rusqlite::Result<Option<Standing>> {
    const SQL: &str = of_grant!("it.bound, it.expires, 0", "refresh_token it");
    standing(connection, SQL, bank, digest)
}

fn standing(
    connection: &Connection,
    sql: &'static str,
    bank: &BankId,
    digest: [u8; 32],
) -> rusqlite::Result<Option<Standing>> {
    connection
        .prepare_cached(sql)?
        .query_row(params![bank.as_str(), digest], |row| {
            Ok(Standing {
                bound: row.get(0)?,
                expires: instant(row, 1)?,
                is_used: row.get(2)?,
                grant: grant(row)?,
                life: life(row, GRANT + 5)?,
            })
        })
        .optional()
}

fn grant(row: &Row<'_>) -> rusqlite::Result<Grant> {
    Ok(Grant {
        id: id(row, GRANT, GrantId::parse)?,
        client: id(row, GRANT + 1, ClientId::parse)?,
        subject: row.get(GRANT + 2)?,
        granted: row.get(GRANT + 3)?,
        made_at: instant(row, GRANT + 4)?,
        expires: instant(row, GRANT + 5)?,
    })
}

/// From `expires, remembered_until, revoked_until`, beginning at a column.
fn life(row: &Row<'_>, first: usize) -> rusqlite::Result<GrantLife> {
    Ok(GrantLife {
        expires: instant(row, first)?,
        remembered_until: instant(row, first + 1)?,
        revoked_until: instant_or_none(row, first + 2)?,
    })
}

/// The life of a grant that is here.
pub(in crate::sqlite) fn life_of(
    connection: &Connection,
    bank: &BankId,
    grant: &GrantId,
) -> rusqlite::Result<Option<GrantLife>> {
    connection
        .prepare_cached(
            "SELECT expires, remembered_until, revoked_until FROM customer_grant
             WHERE bank = ?1 AND id = ?2",
        )?
        .query_row([bank.as_str(), grant.as_str()], |row| life(row, 0))
        .optional()
}

/// Gives a grant another life.
pub(in crate::sqlite) fn live_on(
    connection: &Connection,
    bank: &BankId,
    grant: &GrantId,
    life: GrantLife,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE customer_grant SET remembered_until = ?3, revoked_until = ?4
             WHERE bank = ?1 AND id = ?2",
        )?
        .execute(params![
            bank.as_str(),
            grant.as_str(),
            life.remembered_until.as_microsecond(),
            life.revoked_until.map(Timestamp::as_microsecond)
        ])
}

/// Adds a grant, which lives as long as its code can be redeemed.
pub(super) fn add(
    connection: &Connection,
    bank: &BankId,
    grant: &Grant,
    code: &Code,
) -> rusqlite::Result<usize> {
    let life = GrantLife::begin(grant, code);
    connection
        .prepare_cached(
            "INSERT INTO customer_grant (bank, id, client, subject, granted, made_at, expires,
                 remembered_until, revoked_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL)",
        )?
        .execute(params![
            bank.as_str(),
            grant.id.as_str(),
            grant.client.as_str(),
            grant.subject,
            grant.granted,
            grant.made_at.as_microsecond(),
            grant.expires.as_microsecond(),
            life.remembered_until.as_microsecond()
        ])
}

/// Writes what is granted once more over what was, with the life it has from now on.
pub(super) fn renew(
    connection: &Connection,
    bank: &BankId,
    grant: &Grant,
    life: GrantLife,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "UPDATE customer_grant SET granted = ?3, expires = ?4, remembered_until = ?5
             WHERE bank = ?1 AND id = ?2",
        )?
        .execute(params![
            bank.as_str(),
            grant.id.as_str(),
            grant.granted,
            life.expires.as_microsecond(),
            life.remembered_until.as_microsecond()
        ])
}

/// Adds a code to the grant that it stands for.
pub(super) fn add_code(
    connection: &Connection,
    bank: &BankId,
    code: &Code,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO code (bank, digest, grant_id, bound, expires, is_used)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?
        .execute(params![
            bank.as_str(),
            code.digest,
            code.grant.as_str(),
            code.bound,
            code.expires.as_microsecond()
        ])
}

/// Says that a code was redeemed.
pub(super) fn use_up(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("UPDATE code SET is_used = 1 WHERE bank = ?1 AND digest = ?2")?
        .execute(params![bank.as_str(), digest])
}

pub(super) fn add_refresh_token(
    connection: &Connection,
    bank: &BankId,
    token: &RefreshToken,
) -> rusqlite::Result<usize> {
    connection
        .prepare_cached(
            "INSERT INTO refresh_token (bank, digest, grant_id, bound, expires)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            bank.as_str(),
            token.digest,
            token.grant.as_str(),
            token.bound,
            token.expires.as_microsecond()
        ])
}
