//! What every store does with what it is handed, before it keeps anything: limits, and instants
//! rounded to what a file can hold, so that no two stores differ.

use jiff::Timestamp;

use model::GrantEvent;
use model::ports::{
    Code, Grant, PushedRequest, Redemption, RefreshToken, Session, StoreUnavailable,
};

/// The most bytes of an opaque part, and of a text of an event.
const PART_BYTES_MAX: usize = 64 << 10;
/// The most bytes of a customer's name, and of how strongly they logged in.
const NAME_BYTES_MAX: usize = 1_024;

/// The most live requests of one client: what it pushes beyond is refused.
pub(crate) const PUSHED_PER_CLIENT_MAX: usize = 10_000;
/// The most sessions of one customer: beginning another ends those that expire first.
pub(crate) const SESSIONS_PER_SUBJECT_MAX: u8 = 64;
/// The most events that wait for the log.
pub(crate) const OUTBOX_MAX: usize = 10_000;
/// How many expired entries one change removes at most: more than one, so that a table shrinks
/// whenever changes come; few, so that no change pays for many.
pub(crate) const FORGOTTEN_PER_CHANGE: u8 = 4;

/// Why a store does not do what it is asked, though nothing is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// A part is beyond its limit.
    #[error("a part is longer than its limit")]
    TooLong,
    /// It would be the second of its kind.
    #[error("an id or digest is taken")]
    Taken,
    /// The code, or the refresh token, names another grant than the one it comes with.
    #[error("what was handed together is of two grants")]
    OtherGrant,
    /// The log takes nothing.
    #[error("the outbox is full")]
    OutboxFull,
}

impl Unfit {
    /// The same for the caller.
    pub(crate) fn while_doing(self, doing: &'static str) -> StoreUnavailable {
        StoreUnavailable {
            doing,
            source: Some(self.into()),
        }
    }
}

/// An instant as stores keep it: to the microsecond.
pub(crate) fn instant(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

pub(crate) fn pushed(request: PushedRequest) -> Result<PushedRequest, Unfit> {
    fits(request.request.len(), PART_BYTES_MAX)?;
    Ok(PushedRequest {
        expires: instant(request.expires),
        ..request
    })
}

/// A grant with its code.
pub(crate) fn approved(grant: Grant, code: Code) -> Result<(Grant, Code), Unfit> {
    fits(grant.subject.len(), NAME_BYTES_MAX)?;
    fits(grant.granted.len(), PART_BYTES_MAX)?;
    fits(code.bound.len(), PART_BYTES_MAX)?;
    if code.grant != grant.id {
        return Err(Unfit::OtherGrant);
    }
    let grant = Grant {
        made_at: instant(grant.made_at),
        expires: instant(grant.expires),
        ..grant
    };
    let code = Code {
        expires: instant(code.expires),
        ..code
    };
    Ok((grant, code))
}

pub(crate) fn redemption(redemption: Redemption) -> Result<Redemption, Unfit> {
    let refresh = redemption.refresh.map(refresh_token).transpose()?;
    Ok(Redemption {
        refresh,
        event: event(redemption.event)?,
        event_if_again: event(redemption.event_if_again)?,
        revoked_until: instant(redemption.revoked_until),
    })
}

fn refresh_token(token: RefreshToken) -> Result<RefreshToken, Unfit> {
    fits(token.bound.len(), PART_BYTES_MAX)?;
    Ok(RefreshToken {
        expires: instant(token.expires),
        ..token
    })
}

pub(crate) fn session(session: Session) -> Result<Session, Unfit> {
    fits(session.subject.len(), NAME_BYTES_MAX)?;
    fits(session.shown.len(), NAME_BYTES_MAX)?;
    fits(session.acr.as_ref().map_or(0, String::len), NAME_BYTES_MAX)?;
    Ok(Session {
        auth_time: instant(session.auth_time),
        expires: instant(session.expires),
        ..session
    })
}

pub(crate) fn event(event: GrantEvent) -> Result<GrantEvent, Unfit> {
    for text in [&event.code, &event.rule].into_iter().flatten() {
        fits(text.len(), PART_BYTES_MAX)?;
    }
    Ok(event)
}

fn fits(bytes: usize, bytes_max: usize) -> Result<(), Unfit> {
    if bytes <= bytes_max {
        Ok(())
    } else {
        Err(Unfit::TooLong)
    }
}
