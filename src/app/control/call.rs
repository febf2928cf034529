//! The command line's side of the control socket.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::control::{ANSWER_BYTES_MAX, Answer, Letter, NAME, address};

/// How long the house may take to answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// No house runs on this data folder.
    #[error("no gateway runs on this data folder")]
    NobodyThere,
    /// The socket belongs to another user.
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
    converse(stream, letter).map_err(NoAnswer::Broken)
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
