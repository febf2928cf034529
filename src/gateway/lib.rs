//! The data plane: a request's way from the edge to a bank and back. Read `pipeline.rs` first.
//!
//! **For**: deciding whether a request may reach a bank, and taking it there. **Doors**:
//! [`Gateway`] (answers requests), [`Gate`] (the per-address bucket that other endpoints share),
//! [`Snapshot`] and what it is made of, [`prove()`] (what guards each operation of a snapshot),
//! [`fuzz_answer_filter`] (for fuzzers).
//! **How a value goes through**: a request becomes an `Exchange`; each stage borrows it and gives a
//! proof; `permit::Admitted` takes the proofs its class demands; `stage::forward` takes an
//! `Admitted` and nothing else, and calls a bank's service, the services that a block reads, or a
//! room of this house by its port; in class `customer` `stage::disclose` lets `filter` take out of
//! the answer what the consent does not cover; a record goes to the log before the answer's head
//! leaves. **Absent on purpose**: sockets, stores, YAML, the text of problems (`web`), and the
//! class `payment`, which no snapshot can hold yet.

mod assertion;
mod exchange;
mod filter;
mod halt;
mod headers;
mod lent;
mod limit;
mod metrics;
mod permit;
mod pipeline;
mod product;
mod prove;
mod record;
mod route;
mod snapshot;
mod stage;
mod tracked;
mod turned_away;
mod whole;

pub use assertion::Assertions;
pub use filter::fuzz_answer_filter;
pub use lent::Services;
pub use limit::{Gate, GateSettings, Limiters, Plan, Rate};
pub use metrics::RouteMeters;
pub use pipeline::Gateway;
pub use product::{
    Agreement, Bank, Class, Composed, ComposedOperation, ComposedSource, Coverage, Destination,
    Goal, Route,
};
pub use prove::{Answer, Attack, Granted, Guard, Handshake, Operation, Terms, Unwritten, prove};
pub use route::{RouteConflict, RoutePattern, names_authority};
pub use snapshot::{Road, Snapshot};
