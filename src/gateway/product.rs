//! What can be called: banks, agreements, operations, as their routes know them.

mod composed;
mod coverage;
mod destination;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use identity::{Issuer, Trust};
use model::{
    BankId, ClientId, Clock, DemandedLogIn, DetailType, Meter, Object, Partner, PartnerId,
    ProtectionClass, Scope,
};

use crate::assertion::Assertions;
use crate::limit::{AgreementLimiter, Limiters, Plan};
use crate::metrics::{PartnerMeters, RouteMeters};

pub(crate) use composed::{Asks, BODY_BYTES_MAX, asks, input};
pub use composed::{Composed, ComposedOperation, ComposedSource};
pub use coverage::Coverage;
pub use destination::{Destination, Goal};

/// The protection classes that the road can serve. The others do not exist here, so no setting
/// can name them.
#[derive(Debug, Clone)]
pub enum Class {
    /// Within the limits of an address.
    Open,
    /// A partner with a bound token.
    Partner {
        /// The scope that the token must carry.
        scope: Scope,
        /// The type of authorization details that it must carry too (RFC 9396), where one is
        /// demanded; the bank is told those of that type.
        detail: Option<DetailType>,
    },
    /// A partner with a customer's token, and that customer's live consent.
    Customer {
        /// The scope that the token must carry.
        scope: Scope,
        /// The type of authorization details that it must carry too, where one is demanded.
        detail: Option<DetailType>,
        /// What request and answer are held to.
        coverage: Arc<Coverage>,
    },
}

impl Class {
    /// Whether an answer's head waits until its record is durable.
    pub(crate) fn waits_for_evidence(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Partner { .. } | Self::Customer { .. } => true,
        }
    }

    /// Whether a record has the digest of the answer that it tells of. What is open to all was sent
    /// to nobody in particular: no one could later say that it was something else.
    pub(crate) fn has_digest(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Partner { .. } | Self::Customer { .. } => true,
        }
    }

    /// The scope that a token must carry; `None` where none is asked for.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Open => None,
            Self::Partner { scope, .. } | Self::Customer { scope, .. } => Some(scope),
        }
    }

    /// The type of authorization details that it must carry too, where one is demanded.
    pub(crate) fn detail(&self) -> Option<&DetailType> {
        match self {
            Self::Open => None,
            Self::Partner { detail, .. } | Self::Customer { detail, .. } => detail.as_ref(),
        }
    }

    /// What a customer's request and its answer are held to.
    pub(crate) fn coverage(&self) -> Option<&Arc<Coverage>> {
        match self {
            Self::Open | Self::Partner { .. } => None,
            Self::Customer { coverage, .. } => Some(coverage),
        }
    }
}

impl From<&Class> for ProtectionClass {
    fn from(class: &Class) -> Self {
        match class {
            Class::Open => Self::Open,
            Class::Partner { .. } => Self::Partner,
            Class::Customer { .. } => Self::Customer,
        }
    }
}

/// A bank as its routes know it.
#[derive(Debug)]
pub struct Bank {
    /// Its id.
    pub id: BankId,
    /// Whose certificates it believes.
    pub trust: Arc<Trust>,
    /// Says to its services who calls.
    pub assertions: Arc<Assertions>,
    /// Whose client is whose.
    owners: HashMap<ClientId, Arc<Partner>>,
    /// What partners without an agreement may draw before they are refused.
    unagreed: Arc<AgreementLimiter>,
    /// What is measured of its partners.
    meters: HashMap<PartnerId, PartnerMeters>,
}

impl Bank {
    /// A bank. `clients` says whose client is whose: one of a partner that the trust store does not
    /// know is nobody's. `unagreed` limits calls that will be refused for want of an agreement.
    pub fn new(
        id: BankId,
        trust: Arc<Trust>,
        clients: &HashMap<ClientId, PartnerId>,
        assertions: Arc<Assertions>,
        unagreed: &Plan,
        limiters: &Limiters,
        meter: &Meter,
    ) -> Self {
        let partners = trust.partners().map(|partner| &partner.id);
        let meters = partners
            .map(|partner| (partner.clone(), PartnerMeters::new(meter, &id, partner)))
            .collect();
        let unagreed = limiters.limiter(None, &id, unagreed);
        Self {
            id,
            owners: owners(clients.iter(), &trust),
            trust,
            assertions,
            unagreed,
            meters,
        }
    }

    /// The same bank under another trust store, its limits untouched: for a rehearsal.
    fn rehearsed(&self, trust: Arc<Trust>, clock: &Arc<dyn Clock>) -> Self {
        Self {
            id: self.id.clone(),
            owners: owners(self.clients(), &trust),
            trust,
            assertions: Arc::clone(&self.assertions),
            unagreed: self.unagreed.fresh(clock),
            meters: HashMap::new(),
        }
    }

