//! Exchanges polled by hand, so that they can be given up at every poll.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use http::Method;
use http_body_util::BodyExt;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;

use model::{BodyError, Response};

use crate::client::{Answer, Dial, RequestBody, Version, read, request};
use crate::house::TestHouse;
use crate::partner::Partner;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When a future is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Right after its last poll.
    AtOnce,
    /// When it would be polled again: something has come, and nobody looks at it.
    WhenWoken,
}

impl Moment {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::AtOnce, Self::WhenWoken];
}

/// What wakes a future that is polled by hand: it is not polled before.
struct Woken {
    is_woken: AtomicBool,
    outer: Mutex<Waker>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::SeqCst);
        locked(&self.outer).wake_by_ref();
    }
}

/// Polls a future so often at most, each time because it was woken, and drops it then, not brought
/// to its end; `None` when that was so.
pub async fn given_up_after<F: Future>(
    polls: usize,
    moment: Moment,
    future: F,
) -> Option<F::Output> {
    let woken = Arc::new(Woken {
        is_woken: AtomicBool::new(true),
        outer: Mutex::new(Waker::noop().clone()),
    });
    let waker = Waker::from(Arc::clone(&woken));
    let mut future = Some(Box::pin(future));
    let mut made = 0;
    poll_fn(|cx| {
        locked(&woken.outer).clone_from(cx.waker());
        if !woken.is_woken.swap(false, Ordering::SeqCst) {
            return Poll::Pending;
        }
        let Some(polled) = future.as_mut().filter(|_| made < polls) else {
            future = None;
            return Poll::Ready(None);
        };
        made += 1;
        if let Poll::Ready(output) = polled.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Poll::Ready(Some(output));
        }
        if made == polls && moment == Moment::AtOnce {
            future = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Keeps tasks with the future that made them: they are polled with it, and dropped with it.
#[derive(Clone, Default)]
struct Own(Arc<Mutex<Vec<Task>>>);

impl<F> hyper::rt::Executor<F> for Own
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.fresh().push(Box::pin(future));
    }
}

impl Own {
    /// The tasks that have not been polled yet.
    fn fresh(&self) -> MutexGuard<'_, Vec<Task>> {
        locked(&self.0)
    }

    fn begin(&self, connection: impl Future + Send + 'static) {
        hyper::rt::Executor::execute(self, async {
            connection.await;
        });
    }

    /// Runs a future and the tasks beside it until the future is ready.
    async fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = Box::pin(future);
        let mut running: Vec<Task> = Vec::new();
        poll_fn(|cx| {
            running.append(&mut self.fresh());
            running.retain_mut(|task| task.as_mut().poll(cx).is_pending());
            let polled = future.as_mut().poll(cx);
            if !self.fresh().is_empty() {
                cx.waker().wake_by_ref();
            }
            polled
        })
        .await
    }
}

impl TestHouse {
    /// What the house's handler answers to a request of this partner's, as if the edge had handed
    /// it in; its body is still to come.
    pub async fn handled(
        &self,
        partner: Option<&Partner>,
        call: (Method, &str, &[(&str, &str)]),
        body: RequestBody,
    ) -> Response {
        let authority = format!("localhost:{}", self.api().port());
        let request = request(Version::Http2, &authority, call, body);
        let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
        let handler = self.running.handler();
        handler.handle(self.connection(partner), request).await
    }
}

/// Reads what a handler answered, whole.
pub async fn read_handled(response: Response) -> Result<Answer, BodyError> {
    let (head, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}

impl Dial {
    /// One call on a connection of its own, all of it in this future: dropped, the socket is
    /// closed there and then, whatever is on its way.
    pub async fn lone_call(
        &self,
        address: SocketAddr,
        call: (Method, &str, &[(&str, &str)]),
        body: RequestBody,
    ) -> std::io::Result<Answer> {
        let io = TokioIo::new(self.open(address).await?);
        let authority = format!("localhost:{}", address.port());
        let request = request(self.version(), &authority, call, body);
        let own = Own::default();
        let called = match self.version() {
            Version::Http1 => {
                let shaken = http1::handshake(io).await.map_err(std::io::Error::other)?;
                let (mut sender, connection) = shaken;
                own.begin(connection);
                own.run(async { read(sender.send_request(request).await?).await })
                    .await
            }
            Version::Http2 => {
                let shaken = http2::Builder::new(own.clone()).handshake(io).await;
                let (mut sender, connection) = shaken.map_err(std::io::Error::other)?;
                own.begin(connection);
                own.run(async { read(sender.send_request(request).await?).await })
                    .await
            }
        };
        called.map_err(std::io::Error::other)
    }
}
