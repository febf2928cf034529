//! `banks`: the tenants.

use model::BankId;

use super::{
    Issuer, PartnerCa, Product, Upstream, issuer, members, partner_ca, products, upstreams,
};
use crate::reader::{Reader, Section};
use crate::source::At;

/// A tenant.
pub(crate) struct Bank {
    pub(crate) id: At<BankId>,
    pub(crate) issuer: Option<Issuer>,
    pub(crate) partner_ca: Option<PartnerCa>,
    pub(crate) upstreams: Vec<Upstream>,
    pub(crate) products: Vec<Product>,
}

pub(super) fn read(reader: &mut Reader, section: &mut Section<'_>) -> Vec<Bank> {
    members(
        reader,
        section,
        "banks",
        BankId::parse,
        |reader, id, member| {
            let mut section = reader.section(member.node, member.at, "a bank", "banks.*")?;
            let bank = Bank {
                id,
                issuer: issuer::read(reader, &mut section),
                partner_ca: partner_ca::read(reader, &mut section),
                upstreams: upstreams::read(reader, &mut section),
                products: products::read(reader, &mut section),
            };
            section.finish(reader);
            Some(bank)
        },
    )
}
