//! What every store does with what it is handed, before it keeps anything: limits, and instants
//! rounded to what a file can hold, so that no two stores differ.

use jiff::{SignedDuration, Timestamp};

use model::ports::{
    AccessRow, AgreedConsent, Approval, Change, Choices, Code, Consent, Grant, LogIndex,
    PushedRequest, Redemption, RefreshToken, Session, StoreUnavailable, Withdrawal,
};
use model::{
    ClusterId, ConsentId, ConsentState, DECIDED_WITHIN, Edge, Evidence, GrantEvent, Terms,
};

use crate::terms;

/// The most bytes of an opaque part, and of a text of an event.
const PART_BYTES_MAX: usize = 64 << 10;
/// The most bytes of a customer's name, of how strongly they logged in, of a person's reason, and
/// of a word of the log's.
const NAME_BYTES_MAX: usize = 1_024;
/// The most bytes of what bears a page: a draft, and a sealed evidence.
const PAGE_BYTES_MAX: usize = 256 << 10;
/// The most accesses that are noted at once.
const NOTED_MAX: usize = 1_000;

/// The most live requests of one client: what it pushes beyond is refused.
pub(crate) const PUSHED_PER_CLIENT_MAX: usize = 10_000;
/// The most sessions of one customer: beginning another ends those that expire first.
pub(crate) const SESSIONS_PER_SUBJECT_MAX: u8 = 64;
/// The most undecided consents of one client: what it asks beyond is refused.
pub(crate) const UNDECIDED_PER_CLIENT_MAX: usize = 10_000;
/// The most consents, or accesses, that are told at once.
pub(crate) const PAGE_MAX: u16 = 50;
/// For how many days an access that was spent is remembered.
pub(crate) const SPENT_DAYS: i8 = 2;
/// How long an access is told, from the latest that was noted back: two years.
pub(crate) const ACCESS_REMEMBERED: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
/// How long what lapsed before anybody logged in is remembered.
pub(crate) const LAPSED_REMEMBERED: SignedDuration = SignedDuration::from_hours(30 * 24);
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
    /// The code, the refresh token or the consent is of another grant, client or customer than
    /// what it comes with.
    #[error("what was handed together is of two grants")]
    OtherGrant,
    /// The grant that a consent is renewed with was revoked.
    #[error("a grant that is revoked is not renewed")]
    Revoked,
    /// A consent would cover more than it did, or than was asked.
    #[error("a consent would get wider")]
    Wider,
    /// The time to decide is put off by something else than an extension, or not so.
    #[error("the time to decide is not put off so")]
    DecideUntil,
    /// The consent has no such edge, or none by this call.
    #[error("a consent that stands so has no such edge")]
    NoEdge,
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

/// A grant with its code, and the consent that it comes of.
pub(crate) fn approval(approval: Approval) -> Result<Approval, Unfit> {
    let (grant, code) = approved(approval.grant, approval.code)?;
    let consent = approval.consent.map(agreed).transpose()?;
    let replaces = consent.as_ref().and_then(|its| its.replaces.as_ref());
    let is_one = consent.as_ref().is_none_or(|its| {
        *its.id.grant() == grant.id && *its.terms.customer == *grant.subject.as_str()
    });
    if !is_one || replaces.is_some() != approval.superseded.is_some() {
        return Err(Unfit::OtherGrant);
    }
    let kept = consent.as_ref().map(|its| &its.evidence);
    Ok(Approval {
        grant,
        code,
        event: event_with(approval.event, kept)?,
        consent,
        superseded: approval.superseded.map(event).transpose()?,
    })
}

