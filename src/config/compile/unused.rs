//! What nothing uses: a plan, an upstream. It does no harm by itself, but
//! where it is no slip of the pen it is what a slip elsewhere has left over.

use super::Compiler;
use crate::file::{Bank, File};
use crate::mistake::Code;
use crate::source::{At, Span};

/// Notes what nothing names. Where something that could name it was not read, nothing is said.
pub(super) fn refuse(c: &mut Compiler<'_>, file: &File) {
    let plans = file
        .agreements
        .iter()
        .map(|agreement| agreement.plan.as_ref());
    let known = file.plans.iter().map(|plan| plan.id.value.as_str());
    if let Some(plans) = names(plans, &known) {
        for plan in &file.plans {
            if !plans.contains(&plan.id.value.as_str()) {
                let what = format!("no agreement has the plan `{}`", plan.id.value);
                note(c, plan.id.at, what, "remove it, or name it in an agreement");
            }
        }
    }
    for bank in &file.banks {
        of_bank(c, bank);
    }
}

fn of_bank(c: &mut Compiler<'_>, bank: &Bank) {
    let named = bank
        .products
        .iter()
        .map(|product| product.upstream.as_ref());
    let known = bank
        .upstreams
        .iter()
        .map(|upstream| upstream.id.value.as_str());
    let Some(upstreams) = names(named, &known) else {
        return;
    };
    for upstream in &bank.upstreams {
        if !upstreams.contains(&upstream.id.value.as_str()) {
            let what = format!(
                "no product of the bank `{}` has the upstream `{}`",
                bank.id.value, upstream.id.value
            );
            note(
                c,
                upstream.id.at,
                what,
                "remove it, or name it in a product",
            );
        }
    }
}

/// All the names, unless there is none, or one could not be read or leads nowhere: that is the
/// mistake then, and what it should have named is no other.
fn names<'f>(
    names: impl Iterator<Item = Option<&'f At<String>>>,
    known: &(impl Iterator<Item = &'f str> + Clone),
) -> Option<Vec<&'f str>> {
    let names: Option<Vec<&str>> = names
        .map(|name| {
            let name = name?.value.as_str();
            known.clone().any(|known| known == name).then_some(name)
        })
        .collect();
    names.filter(|names| !names.is_empty())
}

fn note(c: &mut Compiler<'_>, at: Span, what: String, help: &str) {
    c.reader
        .collector
        .mistake(Code::Unused, at, what)
        .help(help);
}
