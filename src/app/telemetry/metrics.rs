//! What is measured, put together: the registry of a house, what the process knows of itself, and
//! the answer to a scrape.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use model::{Clock, Counter, Gauge, Kind, Measure, Meter, Response, Watch, full};

static BUILD: Measure = Measure {
    name: "mortise_build_info",
    kind: Kind::Gauge,
    help: "The version that runs; always 1.",
    labels: &["version"],
};
static STARTED: Measure = Measure {
    name: "process_start_time_seconds",
    kind: Kind::Gauge,
    help: "When the house was started, in Unix seconds.",
    labels: &[],
};
static MEMORY: Measure = Measure {
    name: "process_resident_memory_bytes",
    kind: Kind::Gauge,
    help: "Memory of the process that is in RAM.",
    labels: &[],
};
static CPU: Measure = Measure {
    name: "process_cpu_seconds_total",
    kind: Kind::Counter,
    help: "CPU time of the process, user and system.",
    labels: &[],
};
static DESCRIPTORS: Measure = Measure {
    name: "process_open_fds",
    kind: Kind::Gauge,
    help: "File descriptors that the process has open.",
    labels: &[],
};
static LEFT_OUT: Measure = Measure {
    name: "mortise_log_lines_left_out_total",
    kind: Kind::Counter,
    help: "Log lines that were left out, because nobody took them from standard error in time.",
    labels: &[],
};
static SNAPSHOT: Measure = Measure {
    name: "mortise_config_snapshot",
    kind: Kind::Gauge,
    help: "Number of the configuration in force; audit records bear it as cfg.",
    labels: &[],
};
static LOADS: Measure = Measure {
    name: "mortise_config_loads_total",
    kind: Kind::Counter,
    help: "Configurations that were to come into force, by whether they did: applied or refused.",
    labels: &["outcome"],
};
static LOADED: Measure = Measure {
    name: "mortise_config_last_load_ok",
    kind: Kind::Gauge,
    help: "Whether the last configuration that was to come into force did: 1 or 0.",
    labels: &[],
};
static LOADED_AT: Measure = Measure {
    name: "mortise_config_last_load_time_seconds",
    kind: Kind::Gauge,
    help: "When a configuration last came into force, in Unix seconds.",
    labels: &[],
};

/// The measures of a house.
pub(crate) struct Metrics {
    /// Where the rooms take their numbers from.
    pub(crate) meter: Meter,
    /// What became of configurations.
    pub(crate) loads: Loads,
    watches: Mutex<Vec<Watch>>,
}

impl Metrics {
    /// A new registry, with what the process knows of itself.
    pub(crate) fn new(clock: &Arc<dyn Clock>) -> Arc<Self> {
        let meter = Meter::new();
        let started = clock.now().as_second() as f64;
        let watches = vec![
            meter.watch(&BUILD, |tell| tell(&[env!("CARGO_PKG_VERSION")], 1.0)),
            meter.watch(&STARTED, move |tell| tell(&[], started)),
            meter.watch(&MEMORY, |tell| tell_some(tell, resident_bytes())),
            meter.watch(&CPU, |tell| tell_some(tell, cpu_seconds())),
            meter.watch(&DESCRIPTORS, |tell| tell_some(tell, open_descriptors())),
            meter.watch(&LEFT_OUT, |tell| {
                tell(&[], super::logs::left_out() as f64);
            }),
        ];
        Arc::new(Self {
            loads: Loads::new(&meter, Arc::clone(clock)),
            meter,
            watches: Mutex::new(watches),
        })
    }

    /// Keeps the watches of a room as long as the house stands.
    pub(crate) fn keep(&self, watches: Vec<Watch>) {
        let kept = self.watches.lock();
        kept.unwrap_or_else(PoisonError::into_inner).extend(watches);
    }

    /// The answer to a scrape.
    pub(crate) fn answer(&self, with_body: bool) -> Response {
        let text = self.meter.expose();
        let mut response = Response::new(if with_body {
            full(text)
        } else {
            model::empty()
        });
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// What became of the configurations that were to come into force.
pub(crate) struct Loads {
    clock: Arc<dyn Clock>,
    snapshot: Gauge,
    applied: Counter,
    refused: Counter,
    ok: Gauge,
    at: Gauge,
}

impl Loads {
    fn new(meter: &Meter, clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            snapshot: meter.gauge(&SNAPSHOT, &[]),
            applied: meter.counter(&LOADS, &["applied"]),
            refused: meter.counter(&LOADS, &["refused"]),
            ok: meter.gauge(&LOADED, &[]),
            at: meter.gauge(&LOADED_AT, &[]),
        }
    }

    /// The configuration with this number is in force.
    pub(crate) fn applied(&self, snapshot: u64) {
        self.applied.add(1);
        self.ok.set(1);
        self.snapshot
            .set(i64::try_from(snapshot).unwrap_or(i64::MAX));
        self.at.set(self.clock.now().as_second());
    }

    /// A configuration was to come into force and did not.
    pub(crate) fn refused(&self) {
        self.refused.add(1);
        self.ok.set(0);
    }
}

fn tell_some(tell: &mut dyn FnMut(&[&str], f64), value: Option<f64>) {
    if let Some(value) = value {
        tell(&[], value);
    }
}

/// `VmRSS` of `/proc/self/status`, which is in kibibytes (proc_pid_status(5)).
fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024.0)
}

/// `utime` and `stime` of `/proc/self/stat`, in ticks of which Linux shows 100 a second
/// (proc_pid_stat(5)). The name before them may hold anything, but no `)` follows it.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11);
    let user: f64 = ticks.next()?.parse().ok()?;
    let system: f64 = ticks.next()?.parse().ok()?;
    Some((user + system) / 100.0)
}

fn open_descriptors() -> Option<f64> {
    // The folder that is read is open itself.
    let count = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(count.saturating_sub(1) as f64)
}
