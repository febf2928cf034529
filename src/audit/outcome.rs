//! A group's outcome, and how those who wait for it are woken.
//!
//! The writer is not a thread of the runtime its waiters live in, and a wake from outside costs a
//! runtime of one thread a system call each. So the writer wakes one task, the [`Herald`], which
//! wakes the group's waiters from within.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::task::{Context, Poll, Waker};

use model::ports::{AuditUnavailable, Receipt};

use crate::locked::recovered;

/// What became of a group.
type Outcome = Result<Vec<Receipt>, AuditUnavailable>;

/// A group's outcome, published once.
pub(crate) struct Done {
    outcome: OnceLock<Outcome>,
    wakers: Mutex<Vec<Waker>>,
    calls: Arc<Calls>,
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Done")
            .field("is_published", &self.outcome.get().is_some())
            .finish_non_exhaustive()
    }
}

impl Done {
    /// No outcome yet.
    pub(crate) fn new(calls: &Arc<Calls>) -> Arc<Self> {
        Arc::new(Self {
            outcome: OnceLock::new(),
            wakers: Mutex::default(),
            calls: Arc::clone(calls),
        })
    }

    /// The outcome, unless there is one; wakes all who wait for it.
    pub(crate) fn publish(&self, outcome: Outcome) {
        if self.outcome.set(outcome).is_err() {
            return;
        }
        let wakers = mem::take(&mut *recovered(self.wakers.lock()));
        self.calls.wake(wakers);
    }

    /// The receipt of one entry of the group, once there is an outcome.
    pub(crate) fn receipt(&self, index: usize) -> Option<Result<Receipt, AuditUnavailable>> {
        let outcome = self.outcome.get()?;
        Some(match outcome {
            Ok(receipts) => receipts.get(index).copied().ok_or(AuditUnavailable),
            Err(error) => Err(*error),
        })
    }

    /// The receipt; else leaves a waker, in its slot where it has one.
    pub(crate) fn poll_receipt(
        &self,
        index: usize,
        slot: &mut Option<usize>,
        waker: &Waker,
    ) -> Poll<Result<Receipt, AuditUnavailable>> {
        let mut wakers = recovered(self.wakers.lock());
        // The outcome is published before the wakers are taken, so under the lock it is either
        // seen here, or this waker is seen there.
        if let Some(receipt) = self.receipt(index) {
            return Poll::Ready(receipt);
        }
        if let Some(known) = slot.and_then(|slot| wakers.get_mut(slot)) {
            known.clone_from(waker);
        } else {
            *slot = Some(wakers.len());
            wakers.push(waker.clone());
        }
        Poll::Pending
    }
}

/// Who is to be woken, on its way from the writer to the herald.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `None` while no herald listens.
    herald: Option<Waker>,
    to_wake: Vec<Waker>,
    is_over: bool,
}

impl Calls {
    /// Wakes these; more than one by the herald, where there is one.
    fn wake(&self, mut wakers: Vec<Waker>) {
        if wakers.len() > 1 {
            let mut state = self.lock();
            if let Some(herald) = state.herald.clone() {
                let is_called = !state.to_wake.is_empty();
                state.to_wake.append(&mut wakers);
                drop(state);
                if !is_called {
                    herald.wake();
                }
                return;
            }
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    /// No group comes any more: the herald ends.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let herald = state.herald.clone();
        drop(state);
        if let Some(herald) = herald {
            herald.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        recovered(self.state.lock())
    }
}

/// Wakes all who wait for a group, once the writer has woken it. Ends with the log; dropped
/// earlier, it leaves nobody unwoken, and the writer wakes each waiter itself.
#[derive(Debug)]
pub(crate) struct Herald {
    calls: Arc<Calls>,
}

impl Herald {
    /// A herald. One is enough; of several, the last that was polled is called.
    pub(crate) fn new(calls: &Arc<Calls>) -> Self {
        Self {
            calls: Arc::clone(calls),
        }
    }
}

impl Future for Herald {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.calls.lock();
        match &mut state.herald {
            Some(herald) => herald.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        let to_wake = mem::take(&mut state.to_wake);
        let is_over = state.is_over;
        drop(state);
        to_wake.into_iter().for_each(Waker::wake);
        if is_over {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Herald {
    fn drop(&mut self) {
        let mut state = self.calls.lock();
        state.herald = None;
        let to_wake = mem::take(&mut state.to_wake);
        drop(state);
        to_wake.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts its wakes.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn counted() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    fn woken(count: &Count) -> usize {
        count.0.load(Ordering::SeqCst)
    }

    /// A group for which so many wait with this waker.
    fn awaited(calls: &Arc<Calls>, waiters: usize, waker: &Waker) -> Arc<Done> {
        let done = Done::new(calls);
        for index in 0..waiters {
            assert!(done.poll_receipt(index, &mut None, waker).is_pending());
        }
        done
    }

    #[test]
    fn groups_cost_the_writer_one_wake_until_the_herald_has_run() {
        let calls = Arc::new(Calls::default());
        let ((heralds, herald_waker), (waiters, waker)) = (counted(), counted());
        let mut context = Context::from_waker(&herald_waker);
        let mut herald = Herald::new(&calls);
        assert!(Pin::new(&mut herald).poll(&mut context).is_pending());
        for _ in 0..2 {
            awaited(&calls, 3, &waker).publish(Err(AuditUnavailable));
        }
        assert_eq!((woken(&heralds), woken(&waiters)), (1, 0));
        assert!(Pin::new(&mut herald).poll(&mut context).is_pending());
        assert_eq!((woken(&heralds), woken(&waiters)), (1, 6));
        // One waiter is woken as cheaply without it.
        awaited(&calls, 1, &waker).publish(Err(AuditUnavailable));
        assert_eq!((woken(&heralds), woken(&waiters)), (1, 7));
        awaited(&calls, 3, &waker).publish(Err(AuditUnavailable));
        calls.end();
        assert!(Pin::new(&mut herald).poll(&mut context).is_ready());
        assert_eq!(woken(&waiters), 10);
    }

    #[test]
    fn a_herald_that_is_dropped_leaves_nobody_unwoken() {
        let calls = Arc::new(Calls::default());
        let (waiters, waker) = counted();
        let mut herald = Herald::new(&calls);
        let mut context = Context::from_waker(Waker::noop());
        awaited(&calls, 3, &waker).publish(Err(AuditUnavailable));
        assert_eq!(woken(&waiters), 3, "there was no herald yet");
        assert!(Pin::new(&mut herald).poll(&mut context).is_pending());
        awaited(&calls, 3, &waker).publish(Err(AuditUnavailable));
        assert_eq!(woken(&waiters), 3);
        drop(herald);
        assert_eq!(woken(&waiters), 6);
        awaited(&calls, 3, &waker).publish(Err(AuditUnavailable));
        assert_eq!(woken(&waiters), 9);
    }
}
