//! The ways to ask the running program: SIGHUP, `mortise reload`, and in the sandbox a saved file.

use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Command;

use kit::{Folder, Method, Partner, Script, ScriptedBank, Version, records, whole};

use crate::extra;
use crate::process::{Finished, Program, assert_clean, finish, mortise};

const OWN: &str = "/extra/own";
const NOTHING: &str = "nothing was changed: what was in force stays\n";

/// A folder for `mortise serve` with a product of its own, and the bank behind it.
async fn folder(script: Script) -> (Folder, ScriptedBank) {
    let bank = ScriptedBank::start(script).await;
    let folder = extra::add_to(Folder::new(), "extra", bank.address);
    (folder.with_production_certificates(), bank)
}

fn answers() -> Script {
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                  content-length: 2\r\nconnection: close\r\n\r\n{}";
    Script::Answer(answer.as_bytes().to_vec())
}

async fn serve(folder: &Folder) -> Program {
    let mut program = Program::start(mortise().args(["serve", "--config"]).arg(folder.config()));
    program
        .until("open listeners", |written| {
            written.err.matches("\"listening\"").count() == 2
        })
        .await;
    program
}

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
    let (folder, _bank) = folder(answers()).await;
    let program = serve(&folder).await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let token = partner.bearer_in(&folder, "extra").await;
    let dial = folder.dial(Some(&partner.identity), Version::Http2);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let headers = [("authorization", token.as_str())];
    client.get(OWN, &headers).await.ok();

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
    let checked = finish(mortise().arg("check").arg(folder.config()));
    assert!(checked.err.contains("actve"), "{checked:?}");
    let refused = reload(&folder, &[]);
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""));
    assert_eq!(refused.err, format!("{}{NOTHING}", checked.err));
    client.get(OWN, &headers).await.ok();

    edit(&folder, "standing: actve", "standing: suspended");
    let done = reload(&folder, &[]);
    assert_eq!(done.out, "reloaded: snapshot 4 is in force\n", "{done:?}");
    client
        .get(OWN, &headers)
        .await
        .refused(403, "partner_suspended");
    assert_eq!(program.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
    let told = ["apply 1", "apply 2", "apply 3", "reject 3", "apply 4"];
    assert_eq!(types(&folder), told.map(|told| format!("config.{told}")));
    let gone = reload(&folder, &[]);
    assert_eq!(gone.code, Some(2), "{gone:?}");
    assert!(gone.err.contains("no gateway runs"), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_a_restart_is_refused_by_its_key() {
    let (folder, _bank) = folder(answers()).await;
    let program = serve(&folder).await;
    edit(&folder, "dir: audit,", "dir: log,");
    let refused = reload(&folder, &[]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    for words in [
        "`audit.dir` cannot change while the gateway runs",
        "help: restart",
        NOTHING,
    ] {
        assert!(refused.err.contains(words), "{words}: {refused:?}");
    }
    let json = reload(&folder, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["fixed"].as_array().map(Vec::len), Some(1), "{json}");
    assert_eq!(program.stop().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_reads_the_file_again_and_the_log_says_what_came_of_it() {
    let (folder, _bank) = folder(answers()).await;
    let mut program = serve(&folder).await;
    let hang_up = |program: &Program| {
        let script = format!("kill -HUP {}", program.id());
        let sent = finish(Command::new("sh").args(["-c", &script]));
        assert_eq!(sent.code, Some(0), "{sent:?}");
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
    let told = ["apply 1", "apply 2", "reject 2"];
    assert_eq!(types(&folder), told.map(|told| format!("config.{told}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_bears_nonsense_and_a_dead_houses_socket_is_replaced() {
    let (folder, _bank) = folder(answers()).await;
    let program = serve(&folder).await;
    let socket = folder.dir().join("control.sock");
    for nonsense in [
        "\n".to_owned(),
        "{}\n".to_owned(),
        "{\"order\":{\"order\":\"destroy\"},\"coloured\":false,\"width\":80}\n".to_owned(),
        "x".repeat(100_000),
    ] {
        let mut stream = UnixStream::connect(&socket).expect("an open door");
        // It may be closed before all of it was taken.
        let _ = stream.write_all(nonsense.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let answer = std::io::read_to_string(stream).unwrap_or_default();
        assert!(!answer.contains("\"done\""), "{answer}");
    }
    assert_eq!(reload(&folder, &[]).code, Some(0));
    // Killed, it leaves its socket behind: nobody answers there, and the next house takes it.
    program.kill();
    assert!(socket.exists());
    assert_eq!(reload(&folder, &[]).code, Some(2));
    let program = serve(&folder).await;
    let data = finish(mortise().args(["reload", "--data"]).arg(folder.dir()));
    assert_eq!(data.out, "reloaded: snapshot 2 is in force\n", "{data:?}");
    // Another house cannot have this folder, and does not take the socket away.
    let second = finish(mortise().args(["serve", "--config"]).arg(folder.config()));
    assert_eq!(second.code, Some(3), "{second:?}");
    assert_eq!(reload(&folder, &[]).code, Some(0));
    assert_eq!(program.stop().await, Some(0));
    assert!(!socket.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_is_draining_reloads_no_more_and_finishes_what_is_open() {
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let (folder, bank) = folder(Script::Pause(first, b"56789".to_vec())).await;
    let mut program = serve(&folder).await;
    let dial = folder.dial(None, Version::Http1);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let open = client
        .send(Method::GET, "/extra/open", &[], whole(""))
        .await
        .expect("a head");
    program.terminate();
    program
        .until("a drain", |written| written.err.contains("\"draining\""))
        .await;
    let refused = reload(&folder, &[]);
    assert!(matches!(refused.code, Some(2 | 3)), "{refused:?}");
    bank.release();
    let answer = kit::read(open).await.expect("a whole answer");
    assert_eq!(&answer.body[..], b"0123456789");
    assert_eq!(program.ended().await, Some(0), "{}", program.err());
    assert_eq!(types(&folder), ["config.apply 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_sandbox_a_saved_file_comes_into_force_by_itself() {
    let folder = Folder::new();
    let mut sandbox = Program::sandbox(&folder).await;
    let save = |file: &str, old: &str, new: &str| {
        // As editors do: written beside it, then renamed over it.
        let path = folder.dir().join(file);
        let text = std::fs::read_to_string(&path).expect("a readable file");
        assert!(text.contains(old), "{file} lacks {old}");
        let beside = path.with_extension("saved");
        std::fs::write(&beside, text.replace(old, new)).expect("a writable file");
        std::fs::rename(&beside, &path).expect("a writable folder");
    };
    save("gateway.yaml", "burst: 10 requests", "burst: 11 requests");
    sandbox
        .until("a reload", |written| {
            written.out.contains("reloaded: snapshot 2 is in force\n")
        })
        .await;
    save(
        "apis/fx.yaml",
        "x-mortise-class: open",
        "x-mortise-class: opn",
    );
    sandbox
        .until("a refusal", |written| {
            written.err.contains("x-mortise-class") && written.err.contains(NOTHING)
        })
        .await;
    save(
        "apis/fx.yaml",
        "x-mortise-class: opn",
        "x-mortise-class: open",
    );
    sandbox
        .until("another reload", |written| {
            written.out.contains("reloaded: snapshot 3 is in force\n")
        })
        .await;
    assert_eq!(sandbox.stop().await, Some(0));
}
