//! The write-ahead log as it lies on disk: its frames, how they are appended and scanned.

pub(crate) mod ahead;
pub(crate) mod append;
pub(crate) mod batch;
pub(crate) mod builder;
pub(crate) mod commit;
mod cursor;
pub(crate) mod disk;
pub(crate) mod frame;
pub(crate) mod head;
pub(crate) mod note;
pub(crate) mod place;
pub(crate) mod scan;
pub(crate) mod segment;
