//! What kinds of mistakes there are: a closed list, stable for scripts that read `check --json`.

use serde::Serialize;

/// The kind of a mistake; in JSON its name in `snake_case`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The text cannot be read as one YAML document.
    NotYaml,
    /// A feature of YAML that is not read: anchors, aliases, tags, merge keys.
    YamlFeature,
    /// A key that its section does not have.
    UnknownKey,
    /// A key, or the content of a list, that must be written.
    MissingKey,
    /// The same key, name or item twice.
    DuplicateKey,
    /// A mapping, list or text where another is due.
    WrongType,
    /// A value that breaks the rules of its kind.
    BadValue,
    /// A number without its unit, or with another's.
    Unit,
    /// A value outside its range.
    OutOfRange,
    /// A name that nothing bears.
    DanglingName,
    /// Files that cannot be included.
    Include,
    /// A file or variable that cannot be read.
    Unreadable,
    /// A file that does not hold what its key demands.
    Content,
    /// A secret that is written where only a reference may stand, or is unfit as one.
    Secret,
    /// A certificate that is not in its time.
    Expired,
    /// A certificate, key or authority that cannot do what it is named for.
    Unfit,
    /// A revocation list that says nothing about its authorities, or nothing that is believed.
    Revocation,
    /// A certificate of the sandbox outside it.
    Sandbox,
    /// Two that claim what only one can have.
    Clash,
    /// A route that another keeps from being reached.
    Shadowed,
    /// Something that would be open, or could never be called, as it stands.
    Unguarded,
    /// Settings that contradict each other.
    Contradiction,
    /// An API description that cannot be served.
    Api,
    /// A block that cannot be run.
    Block,
    /// Something that nothing uses.
    Unused,
    /// A fault of this program.
    Fault,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 26] = [
        Self::NotYaml,
        Self::YamlFeature,
        Self::UnknownKey,
        Self::MissingKey,
        Self::DuplicateKey,
        Self::WrongType,
        Self::BadValue,
        Self::Unit,
        Self::OutOfRange,
        Self::DanglingName,
        Self::Include,
        Self::Unreadable,
        Self::Content,
        Self::Secret,
        Self::Expired,
        Self::Unfit,
        Self::Revocation,
        Self::Sandbox,
        Self::Clash,
        Self::Shadowed,
        Self::Unguarded,
        Self::Contradiction,
        Self::Api,
        Self::Block,
        Self::Unused,
        Self::Fault,
    ];
}
