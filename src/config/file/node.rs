//! What concerns the node itself: `gate`, `store`, `audit`, `drain`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::quantity::Rate;
use crate::reader::{Reader, Section, Value, Wrong};

/// How long open requests are waited for at the end, unless told otherwise.
const DRAIN: Duration = Duration::from_secs(30);
const SEGMENT_BYTES: u64 = 256 << 20;
const QUEUE_BYTES: u64 = 64 << 20;
const NODE: &str = "node-1";

/// The bucket of each address.
pub(crate) struct Gate {
    pub(crate) rate: Option<Rate>,
    pub(crate) burst: Option<NonZeroU32>,
}

/// Where the evidence lies.
pub(crate) struct AuditSection {
    pub(crate) dir: Option<String>,
    pub(crate) node: String,
    pub(crate) linger: Duration,
    pub(crate) segment_bytes: u64,
    pub(crate) queue_bytes_max: usize,
}

pub(super) fn gate(reader: &mut Reader, section: &mut Section<'_>) -> Option<Gate> {
    let example = "{ rate: 200/s, burst: 400 requests }";
    let value = section.required(reader, "gate", example)?;
    let mut section = reader.section(value.node, value.key_span, "`gate`", "gate")?;
    let rate = section.required(reader, "rate", "200/s");
    let burst = section.required(reader, "burst", "400 requests");
    section.finish(reader);
    let range = 1..=1_000_000;
    Some(Gate {
        rate: rate.and_then(|value| reader.rate(value)).map(|at| at.value),
        burst: burst
            .and_then(|value| reader.count(value, "requests", range))
            .map(|at| at.value),
    })
}

pub(super) fn store(reader: &mut Reader, section: &mut Section<'_>) -> Option<String> {
    let value = section.required(reader, "store", "{ path: data/mortise.sqlite }")?;
    let mut section = reader.section(value.node, value.key_span, "`store`", "store")?;
    let path = section.required(reader, "path", "data/mortise.sqlite");
    section.finish(reader);
    path.and_then(|value| own_path(reader, value))
}

pub(super) fn audit(reader: &mut Reader, section: &mut Section<'_>) -> Option<AuditSection> {
    let value = section.required(reader, "audit", "{ dir: data/audit }")?;
    let mut section = reader.section(value.node, value.key_span, "`audit`", "audit")?;
    let dir = section.required(reader, "dir", "data/audit");
    let node = section.optional(reader, "node");
    let linger = section.optional(reader, "linger");
    let mut segment_bytes = SEGMENT_BYTES;
    reader.bytes(
        &mut section,
        "segment",
        1 << 20..=4 << 30,
        &mut segment_bytes,
    );
    let mut queue_bytes_max = usize::try_from(QUEUE_BYTES).unwrap_or(usize::MAX);
    reader.bytes(
        &mut section,
        "queue_max",
        1 << 20..=1 << 30,
        &mut queue_bytes_max,
    );
    section.finish(reader);
    Some(AuditSection {
        dir: dir.and_then(|value| own_path(reader, value)),
        node: node
            .and_then(|value| node_name(reader, value))
            .unwrap_or_else(|| NODE.to_owned()),
        linger: linger
            .and_then(|value| read_linger(reader, value))
            .unwrap_or(Duration::ZERO),
        segment_bytes,
        queue_bytes_max,
    })
}

pub(super) fn drain(reader: &mut Reader, section: &mut Section<'_>) -> Duration {
    let mut drain = DRAIN;
    let range = Duration::from_secs(1)..=Duration::from_hours(1);
    reader.time(section, "drain", range, &mut drain);
    drain
}

/// A path that this program writes to: a path alone, without `file:`.
fn own_path(reader: &mut Reader, value: Value<'_>) -> Option<String> {
    reader
        .parsed(value, "a path", |text| match text.strip_prefix("file:") {
            Some(path) => Err(Wrong::new(
                format!("`{}` must be a path alone", value.key),
                format!("write `{path}`"),
            )),
            None if text.contains('\0') => Err(Wrong::new(
                "a path cannot hold the character NUL",
                "leave it out",
            )),
            None => Ok(text.to_owned()),
        })
        .map(|at| at.value)
}

fn node_name(reader: &mut Reader, value: Value<'_>) -> Option<String> {
    reader
        .parsed(value, "a name", |text| {
            let fits = (1..=64).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            fits.then(|| text.to_owned()).ok_or_else(|| {
                Wrong::new(
                    format!("`{text}` cannot be a node's name"),
                    "write 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`",
                )
            })
        })
        .map(|at| at.value)
}

/// `0`, or a very short time.
fn read_linger(reader: &mut Reader, value: Value<'_>) -> Option<Duration> {
    if reader.scalar(value, "`0` or `1ms`")?.value == "0" {
        return Some(Duration::ZERO);
    }
    let range = Duration::ZERO..=Duration::from_millis(10);
    reader.duration(value, range).map(|at| at.value)
}
