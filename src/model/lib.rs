//! The nouns of the house: ids, partners, operations, refusals, evidence, and the ports.
//!
//! **For**: types that every room speaks, so that rooms on one floor can meet without importing
//! each other. **Doors**: the items re-exported below. **How a value goes through**: bytes become
//! one of these types once, at the rim (`PartnerId::parse`), and are believed from then on.
//! **Absent on purpose**: I/O, an async runtime, SQL, TLS sockets, YAML, and any protocol text: how
//! a refusal looks on the wire is said once, in `web`.

mod audit_event;
mod clock;
mod connection;
mod consent;
mod fault;
mod grant_event;
mod handler;
mod hop_by_hop;
mod id;
mod json_text;
mod key_life;
mod log_in;
mod message;
mod meter;
mod partner;
pub mod ports;
mod product;
mod refusal;
mod turn;

pub use audit_event::{
    Access, AuditEntry, AuditEvent, Body, ConsentSeen, Decision, End, Ended, LogName,
    OauthEndpoint, Object, StepSeen, Timing, TokenIssue, Who,
};
pub use clock::{Clock, MovedClock, SystemClock};
pub use connection::{Alpn, Connection, Network, PresentedChain, TlsFacts};
pub use consent::{
    BadDecimal, BoundTo, BoundValue, By, Channel, ConsentId, ConsentState, DECIDED_WITHIN, Decimal,
    EXTENSIONS_MAX, Edge, Evidence, FactorResult, NoEdge, Resource, Shown, SignedRequest, Terms,
    TermsStanding, Why,
};
pub use fault::Fault;
pub use grant_event::{ConsentPart, Extent, GrantAction, GrantEvent, SealedDetails};
pub use handler::{Asked, Breach, Facts, Handler};
pub use hop_by_hop::strip_hop_by_hop;
pub use id::{
    BadId, BankId, ClientId, ClusterId, EventId, GrantId, InteractionId, ListenerId, OperationId,
    PartnerId, PlanId, ProductId, PurposeId, RequestId, RequestIdText, ResourceId, ResourceKind,
    UpstreamId,
};
pub use json_text::{put_network, put_number, put_text, put_timestamp};
pub use key_life::{KeyLife, KeyTimes, PUBLISHED_BEFORE, VERIFIES_AFTER};
pub use log_in::DemandedLogIn;
pub use message::{
    BodyBroken, BodyError, MessageBody, Request, Response, empty, full, method_word,
};
pub use meter::{Counter, Gauge, Held, Histogram, Kind, Measure, Meter, SECONDS, Watch, Words};
pub use partner::{Name, Partner, Standing};
pub use product::{DetailType, ProtectionClass, Scope, ScopeSet};
pub use refusal::{
    CertificateProblem, Code, Misfit, ProofProblem, Refusal, StepFault, TokenProblem,
};
pub use turn::Turn;
