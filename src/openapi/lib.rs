//! API descriptions: what a bank's OpenAPI 3.0 or 3.1 document says a gateway may carry.
//!
//! **For**: turning a document into a list of operations, each with the protection that its
//! `x-mortise-*` marks demand, and refusing whatever a deleted or misspelt line could loosen.
//! **Doors**: [`ApiDescription::read`] and the types it gives back; [`contracts`], by which
//! requests and answers are checked against their schemas, [`overlay`], which tightens a document
//! before it is read, and [`typed`], which says how much of one says what it is.
//! **How a value goes through**: `document` asks the version, then `placement` walks the whole
//! document once (every mark known, in its place, well written); then `server` gives the base path
//! and each operation is read by `operation`: `template` and `parameter` for the path, `marks` for
//! class, effect, scope and details, `authentication` for the log-in, `leaves` for what its
//! answers carry, and from class `customer` up `request` for what its requests say of resources,
//! days and bound values, and `answer` for the shapes that its answers are filtered by.
//! A contract is read apart, by `contract`: each schema is taken out of its document whole, as JSON
//! Schema of today, and made ready once it is known to end.
//! Problems are gathered, each with a JSON Pointer (RFC 6901); a description exists only when there
//! is none.
//! **Absent on purpose**: files and YAML (the reader of the settings feeds values in), references
//! that leave the document, server variables, `trace`, callbacks and webhooks (a gateway does not
//! serve them), security schemes (the class decides what a caller must prove), and of contracts
//! cookies, parameters with parts of their own, and bodies that are not JSON.

mod answer;
mod authentication;
mod bound;
mod contract;
mod document;
mod leaves;
mod marks;
mod media_type;
mod operation;
mod parameter;
mod placement;
mod problem;
mod reference;
mod request;
mod responses;
#[cfg(test)]
mod sample;
mod server;
mod template;
mod total;

pub use answer::{AnswerBody, AnswerShape, Answers, Leaf, Member, Node, NodeKind, Rest, Types};
pub use authentication::Authentication;
pub use bound::Bound;
pub use contract::{
    AnswerSchema, BodySchema, Contract, ParameterSchema, RequestParts, Typed, Violation, base_path,
    contracts, overlay, typed,
};
pub use document::ApiDescription;
pub use marks::{Class, EffectMark};
pub use operation::OperationDescription;
pub use parameter::Location;
pub use problem::Problem;
pub use request::{BodyPart, BodyShape, DateEnd, ParameterDescription, RequestDescription};
pub use template::is_parameter;
pub use total::{Measure, Step, Total};
