//! What guards each operation of a snapshot, and how the road answers whoever should not pass.
//!
//! Nothing is told from a table. The checks are read from what each class's constructor in
//! `permit.rs` demands (`guard.rs`); the answers come from the road itself (`rehearse.rs`): for
//! each attack a request is made, with certificates and tokens of an authority and an issuer made
//! for the occasion, and walks the pipeline up to the bank's door, under the route as it was
//! compiled.

mod attack;
mod guard;
mod rehearse;

use std::sync::Arc;

use jiff::Timestamp;

use crypto::Random;
use model::{Fault, ListenerId, Object, PartnerId};

pub use attack::Attack;
pub use guard::{Granted, Guard};
pub use rehearse::Unwritten;

use crate::product::{Goal, Route};
use crate::snapshot::Snapshot;
use rehearse::Rehearsals;

/// What a listener's handshake does about client certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// It asks for none: what is shown nowhere is missing everywhere.
    AsksNone,
    /// It takes one, or none.
    TakesAny,
    /// It ends without one.
    Demands,
}

/// What the snapshot does not know of the house around it.
pub struct Terms<'a> {
    /// When.
    pub now: Timestamp,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// What each listener's handshake does about client certificates.
    pub handshake: &'a dyn Fn(&ListenerId) -> Handshake,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The bank is called.
    In,
    /// The partner is told this, and the bank is not called.
    Refused {
        /// The status.
        status: u16,
        /// The stable code.
        code: &'static str,
    },
    /// There is no connection to answer on: the handshake ends without a certificate.
    NoConnection,
}

impl Answer {
    /// Whether the bank is called.
    pub fn is_in(self) -> bool {
        self == Self::In
    }
}

/// One operation on one listener, and what is proved of it.
#[derive(Debug)]
pub struct Operation {
    /// The listener.
    pub listener: ListenerId,
    /// Bank, product, operation, class, method and path template.
    pub object: Arc<Object>,
    /// Where its calls go.
    pub goal: Goal,
    /// The checks that guard it, in the order of the road, with their settings in force.
    pub guards: Vec<Guard>,
    /// Whether the answer's head waits until its record is durable.
    pub waits_for_evidence: bool,
    /// The partner whose call was tried: of those with an agreement in force and a client the
    /// first by name, or else whoever comes nearest. Nobody for class `open`, nor where the bank
    /// has no partner.
    pub caller: Option<PartnerId>,
    /// The answer to that partner's own, honest call.
    pub honest: Answer,
    /// The answers to the attacks, each the honest call with one thing wrong: of those on a log-in
    /// or on details, to what is demanded of them.
    pub attacks: Vec<(Attack, Answer)>,
}

impl Operation {
    /// The attacks that get in although the operation's class demands a known caller. One that is
    /// open to all refuses who names another host or exceeds the limits, and nobody else.
    pub fn unguarded(&self) -> impl Iterator<Item = Attack> {
        let is_open = self.object.class == model::ProtectionClass::Open;
        self.attacks
            .iter()
            .filter(move |(attack, answer)| answer.is_in() && !(is_open && attack.is_of_identity()))
            .map(|(attack, _)| *attack)
    }

    /// Whether not even the honest call gets in.
    pub fn is_shut(&self) -> bool {
        !self.honest.is_in()
    }
}

/// Proves every operation of a snapshot, by listener, bank, product and path. The snapshot is used
/// up: its routes and its gate give way to rehearsed ones, so that no limit is touched.
///
/// Errors: a key, a certificate or a token for the rehearsal cannot be made.
pub fn prove(snapshot: Snapshot, terms: &Terms<'_>) -> Result<Vec<Operation>, Fault> {
    let gate = snapshot.gate().settings();
    let mut places: Vec<(ListenerId, String, Arc<Route>)> = Vec::new();
    for (listener, road) in snapshot.roads() {
        for route in road.routes() {
            let authority = road.authority().to_owned();
            places.push((listener.clone(), authority, Arc::clone(route)));
        }
    }
    places.sort_by_key(|(listener, _, route)| {
        let object = &route.object;
        let (bank, product) = (object.bank.clone(), object.product.clone());
        let path = (Arc::clone(&object.template), object.method.to_string());
        (
            bank.to_string(),
            product.to_string(),
            listener.to_string(),
            path,
        )
    });
    let mut rehearsals = Rehearsals::new(snapshot, terms)?;
    let mut operations = Vec::with_capacity(places.len());
    for (listener, authority, route) in places {
        let rehearsal = rehearsals.of(&listener, &authority, &route)?;
        let has_caller = route.class.scope().is_some();
        let caller = rehearsal.caller().filter(|_| has_caller).cloned();
        let honest = rehearsals.answer(&rehearsal, None)?;
        let mut attacks = Vec::with_capacity(Attack::ALL.len());
        for attack in Attack::ALL
            .into_iter()
            .filter(|attack| attack.is_of(&route))
        {
            attacks.push((attack, rehearsals.answer(&rehearsal, Some(attack))?));
        }
        operations.push(Operation {
            guards: guard::of(&route, &authority, gate, terms.now),
            waits_for_evidence: route.class.waits_for_evidence(),
            listener,
            object: Arc::clone(&route.object),
            goal: route.destination.goal(),
            caller,
            honest,
            attacks,
        });
    }
    Ok(operations)
}
