//! From a request to a bank's service and back.
//!
//! **For**: one [`Upstream`] is one bank service with its endpoints, its TLS identity and its own
//! pool of connections. **Doors**: [`Upstream::new`], [`Upstream::send`], [`Upstream::drain`], the
//! counts (`in_use`, `waiting`, `connections_open`, `idle`), the settings, and [`may_be_plain`] for
//! those who check a file before it is used.
//! **How a value goes through**: `client` makes the head this room's own (`message`), takes a place
//! from the pool (`pool`, which keeps the books of `state` and lets `balance` choose the endpoint),
//! opens a connection when the place is a right to open one (`connect`, `tls`, `connection`), sends
//! once, judges the answer's head and wraps its body (`answer`), which holds the place until its
//! last byte or its drop.
//! **Absent on purpose**: repeating a request of which a byte may have left (what is safe to repeat
//! is decided above, by operation); upgrades and tunnels; redirects; cookies; proxies; sessions by
//! stickiness; trying several addresses at once; what the headers mean, except those that frame a
//! message.

mod answer;
mod balance;
mod client;
mod connect;
mod connection;
mod drive;
mod endpoint;
mod failure;
mod message;
mod pool;
mod registry;
mod request_body;
mod settings;
mod state;
mod tls;

pub use client::Upstream;
pub use endpoint::may_be_plain;
pub use failure::{
    BadUpstream, ConnectProblem, Unacceptable, Unreachable, UpstreamFailure, Waiting,
};
pub use registry::Upstreams;
pub use settings::{ClientTls, EndpointSettings, UpstreamLimits, UpstreamSettings};
