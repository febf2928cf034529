//! Watched files: in the sandbox, what is saved comes into force by itself.
//!
//! Folders are watched, not files: editors write beside a file and rename over it. A stir at one of
//! the files makes the keeper read all of them again; when they read as before, nothing happens.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use notify::event::RemoveKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::reload::{Applied, Because, NotApplied, Reloader};

/// A change has ended when nothing stirs for so long …
const QUIET: Duration = Duration::from_millis(200);
/// … or it has gone on for so long.
const STIR_MAX: Duration = Duration::from_secs(2);
/// How often a folder is looked for that is not there.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Shows a person what came of a change.
pub(crate) type Tell = fn(&Result<Applied, NotApplied>);

/// The names of the files that count: a store may lie in the same folder.
type Names = Arc<Mutex<BTreeSet<OsString>>>;

/// The watched folders.
struct Folders {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    names: Names,
    /// Whether all that should be watched are.
    is_whole: bool,
}

/// Watches all files that the configuration is read from, until the house stops.
pub(crate) fn watch(
    reloader: Reloader,
    tasks: &TaskTracker,
    stopping: CancellationToken,
    tell: Tell,
) -> anyhow::Result<()> {
    let (stir, stirred) = mpsc::channel(1);
    let names = Names::default();
    let counted = Arc::clone(&names);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.map_or(true, |event| counts(&event, &counted)) {
            let _ = stir.try_send(());
        }
    });
    let folders = Folders {
        watcher: watcher.context("watching the configuration's files")?,
        watched: BTreeSet::new(),
        names,
        is_whole: false,
    };
    tasks.spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = follow(reloader, folders, stirred, tell) => {}
        }
    });
    Ok(())
}

/// Whether an event is about one of the files, or of a watched folder's end. To read is no change:
/// reading is what follows one.
fn counts(event: &Event, names: &Names) -> bool {
    let is_end = matches!(
        event.kind,
        EventKind::Remove(RemoveKind::Other | RemoveKind::Folder)
    );
    if is_end || event.need_rescan() {
        return true;
    }
    let names = names.lock().unwrap_or_else(PoisonError::into_inner);
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|name| names.contains(name));
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(is_ours)
}

async fn follow(
    reloader: Reloader,
    mut folders: Folders,
    mut stirred: mpsc::Receiver<()>,
    tell: Tell,
) {
    let mut files = reloader.files();
    loop {
        let now = files.borrow_and_update().clone();
        folders.watch(&now);
        // Also at first: a file may have changed before its folder was watched.
        if let Some(outcome) = reloader.reload(Because::Touched).await {
            tell(outcome.as_ref());
        }
        tokio::select! {
            stir = stirred.recv() => match stir {
                Some(()) => quiet(&mut stirred).await,
                None => return,
            },
            changed = files.changed() => if changed.is_err() {
                return;
            },
            () = tokio::time::sleep(LOOK_EVERY), if !folders.is_whole => {}
        }
    }
}

/// Waits for the end of a change.
async fn quiet(stirred: &mut mpsc::Receiver<()>) {
    let still =
        async { while let Ok(Some(())) = tokio::time::timeout(QUIET, stirred.recv()).await {} };
    let _ = tokio::time::timeout(STIR_MAX, still).await;
}

impl Folders {
    /// Watches the folders of these files, and no others.
    fn watch(&mut self, files: &[PathBuf]) {
        let names = files.iter().filter_map(|file| file.file_name());
        *self.names.lock().unwrap_or_else(PoisonError::into_inner) =
            names.map(OsString::from).collect();
        let wanted: BTreeSet<_> = files.iter().map(|file| folder(file)).collect();
        for gone in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        self.watched.retain(|folder| wanted.contains(folder));
        self.is_whole = true;
        for folder in wanted {
            // Also those watched already: one may have been put in the place of another.
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.watched.insert(folder);
                }
                Err(_) => self.is_whole = false,
            }
        }
    }
}

fn folder(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}
