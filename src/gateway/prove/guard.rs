//! The checks that guard an operation. Which they are is read from the types of the proofs that
//! the class's constructor in `permit.rs` takes, so a proof more or less is told without a word
//! here; how they are set is read from the route.

use std::sync::Arc;

use jiff::Timestamp;

use model::{DemandedLogIn, PartnerId};

use crate::limit::{GateSettings, Plan, Rate};
use crate::permit::Admitted;
use crate::product::{Class, Coverage, Route};
use crate::stage::authorize::Allowed;
use crate::stage::consent::Consented;
use crate::stage::gate::Knocked;
use crate::stage::identify::Identified;
use crate::stage::limit::WithinLimits;
use crate::stage::route::{CustomerRoute, OpenRoute, PartnerRoute};

/// A check, with its settings in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// The request names the listener's host.
    Host {
        /// `host[:port]`.
        authority: String,
    },
    /// The bucket of the caller's address.
    Address {
        /// Requests over time.
        rate: Rate,
        /// Requests in one instant.
        burst: u32,
    },
    /// A client certificate of the bank's authorities, for clients, in its time, of a partner that
    /// is not suspended: of whoever shows one, and of whoever proves no key.
    Certificate {
        /// The authorities' names.
        authorities: Vec<String>,
        /// Until when the revocation lists are believed; from then on everyone is refused. `None`:
        /// revoked certificates are let in.
        lists_until: Option<Timestamp>,
    },
    /// An access token, bound to the certificate or to a key that is proved (DPoP), of a client of
    /// the certificate's partner, or of one that is not suspended.
    Token {
        /// The issuer's identifier.
        issuer: String,
        /// What the token must name.
        audience: String,
    },
    /// The limits of the caller's agreement: concurrency, then rate.
    Limit {
        /// The agreements' plans.
        granted: Vec<Granted>,
    },
    /// An agreement in force.
    Agreement {
        /// All agreements that hold the product, in force or not.
        granted: Vec<Granted>,
    },
    /// The token's scope.
    Scope {
        /// The scope.
        scope: String,
    },
    /// The token's authorization details (RFC 9396).
    Detail {
        /// Their type.
        detail: String,
    },
    /// The customer's log-in that the token was granted in.
    LogIn {
        /// What is demanded of it.
        demanded: DemandedLogIn,
    },
    /// The customer's live consent, which covers what the request names.
    Consent {
        /// The kinds of data of which it must give one, and more than which is never given.
        clusters: Vec<String>,
    },
}

/// A partner's agreement that holds the product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The partner.
    pub partner: PartnerId,
    /// Its limits.
    pub plan: Plan,
    /// From when on, inclusive.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub until: Timestamp,
    /// Whether it is in force now.
    pub is_in_force: bool,
}

/// A proof, by the stage that gives it.
trait Proof {
    /// What was checked to give it.
    const STAGE: Stage;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Route,
    Gate,
    Identify,
    Limit,
    Authorize,
    Consent,
}

impl Proof for OpenRoute {
    const STAGE: Stage = Stage::Route;
}

impl Proof for PartnerRoute {
    const STAGE: Stage = Stage::Route;
}

impl Proof for CustomerRoute {
    const STAGE: Stage = Stage::Route;
}

impl Proof for Consented {
    const STAGE: Stage = Stage::Consent;
}

impl Proof for Knocked {
    const STAGE: Stage = Stage::Gate;
}

impl Proof for Identified {
    const STAGE: Stage = Stage::Identify;
}

impl Proof for WithinLimits {
    const STAGE: Stage = Stage::Limit;
}

impl Proof for Allowed {
    const STAGE: Stage = Stage::Authorize;
}

/// A constructor of `Admitted`, by the proofs it takes, in the order of the road.
trait Constructor<Proofs> {
    fn stages(&self) -> Vec<Stage>;
}

