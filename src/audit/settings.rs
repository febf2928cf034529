//! What the log is told when it opens.

use std::path::PathBuf;
use std::time::Duration;

/// Where the log lies and how it is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The log's directory; made (mode 0700) when it is not there. One process uses it at a time.
    pub dir: PathBuf,
    /// This node's name, 1 to 64 of `a-z A-Z 0-9 . _ -`. A directory belongs to one node for ever.
    pub node: String,
    /// Bytes of a segment, preallocated (256 MiB for a server, 4 MiB for the sandbox). A segment
    /// is made larger when its opening or a single batch needs it; above 64 GiB it counts as that.
    pub segment_bytes: u64,
    /// How long a group that is not full waits for more records: 0 or about 1 ms (DESIGN §8).
    pub linger: Duration,
    /// Bytes that may wait for the disk. Entries nobody waits for are refused above 80 % of it,
    /// all above it (specs/audit.md §6). Taken as at least 64 KiB, so that any one record fits.
    pub queue_bytes_max: usize,
}
