//! From a path to a house.

use std::path::{Path, PathBuf};

use blocks::trial::Tests;
use jiff::Timestamp;

use crate::compile::{self, Compiler};
use crate::explain::{InForce, defaults};
use crate::files::{Files, ReadProblem, neighbour};
use crate::house::{BlockPlan, House, Loaded, Mode};
use crate::kept::Kept;
use crate::mistake::{Code, Mistakes};
use crate::reader::Reader;
use crate::source::{At, Span};
use crate::yaml::{self, Node};
use crate::{file, include};

/// The longest configuration that is read.
const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// What a configuration is usually called.
const USUAL_NAME: &str = "gateway.yaml";

/// Loads a configuration: reads the file and all that it refers to, and gives the settings of the
/// rooms or every mistake. `environment` reads a variable for `env:` references; `now` judges the
/// times of certificates and agreements.
pub fn load(
    path: &Path,
    mode: Mode,
    environment: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<House, Mistakes> {
    let (loaded, ()) = loaded(
        path,
        mode,
        environment,
        now,
        &mut Kept::default(),
        |_, _| (),
    );
    strict(loaded)
}

/// Loads a configuration as [`load`] does, and tells the defaults in force besides.
pub fn explain(
    path: &Path,
    mode: Mode,
    environment: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
) -> Result<(House, Vec<InForce>), Mistakes> {
    let kept = &mut Kept::default();
    let look = |root: &Node, compiler: &Compiler<'_>| {
        let mut in_force = defaults(root, &compiler.reader.collector.sources);
        in_force.extend_from_slice(&compiler.told);
        in_force
    };
    let (loaded, in_force) = loaded(path, mode, environment, now, kept, look);
    strict(loaded).map(|house| (house, in_force))
}

/// Whoever writes a file is told of what ran out as of any mistake.
fn strict(loaded: Loaded) -> Result<House, Mistakes> {
    match (loaded.house, loaded.lapsed) {
        (Ok(_), Some(lapsed)) => Err(lapsed),
        (house, _) => house,
    }
}

/// Loads with what is kept of the load before, and looks at the tree on the way.
pub(crate) fn loaded<T: Default>(
    path: &Path,
    mode: Mode,
    environment: &dyn Fn(&str) -> Option<String>,
    now: Timestamp,
    kept: &mut Kept,
    look: impl FnOnce(&Node, &Compiler<'_>) -> T,
) -> (Loaded, T) {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut compiler = Compiler {
        reader: Reader::default(),
        files: Files::new(folder, environment),
        kept,
        mode,
        now,
        told: Vec::new(),
    };
    let Some(root) = tree(&mut compiler, path) else {
        return (compiler.finish(None), T::default());
    };
    let house = compile(&mut compiler, &root);
    let seen = look(&root, &compiler);
    (compiler.finish(house), seen)
}

/// Reads the tests of a block, `NAME.block.test.yaml` beside it, and checks them against it.
///
/// Errors: every mistake at its line, or that there is no such file.
pub fn block_tests(block: &BlockPlan) -> Result<Tests, Mistakes> {
    let path = block.path.with_extension("test.yaml");
    let mut kept = Kept::default();
    let mut compiler = Compiler {
        reader: Reader::default(),
        files: Files::new(Path::new(""), &|_| None),
        kept: &mut kept,
        mode: Mode::Serve,
        now: Timestamp::UNIX_EPOCH,
        told: Vec::new(),
    };
    let tests = compile::block_tests(&mut compiler, &path, block);
    match (compiler.reader.collector.finish(), tests) {
        (None, Some(tests)) => Ok(tests),
        (mistakes, _) => Err(mistakes.unwrap_or_else(Mistakes::unexplained)),
    }
}

/// The file of the embedded store that a configuration names, however many mistakes it has
/// otherwise; `None` when that cannot be told.
pub fn store_path(path: &Path) -> Option<PathBuf> {
    told_path(path, |file| file.store)
}

/// The directory of the audit log that a configuration names; as [`store_path`].
pub fn audit_dir(path: &Path) -> Option<PathBuf> {
    told_path(path, |file| file.audit?.dir)
}

/// A path that a configuration names, as it is found from its folder.
fn told_path(path: &Path, which: fn(file::File) -> Option<At<String>>) -> Option<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut reader = Reader::default();
    let mut files = Files::new(folder, &|_| None);
    let bytes = files.read(path, CONFIG_BYTES_MAX).ok()?;
    let source = reader.text_source(path.display().to_string(), &bytes)?;
    let mut root = yaml::parse(&mut reader.collector, source)?;
    include::join(&mut reader, &mut files, path, &mut root);
    let file = file::read(&mut reader, &root)?;
    which(file).map(|written| files.path(&written))
}

/// Reads and compiles as far as that goes.
pub(crate) fn compile(compiler: &mut Compiler<'_>, root: &Node) -> Option<House> {
    let file = file::read(&mut compiler.reader, root)?;
    compile::compile(compiler, &file)
}

/// Reads the file as a tree, with all that it includes.
pub(crate) fn tree(compiler: &mut Compiler<'_>, path: &Path) -> Option<Node> {
    let Compiler { reader, files, .. } = compiler;
    let shown = path.display().to_string();
    let start = |source| Span {
        source,
        start: 0,
        end: 0,
    };
    let bytes = match files.read(path, CONFIG_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(problem) => {
            let source = reader.collector.sources.add(shown.clone(), String::new());
            let noted = reader
                .collector
                .mistake(
                    Code::Unreadable,
                    start(source),
                    format!("cannot read `{shown}`: {problem}"),
                )
                .help(what_to_read(path, &problem));
            // One that is too long was read as far as it may be: that is its own mistake.
            if !matches!(problem, ReadProblem::TooLong(_)) {
                noted.unreadable();
            }
            return None;
        }
    };
    let source = reader.text_source(shown, &bytes)?;
    let mut root = yaml::parse(&mut reader.collector, source)?;
    include::join(reader, files, path, &mut root);
    Some(root)
}

/// What would be right where the configuration itself cannot be read.
fn what_to_read(path: &Path, problem: &ReadProblem) -> String {
    let meant = match problem {
        ReadProblem::Missing => neighbour(path).map(|name| path.with_file_name(name)),
        ReadProblem::Folder => Some(path.join(USUAL_NAME)).filter(|inside| inside.is_file()),
        _ => None,
    };
    if let Some(meant) = meant {
        return format!("did you mean `{}`?", meant.display());
    }
    match problem {
        ReadProblem::DanglingLink(_) => "mend the link, or name the file itself",
        ReadProblem::Denied => "let this user read the file and its folders",
        ReadProblem::TooLong(_) => "a configuration is shorter: is this the file that was meant?",
        ReadProblem::Failed(_) => "see that the path and its disk are in order",
        ReadProblem::Missing | ReadProblem::Folder | ReadProblem::NotAFile => {
            "name the configuration, a YAML file such as `gateway.yaml`"
        }
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
