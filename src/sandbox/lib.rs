//! The partner sandbox: what stands in for a bank, its partners and their authorities.
//!
//! **For**: trying the gateway on one machine, offline, against a bank that behaves. The gateway in
//! front of it is the product's own; only the upstream, the authorities and the partners are made
//! up here. **Doors**: [`prepare`] fills the sandbox's directory (certificates, keys, API files,
//! `gateway.yaml`) and renews what is near its end; [`signing_key`] gives a made-up partner's key
//! back; [`ModelBank`] answers as bank "harbour", whose [`CUSTOMERS`] log in with [`PASSWORD`], and
//! shows what it sent them ([`Message`]: one-time codes); [`commands`] and [`render`] print what to
//! paste into a shell; [`Demo`] is a partner's app as its customers see it ([`DemoApp::SwiftRide`],
//! [`DemoApp::Cartwheel`]); [`StartPage`] leads to all of it, and shows the last calls that an
//! [`Inspector`] saw, each with its stages; [`TestCa`] makes certificates, for `prepare` and for
//! tests alike.
//! **How a value goes through**: a request that the gateway forwarded reaches `ModelBank::handle`,
//! is routed, its identity assertion is verified where the operation wants one, its query becomes
//! a typed filter, and the answer is computed from the seed, the clock's date, that filter and,
//! where it is a customer's, whom the assertion names. A click in a demo app reaches
//! `Demo::handle`, becomes calls to the gateway over the port `fetch`, as any partner's would be,
//! and what they answer becomes the page. What the gateway decided of a call reaches
//! `Inspector::saw`, over the port `Watcher`, and stays for a while.
//! **Absent on purpose**: sockets and TLS (`app` wires the bank with `edge`), YAML reading
//! (`config`), refusals of the gateway (the pipeline's own), state that changes (failed log-ins are
//! counted and one-time codes are kept, and a restart forgets both), money that is moved by a call,
//! and any way to switch a check off: the sandbox is guarded as production is.

mod bank;
mod commands;
mod demo;
mod inspector;
mod loopback;
mod prepare;
mod start;
mod test_ca;

pub use bank::{CUSTOMERS, Message, ModelBank, PASSWORD};
pub use commands::{Command, commands, render};
pub use demo::{Demo, DemoApp, DemoPorts, DemoProof, DemoSettings};
pub use inspector::Inspector;
pub use prepare::{
    BANK, PartnerFiles, Plan, PrepareFailed, Prepared, UPSTREAM, is_prepared, prepare, signing_key,
};
pub use start::{InForce, StartPage, StartPorts, StartSettings};
pub use test_ca::{CannotMake, Issued, KeyKind, Leaf, Marker, Purpose, Revoked, TestCa, Validity};
