//! The configuration: one YAML file in, valid settings of all rooms or all its mistakes out.
//!
//! **For**: `mortise serve`, `check`, `schema`, `sandbox`, and whoever else must know what a file
//! means before it acts. **Doors**: [`load`], which gives a [`House`] or [`Mistakes`]; [`Loader`],
//! for whoever loads again; [`explain`], which also tells the defaults in force; [`schema`], the
//! file's JSON Schema. A [`Mistake`] is data, and [`Mistakes::render`] prints them as a compiler
//! does.
//!
//! **How a value goes through**: `yaml` reads text into a tree that knows each node's bytes;
//! `include` joins the trees of several files; `file` walks it section by section with a `reader`,
//! which notes every unknown or missing key, wrong type and unitless number; `files` reads what is
//! referred to; `compile` joins names, certificates, API descriptions and agreements into the
//! rooms' settings and notes what contradicts what. Nothing stops at the first mistake, and a file
//! with one gives nothing at all.
//!
//! **One table of keys** (`shape`, filled in beside each reader in `file`) says of every key what
//! its value must be, what holds without it and what it does; the reader, the schema and `explain`
//! follow it. To add a key: a `Key` in the `Shape` of its section, a line that reads it, and a line
//! in `config/gateway.yaml` with comment and default; `MORTISE_GOLDEN=write` writes the schema.
//!
//! **No lost line loosens** (promise P1). Whatever admits or refuses must be written: there is no
//! default for `client_certificates`, `standing`, `revocation`, `from`, `until`, `deadline`,
//! `gate`, `access_token_lifetime`, a product's `listeners`, an upstream's `tls` or a plan's
//! limits. The `limits` of listeners and upstreams are many, and tighter ones than usual are wanted
//! as often as wider ones; so it is all or nothing: `limits: standard`, or every limit. What has a
//! default (`algorithm`, `name` of an upstream's `tls`, names of partners, `clients`, and of the
//! node `drain` and the make of its log) lets nobody in who would be refused. Without `log_in` or
//! `redirect_uris` there are no customers' grants; with `log_in`, `profile` must be written.
//! Without `consent` no customer consents to anything: operations of class `customer` are refused.
//! What a bank's `pages` put in the place of ours is tried against it, room by room.
//!
//! **Absent on purpose**: patterns in `include`, anchors and merge keys, environment variables
//! inside values, secrets in the file (they come by `file:` or `env:`), keys whose effect is not
//! built, and
//! swapping: a [`Loader`] loads again, its caller swaps.

mod compile;
mod explain;
mod file;
mod files;
mod house;
mod include;
mod kept;
mod load;
mod loader;
mod mistake;
mod quantity;
mod reader;
mod schema;
mod shape;
mod source;
mod yaml;

#[cfg(test)]
mod fixture;

pub use explain::InForce;
pub use house::{
    AgreementPlan, AuthorizationPlan, BankPlan, BlockPlan, ClientPlan, ConsentPlan,
    DestinationPlan, DetailPlan, EndpointPlan, GatePlan, House, IssuerEndpoint, IssuerPlan,
    ListenerPlan, Loaded, LogInPlan, Mode, OurTokensPlan, PartnerPlan, PlanSettings, ProductPlan,
    ProviderPlan, ResourceServerPlan, Room, Service, SourcePlan, TokensPlan,
};
pub use load::{audit_dir, block_tests, explain, load, store_path};
pub use loader::{Loader, Variables};
pub use mistake::{Code, Mistake, Mistakes, Related};
pub use quantity::Rate;
pub use schema::{SchemaOf, schema};
pub use source::End;
