//! The file as written: one file a section. It never leaves this room.
//!
//! A part that could not be read is `None` here, and the mistake has been noted; what refers to it
//! is still checked as far as it goes.

mod agreements;
mod banks;
mod issuer;
mod limits;
mod listeners;
mod node;
mod partner_ca;
mod partners;
mod plans;
mod products;
mod tls;
mod upstreams;

use crate::reader::{Named, Reader, Section, Wrong};
use crate::source::{At, Span};
use crate::yaml::Node;

pub(crate) use agreements::Agreement;
pub(crate) use banks::Bank;
pub(crate) use issuer::{Issuer, Tokens};
pub(crate) use listeners::Listener;
pub(crate) use node::{AuditSection, Gate};
pub(crate) use partner_ca::{PartnerCa, Revocation};
pub(crate) use partners::Partner;
pub(crate) use plans::Plan;
pub(crate) use products::Product;
pub(crate) use tls::TlsEntry;
pub(crate) use upstreams::{Upstream, UpstreamTls};

/// The only edition there is.
const EDITION: &str = "2026-11";

/// The whole file.
pub(crate) struct File {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) tls: Vec<TlsEntry>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) banks: Vec<Bank>,
    pub(crate) partners: Vec<Partner>,
    pub(crate) agreements: Vec<Agreement>,
    pub(crate) gate: Option<Gate>,
    pub(crate) store: Option<String>,
    pub(crate) audit: Option<AuditSection>,
    pub(crate) drain: std::time::Duration,
}

/// Reads the tree.
pub(crate) fn read(reader: &mut Reader, root: &Node) -> Option<File> {
    let start = Span {
        end: root.span.start,
        ..root.span
    };
    let mut section = reader.section(root, start, "the configuration", "")?;
    edition(reader, &mut section);
    let file = File {
        listeners: listeners::read(reader, &mut section),
        tls: tls::read(reader, &mut section),
        plans: plans::read(reader, &mut section),
        banks: banks::read(reader, &mut section),
        partners: partners::read(reader, &mut section),
        agreements: agreements::read(reader, &mut section),
        gate: node::gate(reader, &mut section),
        store: node::store(reader, &mut section),
        audit: node::audit(reader, &mut section),
        drain: node::drain(reader, &mut section),
    };
    section.finish(reader);
    Some(file)
}

fn edition(reader: &mut Reader, section: &mut Section<'_>) {
    let help = format!("write `edition: {EDITION}`: it fixes what the keys of this file mean");
    let Some(value) = section.demanded(reader, "edition", &help) else {
        return;
    };
    reader.parsed(value, &format!("`{EDITION}`"), |text| {
        if text == EDITION {
            return Ok(());
        }
        Err(Wrong::new(
            format!("the edition `{text}` is not known"),
            format!("this version reads the edition `{EDITION}`"),
        ))
    });
}

/// The members of a named section: each name parsed as an id, then the member read.
fn members<I, T>(
    reader: &mut Reader,
    section: &mut Section<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<I, model::BadId>,
    mut read: impl FnMut(&mut Reader, At<I>, Named<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(value) = section.required(reader, key, "{ NAME: … }") else {
        return Vec::new();
    };
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, &parse)?;
            read(reader, id, member)
        })
        .collect()
}

/// A name that must be an id.
fn id<I>(
    reader: &mut Reader,
    name: &str,
    at: Span,
    parse: impl Fn(&str) -> Result<I, model::BadId>,
) -> Option<At<I>> {
    match parse(name) {
        Ok(value) => Some(At { value, at }),
        Err(bad) => {
            reader.refused_names.insert(name.to_lowercase());
            reader
                .collector
                .mistake(at, format!("`{name}` cannot be {}", bad.what))
                .help(format!("it must be {}", bad.rule));
            None
        }
    }
}
