//! The law of the permit, held from inside: in a copy of `src`, one line is injected for each way
//! around it, and the compiler must refuse that very line with that very error.
//!
//! Ways around: a proof made outside its stage; a proof left out; `Admitted` made elsewhere;
//! `forward` called without it. The control, a harmless line, must compile.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::tree::{none_of, root, sources};

/// One way around: the file, the line put at its end (or in place of another), the error expected.
struct Case {
    name: String,
    file: &'static str,
    /// When set, the line that the injected one replaces.
    instead_of: Option<&'static str>,
    line: String,
    error: &'static str,
}

/// Each proof: its stage, how it would be forged, the compiler's word for it.
const PROOFS: &[(&str, &str, &str)] = &[
    ("route", "OpenRoute { route: unimplemented() }", "E0451"),
    (
        "route",
        "PartnerRoute { route: unimplemented(), scope: unimplemented() }",
        "E0451",
    ),
    ("gate", "Knocked(())", "E0603"),
    (
        "identify",
        "Identified { caller: unimplemented() }",
        "E0451",
    ),
    ("limit", "WithinLimits { _place: unimplemented() }", "E0451"),
    ("authorize", "Allowed(())", "E0603"),
];

/// Each class's admission in the pipeline, and the proofs it takes.
const ADMISSIONS: &[(&str, &[&str])] = &[
    ("open", &["routed", "knocked"]),
    (
        "partner",
        &["routed", "knocked", "identified", "within", "allowed"],
    ),
];

const PIPELINE: &str = "src/gateway/pipeline.rs";

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (stage, forged, error) in PROOFS {
        let proof = forged.split([' ', '(']).next().unwrap_or(forged);
        let line = format!(
            "fn forged() -> crate::stage::{stage}::{proof} {{ crate::stage::{stage}::{forged} }} \
             fn unimplemented<T>() -> T {{ loop {{}} }}"
        );
        cases.push(Case {
            name: format!("{proof} made outside its stage"),
            file: "src/gateway/stage/respond.rs",
            instead_of: None,
            line,
            error,
        });
    }
    for (class, proofs) in ADMISSIONS {
        let whole = admission(class, proofs);
        for left_out in *proofs {
            let others: Vec<&str> = proofs.iter().copied().filter(|p| p != left_out).collect();
            cases.push(Case {
                name: format!("{left_out} left out of class {class}"),
                file: PIPELINE,
                instead_of: Some(whole),
                line: format!("Admitted::{class}({})", others.join(", ")),
                error: "E0061",
            });
        }
    }
    for (variant, permit) in [("Open", "OpenPermit"), ("Partner", "PartnerPermit")] {
        cases.push(Case {
            name: format!("Admitted::{variant} made elsewhere"),
            file: "src/gateway/stage/respond.rs",
            instead_of: None,
            line: format!(
                "fn forged() -> crate::permit::Admitted {{ \
                 crate::permit::Admitted::{variant}(crate::permit::{permit} {{ routed: \
                 unimplemented(), ..unimplemented() }}) }} fn unimplemented<T>() -> T {{ loop {{}} }}"
            ),
            error: "E0451",
        });
    }
    cases.push(Case {
        name: "a partner's route admitted as open".to_owned(),
        file: PIPELINE,
        instead_of: Some("Admitted::partner(routed, knocked, identified, within, allowed)"),
        line: "Admitted::open(routed, knocked)".to_owned(),
        error: "E0308",
    });
    cases.push(Case {
        name: "forward without Admitted".to_owned(),
        file: PIPELINE,
        instead_of: Some("forward(exchange, services, admitted).await"),
        line: "{ let _ = admitted; forward(exchange, services, ()).await }".to_owned(),
        error: "E0308",
    });
    cases
}

fn admission(class: &str, proofs: &[&str]) -> &'static str {
    match (class, proofs.len()) {
        ("open", 2) => "Admitted::open(routed, knocked)",
        ("partner", 5) => "Admitted::partner(routed, knocked, identified, within, allowed)",
        _ => panic!(
            "the plan knows no class {class} with {} proofs",
            proofs.len()
        ),
    }
}

