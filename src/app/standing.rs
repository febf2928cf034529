//! What stands while snapshots come and go: the log, the store, and the state of everything that is
//! measured, kept by what it measures.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use audit::Audit;
use authserver::{OpenIdProvider, ProviderSettings, PublishedKeys, WrongLogIns};
use config::{BankPlan, GatePlan, House, ProviderPlan};
use crypto::{Random, SigningKey};
use gateway::{Assertions, Gate, GateSettings, Limiters, Unwritten};
use identity::{AccessTokens, BankProofs, Certificates, Consents, Ending, Issuers, Revoked};
use model::ports::{self, Accesses, AuditLog, Grants, KeyRing, Outbox, Replay, Sessions, Watcher};
use model::{BankId, ClientId, Clock, PartnerId, Why};
use store::{Memory, Sqlite};
use upstream::{UpstreamSettings, Upstreams};

use crate::environment::Environment;
use crate::telemetry::Metrics;

/// How many chains, tokens and assertions are remembered.
const REMEMBERED: usize = 65_536;

/// Where a client publishes its keys: the bank that asks, the URL, and the digests of the hosts
/// that it asks through.
type Publishes = (BankId, String, Vec<[u8; 32]>);

/// What outlives every snapshot.
pub(crate) struct Standing {
    pub(crate) clock: Arc<dyn Clock>,
    tasks: TaskTracker,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) log: Arc<dyn AuditLog>,
    pub(crate) state: State,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) tokens: Arc<AccessTokens>,
    /// Of the road.
    pub(crate) proofs: Arc<BankProofs>,
    /// Of the banks' issuers.
    pub(crate) issuer_proofs: Arc<BankProofs>,
    pub(crate) issuers: Issuers,
    pub(crate) limiters: Limiters,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) metrics: Arc<Metrics>,
    /// Whoever is shown how calls are decided.
    pub(crate) watcher: Option<Arc<dyn Watcher>>,
    /// Of all banks' log-in pages.
    pub(crate) wrong_log_ins: Arc<WrongLogIns>,
    /// The banks whose customers consent to data, as the file in force says.
    pub(crate) consenting: Arc<ArcSwap<Vec<BankId>>>,
    gates: Mutex<HashMap<GateSettings, Weak<Gate>>>,
    assertions: Mutex<HashMap<Signs, Weak<Assertions>>>,
    revoked: tokio::sync::Mutex<HashMap<BankId, Arc<Revoked>>>,
    consents: Mutex<HashMap<BankId, Arc<Consents>>>,
    published: Mutex<HashMap<Publishes, Weak<PublishedKeys>>>,
    providers: Mutex<HashMap<Asks, Weak<OpenIdProvider>>>,
}

/// The ports of one store.
pub(crate) struct State {
    pub(crate) replay: Arc<dyn Replay>,
    pub(crate) keys: Arc<dyn KeyRing>,
    pub(crate) grants: Arc<dyn Grants>,
    pub(crate) sessions: Arc<dyn Sessions>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) consents: Arc<dyn ports::Consents>,
    pub(crate) accesses: Arc<dyn Accesses>,
}

impl State {
    fn of<S>(store: &Arc<S>) -> Self
    where
        S: Replay + KeyRing + Grants + Sessions + Outbox + ports::Consents + Accesses + 'static,
    {
        Self {
            replay: Arc::clone(store) as _,
            keys: Arc::clone(store) as _,
            grants: Arc::clone(store) as _,
            sessions: Arc::clone(store) as _,
            outbox: Arc::clone(store) as _,
            consents: Arc::clone(store) as _,
            accesses: Arc::clone(store) as _,
        }
    }
}

/// Whose assertions: what stands in them, besides what a token says of its caller.
#[derive(PartialEq, Eq, Hash)]
struct Signs {
    bank: BankId,
    issuer: String,
    kid: String,
    owners: Vec<(ClientId, PartnerId)>,
}

/// Whose provider, what is asked of it as whom, and through which hosts.
#[derive(PartialEq, Eq, Hash)]
struct Asks {
    bank: BankId,
    provider: String,
    client_id: ClientId,
    kid: String,
    shown: &'static str,
    redirect_uri: String,
    hosts: Vec<[u8; 32]>,
}