impl<F, A: Proof, B: Proof> Constructor<(A, B)> for F
where
    F: Fn(A, B) -> Admitted,
{
    fn stages(&self) -> Vec<Stage> {
        vec![A::STAGE, B::STAGE]
    }
}

impl<F, A: Proof, B: Proof, C: Proof, D: Proof, E: Proof> Constructor<(A, B, C, D, E)> for F
where
    F: Fn(A, B, C, D, E) -> Admitted,
{
    fn stages(&self) -> Vec<Stage> {
        vec![A::STAGE, B::STAGE, C::STAGE, D::STAGE, E::STAGE]
    }
}

impl<G, A: Proof, B: Proof, C: Proof, D: Proof, E: Proof, F: Proof> Constructor<(A, B, C, D, E, F)>
    for G
where
    G: Fn(A, B, C, D, E, F) -> Admitted,
{
    fn stages(&self) -> Vec<Stage> {
        vec![A::STAGE, B::STAGE, C::STAGE, D::STAGE, E::STAGE, F::STAGE]
    }
}

fn demanded(class: &Class) -> Vec<Stage> {
    match class {
        Class::Open => Admitted::open.stages(),
        Class::Partner { .. } => Admitted::partner.stages(),
        Class::Customer { .. } => Admitted::customer.stages(),
    }
}

/// The checks of a route on the listener with this authority, in the order of the road.
pub(super) fn of(route: &Route, authority: &str, gate: GateSettings, now: Timestamp) -> Vec<Guard> {
    let stages = demanded(&route.class);
    let checks = |stage| in_stage(stage, route, authority, gate, now);
    stages.into_iter().flat_map(checks).collect()
}

fn in_stage(
    stage: Stage,
    route: &Route,
    authority: &str,
    gate: GateSettings,
    now: Timestamp,
) -> Vec<Guard> {
    match stage {
        Stage::Route => vec![Guard::Host {
            authority: authority.to_owned(),
        }],
        Stage::Gate => vec![Guard::Address {
            rate: gate.rate,
            burst: gate.burst,
        }],
        Stage::Identify => {
            let trust = &route.bank.trust;
            let certificate = Guard::Certificate {
                authorities: trust.authorities().map(str::to_owned).collect(),
                lists_until: trust.lists_until(),
            };
            let token = Guard::Token {
                issuer: route.issuer.identifier().to_owned(),
                audience: route.issuer.audience().to_string(),
            };
            vec![certificate, token]
        }
        Stage::Limit => vec![Guard::Limit {
            granted: granted(route, now),
        }],
        Stage::Authorize => {
            let mut guards = vec![Guard::Agreement {
                granted: granted(route, now),
            }];
            guards.extend(route.class.scope().map(|scope| Guard::Scope {
                scope: scope.to_string(),
            }));
            guards.extend(route.class.detail().map(|detail| Guard::Detail {
                detail: detail.to_string(),
            }));
            let log_in = route.log_in.clone();
            guards.extend(log_in.map(|demanded| Guard::LogIn { demanded }));
            guards
        }
        Stage::Consent => {
            let clusters = |coverage: &Arc<Coverage>| {
                let clusters = coverage.clusters.iter();
                clusters.map(ToString::to_string).collect()
            };
            let coverage = route.class.coverage();
            let guard = coverage.map(|its| Guard::Consent {
                clusters: clusters(its),
            });
            guard.into_iter().collect()
        }
    }
}

fn granted(route: &Route, now: Timestamp) -> Vec<Granted> {
    let mut granted: Vec<Granted> = Vec::new();
    for (partner, agreements) in route.agreements.iter() {
        granted.extend(agreements.iter().map(|agreement| {
            let (from, until) = agreement.term();
            Granted {
                partner: partner.clone(),
                plan: agreement.plan().clone(),
                from,
                until,
                is_in_force: agreement.is_in_force(now),
            }
        }));
    }
    granted.sort_by(|a, b| {
        let key = |granted: &Granted| (granted.partner.to_string(), granted.from);
        key(a).cmp(&key(b))
    });
    granted
}
