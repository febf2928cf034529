//! Banks: trust, issuer, upstreams and products joined.

mod pages;

use std::collections::HashSet;

use super::clients::{self, key_sets};
use super::products::{self, Paths};
use super::{Compiler, authorization, consent, fetch, issuers, trust, upstreams};
use crate::file::{self, Bank, File};
use crate::house::{AgreementPlan, BankPlan, Service};
use crate::mistake::Code;

pub(super) fn compile(
    c: &mut Compiler<'_>,
    file: &File,
    agreements: &[AgreementPlan],
) -> Vec<BankPlan> {
    let mut paths = Paths::default();
    let mut places = issuers::Places::default();
    let key_sets = key_sets(c, file);
    let mut plans = Vec::new();
    for bank in &file.banks {
        let partners = partners(file, bank);
        let trust = trust::compile(c, bank, &partners, &key_sets);
        let upstreams = upstreams::compile(c, bank);
        fetch::refuse_unlisted_keys(c, bank, &partners);
        let fetch = fetch::compile(c, bank);
        let asking = consent::read(c, bank);
        let products = products::compile(c, file, (bank, asking.as_ref()), &mut paths);
        let who = (bank, partners.as_slice());
        let consent = consent::compile(c, file, who, asking.as_ref(), &products);
        let pages = pages::compile(c, bank);
        let issuer = issuers::compile(c, file, who, &products, &mut places);
        let (Some(trust), Some(mut issuer)) = (trust, issuer) else {
            continue;
        };
        let of_bank: Vec<_> = agreements
            .iter()
            .filter(|agreement| agreement.bank == bank.id.value)
            .collect();
        let at_bank = clients::AtBank {
            file,
            products: &products,
            servers: &issuer.resource_servers,
        };
        issuer.clients = clients::at_bank(&partners, &key_sets, &of_bank, at_bank);
        plans.push(BankPlan {
            id: bank.id.value.clone(),
            trust,
            issuer,
            upstreams,
            fetch,
            products,
            consent,
            pages,
        });
    }
    issuers::refuse_hidden(c, &places, &paths);
    issuers::refuse_shared(c, file);
    refuse_idle_discovery(c, file);
    authorization::refuse_idle(c, file);
    authorization::refuse_demanding(c, file);
    plans
}

/// The partners that have an agreement with the bank. Others are strangers to it: one bank's
/// partners are nothing to another.
fn partners<'f>(file: &'f File, bank: &Bank) -> Vec<&'f file::Partner> {
    let agreed: HashSet<&str> = file
        .agreements
        .iter()
        .filter(|agreement| {
            let with = agreement.bank.as_ref().map(|name| name.value.as_str());
            with == Some(bank.id.value.as_str())
        })
        .filter_map(|agreement| Some(agreement.partner.as_ref()?.value.as_str()))
        .collect();
    file.partners
        .iter()
        .filter(|partner| agreed.contains(partner.id.value.as_str()))
        .collect()
}

/// A listener that says it serves metadata, but is no issuer's, is a slip in a URL.
fn refuse_idle_discovery(c: &mut Compiler<'_>, file: &File) {
    let urls: Option<Vec<_>> = file
        .banks
        .iter()
        .map(|bank| Some(bank.issuer.as_ref()?.place.as_ref()?.value.origin()))
        .collect();
    let Some(origins) = urls else {
        return;
    };
    for listener in &file.listeners {
        let (Some(url), Some(at)) = (
            &listener.url,
            listener
                .serves
                .as_ref()
                .and_then(|serves| serves.get(&Service::Discovery)),
        ) else {
            continue;
        };
        if origins.contains(&url.value.origin()) {
            continue;
        }
        c.reader
            .collector
            .mistake(Code::Unused, *at, "no issuer's URL is at this listener")
            .see(url.at, "its URL")
            .help("remove `discovery`, or give an issuer this URL");
    }
}
