//! Telemetry of the process: its log lines, what a panic tells, and what is measured.

mod fields;
mod logs;
mod metrics;
mod panics;
mod render;

pub(crate) use logs::{flush, start, tell};
pub(crate) use metrics::Metrics;
pub use panics::hush_panics;
pub(crate) use render::Form;
