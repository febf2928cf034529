//! What a consent becomes when it takes an edge: decided here, once, for every store.

use jiff::Timestamp;

use model::ports::{Authorisation, Change, Consent, Withdrawal};
use model::{ConsentState, EXTENSIONS_MAX, Edge, Terms};

use crate::rim::Unfit;

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

/// See [`model::ports::Consents::change`].
pub(crate) fn changed(
    consent: Consent,
    change: &mut Change,
    now: Timestamp,
) -> Result<Next, Unfit> {
    if (consent.state, consent.version) != (change.from, change.version) {
        return Ok(Next::Otherwise(consent.state));
    }
    let state = after(change.from, change.edge)?;
    let is_to_decide = matches!(change.edge, Edge::Open | Edge::Allow | Edge::Extend);
    if is_to_decide && now >= consent.decide_until {
        return Ok(Next::Gone);
    }
    let extended = consent.extended + u8::from(change.edge == Edge::Extend);
    if extended > EXTENSIONS_MAX {
        return Err(Unfit::NoEdge);
    }
    let draft = change.draft.take().unwrap_or(consent.draft);
    Ok(Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        subject: change.subject.take().or(consent.subject),
        request: change.request.or(consent.request),
        // What the customer chose on the way serves nobody once it is decided.
        draft: if state.is_end() { Vec::new() } else { draft },
        decide_until: change.decide_until.map_or(consent.decide_until, |until| {
            until.max(consent.decide_until)
        }),
        extended,
        changed_at: now,
        reason: change.reason.take().or(consent.reason),
        ..consent
    })))
}

/// See [`model::ports::Consents::authorise`].
pub(crate) fn authorised(
    consent: Consent,
    authorisation: &Authorisation,
    now: Timestamp,
) -> Result<Next, Unfit> {
    if (consent.state, consent.version) != (authorisation.from, authorisation.version) {
        return Ok(Next::Otherwise(consent.state));
    }
    let state = after(authorisation.from, authorisation.edge)?;
    let is_over = match authorisation.edge {
        Edge::Renew => is_past(&consent, now),
        _ => now >= consent.decide_until,
    };
    if is_over {
        return Ok(Next::Gone);
    }
    let terms = authorisation.terms.clone();
    // Who renews is who consented: else one customer would take on what another gave.
    let theirs = consent.subject.as_deref();
    if terms.id != consent.id || theirs.is_some_and(|subject| *subject != *terms.customer) {
        return Err(Unfit::OtherGrant);
    }
    Ok(Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        subject: Some(terms.customer.clone().into()),
        draft: Vec::new(),
        changed_at: now,
        expires: Some(terms.expires),
        terms: Some(terms),
        ..consent
    })))
}

/// See [`model::ports::Consents::withdraw`].
pub(crate) fn withdrawn(consent: Consent, withdrawal: &mut Withdrawal, now: Timestamp) -> Next {
    let Ok(state) = consent.state.after(withdrawal.edge) else {
        return Next::Otherwise(consent.state);
    };
    // Whoever saw it due may be late: it was renewed meanwhile.
    if withdrawal.edge == Edge::Expire && !is_past(&consent, now) {
        return Next::Otherwise(consent.state);
    }
    Next::To(Box::new(Consent {
        state,
        version: consent.version.saturating_add(1),
        changed_at: now,
        ended_until: Some(withdrawal.tokens_until),
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
