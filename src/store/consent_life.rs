//! What a consent becomes when it takes an edge: decided here, once, for every store.

use jiff::Timestamp;

use model::ports::{AgreedConsent, Approval, Change, Choices, Consent, Withdrawal};
use model::{By, Channel, ConsentId, ConsentState, EXTENSIONS_MAX, Edge, GrantEvent, Terms};

use crate::rim::{Unfit, may_decide_until};

/// What an edge leads to.
#[derive(Debug)]
pub(crate) enum Next {
    /// The consent, changed.
    To(Box<Consent>),
    /// It stands otherwise than the caller thought.
    Otherwise(ConsentState),
    /// The time for it is over.
    Gone,
}

/// See [`model::ports::Consents::change`]; `event` tells who did it.
pub(crate) fn changed(
    consent: Consent,
    change: &mut Change,
    event: &GrantEvent,
    now: Timestamp,
) -> Result<Next, Unfit> {
    let is_thought = (consent.state, consent.version) == (change.from, change.version);
    if !is_thought || is_anothers(&consent, change.subject.as_deref()) {
        return Ok(Next::Otherwise(consent.state));
    }
    let state = after(change.from, change.edge)?;
    let is_over = now >= consent.decide_until;
    match change.edge {
        Edge::Open | Edge::Allow | Edge::Extend if is_over => return Ok(Next::Gone),
        // What was to be renewed has come to its end.
        Edge::Refuse if state == ConsentState::Authorised && is_past(&consent, now) => {
            return Ok(Next::Gone);
        }
        // Whoever saw it due may be late: its customer took more time meanwhile.
        Edge::Lapse if !is_over => return Ok(Next::Otherwise(consent.state)),
        _ => {}
    }
    let (decide_until, extended) = put_off(&consent, change)?;
    let draft = change.draft.take().unwrap_or(consent.draft);
    Ok(Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        subject: consent.subject.or(change.subject.take()),
        request: change.request.or(consent.request),
        // What the customer chose on the way serves nobody once it is decided.
        draft: if state.is_end() { Vec::new() } else { draft },
        decide_until,
        extended,
        changed_at: now,
        ended_by: declined_by(change, event).filter(|_| state.is_end()),
        ended_on: way_of(event).filter(|_| state.is_end()),
        reason: change.reason.take().or(consent.reason),
        ..consent
    })))
}

/// Until when it can be decided after a change, and how often that was put off.
fn put_off(consent: &Consent, change: &Change) -> Result<(Timestamp, u8), Unfit> {
    let Some(until) = change.decide_until else {
        return Ok((consent.decide_until, consent.extended));
    };
    if consent.extended >= EXTENSIONS_MAX {
        return Err(Unfit::NoEdge);
    }
    if until <= consent.decide_until || !may_decide_until(until, consent.made_at) {
        return Err(Unfit::DecideUntil);
    }
    Ok((until, consent.extended.saturating_add(1)))
}

/// Who ended an undecided consent: the clock and a proof that failed are nobody's.
fn declined_by(change: &Change, event: &GrantEvent) -> Option<By> {
    match change.edge {
        Edge::Lapse | Edge::Lock => Some(By::House),
        _ => event.consent.as_ref().map(|part| part.by),
    }
}

/// By which way something was done to a consent.
pub(crate) fn way_of(event: &GrantEvent) -> Option<Channel> {
    event.consent.as_ref().map(|part| part.channel)
}

/// See [`model::ports::Consents::confirm`]: the consent as it is then; `None`: nothing changes.
pub(crate) fn confirmed(consent: Consent, subject: &str, now: Timestamp) -> Option<Consent> {
    let is_theirs = consent.subject.as_deref() == Some(subject);
    let is_in_force = consent.state == ConsentState::Authorised && !is_past(&consent, now);
    (is_theirs && is_in_force).then(|| Consent {
        confirmed_at: consent.confirmed_at.max(Some(now)),
        ..consent
    })
}

/// See [`model::ports::Consents::keep`].
pub(crate) fn kept(consent: Consent, choices: &mut Choices, now: Timestamp) -> Next {
    let is_again = consent.state == ConsentState::Authorised;
    let is_open = is_again || consent.state.is_undecided();
    let is_thought =
        is_open && consent.version == choices.version && consent.draft == choices.former;
    if !is_thought || is_anothers(&consent, choices.subject.as_deref()) {
        return Next::Otherwise(consent.state);
    }
    let is_over = if is_again {
        is_past(&consent, now)
    } else {
        now >= consent.decide_until
    };
    if is_over {
        return Next::Gone;
    }
    Next::To(Box::new(Consent {
        subject: consent.subject.or(choices.subject.take()),
        request: choices.request.or(consent.request),
        draft: choices.draft.take().unwrap_or(consent.draft),
        ..consent
    }))
}

