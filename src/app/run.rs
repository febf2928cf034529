//! Start, wait for a signal, drain in order: listeners, then tasks, then the log.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crypto::Jwks;
use edge::Edge;
use model::{BankId, Handler, ListenerId};
use upstream::Upstream;

use crate::assemble::{Rooms, assemble};
use crate::environment::Environment;

/// A house that was just started.
pub struct Started {
    /// The house.
    pub running: Running,
    /// The keys that each bank's services verify identity assertions with.
    pub assertion_keys: HashMap<BankId, Jwks>,
}

/// A running house.
pub struct Running {
    addresses: HashMap<ListenerId, SocketAddr>,
    edge: Edge,
    audit: audit::Audit,
    upstreams: Vec<Arc<Upstream>>,
    tasks: TaskTracker,
    poisoned: watch::Receiver<bool>,
    drain: Duration,
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

/// Binds the listeners' addresses, opens log, stores and rooms, then the listeners: an address that
/// cannot be had leaves no trace in the log, and no request comes in before all rooms stand.
pub async fn start(house: config::House, mut env: Environment) -> anyhow::Result<Started> {
    let drain = house.drain;
    let mut sockets = bound(&house.listeners, &mut env.sockets)?;
    let tasks = TaskTracker::new();
    let (poison, poisoned) = watch::channel(false);
    let Rooms {
        dispatch,
        listeners,
        audit,
        assertion_keys,
        upstreams,
    } = assemble(house, &env, &tasks, poison).await?;
    let handler: Arc<dyn Handler> = Arc::new(dispatch);
    let edge = Edge::new(handler, Arc::clone(&env.clock));
    let mut addresses = HashMap::new();
    for settings in listeners {
        let id = settings.id.clone();
        let socket = sockets
            .remove(&id)
            .with_context(|| format!("listener {id}: finding its socket"))?;
        let bound = edge
            .open(socket, settings)
            .with_context(|| format!("listener {id}: opening"))?;
        tracing::info!(listener.id = id.as_str(), address = %bound, "listening");
        addresses.insert(id, bound);
    }
    let running = Running {
        addresses,
        edge,
        audit,
        upstreams,
        tasks,
        poisoned,
        drain,
    };
    Ok(Started {
        running,
        assertion_keys,
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
        self.addresses.get(listener).copied()
    }

    /// What answers for all listeners, for callers in this process.
    pub fn handler(&self) -> Arc<dyn Handler> {
        self.edge.handler()
    }

    /// What is open and under way now.
    pub fn load(&self) -> Load {
        let sum = |count: fn(&Upstream) -> usize| {
            let counts = self.upstreams.iter().map(|upstream| count(upstream));
            counts.sum::<usize>()
        };
        Load {
            connections: self.edge.connections_open(),
            in_use: sum(Upstream::in_use),
            waiting: sum(Upstream::waiting),
            connections_used: sum(|upstream| {
                upstream.connections_open().saturating_sub(upstream.idle())
            }),
        }
    }

    /// Stops accepting, finishes what is open within the drain time, then closes the log. Says
    /// what did not end by itself.
    pub async fn stop(self) -> Left {
        let drained = self.edge.drain(self.drain).await;
        if drained.connections_cut > 0 {
            tracing::warn!(
                count = drained.connections_cut,
                "connections were cut at the end"
            );
        }
        for upstream in &self.upstreams {
            upstream.drain();
        }
        self.tasks.close();
        let ended = tokio::time::timeout(self.drain, self.tasks.wait()).await;
        let tasks_left = if ended.is_ok() { 0 } else { self.tasks.len() };
        if tasks_left > 0 {
            tracing::warn!(count = tasks_left, "tasks were left at the end");
        }
        // With the last connection the rooms go, and what they had only counted is handed in.
        drop(self.edge);
        let closed = tokio::task::spawn_blocking(move || self.audit.close()).await;
        if closed.is_err() {
            tracing::error!("the audit log did not close");
        }
        Left {
            connections: drained.connections_cut,
            tasks: tasks_left,
        }
    }
}

/// The signals that ask the process to end. Heard from the moment this is made: it is made before
/// the first listener opens, so that no house that may be serving already is ended undrained.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Starts to hear SIGTERM and SIGINT.
    pub(crate) fn hear() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("waiting for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("waiting for SIGINT")?,
        })
    }
}

/// How long a node whose log cannot be written goes on refusing before it drains: callers and
/// balancers see 503 and not only a closed connection.
const REFUSING: Duration = Duration::from_secs(1);

/// Runs until SIGTERM, SIGINT, or until the log is poisoned; then drains.
pub(crate) async fn until_stopped(running: Running, signals: Signals) -> anyhow::Result<ExitCode> {
    let Signals {
        mut terminate,
        mut interrupt,
    } = signals;
    let mut poisoned = running.poisoned.clone();
    let code = tokio::select! {
        _ = terminate.recv() => ExitCode::SUCCESS,
        _ = interrupt.recv() => ExitCode::SUCCESS,
        _ = poisoned.wait_for(|poisoned| *poisoned) => {
            // Nothing more can be recorded: refuse, finish, exit, and let recovery judge the log.
            tracing::error!("the audit log cannot be written; the process ends");
            tokio::time::sleep(REFUSING).await;
            ExitCode::from(3)
        }
    };
    tracing::info!("draining");
    running.stop().await;
    Ok(code)
}
