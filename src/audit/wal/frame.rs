//! The frame: the unit of the log on disk (specs/audit.md §3).
//!
//! `len u32 | version u8 | kind u8 | flags u8 | 0 u8 | log u32 | crc32c u32`, the payload of `len`
//! bytes, zeros up to a multiple of 8. The CRC covers the twelve bytes before it and the payload.

use crate::wal::cursor;

/// Bytes of a frame's head.
pub(crate) const HEAD_BYTES: usize = 16;
/// The most payload an entry or a note may have: a tlog entry's length is a `u16`.
pub(crate) const PAYLOAD_MAX: usize = 65_535;
/// The most payload a commit frame may have: 8,192 logs with their roots fit.
const COMMIT_PAYLOAD_MAX: usize = 1 << 20;
const VERSION: u8 = 1;
const ALIGNMENT: usize = 8;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A record: the leaf's bytes.
    Entry,
    /// The end of a batch; a batch exists only if it is there and valid.
    Commit,
    /// Something about the log itself.
    Note,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Entry => 1,
            Self::Commit => 2,
            Self::Note => 3,
        }
    }

    fn parse(code: u8) -> Option<Self> {
        [Self::Entry, Self::Commit, Self::Note]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    fn payload_max(self) -> usize {
        match self {
            Self::Commit => COMMIT_PAYLOAD_MAX,
            Self::Entry | Self::Note => PAYLOAD_MAX,
        }
    }
}

/// A frame's head, read from a disk and plausible; [`FrameHead::payload`] proves it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameHead {
    pub(crate) kind: Kind,
    /// The log of an entry; 0 in other kinds.
    pub(crate) log: u32,
    pub(crate) crc: u32,
    /// Bytes of the payload.
    pub(crate) length: usize,
}

impl FrameHead {
    /// Reads a head; the error says what is wrong with it.
    pub(crate) fn parse(mut bytes: &[u8]) -> Result<Self, &'static str> {
        let bytes = &mut bytes;
        let short = "the file ends inside a frame's head";
        let length = cursor::take_u32(bytes).ok_or(short)? as usize;
        let [version, kind, flags, zero] = cursor::take::<4>(bytes).ok_or(short)?;
        let log = cursor::take_u32(bytes).ok_or(short)?;
        let crc = cursor::take_u32(bytes).ok_or(short)?;
        if version != VERSION {
            return Err("no frame of version 1 begins here");
        }
        let kind = Kind::parse(kind).ok_or("a frame of an unknown kind")?;
        if flags != 0 || zero != 0 {
            return Err("a frame with unknown flags");
        }
        if length > kind.payload_max() {
            return Err("a frame longer than its kind may be");
        }
        if (kind == Kind::Entry) == (log == 0) {
            return Err("an entry without a log, or a log where none belongs");
        }
        Ok(Self {
            kind,
            log,
            crc,
            length,
        })
    }

    /// Bytes of the whole frame: head, payload, padding.
    pub(crate) fn frame_bytes(&self) -> usize {
        frame_bytes(self.length)
    }

    /// Checks the CRC and the padding of the whole `frame` and gives its payload.
    pub(crate) fn payload<'a>(&self, frame: &'a [u8]) -> Result<&'a [u8], &'static str> {
        let short = "the file ends inside a frame";
        let frame = frame.get(..self.frame_bytes()).ok_or(short)?;
        let (head, rest) = frame.split_at_checked(HEAD_BYTES).ok_or(short)?;
        let (payload, padding) = rest.split_at_checked(self.length).ok_or(short)?;
        let covered = head.get(..HEAD_BYTES - 4).ok_or(short)?;
        if crc32c::crc32c_append(crc32c::crc32c(covered), payload) != self.crc {
            return Err("a frame's checksum does not fit");
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err("a frame's padding is not zero");
        }
        Ok(payload)
    }
}

/// Bytes of a frame with a payload of `length` bytes.
pub(crate) fn frame_bytes(length: usize) -> usize {
    (HEAD_BYTES + length).next_multiple_of(ALIGNMENT)
}

/// Appends a frame whose payload is `parts` joined; gives its CRC. The payload is within the
/// kind's limit, which the makers of payloads see to.
pub(crate) fn put(out: &mut Vec<u8>, kind: Kind, log: u32, parts: &[&[u8]]) -> u32 {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    debug_assert!(length <= kind.payload_max(), "a payload of {length} bytes");
    let start = out.len();
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&[VERSION, kind.code(), 0, 0]);
    out.extend_from_slice(&log.to_le_bytes());
    let mut crc = crc32c::crc32c(out.get(start..).unwrap_or_default());
    for part in parts {
        crc = crc32c::crc32c_append(crc, part);
    }
    out.extend_from_slice(&crc.to_le_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out.resize(start + frame_bytes(length), 0);
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<(FrameHead, &[u8]), &'static str> {
        let head = FrameHead::parse(bytes)?;
        let payload = head.payload(bytes)?;
        Ok((head, payload))
    }

    #[test]
    fn a_frame_reads_back_and_its_bytes_are_pinned() {
        let mut bytes = Vec::new();
        let crc = put(&mut bytes, Kind::Entry, 7, &[b"{\"a\"", b":1}"]);
        assert_eq!(bytes.len(), 24);
        assert_eq!(bytes[..12], [7, 0, 0, 0, 1, 1, 0, 0, 7, 0, 0, 0]);
        assert_eq!(bytes[12..16], crc.to_le_bytes());
        let (head, payload) = read(&bytes).unwrap();
        assert_eq!((head.kind, head.log, head.crc), (Kind::Entry, 7, crc));
        assert_eq!(payload, b"{\"a\":1}");
    }

    #[test]
    fn every_flipped_bit_of_a_frame_is_noticed() {
        let mut bytes = Vec::new();
        put(&mut bytes, Kind::Entry, 1, &[b"hello"]);
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(read(&flipped).is_err(), "bit {at}");
        }
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn crc32c_is_the_castagnoli_polynomial() {
        // RFC 3720 §B.4: 32 bytes of zeros.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    }
}
