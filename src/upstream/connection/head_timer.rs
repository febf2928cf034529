//! How long an answer's head is waited for.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::request_body::Progress;

/// A timer that goes with its connection from request to request, moved only when it would be late
/// or has rung: not once for each.
#[derive(Default)]
pub(crate) struct HeadTimer(Option<Pin<Box<Sleep>>>);

impl HeadTimer {
    /// Ready when it is this late.
    pub(crate) fn poll_rung(&mut self, due: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.0.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < timer.deadline() {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

/// Waits for the answer's head: until the deadline, and no longer than `head_timeout` while it is
/// the bank's turn. A caller that is slow with its body is limited where that body comes from.
pub(crate) async fn head_in_time<F: Future>(
    answer: F,
    timer: &mut HeadTimer,
    head_timeout: Duration,
    progress: Option<&Progress>,
    until: Instant,
) -> Option<F::Output> {
    let mut answer = pin!(answer);
    let begun = Instant::now();
    let mut wake = begun + head_timeout;
    poll_fn(|cx| {
        if let Poll::Ready(answered) = answer.as_mut().poll(cx) {
            return Poll::Ready(Some(answered));
        }
        while timer.poll_rung(wake.min(until), cx).is_ready() {
            let now = Instant::now();
            let due = match progress {
                Some(progress) if progress.awaits_caller() => now + head_timeout,
                Some(progress) => progress.moved().max(begun) + head_timeout,
                None => wake,
            };
            if until <= now || due <= now {
                return Poll::Ready(None);
            }
            wake = due;
        }
        Poll::Pending
    })
    .await
}
