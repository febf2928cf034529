//! Logs: one JSON object a line on standard error. Fields come from a closed list; a field that is
//! not on it is left out, so that a slip of the pen cannot put a secret into a log.

use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

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
    "bytes",
    "cause",
    "client.id",
    "count",
    "duration_ms",
    "endpoint",
    "error",
    "file",
    "http.method",
    "http.status",
    "interaction.id",
    "listener.id",
    "partner.id",
    "reason",
    "records",
    "request.id",
    "rule",
    "segment",
    "status",
    "upstream.id",
];

/// Starts logging for the process; a second call changes nothing.
pub(crate) fn start(clock: Arc<dyn Clock>) {
    let level = tracing_subscriber::filter::LevelFilter::INFO;
    let started = tracing_subscriber::registry()
        .with(level)
        .with(Lines { clock })
        .try_init();
    if started.is_err() {
        tracing::debug!("logging had been started");
    }
}

struct Lines {
    clock: Arc<dyn Clock>,
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let line = render(event, &self.clock.now().to_string());
        // A log line that cannot be written must not stop the road.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
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
