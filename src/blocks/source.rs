//! Sources: what a block may call, as the API descriptions of a bank's services say it.

mod kinds;

use std::collections::BTreeMap;
use std::sync::Arc;

use openapi::{Contract, EffectMark, Location};
use serde_json::Value as Json;

use crate::expression::{Member, Type};
use kinds::Described;

/// The operations of one service, by `operationId`.
#[derive(Debug, Clone, Default)]
pub struct Source {
    operations: BTreeMap<String, SourceOperation>,
}

/// What may be called, and what it answers.
#[derive(Debug, Clone)]
pub struct SourceOperation {
    /// What it takes, by name: parameters, and the members of its body.
    pub(crate) arguments: BTreeMap<Arc<str>, Argument>,
    /// The arguments that a parameter and the body both have: nobody could tell them apart.
    pub(crate) clashes: Vec<Arc<str>>,
    /// What a successful answer is.
    pub(crate) answer: Answer,
    /// What it does to the world; nothing where that is not said.
    pub(crate) effect: Option<EffectMark>,
    /// The scope that a customer's token must have for it.
    pub(crate) scope: Option<String>,
}

/// What an operation takes.
#[derive(Debug, Clone)]
pub(crate) struct Argument {
    /// What it is, and whether it may be left out.
    pub(crate) member: Member,
    /// Whether it names a thing that is somebody's: by its mark, or by its name.
    pub(crate) is_id: bool,
}

/// A successful answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// What its body is; any JSON where none is described.
    pub(crate) kind: Type,
    /// The way to each leaf that is somebody's data, `*` for each item of a list, and its cluster.
    pub(crate) clusters: Vec<(Vec<Arc<str>>, Arc<str>)>,
    /// The way to each id of a customer's thing, `*` for each item of a list.
    pub(crate) resources: Vec<Vec<Arc<str>>>,
}

impl Source {
    /// The operations of these contracts.
    pub fn new(contracts: &BTreeMap<String, Contract>) -> Self {
        let operations = contracts.iter();
        let operations = operations.map(|(id, contract)| (id.clone(), operation(contract)));
        Self {
            operations: operations.collect(),
        }
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&SourceOperation> {
        self.operations.get(id)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.operations.keys().map(String::as_str)
    }
}

fn operation(contract: &Contract) -> SourceOperation {
    let mut arguments = BTreeMap::new();
    let mut clashes = Vec::new();
    // A header is the gateway's to write.
    let own = contract.parameters.iter();
    for parameter in own.filter(|its| its.location != Location::Header) {
        let described = Described::of(&parameter.schema);
        let argument = Argument {
            member: member(described.kind, parameter.is_required),
            is_id: parameter.resource.is_some() || is_id(&parameter.name),
        };
        arguments.insert(Arc::from(parameter.name.as_str()), argument);
    }
    for (name, argument) in contract.body.iter().flat_map(|body| of_body(&body.schema)) {
        if arguments.insert(Arc::clone(&name), argument).is_some() {
            clashes.push(name);
        }
    }
    SourceOperation {
        arguments,
        clashes,
        answer: answer(contract),
        effect: contract.effect,
        scope: contract.scope.clone(),
    }
}

/// The members of a body, where it is an object.
fn of_body(schema: &Json) -> Vec<(Arc<str>, Argument)> {
    let Type::Object(object) = Described::of(schema).kind else {
        return Vec::new();
    };
    let members = object.members.iter().map(|(name, its)| {
        let argument = Argument {
            member: its.clone(),
            is_id: is_id(name),
        };
        (Arc::clone(name), argument)
    });
    members.collect()
}

/// The first answer that ends well.
fn answer(contract: &Contract) -> Answer {
    let good = contract
        .answers
        .iter()
        .find(|its| its.status.starts_with('2'));
    let described = good.and_then(|its| its.schema.as_deref());
    let described = described.map_or_else(Described::any, Described::of);
    Answer {
        kind: described.kind,
        clusters: described.clusters,
        resources: described.resources,
    }
}

fn member(kind: Type, is_required: bool) -> Member {
    match kind {
        Type::Optional(inner) => Member {
            kind: inner.as_ref().clone(),
            is_optional: true,
        },
        kind => Member {
            kind,
            is_optional: !is_required,
        },
    }
}

/// Whether a name ends as the names of ids do.
fn is_id(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("id") || name.ends_with("ids")
}

#[cfg(test)]
mod tests;
