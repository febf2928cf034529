//! Agreements: names joined, days to instants, no product agreed twice on one day.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::Compiler;
use crate::file::{Agreement, Bank, File, Partner, Plan, Product};
use crate::house::AgreementPlan;
use crate::mistake::Code;
use crate::source::At;

pub(super) fn compile(c: &mut Compiler<'_>, file: &File) -> Vec<AgreementPlan> {
    let mut known: HashMap<(&str, &str), Vec<&Agreement>> = HashMap::new();
    for agreement in &file.agreements {
        let (Some(partner), Some(bank)) = (&agreement.partner, &agreement.bank) else {
            continue;
        };
        let before = known.entry((&partner.value, &bank.value)).or_default();
        refuse_overlap(c, agreement, before);
        before.push(agreement);
    }
    file.agreements
        .iter()
        .filter_map(|agreement| one(c, file, agreement))
        .collect()
}

fn one(c: &mut Compiler<'_>, file: &File, agreement: &Agreement) -> Option<AgreementPlan> {
    let partner = found(
        c,
        agreement.partner.as_ref(),
        ("there is no partner", "partner"),
        &file.partners,
        |partner: &Partner| partner.id.value.as_str(),
    );
    let bank = found(
        c,
        agreement.bank.as_ref(),
        ("there is no bank", "bank"),
        &file.banks,
        |bank: &Bank| bank.id.value.as_str(),
    );
    let plan = found(
        c,
        agreement.plan.as_ref(),
        ("there is no plan", "plan"),
        &file.plans,
        |plan: &Plan| plan.id.value.as_str(),
    );
    let products: Vec<_> = agreement
        .products
        .iter()
        .filter_map(|product| {
            let bank = bank?;
            let what = format!("the bank `{}` has no product", bank.id.value);
            found(
                c,
                Some(product),
                (&what, "product"),
                &bank.products,
                |product: &Product| product.id.value.as_str(),
            )
        })
        .map(|product| product.id.value.clone())
        .collect();
    if let (Some(from), Some(until)) = (&agreement.from, &agreement.until)
        && from.value > until.value
    {
        c.reader
            .collector
            .mistake(
                Code::Contradiction,
                until.at,
                "the agreement ends before it begins",
            )
            .see(from.at, "it begins here");
    }
    let (from, until) = (agreement.from.as_ref()?, agreement.until.as_ref()?);
    let from = beginning(c, from, from.value)?;
    let until = match until.value.checked_add(1.day()) {
        Ok(next) => beginning(c, until, next)?,
        Err(_) => Timestamp::MAX,
    };
    Some(AgreementPlan {
        partner: partner?.id.value.clone(),
        bank: bank?.id.value.clone(),
        products,
        plan: plan?.id.value.clone(),
        from,
        until,
    })
}

/// What bears the name, or a mistake.
pub(super) fn found<'f, T>(
    c: &mut Compiler<'_>,
    name: Option<&At<String>>,
    (what, kind): (&str, &str),
    all: &'f [T],
    name_of: impl Fn(&T) -> &str,
) -> Option<&'f T> {
    let name = name?;
    let found = all.iter().find(|item| name_of(item) == name.value);
    if found.is_none() {
        let known: Vec<&str> = all.iter().map(&name_of).collect();
        c.reader.dangling(name, what, kind, known.iter().copied());
    }
    found
}

/// The first instant of a day, in UTC.
fn beginning(c: &mut Compiler<'_>, at: &At<Date>, date: Date) -> Option<Timestamp> {
    let instant = date.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    if instant.is_none() {
        c.reader
            .collector
            .mistake(Code::OutOfRange, at.at, "this day is too far away");
    }
    instant
}

/// Two agreements of one partner and bank that hold one product on one day would leave open which
/// plan counts.
fn refuse_overlap(c: &mut Compiler<'_>, agreement: &Agreement, before: &[&Agreement]) {
    for other in before {
        let disjoint = match (days(agreement), days(other)) {
            (Some(a), Some(b)) => a.1 < b.0 || b.1 < a.0,
            _ => true,
        };
        if disjoint {
            continue;
        }
        for product in &agreement.products {
            let Some(first) = other.products.iter().find(|p| p.value == product.value) else {
                continue;
            };
            c.reader
                .collector
                .mistake(
                    Code::Clash,
                    product.at,
                    format!("`{}` is agreed twice for the same days", product.value),
                )
                .see(first.at, "first here")
                .help("keep one, or let one end before the other begins");
        }
    }
}

fn days(agreement: &Agreement) -> Option<(Date, Date)> {
    Some((
        agreement.from.as_ref()?.value,
        agreement.until.as_ref()?.value,
    ))
}
