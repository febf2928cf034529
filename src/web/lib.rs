//! Small HTTP pieces for the rooms that answer by themselves.
//!
//! **For**: problem documents, JSON answers, form bodies, and what a page for people needs (the
//! answer with its headers, cookies, forms that cannot be forged, the language, amounts and times
//! as people read them; the bank's look: frame, macros, style sheet and their words), each written
//! once. **Doors**: [`problem`], [`challenged`], [`internal_problem`], [`Explained`], [`json`],
//! [`json_for_one`], [`document`], [`read_form`], [`is_json`], [`read_json`]; [`Pages`],
//! [`LookSource`], [`Sheet`] with its [`Frame`], [`Arg`], [`see_other`], [`Cookie`], [`Csrf`],
//! [`Language`]; [`OwnPages`], which a [`Trial`] of each room holds against ours; [`text`] for what
//! comes from outside; [`money`], [`capital`], [`moment`], [`date`] and the exact [`Decimal`];
//! [`fuzz_form`] for fuzzers.
//!
//! **How a value goes through**: a room's typed refusal comes in, bytes with a status go out; a
//! body comes in, a [`Form`] that gives a parameter only when it stands once comes out; a room's
//! templates and texts are read once into [`Pages`], in our look or in one of the room's own, then
//! a view comes in and HTML goes out, every text of it escaped; an amount or an instant comes in,
//! its text in the language of the page comes out.
//!
//! **Absent on purpose**: routing, sessions, what a room's page says, a bank's own style sheet (it
//! may replace colours, templates and texts, none of which changes a rule), Fluent's own way to
//! write numbers and dates, and any decision: `problem` maps, it does not judge. OAuth
//! errors are mapped in `authserver`. There is no way to run a script on a page.
//!
//! Attacks stopped here: markup in a text (everything is escaped; what is undefined is an error);
//! a page in another site's frame; a style or script that is not ours (the policy names the one
//! style sheet by its hash); a form sent by another site ([`Csrf`]); a cookie planted by a
//! neighbouring host (`__Host-`; a name that stands twice is refused).

mod cookie;
mod csrf;
mod form;
mod json;
mod language;
mod look;
mod page;
mod problem;
mod say;
mod texts;

pub use cookie::{Cookie, CookieProblem};
pub use csrf::Csrf;
pub use form::{Form, FormProblem, Repeated, fuzz_form, read_form};
pub use json::{document, is_json, json, json_for_one, read_json};
pub use language::Language;
pub use look::{
    BadColour, Colours, Drawings, Frame, InBoth, LookSource, OwnPages, Palette, Scheme, Sheet,
    Trial, Tried, Unfit, own_messages, text,
};
pub use page::{Pages, see_other};
pub use problem::{
    Challenged, Explained, block_problem, breach, challenged, detail, internal_problem, problem,
    status,
};
pub use say::{BadDecimal, Decimal, capital, date, moment, money};
pub use texts::Arg;
