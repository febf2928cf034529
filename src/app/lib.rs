//! The roof: wiring, listeners to rooms, command line, telemetry set-up.
//!
//! **For**: being the only room that knows all others, and handing each what it needs of the rest.
//! **Doors**: [`main`] (the command line), [`start`] (a house from its settings, for tests too),
//! [`Running`]. **How a value goes through**: arguments name a file; `config` makes a house of
//! settings from it; `assemble` opens log and stores and builds the rooms; `run` opens the
//! listeners, waits for a signal and drains. **Absent on purpose**: decisions about requests, and
//! anything a room could do itself.

mod access_log;
mod assemble;
mod cli;
mod dispatch;
mod environment;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod telemetry;

pub use cli::main;
pub use environment::Environment;
pub use run::{Left, Load, Running, Started, start};
#[cfg(feature = "sandbox")]
pub use sandbox::{Addresses, SandboxHouse};
