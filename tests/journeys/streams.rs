//! Long bodies pass through without being held: memory stays where it was, whichever HTTP version
//! is spoken on either side. `MORTISE_LONG=1` makes it 1 GiB in each direction.

use std::path::PathBuf;

use kit::{Client, FloodBank, Folder, Method, Version, flood, swallow, whole};

use crate::extra;
use crate::process::{Program, assert_clean};

const MIB: u64 = 1 << 20;
const GROWTH_MAX: u64 = 16 * MIB;
/// What runs before the memory is measured the first time.
const WARM_UP: u64 = 4 * MIB;

/// A folder whose products `one` and `two` are a bank's that speaks HTTP/1.1 and HTTP/2.
async fn folder() -> Folder {
    let standard =
        "    limits: standard                  # or a mapping that states every one of them\n";
    let folder = Folder::new().edit(standard, &limits());
    let (chain, key) = (
        &folder.prepared().bank_certificate,
        &folder.prepared().bank_key,
    );
    let one = FloodBank::start(chain, key, Version::Http1).await;
    let two = FloodBank::start(chain, key, Version::Http2).await;
    let folder = extra::add_behind_tls(folder, "one", one.address);
    extra::add_behind_tls(folder, "two", two.address)
}

/// A listener's limits as the reference file has them, but for the length of a body.
fn limits() -> String {
    let reference = include_str!("../../config/gateway.yaml");
    let (_, listener) = reference.split_once("  api:").expect("a listener");
    let (listener, _) = listener.split_once("\n  issuer:").expect("another");
    let at = listener.find("    limits:").expect("its limits");
    let limits = format!("{}\n", &listener[at..]);
    assert!(limits.contains("body_max: 10 MiB"), "{limits}");
    limits.replace("body_max: 10 MiB", "body_max: 2 GiB")
}

/// The memory of a process.
struct Memory {
    process: PathBuf,
}

impl Memory {
    fn of(id: u32) -> Self {
        Self {
            process: PathBuf::from(format!("/proc/{id}")),
        }
    }

    /// Bytes in memory now.
    fn now(&self) -> u64 {
        self.field("VmRSS:")
    }

    /// The most bytes in memory since [`Memory::forget_peak`].
    fn peak(&self) -> u64 {
        self.field("VmHWM:")
    }

    /// Lets the peak be what is in memory now (proc(5), clear_refs: 5).
    fn forget_peak(&self) {
        std::fs::write(self.process.join("clear_refs"), "5").expect("a process of ours");
    }

    fn field(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(self.process.join("status")).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
        number
            .and_then(|number| number.parse::<u64>().ok())
            .expect("a number of kB")
            * 1024
    }
}

async fn connect(folder: &Folder, version: Version) -> Client {
    let dial = folder.dial(None, version);
    dial.connect(folder.api()).await.expect("a connection")
}

/// Sends so many bytes up; the bank counts and compares them.
async fn up(client: &mut Client, product: &str, bytes: u64) {
    let target = format!("/{product}/open");
    let answer = client
        .send(Method::POST, &target, &[], flood(bytes))
        .await
        .expect("a head");
    assert_eq!(answer.status(), 200);
    let answer = kit::read(answer).await.expect("an answer");
    assert_eq!(answer.json()["bytes"], bytes, "{answer:?}");
}

/// Has so many bytes sent down, and counts and compares them.
async fn down(client: &mut Client, product: &str, bytes: u64) {
    let target = format!("/{product}/open?{bytes}");
    let answer = client
        .send(Method::GET, &target, &[], whole(""))
        .await
        .expect("a head");
    assert_eq!(answer.status(), 200);
    assert_eq!(swallow(answer.into_body()).await, Ok(bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn long_streams_leave_memory_where_it_was_up_and_down_on_both_versions() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let bytes = if is_long { 1024 * MIB } else { 256 * MIB };
    let folder = folder().await;
    let sandbox = Program::sandbox(&folder).await;
    let memory = Memory::of(sandbox.id());
    for version in Version::BOTH {
        for product in ["one", "two"] {
            let mut client = connect(&folder, version).await;
            up(&mut client, product, WARM_UP).await;
            down(&mut client, product, WARM_UP).await;
        }
    }
    let before = memory.now();
    for version in Version::BOTH {
        for product in ["one", "two"] {
            memory.forget_peak();
            let mut client = connect(&folder, version).await;
            up(&mut client, product, bytes).await;
            let upward = memory.peak();
            memory.forget_peak();
            down(&mut client, product, bytes).await;
            let downward = memory.peak();
            let grown = |peak: u64| peak.saturating_sub(before) / 1024;
            let (upward_kib, downward_kib) = (grown(upward), grown(downward));
            println!(
                "{version:?} to bank {product}, {} MiB: memory grew by {upward_kib} KiB up, \
                 {downward_kib} KiB down, from {} KiB",
                bytes / MIB,
                before / 1024
            );
            for peak in [upward, downward] {
                assert!(
                    peak.saturating_sub(before) <= GROWTH_MAX,
                    "{peak} after {before}"
                );
            }
        }
    }
    assert_eq!(sandbox.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
}
