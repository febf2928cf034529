//! Products: their API descriptions, upstreams and listeners, and that no two want one path.

mod block;
mod room;
mod tested;

pub(crate) use tested::tests as block_tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use edge::ClientCertificates;
use model::{ListenerId, OperationId, Scope};
use openapi::{Class, OperationDescription};

use super::consent::{self, Asking};
use super::openapi_file::{self, Described};
use super::routes::{Place, Routes, Taken};
use super::{Compiler, details, upstreams};
use crate::file::{Bank, File, Listener, Product, Tokens};
use crate::house::{DestinationPlan, ProductPlan, Service};
use crate::mistake::{Code, listed};
use crate::source::Span;

/// Where each operation is served, over all banks: to find two that want one path.
#[derive(Default)]
pub(super) struct Paths(BTreeMap<ListenerId, Routes>);

pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    (bank, asking): (&Bank, Option<&Asking>),
    paths: &mut Paths,
) -> Vec<ProductPlan> {
    details::refuse_shared(c, bank);
    let mut plans = Vec::new();
    for product in &bank.products {
        let listeners = listeners(c, file, product);
        let offered = offered(c, bank, asking, product);
        let (Some(listeners), Some((described, destination))) = (listeners, offered) else {
            continue;
        };
        refuse_unusable_names(c, &described);
        refuse_unmet_log_ins(c, bank, &described);
        if let Some(asking) = asking {
            consent::refuse_uncovered(c, bank, asking, &described);
        }
        details::refuse_unknown(c, bank, product, &described);
        let details = details::compile(c, product);
        refuse_without_certificates(c, product, &listeners, &described);
        for listener in &listeners {
            paths.claim(c, listener, bank, product, &described);
        }
        if let Some(room) = &product.room {
            room::refuse_unserved(c, room, &described);
        }
        let (Some(destination), Some(deadline)) = (destination, product.deadline) else {
            continue;
        };
        plans.push(ProductPlan {
            id: product.id.value.clone(),
            destination,
            listeners: listeners
                .iter()
                .map(|listener| listener.id.value.clone())
                .collect(),
            deadline,
            description: Arc::clone(described.description()),
            details,
        });
    }
    plans
}

/// What a product offers, and where its calls go.
fn offered(
    c: &mut Compiler<'_>,
    bank: &Bank,
    asking: Option<&Asking>,
    product: &Product,
) -> Option<(Described, Option<DestinationPlan>)> {
    if let Some(reference) = &product.block {
        let (described, plan) = block::read(c, (bank, asking), product, reference)?;
        return Some((described, Some(DestinationPlan::Block(Arc::new(plan)))));
    }
    let destination = destination(c, bank, product);
    let described = product
        .openapi
        .as_ref()
        .and_then(|reference| openapi_file::read(c, reference, bank.consent.is_some()))?;
    Some((described, destination))
}

/// Where the calls of a product of one service go.
fn destination(c: &mut Compiler<'_>, bank: &Bank, product: &Product) -> Option<DestinationPlan> {
    if let Some(room) = &product.room {
        room::refuse_unasked(c, bank, room);
        return Some(DestinationPlan::Room(room.value));
    }
    let named = product.upstream.as_ref()?;
    upstreams::named(c, bank, named).map(DestinationPlan::Upstream)
}

/// The listeners that serve a product.
fn listeners<'f>(
    c: &mut Compiler<'_>,
    file: &'f File,
    product: &Product,
) -> Option<Vec<&'f Listener>> {
    let mut found = Vec::new();
    for name in &product.listeners {
        let by_name = |listener: &&Listener| listener.id.value.as_str() == name.value;
        match file.listeners.iter().find(by_name) {
            Some(listener) if listener.serves(Service::Api) != Some(false) => found.push(listener),
            Some(listener) => {
                c.reader
                    .collector
                    .mistake(
                        Code::Contradiction,
                        name.at,
                        format!("the listener `{}` does not serve `api`", name.value),
                    )
                    .see(listener.id.at, "the listener")
                    .help("write `api` into its `serves`, or name another listener");
            }
            None => {
                let known = file.listeners.iter().map(|l| l.id.value.as_str());
                c.reader
                    .dangling(name, "there is no listener", "listener", known);
            }
        }
    }
    (!found.is_empty() && found.len() == product.listeners.len()).then_some(found)
}

/// Operation ids and scopes go into records and tokens: they must be such names.
fn refuse_unusable_names(c: &mut Compiler<'_>, described: &Described) {
    for (operation, at) in described.operations() {
        let id = OperationId::parse(&operation.id).err();
        let scope = operation
            .scope
            .as_deref()
            .and_then(|scope| Scope::parse(scope).err());
        for (bad, written) in [(id, Some(&operation.id)), (scope, operation.scope.as_ref())] {
            let (Some(bad), Some(written)) = (bad, written) else {
                continue;
            };
            c.reader
                .collector
                .mistake(
                    Code::BadValue,
                    at,
                    format!("`{written}` cannot be {}", bad.what),
                )
                .help(format!("it must be {}", bad.rule));
        }
    }
}

