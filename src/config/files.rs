//! The files and environment variables that a configuration refers to. References are `file:PATH`,
//! relative to the folder of the file that names them, and for secrets also `env:NAME`.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;

use crate::mistake::{Code, nearest};
use crate::reader::{Reader, Value, Written, Wrong};
use crate::shape;
use crate::source::{At, Span};
use crate::yaml::Kind;

mod folder;

pub(crate) use folder::Entry;

/// What nobody may do with a secret's file: its group write, others read or write.
const OPEN: u32 = 0o026;
/// Longest secret that is read.
const SECRET_BYTES_MAX: u64 = 64 << 10;

/// The most links that are followed to say where they lead.
const LINKS_MAX: usize = 40;

/// Reads environment variables.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// What a file holds; wiped when it is no longer used, since it may be a key.
type Bytes = Arc<Zeroizing<Vec<u8>>>;

/// Reads what is referred to, once each, and sums it up in a digest.
pub(crate) struct Files<'e> {
    /// The folder of the configuration.
    folder: PathBuf,
    /// The folders of the files that it includes, by source.
    folders: HashMap<usize, PathBuf>,
    environment: Environment<'e>,
    read: HashMap<PathBuf, Result<Bytes, ReadProblem>>,
    /// Who may do what with a file that was read: its mode's last nine bits.
    modes: HashMap<PathBuf, u32>,
    digest: crypto::Sha256,
}

/// Why a file's content is not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadProblem {
    Missing,
    /// A link whose target is not there.
    DanglingLink(PathBuf),
    Denied,
    Folder,
    /// A pipe, a socket or a device.
    NotAFile,
    /// In the words of the system.
    Failed(String),
    /// Longer than so many bytes.
    TooLong(u64),
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::DanglingLink(target) => {
                write!(
                    f,
                    "it is a link to `{}`, which is not there",
                    target.display()
                )
            }
            Self::Denied => f.write_str("permission denied"),
            Self::Folder => f.write_str("it is not a file but a folder"),
            Self::NotAFile => f.write_str("it is not a file"),
            Self::Failed(words) => f.write_str(words),
            Self::TooLong(bytes_max) => write!(f, "it is longer than {bytes_max} bytes"),
        }
    }
}

impl From<io::Error> for ReadProblem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Denied,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// `file:PATH`, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileRef(pub(crate) String);

/// `file:PATH` or `env:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SecretRef {
    File(String),
    Env(String),
}

/// A file that was read.
pub(crate) struct Content {
    /// As mistakes call it.
    pub(crate) shown: String,
    pub(crate) bytes: Bytes,
}

impl<'e> Files<'e> {
    pub(crate) fn new(folder: &Path, environment: Environment<'e>) -> Self {
        Self {
            folder: folder.to_owned(),
            folders: HashMap::new(),
            environment,
            read: HashMap::new(),
            modes: HashMap::new(),
            digest: crypto::Sha256::new(),
        }
    }

    /// The files that were read or missing, and SHA-256 over what was read, in the order in which
    /// the configuration names them.
    pub(crate) fn finish(self) -> (Vec<PathBuf>, [u8; 32]) {
        (self.read.into_keys().collect(), self.digest.finish())
    }

    /// Reads a file of at most so many bytes.
    pub(crate) fn read(&mut self, path: &Path, bytes_max: u64) -> Result<Bytes, ReadProblem> {
        if let Some(known) = self.read.get(path) {
            return known.clone();
        }
        let content = read_bounded(path, bytes_max).map(|(bytes, mode)| {
            self.modes.insert(path.to_owned(), mode);
            // Each part is preceded by its length, so that no two sets of files sum up alike.
            self.digest.update(&(bytes.len() as u64).to_be_bytes());
            self.digest.update(&bytes);
            Arc::new(bytes)
        });
        self.read.insert(path.to_owned(), content.clone());
        content
    }

