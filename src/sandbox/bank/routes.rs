//! The bank's table: path to operation.

use http::Method;

use model::Response;

use super::asked::Asked;
use super::customers::Person;
use super::refused::Refused;
use super::{accounts, branches, catalogue, fx};

/// One operation, as its OpenAPI file names it.
pub(super) struct Operation {
    /// The `operationId`.
    pub(super) id: &'static str,
    /// The path before the argument.
    path: &'static str,
    /// What follows the path: nothing, or one more segment, the id or the pair, and what stands
    /// after it.
    after: Option<&'static str>,
    /// Answers.
    pub(super) answer: Answer,
}

/// Whom an operation answers, and how.
#[derive(Clone, Copy)]
pub(super) enum Answer {
    /// Class `open`: anyone.
    Anyone(fn(&Asked<'_>) -> Result<Response, Refused>),
    /// Class `partner`: whose assertion names the scope.
    Partner(&'static str, fn(&Asked<'_>) -> Result<Response, Refused>),
    /// Class `customer`: whose assertion names the scope and the customer.
    Customer(
        &'static str,
        fn(&Asked<'_>, &'static Person) -> Result<Response, Refused>,
    ),
    /// The same, by POST: what is asked stands in the body.
    CustomerBody(
        &'static str,
        fn(&Asked<'_>, &'static Person, &[u8]) -> Result<Response, Refused>,
    ),
}

use Answer::{Anyone, Customer, CustomerBody, Partner};

const ACCOUNTS: &str = "/accounts/v1/accounts";
const BRANCHES: &str = "/branches/v1/branches";
const PRODUCTS: &str = "/catalogue/v1/products";
const RATES: &str = "/fx/v1/rates";

/// All operations.
#[rustfmt::skip]
pub(super) const OPERATIONS: [Operation; 13] = [
    listed("listRates", RATES, Anyone(fx::list)),
    single("readRate", RATES, "", Anyone(fx::read)),
    listed("listBranches", BRANCHES, Partner("branches", branches::list)),
    single("readBranch", BRANCHES, "", Partner("branches", branches::read)),
    listed("listProducts", PRODUCTS, Partner("catalogue", catalogue::list)),
    single("readProduct", PRODUCTS, "", Partner("catalogue", catalogue::read)),
    listed("listAccounts", ACCOUNTS, Customer("accounts", accounts::list)),
    single("readAccount", ACCOUNTS, "", Customer("accounts", accounts::read)),
    single("readBalances", ACCOUNTS, "/balances", Customer("accounts", accounts::balances)),
    single("listTransactions", ACCOUNTS, "/transactions", Customer("transactions", accounts::of_account)),
    single("readStatement", ACCOUNTS, "/statement", Customer("statements", accounts::statement)),
    listed("listAllTransactions", "/accounts/v1/transactions", Customer("transactions", accounts::of_all)),
    listed("confirmFunds", "/accounts/v1/funds-confirmations", CustomerBody("funds", accounts::confirm)),
];

impl Operation {
    /// The scope that the identity assertion must name; `None` for class `open`.
    #[cfg(test)]
    pub(super) fn scope(&self) -> Option<&'static str> {
        match self.answer {
            Anyone(_) => None,
            Partner(scope, _) | Customer(scope, _) | CustomerBody(scope, _) => Some(scope),
        }
    }

    /// The one method that it takes.
    pub(super) fn method(&self) -> Method {
        match self.answer {
            Anyone(_) | Partner(..) | Customer(..) => Method::GET,
            CustomerBody(..) => Method::POST,
        }
    }
}

/// Finds the operation of a path: its place in the table, and its argument.
pub(super) fn find(path: &str) -> Option<(usize, &str)> {
    let mut operations = OPERATIONS.iter().enumerate();
    operations.find_map(|(index, operation)| {
        let rest = path.strip_prefix(operation.path)?;
        let Some(after) = operation.after else {
            return rest.is_empty().then_some((index, ""));
        };
        let argument = rest.strip_prefix('/')?.strip_suffix(after)?;
        let is_one = !argument.is_empty() && !argument.contains('/');
        is_one.then_some((index, argument))
    })
}

const fn listed(id: &'static str, path: &'static str, answer: Answer) -> Operation {
    Operation {
        id,
        path,
        after: None,
        answer,
    }
}

const fn single(
    id: &'static str,
    path: &'static str,
    after: &'static str,
    answer: Answer,
) -> Operation {
    Operation {
        id,
        path,
        after: Some(after),
        answer,
    }
}
