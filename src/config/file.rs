//! The file as written: one file a section. It never leaves this room.
//!
//! A part that could not be read is `None` here, and the mistake has been noted; what refers to it
//! is still checked as far as it goes.

mod agreements;
mod asked;
mod banks;
mod clients;
mod consent;
mod details;
mod fetch;
mod issuer;
mod known_by;
mod limits;
mod listeners;
mod node;
mod partner_ca;
mod partners;
mod plans;
mod products;
mod redirect_uris;
mod resource_servers;
mod tls;
mod upstreams;

use crate::mistake::Code;
use crate::reader::{Reader, Section, Wrong};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::{At, Span};
use crate::yaml::Node;

pub(crate) use agreements::Agreement;
pub(crate) use asked::Asked;
pub(crate) use banks::{Bank, Colour, Pages};
pub(crate) use clients::{Client, Proof};
pub(crate) use consent::{Consent, Purposes};
pub(crate) use details::Detail;
pub(crate) use fetch::FetchHost;
pub(crate) use issuer::{Issuer, Judge, LogIn, Provider, Tokens};
pub(crate) use listeners::Listener;
pub(crate) use node::{AuditSection, Gate};
pub(crate) use partner_ca::{PartnerCa, Revocation};
pub(crate) use partners::Partner;
pub(crate) use plans::Plan;
pub(crate) use products::{Overlay, Product, Source};
pub(crate) use resource_servers::ResourceServer;
pub(crate) use tls::TlsEntry;
pub(crate) use upstreams::{Upstream, UpstreamTls};

/// The only edition there is.
const EDITION: &str = "2026-11";

/// The whole file: the root of the table of keys.
pub(crate) static FILE: Shape = Shape::new(
    "the configuration",
    &[
        Key::demanded(
            "edition",
            Kind::Word(&[EDITION]),
            "write `edition: 2026-11`: it fixes what the keys of this file mean",
            "Fixes what the keys of the file mean.",
        ),
        Key::absent(
            "include",
            Kind::List {
                of: "references `file:PATH`",
                item: &Kind::File,
            },
            "this file is all",
            "Other files that add to this one.",
        ),
        Key::required(
            "listeners",
            Kind::Named(&listeners::LISTENER, Id::Name),
            "{ NAME: … }",
            "Where callers come in.",
        ),
        Key::required(
            "tls",
            Kind::List {
                of: "mappings `{ names, certificate, key }`",
                item: &Kind::Section(&tls::ENTRY),
            },
            "[{ names: [api.bank.example], certificate: file:PATH, key: file:PATH }]",
            "Server certificates, each for the names that it is shown for.",
        ),
        Key::required(
            "plans",
            Kind::Named(&plans::PLAN, Id::Name),
            "{ NAME: … }",
            "Named sets of limits.",
        ),
        Key::required(
            "banks",
            Kind::Named(&banks::BANK, Id::Name),
            "{ NAME: … }",
            "The tenants.",
        ),
        Key::required(
            "partners",
            Kind::Named(&partners::PARTNER, Id::Name),
            "{ NAME: … }",
            "The onboarded organisations.",
        ),
        Key::required(
            "agreements",
            Kind::List {
                of: "mappings `{ partner, bank, products, plan, from, until }`",
                item: &Kind::Section(&agreements::AGREEMENT),
            },
            "[{ partner, bank, products, plan, from, until }]",
            "What a partner may use of a bank.",
        ),
        Key::required(
            "gate",
            Kind::Section(&node::GATE),
            "{ rate: 200/s, burst: 400 requests }",
            "What one address may knock, before anything is checked.",
        ),
        Key::required(
            "store",
            Kind::Section(&node::STORE),
            "{ path: data/mortise.sqlite }",
            "What must outlive a restart.",
        ),
        Key::required(
            "audit",
            Kind::Section(&node::AUDIT),
            "{ dir: data/audit }",
            "The evidence.",
        ),
        node::DRAIN,
    ],
);

/// The whole file.
pub(crate) struct File {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) tls: Vec<TlsEntry>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) banks: Vec<Bank>,
    pub(crate) partners: Vec<Partner>,
    pub(crate) agreements: Vec<Agreement>,
    pub(crate) gate: Option<Gate>,
    pub(crate) store: Option<At<String>>,
    pub(crate) audit: Option<AuditSection>,
    pub(crate) drain: Option<std::time::Duration>,
}

/// Reads the tree.
pub(crate) fn read(reader: &mut Reader, root: &Node) -> Option<File> {
    let start = Span {
        end: root.span.start,
        ..root.span
    };
    let mut section = Section::open(reader, root, start, &FILE)?;
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

/// Reads the edition, which every file states.
pub(crate) fn edition(reader: &mut Reader, section: &mut Section<'_>) {
    let Some(value) = section.value(reader, "edition") else {
        return;
    };
    reader.parsed(value, |text| {
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
fn members<'n, I, T>(
    reader: &mut Reader,
    section: &mut Section<'n>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<I, model::BadId>,
    mut read: impl FnMut(&mut Reader, At<I>, Section<'n>) -> Option<T>,
) -> Vec<T> {
    let Some(value) = section.value(reader, key) else {
        return Vec::new();
    };
    let members = reader.named(value);
    members
        .into_iter()
        .filter_map(|member| {
            let id = id(reader, member.name, member.at, &parse)?;
            read(reader, id, member.section?)
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
                .mistake(
                    Code::BadValue,
                    at,
                    format!("`{name}` cannot be {}", bad.what),
                )
                .help(format!("it must be {}", bad.rule));
            None
        }
    }
}
