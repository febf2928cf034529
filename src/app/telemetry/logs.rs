//! Logs: one line an event on standard error, gathered and written by a thread of its own.

use std::cell::Cell;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use model::Clock;

use super::render::{Fields, Form};

/// Bytes of lines that may wait to be written; what comes on top is left out and counted.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// Bytes that are written without waiting for more.
const TOGETHER_BYTES: usize = 64 << 10;
/// How long a line waits for others to be written with.
const TOGETHER_WAIT: Duration = Duration::from_millis(20);

/// Starts logging for the process; a second call changes nothing. A thread of its own writes, so
/// that a reader of standard error who falls behind holds up nobody who answers requests.
pub(crate) fn start(clock: Arc<dyn Clock>, form: Form) {
    let lines = Arc::new(Lines::default());
    let layer = ToLines {
        form,
        clock: Arc::clone(&clock),
        lines: Arc::clone(&lines),
    };
    let level = tracing_subscriber::filter::LevelFilter::INFO;
    if tracing_subscriber::registry()
        .with(level)
        .with(layer)
        .try_init()
        .is_err()
    {
        return;
    }
    let writer = std::thread::Builder::new().name("log".to_owned());
    let waiting = Arc::clone(&lines);
    if let Err(error) = writer.spawn(move || waiting.write_all(form, &clock)) {
        // Without the writer lines are left out when there is no room any more: say so once.
        let _ = writeln!(std::io::stderr(), "error: no thread for the log: {error}");
        return;
    }
    let _ = LINES.set(Started { form, lines });
}

/// Writes a line of what is told of every request, if logging was started: what an event would be,
/// without what an event costs. Its fields are those of the closed list, and come one by one.
pub(crate) fn tell(at: Timestamp, of: (&str, &str), write: impl FnOnce(&mut Fields<'_>)) {
    let Some(Started { form, lines }) = LINES.get() else {
        return;
    };
    lines.put(|line| form.line(of, at, line, write));
}

/// Whether lines are taken.
pub(super) fn is_started() -> bool {
    LINES.get().is_some()
}

/// Waits until what was logged so far is written, at most a second: for the end of the process.
pub(crate) fn flush() {
    if let Some(started) = LINES.get() {
        started.lines.flush();
    }
}

static LINES: OnceLock<Started> = OnceLock::new();

/// Where lines go, and how they look.
struct Started {
    form: Form,
    lines: Arc<Lines>,
}

/// Lines on their way from those who log to the thread that writes.
#[derive(Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    work: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    left_out: u64,
    /// The writer sleeps until it is woken.
    is_asleep: bool,
    is_writing: bool,
    /// Somebody waits until all is written.
    is_hurried: bool,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        recovered(self.waiting.lock())
    }

    fn add(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.text.len() >= WAITING_BYTES_MAX {
            waiting.left_out += 1;
            LEFT_OUT.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.text.extend_from_slice(line);
        if std::mem::take(&mut waiting.is_asleep) || waiting.text.len() >= TOGETHER_BYTES {
            drop(waiting);
            self.work.notify_one();
        }
    }

    /// Makes a line in what the thread keeps for it, and adds it.
    fn put(&self, make: impl FnOnce(&mut Vec<u8>)) {
        let mut line = LINE.take();
        line.clear();
        make(&mut line);
        self.add(&line);
        LINE.set(line);
    }

    fn flush(&self) {
        let mut waiting = self.lock();
        waiting.is_hurried = true;
        waiting.is_asleep = false;
        self.work.notify_one();
        let is_left = |waiting: &mut Waiting| waiting.is_writing || !waiting.text.is_empty();
        let second = Duration::from_secs(1);
        drop(self.written.wait_timeout_while(waiting, second, is_left));
    }

    /// Writes for ever.
    fn write_all(&self, form: Form, clock: &Arc<dyn Clock>) {
        let mut text = Vec::with_capacity(TOGETHER_BYTES);
        loop {
            let left_out = self.take(&mut text);
            if left_out > 0 {
                text.extend_from_slice(&form.gap(clock.now(), left_out));
            }
            // A log line that cannot be written must not stop the road.
            let _ = std::io::stderr().lock().write_all(&text);
        }
    }

    /// Waits for lines and, for a moment, for more of them; says how many were left out.
    fn take(&self, text: &mut Vec<u8>) -> u64 {
        text.clear();
        let mut waiting = self.lock();
        waiting.is_writing = false;
        self.written.notify_all();
        while waiting.text.is_empty() {
            waiting.is_hurried = false;
            waiting.is_asleep = true;
            waiting = recovered(self.work.wait(waiting));
        }
        waiting.is_asleep = false;
        let is_short = |w: &mut Waiting| !w.is_hurried && w.text.len() < TOGETHER_BYTES;
        let more = self
            .work
            .wait_timeout_while(waiting, TOGETHER_WAIT, is_short);
        let (mut waiting, _) = recovered(more);
        waiting.is_writing = true;
        std::mem::swap(&mut waiting.text, text);
        std::mem::take(&mut waiting.left_out)
    }
}

/// A panic elsewhere leaves the lines whole: no step under the lock can panic.
fn recovered<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// Lines left out since the process started.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

/// How many lines were left out since the process started.
pub(crate) fn left_out() -> u64 {
    LEFT_OUT.load(Ordering::Relaxed)
}

struct ToLines {
    form: Form,
    clock: Arc<dyn Clock>,
    lines: Arc<Lines>,
}

impl<S: Subscriber> Layer<S> for ToLines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let at = self.clock.now();
        self.lines.put(|line| self.form.event(event, at, line));
    }
}

thread_local! {
    /// A thread's line, so that none is made anew.
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}
