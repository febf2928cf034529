//! The open loop: a timer of the kernel says when each request is due, whether or not somebody is
//! free to send it.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::unix::AsyncFd;
use tokio::time::Instant;

use crate::window::SharedWindow;

/// Makes so many requests a second due, until the window is over.
pub(crate) async fn pace(rate: f64, window: SharedWindow) {
    if let Err(error) = tick(rate, &window).await {
        window.borrow_mut().error(&error);
    }
}

async fn tick(rate: f64, window: &SharedWindow) -> std::io::Result<()> {
    let each = Duration::from_secs_f64(1.0 / rate.max(0.001));
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
    let interval = Timespec {
        tv_sec: i64::try_from(each.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(each.subsec_nanos()),
    };
    let times = Itimerspec {
        it_interval: interval,
        it_value: interval,
    };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &times)?;
    #[expect(
        deprecated,
        reason = "an OwnedFd keeps its promise, and nothing unsafe is written here"
    )]
    let timer = AsyncFd::new(timer)?;
    let mut due = Instant::now();
    loop {
        let mut ready = timer.readable().await?;
        let mut count = [0; 8];
        if rustix::io::read(&timer, &mut count).is_err() {
            ready.clear_ready();
            continue;
        }
        let mut window = window.borrow_mut();
        if window.is_over {
            return Ok(());
        }
        for _ in 0..u64::from_ne_bytes(count) {
            due += each;
            window.due.push_back(due);
            if let Some(waker) = window.waiting.pop_front() {
                waker.wake();
            }
        }
    }
}

/// Waits for the next request that is due: the instant it was planned for. `None` at the end.
pub(crate) async fn due(window: &SharedWindow) -> Option<Instant> {
    let window = Rc::clone(window);
    poll_fn(move |cx| {
        let mut window = window.borrow_mut();
        if window.is_over {
            return Poll::Ready(None);
        }
        if let Some(due) = window.due.pop_front() {
            return Poll::Ready(Some(due));
        }
        window.waiting.push_back(cx.waker().clone());
        Poll::Pending
    })
    .await
}
