//! Start, wait for a signal, drain in order: listeners, then tasks, then the log.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use audit::Audit;
use config::{ListenerPlan, Loaded, Loader, Mistakes};
use edge::Edge;
use gateway::{Gateway, RouteMeters, Services};
use model::{AuditEntry, AuditEvent, Clock, Handler, ListenerId, LogName};
use upstream::Upstream;

use crate::assemble::assemble;
use crate::consents;
use crate::control::{Steward, open_door};
use crate::dispatch::Dispatch;
use crate::edges::{Edges, is_for_probes};
use crate::environment::Environment;
use crate::live::Live;
use crate::outbox;
use crate::probes::{Condition, Probes};
use crate::reload::{Applied, Because, Kept, NotApplied, Reloader};
use crate::standing::Standing;

/// A configuration that was loaded and can be loaded again.
pub struct Configuration {
    /// What it says.
    pub house: config::House,
    lapsed: Option<Mistakes>,
    loader: Loader,
    files: Vec<std::path::PathBuf>,
}

impl Configuration {
    /// Loads it for the first time; the error is the file's mistakes.
    pub fn load(mut loader: Loader, clock: &dyn Clock) -> Result<Self, Mistakes> {
        let Loaded {
            house,
            lapsed,
            files,
            ..
        } = loader.load(clock.now());
        Ok(Self {
            house: house?,
            lapsed,
            loader,
            files,
        })
    }
}

/// A running house.
pub struct Running {
    edges: Arc<Edges>,
    condition: Arc<Condition>,
    standing: Arc<Standing>,
    audit: Audit,
    /// Ends with the log.
    herald: JoinHandle<()>,
    live: Arc<ArcSwap<Live>>,
    reloader: Reloader,
    tasks: TaskTracker,
    poisoned: watch::Receiver<bool>,
    stopping: CancellationToken,
}

/// What a running house holds at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Connections of callers, handshakes included.
    pub connections: usize,
    /// Requests that hold a place at an upstream.
    pub in_use: usize,
    /// Requests that wait for such a place.
    pub waiting: usize,
    /// Connections to upstreams that a request uses.
    pub connections_used: usize,
}

/// What was left when the drain time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Connections of callers that were cut.
    pub connections: usize,
    /// Tasks that had not ended: connections to upstreams, as a rule.
    pub tasks: usize,
}

/// Binds the listeners' addresses, opens the health listeners, then log, stores and rooms, then the
/// other listeners: an address that cannot be had leaves no trace in the log, probes are answered
/// while the log recovers, and no other request comes in before all rooms stand.
pub async fn start(configuration: Configuration, mut env: Environment) -> anyhow::Result<Running> {
    let Configuration {
        house,
        lapsed,
        loader,
        files,
    } = configuration;
    if let Some(lapsed) = &lapsed {
        warn_of(lapsed);
    }
    let mut sockets = bound(&house.listeners, &mut env.sockets)?;
    let tasks = TaskTracker::new();
    let (poison, poisoned) = watch::channel(false);
    let condition = Condition::starting(poisoned.clone());
    let probes = probes(&condition, &env);
    open_listeners(&probes, &house, true, &mut sockets)?;
    let (standing, audit) = Standing::open(&house, &env, &tasks, poison)?;
    let accesses = consents::Accesses::of(&house, &audit, &standing);
    // Not among the tasks that the log outlives.
    let herald = TaskTracker::new().spawn(audit.herald());
    let standing = Arc::new(standing);
    outbox::drain(&standing).await?;
    let live = assemble(&house, &standing, 1).await?;
    live.settle().await.context("keeping the signing keys")?;
    record_first(&standing, &house.digest).await?;
    let live = Arc::new(ArcSwap::from_pointee(live));
    Live::fetch_keys(&live, &tasks);
    standing.metrics.loads.applied(1);
    let clock = Arc::clone(&standing.clock);
    let meter = standing.metrics.meter.clone();
    let callers = Edge::counting(handler(&standing, &live), clock, meter);
    open_listeners(&callers, &house, false, &mut sockets)?;
    condition.serving(Arc::clone(&standing.log));
    let edges = Arc::new(Edges {
        callers: Arc::new(callers),
        probes: Arc::new(probes),
    });
    let data = data_folder(&house);
    let stopping = CancellationToken::new();
    let kept = Kept {
        loader,
        house,
        files,
        standing: Arc::clone(&standing),
        live: Arc::clone(&live),
        edges: Arc::downgrade(&edges),
        stopping: stopping.clone(),
    };
    outbox::sweep(&standing, &tasks, stopping.clone());
    consents::sweep(&standing, &live, &tasks, stopping.clone());
    accesses.keep(&standing, &tasks, stopping.clone());
    let reloader = Reloader::start(kept, &tasks);
    let steward = Steward::new(reloader.clone(), Arc::clone(&live), Arc::clone(&standing));
    open_door(&data, steward, &tasks, stopping.clone())
        .with_context(|| format!("opening the control socket in {}", data.display()))?;
    Ok(Running {
        edges,
        condition,
        standing,
        audit,
        herald,
        live,
        reloader,
        tasks,
        poisoned,
        stopping,
    })
}

