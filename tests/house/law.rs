//! The law of the permit, held from inside: in a copy of `src`, a line is injected for each way
//! around it, and the compiler must refuse that very line with that very error.
//!
//! Ways around: a proof, a permit or `Admitted` made elsewhere, cloned or made by default; a proof
//! left out; one class's admission used for another; `forward` called without `Admitted`. The
//! cases are made from what `permit.rs` says, so that a new class or proof comes with its own. The
//! control, a harmless line, must compile.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::permit::{Class, admission, classes, filled, forgery, stages};
use crate::tree::{none_of, root, sources};

const PERMIT: &str = "src/gateway/permit.rs";
const PIPELINE: &str = "src/gateway/pipeline.rs";
/// A stage that makes no proof: where the forger sits.
const ELSEWHERE: &str = "src/gateway/stage/respond.rs";
const FORWARD: &str = "forward(exchange, services, admitted).await";

/// One way around: the line, and the error expected.
#[derive(Debug)]
struct Case {
    name: String,
    /// What the line stands for in the pipeline; nothing: it is put at the end of [`ELSEWHERE`].
    instead_of: Option<String>,
    line: String,
    error: &'static str,
}

/// Every way around, as far as these three can tell; or what stands in them that cannot be read.
fn cases(
    permit: &str,
    pipeline: &str,
    stage: impl Fn(&str) -> String,
) -> Result<Vec<Case>, String> {
    let classes = classes(permit)?;
    let stages = stages(permit);
    let mut cases = Vec::new();
    // By its path, so that a proof of two classes is one.
    let mut guarded = BTreeSet::from(["crate::permit::Admitted".to_owned()]);
    let proofs: BTreeSet<&String> = classes
        .iter()
        .flat_map(|class| class.fields.iter().map(|(_, proof)| proof))
        .collect();
    for proof in proofs {
        let from = stages.get(proof).ok_or_else(|| {
            format!("permit.rs: {proof} is demanded, but is not imported from a stage")
        })?;
        let (made, error) = forgery(from, proof, &stage(from))?;
        let path = format!("crate::stage::{from}::{proof}");
        cases.push(elsewhere(
            format!("{proof} made outside its stage"),
            &format!("() -> {path} {{ {made} }}"),
            error,
        ));
        guarded.insert(path);
    }
    for class in &classes {
        let permit = format!("crate::permit::{}", class.permit);
        let made = format!("{permit} {{ {} }}", filled(&class.fields));
        cases.push(elsewhere(
            format!("Admitted::{} made elsewhere", class.variant),
            &format!(
                "() -> crate::permit::Admitted {{ crate::permit::Admitted::{}({made}) }}",
                class.variant
            ),
            "E0451",
        ));
        guarded.insert(permit);
        cases.extend(left_out(class, pipeline)?);
        cases.extend(as_another(class, &classes, pipeline)?);
    }
    for path in guarded {
        // Without `Clone`, what is cloned is the reference.
        cases.push(elsewhere(
            format!("{path} cloned"),
            &format!("(it: &{path}) -> {path} {{ it.clone() }}"),
            "E0308",
        ));
        cases.push(elsewhere(
            format!("{path} made by default"),
            &format!("() -> {path} {{ Default::default() }}"),
            "E0277",
        ));
    }
    cases.push(Case {
        name: "forward without Admitted".to_owned(),
        instead_of: Some(FORWARD.to_owned()),
        line: "{ let _ = admitted; forward(exchange, services, ()).await }".to_owned(),
        error: "E0308",
    });
    Ok(cases)
}

fn elsewhere(name: String, function: &str, error: &'static str) -> Case {
    Case {
        name,
        instead_of: None,
        line: format!("const _: () = {{ fn forged{function} fn any<T>() -> T {{ loop {{}} }} }};"),
        error,
    }
}

