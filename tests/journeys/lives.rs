//! The frame of a campaign that kills the program at its work: those who use it go on with the next
//! one, and nothing is looked at before all of them know that it is gone.

use tokio::sync::watch;

use kit::Folder;
use model::ports::Outbox;

use crate::process::PATIENCE;

/// How many events of the outbox are looked at.
const EVENTS_MAX: u32 = 10_000;

/// The lives of a program, one after the other.
pub(crate) struct Lives {
    count: watch::Sender<usize>,
    /// How many programs have been opened; 0 once the campaign is over.
    generation: watch::Sender<u32>,
    /// How many users wait for the next program.
    waiting: watch::Sender<usize>,
}

/// Somebody who uses the program, round after round.
pub(crate) trait User {
    /// Begins anew, with the next program; `None` when that cannot be.
    fn connect(&mut self) -> impl Future<Output = Option<()>> + Send;

    /// One round; `None` once the connection broke.
    fn round(&mut self, number: usize) -> impl Future<Output = Option<()>> + Send;
}

impl Lives {
    /// The first one has begun.
    pub(crate) fn new() -> Self {
        Self {
            count: watch::Sender::new(0),
            generation: watch::Sender::new(1),
            waiting: watch::Sender::new(0),
        }
    }

    /// One more answer has come.
    pub(crate) fn answered(&self) {
        self.count.send_modify(|count| *count += 1);
    }

    /// How many answers have come.
    pub(crate) fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Waits for so many.
    pub(crate) async fn reach(&self, wanted: usize) {
        let what = format!("{wanted} answers");
        until(&self.count, &what, |count| *count >= wanted).await;
    }

    /// Waits until all of so many users know that the program is gone.
    pub(crate) async fn is_broken(&self, users: usize) {
        let what = format!("{users} users to know that it is gone");
        until(&self.waiting, &what, |waiting| *waiting == users).await;
    }

    /// Says that another program is open.
    pub(crate) fn go_on(&self) {
        self.waiting.send_replace(0);
        self.generation.send_modify(|open| *open += 1);
    }

    /// Says that the campaign is over.
    pub(crate) fn end(&self) {
        self.generation.send_replace(0);
    }

    /// Uses the program until the campaign is over; each user begins with another round.
    pub(crate) async fn use_up(&self, user: &mut impl User, first: usize) {
        let mut generation = self.generation.subscribe();
        let mut rounds = first..;
        let mut is_connected = true;
        loop {
            let now = *generation.borrow_and_update();
            if now == 0 {
                return;
            }
            // The next one may be gone before this user has come.
            if is_connected || user.connect().await.is_some() {
                for number in rounds.by_ref() {
                    if *generation.borrow() == 0 {
                        return;
                    }
                    if user.round(number).await.is_none() {
                        break;
                    }
                }
            }
            is_connected = false;
            self.waiting.send_modify(|waiting| *waiting += 1);
            if generation.wait_for(|open| *open != now).await.is_err() {
                return;
            }
        }
    }
}

async fn until(watched: &watch::Sender<usize>, what: &str, is_so: impl FnMut(&usize) -> bool) {
    let mut seen = watched.subscribe();
    let reached = tokio::time::timeout(PATIENCE, seen.wait_for(is_so)).await;
    let is_reached = reached.is_ok_and(|seen| seen.is_ok());
    let now = *watched.borrow();
    assert!(is_reached, "waited too long for {what}: there are {now}");
}

/// The ids of the events that a killed program left to be logged.
pub(crate) async fn left_over(folder: &Folder) -> Vec<String> {
    let path = folder.dir().join("mortise.sqlite");
    let store = store::Sqlite::open(&path).expect("a store");
    waiting(&*store).await
}

/// The ids of the events of a store that wait for the log.
pub(crate) async fn waiting(outbox: &dyn Outbox) -> Vec<String> {
    let waiting = outbox.waiting(EVENTS_MAX).await.expect("an outbox");
    let ids = waiting.iter().map(|posted| posted.event.id.to_string());
    ids.collect()
}
