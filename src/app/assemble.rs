//! Settings to a snapshot: build each room's part of it, hand each its ports, and take from what
//! stands the state of everything that is measured.

mod class;
mod consent;
mod customers;
mod destination;
mod details;
mod resource_servers;
mod resources;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use anyhow::Context as _;

use authserver::{
    AuthServer, Authorization, ClientSettings, Customers, Elsewhere, Endpoint, IssuerSettings,
    Ports, PublishedKeys,
};
use config::{BankPlan, House, IssuerEndpoint, ListenerPlan, LogInPlan, ProductPlan, TokensPlan};
use crypto::Jwks;
use gateway::{
    Agreement, Bank, Destination, Plan, Road, Route, RouteMeters, RoutePattern, Snapshot,
};
use identity::{Ending, Issuer, IssuerKeys, Revoked};
use model::{
    BankId, ClientId, DemandedLogIn, ListenerId, Meter, Object, OperationId, PartnerId, PlanId,
    ProductId, UpstreamId,
};
use upstream::{Fetcher, Upstream, UpstreamSettings};

use self::class::Classes;
use self::customers::BankCustomers;
pub use self::customers::{BankAccounts, BankFactor};
use crate::live::{Doors, Live, Place};
use crate::standing::{Standing, rate};

/// What the banks share while a snapshot is built.
struct Shared<'a> {
    standing: &'a Standing,
    house: &'a House,
    plans: HashMap<PlanId, Plan>,
    unagreed: Plan,
}

/// A bank, built: its issuer, and its routes by listener.
struct Built {
    authserver: AuthServer,
    assertion_keys: Jwks,
    routes: Vec<(ListenerId, RoutePattern, Route)>,
}

/// Builds what the house says, under this number. Nothing is in force yet.
pub(crate) async fn assemble(
    house: &House,
    standing: &Standing,
    number: u64,
) -> anyhow::Result<Live> {
    let consenting = house.banks.iter().filter(|bank| bank.consent.is_some());
    let consenting = consenting.map(|bank| bank.id.clone()).collect();
    standing.consenting.store(Arc::new(consenting));
    let gate = standing.gate(house.gate);
    let settings = gate.settings();
    let shared = Shared {
        standing,
        house,
        plans: plans(&house.plans),
        unagreed: Plan {
            id: PlanId::parse("none")?,
            rate: settings.rate,
            burst: settings.burst,
            concurrent: settings.burst,
        },
    };
    let mut doors = doors(house)?;
    let mut authservers = HashMap::new();
    let mut assertion_keys = HashMap::new();
    let mut routes: HashMap<ListenerId, Vec<(RoutePattern, Route)>> = HashMap::new();
    for bank in &house.banks {
        let built = build(&shared, bank)
            .await
            .with_context(|| format!("bank {}", bank.id))?;
        for (listener, pattern, route) in built.routes {
            routes.entry(listener).or_default().push((pattern, route));
        }
        assertion_keys.insert(bank.id.clone(), built.assertion_keys);
        authservers.insert(bank.id.clone(), built.authserver);
    }
    let mut roads = HashMap::new();
    for (listener, routes) in routes {
        let authority = doors.entry(listener.clone()).or_default().authority.clone();
        roads.insert(listener, Road::new(authority, routes)?);
    }
    Ok(Live {
        snapshot: Arc::new(Snapshot::new(number, gate, roads)),
        authservers,
        doors: doors.into_iter().collect(),
        assertion_keys,
        keks: consent::keks(house),
        drain: house.drain,
    })
}