    /// The files asked for so far, there or not.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &Path> {
        self.read.keys().map(PathBuf::as_path)
    }

    /// Says in which folder an included file lies: its paths are relative to that.
    pub(crate) fn add_folder(&mut self, source: usize, folder: PathBuf) {
        self.folders.insert(source, folder);
    }

    /// The path as it is named from the folder of the file that names it.
    pub(crate) fn path(&self, written: &At<String>) -> PathBuf {
        self.folder_of(written.at).join(&written.value)
    }

    fn folder_of(&self, at: Span) -> &Path {
        self.folders.get(&at.source).unwrap_or(&self.folder)
    }

    /// The text of a secret.
    pub(crate) fn secret(
        &mut self,
        reader: &mut Reader,
        reference: &At<SecretRef>,
    ) -> Option<Zeroizing<String>> {
        match &reference.value {
            SecretRef::File(path) => {
                let content = self.content_at(reader, reference.at, path, SECRET_BYTES_MAX)?;
                self.refuse_open(reader, reference.at, path)?;
                let text = std::str::from_utf8(&content.bytes).ok().map(str::to_owned);
                if text.is_none() {
                    let what = format!("`{}` is not UTF-8 text", content.shown);
                    reader.collector.mistake(Code::Content, reference.at, what);
                }
                text.map(Zeroizing::new)
            }
            SecretRef::Env(name) => {
                let text = (self.environment)(name);
                if text.is_none() {
                    reader
                        .collector
                        .mistake(
                            Code::Unreadable,
                            reference.at,
                            format!("the environment variable `{name}` is not set"),
                        )
                        .help("set it before the program starts, or use `file:PATH`");
                }
                text.map(Zeroizing::new)
            }
        }
    }

    /// The content of a file of at most so many bytes.
    pub(crate) fn content(
        &mut self,
        reader: &mut Reader,
        reference: &At<FileRef>,
        bytes_max: u64,
    ) -> Option<Content> {
        self.content_at(reader, reference.at, &reference.value.0, bytes_max)
    }

    /// The content of a file of at most so many bytes that holds a private key.
    pub(crate) fn key(
        &mut self,
        reader: &mut Reader,
        reference: &At<FileRef>,
        bytes_max: u64,
    ) -> Option<Content> {
        let content = self.content(reader, reference, bytes_max)?;
        self.refuse_open(reader, reference.at, &reference.value.0)?;
        Some(content)
    }

    /// Whoever is neither the owner of a secret's file nor of its group may not read it, and nobody
    /// but the owner may change it. A group may read: so secrets are mounted into containers.
    fn refuse_open(&self, reader: &mut Reader, at: Span, written: &str) -> Option<()> {
        let path = self.folder_of(at).join(written);
        let mode = *self.modes.get(&path)?;
        if mode & OPEN == 0 {
            return Some(());
        }
        let right = mode & 0o600;
        let shown = path.display();
        let what = format!("the secret in `{shown}` is open to others: its mode is {mode:04o}");
        reader
            .collector
            .mistake(Code::Secret, at, what)
            .help(format!("`chmod {right:04o} {shown}`"));
        None
    }

    fn content_at(
        &mut self,
        reader: &mut Reader,
        at: Span,
        written: &str,
        bytes_max: u64,
    ) -> Option<Content> {
        let path = self.folder_of(at).join(written);
        match self.read(&path, bytes_max) {
            Ok(bytes) => Some(Content {
                shown: path.display().to_string(),
                bytes,
            }),
            Err(problem) => {
                let help = meant(written, &path, &problem);
                reader
                    .collector
                    .mistake(
                        Code::Unreadable,
                        at,
                        format!("cannot read `{}`: {problem}", path.display()),
                    )
                    .maybe_help(help);
                None
            }
        }
    }
}

/// What was probably meant where a file cannot be read.
fn meant(written: &str, path: &Path, problem: &ReadProblem) -> Option<String> {
    match problem {
        ReadProblem::Missing => neighbour(path).map_or_else(
            || {
                let is_pattern = written.contains(['*', '?', '[']);
                is_pattern.then(|| "patterns are not read: name each file".to_owned())
            },
            |name| {
                let near = Path::new(written).with_file_name(name);
                Some(format!("did you mean `file:{}`?", near.display()))
            },
        ),
        ReadProblem::Folder => Some(format!(
            "name each file that is meant, as in `file:{}`",
            Path::new(written).join("NAME").display()
        )),
        _ => None,
    }
}

