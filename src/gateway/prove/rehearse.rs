//! The rehearsal: requests that walk the road up to the bank's door, with keys made for it.

mod consent;
mod token;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method};
use jiff::Timestamp;

use crypto::{Algorithm, Jwks, Random, SigningKey};
use identity::{AccessTokens, BankProofs, Certificates, Issuer, Rehearsal, Shown};
use model::ports::{AuditLog, AuditUnavailable, Receipt};
use model::{
    Alpn, Asked, AuditEntry, BankId, ClientId, Clock, Connection, Fault, InteractionId, ListenerId,
    Meter, Partner, PartnerId, PresentedChain, RequestId, Standing, TlsFacts,
};

use crate::exchange::Exchange;
use crate::lent::Services;
use crate::limit::{Gate, GateSettings};
use crate::metrics::RouteMeters;
use crate::pipeline::admit;
use crate::product::Route;
use crate::prove::{Answer, Attack, Handshake, Terms};
use crate::route::Found;
use crate::snapshot::Snapshot;

/// A host that no listener serves (RFC 2606 §2).
const FOREIGN_HOST: &str = "elsewhere.invalid";
/// An address of nobody (RFC 5737 §3).
const PEER: SocketAddr = SocketAddr::new(
    std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)),
    49_152,
);

/// The rehearsals of a snapshot, a bank each.
pub(super) struct Rehearsals {
    /// Taken out while a request walks.
    snapshot: Arc<Snapshot>,
    banks: HashMap<BankId, Arc<Rehearsal>>,
    /// Signs the tokens of all rehearsed issuers.
    key: SigningKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    gate: GateSettings,
    handshakes: HashMap<ListenerId, Handshake>,
}

/// One operation, about to be called by one partner.
pub(super) struct Scene {
    listener: ListenerId,
    authority: String,
    path: String,
    /// What the honest call names wherever it names something.
    named: &'static str,
    route: Arc<Route>,
    issuer: Arc<Issuer>,
    bank: Arc<Rehearsal>,
    caller: Option<Arc<Partner>>,
    client: Option<ClientId>,
}

impl Scene {
    pub(super) fn caller(&self) -> Option<&PartnerId> {
        self.caller.as_ref().map(|partner| &partner.id)
    }
}

/// What a request is made of.
struct Call {
    authority: String,
    chain: Option<Arc<PresentedChain>>,
    token: Option<String>,
}

impl Rehearsals {
    pub(super) fn new(snapshot: Snapshot, terms: &Terms<'_>) -> Result<Self, Fault> {
        let gate = snapshot.gate().settings();
        let key = SigningKey::generate(Algorithm::Es256)
            .map_err(|e| Fault::caused("making the rehearsal's key", e))?;
        let handshakes = snapshot
            .roads()
            .map(|(listener, _)| (listener.clone(), (terms.handshake)(listener)))
            .collect();
        Ok(Self {
            snapshot: Arc::new(snapshot),
            banks: HashMap::new(),
            key,
            clock: Arc::new(StandingStill(terms.now)),
            random: Arc::clone(&terms.random),
            gate,
            handshakes,
        })
    }

    /// Sets the scene for an operation: who calls it, by which path.
    pub(super) fn of(
        &mut self,
        listener: &ListenerId,
        authority: &str,
        route: &Arc<Route>,
    ) -> Result<Scene, Fault> {
        let id = &route.bank.id;
        let bank = if let Some(bank) = self.banks.get(id) {
            Arc::clone(bank)
        } else {
            let bank = Rehearsal::of(&route.bank.trust, self.clock.now())
                .map_err(|e| Fault::caused(format!("rehearsing the bank {id}"), e))?;
            let bank = Arc::new(bank);
            self.banks.insert(id.clone(), Arc::clone(&bank));
            bank
        };
        let (caller, client) = self.caller(route);
        let (path, named) = self.path(listener, route);
        let keys = Jwks::from_keys(vec![self.key.verification_key()]);
        Ok(Scene {
            path,
            named,
            listener: listener.clone(),
            authority: authority.to_owned(),
            issuer: Arc::new(route.issuer.rehearsed(keys)),
            route: Arc::clone(route),
            bank,
            caller,
            client,
        })
    }