/// Builds one bank.
async fn build(shared: &Shared<'_>, plan: &BankPlan) -> anyhow::Result<Built> {
    let standing = shared.standing;
    let clients = plan.issuer.clients.iter();
    let owners: HashMap<ClientId, PartnerId> = clients
        .map(|(id, client)| (id.clone(), client.partner.clone()))
        .collect();
    let mut upstreams = HashMap::new();
    for settings in &plan.upstreams {
        let id = &settings.id;
        let upstream = standing.upstreams.upstream(&plan.id, settings);
        let upstream = upstream.with_context(|| format!("upstream {id}"))?;
        upstreams.insert(id.clone(), upstream);
    }
    let ending = standing.ending(&plan.id).await?;
    let (mut ours, elsewhere) = issuer_settings(
        plan,
        origins(shared.house),
        &ending,
        |url| standing.published(plan, url),
        |log_in| customers(log_in, plan, &upstreams, standing),
    )?;
    for asking in ours.iter_mut().filter_map(|its| its.authorization.as_mut()) {
        consent::keep(asking, plan, (&upstreams, &ending), standing)?;
    }
    let ports = ports(standing, plan, fetcher(standing, plan)?);
    let authserver = AuthServer::open(ours, elsewhere, ports)
        .await
        .context("opening the issuer")?;
    let (assertion_key, assertion_keys) = authserver
        .assertion_keys(&plan.id)
        .context("finding the assertion keys")?;
    let bank = Arc::new(Bank::new(
        plan.id.clone(),
        Arc::clone(&plan.trust),
        &owners,
        standing.assertions(plan, assertion_key),
        &shared.unagreed,
        &standing.limiters,
        &standing.metrics.meter,
    ));
    let keys = authserver.keys(&plan.id);
    let issuers = issuers(shared, &plan.issuer.url, &keys, ending.revoked());
    let agreements = shared.house.agreements.iter();
    let agreements: Vec<_> = agreements.filter(|one| one.bank == plan.id).collect();
    let consents = standing.consents(&plan.id);
    let ground = Ground {
        bank: &bank,
        issuers: &issuers,
        classes: Classes {
            plan: plan.consent.as_ref(),
            consents: &consents,
        },
        meter: &standing.metrics.meter,
    };
    let goals = destination::all(plan, (&upstreams, &ending), &authserver, standing)?;
    let mut routes = Vec::new();
    for (product, goal) in plan.products.iter().zip(&goals) {
        let rights = rights(shared, &bank.id, &product.id, &agreements)?;
        lay(&mut routes, &ground, product, &rights, goal)
            .with_context(|| format!("product {}", product.id))?;
    }
    Ok(Built {
        authserver,
        assertion_keys,
        routes,
    })
}

/// The way out to the hosts that the bank lists.
fn fetcher(standing: &Standing, plan: &BankPlan) -> anyhow::Result<Arc<Fetcher>> {
    let host = |settings: &UpstreamSettings| {
        let host = standing.upstreams.upstream(&plan.id, settings);
        host.with_context(|| format!("fetch: {}", settings.id))
    };
    let hosts: Vec<_> = plan.fetch.iter().map(host).collect::<Result<_, _>>()?;
    Ok(Arc::new(Fetcher::new(hosts, Arc::clone(&standing.clock))))
}

/// What the bank's issuer asks of the house.
fn ports(standing: &Standing, plan: &BankPlan, fetch: Arc<Fetcher>) -> Ports {
    Ports {
        replay: Arc::clone(&standing.state.replay),
        grants: Arc::clone(&standing.state.grants),
        sessions: Arc::clone(&standing.state.sessions),
        outbox: Arc::clone(&standing.state.outbox),
        keys: Arc::clone(&standing.state.keys),
        fetch,
        log: Arc::clone(&standing.log),
        clock: Arc::clone(&standing.clock),
        random: Arc::clone(&standing.random),
        kek: Arc::clone(&plan.issuer.kek),
        tokens: Arc::clone(&standing.tokens),
        certificates: Arc::clone(&standing.certificates),
        proofs: standing.issuer_proofs.of(&plan.id),
        wrong_log_ins: Arc::clone(&standing.wrong_log_ins),
        meter: standing.metrics.meter.clone(),
        watcher: standing.watcher.clone(),
    }
}

/// The issuer as each listener's routes know it: its tokens must name that listener.
fn issuers(
    shared: &Shared<'_>,
    url: &str,
    keys: &IssuerKeys,
    revoked: &Arc<Revoked>,
) -> HashMap<ListenerId, Arc<Issuer>> {
    let issuer = |listener: &ListenerPlan| {
        let audience = listener.origin()?;
        let issuer = shared
            .standing
            .issuers
            .issuer(url, &audience, keys, revoked);
        Some((listener.edge.id.clone(), issuer))
    };
    let listeners = shared.house.listeners.iter();
    listeners.filter_map(issuer).collect()
}

/// What the routes of all products of a bank share.
struct Ground<'a> {
    bank: &'a Arc<Bank>,
    issuers: &'a HashMap<ListenerId, Arc<Issuer>>,
    classes: Classes<'a>,
    meter: &'a Meter,
}

