//! Products that are composed: the block file, its sources' API descriptions, and the description
//! of what the block offers, which is held to all that any product's is.

use std::collections::BTreeMap;
use std::sync::Arc;

use blocks::plan::Plan;
use blocks::{BlockFile, Catalogue, Span as Part};
use model::{ProductId, UpstreamId};
use openapi::{ApiDescription, Contract, Problem};
use serde_json::Value;

use crate::compile::consent::Asking;
use crate::compile::openapi_file::{Described, place, to_json};
use crate::compile::{Compiler, unbuilt, upstreams};
use crate::file::{Bank, Overlay, Product, Source};
use crate::files::FileRef;
use crate::house::{BlockPlan, SourcePlan};
use crate::mistake::Code;
use crate::source::{At, Span};
use crate::yaml::{self, Kind, Node};

/// Longest block file that is read.
const BLOCK_BYTES_MAX: u64 = 256 << 10;
/// Longest API description of a source, and longest overlay, that is read.
const SOURCE_BYTES_MAX: u64 = 8 << 20;

/// Reads a block and its sources; notes what is wrong in the file where it stands.
pub(super) fn read(
    c: &mut Compiler<'_>,
    (bank, asking): (&Bank, Option<&Asking>),
    product: &Product,
    reference: &At<FileRef>,
) -> Option<(Described, BlockPlan)> {
    let sources = sources(c, bank, &product.sources);
    let (tree, source) = tree_of(c, reference, BLOCK_BYTES_MAX)?;
    let file = BlockFile::read(&to_json(&tree));
    let file = file.map_err(|problems| tell(c, &tree, problems)).ok()?;
    let catalogue = asking.map_or_else(Catalogue::default, Asking::for_blocks);
    let sources = sources?;
    let known = sources.iter();
    let known = known.map(|(name, its)| (name.clone(), blocks::Source::new(&its.contracts)));
    let plan = match Plan::check(&file, &known.collect(), &catalogue) {
        Ok(plan) => plan,
        Err(mistakes) => {
            for mistake in mistakes {
                let at = place(&tree, &mistake.pointer);
                let at = part(c, &tree, at, mistake.span);
                c.reader
                    .collector
                    .mistake(Code::Block, at, mistake.what)
                    .help(mistake.help);
            }
            return None;
        }
    };
    refuse_unused(c, &product.sources, &file);
    let openapi = openapi_of(&file, &plan);
    let (described, contracts) = described(c, bank, &product.id, (&tree, source), &openapi)?;
    let plan = BlockPlan {
        path: c
            .files
            .path(&reference.clone().map(|reference| reference.0)),
        file,
        plan,
        openapi,
        contracts,
        sources,
    };
    Some((described, plan))
}

/// What the block offers, as any product's file says it.
fn openapi_of(file: &BlockFile, plan: &Plan) -> Value {
    let clusters = |operation: &str, status: u16, pointer: &str| {
        let operation = plan.operations.iter().find(|its| *its.name == *operation)?;
        let found = operation.clusters_at(status, pointer);
        found.into_iter().next().map(|cluster| cluster.to_string())
    };
    blocks::export::openapi(plan, &file.title_en, &clusters)
}

/// The same, read as any product's file is.
fn described(
    c: &mut Compiler<'_>,
    bank: &Bank,
    product: &At<ProductId>,
    (tree, source): (&Node, usize),
    document: &Value,
) -> Option<(Described, BTreeMap<String, Contract>)> {
    let read = ApiDescription::read(document).and_then(|description| {
        let contracts = openapi::contracts(document)?;
        Ok((description, contracts))
    });
    let (description, contracts) = match read {
        Ok(read) => read,
        Err(problems) => {
            let first = problems.first().map(ToString::to_string);
            let what = format!("what `{}` offers cannot be described", product.value);
            c.reader
                .collector
                .mistake(Code::Block, place(tree, "/operations"), what)
                .maybe_help(first);
            return None;
        }
    };
    let at = |id: &str| place(tree, &format!("/operations/{id}"));
    let places = description.operations.iter().map(|its| at(&its.id));
    let places: Vec<Span> = places.collect();
    let mut is_served = true;
    for (operation, at) in description.operations.iter().zip(&places) {
        if !unbuilt::is_built(operation.class, bank.consent.is_some()) {
            is_served = false;
            let what = format!(
                "the class `{}` cannot be served here",
                operation.class.as_str()
            );
            c.reader.collector.mistake(Code::Block, *at, what).help(
                "a block reads, in class `open` or `partner`, or `customer` where the bank \
                       asks customers for consent",
            );
        }
        let asked = operation.scope.as_deref().unwrap_or_default();
        if asked.contains(' ') {
            is_served = false;
            c.reader
                .collector
                .mistake(
                    Code::Block,
                    *at,
                    "an operation of a block asks for one scope",
                )
                .help("name one in the consent catalogue that opens all that it needs");
        }
    }
    is_served.then(|| (Described::made(description, places, source), contracts))
}

