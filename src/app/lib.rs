//! The roof: wiring, listeners to rooms, command line, telemetry set-up.
//!
//! **For**: being the only room that knows all others, and handing each what it needs of the rest.
//! **Doors**: [`main`] (the command line), [`SandboxHouse`] (a house and its model bank, for tests
//! too), [`Running`], [`BankAccounts`] and [`BankFactor`] (what a bank's services tell the consent
//! desk). **How a value goes through**: arguments name a file; `config` makes a house
//! of settings from it; `standing` opens log and stores; `assemble` builds what is in force
//! (`live`) on top of them; `run` opens the listeners, waits for a signal and drains. `reload`
//! builds the next one beside it and swaps; `control` hears commands while it runs. **Absent on
//! purpose**: decisions about requests, and anything a room could do itself.

mod access_log;
mod assemble;
mod cli;
mod consents;
mod control;
mod counted;
mod dispatch;
mod edges;
mod environment;
mod live;
mod outbox;
mod probes;
mod prove;
mod reload;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod standing;
mod telemetry;
#[cfg(feature = "sandbox")]
mod watch;

pub use assemble::{BankAccounts, BankFactor};
pub use cli::main;
pub use environment::Environment;
pub use reload::{Applied, NotApplied};
pub use run::{Configuration, Left, Load, Running, start};
#[cfg(feature = "sandbox")]
pub use sandbox::{Addresses, SandboxHouse};
pub use telemetry::hush_panics;
