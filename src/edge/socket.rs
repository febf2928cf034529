//! The stream that hyper reads and writes: plain or TLS, watched for a client that does not take
//! what is sent, and closed so that a client can still read its answer.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use model::{Alpn, Turn};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use crate::metrics::ListenerMeters;
use crate::pulse::Pulse;
use crate::settings::Limits;

/// The bytes' way: plain or TLS.
#[derive(Debug)]
pub(crate) enum Socket {
    Plain(Tcp),
    Tls(Box<TlsStream<Tcp>>),
}

/// A TCP socket. What lies in one piece, as most answers do, is sent and not gathered: that is the
/// shorter way through the kernel.
#[derive(Debug)]
pub(crate) struct Tcp(pub(crate) TcpStream);

/// A socket under its limits.
#[derive(Debug)]
pub(crate) struct Watched {
    socket: Socket,
    pulse: Arc<Pulse>,
    meters: Arc<ListenerMeters>,
    version: Alpn,
    write_timeout: Duration,
    linger: Duration,
    stall: Option<Pin<Box<Sleep>>>,
    /// Of HTTP/1.1 on a runtime of one thread: answers that are ready together leave together, and
    /// a client of many connections is woken once for them. (Of several threads a waiting task
    /// wakes another one, which costs more.) What HTTP/2 sends is gathered above.
    turn: Option<Turn>,
    shutdown: Shutdown,
}

#[derive(Debug)]
enum Shutdown {
    NotYet,
    Lingering(Pin<Box<Sleep>>),
}

impl Watched {
    pub(crate) fn new(
        socket: Socket,
        pulse: Arc<Pulse>,
        meters: Arc<ListenerMeters>,
        version: Alpn,
        limits: &Limits,
    ) -> Self {
        Self {
            socket,
            pulse,
            meters,
            version,
            write_timeout: limits.write_timeout,
            linger: limits.linger,
            stall: None,
            turn: (version == Alpn::Http1 && is_one_thread()).then(Turn::default),
            shutdown: Shutdown::NotYet,
        }
    }

    fn went(&mut self, outcome: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(count)) = outcome {
            self.meters.sent.add(*count as u64);
        }
        if let Some(turn) = &mut self.turn
            && outcome.is_ready()
        {
            turn.end();
        }
    }

    /// Passes a write's outcome on, unless nothing was taken for too long.
    fn not_stalled<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stall = None;
            return outcome;
        }
        let limit = self.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Takes and drops what still comes, until the client closes or the time is up: closing a
    /// socket with unread bytes resets it, and the client would lose its answer.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Shutdown::Lingering(until) = &mut self.shutdown else {
            return Poll::Ready(Ok(()));
        };
        let mut waste = [0; 4096];
        loop {
            if until.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Ok(()));
            }
            let mut into = ReadBuf::new(&mut waste);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut into));
            if read.is_err() || into.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

fn is_one_thread() -> bool {
    Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, into))?;
        let came = into.filled().len() - before;
        self.meters.received.add(came as u64);
        if self.version == Alpn::Http1 && came > 0 {
            self.pulse.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(turn) = &mut self.turn {
            ready!(turn.poll_to_send(bytes.len(), cx));
        }
        let outcome = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.went(&outcome);
        self.not_stalled(outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(turn) = &mut self.turn {
            let bytes = slices.iter().map(|slice| slice.len()).sum();
            ready!(turn.poll_to_send(bytes, cx));
        }
        let outcome = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.went(&outcome);
        self.not_stalled(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.socket {
            Socket::Plain(tcp) => tcp.is_write_vectored(),
            Socket::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.socket).poll_flush(cx);
        self.not_stalled(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Shutdown::NotYet = self.shutdown {
            let outcome = Pin::new(&mut self.socket).poll_shutdown(cx);
            ready!(self.not_stalled(outcome, cx))?;
            if self.version == Alpn::Http2 || self.pulse.unread() == 0 {
                return Poll::Ready(Ok(()));
            }
            self.shutdown = Shutdown::Lingering(Box::pin(sleep(self.linger)));
        }
        self.poll_linger(cx)
    }
}

impl AsyncRead for Tcp {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Tcp {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let tcp = Pin::new(&mut self.0);
        match slices {
            [one] => tcp.poll_write(cx, one),
            _ => tcp.poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, into),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, slices),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, slices),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests;