    /// The partner that may most likely call, and one of its clients.
    fn caller(&self, route: &Route) -> (Option<Arc<Partner>>, Option<ClientId>) {
        let now = self.clock.now();
        let client = |partner: &PartnerId| {
            let clients = route.bank.clients();
            let own = clients.filter(|(_, owner)| *owner == partner);
            own.map(|(client, _)| client)
                .min_by(|a, b| a.as_str().cmp(b.as_str()))
                .cloned()
        };
        let rank = |partner: &&Arc<Partner>| {
            let lacks_agreement = route.agreement(&partner.id, now).is_none();
            let is_suspended = partner.standing == Standing::Suspended;
            let lacks_client = client(&partner.id).is_none();
            (
                lacks_agreement,
                is_suspended,
                lacks_client,
                partner.id.to_string(),
            )
        };
        let caller = route.bank.trust.partners().min_by_key(rank).cloned();
        let client = caller.as_ref().and_then(|partner| client(&partner.id));
        (caller, client)
    }

    /// A path that leads to this operation, its parameters filled so that no other one is meant;
    /// and what they are filled with.
    fn path(&self, listener: &ListenerId, route: &Route) -> (String, &'static str) {
        let filled = |with: &str| {
            let template = route.object.template.split('/');
            let segments = template.map(|segment| {
                if openapi::is_parameter(segment) {
                    with
                } else {
                    segment
                }
            });
            segments.collect::<Vec<_>>().join("/")
        };
        let leads_here = |path: &String| {
            let road = self.snapshot.road(listener);
            let found = road.map(|road| road.find(path, &route.object.method));
            matches!(found, Some(Found::Route(found)) if Arc::ptr_eq(&found.object, &route.object))
        };
        let names = ["1", "rehearsal", "a-path-that-nobody-else-has"];
        let found = names.into_iter().find(|name| leads_here(&filled(name)));
        let name = found.unwrap_or(names[0]);
        (filled(name), name)
    }

    /// The road's answer to a call: an attack's, or the honest one. Each finds all limits
    /// untouched.
    pub(super) fn answer(
        &mut self,
        scene: &Scene,
        attack: Option<Attack>,
    ) -> Result<Answer, Fault> {
        let handshake = self.handshakes.get(&scene.listener);
        let handshake = handshake.copied().unwrap_or(Handshake::AsksNone);
        let mut call = self.call(scene, attack)?;
        match (handshake, &call.chain) {
            (Handshake::AsksNone, _) => call.chain = None,
            (Handshake::Demands, None) => return Ok(Answer::NoConnection),
            (Handshake::TakesAny | Handshake::Demands, _) => {}
        }
        self.stage(scene, attack);
        let services = self.services();
        let answer = self.walk(scene, &call, &services)?;
        if attack != Some(Attack::OverLimit) || !answer.is_in() {
            return Ok(answer);
        }
        self.use_up(scene);
        self.walk(scene, &call, &services)
    }

    /// Takes at once what more calls like the first could draw, until the first of the buckets that
    /// they draw on is empty.
    fn use_up(&self, scene: &Scene) {
        let gate = self.snapshot.gate();
        let has_limiter = scene.route.class.scope().is_some();
        let limiter = scene.caller.as_ref().filter(|_| has_limiter);
        let staged = self.staged(scene);
        let limiter = limiter
            .zip(staged.as_ref())
            .map(|(caller, route)| route.limiter(&caller.id, self.clock.now()));
        let bursts = limiter.map(|limiter| limiter.plan().burst);
        let least = bursts.into_iter().fold(self.gate.burst, u32::min);
        let more = least.saturating_sub(1);
        gate.take(PEER.ip(), more);
        if let Some(limiter) = limiter {
            limiter.take(more);
        }
    }

    /// The rehearsed operation.
    fn staged(&self, scene: &Scene) -> Option<Arc<Route>> {
        let road = self.snapshot.road(&scene.listener)?;
        match road.find(&scene.path, &scene.route.object.method) {
            Found::Route(route) => Some(route),
            _ => None,
        }
    }

    /// Puts the rehearsed operation in the place of the compiled one.
    fn stage(&mut self, scene: &Scene, attack: Option<Attack>) {
        let trust = match attack {
            Some(Attack::SuspendedPartner) => &scene.bank.suspending,
            _ => &scene.bank.trust,
        };
        let route = scene.route.rehearsed(
            Arc::clone(trust),
            Arc::clone(&scene.issuer),
            consent::class(&scene.route.class, attack, scene.named, self.clock.now()),
            scene.caller(),
            &self.clock,
        );
        let snapshot = Arc::get_mut(&mut self.snapshot)
            .expect("no request walks while the stage is set: the snapshot must be held once");
        let gate = Gate::new(self.gate, Arc::clone(&self.clock));
        snapshot.rehearse(&scene.listener, &scene.path, route, gate);
    }