#[test]
fn no_way_around_the_permit_compiles() {
    let copy = Copy::make();
    let (compiles, told) = copy.check();
    assert!(compiles, "the untouched copy must compile:\n{told}");
    copy.inject(
        "src/gateway/stage/respond.rs",
        None,
        "fn harmless() -> u8 { 1 }",
    );
    let (compiles, told) = copy.check();
    assert!(compiles, "the control must compile:\n{told}");
    copy.restore("src/gateway/stage/respond.rs");

    let cases = cases();
    assert_eq!(cases.len(), 6 + 7 + 2 + 2);
    let mut complaints = Vec::new();
    for case in &cases {
        let line = copy.inject(case.file, case.instead_of, &case.line);
        let (compiles, told) = copy.check();
        let expected = format!("\"code\":\"{}\"", case.error);
        let place = format!("\"file_name\":\"{}\"", case.file);
        let at = format!("\"line_start\":{line},");
        let named = told.lines().any(|message| {
            [&expected, &place, &at]
                .iter()
                .all(|part| message.contains(*part))
        });
        if compiles {
            complaints.push(format!("{}: compiles", case.name));
        } else if !named {
            let codes: Vec<&str> = told
                .split("\"code\":{\"code\":\"")
                .skip(1)
                .map(|s| &s[..5])
                .collect();
            complaints.push(format!(
                "{}: not {} at {}:{line}, but {codes:?}",
                case.name, case.error, case.file
            ));
        }
        copy.restore(case.file);
    }
    none_of(&complaints);
}

/// The copy of `src` that is compiled.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn make() -> Self {
        let folder = target().join("law");
        let _ = fs::remove_dir_all(folder.join("src"));
        let copy = Self { folder };
        for source in sources("src", ".rs")
            .into_iter()
            .chain(sources("src", ".toml"))
        {
            copy.write(&source.path, &source.text);
        }
        for source in sources("config", ".yaml") {
            copy.write(&source.path, &source.text);
        }
        let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
        let (_, workspace) = manifest.split_once("[workspace]").expect("a workspace");
        let members: String = workspace
            .lines()
            .filter(|line| !line.starts_with("members") && !line.starts_with("default-members"))
            .collect::<Vec<_>>()
            .join("\n");
        let manifest = format!("[workspace]\nmembers = [\"src/gateway\"]\n{members}\n");
        copy.write("Cargo.toml", &manifest);
        let lock = fs::read_to_string(root().join("Cargo.lock")).expect("the lock file");
        copy.write("Cargo.lock", &lock);
        copy
    }

    fn write(&self, path: &str, text: &str) {
        let place = self.folder.join(path);
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder to write in");
        fs::write(place, text).expect("a file to write");
    }

    /// Injects a line; answers its number.
    fn inject(&self, file: &str, instead_of: Option<&str>, line: &str) -> usize {
        let text = fs::read_to_string(root().join(file)).expect("a source");
        let (text, at) = match instead_of {
            Some(old) => {
                let at = text
                    .find(old)
                    .unwrap_or_else(|| panic!("{file} lacks: {old}"));
                (text.replacen(old, line, 1), text[..at].lines().count())
            }
            None => (format!("{text}{line}\n"), text.lines().count() + 1),
        };
        self.write(file, &text);
        at
    }

    fn restore(&self, file: &str) {
        let text = fs::read_to_string(root().join(file)).expect("a source");
        self.write(file, &text);
    }

    /// Whether the copy compiles, and what the compiler told.
    fn check(&self) -> (bool, String) {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--release", "--offline", "-p", "mortise-gateway"])
            .args(["--message-format", "json"])
            .arg("--target-dir")
            .arg(target())
            .current_dir(&self.folder)
            .env("CARGO_INCREMENTAL", "1")
            .output()
            .expect("cargo must start");
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), format!("{told}{errors}"))
    }
}

/// The folder that this test itself was built in, so that dependencies are compiled once.
fn target() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    test.ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "release"))
        .and_then(Path::parent)
        .expect("tests run with --release from a target folder")
        .to_owned()
}
