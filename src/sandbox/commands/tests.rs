use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Output;

use model::MovedClock;

use super::*;
use crate::{Plan, prepare};

/// A sandbox in a folder whose name a shell could misread, with a `curl` and a program that tell
/// what they were given.
struct Bench {
    folder: tempfile::TempDir,
    prepared: Prepared,
}

/// Answers a token to who asks with the assertion that the program gave; else prints its words.
const CURL: &str = r#"case "$*" in
*"client_assertion=assertion for swiftride-app"*/token) printf '{"access_token":"a.b.c","scope":"x"}' ;;
*) printf '%s\n' "$@" ;;
esac
"#;
const PROGRAM: &str = r#"test "$1 $2" = "partner assertion" && printf 'assertion for %s' "$3"
test "$1" = audit && printf '%s\n' "$@" || true
"#;

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("it's $HOME `here`");
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let plan = Plan {
            api: at(8443),
            issuer: at(9443),
            bank: at(7443),
            swiftride: at(8447),
            cartwheel: at(8448),
            template: None,
        };
        let clock = MovedClock::stopped();
        let random = crypto::SeededRandom::new(1);
        let prepared = prepare(&dir, &plan, &clock, &random).expect("prepared");
        let bench = Self { folder, prepared };
        Self::script(&bench.folder.path().join("curl"), CURL);
        Self::script(&bench.program(), PROGRAM);
        bench
    }

    fn script(path: &Path, body: &str) {
        fs::write(path, format!("#!/bin/sh\n{body}")).expect("written");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("executable");
    }

    fn program(&self) -> PathBuf {
        self.prepared.dir.join("mortise")
    }

    fn commands(&self) -> Vec<Command> {
        commands(&self.prepared, &self.program())
    }

    fn run(&self, title: &str) -> String {
        let command = self.commands();
        let command = command.iter().find(|command| command.title.contains(title));
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        let output: Output = std::process::Command::new("/bin/sh")
            .arg("-c")
            .arg(&command.expect("such a command").lines)
            .current_dir("/")
            .env_clear()
            .env("PATH", path)
            .output()
            .expect("sh runs");
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

#[test]
fn each_path_is_one_word_whatever_the_folder_is_called() {
    let bench = Bench::new();
    let authority = bench.prepared.server_authority.display().to_string();
    assert_eq!(
        bench.run("exchange rates").lines().collect::<Vec<_>>(),
        [
            "-sS",
            "-i",
            "-w",
            "\\n",
            "--cacert",
            &authority,
            "https://localhost:8443/fx/v1/rates?base=CNY&quote=EUR",
        ]
    );
    let audit = bench.prepared.audit.display().to_string();
    let expected = ["audit", "verify", "--dir", &audit];
    assert_eq!(bench.run("Verify").lines().collect::<Vec<_>>(), expected);
}

#[test]
fn the_token_that_was_answered_reaches_the_call() {
    let bench = Bench::new();
    assert!(bench.run("access token").contains("a.b.c"));
    let words = bench.run("Call a partner API");
    assert!(words.contains("\nAuthorization: Bearer a.b.c\n"), "{words}");
    let key = bench.prepared.partners[0].key.display().to_string();
    assert!(words.contains(&format!("\n--key\n{key}\n")), "{words}");
    assert!(!bench.run("refusal").contains("Authorization"));
}

#[test]
fn the_limit_command_counts_lines() {
    let words = Bench::new().run("limit");
    assert!(words.contains("1 Authorization: Bearer a.b.c"), "{words}");
    assert!(words.contains("offset=[1-30]"), "{words}");
}

#[test]
fn commands_stand_alone_on_lines_indented_by_two() {
    let bench = Bench::new();
    let commands = bench.commands();
    let text = render(&commands);
    let copied: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .collect();
    let all = commands.iter().flat_map(|command| command.lines.lines());
    assert_eq!(copied, all.collect::<Vec<_>>());
    assert!(!text.contains("\n\n\n"), "one blank line between thoughts");
}

#[test]
fn no_command_holds_a_token_made_beforehand() {
    let bench = Bench::new();
    for command in &bench.commands() {
        assert!(!command.lines.contains("eyJ"), "{}", command.title);
        let asks = command.lines.contains("grant_type=client_credentials");
        let signs = command.lines.contains("partner assertion swiftride-app");
        assert_eq!(asks, signs, "{}", command.title);
    }
}