/// Lays the routes of a product on each of its listeners.
fn lay(
    routes: &mut Vec<(ListenerId, RoutePattern, Route)>,
    ground: &Ground<'_>,
    product: &ProductPlan,
    rights: &Arc<HashMap<PartnerId, Vec<Agreement>>>,
    destination: &Destination,
) -> anyhow::Result<()> {
    let Ground {
        bank,
        issuers,
        classes,
        meter,
    } = ground;
    for listener in &product.listeners {
        let issuer = issuers
            .get(listener)
            .with_context(|| format!("no listener {listener}"))?;
        let base_path = &product.description.base_path;
        let metadata = resources::metadata_url(issuer.audience(), base_path);
        let metadata: Arc<str> = Arc::from(metadata);
        for operation in &product.description.operations {
            let template = match operation.template.as_str() {
                "/" if !base_path.is_empty() => base_path.clone(),
                template => format!("{base_path}{template}"),
            };
            let class = classes.of(operation)?;
            let object = Object {
                bank: bank.id.clone(),
                product: product.id.clone(),
                operation: OperationId::parse(&operation.id)?,
                class: (&class).into(),
                method: operation.method.clone(),
                template: Arc::from(template.as_str()),
                written: OnceLock::new(),
            };
            let meters = RouteMeters::new(meter, listener, &object, destination.upstream());
            let route = Route {
                bank: Arc::clone(bank),
                meters: Arc::new(meters),
                object: Arc::new(object),
                class,
                log_in: operation.authentication.as_ref().map(log_in),
                issuer: Arc::clone(issuer),
                resource_metadata: Arc::clone(&metadata),
                destination: destination.clone(),
                deadline: product.deadline,
                has_no_effect: operation.effect == openapi::EffectMark::None,
                agreements: Arc::clone(rights),
            };
            routes.push((listener.clone(), RoutePattern::new(&template), route));
        }
    }
    Ok(())
}

/// What an operation demands of the customer's log-in.
fn log_in(demanded: &openapi::Authentication) -> DemandedLogIn {
    DemandedLogIn {
        acr_values: demanded.acr_values.clone(),
        max_age_s: demanded.max_age_s,
    }
}

/// Who may use a product, from when until when, within which limits.
fn rights(
    shared: &Shared<'_>,
    bank: &BankId,
    product: &ProductId,
    agreements: &[&config::AgreementPlan],
) -> anyhow::Result<Arc<HashMap<PartnerId, Vec<Agreement>>>> {
    let mut rights: HashMap<PartnerId, Vec<Agreement>> = HashMap::new();
    for plan in agreements
        .iter()
        .filter(|plan| plan.products.contains(product))
    {
        let limits = shared
            .plans
            .get(&plan.plan)
            .with_context(|| format!("agreement of {}: no plan {}", plan.partner, plan.plan))?;
        let agreement = Agreement::new(
            &plan.partner,
            bank,
            limits,
            plan.from,
            plan.until,
            &shared.standing.limiters,
        );
        rights
            .entry(plan.partner.clone())
            .or_default()
            .push(agreement);
    }
    Ok(Arc::new(rights))
}

/// Scheme, host and port of each listener, as they are configured.
fn origins(house: &House) -> HashMap<ListenerId, String> {
    let listeners = house.listeners.iter();
    listeners
        .filter_map(|listener| Some((listener.edge.id.clone(), listener.origin()?)))
        .collect()
}

/// The bank's issuer: ours, or its own.
fn issuer_settings(
    plan: &BankPlan,
    origins: HashMap<ListenerId, String>,
    ending: &Arc<Ending>,
    published: impl Fn(&str) -> anyhow::Result<Arc<PublishedKeys>>,
    customers: impl Fn(&LogInPlan) -> anyhow::Result<Customers>,
) -> anyhow::Result<(Vec<IssuerSettings>, Vec<Elsewhere>)> {
    let issuer = &plan.issuer;
    let tokens = match &issuer.tokens {
        TokensPlan::Ours(tokens) => tokens,
        TokensPlan::Elsewhere(keys) => {
            let (bank, keys) = (plan.id.clone(), keys.clone());
            return Ok((Vec::new(), vec![Elsewhere { bank, keys }]));
        }
    };
    let clients = issuer.clients.iter().map(|(id, client)| {
        let url = client.jwks_url.as_deref();
        let settings = ClientSettings {
            partner: client.partner.clone(),
            standing: client.standing,
            authentication: client.authentication.clone(),
            bound_by: client.bound_by,
            jwks: client.jwks.clone(),
            published: url.map(&published).transpose()?,
            agreements: Arc::clone(&client.agreements),
            redirect_uris: client.redirect_uris.clone(),
            response_modes: client.response_modes.clone(),
            app: client.app.clone(),
            contact: client.contact.clone(),
            userinfo: client.userinfo,
        };
        Ok::<_, anyhow::Error>((id.clone(), settings))
    });
    let authorization = tokens.authorization.as_ref().map(|asking| {
        Ok::<_, anyhow::Error>(Authorization {
            customers: customers(&asking.log_in)?,
            acr_values: asking.acr_values.clone(),
            grant_lifetime: asking.grant_lifetime,
            desk: None,
            permissions: None,
            own: Arc::clone(&plan.pages),
        })
    });
    let settings = IssuerSettings {
        bank: plan.id.clone(),
        profile: tokens.profile,
        issuer: issuer.url.clone(),
        token_endpoint: tokens.token_endpoint.clone(),
        jwks_uri: tokens.jwks_uri.clone(),
        mtls_base: tokens.mtls_base.clone(),
        takes_certificates: tokens.takes_certificates,
        origins,
        audience: issuer.audience.clone(),
        access_token_lifetime: tokens.access_token_lifetime,
        algorithm: tokens.algorithm,
        authorization: authorization.transpose()?,
        ending: Arc::clone(ending),
        details: details::of(plan),
        clients: clients.collect::<anyhow::Result<_>>()?,
        resource_servers: resource_servers::of(plan),
        trust: Arc::clone(&plan.trust),
    };
    Ok((vec![settings], Vec::new()))
}

