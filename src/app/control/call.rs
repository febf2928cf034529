//! The command line's side of the control socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::process::Uid;

use crate::control::{ANSWER_BYTES_MAX, Answer, Letter, NAME, address};

/// How long the house may take to answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// No house runs on this data folder.
    #[error("no gateway runs on this data folder")]
    NobodyThere,
    /// The socket, or whoever answers on it, belongs to another user.
    #[error("the gateway belongs to another user")]
    NotOurs,
    /// It did not answer in time, or went away.
    #[error("the running gateway did not answer")]
    Broken(#[source] io::Error),
}

/// Sends a letter to the house that runs on a data folder, and waits for its answer.
pub(crate) fn call(folder: &Path, letter: &Letter) -> Result<Answer, NoAnswer> {
    let stream = address(folder, NAME)
        .and_then(|(path, _open)| UnixStream::connect(path))
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::NotADirectory => NoAnswer::NobodyThere,
            io::ErrorKind::PermissionDenied => NoAnswer::NotOurs,
            _ => NoAnswer::Broken(error),
        })?;
    // Whoever may write to the folder may put a socket of its own there and answer as a gateway.
    let answering = rustix::net::sockopt::socket_peercred(&stream)
        .map_err(|errno| NoAnswer::Broken(errno.into()))?;
    if !is_believed(answering.uid, rustix::process::geteuid()) {
        return Err(NoAnswer::NotOurs);
    }
    converse(stream, letter).map_err(NoAnswer::Broken)
}

/// Whether a user's process is believed to be our gateway: our own user's, or root's, who may do
/// all that we may.
fn is_believed(answering: Uid, own: Uid) -> bool {
    answering == own || answering.is_root()
}

fn converse(mut stream: UnixStream, letter: &Letter) -> io::Result<Answer> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(letter)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = Vec::new();
    BufReader::new(stream.take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut answer)?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&answer)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_users_gateway_and_roots_is_believed() {
        let user = Uid::from_raw;
        for (answering, own, is_it) in [
            (1000, 1000, true),
            (0, 1000, true),
            (0, 0, true),
            (1001, 1000, false),
            (1000, 0, false),
        ] {
            let believed = is_believed(user(answering), user(own));
            assert_eq!(believed, is_it, "{answering} to {own}");
        }
    }
}
