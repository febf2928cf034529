//! The ends of consents: those that are due, and those whose tokens could still be shown.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, params};

use model::ports::{DueConsent, EndedConsent};
use model::{BankId, ConsentId, ConsentState, Why};

use crate::sqlite::row::{id, instant, unreadable, word};

/// One that has not ended has an instant until which its tokens may be shown.
#[derive(Debug, thiserror::Error)]
#[error("a consent that has not ended cannot have been in force until an instant")]
struct NotEnded;

/// See [`model::ports::Consents::due`].
pub(super) fn due(
    connection: &Connection,
    bank: &BankId,
    now: Timestamp,
    limit: u16,
) -> rusqlite::Result<Vec<DueConsent>> {
    connection
        .prepare_cached(
            "SELECT id, state, version FROM (
                SELECT * FROM (
                    SELECT id, state, version, decide_until AS since FROM consent
                    WHERE bank = ?1 AND decide_until <= ?2
                      AND state IN ('requested', 'reviewing', 'confirming')
                    ORDER BY decide_until, id LIMIT ?3)
                UNION ALL
                SELECT * FROM (
                    SELECT id, state, version, expires AS since FROM consent
                    WHERE bank = ?1 AND expires <= ?2 AND state = 'authorised'
                    ORDER BY expires, id LIMIT ?3))
             ORDER BY since, id LIMIT ?3",
        )?
        .query_map(params![bank.as_str(), now.as_microsecond(), limit], |row| {
            Ok((
                id(row, 0, ConsentId::parse)?,
                word(row, 1, ConsentState::parse)?,
                row.get(2)?,
            ))
        })?
        .collect()
}

/// See [`model::ports::Consents::ended`].
pub(super) fn ended(
    connection: &Connection,
    bank: &BankId,
    now: Timestamp,
) -> rusqlite::Result<Vec<EndedConsent>> {
    connection
        .prepare_cached(
            "SELECT digest, state, ended_until FROM consent
             WHERE bank = ?1 AND ended_until > ?2 ORDER BY digest",
        )?
        .query_map(params![bank.as_str(), now.as_microsecond()], |row| {
            let state = word(row, 1, ConsentState::parse)?;
            let why = Why::of(state).ok_or(NotEnded);
            Ok((
                row.get(0)?,
                why.map_err(unreadable(1, Type::Text))?,
                instant(row, 2)?,
            ))
        })?
        .collect()
}
