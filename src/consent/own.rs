//! A bank's own pages in the place of ours, of the desk and of what customers keep.

use model::Fault;
use web::{OwnPages, Tried};

use crate::{keep, page};

/// Tries what a bank puts in the place of the pages of the desk and of what customers keep: each is
/// drawn of values made up, and held against ours. Fails when ours cannot be made.
pub fn try_pages(own: &OwnPages) -> Result<Tried, Fault> {
    Ok(page::try_pages(own)?.and(keep::try_pages(own)?))
}
