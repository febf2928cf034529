//! The bank's table: path to operation.

use model::Response;

use super::asked::Asked;
use super::refused::Refused;
use super::{branches, catalogue, fx};

/// One operation, as its OpenAPI file names it.
pub(super) struct Operation {
    /// The `operationId`.
    pub(super) id: &'static str,
    /// The path before the argument.
    path: &'static str,
    /// Whether one more segment follows: the id, or the pair.
    has_argument: bool,
    /// The scope that the identity assertion must name; `None` for class `open`.
    pub(super) scope: Option<&'static str>,
    /// Answers.
    pub(super) answer: fn(&Asked<'_>) -> Result<Response, Refused>,
}

/// All operations.
pub(super) const OPERATIONS: [Operation; 6] = [
    operation("listRates", "/fx/v1/rates", false, None, fx::list),
    operation("readRate", "/fx/v1/rates", true, None, fx::read),
    operation(
        "listBranches",
        "/branches/v1/branches",
        false,
        Some("branches"),
        branches::list,
    ),
    operation(
        "readBranch",
        "/branches/v1/branches",
        true,
        Some("branches"),
        branches::read,
    ),
    operation(
        "listProducts",
        "/catalogue/v1/products",
        false,
        Some("catalogue"),
        catalogue::list,
    ),
    operation(
        "readProduct",
        "/catalogue/v1/products",
        true,
        Some("catalogue"),
        catalogue::read,
    ),
];

/// Finds the operation of a path: its place in the table, and its argument.
pub(super) fn find(path: &str) -> Option<(usize, &str)> {
    OPERATIONS
        .iter()
        .enumerate()
        .find_map(|(index, operation)| {
            let rest = path.strip_prefix(operation.path)?;
            let argument = match rest.strip_prefix('/') {
                Some(argument) if operation.has_argument => argument,
                None if !operation.has_argument && rest.is_empty() => "",
                _ => return None,
            };
            let fits = argument.is_empty() != operation.has_argument && !argument.contains('/');
            fits.then_some((index, argument))
        })
}

const fn operation(
    id: &'static str,
    path: &'static str,
    has_argument: bool,
    scope: Option<&'static str>,
    answer: fn(&Asked<'_>) -> Result<Response, Refused>,
) -> Operation {
    Operation {
        id,
        path,
        has_argument,
        scope,
        answer,
    }
}
