//! Starting HTTP on a transport, and the task that drives the connection from then on.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::UpstreamLimits;
use crate::connection::helm::{Helm, Watch};
use crate::connection::{Http1, Http2};
use crate::pool::Pool;
use crate::wire::{HeadAllowance, Wire};

/// How long a connection that nobody holds may take to say goodbye.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);
/// The shortest time between two looks at an unused connection.
const LOOK_AT_LEAST: Duration = Duration::from_millis(100);
/// HTTP/1.1 fields that hyper parses without an allocation of its own.
const HEADERS_WITHOUT_ALLOCATION: usize = 100;
/// Streams that we reset and whose late frames are still understood, for so long.
const RESET_STREAMS_KEPT: usize = 100;
const RESET_STREAMS_KEPT_FOR: Duration = Duration::from_secs(10);
/// Resets for the bank's own mistakes after which the connection is given up.
const ERROR_RESETS_MAX: usize = 100;
/// Bytes of the header compression table (RFC 7541 §4.2).
const HEADER_TABLE_BYTES: u32 = 4_096;

/// Starts HTTP/1.1 on a transport, and the task that drives it while no request does.
pub(crate) async fn start_http1<T>(io: T, pool: &Arc<Pool>, endpoint: usize) -> hyper::Result<Http1>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let allowance = HeadAllowance::new();
    let watch = Arc::new(Watch::default());
    let wire = Wire::new(io, allowance.clone(), Some(watch.on_wire()));
    let (sender, connection) = http1_builder(pool.limits())
        .handshake(TokioIo::new(wire))
        .await?;
    let (kept, let_go) = oneshot::channel();
    let id = pool.next_id();
    let driven = Driven::new(pool, endpoint, id, let_go);
    let helm = Helm::new(connection, watch);
    let steered = Arc::clone(&helm);
    let unused = poll_fn(move |cx| steered.poll_unused(cx).map(Ok));
    pool.tracker().spawn(driven.run(unused));
    let born = pool.clock().monotonic();
    Ok(Http1::new(id, born, sender, allowance, helm, kept))
}

/// Starts HTTP/2 on a transport, and the tasks that drive it.
pub(crate) async fn start_http2<T>(io: T, pool: &Arc<Pool>, endpoint: usize) -> hyper::Result<Http2>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = http2_builder(pool.limits(), pool.tracker());
    let wire = Wire::new(io, HeadAllowance::new(), None);
    let (sender, mut connection) = builder.handshake(TokioIo::new(wire)).await?;
    let streams_max = Arc::new(AtomicUsize::new(pool.limits().h2_streams));
    let seen = Arc::clone(&streams_max);
    let connection = poll_fn(move |cx| {
        let polled = Pin::new(&mut connection).poll(cx);
        if polled.is_pending() {
            seen.store(connection.current_max_send_streams(), Ordering::Relaxed);
        }
        polled
    });
    let (kept, let_go) = oneshot::channel();
    let id = pool.next_id();
    let driven = Driven::new(pool, endpoint, id, let_go);
    pool.tracker().spawn(driven.run(connection));
    let born = pool.clock().monotonic();
    Ok(Http2::new(id, born, sender, streams_max, kept))
}

fn http1_builder(limits: &UpstreamLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(limits.http1_buffer_bytes)
        .max_header_size(usize::try_from(limits.head_bytes).unwrap_or(usize::MAX))
        .http09_responses(false)
        .allow_spaces_after_header_name_in_responses(false)
        .allow_obsolete_multiline_headers_in_responses(false)
        .ignore_invalid_headers_in_responses(false);
    // At its own default, which is the same, hyper keeps the fields on the stack.
    if limits.headers_max != HEADERS_WITHOUT_ALLOCATION {
        builder.max_headers(limits.headers_max);
    }
    builder
}

fn http2_builder(limits: &UpstreamLimits, tracker: &TaskTracker) -> http2::Builder<OnTracker> {
    let mut builder = http2::Builder::new(OnTracker(tracker.clone()));
    builder
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(limits.h2_stream_window_bytes)
        .initial_connection_window_size(limits.h2_connection_window_bytes)
        .initial_max_send_streams(limits.h2_streams)
        .max_frame_size(limits.h2_frame_bytes)
        .max_header_list_size(limits.head_bytes)
        .header_table_size(HEADER_TABLE_BYTES)
        // Streams that the bank opens: none, nothing may be pushed (RFC 9113 §8.4).
        .max_concurrent_streams(0)
        .max_send_buf_size(usize::try_from(limits.h2_send_buffer_bytes).unwrap_or(usize::MAX))
        .max_concurrent_reset_streams(RESET_STREAMS_KEPT)
        .reset_stream_duration(RESET_STREAMS_KEPT_FOR)
        .max_pending_accept_reset_streams(RESET_STREAMS_KEPT)
        .max_local_error_reset_streams(ERROR_RESETS_MAX)
        .keep_alive_interval(limits.h2_ping_interval)
        .keep_alive_timeout(limits.h2_ping_timeout)
        .keep_alive_while_idle(true);
    builder
}

/// Runs hyper's own tasks (HTTP/2 needs some) on the house's tracker.
#[derive(Clone)]
struct OnTracker(TaskTracker);

impl<F> hyper::rt::Executor<F> for OnTracker
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// The task of one connection.
struct Driven {
    pool: Weak<Pool>,
    endpoint: usize,
    id: u64,
    let_go: oneshot::Receiver<Infallible>,
    first_look: Duration,
}

impl Driven {
    fn new(
        pool: &Arc<Pool>,
        endpoint: usize,
        id: u64,
        let_go: oneshot::Receiver<Infallible>,
    ) -> Self {
        let limits = pool.limits();
        Self {
            pool: Arc::downgrade(pool),
            endpoint,
            id,
            let_go,
            first_look: limits.idle_timeout.min(limits.max_age).max(LOOK_AT_LEAST),
        }
    }

    /// Drives the connection until it ends, or nobody holds it any more; looks now and then whether
    /// it has been unused for too long.
    async fn run(mut self, connection: impl Future<Output = hyper::Result<()>>) {
        let mut connection = pin!(connection);
        let mut look = pin!(sleep(self.first_look));
        loop {
            tokio::select! {
                biased;
                // How it ended is told to the request that it happened to, if there is one.
                _ = connection.as_mut() => break,
                _ = &mut self.let_go => {
                    // A peer that does not read must not keep the task.
                    let _ = timeout(CLOSE_WITHIN, connection.as_mut()).await;
                    return;
                }
                () = look.as_mut() => {
                    let again = match self.pool.upgrade() {
                        Some(pool) => pool.look(self.endpoint, self.id),
                        None => CLOSE_WITHIN,
                    };
                    look.as_mut().reset(Instant::now() + again.max(LOOK_AT_LEAST));
                }
            }
        }
        if let Some(pool) = self.pool.upgrade() {
            pool.ended(self.endpoint, self.id);
        }
    }
}
