//! How a pushed request ends: by a grant and its consent, or by nothing. All that can speak against
//! it is asked before anything is written: what returns well is kept.

use jiff::Timestamp;
use rusqlite::Connection;

use model::ports::{AgreedConsent, Approval, Change, Changed, Finish};
use model::{BankId, ConsentId, Edge, GrantEvent};

use super::{made, requests};
use crate::consent_life::{self, Given};
use crate::rim::{self, Unfit};
use crate::sqlite::consents::{edges, rows};
use crate::sqlite::forget::{Expired, forget};
use crate::sqlite::outbox::post;
use crate::sqlite::writer::Undone;

/// See [`model::ports::Grants::approve`].
pub(super) fn approve(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    approval: Approval,
    now: Timestamp,
) -> Result<Finish, Undone> {
    let approval = rim::approval(approval)?;
    forget(connection, Expired::Grants, now)?;
    if !requests::is_live(connection, bank, digest, now)? {
        return Ok(Finish::Gone);
    }
    if let Some(its) = &approval.consent {
        let find = |id: &ConsentId| Ok::<_, Undone>(rows::of_id(connection, bank, id)?);
        let Some(given) = consent_life::given(&approval, its, digest, now, find)? else {
            return Ok(Finish::Gone);
        };
        give(connection, bank, its, &given)?;
    }
    requests::consume(connection, bank, digest, now)?;
    grant(connection, bank, &approval)?;
    let events = [Some(approval.event), approval.superseded];
    let posted = events
        .into_iter()
        .flatten()
        .map(|event| post(connection, event));
    posted.collect::<Result<_, _>>().map(Finish::Done)
}

/// Writes a consent that was given, what is kept of it, and the end of the one that it replaces.
fn give(
    connection: &Connection,
    bank: &BankId,
    its: &AgreedConsent,
    given: &Given,
) -> rusqlite::Result<()> {
    if let Some((former, until)) = &given.superseded {
        rows::change(connection, bank, former)?;
        edges::end_grant(connection, bank, former.id.grant(), *until)?;
    }
    if given.is_made {
        rows::add(connection, bank, &given.consent)?;
    } else {
        rows::change(connection, bank, &given.consent)?;
    }
    rows::keep(connection, bank, &its.id, &its.evidence)?;
    Ok(())
}

/// Writes the grant and its code; of a consent that is renewed, over the grant that is there. What
/// came to nothing may be forgotten: then it is made again.
fn grant(connection: &Connection, bank: &BankId, approval: &Approval) -> Result<(), Undone> {
    let (grant, code) = (&approval.grant, &approval.code);
    let is_renewal = matches!(&approval.consent, Some(its) if its.edge == Edge::Renew);
    let former = if is_renewal {
        made::life_of(connection, bank, &grant.id)?
    } else {
        None
    };
    match former {
        None => made::add(connection, bank, grant, code)?,
        Some(life) if life.revoked_until.is_some() => return Err(Unfit::Revoked.into()),
        Some(life) => made::renew(connection, bank, grant, life.renewed(grant, code))?,
    };
    made::add_code(connection, bank, code)?;
    Ok(())
}

/// See [`model::ports::Grants::turn_down`].
pub(super) fn turn_down(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    declined: Option<(ConsentId, Change)>,
    now: Timestamp,
    event: GrantEvent,
) -> Result<Finish, Undone> {
    let declined = rim::declined(declined)?;
    let kept = declined.as_ref().and_then(|(_, its)| its.evidence.as_ref());
    let event = rim::event_with(event, kept)?;
    if !requests::is_live(connection, bank, digest, now)? {
        return Ok(Finish::Gone);
    }
    let posted = match declined {
        None => post(connection, event)?,
        Some((id, mut change)) => {
            let evidence = change.evidence.take();
            let ended = edges::take(connection, bank, &id, evidence, event, |consent, event| {
                Ok(consent_life::changed(consent, &mut change, event, now)?)
            })?;
            let Changed::Done(posted) = ended else {
                return Ok(Finish::Gone);
            };
            posted
        }
    };
    requests::consume(connection, bank, digest, now)?;
    Ok(Finish::Done(vec![posted]))
}
