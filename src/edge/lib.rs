//! From socket to request: listeners, TLS, HTTP/1.1 and HTTP/2.
//!
//! **For**: whoever has a [`model::Handler`] and wants it reached from outside. It proves that a
//! client holds the key of the certificate it shows, chooses the HTTP version by ALPN (RFC 7301),
//! refuses what two parsers could read in two ways, and puts a limit on everything that a client
//! could make large, slow or many.
//!
//! **Doors**: [`bind`] gives a socket, [`Edge::open`] serves it by [`ListenerSettings`],
//! [`Edge::stage`] and [`Edge::apply`] change listeners that are open, [`Edge::close`] ends one,
//! [`Edge::drain`] all of them. [`Limits`] lists every limit with its default.
//!
//! **How a value goes through**: `server` opens a listener → `listener` accepts and counts
//! (`slots`) → `tls` shakes hands (`client_auth`) and gives a [`model::Connection`] → `connection`
//! runs hyper for the version that ALPN chose, over a `socket` that watches for stalls (on HTTP/2
//! what many streams send is `gather`ed first) → `exchange` takes each request through `framing`,
//! wraps its `body`, calls the handler and shapes the `answer`. A connection and all its streams
//! are one task, so that ending the task drops every future and body in it; its `pulse` is what the
//! task and its parts know of each other.
//!
//! **Absent on purpose**: any judgement of a certificate (`identity` judges it, on every request),
//! routes, limits by partner, the wording of refusals other than malformed requests (`web`), audit,
//! sniffing of the HTTP version, upgrades and tunnels, HTTP/2 without TLS. What hyper's parser has
//! already made unambiguous is not visible here: equal `Content-Length` lines are one,
//! `Transfer-Encoding` outweighs `Content-Length` and closes (RFC 9112 §6.1), a fragment is cut off
//! the target. There is no second parser in front of hyper.

mod answer;
mod body;
mod client_auth;
mod connection;
mod exchange;
mod framing;
mod gather;
mod house;
mod listener;
mod metrics;
mod pulse;
mod server;
mod settings;
mod shown;
mod slots;
mod socket;
mod streams;
mod tls;

#[cfg(test)]
mod probe;

pub use listener::bind;
pub use server::{Drained, Edge, OpenFailed, Staged};
pub use settings::{ClientCertificates, Identity, Limits, ListenerSettings, TlsSettings};
