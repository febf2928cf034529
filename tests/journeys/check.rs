//! `mortise check`: every mistake in one run, at its place, with what would be right. And `serve`,
//! which takes no sandbox's certificates.

use kit::{Folder, Partner, Script, ScriptedBank, StatusCode, Version};

use crate::process::{Finished, Program, assert_clean, finish, mortise};

fn check(folder: &Folder, arguments: &[&str]) -> Finished {
    finish(mortise().arg("check").arg(folder.config()).args(arguments))
}

/// Line and column, from 1, of a text in the configuration.
fn place(folder: &Folder, text: &str) -> (usize, usize) {
    let file = std::fs::read_to_string(folder.config()).expect("a readable file");
    let at = file
        .find(text)
        .unwrap_or_else(|| panic!("the configuration lacks {text}"));
    let before = &file[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

#[test]
fn a_good_file_is_called_good_and_nothing_is_started() {
    let folder = Folder::new();
    let checked = check(&folder, &["--sandbox"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(
        checked.out.contains("is good: 1 bank, 2 partners, "),
        "{checked:?}"
    );
    assert!(checked.err.is_empty(), "{checked:?}");
    assert!(!folder.prepared().audit.exists() && !folder.dir().join("mortise.sqlite").exists());
    let json = check(&folder, &["--sandbox", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(
        (json.code, &report),
        (
            Some(0),
            &serde_json::json!({ "mistakes": [], "count": 0, "files": 0 })
        )
    );
}

#[test]
fn all_mistakes_come_in_one_run_each_at_its_place_with_the_right_name() {
    let folder = Folder::new()
        .edit(
            "client_certificates: optional",
            "client_certificate: optional",
        )
        .edit("rate: 5/s", "rate: 5")
        .edit("partner: cartwheel,", "partner: cartwheal,")
        .edit(
            "branches.yaml, upstream: core,",
            "branches.yaml, upstream: cor,",
        )
        .edit("standing: active", "standing: activ");
    let wanted = [
        ("client_certificate: optional", "client_certificates"),
        ("5, burst", "600/min"),
        ("cartwheal", "cartwheel"),
        ("cor,", "core"),
        ("activ\n", "active"),
    ];
    let shown = check(&folder, &["--sandbox"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(shown.out.is_empty(), "{shown:?}");
    let json = check(&folder, &["--sandbox", "--json"]);
    assert_eq!(json.code, Some(1), "{json:?}");
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let mistakes = report["mistakes"].as_array().expect("a list");
    assert_eq!(report["count"], mistakes.len(), "{report:#}");
    for (text, right) in wanted {
        let (line, column) = place(&folder, text);
        let at = format!("gateway.yaml:{line}:{column}");
        assert!(shown.err.contains(&at), "{at} for {text}:\n{}", shown.err);
        let is_it =
            |mistake: &&serde_json::Value| mistake["line"] == line && mistake["column"] == column;
        let mistake = mistakes.iter().find(is_it);
        let mistake = mistake.unwrap_or_else(|| panic!("{at} for {text}: {report:#}"));
        let words = mistake.to_string();
        assert!(
            words.contains(&format!("`{right}`")),
            "{right}: {mistake:#}"
        );
        assert!(shown.err.contains(right), "{right}: {}", shown.err);
    }
}

#[test]
fn included_files_are_checked_with_the_rest_and_named_where_they_are_wrong() {
    let part = "edition: 2026-11\nplans:\n  second: { rate: 1, burst: 1 requests, concurrent: 1 \
                requests }\n";
    let folder = Folder::new()
        .edit(
            "edition: 2026-11",
            "edition: 2026-11\ninclude: [file:more-plans.yaml]",
        )
        .edit("standing: active", "standing: activ")
        .write("more-plans.yaml", part);
    let shown = check(&folder, &["--sandbox"]);
    assert_eq!(shown.code, Some(1), "{shown:?}");
    assert!(shown.err.contains("more-plans.yaml:3:19"), "{shown:?}");
    assert!(shown.err.ends_with("mistakes in 2 files\n"), "{shown:?}");
    let json = check(&folder, &["--sandbox", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(report["files"], 2, "{report:#}");
    let rate = report["mistakes"].as_array().expect("a list").iter();
    let rate = rate
        .clone()
        .find(|mistake| mistake["line"] == 3 && mistake["column"] == 19);
    let rate = rate.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(rate["code"], "unit", "{rate:#}");
    assert_eq!(rate["end"], serde_json::json!({ "line": 3, "column": 20 }));
    assert!(
        rate["what"].is_string() && rate["help"].is_string(),
        "{rate:#}"
    );
}

#[test]
fn every_default_in_force_is_told_with_the_line_that_could_change_it() {
    let folder = Folder::new();
    let told = check(&folder, &["--sandbox", "--explain"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let (line, column) = place(&folder, "audit: {");
    let at = format!("gateway.yaml:{line}:{column} in the section");
    let node = told
        .out
        .lines()
        .find(|line| line.starts_with("audit.node "));
    let node = node.unwrap_or_else(|| panic!("{told:?}"));
    assert!(node.contains(" node-1 ") && node.ends_with(&at), "{node}");
    let (line, column) = place(&folder, "standard ");
    let at = format!("gateway.yaml:{line}:{column} instead of `standard`");
    let body = told
        .out
        .lines()
        .find(|line| line.starts_with("listeners.api.limits.body_max "));
    let body = body.unwrap_or_else(|| panic!("{told:?}"));
    assert!(body.contains(" 10 MiB ") && body.ends_with(&at), "{body}");
    // What is written is no default.
    assert!(!told.out.contains("audit.segment"), "{told:?}");

    let json = check(&folder, &["--sandbox", "--explain", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    let defaults = report["defaults"].as_array().expect("a list");
    let told_count = format!("{} defaults in force\n", defaults.len());
    assert!(told.out.ends_with(&told_count), "{told_count}: {told:?}");
    let drain = defaults.iter().find(|one| one["key"] == "drain");
    let drain = drain.unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(drain["value"], "30s", "{drain:#}");
}

#[test]
fn the_schema_is_printed_and_a_part_needs_no_section() {
    let whole = finish(mortise().arg("schema"));
    assert_eq!(whole.code, Some(0), "{whole:?}");
    let agreed = include_str!("../../config/gateway.schema.json");
    assert_eq!(whole.out, agreed);
    let part = finish(mortise().args(["schema", "--part"]));
    let part: serde_json::Value = serde_json::from_str(&part.out).expect("JSON");
    let mut whole: serde_json::Value = serde_json::from_str(&whole.out).expect("JSON");
    assert_eq!(part["required"], serde_json::json!(["edition"]));
    whole["required"] = part["required"].clone();
    whole["title"] = part["title"].clone();
    assert_eq!(part, whole);
}

#[test]
fn outside_the_sandbox_its_authorities_are_refused_and_the_reason_is_said() {
    let folder = Folder::new();
    for refused in [
        check(&folder, &[]),
        finish(mortise().args(["serve", "--config"]).arg(folder.config())),
    ] {
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains("sandbox"), "{refused:?}");
        for file in [
            "trust/partners-ca.pem",
            "tls/gateway.pem",
            "trust/servers-ca.pem",
        ] {
            let (line, _) = place(&folder, &format!("file:{file}"));
            assert!(
                refused.err.contains(&format!("gateway.yaml:{line}:")),
                "{file}: {refused:?}"
            );
        }
    }
    assert!(
        !folder.prepared().audit.exists(),
        "a refused file left a trace"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn serve_runs_with_certificates_that_bear_no_marker() {
    let body = "{\"rates\":\"of the bank's own\"}";
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let bank = ScriptedBank::start(Script::Answer(answer.into_bytes())).await;
    let folder = Folder::new().with_production_certificates();
    let text = std::fs::read_to_string(folder.config()).expect("a readable file");
    let (start, rest) = text.split_once("      core:").expect("the upstream");
    let (_, end) = rest.split_once("    products:").expect("the products");
    let upstream = format!(
        "      core: {{ endpoints: [\"{}\"], tls: none, limits: standard }}\n    products:",
        bank.address
    );
    let folder = folder.write("gateway.yaml", &format!("{start}{upstream}{end}"));

    let checked = check(&folder, &[]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let mut serving = Program::start(mortise().args(["serve", "--config"]).arg(folder.config()));
    serving
        .until("two listeners", |written| {
            written.err.matches("\"listening\"").count() == 2
        })
        .await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let dial = folder.dial(Some(&partner.identity), Version::Http2);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let open = client.get("/fx/v1/rates", &[]).await;
    assert_eq!(
        (open.status, &open.body[..]),
        (StatusCode::OK, body.as_bytes())
    );
    let token = partner.bearer_in(&folder, "branches").await;
    let own = client
        .get("/branches/v1/branches", &[("authorization", &token)])
        .await;
    assert_eq!(
        (own.status, &own.body[..]),
        (StatusCode::OK, body.as_bytes()),
        "{own:?}"
    );
    let refused = client.get("/branches/v1/branches", &[]).await;
    assert_eq!(
        (refused.status, refused.code()),
        (StatusCode::UNAUTHORIZED, "no_token".into())
    );
    assert_eq!(bank.calls(), 2);
    assert_eq!(serving.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
}

#[test]
fn serve_says_which_address_it_cannot_have_and_leaves_no_trace() {
    let folder = Folder::new().with_production_certificates();
    let taken = std::net::TcpListener::bind(folder.issuer()).expect("the reserved port");
    let refused = finish(mortise().args(["serve", "--config"]).arg(folder.config()));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let address = taken.local_addr().expect("an address").to_string();
    for said in ["`issuer`", &address, "another `address`", "in use"] {
        assert!(refused.err.contains(said), "{said}: {refused:?}");
    }
    assert!(
        !folder.prepared().audit.exists(),
        "a start that failed left a trace"
    );
}

#[test]
fn what_cannot_be_read_and_what_is_no_command_have_their_exit_codes() {
    let folder = Folder::new();
    let missing = folder.dir().join("missing.yaml");
    for unread in [&missing, folder.dir()] {
        for refused in [
            finish(mortise().arg("check").arg(unread)),
            finish(mortise().args(["serve", "--config"]).arg(unread)),
        ] {
            assert_eq!(refused.code, Some(2), "{refused:?}");
            let path = unread.display().to_string();
            assert!(refused.err.contains(&path), "{refused:?}");
            assert!(refused.err.contains("= help: "), "{refused:?}");
            assert!(!refused.err.contains("1 |"), "{refused:?}");
        }
        let json = finish(mortise().args(["check", "--json"]).arg(unread));
        let report: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
        assert_eq!(json.code, Some(2), "{json:?}");
        assert_eq!(report["count"], 1, "{report:#}");
    }
    let unknown = finish(mortise().arg("chekc"));
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(
        unknown.err.contains("chekc") && unknown.err.contains("'check'"),
        "{unknown:?}"
    );
    let help = finish(mortise().arg("--help"));
    assert_eq!(help.code, Some(0), "{help:?}");
    for command in [
        "sandbox",
        "serve",
        "check",
        "partner",
        "audit",
        "Exit codes",
    ] {
        assert!(help.out.contains(command), "{command}: {help:?}");
    }
}