/// Whether a consent has a customer, and not this one.
fn is_anothers(consent: &Consent, subject: Option<&str>) -> bool {
    let theirs = consent.subject.as_deref();
    theirs.is_some_and(|theirs| subject.is_some_and(|subject| subject != theirs))
}

/// What an approval makes of consents.
#[derive(Debug)]
pub(crate) struct Given {
    /// The one that the customer gave.
    pub(crate) consent: Box<Consent>,
    /// Whether it is made by this.
    pub(crate) is_made: bool,
    /// The one whose place it takes, and until when access tokens of that may be shown.
    pub(crate) superseded: Option<(Box<Consent>, Timestamp)>,
}

/// What an approval makes of the consents that `find` finds; `None` when one of them is not as the
/// caller thought. See [`model::ports::Grants::approve`].
pub(crate) fn given<E: From<Unfit>>(
    approval: &Approval,
    its: &AgreedConsent,
    request: [u8; 32],
    now: Timestamp,
    find: impl Fn(&ConsentId) -> Result<Option<Consent>, E>,
) -> Result<Option<Given>, E> {
    let Next::To(consent) = agreed(find(&its.id)?, approval, its, request, now)? else {
        return Ok(None);
    };
    let superseded = match &its.replaces {
        None => None,
        Some((id, until)) => {
            let Some(former) = find(id)? else {
                return Ok(None);
            };
            let Next::To(former) = superseded(former, &consent, *until, now)? else {
                return Ok(None);
            };
            Some((former, *until))
        }
    };
    Ok(Some(Given {
        consent,
        is_made: its.from.is_none(),
        superseded,
    }))
}

/// The consent that a customer gave; `consent` is the one that is there.
fn agreed(
    consent: Option<Consent>,
    approval: &Approval,
    agreed: &AgreedConsent,
    request: [u8; 32],
    now: Timestamp,
) -> Result<Next, Unfit> {
    if now >= agreed.terms.expires {
        return Ok(Next::Gone);
    }
    match (consent, agreed.from) {
        (Some(_), None) => Err(Unfit::Taken),
        (None, None) => made(approval, agreed, request, now),
        (None, Some(_)) => Ok(Next::Gone),
        (Some(consent), Some(thought)) => {
            if consent.client != approval.grant.client {
                return Err(Unfit::OtherGrant);
            }
            authorised(consent, agreed, thought, now)
        }
    }
}

/// A consent that nobody lodged, and that is in force at once.
fn made(
    approval: &Approval,
    agreed: &AgreedConsent,
    request: [u8; 32],
    now: Timestamp,
) -> Result<Next, Unfit> {
    let terms = agreed.terms.clone();
    Ok(Next::To(Box::new(Consent {
        id: agreed.id.clone(),
        digest: approval.event.grant.ok_or(Unfit::OtherGrant)?,
        client: approval.grant.client.clone(),
        subject: Some(terms.customer.clone().into()),
        request: Some(request),
        state: ConsentState::Authorised,
        version: 0,
        lodged: Vec::new(),
        draft: Vec::new(),
        made_at: now,
        decide_until: now,
        extended: 0,
        changed_at: now,
        expires: Some(terms.expires),
        terms: Some(terms),
        ended_until: None,
        replaces: replaces(None, agreed)?,
        replaced_by: None,
        is_lodged: false,
        ended_by: None,
        ended_on: None,
        confirmed_at: None,
        reason: None,
    })))
}