    /// What is measured of a partner.
    pub(crate) fn meters(&self, partner: &PartnerId) -> Option<&PartnerMeters> {
        self.meters.get(partner)
    }

    /// The partner whose client this is, with its standing.
    pub(crate) fn owner(&self, client: &ClientId) -> Option<&Arc<Partner>> {
        self.owners.get(client)
    }

    /// Every client with its partner, in no order.
    pub(crate) fn clients(&self) -> impl Iterator<Item = (&ClientId, &PartnerId)> {
        let owners = self.owners.iter();
        owners.map(|(client, partner)| (client, &partner.id))
    }
}

/// Each client's partner as the trust store has it.
fn owners<'c>(
    clients: impl Iterator<Item = (&'c ClientId, &'c PartnerId)>,
    trust: &Trust,
) -> HashMap<ClientId, Arc<Partner>> {
    let partners = trust.partners().map(|partner| (&partner.id, partner));
    let partners: HashMap<&PartnerId, &Arc<Partner>> = partners.collect();
    let owner = |(client, id): (&ClientId, &PartnerId)| {
        let partner = partners.get(id)?;
        Some((client.clone(), Arc::clone(partner)))
    };
    clients.filter_map(owner).collect()
}

/// A partner's right to a product, from when until when, within which limits.
#[derive(Debug)]
pub struct Agreement {
    from: Timestamp,
    until: Timestamp,
    limiter: Arc<AgreementLimiter>,
}

impl Agreement {
    /// An agreement of `partner` with `bank`: in force from `from` (inclusive) to `until`
    /// (exclusive).
    pub fn new(
        partner: &PartnerId,
        bank: &BankId,
        plan: &Plan,
        from: Timestamp,
        until: Timestamp,
        limiters: &Limiters,
    ) -> Self {
        Self {
            from,
            until,
            limiter: limiters.limiter(Some(partner), bank, plan),
        }
    }

    pub(crate) fn is_in_force(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }

    /// From when (inclusive) until when (exclusive) it holds.
    pub(crate) fn term(&self) -> (Timestamp, Timestamp) {
        (self.from, self.until)
    }

    /// Its limits.
    pub(crate) fn plan(&self) -> &Plan {
        self.limiter.plan()
    }
}

/// An operation on the road.
#[derive(Debug, Clone)]
pub struct Route {
    /// The bank.
    pub bank: Arc<Bank>,
    /// What a record says was called: product, operation, method, and the path template with the
    /// API's base path. Made once, shared by the records of all its requests.
    pub object: Arc<Object>,
    /// Its class.
    pub class: Class,
    /// What it demands of the customer's log-in: then only a customer's token is taken.
    pub log_in: Option<DemandedLogIn>,
    /// Whose tokens it takes: the bank's issuer, for this listener's audience.
    pub issuer: Arc<Issuer>,
    /// The URL of its product's metadata on this listener (RFC 9728 §3).
    pub resource_metadata: Arc<str>,
    /// Where it goes.
    pub destination: Destination,
    /// From the request's head to the answer's.
    pub deadline: Duration,
    /// Whether it changes nothing: then a call may be repeated when the bank's connection broke.
    pub has_no_effect: bool,
    /// Who may call it.
    pub agreements: Arc<HashMap<PartnerId, Vec<Agreement>>>,
    /// What is measured of it.
    pub meters: Arc<RouteMeters>,
}

impl Route {
    /// The partner's agreement in force now.
    pub(crate) fn agreement(&self, partner: &PartnerId, now: Timestamp) -> Option<&Agreement> {
        self.agreements
            .get(partner)?
            .iter()
            .find(|agreement| agreement.is_in_force(now))
    }

    /// The limits that a call of this partner draws on.
    pub(crate) fn limiter(&self, partner: &PartnerId, now: Timestamp) -> &AgreementLimiter {
        match self.agreement(partner, now) {
            Some(agreement) => &agreement.limiter,
            None => &self.bank.unagreed,
        }
    }

    /// The same operation under another trust store and issuer, with these consents, for this
    /// partner alone, its limits untouched: for a rehearsal.
    pub(crate) fn rehearsed(
        &self,
        trust: Arc<Trust>,
        issuer: Arc<Issuer>,
        class: Class,
        caller: Option<&PartnerId>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let agreements = caller.and_then(|caller| self.agreements.get_key_value(caller));
        let agreements = agreements.map(|(caller, agreements)| {
            let fresh = agreements.iter().map(|agreement| Agreement {
                limiter: agreement.limiter.fresh(clock),
                ..*agreement
            });
            (caller.clone(), fresh.collect())
        });
        Self {
            bank: Arc::new(self.bank.rehearsed(trust, clock)),
            issuer,
            class,
            agreements: Arc::new(agreements.into_iter().collect()),
            meters: Arc::new(RouteMeters::unrouted(&Meter::new())),
            ..self.clone()
        }
    }
}
