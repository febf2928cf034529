//! Telemetry of the process: logs as JSON lines.

mod logs;

pub(crate) use logs::{flush, start};
