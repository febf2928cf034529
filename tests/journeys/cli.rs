//! The command line: how a configuration is named, and what a program reads of a command that
//! could not do its work.

use kit::Folder;
use serde_json::Value;

use crate::process::{Finished, Program, finish, mortise};

/// Runs a command in a folder.
fn run(folder: &Folder, arguments: &[&str]) -> Finished {
    finish(mortise().current_dir(folder.dir()).args(arguments))
}

fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.out).unwrap_or_else(|e| panic!("{e}: {finished:?}"))
}

/// A gateway that runs in the folder, its file named as it is there.
async fn serve(folder: &Folder, arguments: &[&str]) -> Program {
    let mut command = mortise();
    let command = command.current_dir(folder.dir()).arg("serve");
    let mut program = Program::start(command.args(arguments));
    program
        .until("open listeners", |written| {
            written.err.matches("\"listening\"").count() == 2
        })
        .await;
    program
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_takes_its_file_with_and_without_its_name() {
    let folder = Folder::new().with_production_certificates();
    std::fs::rename(folder.config(), folder.dir().join("run.yaml")).expect("renamed");
    for file in [&["run.yaml"][..], &["--config", "run.yaml"]] {
        let program = serve(&folder, file).await;
        for command in [
            &["check"][..],
            &["prove"],
            &["reload"],
            &["keys", "list"],
            &["partner", "assertion", "swiftride-app"],
        ] {
            let done = run(&folder, &[command, file].concat());
            assert_eq!(done.code, Some(0), "{command:?} {file:?}: {done:?}");
        }
        assert_eq!(program.stop().await, Some(0));
    }
    for command in [
        &["serve"][..],
        &["check"],
        &["prove"],
        &["reload"],
        &["keys", "list"],
        &["partner", "assertion", "swiftride-app"],
    ] {
        let twice = run(
            &folder,
            &[command, &["a.yaml", "--config", "b.yaml"]].concat(),
        );
        assert_eq!(twice.code, Some(2), "{command:?}: {twice:?}");
        assert!(twice.err.contains("cannot be used with"), "{twice:?}");
    }
    for word in [&["run.yaml"][..], &["--config", "run.yaml"]] {
        let both = run(&folder, &[&["reload", "--data", "."], word].concat());
        assert_eq!(both.code, Some(2), "{both:?}");
    }
}

#[test]
fn a_commands_own_help_stays_beside_the_files() {
    for (command, words) in [
        ("serve", "Run the gateway"),
        ("check", "Check a configuration file"),
        ("prove", "Prove what guards each operation"),
        (
            "reload",
            "Make the running gateway read its configuration again",
        ),
    ] {
        let help = finish(mortise().args([command, "--help"]));
        assert_eq!(help.code, Some(0), "{help:?}");
        assert!(help.out.starts_with(words), "{help:?}");
        assert!(help.out.contains("[default: gateway.yaml]"), "{help:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_store_was_moved_in_the_file_is_found_by_its_old_folder() {
    let folder = Folder::new().with_production_certificates();
    let program = serve(&folder, &[]).await;
    let folder = folder.edit("path: mortise.sqlite", "path: elsewhere/mortise.sqlite");
    let lost = run(&folder, &["reload"]);
    assert_eq!(lost.code, Some(2), "{lost:?}");
    let help = "help: if `store.path` was changed: a running gateway is found by its old folder, \
                `--data DIR`\n";
    assert!(lost.err.contains(help), "{lost:?}");
    let found = run(&folder, &["reload", "--data", "."]);
    assert_eq!(found.code, Some(1), "{found:?}");
    assert!(
        found.err.contains("`store.path` cannot change"),
        "{found:?}"
    );
    assert_eq!(program.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_runs_and_the_one_that_was_meant_are_named_in_the_same_way() {
    let folder = Folder::new().with_production_certificates();
    let text = std::fs::read_to_string(folder.config()).expect("a readable file");
    let folder = folder.write("run.yaml", &text);
    let program = serve(&folder, &["run.yaml"]).await;
    let other = run(&folder, &["reload", "gateway.yaml"]);
    assert_eq!(other.code, Some(1), "{other:?}");
    let dir = folder.dir().canonicalize().expect("the folder");
    let dir = dir.display();
    let what = format!("the running gateway reads {dir}/run.yaml, not {dir}/gateway.yaml\n");
    assert!(other.err.contains(&what), "{what}{other:?}");
    assert_eq!(program.stop().await, Some(0));
}

#[test]
fn what_could_not_be_done_is_json_too_where_json_was_asked_for() {
    let folder = Folder::new();
    let nobody = run(&folder, &["reload", "--json"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    let error = json(&nobody)["error"].as_str().map(str::to_owned);
    let error = error.unwrap_or_else(|| panic!("{nobody:?}"));
    assert!(error.starts_with("no gateway runs on"), "{error}");
    let unread = run(&folder, &["reload", "nope.yaml", "--json"]);
    assert_eq!(unread.code, Some(2), "{unread:?}");
    assert_eq!(json(&unread)["mistakes"][0]["code"], "unreadable");
    let keys = run(&folder, &["keys", "list", "nope.yaml", "--json"]);
    assert_eq!(keys.code, Some(2), "{keys:?}");
    assert_eq!(json(&keys), json(&unread));
    let folder = folder.edit("store: {", "stores: {");
    let lost = run(&folder, &["reload", "--json"]);
    assert_eq!(lost.code, Some(1), "{lost:?}");
    assert!(json(&lost)["count"].as_u64() > Some(0), "{lost:?}");
}
