//! The next segment's file, made ahead by a thread of its own: whoever writes waits neither for
//! blocks nor for zeros (specs/audit.md §3). A full disk is no error here but a watermark: calls
//! are refused while the last segment has a little room left, and taken again when space is back.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::locked::recovered;
use crate::wal::place::{Fresh, NoSegment, Place};

/// How often a full disk is asked for space.
const SPACE_ASKED_EVERY: Duration = Duration::from_secs(1);
/// Of a segment this part is kept, when no other can be had, for those who were let in before.
const KEPT_PART: u64 = 8;
const KEPT_BYTES_MAX: u64 = 4 << 20;

/// What is called when the disk failed the helper otherwise than by being full.
pub(crate) type OnBroken = Box<dyn Fn() + Send>;

/// The thread and the file it has made. Dropped, the thread ends and the file stays to the next
/// start, which removes it.
pub(crate) struct Helper {
    place: Place,
    stock: Arc<Stock>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Helper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Helper").finish_non_exhaustive()
    }
}

/// What the helper has in stock, and whether the log is short of space.
#[derive(Debug)]
pub(crate) struct Stock {
    state: Mutex<State>,
    changed: Condvar,
    is_short: AtomicBool,
    /// When so little is left of the last segment and there is no next, the log is short.
    kept_bytes: u64,
}

#[derive(Debug)]
struct State {
    next: Next,
    /// Bytes that the next file must have at least.
    least: u64,
    /// Bytes left of the last segment.
    left: u64,
    was_refused: bool,
    is_over: bool,
}

#[derive(Debug)]
enum Next {
    /// To be made, or being made; in the place of one that was too small.
    Wanted(Option<Fresh>),
    Ready(Fresh),
    /// There is no space for it; asked for again.
    Full,
    /// None will be made.
    Broken,
}

impl Helper {
    /// Starts the thread; it makes the first file at once. `left` is what the last segment has
    /// left.
    pub(crate) fn start(place: Place, left: u64, on_broken: OnBroken) -> io::Result<Self> {
        let stock = Arc::new(Stock {
            state: Mutex::new(State {
                next: Next::Wanted(None),
                least: 0,
                left,
                was_refused: false,
                is_over: false,
            }),
            changed: Condvar::new(),
            is_short: AtomicBool::new(false),
            kept_bytes: (place.segment_bytes / KEPT_PART).min(KEPT_BYTES_MAX),
        });
        let (at_work, its_place) = (Arc::clone(&stock), place.clone());
        let thread = std::thread::Builder::new()
            .name("audit-ahead".to_owned())
            .spawn(move || at_work.fill(&its_place, &on_broken))?;
        Ok(Self {
            place,
            stock,
            thread: Some(thread),
        })
    }

    /// What it has in stock.
    pub(crate) fn stock(&self) -> &Arc<Stock> {
        &self.stock
    }

    /// Ends the thread and removes the file that nobody needed.
    pub(crate) fn put_away(mut self) -> io::Result<()> {
        self.end();
        let next = std::mem::replace(&mut self.stock.lock().next, Next::Broken);
        match next {
            Next::Ready(fresh) => self.place.disk.remove(&fresh.path),
            Next::Wanted(_) | Next::Full | Next::Broken => Ok(()),
        }
    }

    fn end(&mut self) {
        self.stock.lock().is_over = true;
        self.stock.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing in stock.
            let _ = thread.join();
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Says that no file will be made any more, should the thread panic: the writer waits for it.
struct Unwound<'a> {
    stock: &'a Stock,
    on_broken: &'a OnBroken,
}

impl Drop for Unwound<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.stock.lock().next = Next::Broken;
            self.stock.changed.notify_all();
            (self.on_broken)();
        }
    }
}

