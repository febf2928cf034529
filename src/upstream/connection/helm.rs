//! Who drives an HTTP/1.1 connection: its own task while nobody uses it or a request's body is
//! being sent, else the request that has it, up to the last byte of its answer. So an answer costs
//! no change of task: what comes on the wire wakes the request itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A connection as hyper drives it, in one piece.
type Engine = Box<dyn Future<Output = hyper::Result<()>> + Send + Unpin>;

/// A connection, driven by one of two.
pub(crate) struct Helm {
    /// `None` once it has ended.
    engine: Mutex<Option<Engine>>,
    watch: Arc<Watch>,
    /// What hyper wakes; [`Watch`] says whom that is.
    within: Waker,
}

/// Who is woken by what happens on a connection.
#[derive(Default)]
pub(crate) struct Watch {
    /// The connection's own task.
    task: AtomicWaker,
    /// The request that drives it.
    request: AtomicWaker,
    /// Whether a request drives it.
    is_taken: AtomicBool,
    /// Whether something came on the wire since the connection was last driven.
    has_come: AtomicBool,
    /// Whether hyper asked for more while it was last driven.
    asks_again: AtomicBool,
}

/// Wakes for what comes on the wire.
struct OnWire(Arc<Watch>);

/// Wakes for what happens between hyper and whoever uses the connection.
struct Within(Arc<Watch>);

impl Wake for OnWire {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let watch = &self.0;
        // Before the look at who drives: who hands over looks here after it has done so.
        watch.has_come.store(true, SeqCst);
        if watch.is_taken.load(SeqCst) {
            watch.request.wake();
        } else {
            watch.task.wake();
        }
    }
}

impl Wake for Within {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let watch = &self.0;
        // The request that drives is what made this happen, and looks by itself.
        watch.asks_again.store(true, SeqCst);
        if !watch.is_taken.load(SeqCst) {
            watch.task.wake();
        }
    }
}

impl Watch {
    /// The waker for the wire under the connection.
    pub(crate) fn on_wire(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(OnWire(Arc::clone(self))))
    }
}

impl Helm {
    /// The helm of a connection whose wire wakes by [`Watch::on_wire`]. Its own task has it first.
    pub(crate) fn new<F>(connection: F, watch: Arc<Watch>) -> Arc<Self>
    where
        F: Future<Output = hyper::Result<()>> + Send + Unpin + 'static,
    {
        Arc::new(Self {
            engine: Mutex::new(Some(Box::new(connection))),
            within: Waker::from(Arc::new(Within(Arc::clone(&watch)))),
            watch,
        })
    }

    /// Drives the connection for its own task: ready when it has ended, whoever drove it then.
    pub(crate) fn poll_unused(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.watch.task.register(cx.waker());
        if !self.watch.is_taken.load(SeqCst) {
            self.drive();
        }
        if self.engine().is_none() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Gives the helm to a request, until [`Self::release`].
    pub(crate) fn take(&self) {
        self.watch.is_taken.store(true, SeqCst);
    }

    /// Gives it back to the connection's task, if a request has it. The task is woken only when
    /// there is something for it to do, or when `is_broken` says that the request left midway.
    pub(crate) fn release(&self, is_broken: bool) {
        if !self.watch.is_taken.swap(false, SeqCst) {
            return;
        }
        let has_come = self.watch.has_come.swap(false, SeqCst);
        if is_broken || has_come {
            self.watch.task.wake();
        }
    }

    /// Whether a request has the helm.
    pub(crate) fn is_taken(&self) -> bool {
        self.watch.is_taken.load(SeqCst)
    }

    /// Polls what the connection is to bring (an answer, or a part of its body) for the request
    /// that has the helm: `poll` first, and again after the connection was driven.
    pub(crate) fn poll_with<T>(
        &self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        // What hyper wakes while it is driven here is looked at here.
        let mut within = Context::from_waker(&self.within);
        if let Poll::Ready(ready) = poll(&mut within) {
            return Poll::Ready(ready);
        }
        self.watch.request.register(cx.waker());
        self.watch.asks_again.store(false, SeqCst);
        self.drive();
        if let Poll::Ready(ready) = poll(&mut within) {
            return Poll::Ready(ready);
        }
        if self.watch.asks_again.load(SeqCst) {
            // hyper, or the runtime, wishes that others run first.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn drive(&self) {
        self.watch.has_come.store(false, SeqCst);
        let mut engine = self.engine();
        let Some(running) = engine.as_mut() else {
            return;
        };
        let mut within = Context::from_waker(&self.within);
        // How it ended is told to the request that it happened to, if there is one.
        if Pin::new(running).poll(&mut within).is_ready() {
            let ended = engine.take();
            drop(engine);
            drop(ended);
            self.watch.task.wake();
        }
    }

    fn engine(&self) -> MutexGuard<'_, Option<Engine>> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Helm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helm")
            .field("is_taken", &self.is_taken())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts its wakes.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    #[test]
    fn the_wire_wakes_whoever_has_the_helm_and_nothing_is_lost_at_a_change() {
        let watch = Arc::new(Watch::default());
        let wire = watch.on_wire();
        let helm = Helm::new(std::future::pending(), watch);
        let ((task_woken, task), (request_woken, request)) = (counted(), counted());
        let woken = || (task_woken.0.load(SeqCst), request_woken.0.load(SeqCst));
        let drive = |task: &Waker| helm.poll_unused(&mut Context::from_waker(task));
        assert!(drive(&task).is_pending());
        wire.wake_by_ref();
        assert_eq!(woken(), (1, 0));

        assert!(drive(&task).is_pending());
        helm.take();
        let mut cx = Context::from_waker(&request);
        assert!(
            helm.poll_with(&mut cx, |_| Poll::<()>::Pending)
                .is_pending()
        );
        wire.wake_by_ref();
        assert_eq!(woken(), (1, 1));
        // What came is not looked at any more by the request: the task must.
        helm.release(false);
        assert_eq!(woken(), (2, 1));

        assert!(drive(&task).is_pending());
        helm.take();
        assert!(
            helm.poll_with(&mut cx, |_| Poll::<()>::Pending)
                .is_pending()
        );
        helm.release(false);
        assert_eq!(woken(), (2, 1), "woken though nothing came");
        helm.take();
        helm.release(true);
        helm.release(true);
        assert_eq!(woken(), (3, 1), "not woken once for a request that left");
    }

    #[test]
    fn an_end_while_a_request_drives_is_told_to_the_task() {
        let helm = Helm::new(std::future::ready(Ok(())), Arc::new(Watch::default()));
        let (woken, task) = counted();
        helm.take();
        let mut cx = Context::from_waker(&task);
        assert!(helm.poll_unused(&mut cx).is_pending());
        let mut polls = 0;
        let mut request = Context::from_waker(Waker::noop());
        let polled = helm.poll_with(&mut request, |_| {
            polls += 1;
            if polls == 2 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        assert!(polled.is_ready());
        assert_eq!(woken.0.load(SeqCst), 1);
        assert!(helm.poll_unused(&mut cx).is_ready());
    }

    #[test]
    fn what_asks_to_be_driven_again_is_driven_again() {
        let yields = |cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Pending
        };
        let helm = Helm::new(std::future::poll_fn(yields), Arc::new(Watch::default()));
        helm.take();
        let (woken, request) = counted();
        let mut cx = Context::from_waker(&request);
        assert!(
            helm.poll_with(&mut cx, |_| Poll::<()>::Pending)
                .is_pending()
        );
        assert_eq!(woken.0.load(SeqCst), 1);
    }
}
