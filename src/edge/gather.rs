//! What an HTTP/2 connection sends, gathered while its task runs: the frames of many streams leave
//! in one TLS record and one system call.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::Watched;

/// Bytes that are held at most: those of one TLS record (RFC 8446 §5.1).
const ROOM_BYTES: usize = 16 * 1024;

/// An HTTP/2 connection's socket, as hyper has it and as the connection's task has it. hyper asks
/// for a flush after every frame that has content; here that sends nothing. The task sends, when
/// hyper and all streams have done what they can; and so does a write for which there is no room.
#[derive(Clone)]
pub(crate) struct Gathered(Arc<Mutex<Gather>>);

struct Gather {
    socket: Watched,
    held: Vec<u8>,
    /// How many of the held bytes the socket has taken.
    taken: usize,
    /// There was nothing to read, and there is a waker for when there is.
    is_dry: bool,
}

impl Gathered {
    pub(crate) fn new(socket: Watched) -> Self {
        Self(Arc::new(Mutex::new(Gather {
            socket,
            held: Vec::new(),
            taken: 0,
            is_dry: false,
        })))
    }

    /// The task is awake: what may have come meanwhile can be read. hyper looks for more after each
    /// request that it takes up; the socket is asked until it has nothing, once in a turn.
    pub(crate) fn listen(&self) {
        self.gather().is_dry = false;
    }

    /// Sends all that is held. Ready when the socket has it all; fails when the client takes
    /// nothing for too long.
    pub(crate) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gather = self.gather();
        ready!(gather.poll_drain(cx))?;
        Pin::new(&mut gather.socket).poll_flush(cx)
    }

    fn gather(&self) -> MutexGuard<'_, Gather> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gather {
    /// Gives the socket all that is held.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(left) = self.held.get(self.taken..)
            && !left.is_empty()
        {
            match ready!(Pin::new(&mut self.socket).poll_write(cx, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.taken += count,
            }
        }
        // A connection that waits keeps no room.
        self.held = Vec::new();
        self.taken = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_hold(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let count = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if count > ROOM_BYTES.saturating_sub(self.held.len()) {
            ready!(self.poll_drain(cx))?;
            if count > ROOM_BYTES {
                return Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
            }
        }
        if self.held.capacity() == 0 {
            self.held.reserve_exact(ROOM_BYTES);
        }
        for slice in slices {
            self.held.extend_from_slice(slice);
        }
        Poll::Ready(Ok(count))
    }
}

impl AsyncRead for Gathered {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut gather = self.gather();
        if gather.is_dry {
            return Poll::Pending;
        }
        let polled = Pin::new(&mut gather.socket).poll_read(cx, into);
        gather.is_dry = polled.is_pending();
        polled
    }
}

impl AsyncWrite for Gathered {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.gather().poll_hold(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.gather().poll_hold(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut gather = self.gather();
        ready!(gather.poll_drain(cx))?;
        Pin::new(&mut gather.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
