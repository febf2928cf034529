//! The disk fails under a program that serves: strace makes system calls of the audit log's threads
//! fail, or kills the process at them. Whatever was answered is in the log of the next start.

use std::fs;
use std::process::{Command, Stdio};

use kit::Folder;

use crate::load::{Load, compare, drawn, folder, is_long, tally};
use crate::process::{Program, Written, assert_clean, finish};

/// The thread that writes the log.
const WRITER: &str = "audit-writer";
/// The thread that makes segments ahead.
const AHEAD: &str = "audit-ahead";

/// What happens at a system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Eio,
    Enospc,
    Kill,
}

impl Fault {
    fn injected(self) -> &'static str {
        match self {
            Self::Eio => "error=EIO",
            Self::Enospc => "error=ENOSPC",
            Self::Kill => "signal=KILL",
        }
    }
}

/// A fault at the n-th call of this kind that a thread makes.
#[derive(Debug, Clone, Copy)]
struct Case {
    thread: &'static str,
    calls: &'static str,
    fault: Fault,
    nth: usize,
}

/// The system calls of the two threads. A rename is another call on each architecture.
const RENAMES: &str = "?rename,?renameat,?renameat2";
const CALLS: [(&str, &str); 9] = [
    (WRITER, "pwrite64"),
    (WRITER, "fdatasync"),
    (WRITER, "fsync"),
    (WRITER, "openat"),
    (WRITER, RENAMES),
    (AHEAD, "openat"),
    (AHEAD, "fallocate"),
    (AHEAD, "pwrite64"),
    (AHEAD, "fsync"),
];

/// Fails, saying so, where strace is missing or may not trace.
fn needs_strace() {
    let tried = finish(Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]));
    assert_eq!(
        tried.code,
        Some(0),
        "this test needs strace, and the right to trace (ptrace): {tried:?}"
    );
}

/// Makes calls of one thread of a program fail from now on. Ended, it lets the thread go on.
async fn inject(program: &Program, thread: &str, what: &str) -> Program {
    let tasks = format!("/proc/{}/task", program.id());
    let tasks = fs::read_dir(tasks).expect("a running program");
    let id = tasks
        .map(|task| task.expect("a thread").path())
        .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == thread))
        .unwrap_or_else(|| panic!("no thread {thread}"));
    let id = id
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let traced = what.split_once(':').map_or(what, |(calls, _)| calls);
    let mut strace = Command::new("strace");
    strace
        .args([
            "-p",
            &id,
            "-o",
            "/dev/null",
            "-e",
            &format!("trace={traced}"),
        ])
        .args(["-e", &format!("inject={what}")])
        .stdin(Stdio::null());
    let mut strace = Program::start(&mut strace);
    let is_attached = |written: &Written| written.err.contains("attached");
    strace.until("an attached strace", is_attached).await;
    strace
}

impl Case {
    fn inject(self) -> String {
        let Self {
            calls, fault, nth, ..
        } = self;
        format!("{calls}:{}:when={nth}", fault.injected())
    }

    /// Whether the case is a full disk at preallocation, which is waited for.
    fn is_waited_for(self) -> bool {
        self.thread == AHEAD && self.fault == Fault::Enospc
    }

    /// Serves until the fault strikes. A write that failed is not tried again: who waits is told
    /// that evidence cannot be kept, the program drains and ends with the code 3.
    async fn strike(self, folder: &Folder, load: &Load) -> usize {
        let mut program = Program::sandbox(folder).await;
        let strace = inject(&program, self.thread, &self.inject()).await;
        let (calls, told) = (load.count(), load.unavailable());
        load.go_on();
        let code = program.ended().await;
        let (err, told) = (program.err(), load.unavailable() - told);
        drop(strace);
        if self.fault == Fault::Kill {
            assert_eq!(code, None, "{self:?}: {err}");
        } else {
            assert_eq!(code, Some(3), "{self:?}: {err}");
            let is_said = err.contains("the audit log cannot be written");
            assert!(is_said, "{self:?}: {err}");
            assert!(told > 0, "{self:?}: nobody was told: {err}");
        }
        load.count() - calls
    }

