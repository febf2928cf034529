//! What clients want data for: purposes that the bank has reviewed, for each client that may ask.

use std::collections::HashMap;

use consent::Catalogue;
use model::{ClientId, ProductId, PurposeId};
use openapi::Class;

use crate::compile::Compiler;
use crate::file::{self, Bank, Client, File, Purposes};
use crate::house::ProductPlan;
use crate::mistake::{Code, nearest};
use crate::source::{At, Span};

/// The purposes of each client. Notes clients that the bank does not know, and purposes that its
/// catalogue does not have.
pub(super) fn compile(
    c: &mut Compiler<'_>,
    (bank, partners): (&Bank, &[&file::Partner]),
    written: &Purposes,
    catalogue: &Catalogue,
) -> HashMap<ClientId, Vec<PurposeId>> {
    let clients = names(partners);
    let mut purposes = HashMap::new();
    for (client, names) in &written.list {
        if !clients.contains(&client.value.as_str()) {
            let what = format!("the bank `{}` knows no client", bank.id.value);
            let name = client.clone().map(|client| client.as_str().to_owned());
            let known = clients.iter().copied();
            c.reader.dangling(&name, &what, "client", known);
        }
        let found = names.iter().filter_map(|name| purpose(c, catalogue, name));
        purposes.insert(client.value.clone(), found.collect());
    }
    purposes
}

/// The clients that the bank knows.
fn names<'p>(partners: &[&'p file::Partner]) -> Vec<&'p str> {
    partners
        .iter()
        .flat_map(|partner| &partner.clients)
        .map(|client| client.id.value.as_str())
        .collect()
}

fn purpose(c: &mut Compiler<'_>, catalogue: &Catalogue, name: &At<String>) -> Option<PurposeId> {
    let id = PurposeId::parse(&name.value).ok();
    let known = id.filter(|id| catalogue.purpose(id).is_some());
    if known.is_none() {
        let all: Vec<&str> = catalogue.purposes().map(|(id, _)| id.as_str()).collect();
        let what = "the consent catalogue has no purpose";
        c.reader
            .dangling(name, what, "purpose", all.iter().copied());
    }
    known
}

/// Notes clients that may ask customers for their data without a purpose: the page could not say
/// why (specs/consent.md §6, C2). One whose name was misspelt is noted there.
pub(super) fn refuse_missing(
    c: &mut Compiler<'_>,
    file: &File,
    (bank, partners): (&Bank, &[&file::Partner]),
    written: &Purposes,
    products: &[ProductPlan],
) {
    let personal: Vec<&ProductId> = products
        .iter()
        .filter(|product| {
            let mut operations = product.description.operations.iter();
            operations.any(|operation| operation.class >= Class::Customer)
        })
        .map(|product| &product.id)
        .collect();
    let known = names(partners);
    for partner in partners {
        let Some((product, at)) = agreed(file, bank, partner, &personal) else {
            continue;
        };
        let has_one = |client: &&Client| {
            let id = client.id.value.as_str();
            let mut named = written.list.iter().map(|(name, _)| name.value.as_str());
            named.any(|name| name == id || !known.contains(&name) && nearest(name, [id]).is_some())
        };
        let asks = |client: &&Client| !client.redirect_uris.is_empty();
        for client in partner.clients.iter().filter(asks) {
            if has_one(&client) {
                continue;
            }
            let name = &client.id.value;
            c.reader
                .collector
                .mistake(
                    Code::MissingKey,
                    written.at,
                    format!("`{name}` may ask customers for their data, and has no purpose"),
                )
                .see(client.id.at, "the client")
                .see(at, format!("it may use `{product}`"))
                .help(format!(
                    "write `{name}: [PURPOSE]`, a purpose of the consent catalogue that the bank has \
                     reviewed"
                ));
        }
    }
}

/// The first product of these that the partner has an agreement on.
fn agreed<'p>(
    file: &File,
    bank: &Bank,
    partner: &file::Partner,
    products: &[&'p ProductId],
) -> Option<(&'p ProductId, Span)> {
    let is = |name: &Option<At<String>>, id: &str| name.as_ref().is_some_and(|n| n.value == id);
    let its = file.agreements.iter().filter(|agreement| {
        is(&agreement.partner, partner.id.value.as_str())
            && is(&agreement.bank, bank.id.value.as_str())
    });
    its.flat_map(|agreement| &agreement.products)
        .find_map(|name| {
            let mut known = products.iter();
            let product = known.find(|product| product.as_str() == name.value)?;
            Some((*product, name.at))
        })
}
