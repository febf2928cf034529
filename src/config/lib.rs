//! The configuration: one YAML file in, valid settings of all rooms or all its mistakes out.
//!
//! **For**: `mortise serve`, `check` and `sandbox`, and whoever else must know what a file means
//! before it acts. **Doors**: [`load`], which gives a [`House`] or [`Mistakes`]; a [`Mistake`] is
//! data, and [`Mistakes::render`] prints them as a compiler does.
//!
//! **How a value goes through**: `yaml` reads text into a tree that knows each node's bytes; `file`
//! walks it section by section with a `reader`, which notes every unknown or missing key, wrong
//! type and unitless number; `files` reads what is referred to; `compile` joins names, certificates,
//! API descriptions and agreements into the rooms' settings and notes what contradicts what.
//! Nothing stops at the first mistake, and a file with one gives nothing at all.
//!
//! What is written nowhere has the tight default; what would loosen when its line is lost
//! (`client_certificates`, `standing`, `revocation`, `until`, a plan's limits) must be written.
//!
//! **Absent on purpose**: includes, anchors and merge keys, environment variables inside values,
//! secrets in the file (they come by `file:` or `env:`), keys whose effect is not built, a JSON
//! Schema, and reloading: a caller loads again and swaps.

mod compile;
mod file;
mod files;
mod house;
mod load;
mod mistake;
mod quantity;
mod reader;
mod source;
mod yaml;

#[cfg(test)]
mod fixture;

pub use house::{
    AgreementPlan, BankPlan, ClientPlan, EndpointPlan, GatePlan, House, IssuerEndpoint, IssuerPlan,
    ListenerPlan, Mode, PartnerPlan, PlanSettings, ProductPlan, Service,
};
pub use load::load;
pub use mistake::{Mistake, Mistakes, Related};
pub use quantity::Rate;