/// Whom the bank's issuer asks who a customer is.
fn customers(
    log_in: &LogInPlan,
    bank: &BankPlan,
    upstreams: &HashMap<UpstreamId, Arc<Upstream>>,
    standing: &Standing,
) -> anyhow::Result<Customers> {
    let (id, path) = match log_in {
        LogInPlan::Service { upstream, path } => (upstream, path),
        LogInPlan::Provider(provider) => {
            return Ok(Customers::Provider(standing.provider(bank, provider)));
        }
    };
    let upstream = upstreams
        .get(id)
        .with_context(|| format!("log_in: no upstream {id}"))?;
    let path = path.parse().context("log_in: its path")?;
    let clock = Arc::clone(&standing.clock);
    let customers = BankCustomers::new(Arc::clone(upstream), path, clock);
    Ok(Customers::Password(Arc::new(customers)))
}

/// What each listener serves besides products.
fn doors(house: &House) -> anyhow::Result<HashMap<ListenerId, Doors>> {
    let mut doors: HashMap<ListenerId, Doors> = HashMap::new();
    for listener in &house.listeners {
        let authority = listener.url.as_ref().map(|url| url.authority().to_owned());
        let door = Doors {
            authority: authority.unwrap_or_default(),
            places: HashMap::new(),
            below: Vec::new(),
            operators: listener.operators.clone(),
        };
        doors.insert(listener.edge.id.clone(), door);
    }
    for bank in &house.banks {
        for place in &bank.issuer.endpoints {
            let endpoint = match place.endpoint {
                IssuerEndpoint::Metadata => Endpoint::Metadata,
                IssuerEndpoint::OpenIdMetadata => Endpoint::OpenIdMetadata,
                IssuerEndpoint::Jwks => Endpoint::Jwks,
                IssuerEndpoint::UpstreamJwks => Endpoint::UpstreamJwks,
                IssuerEndpoint::Token => Endpoint::Token,
                IssuerEndpoint::Par => Endpoint::Par,
                IssuerEndpoint::Revoke => Endpoint::Revoke,
                IssuerEndpoint::Userinfo => Endpoint::Userinfo,
                IssuerEndpoint::Introspect => Endpoint::Introspect,
                IssuerEndpoint::Authorize => Endpoint::Authorize,
                IssuerEndpoint::LogIn => Endpoint::LogIn,
                IssuerEndpoint::LoggedIn => Endpoint::LoggedIn,
                IssuerEndpoint::Approve => Endpoint::Approve,
                IssuerEndpoint::Done => Endpoint::Done,
                IssuerEndpoint::Permissions => Endpoint::Permissions,
            };
            if let Some(door) = doors.get_mut(&place.listener) {
                if endpoint == Endpoint::Permissions {
                    let issuer = Place::Issuer(bank.id.clone(), endpoint);
                    door.below.push((format!("{}/", place.path), issuer));
                }
                let issuer = Place::Issuer(bank.id.clone(), endpoint);
                door.places.insert(place.path.clone(), issuer);
            }
        }
    }
    for ((listener, path), document) in resources::documents(house)? {
        if let Some(door) = doors.get_mut(&listener) {
            door.places.insert(path, Place::Resource(document));
        }
    }
    Ok(doors)
}

fn plans(plans: &HashMap<PlanId, config::PlanSettings>) -> HashMap<PlanId, Plan> {
    let one = |(id, settings): (&PlanId, &config::PlanSettings)| {
        let plan = Plan {
            id: id.clone(),
            rate: rate(settings.rate),
            burst: settings.burst.get(),
            concurrent: settings.concurrent.get(),
        };
        (id.clone(), plan)
    };
    plans.iter().map(one).collect()
}
