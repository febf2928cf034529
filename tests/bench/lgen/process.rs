//! What processes have used so far, as the kernel counts it.

use std::fs;

/// CPU time and memory of some processes together.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time in ticks, in nanoseconds.
    pub(crate) ticks_ns: u64,
    /// Time that their threads ran, in nanoseconds.
    pub(crate) ran_ns: u64,
    /// Memory that is resident, in KiB.
    pub(crate) rss_kib: u64,
    /// Most memory that ever was, in KiB.
    pub(crate) peak_kib: u64,
}

impl Usage {
    /// What these processes have used; one that is gone counts nothing.
    pub(crate) fn of(processes: &[u32]) -> Self {
        let tick = 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1);
        let mut usage = Self::default();
        for process in processes {
            usage.ticks_ns += ticks(*process) * tick;
            usage.ran_ns += ran_ns(*process);
            let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
            usage.rss_kib += field(&status, "VmRSS:");
            usage.peak_kib += field(&status, "VmHWM:");
        }
        usage
    }
}

/// Fields 14 and 15 of `/proc/PID/stat`, after the name in brackets.
fn ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(") ") else {
        return 0;
    };
    let times = rest.split(' ').skip(11).take(2);
    times.filter_map(|time| time.parse::<u64>().ok()).sum()
}

fn ran_ns(process: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return 0;
    };
    let ran = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    };
    threads.flatten().filter_map(ran).sum()
}

fn field(status: &str, name: &str) -> u64 {
    let mut lines = status.lines();
    let rest = lines.find_map(|line| line.strip_prefix(name));
    rest.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