impl Reader {
    /// A value that must be `file:PATH`.
    pub(crate) fn file(&mut self, value: Value<'_>) -> Option<At<FileRef>> {
        if !matches!(value.kind, shape::Kind::File) {
            return self.misread(value);
        }
        let key = value.key.name;
        self.parsed(value, |text| match text.strip_prefix("file:") {
            Some(path) => Ok(FileRef(path_of(path)?)),
            None => Err(Wrong::new(
                format!("`{key}` must be a reference `file:PATH`"),
                match scheme(text) {
                    _ if text.len() > 200 || text.contains("-----BEGIN") => {
                        "put the text into a file of its own and write `file:` and its path"
                            .to_owned()
                    }
                    Some(_) => "write `file:` and a path".to_owned(),
                    None => format!("write `file:{text}`"),
                },
            )),
        })
    }

    /// A list of `file:PATH`, at least one.
    pub(crate) fn files(&mut self, value: Value<'_>) -> Option<Vec<At<FileRef>>> {
        let items = self.items(value)?;
        let count = items.len();
        let read: Vec<_> = items
            .into_iter()
            .filter_map(|item| self.file(item))
            .collect();
        (read.len() == count).then_some(read)
    }

    /// A secret by reference: `file:PATH` or `env:NAME`. Anything else is refused without being
    /// shown, since it may be the secret itself.
    pub(crate) fn secret(&mut self, value: Value<'_>) -> Option<At<SecretRef>> {
        let (shape::Kind::Secret, Written::Here(node)) = (value.kind, value.written) else {
            return self.misread(value);
        };
        let Kind::Scalar { text, .. } = &node.kind else {
            self.not_a_reference(value);
            return None;
        };
        let written = At {
            value: text.as_str(),
            at: node.span,
        };
        if let Some(path) = written.value.strip_prefix("file:") {
            return match path_of(path) {
                Ok(path) => Some(written.map(|_| SecretRef::File(path))),
                Err(wrong) => {
                    self.collector
                        .mistake(wrong.code, written.at, wrong.what)
                        .maybe_help(wrong.help);
                    None
                }
            };
        }
        if let Some(name) = written.value.strip_prefix("env:").map(str::to_owned) {
            return Some(written.map(|_| SecretRef::Env(name)));
        }
        self.not_a_reference(value);
        None
    }

    fn not_a_reference(&mut self, value: Value<'_>) {
        self.collector
            .secret_mistake(
                value.at(),
                format!(
                    "`{}` must be a reference, never the secret itself",
                    value.key.name
                ),
            )
            .help("write `file:PATH` or `env:NAME`");
    }
}

fn path_of(written: &str) -> Result<String, Wrong> {
    if written.is_empty() || written.starts_with("//") || written.contains('\0') {
        return Err(Wrong::new(
            "a path is missing after `file:`",
            "write `file:` and a path, relative to the folder of this file",
        ));
    }
    Ok(written.to_owned())
}

/// The bytes of a file, and who may do what with it.
fn read_bounded(path: &Path, bytes_max: u64) -> Result<(Zeroizing<Vec<u8>>, u32), ReadProblem> {
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = std::fs::metadata(path).map_err(|error| match link_target(path) {
        Some(target) if error.kind() == io::ErrorKind::NotFound => {
            ReadProblem::DanglingLink(target)
        }
        _ => error.into(),
    })?;
    if metadata.is_dir() {
        return Err(ReadProblem::Folder);
    }
    if !metadata.is_file() {
        return Err(ReadProblem::NotAFile);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(metadata.len().min(bytes_max)).unwrap_or(0) + 1,
    ));
    let file = File::open(path)?;
    // Of what was opened: another file may have the name by now.
    let mode = file.metadata()?.permissions().mode() & 0o777;
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(ReadProblem::TooLong(bytes_max));
    }
    Ok((bytes, mode))
}

/// The file beside a missing one whose name is nearest.
pub(crate) fn neighbour(path: &Path) -> Option<String> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let name = path.file_name()?.to_str()?;
    let folder = match path.parent()? {
        here if here.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .take(1_000)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Where a link leads, as it is written in the link; where it leads to another one, that one's.
fn link_target(path: &Path) -> Option<PathBuf> {
    let mut target = std::fs::read_link(path).ok()?;
    let mut at = path.to_owned();
    for _ in 0..LINKS_MAX {
        at = at.parent().unwrap_or(Path::new("")).join(&target);
        match std::fs::read_link(&at) {
            Ok(next) => target = next,
            Err(_) => break,
        }
    }
    Some(target)
}

/// A word before a colon, as in `http:` or `env:`.
fn scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    scheme
        .bytes()
        .all(|b| b.is_ascii_alphabetic())
        .then_some(scheme)
}
