//! The edge as a whole: opens listeners, knows what is open, drains.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::{Clock, Handler};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::House;
use crate::listener::Listener;
use crate::pulse::Order;
use crate::settings::ListenerSettings;
use crate::slots::Slots;
use crate::tls;

/// The listeners of a process and their connections. Dropping it cuts everything.
pub struct Edge {
    house: Arc<House>,
    clock: Arc<dyn Clock>,
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
        let house = Arc::new(House {
            handler,
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            refused: AtomicU64::new(0),
            open: Mutex::default(),
        });
        Self { house, clock }
    }

    /// Serves a bound socket until the edge is drained; answers the address that it has. Must be
    /// called inside a tokio runtime.
    pub fn open(
        &self,
        socket: std::net::TcpListener,
        settings: ListenerSettings,
    ) -> Result<SocketAddr, OpenFailed> {
        tokio::runtime::Handle::try_current().map_err(|_| OpenFailed::NoRuntime)?;
        if self.house.stopping.is_cancelled() {
            return Err(OpenFailed::Draining);
        }
        let ListenerSettings { id, tls, limits } = settings;
        let tls = tls
            .map(|tls| tls::server_config(tls, Arc::clone(&self.clock)))
            .transpose()
            .map_err(OpenFailed::Tls)?;
        socket.set_nonblocking(true).map_err(OpenFailed::Socket)?;
        let address = socket.local_addr().map_err(OpenFailed::Socket)?;
        let socket = tokio::net::TcpListener::from_std(socket).map_err(OpenFailed::Socket)?;
        let listener = Arc::new(Listener {
            id,
            tls,
            slots: Slots::new(&limits),
            limits: Arc::new(limits),
            house: Arc::clone(&self.house),
        });
        self.house.tracker.spawn(listener.run(socket));
        Ok(address)
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
