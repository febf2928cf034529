//! Telemetry of the process: its log lines and what is measured.

mod logs;
mod metrics;

pub(crate) use logs::{flush, start};
pub(crate) use metrics::Metrics;
