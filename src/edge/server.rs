//! The edge as a whole: opens listeners, knows what is open, drains.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use model::{Clock, Handler, ListenerId, Meter};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::House;
use crate::listener::{Listener, Terms};
use crate::metrics::ListenerMeters;
use crate::pulse::Order;
use crate::settings::ListenerSettings;
use crate::slots::Slots;
use crate::tls;

/// The listeners of a process and their connections. Dropping it cuts everything.
pub struct Edge {
    house: Arc<House>,
    clock: Arc<dyn Clock>,
    /// Those that accept now.
    listeners: Mutex<HashMap<ListenerId, Arc<Listener>>>,
    runs: AtomicU64,
}

/// A listener that is ready to be opened, or to change: putting it in force cannot fail. Dropped,
/// it leaves everything as it was.
pub struct Staged {
    id: ListenerId,
    terms: Terms,
    /// Absent where a listener that is open keeps its socket.
    socket: Option<(tokio::net::TcpListener, SocketAddr)>,
}

/// What is left after a drain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that did not end in time and were cut.
    pub connections_cut: usize,
}

/// Why a listener did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailed {
    /// There is no asynchronous runtime here.
    #[error("a listener needs a running tokio runtime")]
    NoRuntime,
    /// The edge is draining or was drained.
    #[error("the edge is draining")]
    Draining,
    /// There is no open listener of this id to change.
    #[error("there is no such listener to change")]
    NotOpen,
    /// The socket cannot be listened on.
    #[error("the socket cannot be used")]
    Socket(#[source] io::Error),
    /// The certificates and the key do not make a TLS server: unreadable, or not of one pair.
    #[error("the server's certificate and key cannot be used")]
    Tls(#[source] rustls::Error),
}

impl Edge {
    /// An edge without listeners. The handler answers for all of them; the clock is TLS's.
    pub fn new(handler: Arc<dyn Handler>, clock: Arc<dyn Clock>) -> Self {
        Self::counting(handler, clock, Meter::new())
    }

    /// The same, with numbers in a registry.
    pub fn counting(handler: Arc<dyn Handler>, clock: Arc<dyn Clock>, meter: Meter) -> Self {
        let house = Arc::new(House {
            handler,
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            refused: AtomicU64::new(0),
            meter,
            open: Mutex::default(),
        });
        Self {
            house,
            clock,
            listeners: Mutex::default(),
            runs: AtomicU64::new(0),
        }
    }

    /// Serves a bound socket until it is closed or the edge is drained; answers the address that it
    /// has. Must be called inside a tokio runtime.
    pub fn open(
        &self,
        socket: std::net::TcpListener,
        settings: ListenerSettings,
    ) -> Result<SocketAddr, OpenFailed> {
        let staged = self.stage(Some(socket), settings)?;
        let address = staged.socket.as_ref().map(|(_, address)| *address);
        self.apply(staged, Duration::MAX);
        address.ok_or(OpenFailed::NotOpen)
    }

    /// Makes ready what [`Edge::apply`] puts in force: a listener on this socket, or without one
    /// new settings of the listener that is open under this id. Must be called inside a tokio
    /// runtime.
    pub fn stage(
        &self,
        socket: Option<std::net::TcpListener>,
        settings: ListenerSettings,
    ) -> Result<Staged, OpenFailed> {
        tokio::runtime::Handle::try_current().map_err(|_| OpenFailed::NoRuntime)?;
        if self.house.stopping.is_cancelled() {
            return Err(OpenFailed::Draining);
        }
        let ListenerSettings { id, tls, limits } = settings;
        let open = self.listeners().get(&id).map(Arc::clone);
        if socket.is_none() && open.is_none() {
            return Err(OpenFailed::NotOpen);
        }
        let before = open.map(|listener| listener.terms.load_full());
        let before = before.as_ref().and_then(|terms| terms.tls.as_ref());
        let tls = tls
            .map(|tls| tls::server_config(tls, Arc::clone(&self.clock), before))
            .transpose()
            .map_err(OpenFailed::Tls)?;
        let socket = socket.map(listening).transpose();
        Ok(Staged {
            id,
            terms: Terms {
                tls,
                limits: Arc::new(limits),
            },
            socket: socket.map_err(OpenFailed::Socket)?,
        })
    }

    /// Puts in force what was staged. A listener of the same id that is open elsewhere must have
    /// been closed. A changed listener goes on with its socket and its connections; new ones get
    /// the new terms. Where it asks otherwise for client certificates than before, what is open is
    /// told to finish, and cut `within`: it was let in on terms that no longer hold. Draining, it
    /// does nothing.
    pub fn apply(&self, staged: Staged, within: Duration) {
        let Staged { id, terms, socket } = staged;
        if self.house.stopping.is_cancelled() {
            return;
        }
        let Some((socket, _)) = socket else {
            let listener = self.listeners().get(&id).map(Arc::clone);
            if let Some(listener) = listener {
                self.change(&listener, terms, within);
            }
            return;
        };
        let socket = Arc::new(socket);
        let listener = Arc::new(Listener {
            id: id.clone(),
            meters: Arc::new(ListenerMeters::new(&self.house.meter, &id)),
            socket: Arc::downgrade(&socket),
            run: self.runs.fetch_add(1, Relaxed),
            slots: Slots::new(&terms.limits),
            terms: ArcSwap::from_pointee(terms),
            closing: self.house.stopping.child_token(),
            house: Arc::clone(&self.house),
        });
        let before = self.listeners().insert(id, Arc::clone(&listener));
        if let Some(before) = before {
            before.closing.cancel();
        }
        self.house.tracker.spawn(listener.run(socket));
    }

    fn change(&self, listener: &Listener, terms: Terms, within: Duration) {
        let demand = |terms: &Terms| terms.tls.as_ref().map(|tls| tls.demand);
        let asks_now = demand(&terms);
        listener.slots.limit(&terms.limits);
        let before = listener.terms.swap(Arc::new(terms));
        if demand(&before) != asks_now {
            self.finish(listener, within);
        }
    }

    /// Closes a listener: it accepts no more, its connections finish as in [`Edge::drain`], and
    /// what is left after `within` is cut. Returns at once; unknown, it does nothing.
    pub fn close(&self, id: &ListenerId, within: Duration) {
        let Some(listener) = self.listeners().remove(id) else {
            return;
        };
        listener.closing.cancel();
        self.finish(&listener, within);
    }

    /// Tells what is open of a listener to finish, and cuts what is left of that after `within`.
    fn finish(&self, listener: &Listener, within: Duration) {
        let drained = self.house.drain_run(listener.run);
        if drained.is_empty() {
            return;
        }
        let (house, id) = (Arc::clone(&self.house), listener.id.clone());
        self.house.tracker.spawn(async move {
            tokio::select! {
                // A drain of the whole house has its own time.
                () = house.stopping.cancelled() => {}
                () = tokio::time::sleep(within) => {
                    let left = drained.iter().filter_map(Weak::upgrade);
                    let count = left.map(|pulse| pulse.command(Order::Cut)).count();
                    if count > 0 {
                        tracing::warn!(
                            listener.id = %id,
                            count,
                            "connections that should have finished were cut"
                        );
                    }
                }
            }
        });
    }

    /// The address of an open listener's socket; `None` when it is not open.
    pub fn address(&self, id: &ListenerId) -> Option<SocketAddr> {
        let socket = self.listeners().get(id)?.socket.upgrade()?;
        socket.local_addr().ok()
    }

    /// Another handle of the socket of an open listener, for the listener that takes its place:
    /// both accept from one queue, so that nobody is sent away between the two. `None` when it is
    /// not open.
    pub fn socket_of(&self, id: &ListenerId) -> Option<io::Result<std::net::TcpListener>> {
        let socket = self.listeners().get(id)?.socket.upgrade()?;
        let handle = socket.as_fd().try_clone_to_owned();
        Some(handle.map(std::net::TcpListener::from))
    }

    fn listeners(&self) -> MutexGuard<'_, HashMap<ListenerId, Arc<Listener>>> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops accepting; tells every connection to finish (HTTP/1.1 closes after the answer in
    /// progress, HTTP/2 sends GOAWAY, RFC 9113 §6.8); after `within` cuts what is left. When it
    /// resolves, no task of the edge is left. A second call waits likewise.
    pub async fn drain(&self, within: Duration) -> Drained {
        self.house.stopping.cancel();
        self.house.tracker.close();
        self.house.command(Order::Drain);
        let finished = tokio::time::timeout(within, self.house.tracker.wait()).await;
        let connections_cut = match finished {
            Ok(()) => 0,
            Err(_elapsed) => self.house.command(Order::Cut),
        };
        self.house.tracker.wait().await;
        Drained { connections_cut }
    }

    /// The handler that answers for all listeners, for callers in this process.
    pub fn handler(&self) -> Arc<dyn Handler> {
        Arc::clone(&self.house.handler)
    }

    /// Connections open now, on all listeners, handshakes included.
    pub fn connections_open(&self) -> usize {
        self.house.open().pulses.len()
    }

    /// Connections closed at once so far because a listener or an address had its share.
    pub fn connections_refused(&self) -> u64 {
        self.house.refused.load(Relaxed)
    }
}

/// The socket as the runtime accepts on it, and its address.
fn listening(socket: std::net::TcpListener) -> io::Result<(tokio::net::TcpListener, SocketAddr)> {
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((tokio::net::TcpListener::from_std(socket)?, address))
}

impl fmt::Debug for Staged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Staged")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.house.stopping.cancel();
        self.house.command(Order::Cut);
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Edge")
            .field("connections_open", &self.connections_open())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