fn authorised(
    consent: Consent,
    agreed: &AgreedConsent,
    thought: (ConsentState, u32),
    now: Timestamp,
) -> Result<Next, Unfit> {
    if (consent.state, consent.version) != thought {
        return Ok(Next::Otherwise(consent.state));
    }
    let state = after(consent.state, agreed.edge)?;
    let is_over = match agreed.edge {
        Edge::Renew => is_past(&consent, now),
        _ => now >= consent.decide_until,
    };
    if is_over {
        return Ok(Next::Gone);
    }
    let terms = agreed.terms.clone();
    // Who renews is who consented: else one customer would take on what another gave.
    if is_anothers(&consent, Some(&terms.customer)) {
        return Err(Unfit::OtherGrant);
    }
    let is_within = match &consent.terms {
        Some(former) => terms.is_within(former),
        None => consent.expires.is_none_or(|asked| terms.expires <= asked),
    };
    if !is_within {
        return Err(Unfit::Wider);
    }
    Ok(Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        subject: Some(terms.customer.clone().into()),
        draft: Vec::new(),
        changed_at: now,
        expires: Some(terms.expires),
        terms: Some(terms),
        replaces: replaces(consent.replaces, agreed)?,
        ..consent
    })))
}

/// Whose place a consent takes: that of the one it was to, if it takes one.
fn replaces(was_to: Option<ConsentId>, agreed: &AgreedConsent) -> Result<Option<ConsentId>, Unfit> {
    let takes = agreed.replaces.as_ref().map(|(id, _)| id.clone());
    match (was_to, takes) {
        (Some(was_to), Some(takes)) if was_to != takes => Err(Unfit::OtherGrant),
        (was_to, takes) => Ok(takes.or(was_to)),
    }
}

/// The consent whose place another one takes: of the same client and customer.
fn superseded(
    consent: Consent,
    by: &Consent,
    tokens_until: Timestamp,
    now: Timestamp,
) -> Result<Next, Unfit> {
    if (&consent.client, &consent.subject) != (&by.client, &by.subject) {
        return Err(Unfit::OtherGrant);
    }
    let Ok(state) = consent.state.after(Edge::Supersede) else {
        return Ok(Next::Otherwise(consent.state));
    };
    if is_past(&consent, now) {
        return Ok(Next::Otherwise(ConsentState::Expired));
    }
    Ok(Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        draft: Vec::new(),
        changed_at: now,
        ended_until: Some(tokens_until),
        replaced_by: Some(by.id.clone()),
        ended_by: Some(By::Customer),
        // Another is given at the desk alone.
        ended_on: Some(Channel::Page),
        ..consent
    })))
}

/// A consent whose grant was revoked is withdrawn with it.
pub(crate) fn ended_with_grant(
    consent: Consent,
    by: By,
    tokens_until: Timestamp,
    now: Timestamp,
) -> Next {
    let mut withdrawal = Withdrawal {
        edge: Edge::Withdraw,
        by,
        reason: None,
        tokens_until,
        evidence: None,
    };
    // A partner revokes at an endpoint for programs (RFC 7009).
    let way = (by == By::Partner).then_some(Channel::Api);
    withdrawn(consent, &mut withdrawal, way, now)
}

/// See [`model::ports::Consents::withdraw`]; `way` is how it was done, as far as that is known.
pub(crate) fn withdrawn(
    consent: Consent,
    withdrawal: &mut Withdrawal,
    way: Option<Channel>,
    now: Timestamp,
) -> Next {
    let Ok(state) = consent.state.after(withdrawal.edge) else {
        return Next::Otherwise(consent.state);
    };
    match (withdrawal.edge, is_past(&consent, now)) {
        // Its time has not come.
        (Edge::Expire, false) => return Next::Otherwise(consent.state),
        // It has ended already, though nobody said so yet.
        (Edge::Withdraw, true) => return Next::Otherwise(ConsentState::Expired),
        _ => {}
    }
    Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        draft: Vec::new(),
        changed_at: now,
        ended_until: Some(withdrawal.tokens_until),
        ended_by: Some(withdrawal.by),
        ended_on: way,
        reason: withdrawal.reason.take(),
        ..consent
    }))
}

/// See [`model::ports::Consents::terms`].
pub(crate) fn standing(
    state: ConsentState,
    expires: Option<Timestamp>,
    terms: Option<Terms>,
    now: Timestamp,
) -> (ConsentState, Option<Terms>) {
    match state {
        ConsentState::Authorised if expires.is_none_or(|end| now >= end) => {
            (ConsentState::Expired, None)
        }
        ConsentState::Authorised => (state, terms),
        _ => (state, None),
    }
}

/// Whether the end of one that is in force has come. What has none has come to it.
fn is_past(consent: &Consent, now: Timestamp) -> bool {
    consent.expires.is_none_or(|end| now >= end)
}

fn after(from: ConsentState, edge: Edge) -> Result<ConsentState, Unfit> {
    from.after(edge).map_err(|_| Unfit::NoEdge)
}
