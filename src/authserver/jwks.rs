//! The issuer's public keys as a document (RFC 7517 §5).

use bytes::Bytes;
use jiff::Timestamp;

use crate::keys::ring::Ring;

/// The document's bytes: the keys of the ring that are published now, public parts only (C-06).
pub(crate) fn document(ring: &Ring, now: Timestamp) -> Bytes {
    Bytes::from(ring.public(now).to_json().to_string())
}