/// The services that are bound; nothing where one of them cannot be read.
fn sources(
    c: &mut Compiler<'_>,
    bank: &Bank,
    written: &[Source],
) -> Option<BTreeMap<String, SourcePlan>> {
    let read: Vec<_> = written.iter().map(|its| one(c, bank, its)).collect();
    read.into_iter().collect()
}

fn one(c: &mut Compiler<'_>, bank: &Bank, written: &Source) -> Option<(String, SourcePlan)> {
    let upstream = written.upstream.as_ref();
    let upstream = upstream.and_then(|name| upstreams::named(c, bank, name));
    let (tree, _) = tree_of(c, written.openapi.as_ref()?, SOURCE_BYTES_MAX)?;
    let mut document = to_json(&tree);
    if let Overlay::File(reference) = written.overlay.as_ref()? {
        let (over, _) = tree_of(c, reference, SOURCE_BYTES_MAX)?;
        let laid = openapi::overlay(&document, &to_json(&over));
        document = laid.map_err(|problems| tell(c, &over, problems)).ok()?;
    }
    let plan = source(&document, upstream?);
    let plan = plan.map_err(|problems| tell(c, &tree, problems)).ok()?;
    Some((written.name.value.clone(), plan))
}

fn source(document: &Value, upstream: UpstreamId) -> Result<SourcePlan, Vec<Problem>> {
    Ok(SourcePlan {
        upstream,
        base_path: openapi::base_path(document)?.into(),
        contracts: Arc::new(openapi::contracts(document)?),
    })
}

fn tree_of(c: &mut Compiler<'_>, reference: &At<FileRef>, bytes_max: u64) -> Option<(Node, usize)> {
    let content = c.files.content(&mut c.reader, reference, bytes_max)?;
    let source = c.reader.text_source(content.shown, &content.bytes)?;
    let before = c.reader.collector.count();
    let tree = yaml::parse(&mut c.reader.collector, source)?;
    (c.reader.collector.count() == before).then_some((tree, source))
}

pub(super) fn tell(c: &mut Compiler<'_>, tree: &Node, problems: Vec<Problem>) {
    for problem in problems {
        c.reader
            .collector
            .mistake(Code::Block, place(tree, &problem.pointer), problem.what)
            .help(problem.help);
    }
}

/// The part of a text that is meant, where the text stands in the file letter by letter.
pub(super) fn part(c: &Compiler<'_>, tree: &Node, at: Span, part: Option<Part>) -> Span {
    let Some(part) = part else {
        return at;
    };
    let Some((text, _)) = text_at(tree, at) else {
        return at;
    };
    let written = c
        .reader
        .collector
        .sources
        .text(at.source)
        .get(at.start..at.end);
    let quote = written.and_then(|written| written.find(text));
    let (Some(quote), true) = (quote, part.end <= text.len()) else {
        return at;
    };
    Span {
        start: at.start + quote + part.start,
        end: at.start + quote + part.end,
        ..at
    }
}

/// The scalar that stands just there.
fn text_at(node: &Node, at: Span) -> Option<(&str, bool)> {
    match &node.kind {
        Kind::Scalar { text, plain } if node.span == at => Some((text, *plain)),
        Kind::Scalar { .. } | Kind::Broken => None,
        Kind::List(items) => items.iter().find_map(|item| text_at(item, at)),
        Kind::Map(pairs) => pairs.iter().find_map(|pair| text_at(&pair.value, at)),
    }
}

/// A service that is bound and that the block does not name.
fn refuse_unused(c: &mut Compiler<'_>, sources: &[Source], file: &BlockFile) {
    for source in sources {
        if file.sources.contains(&source.name.value) {
            continue;
        }
        let what = format!("the block names no source `{}`", source.name.value);
        let known = file.sources.iter().map(String::as_str);
        let help = format!("it names {}", crate::mistake::listed(known));
        c.reader
            .collector
            .mistake(Code::Unused, source.name.at, what)
            .help(help);
    }
}
