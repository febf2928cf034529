//! The socket's side of the house.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::control::{Answer, LETTER_BYTES_MAX, Letter, NAME, Steward, Verdict, address};

/// Connections at once; more wait in the kernel.
const AT_ONCE: usize = 8;
/// How long a letter may take to come, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long accepting pauses when the process has no descriptor left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// The open door. Dropped, its socket's file goes.
struct Door {
    socket: UnixListener,
    path: PathBuf,
    inode: u64,
    /// Whoever may knock: the owner of the socket, which is this process.
    user: u32,
}

/// Opens the control socket in the data folder and answers until the house stops. A file that an
/// ended process left is replaced: the store's lock, held by now, says that there is no other.
pub(crate) fn open_door(
    folder: &Path,
    steward: Steward,
    tasks: &TaskTracker,
    stopping: CancellationToken,
) -> io::Result<()> {
    let door = Door::open(folder)?;
    let steward = Arc::new(steward);
    let letters = tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = door.run(&steward, &letters, &stopping) => {}
        }
    });
    Ok(())
}

impl Door {
    /// Binds under another name first: nobody meets the socket before its mode is set.
    fn open(folder: &Path) -> io::Result<Self> {
        let (fresh, _open) = address(folder, &format!("{NAME}.new"))?;
        let _ = std::fs::remove_file(&fresh);
        let socket = std::os::unix::net::UnixListener::bind(&fresh)?;
        std::fs::set_permissions(&fresh, Permissions::from_mode(0o600))?;
        let metadata = std::fs::metadata(&fresh)?;
        let path = folder.join(NAME);
        std::fs::rename(&fresh, &path)?;
        socket.set_nonblocking(true)?;
        Ok(Self {
            socket: UnixListener::from_std(socket)?,
            path,
            inode: metadata.ino(),
            user: metadata.uid(),
        })
    }

    /// Whether a user may knock; one whom the system does not name may not.
    fn is_open_to(&self, user: Option<u32>) -> bool {
        user == Some(self.user)
    }

    async fn run(&self, steward: &Arc<Steward>, tasks: &TaskTracker, stopping: &CancellationToken) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let stream = match self.socket.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the control socket cannot accept: pausing");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                    continue;
                }
            };
            if !self.is_open_to(stream.peer_cred().ok().map(|peer| peer.uid())) {
                tracing::warn!("another user knocked at the control socket and was sent away");
                continue;
            }
            let steward = Arc::clone(steward);
            let stopping = stopping.clone();
            tasks.spawn(async move {
                let _held = place;
                converse(stream, &steward, &stopping).await;
            });
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // Another house may have taken the place meanwhile.
        let is_ours = std::fs::metadata(&self.path).is_ok_and(|file| file.ino() == self.inode);
        if is_ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// One letter, one answer.
async fn converse(mut stream: UnixStream, steward: &Steward, stopping: &CancellationToken) {
    let (reading, mut writing) = stream.split();
    let mut line = Vec::new();
    let mut reader = BufReader::new(reading.take(LETTER_BYTES_MAX));
    let read = tokio::select! {
        // Nobody waits at the end for one who has asked nothing yet.
        () = stopping.cancelled() => return,
        read = tokio::time::timeout(PATIENCE, reader.read_until(b'\n', &mut line)) => read,
    };
    let answer = match read {
        Ok(Ok(_)) if line.ends_with(b"\n") => match serde_json::from_slice::<Letter>(&line) {
            Ok(letter) => steward.carry_out(letter).await,
            Err(error) => unreadable(&error.to_string()),
        },
        Ok(Ok(_)) => unreadable("it must be one line of at most 64 KiB"),
        // Whoever says nothing, or goes away, gets nothing.
        Ok(Err(_)) | Err(_) => return,
    };
    let Ok(mut text) = serde_json::to_vec(&answer) else {
        return;
    };
    text.push(b'\n');
    let _ = tokio::time::timeout(PATIENCE, writing.write_all(&text)).await;
}

fn unreadable(why: &str) -> Answer {
    Answer {
        verdict: Verdict::Failed,
        text: format!("error: the running gateway does not understand the order: {why}\n"),
        json: serde_json::json!({ "error": why }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_door_is_open_to_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let door = Door::open(folder.path()).expect("a door");
        let own = std::fs::metadata(folder.path()).expect("metadata").uid();
        assert!(door.is_open_to(Some(own)));
        assert!(!door.is_open_to(Some(own + 1)));
        assert!(!door.is_open_to(None));
        let mode = std::fs::metadata(folder.path().join(NAME))
            .expect("a socket")
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
