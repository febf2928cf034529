//! How often data was asked for in a day.

use jiff::ToSpan;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};

use model::BankId;
use model::ports::Spend;

use crate::rim::{FORGOTTEN_PER_CHANGE, SPENT_DAYS};

/// See [`model::ports::Consents::spend`].
pub(super) fn spend(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    day: Date,
    max: u32,
) -> rusqlite::Result<Spend> {
    forget(connection, day.saturating_sub(SPENT_DAYS.days()))?;
    if max == 0 {
        return Ok(Spend::None);
    }
    let used: Option<u32> = connection
        .prepare_cached(
            "INSERT INTO consent_day (bank, digest, day, used) VALUES (?1, ?2, ?3, 1)
             ON CONFLICT (bank, digest, day) DO UPDATE SET used = used + 1 WHERE used < ?4
             RETURNING used",
        )?
        .query_row(
            params![bank.as_str(), digest, day.to_string(), max],
            |row| row.get(0),
        )
        .optional()?;
    Ok(used.map_or(Spend::None, |used| Spend::Left(max.saturating_sub(used))))
}

/// See [`model::ports::Consents::give_back`].
pub(super) fn give_back(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    day: Date,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE consent_day SET used = used - 1
             WHERE bank = ?1 AND digest = ?2 AND day = ?3 AND used > 0",
        )?
        .execute(params![bank.as_str(), digest, day.to_string()])?;
    Ok(())
}

/// Removes a few of the days before this one. Days as they are written are ordered as they are.
fn forget(connection: &Connection, until: Date) -> rusqlite::Result<()> {
    let first: Option<String> = connection
        .prepare_cached("SELECT min(day) FROM consent_day")?
        .query_row([], |row| row.get(0))?;
    let until = until.to_string();
    if first.is_none_or(|first| first >= until) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "DELETE FROM consent_day WHERE (bank, digest, day) IN
             (SELECT bank, digest, day FROM consent_day WHERE day < ?1 ORDER BY day LIMIT ?2)",
        )?
        .execute(params![until, FORGOTTEN_PER_CHANGE])?;
    Ok(())
}
