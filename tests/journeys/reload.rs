//! Reload: a new file comes into force whole, for the next request, or changes nothing.

mod counts;
mod limits;
mod listeners;
mod load;
mod pools;
mod socket;
mod trust;
mod whole;
