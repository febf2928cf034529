//! Bind, accept, count, shake hands.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use model::{Alpn, Connection, ListenerId};
use socket2::{Domain, Protocol, Socket as RawSocket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::connection::serve;
use crate::exchange::Desk;
use crate::house::House;
use crate::metrics::ListenerMeters;
use crate::pulse::{Order, Pulse};
use crate::settings::Limits;
use crate::slots::Slots;
use crate::socket::{Socket, Tcp};
use crate::tls::{self, Tls};

/// Connections that the kernel holds for us; it takes less where `net.core.somaxconn` is less.
const BACKLOG: i32 = 4096;
/// How long accepting pauses when the process has no descriptor or memory left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Binds a socket for [`crate::Edge::open`]: TCP, non-blocking, `SO_REUSEADDR`, listening.
pub fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = RawSocket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// A listener that runs.
pub(crate) struct Listener {
    pub(crate) id: ListenerId,
    /// Tells this run from another of the same name.
    pub(crate) run: u64,
    /// What new connections get.
    pub(crate) terms: ArcSwap<Terms>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) meters: Arc<ListenerMeters>,
    /// The socket, as long as it accepts.
    pub(crate) socket: Weak<TcpListener>,
    /// Cancelled when it is to accept no more, or the house is.
    pub(crate) closing: CancellationToken,
    pub(crate) house: Arc<House>,
}

/// What a connection of a listener gets, to its end.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) tls: Option<Tls>,
    pub(crate) limits: Arc<Limits>,
}

impl Listener {
    /// Accepts until the listener or the house is closed.
    pub(crate) async fn run(self: Arc<Self>, socket: Arc<TcpListener>) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.closing.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => self.take(tcp, peer),
                Err(error) if is_of_one_client(&error) => {}
                Err(error) => {
                    tracing::warn!(listener.id = %self.id, %error, "cannot accept: pausing");
                    tokio::select! {
                        () = self.closing.cancelled() => return,
                        () = tokio::time::sleep(EXHAUSTED_PAUSE) => {}
                    }
                }
            }
        }
    }

    /// Gives the connection a task, or closes it when there is no place.
    fn take(self: &Arc<Self>, tcp: TcpStream, peer: SocketAddr) {
        let pulse = Pulse::new();
        let slot = self.slots.take(peer.ip());
        let enter = || self.house.enter(self.run, &pulse);
        let entry = slot.is_some().then(enter).flatten();
        let (Some(slot), Some(entry)) = (slot, entry) else {
            self.house.refused.fetch_add(1, Relaxed);
            self.meters.refused.add(1);
            tracing::debug!(listener.id = %self.id, "connection refused: no place");
            return;
        };
        self.meters.taken.add(1);
        let listener = Arc::clone(self);
        let open = self.meters.open.held();
        self.house.tracker.spawn(async move {
            let _held = (slot, entry, open);
            listener.converse(tcp, peer, pulse).await;
        });
    }

    async fn converse(&self, tcp: TcpStream, peer: SocketAddr, pulse: Arc<Pulse>) {
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(listener.id = %self.id, %error, "cannot set TCP_NODELAY");
        }
        // Taken after the connection was listed: whoever changes them and then orders those that
        // are listed reaches every connection with the old ones.
        let terms = self.terms.load_full();
        let Some((socket, connection)) = self.shake_hands(tcp, peer, &pulse, &terms).await else {
            return;
        };
        pulse.touch();
        let version = match &connection.tls {
            Some(facts) => facts.alpn,
            None => Alpn::Http1,
        };
        let desk = Desk {
            handler: Arc::clone(&self.house.handler),
            connection: Arc::new(connection),
            limits: Arc::clone(&terms.limits),
            pulse,
            version,
        };
        let meters = Arc::clone(&self.meters);
        if let Err(error) = serve(socket, meters, Arc::new(desk)).await {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::debug!(listener.id = %self.id, %error, cause, "connection ended early");
        }
    }

    async fn shake_hands(
        &self,
        tcp: TcpStream,
        peer: SocketAddr,
        pulse: &Pulse,
        terms: &Terms,
    ) -> Option<(Socket, Connection)> {
        let mut connection = Connection {
            listener: self.id.clone(),
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            tls: None,
            chain: None,
        };
        let Some(tls) = &terms.tls else {
            return Some((Socket::Plain(Tcp(tcp)), connection));
        };
        let begun = Instant::now();
        let handshake = TlsAcceptor::from(Arc::clone(&tls.config)).accept(Tcp(tcp));
        let handshake = tokio::time::timeout(terms.limits.handshake_timeout, handshake);
        match unless_ordered(pulse, handshake).await? {
            Ok(Ok(stream)) => {
                let (_, session) = stream.get_ref();
                connection.tls = Some(tls::facts(session));
                connection.chain = tls::presented_chain(session);
                let is_resumed = connection.tls.as_ref().is_some_and(|facts| facts.resumed);
                let word = if is_resumed { "resumed" } else { "full" };
                self.meters.handshakes.count([word]);
                self.meters.handshake_durations.took(begun.elapsed());
                Some((Socket::Tls(Box::new(stream)), connection))
            }
            Ok(Err(error)) => {
                tracing::debug!(listener.id = %self.id, %error, "handshake failed");
                self.meters.handshakes.count(["failed"]);
                None
            }
            Err(_elapsed) => {
                tracing::debug!(listener.id = %self.id, "handshake too slow");
                self.meters.handshakes.count(["too_slow"]);
                None
            }
        }
    }
}

/// Gives up a future as soon as the house orders anything: no request can be in it yet.
async fn unless_ordered<F: Future>(pulse: &Pulse, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    poll_fn(|cx| {
        pulse.register(cx.waker());
        if pulse.order() != Order::Serve {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Whether an accept failed for the connection's own sake; everything else is our lack.
fn is_of_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
