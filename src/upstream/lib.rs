//! From a request to a bank's service and back.
//!
//! **For**: one [`Upstream`] is one bank service with its endpoints, its TLS identity and its own
//! pool of connections. **Doors**: [`Upstreams`] (equal settings keep their upstream),
//! [`Upstream::send`], [`Upstream::drain`], [`Upstream::counts`] and [`Upstream::endpoints`] for
//! those who watch, the settings, and [`may_be_plain`] for those who check a file before it is
//! used; [`Fetcher`], the port `fetch`, whose hosts are upstreams with one endpoint each.
//! **How a value goes through**: `client` makes the head this room's own (`message`), takes a place
//! from the pool (`pool`, which keeps the books of `state` and `tally`, lets `health` say which
//! endpoints are in play and `balance` choose one), opens a connection when the place is a right to
//! open one (`connect`, `tls`, `wire`, `connection`), sends, judges the answer's head and wraps its
//! body (`answer`), which holds the place until its last byte or its drop.
//! **Absent on purpose**: repeating what may have had an effect; asking endpoints for their health
//! apart from requests; upgrades and tunnels; redirects; cookies; proxies; sessions by stickiness;
//! trying several addresses at once; what the headers mean, except those that frame a message.
//!
//! # What follows from each fault
//!
//! *Word*: [`Trouble`], in records, logs and counters; nothing of it, nor of endpoints, reaches the
//! partner. *Again*: what else is done for this request. *Held against*: whether it counts as one
//! of the failures after which an endpoint rests. 503 says that the bank has surely not acted.
//!
//! | what happens | told | word | again | held against |
//! |---|---|---|---|---|
//! | nobody listens; the name leads nowhere | 503 | dead | another endpoint, once | rests at once where nothing is open |
//! | no answer to the attempt to connect within `connect_timeout` or the deadline | 503 | unreachable | another endpoint, once | the same; by the deadline as one failure |
//! | TLS fails: wrong name, expired, wrong authority, no common version, our certificate refused | 503 | untrusted | another endpoint, once; not if the refusal came after the handshake | the same |
//! | a connection closes before any of the request is written | 503 | reset | another connection, three times | when it was just opened |
//! | RST_STREAM with REFUSED_STREAM | 503 | refused | once, without effect | yes |
//! | GOAWAY below the request's stream | 503 | refused | once, without effect | no: a goodbye in order |
//! | reset or close before the head is whole, other RST_STREAM | 502 | reset | once, without effect | yes, once for each connection; not when an HTTP/1.1 connection had rested before |
//! | no head within `head_timeout` or the deadline, slow or silent | 504 | timed_out | no | yes, unless the caller's body was waited for |
//! | not HTTP; a head over its limits; two readings of the length; 101; HTTP/2 frames against the rules | 502 | garbage | no | yes |
//! | other 1xx | passed over; those of HTTP/1.1 count into the head's bytes | | | no |
//! | the body ends early: reset, close, too few bytes, no last chunk, a bad chunk | the answer is cut: RST_STREAM or a closed connection, record `cut` | truncated | no | yes |
//! | the body pauses for `body_idle_timeout`, or trickles below `body_rate_min` | the same | stalled | no | yes |
//! | 502, 503 or 504 from the bank | passed on | declined, counted only | no | yes |
//! | any other status, 500 too | passed on | | no | no: the service's own answer |
//! | no place within `wait_timeout`, or `waiting` wait already | 503 | busy | no | no |
//! | all endpoints rest | 503 at once | resting | no | no |
//!
//! *Without effect*: the operation changes nothing, and the request has no body. Then it is sent
//! once more, on a connection of its own where it can be, at another endpoint where there is one,
//! within the same deadline and a budget for the whole upstream: in each second 10, and a fifth of
//! the requests that came. An operation with an effect is sent once, whatever the bank says.
//!
//! An endpoint rests after `failures` in a row, unless half of all rest already: when all give bad
//! answers, half go on. Rests double from `back_off` to `back_off_max`; then `probes` requests at
//! once find out. When no endpoint is in play, none rests longer than a tenth of `back_off`, and
//! nobody waits.

mod answer;
mod client;
mod connect;
mod connection;
mod counts;
mod drive;
mod endpoint;
mod failure;
mod fetch;
mod message;
mod metrics;
mod pool;
mod registry;
mod request_body;
mod settings;
mod tls;
mod totals;
mod trouble;
mod wire;

pub use client::{Terms, Upstream};
pub use counts::{Counts, EndpointCounts, Standing};
pub use endpoint::may_be_plain;
pub use failure::{
    BadUpstream, ConnectProblem, Unacceptable, Unanswered, Unreachable, UpstreamFailure, Waiting,
};
pub use fetch::Fetcher;
pub use registry::Upstreams;
pub use settings::{ClientTls, EndpointSettings, UpstreamLimits, UpstreamSettings};
pub use trouble::Trouble;
