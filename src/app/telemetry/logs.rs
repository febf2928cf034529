//! Logs: one JSON object a line on standard error. Fields come from a closed list; a field that is
//! not on it is left out, so that a slip of the pen cannot put a secret into a log.

use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use model::Clock;

/// The fields that a log line may carry besides `ts`, `level`, `target` and `message`.
const FIELDS: &[&str] = &[
    "address",
    "bank.id",
    "count",
    "duration_ms",
    "error",
    "http.method",
    "http.status",
    "interaction.id",
    "listener.id",
    "request.id",
    "rule",
    "upstream.id",
];

/// Lines that may wait to be written; what comes on top is left out and counted.
const WAITING_MAX: usize = 8_192;

/// Starts logging for the process; a second call changes nothing. A thread of its own writes, so
/// that a reader of standard error who falls behind holds up nobody who answers requests.
pub(crate) fn start(clock: Arc<dyn Clock>) {
    let (lines, waiting) = std::sync::mpsc::sync_channel(WAITING_MAX);
    let left_out = Arc::new(AtomicU64::new(0));
    let layer = Lines {
        clock: Arc::clone(&clock),
        lines: lines.clone(),
        left_out: Arc::clone(&left_out),
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
    let _ = WRITER.set(lines);
    let writer = std::thread::Builder::new().name("log".to_owned());
    let write = move || {
        for item in waiting {
            match item {
                // A log line that cannot be written must not stop the road.
                Item::Line(line) => drop(std::io::stderr().lock().write_all(line.as_bytes())),
                Item::Flush(done) => drop(done.send(())),
            }
            let count = left_out.swap(0, Ordering::Relaxed);
            if count > 0 {
                let _ = std::io::stderr()
                    .lock()
                    .write_all(gap(&clock, count).as_bytes());
            }
        }
    };
    if let Err(error) = writer.spawn(write) {
        // Without the writer the channel is closed, and nothing is logged: say so once.
        let _ = writeln!(std::io::stderr(), "error: no thread for the log: {error}");
    }
}

/// Waits until what was logged so far is written, at most a second: for the end of the process.
pub(crate) fn flush() {
    let Some(lines) = WRITER.get() else { return };
    let (done, written) = std::sync::mpsc::sync_channel(1);
    if lines.try_send(Item::Flush(done)).is_ok() {
        let _ = written.recv_timeout(Duration::from_secs(1));
    }
}

/// What the writer's thread is sent.
enum Item {
    Line(String),
    Flush(SyncSender<()>),
}

static WRITER: OnceLock<SyncSender<Item>> = OnceLock::new();

fn gap(clock: &Arc<dyn Clock>, count: u64) -> String {
    let line = serde_json::json!({
        "ts": clock.now().to_string(), "level": "warn", "target": "log",
        "message": "lines were left out", "count": count,
    });
    format!("{line}\n")
}

struct Lines {
    clock: Arc<dyn Clock>,
    lines: SyncSender<Item>,
    left_out: Arc<AtomicU64>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let line = render(event, &self.clock.now().to_string());
        if self.lines.try_send(Item::Line(line)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn render(event: &Event<'_>, ts: &str) -> String {
    let mut fields = Fields(Map::new());
    fields.0.insert("ts".to_owned(), ts.into());
    fields
        .0
        .insert("level".to_owned(), word(*event.metadata().level()).into());
    fields
        .0
        .insert("target".to_owned(), event.metadata().target().into());
    event.record(&mut fields);
    let mut line = Value::Object(fields.0).to_string();
    line.push('\n');
    line
}

fn word(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        if field.name() == "message" || FIELDS.contains(&field.name()) {
            self.0.insert(field.name().to_owned(), value.into());
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(source) = cause {
            let _ = write!(text, ": {source}");
            cause = source.source();
        }
        self.put(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}
