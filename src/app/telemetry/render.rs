//! One event, one line: JSON for programs, or aligned and coloured for a person at a terminal.

use std::fmt;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use model::{Network, put_network, put_number, put_text, put_timestamp};

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
                event.record(&mut Seen {
                    fields: Fields { line, form: self },
                    listed,
                    part: Part::All,
                });
                line.extend_from_slice(b"}\n");
            }
            Self::Pretty { .. } => {
                self.open_pretty(line, ts, *metadata.level());
                let from = line.len();
                for part in [Part::Message, Part::Others] {
                    event.record(&mut Seen {
                        fields: Fields { line, form: self },
                        listed,
                        part,
                    });
                    if part == Part::Message {
                        widen(line, from);
                    }
                }
                close_pretty(line);
            }
        }
    }

    /// Appends a line whose fields are written one by one, without an event: for what is told of
    /// every request.
    pub(super) fn line(
        self,
        (target, message): (&str, &str),
        ts: Timestamp,
        line: &mut Vec<u8>,
        write: impl FnOnce(&mut Fields<'_>),
    ) {
        match self {
            Self::Json => {
                open_json(line, ts, word(Level::INFO), target);
                let mut fields = Fields { line, form: self };
                fields.text(MESSAGE, message);
                write(&mut fields);
                line.extend_from_slice(b"}\n");
            }
            Self::Pretty { .. } => {
                self.open_pretty(line, ts, Level::INFO);
                let from = line.len();
                line.extend_from_slice(message.as_bytes());
                widen(line, from);
                write(&mut Fields { line, form: self });
                close_pretty(line);
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

/// Fills up a message that begins there.
fn widen(line: &mut Vec<u8>, from: usize) {
    let written = String::from_utf8_lossy(line.get(from..).unwrap_or(&[]));
    let width = written.chars().count();
    line.resize(line.len() + MESSAGE_WIDTH.saturating_sub(width), b' ');
}

fn close_pretty(line: &mut Vec<u8>) {
    while line.last() == Some(&b' ') {
        line.pop();
    }
    line.push(b'\n');
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
fn listed(metadata: &Metadata<'_>) -> u64 {
    let is_listed = |field: &Field| field.name() == MESSAGE || FIELDS.contains(&field.name());
    let fields = metadata.fields().iter().filter(is_listed);
    fields.fold(0, |listed, field| listed | bit(&field))
}

fn bit(field: &Field) -> u64 {
    // A callsite has at most 32 fields.
    let index = u32::try_from(field.index()).unwrap_or(u32::MAX);
    1_u64.checked_shl(index).unwrap_or(0)
}

/// What the event says, among its fields.
const MESSAGE: &str = "message";

/// The fields of a line, as they are written.
pub(crate) struct Fields<'a> {
    line: &'a mut Vec<u8>,
    form: Form,
}

impl Fields<'_> {
    /// Writes a text, escaped where it must be.
    fn text(&mut self, name: &str, text: &str) {
        if self.form == Form::Json {
            self.name(name);
            put_text(text, self.line);
        } else {
            self.put(name, text);
        }
    }

    /// Writes a text that by its kind needs no escape: our ids and words, UUIDs.
    pub(crate) fn word(&mut self, name: &str, word: &str) {
        if self.form == Form::Json {
            self.name(name);
            self.line.push(b'"');
            self.line.extend_from_slice(word.as_bytes());
            self.line.push(b'"');
        } else {
            self.put(name, word);
        }
    }

    /// Writes such a text that may be missing: then there is no field.
    pub(crate) fn word_if(&mut self, name: &str, word: Option<&str>) {
        if let Some(word) = word {
            self.word(name, word);
        }
    }

    /// Writes a number.
    #[inline]
    pub(crate) fn number(&mut self, name: &str, number: u64) {
        if self.form == Form::Json {
            self.name(name);
            put_number(number, self.line);
        } else {
            self.put(name, number);
        }
    }

    /// Writes a time in milliseconds, to the microsecond.
    pub(crate) fn milliseconds(&mut self, name: &str, time: Duration) {
        let micros = u64::from(time.subsec_nanos()).saturating_add(500) / 1_000;
        let micros = time.as_secs().saturating_mul(1_000_000) + micros;
        self.thousandths(name, micros);
    }

    /// Writes the network that an address lies in.
    pub(crate) fn network(&mut self, name: &str, address: IpAddr) {
        if self.form == Form::Json {
            self.name(name);
            put_network(address, self.line);
        } else {
            self.put(name, Shown(Network::of(address)));
        }
    }

    fn thousandths(&mut self, name: &str, thousandths: u64) {
        if self.form == Form::Json {
            self.name(name);
            put_thousandths(thousandths, self.line);
        } else {
            self.put(name, thousandths as f64 / 1_000.0);
        }
    }

    #[inline]
    fn name(&mut self, name: &str) {
        self.line.extend_from_slice(b",\"");
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    fn put(&mut self, name: &str, value: impl Serialize) {
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

/// An event's fields, of which those are written that are listed and meant.
struct Seen<'a> {
    fields: Fields<'a>,
    /// The bits of the fields that may be written.
    listed: u64,
    part: Part,
}

impl Seen<'_> {
    fn is_meant(&self, field: &Field) -> bool {
        let is_listed = self.listed & bit(field) != 0;
        match self.part {
            Part::All => is_listed,
            Part::Message => is_listed && field.name() == MESSAGE,
            Part::Others => is_listed && field.name() != MESSAGE,
        }
    }

    fn put(&mut self, field: &Field, value: impl Serialize) {
        if self.is_meant(field) {
            self.fields.put(field.name(), value);
        }
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

impl Visit for Seen<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let thousandths = (value * 1_000.0).round();
        if !EXACT.contains(&thousandths) {
            self.put(field, thousandths / 1_000.0);
        } else if self.is_meant(field) {
            self.fields.thousandths(field.name(), thousandths as u64);
        }
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

    fn line(form: Form) -> String {
        let ts = Timestamp::from_second(1_800_000_000).expect("an instant");
        let mut line = Vec::new();
        form.line(("access", "answered"), ts, &mut line, |fields| {
            fields.text("rule", "two \"words\"\n");
            fields.word_if("code", None);
            fields.word_if("ended", Some("clean"));
            fields.number("count", 3);
            fields.milliseconds("duration_ms", Duration::from_nanos(12_050_499));
            fields.milliseconds("end_ms", Duration::from_nanos(1_999_999_999));
            fields.network("peer.network", IpAddr::from([127, 0, 0, 9]));
        });
        String::from_utf8(line).expect("UTF-8")
    }

    #[test]
    fn a_line_written_field_by_field_looks_like_an_events() {
        let json: serde_json::Value = serde_json::from_str(&line(Form::Json)).expect("JSON");
        let expected = serde_json::json!({
            "ts": "2027-01-15T08:00:00.000000000Z", "level": "info", "target": "access",
            "message": "answered", "ended": "clean", "rule": "two \"words\"\n", "count": 3,
            "duration_ms": 12.05, "end_ms": 2000, "peer.network": "127.0.0.0/24",
        });
        assert_eq!(json, expected);
        let pretty = "2027-01-15T08:00:00.000Z  INFO answered                     \
                      rule=\"two \\\"words\\\"\\n\" ended=clean count=3 duration_ms=12.05 end_ms=2000.0 \
                      peer.network=127.0.0.0/24\n";
        assert_eq!(line(Form::Pretty { coloured: false }), pretty);
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
