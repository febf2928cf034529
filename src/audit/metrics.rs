//! What the log measures.

use std::time::Duration;

use model::{Histogram, Kind, Measure, Meter, SECONDS};

pub(crate) static QUEUED: Measure = Measure {
    name: "mortise_audit_queue_bytes",
    kind: Kind::Gauge,
    help: "Bytes of evidence that are queued or being written.",
    labels: &[],
};
pub(crate) static QUEUE_MAX: Measure = Measure {
    name: "mortise_audit_queue_limit_bytes",
    kind: Kind::Gauge,
    help: "Bytes of evidence that may wait for the disk.",
    labels: &[],
};
pub(crate) static POISONED: Measure = Measure {
    name: "mortise_audit_poisoned",
    kind: Kind::Gauge,
    help: "Whether the log cannot be written any more: 1 or 0.",
    labels: &[],
};
static GROUPS: Measure = Measure {
    name: "mortise_audit_group_records",
    kind: Kind::Sizes(&[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024]),
    help: "Records that were made durable together.",
    labels: &[],
};
static COMMITS: Measure = Measure {
    name: "mortise_audit_commit_duration_seconds",
    kind: SECONDS,
    help: "From placing a group of records to their being durable.",
    labels: &[],
};

/// What is measured of groups.
#[derive(Debug)]
pub(crate) struct GroupMeters {
    records: Histogram,
    commits: Histogram,
}

impl GroupMeters {
    pub(crate) fn new(meter: &Meter) -> Self {
        Self {
            records: meter.histogram(&GROUPS, &[]),
            commits: meter.histogram(&COMMITS, &[]),
        }
    }

    /// A group is durable.
    pub(crate) fn committed(&self, records: usize, took: Duration) {
        self.records.sized(records as u64);
        self.commits.took(took);
    }
}