fn approved(grant: Grant, code: Code) -> Result<(Grant, Code), Unfit> {
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

/// A consent that nobody has decided about.
pub(crate) fn lodged(consent: Consent) -> Result<Consent, Unfit> {
    fits(
        consent.subject.as_ref().map_or(0, String::len),
        NAME_BYTES_MAX,
    )?;
    fits(consent.lodged.len(), PART_BYTES_MAX)?;
    fits(consent.draft.len(), PAGE_BYTES_MAX)?;
    let first = if consent.is_lodged {
        ConsentState::Requested
    } else {
        ConsentState::Reviewing
    };
    let is_new = (consent.state, consent.version, consent.extended) == (first, 0, 0)
        && consent.terms.is_none()
        && consent.ended_until.is_none()
        && consent.ended_by.is_none()
        && consent.replaced_by.is_none()
        && consent.reason.is_none();
    if !is_new {
        return Err(Unfit::NoEdge);
    }
    if !may_decide_until(consent.decide_until, consent.made_at) {
        return Err(Unfit::DecideUntil);
    }
    Ok(Consent {
        made_at: instant(consent.made_at),
        decide_until: instant(consent.decide_until),
        changed_at: instant(consent.made_at),
        expires: consent.expires.map(instant),
        ..consent
    })
}

/// Whether what was made then may be decided until then.
pub(crate) fn may_decide_until(until: Timestamp, made_at: Timestamp) -> bool {
    until.duration_since(made_at) <= DECIDED_WITHIN
}

/// What ends an undecided consent with the request of its customer.
pub(crate) fn declined(
    declined: Option<(ConsentId, Change)>,
) -> Result<Option<(ConsentId, Change)>, Unfit> {
    let Some((id, taken)) = declined else {
        return Ok(None);
    };
    if !matches!(taken.edge, Edge::Refuse | Edge::Lock | Edge::Lapse) {
        return Err(Unfit::NoEdge);
    }
    Ok(Some((id, change(taken)?)))
}

/// What a customer has chosen so far.
pub(crate) fn choices(choices: Choices) -> Result<Choices, Unfit> {
    fits(
        choices.subject.as_ref().map_or(0, String::len),
        NAME_BYTES_MAX,
    )?;
    fits(choices.draft.as_ref().map_or(0, Vec::len), PAGE_BYTES_MAX)?;
    Ok(choices)
}

pub(crate) fn change(change: Change) -> Result<Change, Unfit> {
    let is_of_the_undecided = matches!(
        change.edge,
        Edge::Open | Edge::Allow | Edge::Extend | Edge::Refuse | Edge::Lock | Edge::Lapse
    );
    if !is_of_the_undecided {
        return Err(Unfit::NoEdge);
    }
    if change.decide_until.is_some() != (change.edge == Edge::Extend) {
        return Err(Unfit::DecideUntil);
    }
    fits(
        change.subject.as_ref().map_or(0, String::len),
        NAME_BYTES_MAX,
    )?;
    fits(change.draft.as_ref().map_or(0, Vec::len), PAGE_BYTES_MAX)?;
    fits(
        change.reason.as_ref().map_or(0, String::len),
        NAME_BYTES_MAX,
    )?;
    let evidence = change.evidence.map(|its| evidence(its, change.edge));
    Ok(Change {
        decide_until: change.decide_until.map(instant),
        evidence: evidence.transpose()?,
        ..change
    })
}

fn agreed(agreed: AgreedConsent) -> Result<AgreedConsent, Unfit> {
    // What is made by this is authorised by this; what is renewed takes nobody's place.
    let is_edge = match agreed.edge {
        Edge::Authorise => true,
        Edge::Renew => agreed.from.is_some() && agreed.replaces.is_none(),
        _ => false,
    };
    if !is_edge {
        return Err(Unfit::NoEdge);
    }
    let terms = Terms {
        authorised_at: instant(agreed.terms.authorised_at),
        reauth_at: agreed.terms.reauth_at.map(instant),
        expires: instant(agreed.terms.expires),
        ..agreed.terms
    };
    let is_its_own = agreed
        .replaces
        .as_ref()
        .is_some_and(|(its, _)| *its == agreed.id);
    if terms.id != agreed.id || is_its_own {
        return Err(Unfit::OtherGrant);
    }
    fits(terms.customer.len(), NAME_BYTES_MAX)?;
    fits(terms::written(&terms).len(), PART_BYTES_MAX)?;
    Ok(AgreedConsent {
        terms,
        evidence: evidence(agreed.evidence, agreed.edge)?,
        replaces: agreed.replaces.map(|(id, until)| (id, instant(until))),
        ..agreed
    })
}

pub(crate) fn withdrawal(withdrawal: Withdrawal) -> Result<Withdrawal, Unfit> {
    if !matches!(withdrawal.edge, Edge::Withdraw | Edge::Expire) {
        return Err(Unfit::NoEdge);
    }
    fits(
        withdrawal.reason.as_ref().map_or(0, String::len),
        NAME_BYTES_MAX,
    )?;
    let (edge, by) = (withdrawal.edge, withdrawal.by);
    if withdrawal.evidence.as_ref().is_some_and(|its| its.by != by) {
        return Err(Unfit::NoEdge);
    }
    let evidence = withdrawal.evidence.map(|its| evidence(its, edge));
    Ok(Withdrawal {
        tokens_until: instant(withdrawal.tokens_until),
        evidence: evidence.transpose()?,
        ..withdrawal
    })
}

/// What is kept of an edge.
fn evidence(evidence: Evidence, edge: Edge) -> Result<Evidence, Unfit> {
    fits(evidence.sealed.len(), PAGE_BYTES_MAX)?;
    if evidence.edge != edge {
        return Err(Unfit::NoEdge);
    }
    Ok(Evidence {
        at: instant(evidence.at),
        ..evidence
    })
}

pub(crate) fn noted(
    upto: LogIndex,
    rows: Vec<AccessRow>,
) -> Result<(LogIndex, Vec<AccessRow>), Unfit> {
    fits(upto.segment.len(), NAME_BYTES_MAX)?;
    let is_beyond = |number: u64| i64::try_from(number).is_err();
    if rows.len() > NOTED_MAX || is_beyond(upto.index) || is_beyond(upto.offset) {
        return Err(Unfit::TooLong);
    }
    let rows = rows.into_iter().map(|row| {
        fits(row.code.as_ref().map_or(0, String::len), NAME_BYTES_MAX)?;
        fits(bytes_of(&row.clusters), PART_BYTES_MAX)?;
        Ok(AccessRow {
            at: instant(row.at),
            ..row
        })
    });
    Ok((upto, rows.collect::<Result<_, Unfit>>()?))
}

pub(crate) fn event(event: GrantEvent) -> Result<GrantEvent, Unfit> {
    for text in [&event.code, &event.rule].into_iter().flatten() {
        fits(text.len(), PART_BYTES_MAX)?;
    }
    if let Some(part) = &event.consent {
        fits(bytes_of(&part.clusters), PART_BYTES_MAX)?;
    }
    Ok(event)
}

/// An event of which something is kept. Its record names just these bytes, so that no others can be
/// put in their place without its being seen.
pub(crate) fn event_with(
    mut told: GrantEvent,
    evidence: Option<&Evidence>,
) -> Result<GrantEvent, Unfit> {
    if let Some(part) = &mut told.consent {
        part.evidence_digest = evidence.map(|its| crypto::sha256(&its.sealed));
    }
    event(told)
}

/// The bytes of clusters, as a text that separates them.
fn bytes_of(clusters: &[ClusterId]) -> usize {
    clusters.iter().map(|id| id.as_str().len() + 1).sum()
}

/// How far a log was read, so that a farther place is greater.
pub(crate) fn place(upto: &LogIndex) -> (&str, u64, u64) {
    (&upto.segment, upto.offset, upto.index)
}

/// The instant before which accesses are forgotten, when these are noted.
pub(crate) fn accesses_since(rows: &[AccessRow]) -> Option<Timestamp> {
    let latest = rows.iter().map(|row| row.at).max()?;
    latest.checked_sub(ACCESS_REMEMBERED).ok()
}

fn fits(bytes: usize, bytes_max: usize) -> Result<(), Unfit> {
    if bytes <= bytes_max {
        Ok(())
    } else {
        Err(Unfit::TooLong)
    }
}
