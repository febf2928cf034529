//! The plan of the house, held as tests: floors and arrows, sizes, headers, words, log fields,
//! refusals, fuzz targets, requirements and their proofs, and the law of the permit.
//!
//! **For**: telling at once when a change leaves the plan. **Doors**: none; it is only tests.
//! **How a value goes through**: manifests and sources are read as text from the checkout and
//! compared with the plan below; `law` alone runs the compiler. **Absent on purpose**: any
//! dependency, on a room or on a library, so that these tests run first and fast.

#[cfg(test)]
mod floors;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod law;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod permit;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod requirements;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod text;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod words;
