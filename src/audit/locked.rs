//! Locks in a room whose threads leave what they guard whole.

use std::sync::PoisonError;

/// What a lock guards, also after a panic elsewhere: no step under a lock of this room can panic
/// half-way.
pub(crate) fn recovered<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