    /// Rooms that remember nothing of earlier calls.
    fn services(&self) -> Services {
        Services {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            log: Arc::new(Unwritten),
            certificates: Arc::new(Certificates::new(4)),
            tokens: Arc::new(AccessTokens::new(4)),
            proofs: Arc::new(BankProofs::new(
                Arc::clone(&self.clock),
                Arc::clone(&self.random),
            )),
            unrouted: Arc::new(RouteMeters::unrouted(&Meter::new())),
            watcher: None,
        }
    }

    fn call(&self, scene: &Scene, attack: Option<Attack>) -> Result<Call, Fault> {
        let organization = scene.caller.as_ref().map(|partner| partner.id.as_str());
        let organization = organization.unwrap_or("a stranger");
        let made = |e| Fault::caused("making a certificate for the rehearsal", e);
        let shown = attack.map_or(Some(Shown::Good), Attack::shown);
        let held = shown.unwrap_or(Shown::Good);
        let held = scene.bank.chain(organization, held).map_err(made)?;
        let token = self.token(scene, attack, held.leaf_thumbprint)?;
        Ok(Call {
            authority: match attack {
                Some(Attack::ForeignHost) => FOREIGN_HOST.to_owned(),
                _ => scene.authority.clone(),
            },
            chain: shown.map(|_| held),
            token: (attack != Some(Attack::NoToken)).then_some(token),
        })
    }

    /// Walks the road up to the bank's door.
    fn walk(&self, scene: &Scene, call: &Call, services: &Services) -> Result<Answer, Fault> {
        let asked = self.asked(scene, call)?;
        let mut exchange = Exchange::begin(asked, Arc::clone(&self.snapshot), services);
        // Whatever it asks answers at once.
        let admitted = admit(&mut exchange, services).now_or_never();
        let admitted = admitted.ok_or_else(|| Fault::new("rehearsing a call that waits"))?;
        Ok(match admitted {
            Ok(_admitted) => Answer::In,
            Err(refusal) => Answer::Refused {
                status: web::status(&refusal).as_u16(),
                code: refusal.code().as_str(),
            },
        })
    }

    fn asked(&self, scene: &Scene, call: &Call) -> Result<Asked, Fault> {
        let method: Method = scene.route.object.method.clone();
        let header = |value: &str| {
            HeaderValue::from_str(value)
                .map_err(|e| Fault::caused("making a rehearsal's header", e))
        };
        let said = consent::Said::of(&scene.route.class, scene.named);
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{}", scene.path, said.query))
            .header(HOST, header(&call.authority)?)
            .body(said.body)
            .map_err(|e| Fault::caused("making a rehearsal's request", e))?;
        for name in said.headers {
            request.headers_mut().insert(name, header(scene.named)?);
        }
        if let Some(media_type) = said.media_type {
            let value = header(&media_type)?;
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        if let Some(token) = &call.token {
            let value = header(&format!("Bearer {token}"))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let random = self.random.as_ref();
        Ok(Asked {
            request_id: RequestId::new(self.clock.now(), crypto::random_array(random)),
            interaction: InteractionId::new(crypto::random_array::<16>(random)),
            now: self.clock.now(),
            started: self.clock.monotonic(),
            connection: Arc::new(Connection {
                listener: scene.listener.clone(),
                peer: PEER,
                tls: Some(TlsFacts {
                    version: "1.3",
                    alpn: Alpn::Http1,
                    resumed: false,
                }),
                chain: call.chain.clone(),
            }),
            request,
            bytes_in: None,
        })
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct StandingStill(Timestamp);

impl Clock for StandingStill {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// The log of a rehearsal: nothing happened, so nothing is written, and nothing that waits for
/// evidence gets it.
pub struct Unwritten;

impl AuditLog for Unwritten {
    fn record(&self, _: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        std::future::ready(Err(AuditUnavailable)).boxed()
    }

    fn queue(&self, _: AuditEntry) -> Result<(), AuditUnavailable> {
        Ok(())
    }

    fn is_available(&self) -> bool {
        true
    }
}
