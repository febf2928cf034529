//! The README's commands, run as a newcomer would: in a checkout, top to bottom.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use kit::Reserved;

use crate::process::{Program, finish};

/// What is not run here: it is what runs this.
const NOT_RUN: &[&str] = &["tests/run", ".ci/run"];

/// The lines of the README's blocks marked `sh`, comments left out, continued lines joined.
fn commands(readme: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let (mut is_inside, mut is_continued) = (false, false);
    for line in readme.lines() {
        if let Some(mark) = line.strip_prefix("```") {
            is_inside = !is_inside && mark.trim() == "sh";
            continue;
        }
        let line = line.trim();
        if !is_inside || line.is_empty() || line.starts_with('#') {
            continue;
        }
        match found.last_mut() {
            Some(last) if is_continued => {
                last.push('\n');
                last.push_str(line);
            }
            _ => found.push(line.to_owned()),
        }
        is_continued = line.ends_with('\\');
    }
    found.retain(|command| !NOT_RUN.iter().any(|left_out| command.starts_with(left_out)));
    found
}

/// The command with the program that was built in the place of the one that a newcomer would have
/// cargo build or find where cargo puts it: cargo holds a lock while it runs these tests, and would
/// build for minutes what stands there already.
fn with_built(command: &str) -> String {
    let built = env!("CARGO_BIN_EXE_mortise");
    let program = ["cargo run --release -- ", "target/release/mortise "]
        .into_iter()
        .find_map(|program| command.strip_prefix(program));
    program.map_or_else(|| command.to_owned(), |rest| format!("{built} {rest}"))
}

/// A folder with the checkout's files in it, where commands may leave their own.
fn checkout() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for entry in std::fs::read_dir(root).expect("the checkout").flatten() {
        if entry.file_name() != "mortise-sandbox" {
            symlink(entry.path(), folder.path().join(entry.file_name())).expect("a link");
        }
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_works() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("README.md");
    let commands = commands(&readme);
    assert!(
        commands
            .iter()
            .any(|command| command.contains("-- sandbox")),
        "{commands:?}"
    );
    let folder = checkout();
    // The sandbox's own ports may be taken where tests run: free ones stand for them.
    let ports = [("--api", "8443"), ("--issuer", "8444"), ("--bank", "8445")]
        .map(|(option, usual)| (option, usual, Reserved::port()));
    let mut sandbox = None;
    for command in commands {
        let mut line = with_built(&command);
        assert!(
            !line.contains("cargo"),
            "say in this test how this is run: {command}"
        );
        for (_, usual, port) in &ports {
            let free = format!("localhost:{}", port.address.port());
            line = line.replace(&format!("localhost:{usual}"), &free);
        }
        let mut shell = Command::new("sh");
        shell.current_dir(folder.path());
        if line.starts_with(&format!("{} sandbox", env!("CARGO_BIN_EXE_mortise"))) {
            let options = ports
                .iter()
                .map(|(option, _, port)| format!(" {option} {}", port.address));
            let line = format!("exec {}{}", line, options.collect::<String>());
            let mut program = Program::start(shell.args(["-c", &line]));
            program.until_open().await;
            sandbox = Some(program);
            continue;
        }
        let finished = finish(shell.args(["-ec", &line]));
        assert_eq!(finished.code, Some(0), "{command}\n{finished:#?}");
    }
    let sandbox = sandbox.expect("a command that starts the sandbox");
    assert_eq!(sandbox.stop().await, Some(0));
}

#[test]
fn the_blocks_are_read_line_by_line() {
    let text = "a\n```sh\n# no\nmortise check \\\n  x\n\ntests/run\n```\n```yaml\nb: c\n```\n";
    assert_eq!(commands(text), ["mortise check \\\nx"]);
    assert!(with_built("cargo run --release -- sandbox").ends_with("/mortise sandbox"));
}
