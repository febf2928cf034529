//! Blocks: a bank's APIs composed into products.
//!
//! **For**: the file that an analyst writes, proved sound before it runs, drawn, exported, compared
//! with its former version, and run: reads beside each other, then checks, then the reply.
//! **Doors**: [`BlockFile::read`], the file as it is written; [`Source`], a service that it calls;
//! [`plan::Plan::check`], which gives the plan or every [`Mistake`]; [`plan::Operation::run`];
//! [`drawing`], [`export`], [`diff`], and [`trial`], which tests it. Below them the language of
//! checks and values, a typed subset of CEL with decimal money: [`Expression`], what it is checked
//! against ([`Names`], [`Type`]) and evaluated with ([`Values`], [`Value`], [`Cost`]);
//! [`CheckLine`], one line of `checks`.
//! **How a value goes through**: a text becomes tokens, then a tree, then terms whose types fit:
//! only then there is an [`Expression`], and only of such there is a plan. A JSON value becomes a
//! [`Value`] of a [`Type`] once, by [`Value::read`]; evaluation is then a walk over terms that can
//! end early only as [`Cause`] says.
//! **Absent on purpose**: floats (they lose cents), `null` (what may be absent is tested), loops
//! but over lists whose longest length is known, functions of the user's, conversions between
//! types (the API description says what is what), sockets (a [`run::Caller`] calls), and YAML.

mod check_line;
mod compile;
pub mod diff;
pub mod drawing;
pub mod export;
mod expression;
mod file;
pub mod plan;
pub mod run;
mod slip;
mod source;
pub mod trial;

pub use check_line::{CheckLine, Outcome};
pub use compile::{Catalogue, Mistake, ScopeSays};
pub use expression::{
    BadName, Cause, Cost, Expression, Failure, Member, Names, Number, ObjectType, Read, Type,
    Unfit, Value, Values,
};
pub use file::{
    BlockFile, ConsentFile, EachFile, OperationFile, PagesFile, ReadFile, ReplyFile, Written,
};
pub use slip::{Slip, Span};
pub use source::{Source, SourceOperation};
