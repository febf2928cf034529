//! A segment's name and its header of 4 KiB (specs/audit.md §3).

use std::io;
use std::path::{Path, PathBuf};

use crate::wal::commit::{LogSize, put_size, take_size};
use crate::wal::cursor;
use crate::wal::head::{Head, Log};

/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 4_096;
const MAGIC: &[u8; 8] = b"mortise\0";
const VERSION: u32 = 1;
const CRC_AT: usize = HEADER_BYTES - 4;

/// What a segment's header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The segment's number, dense from 0: a missing segment shows in the headers alone.
    pub(crate) ordinal: u64,
    /// Bytes the file was given; a shorter file was cut.
    pub(crate) capacity: u64,
    /// The node that writes it.
    pub(crate) node: String,
    /// Where the log stood when the segment was opened. Logs beyond the table's room follow as
    /// notes; `declared` counts them too.
    pub(crate) head: Head,
}

impl Header {
    /// The header's bytes, and how many of the logs found room in it.
    pub(crate) fn to_bytes(&self) -> (Vec<u8>, usize) {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.ordinal.to_le_bytes());
        out.extend_from_slice(&self.capacity.to_le_bytes());
        out.extend_from_slice(&self.head.frame.to_le_bytes());
        out.extend_from_slice(&self.head.batch.to_le_bytes());
        out.extend_from_slice(&self.head.chain);
        cursor::put_text(&mut out, &self.node);
        out.extend_from_slice(&(self.head.logs.len() as u32).to_le_bytes());
        let count_at = out.len();
        out.extend_from_slice(&[0; 2]);
        let mut held = 0_u16;
        for (number, log) in (1..).zip(&self.head.logs) {
            // 13 bytes of number, size and root, 1 of the text's length.
            if out.len() + 14 + log.origin.len() > CRC_AT {
                break;
            }
            put_size(
                &mut out,
                LogSize {
                    log: number,
                    size: log.size,
                },
            );
            cursor::put_text(&mut out, &log.origin);
            held += 1;
        }
        for (to, from) in out.iter_mut().skip(count_at).zip(held.to_le_bytes()) {
            *to = from;
        }
        out.resize(CRC_AT, 0);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        (out, usize::from(held))
    }

    /// Reads a header; the error says what is wrong with it.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let short = "the segment's header is cut";
        let (covered, mut crc) = bytes.split_at_checked(CRC_AT).ok_or(short)?;
        let crc = cursor::take_u32(&mut crc).ok_or(short)?;
        if !covered.starts_with(MAGIC) {
            return Err("this is no segment of an audit log");
        }
        if crc32c::crc32c(covered) != crc {
            return Err("the header's checksum does not fit");
        }
        Self::take(covered.get(MAGIC.len()..).ok_or(short)?).ok_or("the header is not of version 1")
    }

    fn take(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        if cursor::take_u32(bytes)? != VERSION {
            return None;
        }
        let ordinal = cursor::take_u64(bytes)?;
        let capacity = cursor::take_u64(bytes)?;
        let frame = cursor::take_u64(bytes)?;
        let batch = cursor::take_u64(bytes)?;
        let chain = cursor::take(bytes)?;
        let node = cursor::take_text(bytes)?;
        let declared = cursor::take_u32(bytes)?;
        let mut logs = Vec::new();
        for number in 1..=u32::from(cursor::take_u16(bytes)?) {
            let LogSize { log, size } = take_size(bytes)?;
            if log != number || log > declared {
                return None;
            }
            let origin = cursor::take_text(bytes)?;
            logs.push(Log { origin, size });
        }
        Some(Self {
            ordinal,
            capacity,
            node,
            head: Head {
                frame,
                batch,
                chain,
                logs,
                declared,
            },
        })
    }
}

/// The file's name: the number of its first frame.
pub(crate) fn name(first_frame: u64) -> String {
    format!("{first_frame:016x}.seg")
}

/// The folder of the segments.
pub(crate) fn folder(dir: &Path) -> PathBuf {
    dir.join("wal")
}

/// The segments' paths in order; none when the folder is not there yet. Of a log that is being
/// written, those up to some moment, without a hole.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    // A folder is not read at one moment: of two segments that begin meanwhile it may show the
    // second alone. Whatever it showed once, with all before it, is there when it is read again.
    let shown = with_ending(folder, ".seg")?;
    let mut all = with_ending(folder, ".seg")?;
    all.retain(|path| Some(path) <= shown.last());
    Ok(all)
}

/// The paths in a folder whose names end so, in order; none when the folder is not there.
pub(crate) fn with_ending(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if file_name(&path).ends_with(ending) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The file's name for people.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(logs: usize) -> Header {
        Header {
            ordinal: 4,
            capacity: 1 << 20,
            node: "node-1".to_owned(),
            head: Head {
                frame: 0x1_0000,
                batch: 99,
                chain: [7; 32],
                logs: (0..logs)
                    .map(|n| Log {
                        origin: format!("bank/{n:03}"),
                        size: n as u64,
                    })
                    .collect(),
                declared: logs as u32,
            },
        }
    }

    #[test]
    fn a_header_reads_back_and_each_flipped_byte_is_noticed() {
        let (bytes, held) = header(3).to_bytes();
        assert_eq!((bytes.len(), held), (HEADER_BYTES, 3));
        assert_eq!(Header::parse(&bytes), Ok(header(3)));
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(Header::parse(&flipped).is_err(), "byte {at}");
        }
    }

    #[test]
    fn logs_beyond_the_headers_room_are_left_to_notes() {
        let (bytes, held) = header(1_000).to_bytes();
        let read = Header::parse(&bytes).unwrap();
        assert!(held > 100 && held < 1_000, "{held}");
        assert_eq!(read.head.logs.len(), held);
        assert_eq!(read.head.declared, 1_000);
    }
}
