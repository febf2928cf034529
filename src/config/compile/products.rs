//! Products: their API descriptions, upstreams and listeners, and that no two want one path.

use std::collections::BTreeMap;
use std::sync::Arc;

use edge::ClientCertificates;
use model::{ListenerId, OperationId, Scope};
use openapi::{Class, OperationDescription};

use super::Compiler;
use super::openapi_file::{self, Described};
use crate::file::{Bank, File, Listener, Product};
use crate::house::{ProductPlan, Service};
use crate::mistake::Code;
use crate::source::Span;

/// Where each operation is served, over all banks: to find two that want one path.
#[derive(Default)]
pub(super) struct Paths(BTreeMap<(ListenerId, String, String), (String, Span)>);

pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    bank: &Bank,
    paths: &mut Paths,
) -> Vec<ProductPlan> {
    let mut plans = Vec::new();
    for product in &bank.products {
        let upstream = upstream(c, bank, product);
        let listeners = listeners(c, file, product);
        let described = product
            .openapi
            .as_ref()
            .and_then(|reference| openapi_file::read(c, reference));
        let (Some(listeners), Some(described)) = (listeners, described) else {
            continue;
        };
        refuse_unusable_names(c, &described);
        refuse_without_certificates(c, product, &listeners, &described);
        for listener in &listeners {
            paths.claim(c, listener, bank, product, &described);
        }
        let (Some(upstream), Some(deadline)) = (upstream, product.deadline) else {
            continue;
        };
        plans.push(ProductPlan {
            id: product.id.value.clone(),
            upstream,
            listeners: listeners
                .iter()
                .map(|listener| listener.id.value.clone())
                .collect(),
            deadline,
            description: Arc::clone(described.description()),
        });
    }
    plans
}

fn upstream(c: &mut Compiler<'_>, bank: &Bank, product: &Product) -> Option<model::UpstreamId> {
    let name = product.upstream.as_ref()?;
    let found = bank
        .upstreams
        .iter()
        .find(|upstream| upstream.id.value.as_str() == name.value);
    if found.is_none() {
        let what = format!("the bank `{}` has no upstream", bank.id.value);
        let known = bank.upstreams.iter().map(|u| u.id.value.as_str());
        c.reader.dangling(name, &what, "upstream", known);
    }
    found.map(|upstream| upstream.id.value.clone())
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
        for (operation, at) in described.operations() {
            let path = format!("{base_path}{}", operation.template);
            let key = (
                listener.id.value.clone(),
                shape(&path),
                operation.method.to_string(),
            );
            if let Some((first, _)) = self.0.get(&key) {
                if *first == name {
                    continue;
                }
                c.reader
                    .collector
                    .mistake(
                        Code::Shadowed,
                        product.id.at,
                        format!(
                            "`{name}` and `{first}` both have {} {path} on the listener `{}`",
                            operation.method, listener.id.value
                        ),
                    )
                    .see(at, "this operation")
                    .help(
                        "give one of the APIs another base path (`servers` in its file), or other \
                         `listeners`",
                    );
                // One collision of a pair says enough.
                return;
            }
            self.0.insert(key, (name.clone(), at));
        }
    }

    /// The operations on a listener whose path would answer at this one.
    pub(super) fn answering<'p>(
        &'p self,
        listener: &'p ListenerId,
        path: &'p str,
    ) -> Option<(&'p str, Span)> {
        self.0
            .iter()
            .find(|((on, shape, _), _)| on == listener && matches_shape(shape, path))
            .map(|(_, (name, at))| (name.as_str(), *at))
    }
}

/// The template with its parameters unnamed.
fn shape(template: &str) -> String {
    let unnamed = |segment: &str| {
        if segment.starts_with('{') && segment.ends_with('}') {
            "{}".to_owned()
        } else {
            segment.to_owned()
        }
    };
    template
        .split('/')
        .map(unnamed)
        .collect::<Vec<_>>()
        .join("/")
}

fn matches_shape(shape: &str, path: &str) -> bool {
    let (mut shape, mut path) = (shape.split('/'), path.split('/'));
    loop {
        match (shape.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == "{}" || wanted == found => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_forget_the_names_of_parameters() {
        assert_eq!(shape("/fx/rates/{pair}"), shape("/fx/rates/{id}"));
        assert_ne!(shape("/fx/rates/{pair}"), shape("/fx/rates/all"));
        assert!(matches_shape("/{}", "/token"));
        assert!(!matches_shape("/{}/x", "/token"));
    }
}
