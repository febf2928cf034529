//! evidence: how many durable records the audit log takes when nothing else runs, beside the bare
//! disk. Tasks record and wait, in a closed loop or at a fixed rate; bare writes with `fdatasync`
//! come before and after.
//!
//! It prints one JSON object: records a second, the median and the 99th percentile of a record's
//! wait, the median of a bare write, a record's mean size in bytes.

use std::fs::File;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use tokio::task::JoinSet;

use audit::{Audit, Settings};
use crypto::SystemRandom;
use model::ports::AuditLog;
use model::{
    Access, AuditEntry, AuditEvent, BankId, Body, ClientId, Clock, Decision, InteractionId,
    LogName, Object, OperationId, PartnerId, ProductId, ProtectionClass, RequestId, SystemClock,
    Timing, Who,
};

/// Bare writes before, and as many after.
const BARE: u64 = 200;
/// Bytes of a bare write: a block.
const BLOCK: usize = 4096;

/// The audit log alone, beside the bare disk.
#[derive(Debug, Parser)]
struct Options {
    /// A folder on the disk to be measured; the log is made in it.
    #[arg(long)]
    folder: PathBuf,
    /// Tasks that record at once.
    #[arg(long, default_value_t = 256)]
    tasks: usize,
    /// Seconds.
    #[arg(long, default_value_t = 4.0)]
    seconds: f64,
    /// Records a second, evenly over the tasks; without it each goes on as soon as it can.
    #[arg(long)]
    rate: Option<f64>,
    /// How long a group waits for more, in microseconds.
    #[arg(long, default_value_t = 0)]
    linger: u64,
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let clock = Arc::new(SystemClock::new());
    let mut bare = bare(&options.folder, &clock)?;
    let dir = options.folder.join("log");
    let settings = Settings {
        dir: dir.clone(),
        node: "bench".to_owned(),
        segment_bytes: 256 << 20,
        linger: Duration::from_micros(options.linger),
        queue_bytes_max: 64 << 20,
    };
    let random = Arc::new(SystemRandom);
    let log = Audit::open(settings, clock.clone(), random, Box::new(|| ()));
    let log = log.context("opening the log")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let began = clock.monotonic();
    let mut waits = runtime.block_on(load(&log.log(), &options, &clock))?;
    let took = clock.monotonic().saturating_sub(began);
    log.close();
    bare.extend(self::bare(&options.folder, &clock)?);
    let (mut records, mut bytes) = (0_u64, 0_usize);
    for record in audit::read(&dir)? {
        bytes += record?.json.len();
        records += 1;
    }
    // The record of the start, of the stop.
    anyhow::ensure!(
        records == waits.len() as u64 + 2,
        "{records} records are in the log"
    );
    waits.sort_unstable();
    bare.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' work")]
    let report = serde_json::json!({
        "records": waits.len(),
        "per_second": waits.len() as f64 / took.as_secs_f64(),
        "p50_us": micros(&waits, 50),
        "p99_us": micros(&waits, 99),
        "bare_p50_us": micros(&bare, 50),
        "bytes": bytes as f64 / records as f64,
    });
    writeln!(std::io::stdout(), "{report}")?;
    Ok(())
}

/// Microseconds at a percentile of sorted times.
fn micros(sorted: &[Duration], percentile: usize) -> f64 {
    let place = sorted.len().saturating_sub(1) * percentile / 100;
    sorted
        .get(place)
        .map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

/// What each bare write of a block, made durable, takes on this disk.
fn bare(folder: &Path, clock: &SystemClock) -> anyhow::Result<Vec<Duration>> {
    let path = folder.join("bare");
    let file = File::create(&path).with_context(|| format!("making {}", path.display()))?;
    file.write_all_at(&vec![0; BLOCK * usize::try_from(BARE)?], 0)?;
    file.sync_all()?;
    let mut block = [0; BLOCK];
    let mut times = Vec::new();
    for number in 0..BARE {
        block.fill(u8::try_from(number % 251)?);
        let since = clock.monotonic();
        file.write_all_at(&block, number * BLOCK as u64)?;
        file.sync_data()?;
        times.push(clock.monotonic().saturating_sub(since));
    }
    std::fs::remove_file(&path)?;
    Ok(times)
}

async fn load(
    log: &Arc<dyn AuditLog>,
    options: &Options,
    clock: &Arc<SystemClock>,
) -> anyhow::Result<Vec<Duration>> {
    let access = access(clock)?;
    let until = clock.monotonic() + Duration::from_secs_f64(options.seconds);
    let tasks_at_once = u32::try_from(options.tasks)?;
    let every = options
        .rate
        .map(|rate| Duration::from_secs_f64(f64::from(tasks_at_once) / rate));
    let mut tasks = JoinSet::new();
    for number in 0..tasks_at_once {
        let pace = every.map(|every| Pace {
            first: every * number / tasks_at_once,
            every,
        });
        let (log, clock) = (Arc::clone(log), Arc::clone(clock));
        tasks.spawn(one(log, access.clone(), clock, pace, until));
    }
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task??);
    }
    Ok(waits)
}

/// When a task records.
#[derive(Debug, Clone, Copy)]
struct Pace {
    first: Duration,
    every: Duration,
}

/// Records, waits until that is durable, and again.
async fn one(
    log: Arc<dyn AuditLog>,
    access: Access,
    clock: Arc<SystemClock>,
    pace: Option<Pace>,
    until: Duration,
) -> anyhow::Result<Vec<Duration>> {
    let mut waits = Vec::new();
    let mut ticks = pace
        .map(|pace| tokio::time::interval_at(tokio::time::Instant::now() + pace.first, pace.every));
    while clock.monotonic() < until {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        let entry = AuditEntry {
            log: LogName::Bank(BankId::parse("harbour")?),
            at: clock.now(),
            event: AuditEvent::Access(Box::new(access.clone())),
        };
        let since = clock.monotonic();
        log.record(entry).await?;
        waits.push(clock.monotonic().saturating_sub(since));
    }
    Ok(waits)
}

/// A call that was answered, with all that is known of it.
fn access(clock: &SystemClock) -> anyhow::Result<Access> {
    Ok(Access {
        request: RequestId::new(clock.now(), [7; 10]),
        interaction: InteractionId::new([9; 16]),
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        who: Who {
            partner: Some(PartnerId::parse("swiftride")?),
            client: Some(ClientId::parse("swiftride-app")?),
            certificate: Some([1; 32]),
            key: None,
            token_jti: Some([2; 32]),
        },
        object: Some(Arc::new(Object {
            bank: BankId::parse("harbour")?,
            product: ProductId::parse("accounts")?,
            operation: OperationId::parse("getAccountBalances")?,
            class: ProtectionClass::Partner,
            method: http::Method::GET,
            template: Arc::from("/accounts/{account_id}/balances"),
            written: OnceLock::new(),
        })),
        consent: None,
        steps: Vec::new(),
        decision: Decision::Allowed,
        status: 200,
        code: None,
        rule: None,
        trouble: None,
        timing: Timing {
            duration_us: 1_234,
            upstream_us: Some(1_001),
        },
        answer: Some(Body {
            length: 321,
            sha256: Some([3; 32]),
        }),
        snapshot: 1,
    })
}
