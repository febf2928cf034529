//! An account: who holds it, and what it is known by.

use super::super::asked::Asked;
use super::super::customers::{Holding, Person};
use super::super::refused::Refused;
use super::super::seed::Seed;

/// An account of a customer.
#[derive(Debug)]
pub(super) struct Account {
    /// `acc-` and 22 characters that follow from the seed, and tell of no other account's.
    pub(super) id: String,
    /// What is shown of its number: the last four digits.
    pub(super) masked: String,
    /// What it is.
    pub(super) holding: &'static Holding,
}

/// The accounts that a customer holds, in their order.
pub(super) fn of(seed: Seed, person: &'static Person) -> impl Iterator<Item = Account> {
    let customer = person.id();
    person.holds.iter().zip(1..).map(move |(holding, place)| {
        let thing = ["account", &customer, &u32::to_string(&place)];
        let end = seed.below(10_000, &["account number", thing[1], thing[2]]);
        Account {
            id: format!("acc-{}", seed.name(&thing)),
            masked: format!("**** {end:04}"),
            holding,
        }
    })
}

/// The account with this id, if it is this customer's.
pub(super) fn find(
    asked: &Asked<'_>,
    person: &'static Person,
    id: &str,
) -> Result<Account, Refused> {
    let mut accounts = of(asked.seed, person);
    accounts
        .find(|account| account.id == id)
        .ok_or_else(|| Refused::Unknown {
            what: "account",
            id: id.chars().take(64).collect(),
        })
}
