//! Removing what has expired, a few rows at each change.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use crate::rim::FORGOTTEN_PER_CHANGE;

/// What expires.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expired {
    Jtis,
    PushedRequests,
    /// With their codes and refresh tokens.
    Grants,
    RevokedTokens,
    Sessions,
}

impl Expired {
    fn removal(self) -> &'static str {
        match self {
            Self::Jtis => {
                "DELETE FROM replay WHERE (bank, client, jti) IN
                 (SELECT bank, client, jti FROM replay WHERE expires < ?1
                  ORDER BY expires LIMIT ?2)"
            }
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
        }
    }
}

/// Removes a few of them, those that expired first.
pub(super) fn forget(
    connection: &Connection,
    expired: Expired,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(expired.removal())?
        .execute(params![now.as_microsecond(), FORGOTTEN_PER_CHANGE])?;
    Ok(())
}