impl Standing {
    /// Opens the log, then the store: nothing happens without evidence. The log is given along,
    /// for whoever closes it.
    pub(crate) fn open(
        house: &House,
        env: &Environment,
        tasks: &TaskTracker,
        poison: watch::Sender<bool>,
    ) -> anyhow::Result<(Self, Audit)> {
        let on_poison = Box::new(move || {
            let _ = poison.send(true);
        });
        let audit = Audit::open(
            house.audit.clone(),
            Arc::clone(&env.clock),
            Arc::clone(&env.random),
            on_poison,
        )
        .context("opening the audit log")?;
        let store = Sqlite::open(&house.store)
            .with_context(|| format!("opening the store {}", house.store.display()))?;
        let standing = Self::with(audit.log(), State::of(&store), env, tasks);
        let metrics = &standing.metrics;
        metrics.keep(audit.measure(&metrics.meter));
        Ok((standing, audit))
    }

    /// Stands in memory: nothing is opened, written or kept.
    pub(crate) fn in_memory(env: &Environment, tasks: &TaskTracker) -> Self {
        let state = State::of(&Arc::new(Memory::new()));
        Self::with(Arc::new(Unwritten), state, env, tasks)
    }

    fn with(log: Arc<dyn AuditLog>, state: State, env: &Environment, tasks: &TaskTracker) -> Self {
        let (clock, random) = (Arc::clone(&env.clock), Arc::clone(&env.random));
        let metrics = Metrics::new(&clock);
        let meter = &metrics.meter;
        let upstreams = Arc::new(Upstreams::new(Arc::clone(&clock), tasks.clone()));
        metrics.keep(upstreams.measure(meter));
        let proofs = || Arc::new(BankProofs::new(Arc::clone(&clock), Arc::clone(&random)));
        Self {
            certificates: Arc::new(Certificates::new(REMEMBERED).counted(meter)),
            tokens: Arc::new(AccessTokens::new(REMEMBERED).counted(meter)),
            proofs: proofs(),
            issuers: Issuers::default(),
            limiters: Limiters::new(Arc::clone(&clock)),
            upstreams,
            metrics,
            watcher: env.watcher.clone(),
            wrong_log_ins: Arc::default(),
            consenting: Arc::default(),
            gates: Mutex::default(),
            assertions: Mutex::default(),
            revoked: tokio::sync::Mutex::default(),
            consents: Mutex::default(),
            issuer_proofs: proofs(),
            published: Mutex::default(),
            tasks: tasks.clone(),
            providers: Mutex::default(),
            clock,
            random,
            log,
            state,
        }
    }

    /// The gate's buckets: those there are for what the file says of them, as long as a snapshot
    /// has them.
    pub(crate) fn gate(&self, plan: GatePlan) -> Arc<Gate> {
        let settings = GateSettings {
            rate: rate(plan.rate),
            burst: plan.burst.get(),
        };
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        gates.retain(|_, gate| gate.strong_count() > 0);
        if let Some(same) = gates.get(&settings).and_then(Weak::upgrade) {
            return same;
        }
        let fresh = Arc::new(Gate::new(settings, Arc::clone(&self.clock)));
        gates.insert(settings, Arc::downgrade(&fresh));
        fresh
    }