    /// A disk without room for the next segment: served on in the last one, then refused, and
    /// served again when there is room. The program goes on.
    async fn fill(self, folder: &Folder, load: &Load) -> usize {
        let program = Program::sandbox(folder).await;
        let what = format!("{}:{}", self.calls, self.fault.injected());
        let strace = inject(&program, self.thread, &what).await;
        let (calls, told) = (load.count(), load.unavailable());
        load.go_on();
        load.reach_unavailable(told + 20).await;
        // How it ends is its own affair.
        let _ = strace.stop().await;
        // Calls are answered again: more than could be on their way.
        let mut refused = load.unavailable();
        let mut answered = load.count() - refused;
        loop {
            load.reach(load.count() + 50).await;
            let now = load.unavailable();
            if now == refused && load.count() - now >= answered + 50 {
                break;
            }
            (refused, answered) = (now, load.count() - now);
        }
        assert_eq!(program.stop().await, Some(0), "{self:?}");
        load.count() - calls
    }
}

/// One case of each kind; all calls with all faults, early and late, in the full counts.
fn cases() -> Vec<Case> {
    let case = |(thread, calls), fault, nth| Case {
        thread,
        calls,
        fault,
        nth,
    };
    if !is_long() {
        return vec![
            case((WRITER, "fdatasync"), Fault::Eio, 5),
            case((WRITER, "pwrite64"), Fault::Enospc, 9),
            case((WRITER, "fdatasync"), Fault::Kill, 7),
            case((WRITER, RENAMES), Fault::Kill, 1),
            case((AHEAD, "fsync"), Fault::Eio, 1),
            case((AHEAD, "fallocate"), Fault::Enospc, 1),
        ];
    }
    let mut cases = Vec::new();
    for call in CALLS {
        let is_often = call.0 == WRITER && ["pwrite64", "fdatasync"].contains(&call.1);
        let numbers: &[usize] = if is_often { &[1, 2, 10, 300] } else { &[1, 2] };
        for fault in [Fault::Eio, Fault::Enospc, Fault::Kill] {
            for nth in numbers {
                let case = case(call, fault, *nth);
                // A full disk is full at each call.
                if !case.is_waited_for() || *nth == 1 {
                    cases.push(case);
                }
            }
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn long_kill_and_errors_at_the_logs_system_calls_lose_no_record_of_an_answered_call() {
    needs_strace();
    let (_, told) = drawn();
    println!("{told}");
    // Small segments, so that the next one is soon needed.
    let folder = folder().edit("segment: 4 MiB", "segment: 1 MiB");
    let audit = folder.prepared().audit.clone();
    let first = Program::sandbox(&folder).await;
    let load = Load::start(&folder).await;
    load.reach(1).await;
    assert_eq!(first.stop().await, Some(0));
    let cases = cases();
    for case in &cases {
        let calls = if case.is_waited_for() {
            case.fill(&folder, &load).await
        } else {
            case.strike(&folder, &load).await
        };
        println!("{}: {} {calls} calls", case.thread, case.inject());
        // The next start recovers, whatever the last one left.
        assert_eq!(Program::sandbox(&folder).await.stop().await, Some(0));
        assert_clean(&audit);
    }
    let answered = load.end().await;
    compare(&folder, &answered);
    println!(
        "{} faults, {} answered calls: {:?}",
        cases.len(),
        answered.len(),
        tally(&answered)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_fails_while_the_program_drains_makes_it_end_with_3() {
    needs_strace();
    let folder = folder();
    let mut program = Program::sandbox(&folder).await;
    let strace = inject(&program, WRITER, "fdatasync:error=EIO:when=1+").await;
    program.terminate();
    let code = program.ended().await;
    drop(strace);
    assert_eq!(code, Some(3), "{}", program.err());
    // What the next start finds is told of and served on.
    assert_eq!(Program::sandbox(&folder).await.stop().await, Some(0));
}
