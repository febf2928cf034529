//! What was decided about a consent: what, when, by whom, and by which way (specs/consent.md, D5).

use jiff::Timestamp;
use model::ports::{Consent, Decided, DeskFault, Looker};
use model::{By, Channel, ConsentState, Edge};
use serde::Serialize;

use super::moment::Moment;
use super::{Keeper, language};

/// One decision.
#[derive(Debug, Serialize)]
pub(super) struct Decision {
    /// The edge.
    edge: &'static str,
    /// The same in words.
    says: String,
    when: Moment,
    /// By whom, as far as that is known.
    by: Option<&'static str>,
    by_says: Option<String>,
    /// By which way, as far as that is known.
    on: Option<&'static str>,
    on_says: Option<String>,
}

/// A decision as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Took {
    edge: Edge,
    by: Option<By>,
    on: Option<Channel>,
    at: Timestamp,
}

impl Decision {
    /// Some made up, for the trial of a bank's own pages: of one not all is known.
    pub(super) fn samples() -> Vec<Self> {
        let sample = |on: Option<&'static str>| Self {
            edge: "authorise",
            says: "Sample decision".to_owned(),
            when: Moment::sample("Sample time"),
            by: Some("customer"),
            by_says: Some("Sample person".to_owned()),
            on,
            on_says: on.map(|_| "Sample way".to_owned()),
        };
        vec![sample(Some("page")), sample(None)]
    }
}

impl Keeper {
    /// What was decided about a consent, the last first.
    pub(super) async fn decisions(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
    ) -> Result<Vec<Decision>, DeskFault> {
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let decided = consents.decided(bank, &consent.id).await?;
        let took = took(consent, &decided, looker.now);
        let decisions = took.iter().rev().map(|one| self.step(looker, one));
        decisions.collect()
    }

    fn step(&self, looker: &Looker<'_>, took: &Took) -> Result<Decision, DeskFault> {
        let say = |kind: &str, word: &str| self.say(looker, &format!("{kind}-{word}"), &[]);
        let edge = took.edge.as_str();
        let (by, on) = (took.by.map(By::as_str), took.on.map(Channel::as_str));
        Ok(Decision {
            edge,
            says: say("decided", edge)?,
            when: Moment::of(took.at, language(looker)?),
            by,
            by_says: by.map(|by| say("by", by)).transpose()?,
            on,
            on_says: on.map(|on| say("on", on)).transpose()?,
        })
    }
}

/// What was decided about a consent, the first first: what evidence was kept of, and its beginning
/// and its end, of which none may have been.
fn took(consent: &Consent, decided: &[Decided], now: Timestamp) -> Vec<Took> {
    let kept = decided.iter().filter_map(|(edge, by, at)| {
        let on = match edge {
            // It is given at the desk alone.
            Edge::Authorise | Edge::Renew => Some(Channel::Page),
            Edge::Refuse | Edge::Lock | Edge::Withdraw => consent.ended_on,
            _ => return None,
        };
        Some(Took {
            edge: *edge,
            by: Some(*by),
            on,
            at: *at,
        })
    });
    let mut took: Vec<Took> = kept.collect();
    let is_given = |one: &Took| matches!(one.edge, Edge::Authorise | Edge::Renew);
    if let Some(terms) = consent
        .terms
        .as_ref()
        .filter(|_| !took.iter().any(is_given))
    {
        let given = Took {
            edge: Edge::Authorise,
            by: Some(By::Customer),
            on: Some(Channel::Page),
            at: terms.authorised_at,
        };
        took.insert(0, given);
    }
    let is_told = took.last().is_some_and(|last| !is_given(last));
    took.extend(end(consent, now).filter(|_| !is_told));
    took
}

/// How a consent has ended at this instant.
fn end(consent: &Consent, now: Timestamp) -> Option<Took> {
    let (state, at) = consent.stands(now);
    let edge = match state {
        ConsentState::Refused => Edge::Refuse,
        ConsentState::Lapsed => Edge::Lapse,
        ConsentState::Expired => Edge::Expire,
        ConsentState::Withdrawn => Edge::Withdraw,
        ConsentState::Superseded => Edge::Supersede,
        ConsentState::Requested
        | ConsentState::Reviewing
        | ConsentState::Confirming
        | ConsentState::Authorised => return None,
    };
    // What has come and nobody noted yet is the clock's.
    let (by, on) = if state == consent.state {
        (consent.ended_by, consent.ended_on)
    } else {
        (Some(By::House), Some(Channel::Clock))
    };
    Some(Took { edge, by, on, at })
}
