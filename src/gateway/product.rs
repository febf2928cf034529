//! What can be called: banks, agreements, operations, as their routes know them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use identity::{Issuer, Trust};
use model::{BankId, ClientId, Object, PartnerId, ProtectionClass, Scope, UpstreamId};
use upstream::Upstream;

use crate::assertion::Assertions;
use crate::limit::{AgreementLimiter, Limiters, Plan};

/// The protection classes that the road can serve. The others do not exist here, so no setting
/// can name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Within the limits of an address.
    Open,
    /// A partner with a bound token.
    Partner {
        /// The scope that the token must carry.
        scope: Scope,
    },
}

impl From<&Class> for ProtectionClass {
    fn from(class: &Class) -> Self {
        match class {
            Class::Open => Self::Open,
            Class::Partner { .. } => Self::Partner,
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
    /// Whose client is whose.
    pub clients: HashMap<ClientId, PartnerId>,
    /// Says to its services who calls.
    pub assertions: Arc<Assertions>,
    /// What partners without an agreement may draw before they are refused.
    unagreed: Arc<AgreementLimiter>,
}

impl Bank {
    /// A bank. `unagreed` limits calls that will be refused for want of an agreement.
    pub fn new(
        id: BankId,
        trust: Arc<Trust>,
        clients: HashMap<ClientId, PartnerId>,
        assertions: Arc<Assertions>,
        unagreed: &Plan,
        limiters: &Limiters,
    ) -> Self {
        let unagreed = limiters.limiter(None, &id, unagreed);
        Self {
            id,
            trust,
            clients,
            assertions,
            unagreed,
        }
    }

    /// The partner whose client this is.
    pub(crate) fn owner(&self, client: &ClientId) -> Option<&PartnerId> {
        self.clients.get(client)
    }
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

    fn is_in_force(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// An operation on the road.
#[derive(Debug)]
pub struct Route {
    /// The bank.
    pub bank: Arc<Bank>,
    /// What a record says was called: product, operation, method, and the path template with the
    /// API's base path. Made once, shared by the records of all its requests.
    pub object: Arc<Object>,
    /// Its class.
    pub class: Class,
    /// Whose tokens it takes: the bank's issuer, for this listener's audience.
    pub issuer: Arc<Issuer>,
    /// Where it goes.
    pub upstream: Arc<Upstream>,
    /// That upstream's id: the audience of identity assertions.
    pub upstream_id: UpstreamId,
    /// From the request's head to the answer's.
    pub deadline: Duration,
    /// Who may call it.
    pub agreements: Arc<HashMap<PartnerId, Vec<Agreement>>>,
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
}
