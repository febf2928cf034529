//! The ways to ask the running program: SIGHUP and `mortise reload`.

use std::process::Command;

use kit::{Folder, Partner, Version, records};

use crate::process::{Finished, Program, assert_clean, finish, mortise};

const BRANCHES: &str = "/branches/v1/branches";

/// `mortise reload` for the program that runs in a folder.
fn reload(folder: &Folder, arguments: &[&str]) -> Finished {
    let config = folder.config();
    finish(
        mortise()
            .args(["reload", "--config"])
            .arg(config)
            .args(arguments),
    )
}

/// Replaces text in the configuration of a running program.
fn edit(folder: &Folder, old: &str, new: &str) {
    let text = std::fs::read_to_string(folder.config()).expect("a readable file");
    assert!(text.contains(old), "the configuration lacks: {old}\n{text}");
    std::fs::write(folder.config(), text.replace(old, new)).expect("a writable file");
}

fn types(folder: &Folder) -> Vec<String> {
    let kept = records(&folder.prepared().audit);
    let config = kept.iter().filter_map(|record| {
        let kind = record["type"].as_str()?;
        let is_config = kind.starts_with("config.");
        is_config.then(|| format!("{kind} {}", record["cfg"]))
    });
    config.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_prints_the_snapshots_number_or_every_mistake_as_check_does() {
    let folder = Folder::new();
    let program = Program::sandbox(&folder).await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let token = partner.bearer_in(&folder, "branches").await;
    let dial = folder.dial(Some(&partner.identity), Version::Http2);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let headers = [("authorization", token.as_str())];
    client.get(BRANCHES, &headers).await.ok();

    let done = reload(&folder, &[]);
    assert_eq!(
        (done.code, done.out.as_str()),
        (Some(0), "reloaded: snapshot 2 is in force\n"),
        "{done:?}"
    );
    let json = reload(&folder, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["snapshot"], 3);

    edit(&folder, "standing: active", "standing: actve");
    let config = folder.config();
    let checked = finish(mortise().arg("check").arg(&config).arg("--sandbox"));
    let refused = reload(&folder, &[]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    let printed = format!(
        "{}nothing was changed: what was in force stays\n",
        checked.err
    );
    assert_eq!(refused.err, printed);
    assert!(checked.err.contains("actve"), "{checked:?}");
    client.get(BRANCHES, &headers).await.ok();

    edit(&folder, "standing: actve", "standing: suspended");
    let done = reload(&folder, &[]);
    assert_eq!(done.out, "reloaded: snapshot 4 is in force\n", "{done:?}");
    client
        .get(BRANCHES, &headers)
        .await
        .refused(403, "partner_suspended");
    assert_eq!(program.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
    assert_eq!(
        types(&folder),
        [
            "config.apply 1",
            "config.apply 2",
            "config.apply 3",
            "config.reject 3",
            "config.apply 4"
        ]
    );
    let gone = reload(&folder, &[]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.err.contains("no gateway runs"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_the_file_again_and_the_log_says_what_came_of_it() {
    let folder = Folder::new();
    let mut program = Program::sandbox(&folder).await;
    let hang_up = |program: &Program| {
        let script = format!("kill -HUP {}", program.id());
        assert_eq!(
            finish(Command::new("sh").args(["-c", &script])).code,
            Some(0)
        );
    };
    hang_up(&program);
    program
        .until("a reload", |written| written.err.contains("\"snapshot\":2"))
        .await;
    edit(&folder, "standing: active", "standing: actve");
    hang_up(&program);
    program
        .until("a refusal", |written| {
            written.err.contains("was not applied") && written.err.contains("actve")
        })
        .await;
    assert_eq!(program.stop().await, Some(0));
    assert_eq!(
        types(&folder),
        ["config.apply 1", "config.apply 2", "config.reject 2"]
    );
}
