//! Operations of class `customer` against the consent catalogue: what a customer is told that a
//! scope opens is all that an operation with this scope answers, and what its details bind is what
//! the operation demands.

use std::collections::BTreeSet;

use consent::{Consented, ScopeEntry};
use model::{ClusterId, Scope};
use openapi::{AnswerBody, Class, OperationDescription};

use super::Asking;
use crate::compile::Compiler;
use crate::compile::openapi_file::Described;
use crate::file::Bank;
use crate::mistake::Code;
use crate::source::{At, Span};

/// An operation, and where it stands.
#[derive(Clone, Copy)]
struct Standing<'d> {
    operation: &'d OperationDescription,
    at: Span,
}

/// Notes operations whose scope no customer decides on, whose answers hold what it does not open,
/// and which do not demand the details that it binds.
pub(in crate::compile) fn refuse_uncovered(
    c: &mut Compiler<'_>,
    bank: &Bank,
    asking: &Asking,
    described: &Described,
) {
    for (operation, at) in described.operations() {
        if operation.class < Class::Customer {
            continue;
        }
        // One that cannot be a scope is noted where all scopes are.
        let written = operation.scope.as_deref();
        let Some(scope) = written.and_then(|scope| Scope::parse(scope).ok()) else {
            continue;
        };
        let standing = Standing { operation, at };
        match asking.catalogue.scope(&scope) {
            None => refuse_unknown(c, bank, asking, standing, &scope),
            Some(ScopeEntry::Plain) => refuse_plain(c, asking, standing, &scope),
            Some(ScopeEntry::Consented(entry)) => {
                refuse_unbound(c, asking, standing, (&scope, entry));
                refuse_unopened(c, bank, asking, standing, (&scope, entry));
                refuse_unchosen(c, asking, standing, (&scope, entry));
            }
        }
    }
}

fn refuse_unknown(
    c: &mut Compiler<'_>,
    bank: &Bank,
    asking: &Asking,
    standing: Standing<'_>,
    scope: &Scope,
) {
    let name = At {
        value: scope.as_str().to_owned(),
        at: standing.at,
    };
    let what = format!("the consent catalogue of `{}` has no scope", bank.id.value);
    let scopes = asking.catalogue.scopes();
    let consented = scopes.filter(|(_, entry)| entry.consented().is_some());
    let known: Vec<&str> = consented.map(|(scope, _)| scope.as_str()).collect();
    c.reader
        .dangling(&name, &what, "scope", known.iter().copied());
}

fn refuse_plain(c: &mut Compiler<'_>, asking: &Asking, standing: Standing<'_>, scope: &Scope) {
    c.reader
        .collector
        .mistake(
            Code::Contradiction,
            standing.at,
            format!(
                "customers decide on nothing in the scope `{scope}`, and the class `customer` \
                 demands that they do"
            ),
        )
        .see(
            asking.place_of(scope, "clusters"),
            "it opens no data and binds no values",
        )
        .help("name the clusters that it opens there, or give the operation another scope");
}

/// What a customer was shown is bound only where the operation demands it.
fn refuse_unbound(
    c: &mut Compiler<'_>,
    asking: &Asking,
    standing: Standing<'_>,
    (scope, entry): (&Scope, &Consented),
) {
    let demanded = standing.operation.detail.as_deref();
    let bound = entry.bound.as_ref().map(model::DetailType::as_str);
    let (what, help) = match (demanded, bound) {
        (demanded, bound) if demanded == bound => return,
        (_, Some(bound)) => (
            format!(
                "the scope `{scope}` binds values by details of type `{bound}`, which this \
                 operation does not demand"
            ),
            format!("write `x-mortise-authorization-details: {bound}`"),
        ),
        (demanded, None) => {
            let demanded = demanded.unwrap_or_default();
            (
                format!(
                    "this operation demands details of type `{demanded}`, whose values its scope \
                     `{scope}` does not bind"
                ),
                format!(
                    "write `bound: {demanded}` at the scope, or \
                     `x-mortise-authorization-details: none`"
                ),
            )
        }
    };
    c.reader
        .collector
        .mistake(Code::Contradiction, standing.at, what)
        .see(asking.place_of(scope, "bound"), "what it binds")
        .help(help);
}

/// What the scope does not open, no customer was told of (specs/consent.md §4 U1).
fn refuse_unopened(
    c: &mut Compiler<'_>,
    bank: &Bank,
    asking: &Asking,
    standing: Standing<'_>,
    (scope, entry): (&Scope, &Consented),
) {
    for cluster in clusters(standing.operation) {
        if entry
            .clusters
            .iter()
            .any(|opened| opened.as_str() == cluster)
        {
            continue;
        }
        let id = ClusterId::parse(cluster).ok();
        if id.and_then(|id| asking.catalogue.cluster(&id)).is_none() {
            let name = At {
                value: cluster.to_owned(),
                at: standing.at,
            };
            let what = format!(
                "the consent catalogue of `{}` has no cluster",
                bank.id.value
            );
            let clusters = asking.catalogue.clusters();
            let known: Vec<&str> = clusters.map(|(id, _)| id.as_str()).collect();
            c.reader
                .dangling(&name, &what, "cluster", known.iter().copied());
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                standing.at,
                format!(
                    "the scope `{scope}` does not open `{cluster}`, which answers of this operation \
                     hold"
                ),
            )
            .see(asking.place_of(scope, "clusters"), "what it opens")
            .help(format!(
                "name `{cluster}` there, or give the operation a scope that opens it"
            ));
    }
}

/// Of a kind that customers do not choose from, nothing is ever consented to.
fn refuse_unchosen(
    c: &mut Compiler<'_>,
    asking: &Asking,
    standing: Standing<'_>,
    (scope, entry): (&Scope, &Consented),
) {
    for kind in kinds(standing.operation) {
        if entry.resources.iter().any(|chosen| chosen.as_str() == kind) {
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                standing.at,
                format!(
                    "this operation names things of the kind `{kind}`, and customers choose none \
                     for the scope `{scope}`"
                ),
            )
            .see(asking.place_of(scope, "resources"), "what they choose from")
            .help(format!(
                "name `{kind}` there, or write another `x-mortise-resource`"
            ));
    }
}

/// The clusters of all that an operation's answers hold.
fn clusters(operation: &OperationDescription) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for body in operation.answers.bodies() {
        match body {
            AnswerBody::None => {}
            AnswerBody::Json(shape) => found.extend(shape.clusters().iter().map(String::as_str)),
            AnswerBody::Opaque { cluster } => found.extend(cluster.as_deref()),
        }
    }
    found
}

/// The kinds of resources that its requests and answers name.
fn kinds(operation: &OperationDescription) -> BTreeSet<&str> {
    let request = &operation.request;
    let parameters = request.parameters.iter();
    let of_parameters = parameters.filter_map(|parameter| parameter.resource.as_deref());
    let parts = request.body.iter();
    let of_body = parts.filter_map(|part| part.resource.as_deref());
    let mut found: BTreeSet<&str> = of_parameters.chain(of_body).collect();
    for body in operation.answers.bodies() {
        if let AnswerBody::Json(shape) = body {
            found.extend(shape.kinds().iter().map(String::as_str));
        }
    }
    found
}
