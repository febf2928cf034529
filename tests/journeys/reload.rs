//! Reload: a new file comes into force whole, for the next request, or changes nothing.

mod socket;
