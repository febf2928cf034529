//! Note frames: what the log says of itself beside its header.

use crate::wal::commit::{LogSize, put_size, take_size};
use crate::wal::cursor;
use crate::wal::frame::PAYLOAD_MAX;

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    /// A log begins, or a header had no room for it: `1 u8 | log u32 | size u64 | root | origin`.
    Log {
        /// Number and size.
        size: LogSize,
        /// Its origin; in this form its label.
        origin: String,
    },
    /// How far partners had come in a log when the segment was opened, so that a start needs to
    /// read the last segment only: `2 u8 | log u32 | n u16` and n times `partner | pseq u64`.
    Partners {
        /// The log.
        log: u32,
        /// Partner and the `pseq` last given.
        counts: Vec<(String, u64)>,
    },
}

/// The most partners in one note: each takes at most 64 + 9 bytes.
pub(crate) const PARTNERS_MAX: usize = (PAYLOAD_MAX - 8) / (64 + 9);

impl Note {
    /// Appends the payload.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Log { size, origin } => {
                out.push(1);
                put_size(out, *size);
                cursor::put_text(out, origin);
            }
            Self::Partners { log, counts } => {
                out.push(2);
                out.extend_from_slice(&log.to_le_bytes());
                out.extend_from_slice(&(counts.len() as u16).to_le_bytes());
                for (partner, pseq) in counts {
                    cursor::put_text(out, partner);
                    out.extend_from_slice(&pseq.to_le_bytes());
                }
            }
        }
    }

    /// Reads the payload whole; `None` when it is no note we know.
    pub(crate) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let note = match cursor::take_u8(bytes)? {
            1 => Self::Log {
                size: take_size(bytes)?,
                origin: cursor::take_text(bytes)?,
            },
            2 => {
                let log = cursor::take_u32(bytes)?;
                let mut counts = Vec::new();
                for _ in 0..cursor::take_u16(bytes)? {
                    counts.push((cursor::take_text(bytes)?, cursor::take_u64(bytes)?));
                }
                Self::Partners { log, counts }
            }
            _ => return None,
        };
        bytes.is_empty().then_some(note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_read_back_and_unknown_ones_are_refused() {
        let counts = (0..PARTNERS_MAX)
            .map(|n| (format!("{n:064}"), n as u64))
            .collect();
        let origin = "bank/harbour".to_owned();
        let size = LogSize { log: 2, size: 9 };
        for note in [
            Note::Log { size, origin },
            Note::Partners { log: 2, counts },
        ] {
            let mut bytes = Vec::new();
            note.put(&mut bytes);
            assert!(bytes.len() <= PAYLOAD_MAX);
            assert_eq!(Note::parse(&bytes), Some(note));
            assert_eq!(Note::parse(&bytes[..bytes.len() - 1]), None);
        }
        assert_eq!(Note::parse(&[3]), None);
    }
}
