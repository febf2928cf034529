//! Reload: the file is read, judged and built off the road, and swapped in whole or not at all
//! (promise P7).
//!
//! ```text
//! ask ─▶ keeper ─▶ thread: load → compare with what cannot change → bind → build → stage
//!                  keeper: new keys kept → config.apply durable
//!                          → close what is gone → swap → open what is new
//! ```
//! One keeper takes one ask after the other; those that wait while it works are answered by one
//! load. Nothing is changed before the evidence is durable, and nothing can fail after it. Signing
//! keys that changed take the same way, with the settings that are in force instead of the file.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use config::{House, Loader};

mod fixed;
mod keeper;
mod outcome;
mod prepare;

pub use outcome::{Applied, NotApplied};

use self::keeper::Keeper;
use crate::edges::Edges;
use crate::live::Live;
use crate::standing::Standing;

/// How a reload ended; shared by all who asked for it.
pub(crate) type Outcome = Arc<Result<Applied, NotApplied>>;

/// Asks that may wait.
const WAITING_MAX: usize = 64;

/// Why the file is to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// Somebody says so: it is put in force even if it reads as before.
    Asked,
    /// A file was touched: nothing is done when all read as they did the last time.
    Touched,
    /// The signing keys were changed in the store: they are put in force with the settings that
    /// are in force already. No file is read, so that none can stand in the way.
    Rings,
}

/// One ask.
struct Ask {
    because: Because,
    /// Gets the outcome; dropped without one when nothing had to be done, or the house ends.
    done: oneshot::Sender<Outcome>,
}

/// The way to the keeper. Clones lead to the same one.
#[derive(Clone)]
pub(crate) struct Reloader {
    asks: mpsc::Sender<Ask>,
    file: Arc<PathBuf>,
    #[cfg(feature = "sandbox")]
    files: watch::Receiver<Vec<PathBuf>>,
}

/// What the keeper is given at the start.
pub(crate) struct Kept {
    pub(crate) loader: Loader,
    pub(crate) house: House,
    pub(crate) files: Vec<PathBuf>,
    pub(crate) standing: Arc<Standing>,
    pub(crate) live: Arc<ArcSwap<Live>>,
    pub(crate) edges: Weak<Edges>,
    pub(crate) stopping: CancellationToken,
}

impl Reloader {
    /// Starts the keeper; it ends when the house stops.
    pub(crate) fn start(kept: Kept, tasks: &TaskTracker) -> Self {
        let (asks, waiting) = mpsc::channel(WAITING_MAX);
        let file = Arc::new(kept.loader.path().to_owned());
        let (seen, files) = watch::channel(kept.files.clone());
        tasks.spawn(Keeper::new(kept, seen, tasks.clone()).run(waiting));
        #[cfg(not(feature = "sandbox"))]
        drop(files);
        Self {
            asks,
            file,
            #[cfg(feature = "sandbox")]
            files,
        }
    }

    /// The file that is read.
    pub(crate) fn file(&self) -> &PathBuf {
        &self.file
    }

    /// All files that were read the last time, or should have been.
    #[cfg(feature = "sandbox")]
    pub(crate) fn files(&self) -> watch::Receiver<Vec<PathBuf>> {
        self.files.clone()
    }

    /// Reads the file again and puts it in force. `None` when it was only touched and reads as
    /// before.
    pub(crate) async fn reload(&self, because: Because) -> Option<Outcome> {
        let (done, outcome) = oneshot::channel();
        let ended = || Some(Arc::new(Err(NotApplied::Draining)));
        if self.asks.send(Ask { because, done }).await.is_err() {
            return ended();
        }
        match outcome.await {
            Ok(outcome) => Some(outcome),
            Err(_) if self.asks.is_closed() => ended(),
            Err(_) => None,
        }
    }

    /// Asks without waiting for the outcome, which is logged; what is asked for already is enough.
    pub(crate) fn ask(&self) {
        let (done, _) = oneshot::channel();
        let because = Because::Asked;
        let _ = self.asks.try_send(Ask { because, done });
    }
}
