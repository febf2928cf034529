//! One connection's life: hyper for the version that ALPN chose, under every limit it has.

use std::convert::Infallible;
use std::future::{poll_fn, ready};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::{Alpn, Turn};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::exchange::Desk;
use crate::gather::Gathered;
use crate::metrics::ListenerMeters;
use crate::pulse::{Order, Pulse};
use crate::settings::Limits;
use crate::socket::{Socket, Watched};
use crate::streams::{Arrivals, Streams};

/// Room for a head and for bytes on their way, per direction of an HTTP/1.1 connection.
const HTTP1_BUFFER_BYTES: usize = 64 * 1024;
/// hyper's own bound; its parser keeps that many on the stack when it is not told.
const HTTP1_HEADERS: usize = 100;
const WINDOW_MAX: u32 = i32::MAX as u32;

/// How a connection ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    /// HTTP broke, or the socket.
    #[error("the connection broke")]
    Http(#[source] hyper::Error),
    /// The socket broke, or the client took nothing for too long.
    #[error("the connection broke")]
    Socket(#[source] io::Error),
    /// A limit or an order ended it.
    #[error("the connection was cut")]
    Cut,
}

/// Serves the connection to its end.
pub(crate) async fn serve(
    socket: Socket,
    meters: Arc<ListenerMeters>,
    desk: Arc<Desk>,
) -> Result<(), Broken> {
    let pulse = Arc::clone(&desk.pulse);
    let watched = Watched::new(socket, pulse, meters, desk.version, &desk.limits);
    match desk.version {
        Alpn::Http1 => serve_http1(TokioIo::new(watched), desk).await,
        Alpn::Http2 => serve_http2(Gathered::new(watched), desk).await,
    }
}

async fn serve_http1(io: TokioIo<Watched>, desk: Arc<Desk>) -> Result<(), Broken> {
    let limits = Arc::clone(&desk.limits);
    let pulse = Arc::clone(&desk.pulse);
    let mut builder = http1::Builder::new();
    builder
        .half_close(false)
        .keep_alive(true)
        .max_header_size(limits.head_bytes)
        .max_buf_size(HTTP1_BUFFER_BYTES.max(limits.head_bytes))
        .timer(TokioTimer::new())
        // hyper's counts from the end of the last request, so it would be the idle time too;
        // the pulse has a limit for each.
        .header_read_timeout(None);
    if limits.headers != HTTP1_HEADERS {
        builder.max_headers(limits.headers);
    }
    let service = service_fn(move |request| {
        let in_progress = desk.pulse.begin();
        Arc::clone(&desk).answer::<Infallible>(request, in_progress, None)
    });
    let connection = pin!(builder.serve_connection(io, service));
    let wind_down = |connection: Pin<&mut _>| http1::Connection::graceful_shutdown(connection);
    drive(connection, wind_down, None, &pulse, &limits).await
}

async fn serve_http2(socket: Gathered, desk: Arc<Desk>) -> Result<(), Broken> {
    let limits = Arc::clone(&desk.limits);
    let pulse = Arc::clone(&desk.pulse);
    let arrivals = Arrivals::new(limits.write_timeout);
    let mut builder = http2::Builder::new(arrivals.clone());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.h2_pending_resets)
        .max_local_error_reset_streams(limits.h2_local_resets)
        .initial_stream_window_size(limits.h2_stream_window.min(WINDOW_MAX))
        .initial_connection_window_size(limits.h2_connection_window.min(WINDOW_MAX))
        .adaptive_window(false)
        // The least that RFC 9113 §6.5.2 allows: no frame of a client holds up the others for long.
        .max_frame_size(16_384)
        .max_send_buf_size(limits.h2_send_buffer)
        .keep_alive_interval(limits.h2_ping_interval)
        .keep_alive_timeout(limits.h2_ping_timeout);
    let io = TokioIo::new(socket.clone());
    let many = Many {
        streams: Streams::new(arrivals.clone()),
        socket,
        turn: Turn::default(),
    };
    let service = service_fn(move |request| {
        // Whoever gives no heed to GOAWAY asks in vain; it may ask elsewhere (RFC 9113 §8.7).
        if desk.pulse.is_shut() {
            let refused = h2::Error::from(h2::Reason::REFUSED_STREAM);
            return Either::Left(ready(Err(refused)));
        }
        let in_progress = desk.pulse.begin();
        let progress = Some(arrivals.announce());
        Either::Right(Arc::clone(&desk).answer(request, in_progress, progress))
    });
    let connection = pin!(builder.serve_connection(io, service));
    let wind_down = |connection: Pin<&mut _>| http2::Connection::graceful_shutdown(connection);
    drive(connection, wind_down, Some(many), &pulse, &limits).await
}

