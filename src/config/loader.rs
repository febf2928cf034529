//! One configuration, loaded again and again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::house::{Loaded, Mode};
use crate::kept::Kept;
use crate::load::loaded;

/// Reads an environment variable.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Loads one configuration again and again. What did not change since the last good load is taken
/// from it: trust stores keep their generation, API descriptions are not read anew.
pub struct Loader {
    path: PathBuf,
    mode: Mode,
    environment: Variables,
    kept: Kept,
}

impl Loader {
    /// A loader of this file, as [`load`] takes it.
    pub fn new(path: PathBuf, mode: Mode, environment: Variables) -> Self {
        Self {
            path,
            mode,
            environment,
            kept: Kept::default(),
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Loads the file as it is now; `now` judges the times of certificates and agreements. Blocks
    /// on the disk.
    pub fn load(&mut self, now: Timestamp) -> Loaded {
        let environment = Arc::clone(&self.environment);
        let (path, mode, kept) = (&self.path, self.mode, &mut self.kept);
        let (loaded, ()) = loaded(path, mode, environment.as_ref(), now, kept, |_, _| ());
        loaded
    }
}
