//! What customers may consent to: catalogue and profile, and the bank's services that are asked
//! about customers. Page, token and road go by one catalogue, so that it is held here against all
//! that the bank's operations are asked for and answer.

mod operations;
mod purposes;

use std::collections::BTreeMap;
use std::sync::Arc;

use consent::{Catalogue, ProfileRules};
use model::{Scope, UpstreamId};
use openapi::Class;

use super::openapi_file::{place, to_json};
use super::{Compiler, upstreams};
use crate::explain::InForce;
use crate::file::{self, Asked, Bank, Consent, File, Tokens};
use crate::files::FileRef;
use crate::house::{ConsentPlan, ProductPlan};
use crate::mistake::Code;
use crate::source::{At, Span};
use crate::yaml::{self, Node};

pub(super) use operations::refuse_uncovered;

/// Longest consent catalogue that is read.
const CATALOGUE_BYTES_MAX: u64 = 1 << 20;

/// A bank's consent catalogue, and where its parts stand.
pub(super) struct Asking {
    catalogue: Arc<Catalogue>,
    tree: Node,
}

impl Asking {
    /// What a block may ask for.
    pub(super) fn for_blocks(&self) -> blocks::Catalogue {
        let scopes = self.catalogue.scopes().filter_map(|(scope, entry)| {
            let entry = entry.consented()?;
            let says = blocks::ScopeSays {
                clusters: entry.clusters.iter().map(ToString::to_string).collect(),
                is_bound: entry.bound.is_some(),
            };
            Some((scope.as_str().to_owned(), says))
        });
        let purposes = self.catalogue.purposes();
        blocks::Catalogue {
            scopes: scopes.collect(),
            purposes: purposes.map(|(id, _)| id.as_str().to_owned()).collect(),
        }
    }

    /// Where a part of a scope's entry stands, or the entry, if that lacks it.
    fn place_of(&self, scope: &Scope, part: &str) -> Span {
        let scope = scope.as_str().replace('~', "~0").replace('/', "~1");
        place(&self.tree, &format!("/scopes/{scope}/{part}"))
    }
}

/// Reads the consent catalogue of a bank that asks its customers; notes its problems in its own
/// file.
pub(super) fn read(c: &mut Compiler<'_>, bank: &Bank) -> Option<Asking> {
    let reference = bank.consent.as_ref()?.catalogue.as_ref()?;
    let tree = tree_of(c, reference)?;
    match Catalogue::read(&to_json(&tree)) {
        Ok(catalogue) => Some(Asking {
            catalogue: Arc::new(catalogue),
            tree,
        }),
        Err(problems) => {
            for problem in problems {
                c.reader
                    .collector
                    .mistake(Code::Content, place(&tree, &problem.pointer), problem.what)
                    .help(problem.help);
            }
            None
        }
    }
}

fn tree_of(c: &mut Compiler<'_>, reference: &At<FileRef>) -> Option<Node> {
    let content = c
        .files
        .content(&mut c.reader, reference, CATALOGUE_BYTES_MAX)?;
    let source = c.reader.text_source(content.shown, &content.bytes)?;
    let before = c.reader.collector.count();
    let tree = yaml::parse(&mut c.reader.collector, source)?;
    (c.reader.collector.count() == before).then_some(tree)
}

/// Compiles what a bank says of its customers' consent. Comes after its products.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    (bank, partners): (&Bank, &[&file::Partner]),
    asking: Option<&Asking>,
    products: &[ProductPlan],
) -> Option<ConsentPlan> {
    let consent = bank.consent.as_ref()?;
    refuse_without_log_in(c, bank, consent);
    if let Some(purposes) = &consent.purposes {
        purposes::refuse_missing(c, file, (bank, partners), purposes, products);
    }
    let accounts = service(c, bank, &consent.accounts);
    let second_factor = service(c, bank, &consent.second_factor);
    let profile = consent.profile.as_ref().and_then(|text| profile(c, text));
    let asking = asking?;
    let purposes = consent.purposes.as_ref();
    let purposes = purposes.map(|it| purposes::compile(c, (bank, partners), it, &asking.catalogue));
    tell_of_unasked(c, bank, asking, products);
    Some(ConsentPlan {
        catalogue: Arc::clone(&asking.catalogue),
        profile: profile?,
        accounts: accounts?,
        second_factor: second_factor?,
        purposes: purposes?,
    })
}

/// Who never logs in never consents.
fn refuse_without_log_in(c: &mut Compiler<'_>, bank: &Bank, consent: &Consent) {
    let Some(issuer) = &bank.issuer else {
        return;
    };
    let id = &bank.id.value;
    let (what, help) = match &issuer.tokens {
        Tokens::Ours {
            log_in: Some(_), ..
        }
        | Tokens::Elsewhere { jwks: None } => return,
        Tokens::Ours { log_in: None, .. } => (
            format!("customers of `{id}` cannot log in, and so consent to nothing"),
            "write `log_in` at its issuer, or remove `consent`",
        ),
        Tokens::Elsewhere { jwks: Some(_) } => (
            format!("another issues the tokens of `{id}`: its customers consent there"),
            "remove `consent`; or `jwks` at its issuer, for an issuer of ours",
        ),
    };
    c.reader
        .collector
        .mistake(Code::Contradiction, consent.at, what)
        .see(issuer.at, "its issuer")
        .help(help);
}

fn service(c: &mut Compiler<'_>, bank: &Bank, asked: &Asked) -> Option<(UpstreamId, String)> {
    let named = asked.upstream.as_ref();
    let upstream = named.and_then(|name| upstreams::named(c, bank, name));
    Some((upstream?, asked.path.clone()?))
}

/// The rules of a profile that is built in: one that cannot be read is a fault of this program.
fn profile(c: &mut Compiler<'_>, text: &At<&'static str>) -> Option<ProfileRules> {
    let collector = &mut c.reader.collector;
    let shown = "a profile that is built in".to_owned();
    let source = collector.sources.add(shown, text.value.to_owned());
    let tree = yaml::parse(collector, source)?;
    let rules = ProfileRules::read(&to_json(&tree));
    if let Err(problems) = &rules {
        let first = problems.first().map(ToString::to_string);
        let what = "this profile is built in and cannot be read";
        collector
            .mistake(Code::Fault, text.at, what)
            .maybe_help(first);
    }
    rules.ok()
}

/// Tells of the scopes that partners ask for and no customer can be asked for.
fn tell_of_unasked(c: &mut Compiler<'_>, bank: &Bank, asking: &Asking, products: &[ProductPlan]) {
    let mut unasked = BTreeMap::new();
    for operation in products
        .iter()
        .flat_map(|product| &product.description.operations)
        .filter(|operation| operation.class == Class::Partner)
    {
        let scope = operation.scope.as_deref();
        if let Some(scope) = scope.and_then(|scope| Scope::parse(scope).ok())
            && asking.catalogue.scope(&scope).is_none()
        {
            unasked.insert(scope, place(&asking.tree, "/scopes"));
        }
    }
    for (scope, at) in unasked {
        let place = c.reader.collector.sources.place(at);
        c.told.push(InForce {
            key: format!("banks.{}.consent.catalogue.scopes.{scope}", bank.id.value),
            value: None,
            then: Some("clients ask for it for themselves alone, and no customer is asked"),
            does: "What a scope means to customers.",
            standard: false,
            file: place.file,
            line: place.line,
            column: place.column,
        });
    }
}
