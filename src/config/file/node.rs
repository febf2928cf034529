//! What concerns the node itself: `gate`, `store`, `audit`, `drain`.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::mistake::Code;
use crate::quantity::{COUNT_MAX, Rate};
use crate::reader::{Alternative, Reader, Section, Value, Wrong};
use crate::shape::{Key, Kind, Shape};
use crate::source::At;

pub(super) static GATE: Shape = Shape::new(
    "`gate`",
    &[
        Key::required(
            "rate",
            Kind::Rate,
            "200/s",
            "So many requests of one address in a second, a minute or an hour.",
        ),
        Key::required(
            "burst",
            Kind::Count("requests", 1, COUNT_MAX),
            "400 requests",
            "So many requests of one address at once after a rest.",
        ),
    ],
);

pub(super) static STORE: Shape = Shape::new(
    "`store`",
    &[Key::required(
        "path",
        Kind::Path,
        "data/mortise.sqlite",
        "The file of the embedded store: signing keys, used assertions.",
    )],
);

pub(super) static AUDIT: Shape = Shape::new(
    "`audit`",
    &[
        Key::required(
            "dir",
            Kind::Path,
            "data/audit",
            "The folder of the log: of one node, for ever.",
        ),
        Key::default(
            "node",
            Kind::Own {
                expected: "a name",
                pattern: "^[a-zA-Z0-9._-]{1,64}$",
            },
            "node-1",
            "The node's name in every record.",
        ),
        Key::default(
            "linger",
            Kind::Or(
                "0",
                &Kind::Duration(Duration::ZERO, Duration::from_millis(10)),
            ),
            "0",
            "How long a group of records waits for more.",
        ),
        Key::default(
            "segment",
            Kind::Size(1 << 20, 4 << 30),
            "256 MiB",
            "The size of a file of the log.",
        ),
        Key::default(
            "queue_max",
            Kind::Size(1 << 20, 1 << 30),
            "64 MiB",
            "What may wait for the disk.",
        ),
    ],
);

pub(super) const DRAIN: Key = Key::default(
    "drain",
    Kind::Duration(Duration::from_secs(1), Duration::from_hours(1)),
    "30s",
    "How long open requests are waited for at the end.",
);

/// The bucket of each address.
pub(crate) struct Gate {
    pub(crate) rate: Option<Rate>,
    pub(crate) burst: Option<NonZeroU32>,
}

/// Where the evidence lies.
pub(crate) struct AuditSection {
    pub(crate) dir: Option<At<String>>,
    pub(crate) node: Option<String>,
    pub(crate) linger: Option<Duration>,
    pub(crate) segment_bytes: Option<u64>,
    pub(crate) queue_bytes_max: Option<usize>,
}

pub(super) fn gate(reader: &mut Reader, section: &mut Section<'_>) -> Option<Gate> {
    let mut section = section.inner(reader, "gate")?;
    let rate = section.value(reader, "rate");
    let burst = section.value(reader, "burst");
    section.finish(reader);
    Some(Gate {
        rate: rate.and_then(|value| reader.rate(value)).map(|at| at.value),
        burst: burst
            .and_then(|value| reader.count(value))
            .map(|at| at.value),
    })
}

pub(super) fn store(reader: &mut Reader, section: &mut Section<'_>) -> Option<At<String>> {
    let mut section = section.inner(reader, "store")?;
    let path = section.value(reader, "path");
    section.finish(reader);
    path.and_then(|value| own_path(reader, value))
}

pub(super) fn audit(reader: &mut Reader, section: &mut Section<'_>) -> Option<AuditSection> {
    let mut section = section.inner(reader, "audit")?;
    let dir = section.value(reader, "dir");
    let node = section.value(reader, "node");
    let linger = section.value(reader, "linger");
    let segment = section.value(reader, "segment");
    let queue_max = section.value(reader, "queue_max");
    section.finish(reader);
    let queue_max = queue_max.and_then(|value| reader.size(value));
    Some(AuditSection {
        dir: dir.and_then(|value| own_path(reader, value)),
        node: node.and_then(|value| node_name(reader, value)),
        linger: linger.and_then(|value| read_linger(reader, value)),
        segment_bytes: segment
            .and_then(|value| reader.size(value))
            .map(|at| at.value),
        queue_bytes_max: queue_max.and_then(|at| usize::try_from(at.value).ok()),
    })
}

pub(super) fn drain(reader: &mut Reader, section: &mut Section<'_>) -> Option<Duration> {
    let value = section.value(reader, "drain")?;
    reader.duration(value).map(|at| at.value)
}

/// A path that this program writes to: a path alone, without `file:`.
fn own_path(reader: &mut Reader, value: Value<'_>) -> Option<At<String>> {
    reader.parsed(value, |text| match text.strip_prefix("file:") {
        Some(path) => Err(Wrong::new(
            format!("`{}` must be a path alone", value.key.name),
            format!("write `{path}`"),
        )),
        None if text.contains('\0') => Err(Wrong::new(
            "a path cannot hold the character NUL",
            "leave it out",
        )),
        None if text.is_empty() => Err(Wrong::of(
            Code::MissingKey,
            format!("`{}` is empty", value.key.name),
            "write a path",
        )),
        None => Ok(text.to_owned()),
    })
}

fn node_name(reader: &mut Reader, value: Value<'_>) -> Option<String> {
    let name = reader.parsed(value, |text| {
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
    });
    name.map(|at| at.value)
}

/// `0`, or a very short time.
fn read_linger(reader: &mut Reader, value: Value<'_>) -> Option<Duration> {
    match reader.alternative(value)? {
        Alternative::Word => Some(Duration::ZERO),
        Alternative::Other(value) => reader.duration(value).map(|at| at.value),
    }
}
