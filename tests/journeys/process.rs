//! The real program as a child process: started, listened to, told to end, always reaped.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use kit::Folder;

/// How long anything here may take before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The program, without arguments yet.
pub(crate) fn mortise() -> Command {
    Command::new(env!("CARGO_BIN_EXE_mortise"))
}

/// How a short command ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output …
    pub(crate) out: String,
    /// … and to standard error.
    pub(crate) err: String,
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Finished {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("a program that starts");
    Finished {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `mortise audit verify` on a directory.
pub(crate) fn verify(dir: &Path) -> Finished {
    finish(mortise().args(["audit", "verify", "--dir"]).arg(dir))
}

/// Panics unless `mortise audit verify` calls a directory clean; gives what it printed.
pub(crate) fn assert_clean(dir: &Path) -> String {
    let verified = verify(dir);
    assert_eq!(verified.code, Some(0), "{verified:?}");
    let (first, _) = verified.out.split_once('\n').expect("a line");
    assert!(
        first.ends_with(": clean") && !first.starts_with("0 "),
        "{verified:?}"
    );
    verified.out
}

/// What a program has written so far.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// To standard output.
    pub(crate) out: String,
    /// To standard error.
    pub(crate) err: String,
    /// Streams that are still open: none once the program has ended.
    open: usize,
}

/// A running program. Dropped, it is killed and reaped.
pub(crate) struct Program {
    child: Child,
    written: watch::Receiver<Written>,
}

impl Program {
    /// Starts a command.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let (sender, written) = watch::channel(Written {
            open: 2,
            ..Written::default()
        });
        let out = child.stdout.take().expect("a pipe");
        let err = child.stderr.take().expect("a pipe");
        let errors = sender.clone();
        thread::spawn(move || follow(out, &sender, |written| &mut written.out));
        thread::spawn(move || follow(err, &errors, |written| &mut written.err));
        Self { child, written }
    }

    /// Starts the sandbox in a folder and waits until it is open.
    pub(crate) async fn sandbox(folder: &Folder) -> Self {
        let mut program = Self::start(mortise().args(["sandbox", "--dir"]).arg(folder.dir()));
        program.until_open().await;
        program
    }

    /// Waits until a sandbox has printed its commands.
    pub(crate) async fn until_open(&mut self) {
        self.until("an open sandbox", |written| {
            written.out.matches("\n→ ").count() == 7
        })
        .await;
    }

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What was written so far.
    pub(crate) fn out(&self) -> String {
        self.written.borrow().out.clone()
    }

    /// The same of standard error.
    pub(crate) fn err(&self) -> String {
        self.written.borrow().err.clone()
    }

    /// Waits for something to be written; panics when the program ends before.
    pub(crate) async fn until(&mut self, what: &str, is_there: impl Fn(&Written) -> bool) {
        let seen = self
            .written
            .wait_for(|written| is_there(written) || written.open == 0);
        let seen = tokio::time::timeout(PATIENCE, seen).await;
        let seen = seen.unwrap_or_else(|_| panic!("waited too long for {what}"));
        let seen = seen.expect("a thread that follows the program");
        assert!(
            is_there(&seen),
            "the program ended without {what}: {seen:?}"
        );
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        // The shell's own `kill`: no further package is needed.
        let sent = finish(Command::new("sh").args(["-c", &format!("kill -TERM {}", self.id())]));
        assert_eq!(sent.code, Some(0), "{sent:?}");
    }

    /// Waits for its end and gives the exit code, none when a signal ended it.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        self.ended_within(PATIENCE).await
    }

    /// The same, of a program that may take so long.
    pub(crate) async fn ended_within(&mut self, patience: Duration) -> Option<i32> {
        let seen = self.written.wait_for(|written| written.open == 0);
        let seen = tokio::time::timeout(patience, seen).await;
        let is_closed = seen.is_ok_and(|seen| seen.is_ok());
        assert!(is_closed, "waited too long for the program's end");
        self.child.wait().expect("a child of ours").code()
    }

    /// The same, telling each line that it writes to standard error as it comes.
    pub(crate) async fn ended_telling(
        &mut self,
        patience: Duration,
        mut tell: impl FnMut(&str),
    ) -> Option<i32> {
        let mut told = 0;
        let telling = async {
            loop {
                let is_open = {
                    let seen = self.written.borrow_and_update();
                    for line in seen.err.lines().skip(told) {
                        tell(line);
                        told += 1;
                    }
                    seen.open > 0
                };
                if !is_open || self.written.changed().await.is_err() {
                    break;
                }
            }
        };
        let ended = tokio::time::timeout(patience, telling).await;
        assert!(ended.is_ok(), "waited too long for the program's end");
        self.child.wait().expect("a child of ours").code()
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(mut self) -> Option<i32> {
        self.terminate();
        self.ended().await
    }

    /// Kills it (SIGKILL) and reaps it.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a running program");
        self.child.wait().expect("a child of ours");
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn follow(
    stream: impl Read,
    sender: &watch::Sender<Written>,
    place: impl Fn(&mut Written) -> &mut String,
) {
    for line in BufReader::new(stream).split(b'\n') {
        let Ok(line) = line else { break };
        sender.send_modify(|written| {
            let text = place(written);
            text.push_str(&String::from_utf8_lossy(&line));
            text.push('\n');
        });
    }
    sender.send_modify(|written| written.open -= 1);
}

/// Repeats a look at something real until it shows what is wanted.
pub(crate) async fn eventually<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let search = async {
        loop {
            if let Some(found) = look() {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, search).await;
    found.unwrap_or_else(|_| panic!("waited too long for {what}"))
}
