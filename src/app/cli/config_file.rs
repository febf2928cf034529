//! Which configuration a command is about: one way to say it for all of them.

use std::path::PathBuf;

use clap::Args;

/// What it is called when nobody says.
const USUAL: &str = "gateway.yaml";

/// The configuration that a command is about.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file [default: gateway.yaml].
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// The same by name.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// Its path.
    pub(crate) fn path(self) -> PathBuf {
        let named = self.file.or(self.config);
        named.unwrap_or_else(|| PathBuf::from(USUAL))
    }
}