/// Says what ran out: the gateway serves all that does not depend on it.
pub(crate) fn warn_of(lapsed: &Mistakes) {
    tracing::warn!(
        count = lapsed.count(),
        error = lapsed.render(false, 100),
        "something ran out: what depends on it is refused"
    );
}

/// What answers probes, without a listener yet.
fn probes(condition: &Arc<Condition>, env: &Environment) -> Edge {
    let probes = Probes {
        condition: Arc::clone(condition),
        clock: Arc::clone(&env.clock),
        random: Arc::clone(&env.random),
    };
    Edge::new(Arc::new(probes), Arc::clone(&env.clock))
}

/// Opens those listeners that serve health, or the others, each on its socket.
fn open_listeners(
    edge: &Edge,
    house: &config::House,
    for_probes: bool,
    sockets: &mut HashMap<ListenerId, TcpListener>,
) -> anyhow::Result<()> {
    let are_meant = |listener: &&ListenerPlan| is_for_probes(listener) == for_probes;
    for listener in house.listeners.iter().filter(are_meant) {
        let id = &listener.edge.id;
        let socket = sockets
            .remove(id)
            .with_context(|| format!("listener {id}: finding its socket"))?;
        let bound = edge
            .open(socket, listener.edge.clone())
            .with_context(|| format!("listener {id}: opening"))?;
        tracing::info!(listener.id = id.as_str(), address = %bound, "listening");
    }
    Ok(())
}

/// The folder of the store, where commands find the running house.
fn data_folder(house: &config::House) -> std::path::PathBuf {
    crate::control::folder_of(&house.store)
}

async fn record_first(standing: &Standing, digest: &str) -> anyhow::Result<()> {
    let event = AuditEvent::ConfigApply {
        digest: Arc::from(digest),
        snapshot: 1,
    };
    let entry = AuditEntry {
        log: LogName::House,
        at: standing.clock.now(),
        event,
    };
    let recorded = standing.log.record(entry).await;
    recorded.context("recording the configuration")?;
    Ok(())
}

fn handler(standing: &Standing, live: &Arc<ArcSwap<Live>>) -> Arc<dyn Handler> {
    let services = Services {
        clock: Arc::clone(&standing.clock),
        random: Arc::clone(&standing.random),
        log: Arc::clone(&standing.log),
        certificates: Arc::clone(&standing.certificates),
        tokens: Arc::clone(&standing.tokens),
        proofs: Arc::clone(&standing.proofs),
        unrouted: Arc::new(RouteMeters::unrouted(&standing.metrics.meter)),
        watcher: standing.watcher.clone(),
    };
    Arc::new(Dispatch {
        clock: Arc::clone(&standing.clock),
        random: Arc::new(crypto::DrawnAhead::new(Arc::clone(&standing.random))),
        gateway: Gateway::new(services),
        watcher: standing.watcher.clone(),
        metrics: Arc::clone(&standing.metrics),
        live: Arc::clone(live),
    })
}

/// The listeners' sockets: those handed in, and the others bound to the addresses of the file.
fn bound(
    listeners: &[config::ListenerPlan],
    handed_in: &mut HashMap<ListenerId, TcpListener>,
) -> anyhow::Result<HashMap<ListenerId, TcpListener>> {
    let mut sockets = HashMap::new();
    for listener in listeners {
        let (id, address) = (&listener.edge.id, listener.address);
        let socket = match handed_in.remove(id) {
            Some(socket) => socket,
            None => edge::bind(address).with_context(|| {
                format!(
                    "the listener `{id}` cannot have {address}: free it, or give the listener \
                     another `address`"
                )
            })?,
        };
        sockets.insert(id.clone(), socket);
    }
    Ok(sockets)
}