/// A class's admission without one of its proofs, for each of them.
fn left_out(class: &Class, pipeline: &str) -> Result<Vec<Case>, String> {
    let (whole, arguments) = admission(pipeline, &class.name)?;
    if arguments.len() != class.parameters.len() {
        return Err(format!("pipeline.rs: {whole} is not read in full"));
    }
    let case = |left_out: &String| {
        let others: Vec<&str> = arguments
            .iter()
            .filter(|argument| *argument != left_out)
            .map(String::as_str)
            .collect();
        Case {
            name: format!("{left_out} left out of class {}", class.name),
            instead_of: Some(whole.clone()),
            line: format!("Admitted::{}({})", class.name, others.join(", ")),
            error: "E0061",
        }
    };
    Ok(arguments.iter().map(case).collect())
}

/// A request of this class admitted by each class that demands no proof of another name.
fn as_another(class: &Class, classes: &[Class], pipeline: &str) -> Result<Vec<Case>, String> {
    let (whole, arguments) = admission(pipeline, &class.name)?;
    let by_name: BTreeMap<&String, &String> = class
        .parameters
        .iter()
        .map(|(name, _)| name)
        .zip(&arguments)
        .collect();
    let mut cases = Vec::new();
    for other in classes.iter().filter(|other| other.name != class.name) {
        let given: Option<Vec<&str>> = other
            .parameters
            .iter()
            .map(|(name, _)| by_name.get(name).map(|argument| argument.as_str()))
            .collect();
        if let Some(given) = given {
            cases.push(Case {
                name: format!("class {} admitted as {}", class.name, other.name),
                instead_of: Some(whole.clone()),
                line: format!("Admitted::{}({})", other.name, given.join(", ")),
                error: "E0308",
            });
        }
    }
    Ok(cases)
}

#[test]
fn no_way_around_the_permit_compiles() {
    let read = |path: &str| fs::read_to_string(root().join(path)).expect("a source");
    let stage = |stage: &str| read(&format!("src/gateway/stage/{stage}.rs"));
    let cases = match cases(&read(PERMIT), &read(PIPELINE), stage) {
        Ok(cases) => cases,
        Err(told) => panic!("{told}"),
    };
    let copy = Copy::make();
    let (compiles, told) = copy.check();
    assert!(compiles, "the untouched copy must compile:\n{told}");
    copy.append(&["const _: fn() -> u8 = || 1;"]);
    let (compiles, told) = copy.check();
    assert!(compiles, "the control must compile:\n{told}");

    let mut complaints = Vec::new();
    // One error of a kind hides none of the same kind, so those can be tried together.
    let mut together: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    for case in &cases {
        let Some(old) = &case.instead_of else {
            together.entry(case.error).or_default().push(case);
            continue;
        };
        let line = copy.replace(old, &case.line);
        complaints.extend(case.verdict(PIPELINE, line, &copy.check().1));
        copy.restore(PIPELINE);
    }
    for cases in together.values() {
        let lines: Vec<&str> = cases.iter().map(|case| case.line.as_str()).collect();
        let first = copy.append(&lines);
        let (_, told) = copy.check();
        for (at, case) in cases.iter().enumerate() {
            complaints.extend(case.verdict(ELSEWHERE, first + at, &told));
        }
    }
    none_of(&complaints);
}

impl Case {
    /// A complaint, unless the compiler names the line, with the error expected.
    fn verdict(&self, file: &str, line: usize, told: &str) -> Option<String> {
        let errors: Vec<&str> = told
            .lines()
            .filter(|message| is_at(message, file, line))
            .filter_map(|message| message.split("\"code\":{\"code\":\"").nth(1)?.get(..5))
            .filter(|code| code.starts_with('E'))
            .collect();
        (!errors.contains(&self.error)).then(|| {
            format!(
                "{}: not {}, but {errors:?}, in {file}:{line}: {}",
                self.name, self.error, self.line
            )
        })
    }
}

