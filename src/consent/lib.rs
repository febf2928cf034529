//! What customers consent to, in words that they understand, and by which rules.
//!
//! **For**: the bank's *consent catalogue*, which says of every scope which kinds of data it opens
//! and how they are told to a customer, in Chinese and in English; the *profiles*, which say how
//! the law of a place wants consent to be asked, kept and ended (specs/consent.md §2, §7); and the
//! *desk*, which asks a customer (§5, §6 A). Page, token and check of what leaves go by one
//! catalogue, so that they cannot disagree.
//!
//! **Doors**: [`Catalogue::read`] and the [`Cluster`], [`ScopeEntry`] and [`Purpose`] it holds;
//! [`ProfileRules::read`], and the texts of the profiles that are built in, [`PROFILES`]. What is
//! wrong with a file comes back as [`Problem`]s, each with a JSON Pointer (RFC 6901). [`Desk::new`]
//! takes [`DeskSettings`] and [`DeskPorts`] and is a [`model::ports::ConsentDesk`]; what it kept as
//! evidence is read by [`open_evidence`]. [`Keeper::new`] takes [`KeeperSettings`] and
//! [`KeeperPorts`] and is a [`model::ports::Permissions`]: what customers gave, in their sight, and
//! the way to withdraw it (§6 B). [`Resource`] is the consent resource for partners, a
//! [`model::ports::RoomDoor`]; what it serves is [`SERVED`].
//! [`try_pages`] holds a bank's own pages against ours. [`fuzz_wish`] is for fuzzers.
//!
//! **How a value goes through**: `config` reads a file into a tree of values; a `Site` walks it,
//! and whatever it was not asked for is a problem. Each text is measured when it is read, and
//! looked through for technical names when all of these are known. Then the parts are held against
//! each other: clusters that nobody asks for or that do not exist, sensitive ones without a second
//! factor. A catalogue exists only when nothing is wrong; it bears a digest of all it says, which
//! the evidence of a consent names. A request becomes a `Wish` by the catalogue, or is refused; the
//! customer's consent is made when they come first; page after page their answers go into a
//! `Draft`, which lies in the store, sealed, with each page as it was sent. The second factor is
//! over the digest of all that the draft says, and terms are made of the same draft. A wish that a
//! partner lodged first is kept as it was checked; its customer opens it by a request that names
//! it, and is asked for just that. A request that names a consent in force has it renewed, under
//! its id and in its grant, if it asks for nothing that it has not; else it makes another, which
//! takes the place of that one when its customer allows it.
//!
//! Attacks stopped here: a form of another page than the last one shown, of another tab or of
//! before the back key, decides nothing; an account that the bank does not list as one to choose
//! cannot be chosen; a code for other values, accounts or another end is none, and three wrong ones
//! end it; what another customer chose or gave is neither shown, decided nor withdrawn; what is
//! more than a customer gave before is told as new, and not ticked.
//!
//! **Absent on purpose**: YAML and files (`config` has them); the way to and from the desk, log-in,
//! cookies and codes (`authserver` has them); the scope `openid`, which is built in; defaults: a
//! line that is left out of a catalogue or profile is a mistake, not a choice.

mod asked;
mod catalogue;
mod chosen;
mod desk;
mod draft;
mod evidence;
mod former;
mod keep;
mod lodged;
mod openid;
mod own;
mod page;
mod problem;
mod profile;
mod resource;
mod settings;
mod site;
#[cfg(test)]
mod test_desk;

pub use catalogue::{Accounts, Both, Catalogue, Class, Cluster, Consented, Purpose, ScopeEntry};
pub use desk::Desk;
pub use evidence::open_evidence;
pub use keep::{Keeper, KeeperPorts, KeeperSettings};
pub use own::try_pages;
pub use problem::Problem;
pub use profile::{PROFILES, ProfileRules, ReviewPage, SeparateConsent};
pub use resource::{Resource, ResourcePorts, SERVED, Served, fuzz_wish};
pub use settings::{DeskPorts, DeskSettings, DetailWords};
