//! Letting others go first.

use std::task::{Context, Poll};

/// The longest message that waits for company, in bytes: that of one TLS record (RFC 8446 §5.1).
const SHORT_BYTES_MAX: usize = 16 * 1024;

/// A task's turn, waited for by going once behind the tasks that are ready now on the same thread.
/// What they do then happens in one go: entries share a sync, and whoever gets what is sent is
/// woken once for many.
#[derive(Debug, Default)]
pub struct Turn {
    is_asked_for: bool,
}

impl Turn {
    /// Pending the first time, with the task woken; ready from then on.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_asked_for {
            return Poll::Ready(());
        }
        self.is_asked_for = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// The turn to send so many bytes. What is long fills its own calls, and does not wait.
    pub fn poll_to_send(&mut self, bytes: usize, cx: &mut Context<'_>) -> Poll<()> {
        if bytes > SHORT_BYTES_MAX {
            return Poll::Ready(());
        }
        self.poll(cx)
    }

    /// What the turn was for is done; the next is waited for anew.
    pub fn end(&mut self) {
        self.is_asked_for = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_turn_is_waited_for_once_until_what_it_was_for_is_done() {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut turn = Turn::default();
        for wakes in 1..=2 {
            assert!(turn.poll_to_send(SHORT_BYTES_MAX, &mut cx).is_pending());
            for _ in 0..3 {
                assert!(turn.poll_to_send(SHORT_BYTES_MAX, &mut cx).is_ready());
            }
            assert_eq!(count.0.load(Ordering::SeqCst), wakes);
            turn.end();
        }
        assert!(turn.poll_to_send(SHORT_BYTES_MAX + 1, &mut cx).is_ready());
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
    }
}