/// An operation that demands what no log-in of the bank can be would let nobody in. What the bank's
/// own issuer can say of log-ins, it knows.
fn refuse_unmet_log_ins(c: &mut Compiler<'_>, bank: &Bank, described: &Described) {
    let Some(issuer) = &bank.issuer else {
        return;
    };
    let Tokens::Ours { log_in, .. } = &issuer.tokens else {
        return;
    };
    let id = &bank.id.value;
    for (operation, at) in described.operations() {
        let Some(demanded) = &operation.authentication else {
            continue;
        };
        let Some(log_in) = log_in else {
            c.reader
                .collector
                .mistake(
                    Code::Contradiction,
                    at,
                    format!("`{id}` logs no customers in, and this operation demands a log-in"),
                )
                .see(issuer.at, "its issuer")
                .help("write `log_in` there, or demand none");
            continue;
        };
        let is_had = |acr: &String| log_in.acr_values.contains(acr);
        if demanded.acr_values.is_empty() || demanded.acr_values.iter().any(is_had) {
            continue;
        }
        let wanted = listed(demanded.acr_values.iter().map(String::as_str));
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                at,
                format!("no log-in at `{id}` is as strong as this operation demands"),
            )
            .see(log_in.at, "how its customers log in")
            .help(format!(
                "write which strengths there are into `acr_values` of `log_in`; enough would be \
                 one of {wanted}"
            ));
    }
}

/// Tokens are bound to certificates: who is never asked for one could call nothing (RFC 8705 §3).
fn refuse_without_certificates(
    c: &mut Compiler<'_>,
    product: &Product,
    listeners: &[&Listener],
    described: &Described,
) {
    let guarded = |operation: &&OperationDescription| operation.class > Class::Open;
    if !described
        .description()
        .operations
        .iter()
        .any(|o| guarded(&o))
    {
        return;
    }
    for listener in listeners {
        let Some(certificates) = &listener.client_certificates else {
            continue;
        };
        if certificates.value != ClientCertificates::None {
            continue;
        }
        c.reader
            .collector
            .mistake(
                Code::Unguarded,
                certificates.at,
                format!(
                    "the listener `{}` asks for no certificate, but serves `{}`, whose operations \
                     of class `partner` demand one",
                    listener.id.value, product.id.value
                ),
            )
            .see(product.id.at, "the product")
            .help("write `optional` or `required`, or name other `listeners` at the product");
    }
}

impl Paths {
    fn claim(
        &mut self,
        c: &mut Compiler<'_>,
        listener: &Listener,
        bank: &Bank,
        product: &Product,
        described: &Described,
    ) {
        let name = format!("{}/{}", bank.id.value, product.id.value);
        let base_path = &described.description().base_path;
        let routes = self.0.entry(listener.id.value.clone()).or_default();
        for (operation, at) in described.operations() {
            let path = format!("{base_path}{}", operation.template);
            let place = Place {
                product: name.clone(),
                operation: format!("{} {path}", operation.method),
                method: operation.method.to_string(),
                at,
            };
            let wanted = place.operation.clone();
            let Some(taken) = routes.claim(&path, place.clone()) else {
                continue;
            };
            refuse_taken(c, listener, product, &place, &wanted, &taken);
            // One collision of a pair says enough.
            return;
        }
    }

    /// The operations on a listener whose path would answer at this one.
    pub(super) fn answering(&self, listener: &ListenerId, path: &str) -> Option<(&str, Span)> {
        let place = self.0.get(listener)?.answering(path)?;
        Some((&place.product, place.at))
    }

    /// The same of one whose path would answer somewhere below this one.
    pub(super) fn below(&self, listener: &ListenerId, path: &str) -> Option<(&str, Span)> {
        let place = self.0.get(listener)?.below(path)?;
        Some((&place.product, place.at))
    }
}

fn refuse_taken(
    c: &mut Compiler<'_>,
    listener: &Listener,
    product: &Product,
    place: &Place,
    wanted: &str,
    taken: &Taken,
) {
    let name = &place.product;
    let listener = &listener.id.value;
    let (what, other) = match taken {
        Taken::Same(first) => (
            format!(
                "`{name}` and `{}` both have {wanted} on the listener `{listener}`",
                first.product
            ),
            first,
        ),
        Taken::Overlaps(first) => (
            format!(
                "{wanted} of `{name}` and {} of `{}` fit the same paths on the listener \
                 `{listener}`: one hides a part of the other",
                first.operation, first.product
            ),
            first,
        ),
    };
    let help = "give one of the APIs another base path (`servers` in its file), or other \
                `listeners`";
    let noted = c
        .reader
        .collector
        .mistake(Code::Shadowed, product.id.at, what)
        .see(place.at, "this operation")
        .help(help);
    if let Taken::Overlaps(_) = taken {
        noted.see(other.at, "the other");
    }
}