impl Stock {
    /// Takes the next file, for at least so many bytes. It is there already, as a rule; while it
    /// is being made it is waited for.
    pub(crate) fn take(&self, bytes: u64) -> Result<Fresh, NoSegment> {
        let mut state = self.lock();
        loop {
            match std::mem::replace(&mut state.next, Next::Wanted(None)) {
                Next::Ready(fresh) if fresh.capacity >= bytes => {
                    state.least = 0;
                    self.changed.notify_all();
                    return Ok(fresh);
                }
                Next::Ready(too_small) => {
                    state.next = Next::Wanted(Some(too_small));
                    state.least = bytes;
                    self.changed.notify_all();
                    state = recovered(self.changed.wait(state));
                }
                Next::Wanted(instead_of) => {
                    state.next = Next::Wanted(instead_of);
                    state.least = bytes;
                    state = recovered(self.changed.wait(state));
                }
                Next::Full => {
                    state.next = Next::Full;
                    state.was_refused = true;
                    self.weigh(&state);
                    return Err(NoSegment::Full(io::ErrorKind::StorageFull.into()));
                }
                Next::Broken => {
                    state.next = Next::Broken;
                    let error = io::Error::other("the next segment's file could not be made");
                    return Err(NoSegment::Broken(error));
                }
            }
        }
    }

    /// Enters what the last segment has left.
    pub(crate) fn left(&self, bytes: u64) {
        let mut state = self.lock();
        state.left = bytes;
        self.weigh(&state);
    }

    /// Whether the last segment's rest, or the next segment, is there for new calls.
    pub(crate) fn has_space(&self) -> bool {
        !self.is_short.load(Ordering::Relaxed)
    }

    /// The thread: makes a file whenever none is in stock.
    fn fill(&self, place: &Place, on_broken: &OnBroken) {
        let _told = Unwound {
            stock: self,
            on_broken,
        };
        let mut number = 0;
        while let Some((bytes, instead_of)) = self.order() {
            number += 1;
            let made = make_durable(place, number, bytes, instead_of);
            let mut state = self.lock();
            match made {
                Ok(fresh) => {
                    state.next = Next::Ready(fresh);
                    state.was_refused = false;
                }
                Err(NoSegment::Full(error)) => {
                    if !matches!(state.next, Next::Full) {
                        tracing::warn!(%error, "no space for the audit log's next segment");
                    }
                    state.next = Next::Full;
                    state.least = 0;
                }
                Err(NoSegment::Broken(error)) => {
                    tracing::error!(%error, "the audit log's next segment cannot be made");
                    state.next = Next::Broken;
                    drop(state);
                    self.changed.notify_all();
                    on_broken();
                    return;
                }
            }
            self.weigh(&state);
            drop(state);
            self.changed.notify_all();
        }
    }

    /// Waits until a file is to be made, perhaps instead of another; `None` at the end.
    fn order(&self) -> Option<(u64, Option<Fresh>)> {
        let mut state = self.lock();
        loop {
            if state.is_over {
                return None;
            }
            match &mut state.next {
                Next::Wanted(instead_of) => {
                    let instead_of = instead_of.take();
                    return Some((state.least, instead_of));
                }
                Next::Full => {
                    let waited = self.changed.wait_timeout(state, SPACE_ASKED_EVERY);
                    let (woken, waited) = recovered(waited);
                    state = woken;
                    if waited.timed_out() && !state.is_over {
                        return Some((state.least, None));
                    }
                }
                Next::Ready(_) | Next::Broken => state = recovered(self.changed.wait(state)),
            }
        }
    }

    /// Says whether the log is short of space, and tells when that is news.
    fn weigh(&self, state: &State) {
        let is_low = state.was_refused || state.left < self.kept_bytes;
        let is_short = matches!(state.next, Next::Full) && is_low;
        if self.is_short.swap(is_short, Ordering::Relaxed) != is_short {
            if is_short {
                tracing::error!("the audit log is short of space: calls are refused");
            } else {
                tracing::info!("the audit log has space again");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        recovered(self.state.lock())
    }
}

/// Makes a file with blocks and zeros that are on the disk.
fn make_durable(
    place: &Place,
    number: u64,
    bytes: u64,
    instead_of: Option<Fresh>,
) -> Result<Fresh, NoSegment> {
    if let Some(Fresh { path, .. }) = instead_of {
        place.disk.remove(&path)?;
    }
    let mut fresh = place.make(number, bytes)?;
    match fresh.device.sync_all() {
        Ok(()) => Ok(fresh),
        Err(error) => Err(place.undone(&fresh.path, error)),
    }
}
