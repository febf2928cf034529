//! One event, one line: JSON for programs, or aligned and coloured for a person at a terminal.

use std::cell::Cell;
use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use model::{put_number, put_text, put_timestamp};

use super::fields::FIELDS;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One JSON object.
    Json,
    /// Time, level, message, fields.
    Pretty {
        /// Whether with colours.
        coloured: bool,
    },
}

/// How wide a message is made, so that fields stand below each other.
const MESSAGE_WIDTH: usize = 28;

impl Form {
    /// Appends an event as one line.
    pub(super) fn event(self, event: &Event<'_>, ts: Timestamp, line: &mut Vec<u8>) {
        let metadata = event.metadata();
        let listed = listed(metadata);
        match self {
            Self::Json => {
                open_json(line, ts, word(*metadata.level()), metadata.target());
                event.record(&mut Fields {
                    line,
                    listed,
                    form: self,
                    part: Part::All,
                });
                line.extend_from_slice(b"}\n");
            }
            Self::Pretty { .. } => {
                self.open_pretty(line, ts, *metadata.level());
                let from = line.len();
                for part in [Part::Message, Part::Others] {
                    event.record(&mut Fields {
                        line,
                        listed,
                        form: self,
                        part,
                    });
                    if part == Part::Message {
                        let written = String::from_utf8_lossy(line.get(from..).unwrap_or(&[]));
                        let width = written.chars().count();
                        line.resize(line.len() + MESSAGE_WIDTH.saturating_sub(width), b' ');
                    }
                }
                while line.last() == Some(&b' ') {
                    line.pop();
                }
                line.push(b'\n');
            }
        }
    }

    /// A line that says that lines were left out.
    pub(super) fn gap(self, ts: Timestamp, count: u64) -> Vec<u8> {
        let mut line = Vec::new();
        match self {
            Self::Json => {
                open_json(&mut line, ts, "warn", "log");
                let _ = write!(
                    line,
                    ",\"message\":\"lines were left out\",\"count\":{count}}}"
                );
            }
            Self::Pretty { .. } => {
                self.open_pretty(&mut line, ts, Level::WARN);
                let _ = write!(line, "lines were left out  count={count}");
            }
        }
        line.push(b'\n');
        line
    }

    fn open_pretty(self, line: &mut Vec<u8>, ts: Timestamp, level: Level) {
        let (name, colour) = match level {
            Level::ERROR => ("ERROR", "31"),
            Level::WARN => ("WARN", "33"),
            Level::INFO => ("INFO", "32"),
            _ => ("DEBUG", "34"),
        };
        let _ = match self {
            Self::Pretty { coloured: true } => write!(
                line,
                "\x1b[2m{ts:.3}\x1b[0m \x1b[{colour}m{name:>5}\x1b[0m "
            ),
            _ => write!(line, "{ts:.3} {name:>5} "),
        };
    }
}

fn open_json(line: &mut Vec<u8>, ts: Timestamp, level: &str, target: &str) {
    line.extend_from_slice(b"{\"ts\":");
    put_timestamp(ts, line);
    line.extend_from_slice(b",\"level\":");
    put_text(level, line);
    line.extend_from_slice(b",\"target\":");
    put_text(target, line);
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

/// Which fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Message,
    Others,
}

/// The fields of a callsite that may be written, one bit each.
fn listed(metadata: &'static Metadata<'static>) -> u64 {
    if let Some((last, listed)) = LAST.get()
        && std::ptr::eq(last, metadata)
    {
        return listed;
    }
    let is_listed = |field: &Field| field.name() == MESSAGE || FIELDS.contains(&field.name());
    let fields = metadata.fields().iter().filter(is_listed);
    let listed = fields.fold(0, |listed, field| listed | bit(&field));
    LAST.set(Some((metadata, listed)));
    listed
}

fn bit(field: &Field) -> u64 {
    // A callsite has at most 32 fields.
    let index = u32::try_from(field.index()).unwrap_or(u32::MAX);
    1_u64.checked_shl(index).unwrap_or(0)
}

thread_local! {
    /// A thread's last callsite with its listed fields: most lines are the access log's.
    static LAST: Cell<Option<(&'static Metadata<'static>, u64)>> = const { Cell::new(None) };
}

/// What the event says, among its fields.
const MESSAGE: &str = "message";

struct Fields<'a> {
    line: &'a mut Vec<u8>,
    /// The bits of the fields that may be written.
    listed: u64,
    form: Form,
    part: Part,
}

