//! Edges: what consents become, with what is kept of it, and with the grants that stand and fall
//! with them.

use jiff::Timestamp;
use rusqlite::Connection;

use model::ports::{Changed, Choices, Consent, Keep};
use model::{BankId, By, ConsentId, Evidence, GrantEvent, GrantId};

use super::rows;
use crate::consent_life::{self, Next};
use crate::rim;
use crate::sqlite::grants::made;
use crate::sqlite::outbox::post;
use crate::sqlite::writer::Undone;

/// Takes an edge, which `next` decides.
pub(in crate::sqlite) fn take(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
    evidence: Option<Evidence>,
    event: GrantEvent,
    next: impl FnOnce(Consent, &GrantEvent) -> Result<Next, Undone>,
) -> Result<Changed, Undone> {
    let Some(consent) = rows::of_id(connection, bank, id)? else {
        return Ok(Changed::Gone);
    };
    match next(consent, &event)? {
        Next::Gone => Ok(Changed::Gone),
        Next::Otherwise(state) => Ok(Changed::Otherwise(state)),
        Next::To(changed) => {
            rows::change(connection, bank, &changed)?;
            if let Some(evidence) = evidence {
                rows::keep(connection, bank, id, &evidence)?;
            }
            post(connection, event).map(Changed::Done)
        }
    }
}

/// See [`model::ports::Consents::keep`].
pub(super) fn keep(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
    choices: Choices,
    now: Timestamp,
) -> Result<Keep, Undone> {
    let mut choices = rim::choices(choices)?;
    let Some(consent) = rows::of_id(connection, bank, id)? else {
        return Ok(Keep::Gone);
    };
    match consent_life::kept(consent, &mut choices, now) {
        Next::Gone => Ok(Keep::Gone),
        Next::Otherwise(state) => Ok(Keep::Otherwise(state)),
        Next::To(kept) => {
            rows::change(connection, bank, &kept)?;
            Ok(Keep::Kept)
        }
    }
}

/// See [`model::ports::Consents::confirm`].
pub(super) fn confirm(
    connection: &Connection,
    bank: &BankId,
    id: &ConsentId,
    subject: &str,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let Some(consent) = rows::of_id(connection, bank, id)? else {
        return Ok(false);
    };
    let Some(confirmed) = consent_life::confirmed(consent, subject, now) else {
        return Ok(false);
    };
    rows::change(connection, bank, &confirmed)?;
    Ok(true)
}

/// Revokes the grant of a consent that has ended, as long as it lies there: whoever tells an
/// earlier time may still find it.
pub(in crate::sqlite) fn end_grant(
    connection: &Connection,
    bank: &BankId,
    grant: &GrantId,
    until: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(life) = made::life_of(connection, bank, grant)? {
        made::live_on(connection, bank, grant, life.revoked(until))?;
    }
    Ok(())
}

/// Withdraws the consent of a grant that was revoked, if it is in force.
pub(in crate::sqlite) fn end_with_grant(
    connection: &Connection,
    bank: &BankId,
    grant: &GrantId,
    by: By,
    until: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Some(consent) = rows::of_id(connection, bank, &grant.clone().into())? else {
        return Ok(());
    };
    if let Next::To(ended) = consent_life::ended_with_grant(consent, by, until, now) {
        rows::change(connection, bank, &ended)?;
    }
    Ok(())
}
