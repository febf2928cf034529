//! Small HTTP pieces for the rooms that answer by themselves.
//!
//! **For**: problem documents, JSON answers and form bodies, each written once. **Doors**:
//! [`problem`], [`challenged`], [`internal_problem`], [`json`], [`document`], [`read_form`]. **How
//! a value goes through**: a room's typed refusal comes in, bytes with a status go out; a body
//! comes in, a [`Form`] that gives a parameter only when it stands once comes out. **Absent on
//! purpose**: routing, sessions, and any decision: `problem` maps, it does not judge. OAuth errors
//! are mapped in `authserver`.

mod form;
mod json;
mod problem;

pub use form::{Form, FormProblem, Repeated, read_form};
pub use json::{document, json};
pub use problem::{Challenged, breach, challenged, detail, internal_problem, problem, status};