impl Running {
    /// The address that a listener is bound to.
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        self.edges.address(&ListenerId::parse(listener).ok()?)
    }

    /// The number of the snapshot in force.
    pub fn snapshot(&self) -> u64 {
        self.live.load().snapshot.number()
    }

    /// Reads the file again and puts it in force, or says why nothing was changed.
    pub async fn reload(&self) -> Arc<Result<Applied, NotApplied>> {
        let outcome = self.reloader.reload(Because::Asked).await;
        outcome.unwrap_or_else(|| Arc::new(Err(NotApplied::Draining)))
    }

    /// The way to the one who reloads.
    pub(crate) fn reloader(&self) -> &Reloader {
        &self.reloader
    }

    /// Reloads by itself when a file changes that the configuration is read from.
    #[cfg(feature = "sandbox")]
    pub(crate) fn watch(&self, tell: crate::watch::Tell) -> anyhow::Result<()> {
        let (reloader, stopping) = (self.reloader.clone(), self.stopping.clone());
        crate::watch::watch(reloader, &self.tasks, stopping, tell)
    }

    /// What is in force, for those that may outlive the house.
    #[cfg(feature = "sandbox")]
    pub(crate) fn live(&self) -> std::sync::Weak<ArcSwap<Live>> {
        Arc::downgrade(&self.live)
    }

    /// Where consents are kept, for those that look at them.
    #[cfg(feature = "sandbox")]
    pub(crate) fn consents(&self) -> &Arc<dyn model::ports::Consents> {
        &self.standing.state.consents
    }

    /// What answers for all listeners, for callers in this process.
    pub fn handler(&self) -> Arc<dyn Handler> {
        self.edges.callers.handler()
    }

    /// What is open and under way now.
    pub fn load(&self) -> Load {
        let sum = |count: fn(&Upstream) -> usize| {
            let upstreams = self.standing.upstreams.all();
            upstreams
                .iter()
                .map(|upstream| count(upstream))
                .sum::<usize>()
        };
        Load {
            connections: self.edges.callers.connections_open(),
            in_use: sum(Upstream::in_use),
            waiting: sum(Upstream::waiting),
            connections_used: sum(|upstream| {
                upstream.connections_open().saturating_sub(upstream.idle())
            }),
        }
    }

    /// Stops accepting, finishes what is open within the drain time, then closes the log. Probes
    /// are answered to the end: alive, and draining. Says what did not end by itself.
    pub async fn stop(self) -> Left {
        self.condition.draining();
        self.stopping.cancel();
        let within = self.live.load().drain;
        let drained = self.edges.callers.drain(within).await;
        if drained.connections_cut > 0 {
            tracing::warn!(
                count = drained.connections_cut,
                "connections were cut at the end"
            );
        }
        for upstream in self.standing.upstreams.all() {
            upstream.drain();
        }
        self.tasks.close();
        let ended = tokio::time::timeout(within, self.tasks.wait()).await;
        let tasks_left = if ended.is_ok() { 0 } else { self.tasks.len() };
        if tasks_left > 0 {
            tracing::warn!(count = tasks_left, "tasks were left at the end");
        }
        // With the last connection the rooms go, and what they had only counted is handed in.
        let probes = Arc::clone(&self.edges.probes);
        drop(self.edges);
        let audit = self.audit;
        let closed = tokio::task::spawn_blocking(move || audit.close()).await;
        if closed.is_err() || self.herald.await.is_err() {
            tracing::error!("the audit log did not close in order");
        }
        probes.drain(PROBES_DRAIN).await;
        Left {
            connections: drained.connections_cut,
            tasks: tasks_left,
        }
    }
}

/// The signals that ask the process to end, or to read its file again. Heard from the moment this
/// is made: it is made before the first listener opens, so that no house that may be serving
/// already is ended undrained.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    /// Whether a terminal was there: when it goes, SIGHUP means the end.
    had_terminal: bool,
}

impl Signals {
    /// Starts to hear SIGTERM, SIGINT and SIGHUP.
    pub(crate) fn hear() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("waiting for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("waiting for SIGINT")?,
            hang_up: signal(SignalKind::hangup()).context("waiting for SIGHUP")?,
            had_terminal: std::io::stdin().is_terminal(),
        })
    }
}

/// How long a probe that is being answered at the very end may take.
const PROBES_DRAIN: Duration = Duration::from_secs(1);

/// How long a node whose log cannot be written goes on refusing before it drains: callers and
/// balancers see 503 and not only a closed connection.
const REFUSING: Duration = Duration::from_secs(1);

/// Runs until SIGTERM, SIGINT, or until the log is poisoned; then drains. SIGHUP reads the file
/// again, unless it comes because the terminal went away.
pub(crate) async fn until_stopped(running: Running, signals: Signals) -> anyhow::Result<ExitCode> {
    let Signals {
        mut terminate,
        mut interrupt,
        mut hang_up,
        had_terminal,
    } = signals;
    let mut poisoned = running.poisoned.clone();
    let code = loop {
        tokio::select! {
            _ = terminate.recv() => break ExitCode::SUCCESS,
            _ = interrupt.recv() => break ExitCode::SUCCESS,
            _ = hang_up.recv() => {
                if had_terminal && !std::io::stdin().is_terminal() {
                    break ExitCode::SUCCESS;
                }
                running.reloader().ask();
            }
            _ = poisoned.wait_for(|poisoned| *poisoned) => {
                // Nothing more can be recorded: refuse, finish, exit, and let recovery judge the
                // log.
                tracing::error!("the audit log cannot be written; the process ends");
                tokio::time::sleep(REFUSING).await;
                break ExitCode::from(3);
            }
        }
    };
    tracing::info!("draining");
    running.stop().await;
    if *poisoned.borrow() && code == ExitCode::SUCCESS {
        tracing::error!("the audit log could not be written to its end");
        return Ok(ExitCode::from(3));
    }
    Ok(code)
}
