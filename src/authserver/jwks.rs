//! The issuer's public keys as a document (RFC 7517 §5).

use bytes::Bytes;

use model::Fault;

use crate::keys::ring::Ring;

/// The document's bytes: all keys of the ring, public parts only (C-06).
pub(crate) fn document(ring: &Ring) -> Result<Bytes, Fault> {
    serde_json::to_vec(&ring.public().to_json())
        .map(Bytes::from)
        .map_err(|cause| Fault::caused("writing the public keys", cause))
}