    /// The assertions to a bank's services: those there are, as long as the same key signs for the
    /// same issuer and each client is the same partner's.
    pub(crate) fn assertions(&self, plan: &BankPlan, key: Arc<SigningKey>) -> Arc<Assertions> {
        let clients = plan.issuer.clients.iter();
        let mut owners: Vec<_> = clients
            .map(|(id, client)| (id.clone(), client.partner.clone()))
            .collect();
        owners.sort_unstable();
        let signs = Signs {
            bank: plan.id.clone(),
            issuer: plan.issuer.assertion_issuer.clone(),
            kid: key.kid().to_owned(),
            owners,
        };
        let known = self.assertions.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, assertions| assertions.strong_count() > 0);
        if let Some(same) = known.get(&signs).and_then(Weak::upgrade) {
            return same;
        }
        let issuer = signs.issuer.clone();
        let fresh = Arc::new(Assertions::new(issuer, key, REMEMBERED));
        known.insert(signs, Arc::downgrade(&fresh));
        fresh
    }

    /// What was revoked at a bank: read from the store when the bank is first asked for, and kept
    /// up by whoever revokes.
    async fn revoked(&self, bank: &BankId) -> anyhow::Result<Arc<Revoked>> {
        let mut known = self.revoked.lock().await;
        if let Some(revoked) = known.get(bank) {
            return Ok(Arc::clone(revoked));
        }
        let now = self.clock.now();
        let stored = self.state.grants.revoked(bank, now).await;
        let stored = stored.with_context(|| format!("reading what was revoked at {bank}"))?;
        let ended = self.state.consents.ended(bank, now).await;
        let ended = ended.with_context(|| format!("reading what consents ended at {bank}"))?;
        let revoked = Arc::new(Revoked::default());
        // These first: an end takes the grant with it, and the first reason is what is told.
        for (consent, why, until) in ended {
            revoked.hold(consent, why, until, now);
        }
        for (grant, until) in stored.grants {
            let digest = crypto::sha256(grant.as_str().as_bytes());
            revoked.hold(digest, Why::Revoked, until, now);
        }
        for (jti, until) in stored.tokens {
            revoked.hold(jti, Why::Revoked, until, now);
        }
        known.insert(bank.clone(), Arc::clone(&revoked));
        Ok(revoked)
    }

    /// What the customers of a bank consented to, as its road knows it: whoever changes a consent
    /// has it forgotten here.
    pub(crate) fn consents(&self, bank: &BankId) -> Arc<Consents> {
        let known = self.consents.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let consents = known.entry(bank.clone()).or_insert_with(|| {
            let store = Arc::clone(&self.state.consents);
            Arc::new(Consents::new(bank.clone(), store, REMEMBERED))
        });
        Arc::clone(consents)
    }

    /// The consents of a bank for whoever may end one: the road knows it first.
    pub(crate) async fn ending(&self, bank: &BankId) -> anyhow::Result<Arc<Ending>> {
        let store = Arc::clone(&self.state.consents);
        let revoked = self.revoked(bank).await?;
        Ok(Arc::new(Ending::new(store, revoked, self.consents(bank))))
    }

    /// The keys that a client publishes, as a bank knows them: those there are, as long as a
    /// snapshot names their URL and fetches through the same hosts; who no longer vouches for them
    /// is forgotten with what came that way. Each bank fetches for itself.
    pub(crate) fn published(
        &self,
        bank: &BankPlan,
        url: &str,
    ) -> anyhow::Result<Arc<PublishedKeys>> {
        let known = self.published.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, keys| keys.strong_count() > 0);
        let hosts = bank.fetch.iter().map(UpstreamSettings::digest).collect();
        let key = (bank.id.clone(), url.to_owned(), hosts);
        if let Some(same) = known.get(&key).and_then(Weak::upgrade) {
            return Ok(same);
        }
        let at = url.parse::<http::Uri>();
        let at = at.with_context(|| format!("jwks_url: {url}"))?;
        let fresh = Arc::new(PublishedKeys::at(
            at,
            Arc::clone(&self.clock),
            self.tasks.clone(),
        ));
        known.insert(key, Arc::downgrade(&fresh));
        Ok(fresh)
    }

    /// A bank's own OpenID provider: the one there is, as long as a snapshot asks it for the same,
    /// as the same client, through the same hosts. So a reload forgets neither its metadata nor its
    /// keys, which are used when it does not answer; and who no longer vouches for it is forgotten
    /// with what came that way.
    pub(crate) fn provider(&self, bank: &BankPlan, plan: &ProviderPlan) -> Arc<OpenIdProvider> {
        let asks = Asks {
            bank: bank.id.clone(),
            provider: plan.issuer.clone(),
            client_id: plan.client_id.clone(),
            kid: plan.key.kid().to_owned(),
            shown: plan.shown.as_str(),
            redirect_uri: format!("{}/logged-in", bank.issuer.url),
            hosts: bank.fetch.iter().map(UpstreamSettings::digest).collect(),
        };
        let known = self.providers.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, provider| provider.strong_count() > 0);
        if let Some(same) = known.get(&asks).and_then(Weak::upgrade) {
            return same;
        }
        let fresh = Arc::new(OpenIdProvider::new(ProviderSettings {
            issuer: plan.issuer.clone(),
            client_id: plan.client_id.clone(),
            key: Arc::clone(&plan.key),
            shown: plan.shown,
            redirect_uri: asks.redirect_uri.clone(),
        }));
        known.insert(asks, Arc::downgrade(&fresh));
        fresh
    }

    /// Forgets the state of what no snapshot names any more.
    pub(crate) fn forget_unused(&self) {
        self.limiters.forget_unused();
        self.metrics.meter.forget_unused();
    }
}

/// A rate of the file, as limits take it.
pub(crate) fn rate(rate: config::Rate) -> gateway::Rate {
    gateway::Rate {
        count: rate.count.get(),
        per: rate.per,
    }
}