/// Whether a message of the compiler (one line of JSON) is about this line.
fn is_at(message: &str, file: &str, line: usize) -> bool {
    message.split("\"file_name\":\"").skip(1).any(|span| {
        span.starts_with(&format!("{file}\""))
            && span.contains("\"is_primary\":true")
            && span.contains(&format!("\"line_start\":{line},"))
    })
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
        for source in [".rs", ".toml", ".html", ".css", ".ftl"]
            .into_iter()
            .flat_map(|ending| sources("src", ending))
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

    fn original(file: &str) -> String {
        fs::read_to_string(root().join(file)).expect("a source")
    }

    /// Puts lines at the end of [`ELSEWHERE`], in place of earlier ones; answers the number of
    /// the first.
    fn append(&self, lines: &[&str]) -> usize {
        let text = Self::original(ELSEWHERE);
        self.write(ELSEWHERE, &format!("{text}{}\n", lines.join("\n")));
        text.lines().count() + 1
    }

    /// Puts a line in place of a part of the pipeline; answers its number.
    fn replace(&self, old: &str, line: &str) -> usize {
        let text = Self::original(PIPELINE);
        let at = text.find(old);
        let at = at.unwrap_or_else(|| panic!("{PIPELINE} lacks: {old}"));
        self.write(PIPELINE, &text.replacen(old, line, 1));
        text[..at].lines().count()
    }

    fn restore(&self, file: &str) {
        self.write(file, &Self::original(file));
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

const SAMPLE: &str = "
use crate::stage::gate::Knocked;
use crate::stage::route::{OpenRoute, OwnRoute};
pub(crate) enum Admitted {
    /// One.
    Open(OpenPermit),
    Own(OwnPermit),
}
pub(crate) struct OpenPermit {
    routed: OpenRoute,
}
pub(crate) struct OwnPermit {
    routed: OwnRoute,
    /// Two.
    _knocked: Knocked,
}
impl Admitted {
    pub(crate) fn open(routed: OpenRoute) -> Self {
        Self::Open(OpenPermit { routed })
    }
    pub(crate) fn own(
        routed: OwnRoute,
        knocked: Knocked,
    ) -> Self {
        Self::Own(OwnPermit { routed, _knocked: knocked })
    }
}
";

fn sampled(permit: &str, pipeline: &str, stage: &str) -> Result<Vec<String>, String> {
    let cases = cases(permit, pipeline, |_| stage.to_owned())?;
    Ok(cases.into_iter().map(|case| case.name).collect())
}

#[test]
fn each_class_and_each_proof_has_its_cases() {
    let pipeline = "Admitted::open(r) Admitted::own(r, k)";
    let stage = "struct Knocked(());\nstruct OpenRoute {\n    a: A,\n}\nstruct OwnRoute(A);";
    let names = sampled(SAMPLE, pipeline, stage).expect("cases");
    for name in [
        "Knocked made outside its stage",
        "OwnRoute made outside its stage",
        "r left out of class own",
        "k left out of class own",
        "Admitted::Own made elsewhere",
        "class own admitted as open",
        "crate::stage::gate::Knocked cloned",
        "crate::permit::OwnPermit made by default",
    ] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    assert_eq!(names.len(), 3 + 2 + 3 + 1 + 2 * 6 + 1);
}

#[test]
fn what_leaves_the_law_unread_is_told() {
    let pipeline = "Admitted::open(r) Admitted::own(r, k)";
    let stage = "struct Knocked(());\nstruct OpenRoute(A);\nstruct OwnRoute(A);";
    assert!(sampled(SAMPLE, pipeline, stage).is_ok());
    for (permit, pipeline, stage, told) in [
        (
            SAMPLE.to_owned(),
            "Admitted::open(r)",
            stage,
            "pipeline.rs does not call",
        ),
        (
            SAMPLE.to_owned(),
            pipeline,
            "struct Knocked;",
            "anyone can make it",
        ),
        (
            SAMPLE.replace(
                "    Own(OwnPermit),\n",
                "    Own(OwnPermit),\n    New(NewPermit),\n",
            ),
            pipeline,
            stage,
            "3 classes, 2 functions",
        ),
        (
            SAMPLE.replace("_knocked: Knocked", "_knocked: Knocked,\n    extra: Extra"),
            pipeline,
            stage,
            "does not hold exactly",
        ),
        (
            SAMPLE.replace("gate::Knocked", "gate::Other"),
            pipeline,
            stage,
            "not imported",
        ),
    ] {
        let problem = sampled(&permit, pipeline, stage).expect_err(told);
        assert!(problem.contains(told), "{problem}");
    }
}