/// What an HTTP/2 connection has beside hyper.
struct Many {
    streams: Streams,
    socket: Gathered,
    turn: Turn,
}

impl Many {
    /// Lets the streams go on. Answers whether hyper is better asked later: an answer is ready, and
    /// others that are on their way in this turn of the runtime can leave together with it.
    fn go_on(&mut self, cx: &mut Context<'_>) -> bool {
        self.socket.listen();
        let has_answered = self.streams.poll(cx);
        let waits = has_answered && self.turn.poll(cx).is_pending();
        if !waits {
            self.turn.end();
        }
        waits
    }

    /// Lets the streams begin that hyper just took up, and sends what it wrote. Whatever a stream
    /// has for hyper wakes the task.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.streams.is_waiting() && self.streams.poll(cx) {
            cx.waker().wake_by_ref();
        }
        self.socket.poll_send(cx)
    }
}

/// Polls hyper, the streams, the limits of time and the house's orders, all in one task.
async fn drive<C>(
    mut connection: Pin<&mut C>,
    wind_down: impl Fn(Pin<&mut C>),
    mut many: Option<Many>,
    pulse: &Pulse,
    limits: &Limits,
) -> Result<(), Broken>
where
    C: Future<Output = hyper::Result<()>>,
{
    let armed = Instant::now();
    let mut watch = Watch {
        pulse,
        limits,
        sleep: pin!(sleep_until(armed)),
        armed,
        is_closing: false,
    };
    poll_fn(|cx| {
        pulse.register(cx.waker());
        loop {
            if let Some(many) = &mut many
                && many.go_on(cx)
            {
                return Poll::Pending;
            }
            if let Poll::Ready(end) = connection.as_mut().poll(cx) {
                // What it said last, if there is something.
                let _ = many.as_ref().map(|many| many.socket.poll_send(cx));
                return Poll::Ready(end.map_err(Broken::Http));
            }
            match watch.next(cx) {
                Step::Wait => break,
                Step::WindDown => wind_down(connection.as_mut()),
                Step::Cut => return Poll::Ready(Err(Broken::Cut)),
            }
        }
        match many.as_mut().map(|many| many.send(cx)) {
            Some(Poll::Ready(Err(error))) => Poll::Ready(Err(Broken::Socket(error))),
            _ => Poll::Pending,
        }
    })
    .await
}

struct Watch<'a> {
    pulse: &'a Pulse,
    limits: &'a Limits,
    sleep: Pin<&'a mut Sleep>,
    armed: Instant,
    is_closing: bool,
}

enum Step {
    Wait,
    WindDown,
    Cut,
}

impl Watch<'_> {
    /// What the orders, the count of requests and the time demand now.
    fn next(&mut self, cx: &mut Context<'_>) -> Step {
        let order = self.pulse.order();
        if order == Order::Cut {
            return Step::Cut;
        }
        let is_full = self.pulse.served() >= self.limits.requests_per_connection;
        if (order == Order::Drain || is_full) && !self.is_closing {
            return self.wind_down();
        }
        let Some(deadline) = self.pulse.deadline(self.limits, self.is_closing) else {
            return Step::Wait;
        };
        // The timer is moved only when it would be late, or has rung: not once per request.
        if deadline < self.armed {
            self.arm(deadline);
        }
        while self.sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() < deadline {
                self.arm(deadline);
            } else if self.is_closing || self.pulse.is_mid_head() {
                return Step::Cut;
            } else {
                return self.wind_down();
            }
        }
        Step::Wait
    }

    fn wind_down(&mut self) -> Step {
        self.is_closing = true;
        self.pulse.last_call(self.limits.write_timeout);
        if !self.pulse.is_mid_head() {
            self.pulse.touch();
        }
        Step::WindDown
    }

    fn arm(&mut self, deadline: Instant) {
        self.sleep.as_mut().reset(deadline);
        self.armed = deadline;
    }
}

#[cfg(test)]
mod tests;
