//! `banks`: the tenants.

mod pages;

use model::BankId;

use super::{
    Consent, FetchHost, Issuer, PartnerCa, Product, Upstream, consent, fetch, issuer, members,
    partner_ca, products, upstreams,
};
use crate::reader::{Reader, Section};
use crate::shape::{Id, Key, Kind, Shape};
use crate::source::At;

pub(crate) use self::pages::{Colour, Pages};

pub(super) static BANK: Shape = Shape::new(
    "a bank",
    &[
        Key::required(
            "issuer",
            Kind::Section(&issuer::ISSUER),
            "{ url: https://auth.bank.example, access_token_lifetime: 300s, profile: fapi2, keys: { kek: file:PATH } }",
            "The bank's authorization server.",
        ),
        Key::required(
            "partner_ca",
            Kind::Section(&partner_ca::PARTNER_CA),
            "{ authorities: [file:PATH], revocation: … }",
            "Whose certificates prove a partner of this bank.",
        ),
        Key::required(
            "upstreams",
            Kind::Named(&upstreams::UPSTREAM, Id::Name),
            "{ NAME: … }",
            "The bank's services.",
        ),
        Key::absent(
            "fetch",
            Kind::Named(&fetch::HOST, Id::Name),
            "nothing is fetched for this bank",
            "The hosts of others that are asked in the bank's name, such as for clients' keys; no \
             other is ever called.",
        ),
        Key::required(
            "products",
            Kind::Named(&products::PRODUCT, Id::Name),
            "{ NAME: … }",
            "What the bank offers.",
        ),
        Key::absent(
            "consent",
            Kind::Section(&consent::CONSENT),
            "its customers consent to nothing: no operation has the class `customer`",
            "What customers may let apps see and do, and how they are asked.",
        ),
        Key::absent(
            "pages",
            Kind::Section(&pages::PAGES),
            "its customers see pages of ours, on which the bank is called by its id",
            "How the pages of the bank's customers look, and what the bank is called there.",
        ),
    ],
);

/// A tenant.
pub(crate) struct Bank {
    pub(crate) id: At<BankId>,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) partner_ca: Option<PartnerCa>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) fetch: Vec<FetchHost>,
    pub(crate) products: Vec<Product>,
    pub(crate) consent: Option<Consent>,
    pub(crate) pages: Option<Pages>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Bank> {
    members(
        reader,
        section,
        "banks",
        BankId::parse,
        |reader, id, mut section| {
            let bank = Bank {
                id,
                issuer: issuer::read(reader, &mut section),
                partner_ca: partner_ca::read(reader, &mut section),
                upstreams: upstreams::read(reader, &mut section),
                fetch: fetch::read(reader, &mut section),
                products: products::read(reader, &mut section),
                consent: section
                    .value(reader, "consent")
                    .map(|value| consent::read(reader, value)),
                pages: pages::read(reader, &mut section),
            };
            section.finish(reader);
            Some(bank)
        },
    )
}