impl Fields<'_> {
    fn is_meant(&self, field: &Field) -> bool {
        let is_listed = self.listed & bit(field) != 0;
        match self.part {
            Part::All => is_listed,
            Part::Message => is_listed && field.name() == MESSAGE,
            Part::Others => is_listed && field.name() != MESSAGE,
        }
    }

    fn name(&mut self, name: &str) {
        self.line.extend_from_slice(b",\"");
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    fn put(&mut self, field: &Field, value: impl Serialize) {
        if !self.is_meant(field) {
            return;
        }
        let name = field.name();
        match self.form {
            Form::Json => {
                self.name(name);
                // Texts and numbers make JSON, and a vector takes it.
                let _ = serde_json::to_writer(&mut *self.line, &value);
            }
            Form::Pretty { coloured } => self.put_pretty(name, &value, coloured),
        }
    }

    fn put_pretty(&mut self, name: &str, value: &impl Serialize, coloured: bool) {
        let text = serde_json::to_string(value).unwrap_or_default();
        // Quotes only where they tell something: control characters stay escaped.
        let bare = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'))
            .filter(|text| !text.contains(['"', '\\']));
        if name == MESSAGE {
            let _ = write!(self.line, "{}", bare.unwrap_or(&text));
            return;
        }
        let value = bare.filter(|text| !text.contains(' ')).unwrap_or(&text);
        let _ = if coloured {
            write!(self.line, " \x1b[2m{name}=\x1b[0m{value}")
        } else {
            write!(self.line, " {name}={value}")
        };
    }
}

/// Numbers of thousandths that are whole as a float too.
const EXACT: std::ops::Range<f64> = 0.0..9e15;

/// Appends a number that is so many thousandths: milliseconds go to the microsecond.
fn put_thousandths(thousandths: u64, line: &mut Vec<u8>) {
    put_number(thousandths / 1_000, line);
    let rest = thousandths % 1_000;
    if rest > 0 {
        let digit = |at: u64| b'0' + (rest / at % 10) as u8;
        line.extend_from_slice(&[b'.', digit(100), digit(10), digit(1)]);
    }
}

/// What is written as text.
struct Shown<T>(T);

impl<T: fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let thousandths = (value * 1_000.0).round();
        if self.form == Form::Json && self.is_meant(field) && EXACT.contains(&thousandths) {
            self.name(field.name());
            put_thousandths(thousandths as u64, self.line);
        } else {
            self.put(field, thousandths / 1_000.0);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if self.form == Form::Json && self.is_meant(field) {
            self.name(field.name());
            put_number(value, self.line);
        } else {
            self.put(field, value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.form == Form::Json && self.is_meant(field) {
            self.name(field.name());
            put_text(value, self.line);
        } else {
            self.put(field, value);
        }
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
        self.put(field, Shown(format_args!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::Subscriber;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use super::*;

    struct Into(Form, Arc<Mutex<Vec<u8>>>);

    impl<S: Subscriber> Layer<S> for Into {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let ts = Timestamp::from_second(1_800_000_000).expect("an instant");
            self.0.event(event, ts, &mut self.1.lock().expect("sound"));
        }
    }

    fn told(form: Form) -> String {
        let lines = Arc::default();
        let layer = Into(form, Arc::clone(&lines));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::warn!(
                count = 3,
                duration_ms = 12.050_4,
                rule = "two words\n",
                unlisted = "x",
                "a thing"
            );
        });
        let told = lines.lock().expect("sound").clone();
        String::from_utf8(told).expect("UTF-8")
    }

    #[test]
    fn a_line_for_programs_is_one_json_object_with_listed_fields() {
        let line: serde_json::Value = serde_json::from_str(&told(Form::Json)).expect("JSON");
        let target = line["target"].clone();
        let expected = serde_json::json!({
            "ts": "2027-01-15T08:00:00.000000000Z", "level": "warn", "target": target,
            "message": "a thing", "count": 3, "duration_ms": 12.05, "rule": "two words\n",
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_line_for_people_is_aligned_and_passes_no_control_character_on() {
        let expected = "2027-01-15T08:00:00.000Z  WARN a thing                      count=3 \
                        duration_ms=12.05 rule=\"two words\\n\"\n";
        assert_eq!(told(Form::Pretty { coloured: false }), expected);
        let coloured = told(Form::Pretty { coloured: true });
        assert!(coloured.contains("\x1b[33m WARN\x1b[0m"), "{coloured}");
        assert!(!coloured.contains("words\n"), "{coloured}");
    }
}
