//! A newcomer's browser on every page that people see: from the sandbox's start page through a demo
//! app to the bank, back, and out again, and every other ending. `conformance/browser` holds each
//! page against what it must be. `MORTISE_LONG=1` walks in every language, width and colour scheme,
//! with both apps, with and without scripts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::Program;

/// How long the driver may take for the few walks, and for all.
const FEW: Duration = Duration::from_mins(10);
const ALL: Duration = Duration::from_mins(90);

/// How many walks there are, and how many of them go everywhere.
const FEW_WALKS: (usize, usize) = (6, 2);
const ALL_WALKS: (usize, usize) = (48, 48);

/// The faults that the driver is tried with, and a page without one.
const FAULTS: usize = 20;

/// What each walk comes by.
const PAGES: [&str; 55] = [
    "start/front",
    "start/front/other-language",
    "start/front/codes",
    "start/nowhere",
    "start/call",
    "start/call/refused",
    "start/calls",
    "start/no-call",
    "app/front",
    "app/front/linked",
    "app/front/happened",
    "app/front/ended",
    "app/front/ended/code",
    "app/front/declined",
    "app/front/disconnected",
    "app/onward",
    "app/not-ours",
    "app/nowhere",
    "bank/log-in",
    "bank/log-in-again",
    "bank/log-in-again/locked",
    "bank/log-in-own",
    "bank/review",
    "bank/review-again",
    "bank/review/answers",
    "bank/confirm",
    "bank/confirm-again",
    "bank/done",
    "bank/permissions",
    "bank/permission",
    "bank/permission/withdrawn",
    "bank/withdraw",
    "bank/history",
    "bank/cancelled",
    "bank/refused",
    "bank/locked",
    "bank/timed-out",
    "bank/foreign-form",
    "bank/no-request/used",
    "bank/bad-request/stays",
    "bank/receipt",
    "start/front/at-400",
    "start/front/no-style",
    "app/front/at-400",
    "app/front/no-style",
    "bank/log-in/at-400",
    "bank/log-in/no-style",
    "bank/review/at-400",
    "bank/review/no-style",
    "bank/confirm/at-400",
    "bank/confirm/no-style",
    "bank/permission/at-400",
    "bank/permission/no-style",
    "bank/withdraw/at-400",
    "bank/withdraw/no-style",
];

/// What each walk comes by that goes everywhere.
const FURTHER: [&str; 12] = [
    "bank/review/more-time",
    "bank/review/more-time/gone",
    "bank/confirm/resent",
    "bank/review/joint",
    "bank/review/joint/reason",
    "bank/accounts",
    "bank/accounts/answers",
    "bank/accounts/wrong",
    "bank/review/with-code",
    "bank/review/with-code/answers",
    "bank/review/with-code/at-400",
    "bank/review-again/with-code",
];

/// One of the driver's programs, installed.
fn driver(program: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/browser");
    assert!(
        folder.join("node_modules/playwright-core").is_dir(),
        "{} lacks its packages: tests/run installs them",
        folder.display()
    );
    folder.join(program)
}

/// Runs it; its exit code, its lines and what it says of itself.
async fn walk(
    program: &Path,
    more: &[&str],
    patience: Duration,
    tell: impl FnMut(&str),
) -> (Option<i32>, String, String) {
    let mut command = Command::new("node");
    command
        .arg(driver("walk.mjs"))
        .arg("--program")
        .arg(program);
    let mut driver = Program::start(command.args(more));
    let code = driver.ended_telling(patience, tell).await;
    (code, driver.out(), driver.err())
}

#[tokio::test]
async fn long_browser_finds_nothing_wrong_with_any_page_on_any_way() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let (more, patience, (walks, everywhere)): (&[&str], _, _) = if is_long {
        (&["--all"], ALL, ALL_WALKS)
    } else {
        (&[], FEW, FEW_WALKS)
    };
    let program = Path::new(env!("CARGO_BIN_EXE_mortise"));
    let tell = |line: &str| println!("{line}");
    let (code, out, err) = walk(program, more, patience, tell).await;
    let failed: Vec<&str> = out
        .lines()
        .filter(|line| !line.starts_with("ok "))
        .collect();
    let [closing] = failed.as_slice() else {
        panic!("{failed:#?}\n{err}");
    };
    assert!(
        closing.starts_with(&format!("{walks} walks, ")),
        "{closing}"
    );
    assert!(closing.ends_with(" pages checked, 0 failed"), "{closing}");
    let seen = |page: &str| {
        let end = format!(" {page}");
        out.lines().filter(|line| line.ends_with(&end)).count()
    };
    for page in PAGES {
        assert_eq!(seen(page), walks, "{page}");
    }
    for page in FURTHER {
        assert_eq!(seen(page), everywhere, "{page}");
    }
    assert_eq!(code, Some(0), "{err}");
    println!("{closing}");
}

#[tokio::test]
async fn the_driver_notices_each_fault_of_a_page_and_no_other() {
    let mut driver = Program::start(Command::new("node").arg(driver("faults.mjs")));
    let code = driver.ended_within(FEW).await;
    let (out, err) = (driver.out(), driver.err());
    assert!(
        out.lines().all(|line| line.starts_with("ok ")),
        "{out}{err}"
    );
    assert_eq!((code, out.lines().count()), (Some(0), FAULTS), "{out}{err}");
}

#[tokio::test]
async fn the_driver_says_that_it_cannot_begin() {
    let nothing = Path::new("/nowhere/mortise");
    let (code, out, err) = walk(nothing, &[], FEW, |_| {}).await;
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    assert!(err.starts_with("it cannot begin: "), "{err}");
}
