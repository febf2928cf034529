//! What customers consent to, in words that they understand, and by which rules.
//!
//! **For**: the bank's *consent catalogue*, which says of every scope which kinds of data it opens
//! and how they are told to a customer, in Chinese and in English, and the *profiles*, which say
//! how the law of a place wants consent to be asked, kept and ended (specs/consent.md §2, §7).
//! Page, token and check of what leaves go by one catalogue, so that they cannot disagree.
//!
//! **Doors**: [`Catalogue::read`] and the [`Cluster`], [`ScopeEntry`] and [`Purpose`] it holds;
//! [`ProfileRules::read`], and the texts of the profiles that are built in, [`PROFILES`]. What is
//! wrong with a file comes back as [`Problem`]s, each with a JSON Pointer (RFC 6901).
//!
//! **How a value goes through**: `config` reads a file into a tree of values; a `Site` walks it,
//! and whatever it was not asked for is a problem. Each text is measured when it is read, and
//! looked through for technical names when all of these are known. Then the parts are held against
//! each other: clusters that nobody asks for or that do not exist, sensitive ones without a second
//! factor. A catalogue exists only when nothing is wrong; it bears a digest of all it says, which
//! the evidence of a consent names.
//!
//! **Absent on purpose**: YAML and files (`config` has them); pages, states and decisions: a
//! catalogue says what may be asked and how, not who asked or what the answer was; the scope
//! `openid`, which is built in; defaults: a line that is left out of a catalogue or profile is a
//! mistake, not a choice.

mod catalogue;
mod problem;
mod profile;
mod site;

pub use catalogue::{Accounts, Both, Catalogue, Class, Cluster, Consented, Purpose, ScopeEntry};
pub use problem::Problem;
pub use profile::{PROFILES, ProfileRules, ReviewPage, SeparateConsent};
