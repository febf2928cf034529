//! The transport under HTTP, listened to: what it says is told apart before hyper makes one kind
//! of error of it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use rustls::AlertDescription;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What an error of this kind means here: the bank does not accept our certificate.
pub(crate) const DISOWNED: io::ErrorKind = io::ErrorKind::PermissionDenied;
/// What an error of this kind means here: bytes that are not what they should be, or too many.
pub(crate) const UNREADABLE: io::ErrorKind = io::ErrorKind::InvalidData;

/// How many bytes may come before the answer's head has ended. Informational answers count into
/// them, so that a bank cannot send such for ever (RFC 9110 §15.2).
#[derive(Debug, Clone)]
pub(crate) struct HeadAllowance(Arc<AtomicUsize>);

impl HeadAllowance {
    const NONE: usize = usize::MAX;

    /// No head is awaited.
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(Self::NONE)))
    }

    /// From now on a head is awaited, of so many bytes at most.
    pub(crate) fn begin(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// The head is there.
    pub(crate) fn end(&self) {
        self.0.store(Self::NONE, Ordering::Relaxed);
    }

    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes off what was read. Only the connection's task calls this; a head that ends meanwhile
    /// may leave an allowance behind, which the next request replaces.
    fn take(&self, bytes: usize) {
        let left = self.0.load(Ordering::Relaxed);
        if left != Self::NONE {
            let less = left.saturating_sub(bytes);
            let _ = (self.0).compare_exchange(left, less, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

/// A transport, TLS or not.
pub(crate) struct Wire<T> {
    inner: T,
    allowance: HeadAllowance,
    /// Whom what comes wakes; `None`: whoever polls.
    on_wire: Option<Waker>,
}

impl<T> Wire<T> {
    /// Listens to a transport.
    pub(crate) fn new(inner: T, allowance: HeadAllowance, on_wire: Option<Waker>) -> Self {
        Self {
            inner,
            allowance,
            on_wire,
        }
    }

    /// The transport, and the context to poll it in.
    fn parts<'a, 'w>(&'a mut self, cx: &'a mut Context<'w>) -> (&'a mut T, Context<'a>)
    where
        'w: 'a,
    {
        let waker = self.on_wire.as_ref().unwrap_or(cx.waker());
        (&mut self.inner, Context::from_waker(waker))
    }
}

/// Gives an error the kind by which the rest of the room knows it. With TLS 1.3 a bank refuses our
/// certificate after our side of the handshake has ended: the alert comes where the answer should
/// (RFC 8446 §4.4.2.4), and nothing was processed.
fn told_apart(error: io::Error) -> io::Error {
    let tls = error.get_ref().and_then(|e| e.downcast_ref());
    let is_about_us = matches!(
        tls,
        Some(rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown
                | AlertDescription::UnknownCA
                | AlertDescription::AccessDenied
                | AlertDescription::DecryptError
        ))
    );
    if is_about_us {
        io::Error::new(DISOWNED, error)
    } else {
        error
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Wire<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.allowance.is_used_up() {
            let what = "more bytes than a head may have, and it has not ended";
            return Poll::Ready(Err(io::Error::new(UNREADABLE, what)));
        }
        let before = into.filled().len();
        let (inner, mut cx) = self.parts(cx);
        let polled = Pin::new(inner).poll_read(&mut cx, into);
        if let Poll::Ready(Ok(())) = polled {
            self.allowance.take(into.filled().len() - before);
        }
        polled.map_err(told_apart)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let (inner, mut cx) = self.parts(cx);
        Pin::new(inner).poll_write(&mut cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (inner, mut cx) = self.parts(cx);
        Pin::new(inner).poll_flush(&mut cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (inner, mut cx) = self.parts(cx);
        Pin::new(inner).poll_shutdown(&mut cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let (inner, mut cx) = self.parts(cx);
        let inner = Pin::new(inner);
        // A head alone lies in one piece: sent and not gathered, it goes the shorter way through
        // the kernel.
        match slices {
            [one] => inner.poll_write(&mut cx, one),
            _ => inner.poll_write_vectored(&mut cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}
