use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::FutureExt;
use jiff::Timestamp;

use super::*;

const MANNER: Manner = Manner {
    stale_max: Duration::from_hours(1),
    failed_wait: Duration::from_secs(10),
    without_wait: Duration::from_secs(10),
    stale_wait: Duration::from_secs(1),
};

/// A host that has no document, and a clock at which others come by whenever it is looked at: they
/// wish for the document too.
struct Crowd {
    kept: Kept<&'static str>,
    asked: AtomicUsize,
    is_here: AtomicBool,
}

impl std::fmt::Debug for Crowd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Crowd").finish_non_exhaustive()
    }
}

impl Crowd {
    async fn read(&self) -> Read<&'static str, ()> {
        let wish = wish(self);
        let ask = |_| {
            self.asked.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Err(()))
        };
        self.kept.read(wish, ask).await
    }
}

impl Clock for Crowd {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn monotonic(&self) -> Duration {
        if !self.is_here.swap(true, Ordering::SeqCst) {
            drop(self.read().now_or_never());
            self.is_here.store(false, Ordering::SeqCst);
        }
        Duration::ZERO
    }
}

/// For the document as it is now.
fn wish(clock: &dyn Clock) -> Wish<'_> {
    Wish {
        clock,
        age_max: Duration::ZERO,
        deadline: Duration::from_secs(3),
        is_stale_good: true,
    }
}

#[tokio::test]
async fn whoever_waits_for_a_read_that_fails_asks_nobody_again() {
    let crowd = Crowd {
        kept: Kept::new(MANNER),
        asked: AtomicUsize::new(0),
        is_here: AtomicBool::new(false),
    };
    let read = crowd.read().await;
    assert!(matches!(
        read,
        Read::Failed {
            instead: None,
            because: Some(())
        }
    ));
    assert_eq!(crowd.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_a_read_takes_away_is_not_used_instead() {
    let clock = model::MovedClock::stopped();
    let kept = Kept::new(MANNER);
    let first = kept.read(wish(&clock), |_| async { Ok::<_, ()>("first") });
    assert!(matches!(first.await, Read::Good(first) if *first == "first"));
    let failing = kept.read(wish(&clock), |_| async { Err(()) });
    let Read::Failed { instead, .. } = failing.await else {
        panic!("it cannot be read");
    };
    assert_eq!(instead.as_deref(), Some(&"first"));

    let kept = Kept::new(MANNER);
    let first = kept.read(wish(&clock), |_| async { Ok::<_, ()>("first") });
    assert!(matches!(first.await, Read::Good(_)));
    let taken = kept.read(wish(&clock), |_| async {
        kept.forget();
        Err(())
    });
    let Read::Failed { instead, because } = taken.await else {
        panic!("it cannot be read");
    };
    assert_eq!((instead, because), (None, Some(())));
}
