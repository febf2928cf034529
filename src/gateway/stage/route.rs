//! Which operation, product and bank: by listener, host, path and method.

use std::sync::Arc;

use model::Refusal;

use crate::exchange::Exchange;
use crate::product::{Class, Route};
use crate::route::{Found, authority};

/// Proof that the request names an operation.
pub(crate) struct Routed {
    route: Arc<Route>,
}

impl Routed {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn class(&self) -> Class {
        self.route.class
    }
}

/// Finds the operation. The path is matched as it will be forwarded: nothing is decoded, and what
/// two readers could read differently (dot segments, empty segments, encoded slashes) is refused.
pub(crate) fn route(exchange: &mut Exchange) -> Result<Routed, Refusal> {
    let road = exchange.snapshot.road(&exchange.connection.listener);
    let road = road.ok_or(Refusal::UnknownRoute)?;
    if !road.answers_to(authority(&exchange.head)) {
        return Err(Refusal::UnknownRoute);
    }
    let path = exchange.head.uri.path();
    check_path(path)?;
    match road.find(path, &exchange.head.method) {
        Found::Route(route) => {
            exchange.record.object(&route);
            Ok(Routed { route })
        }
        Found::OtherMethods(allow) => Err(Refusal::MethodNotAllowed { allow }),
        Found::Nothing => Err(Refusal::UnknownRoute),
    }
}

fn check_path(path: &str) -> Result<(), Refusal> {
    let malformed = |what| Err(Refusal::MalformedRequest { what });
    if path.len() > 4096 {
        return malformed("The path is longer than 4096 bytes.");
    }
    if path.contains("//") {
        return malformed("The path has an empty segment (//).");
    }
    for segment in path.split('/') {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        if plain == "." || plain == ".." {
            return malformed("The path has a dot segment; send the path it resolves to.");
        }
    }
    let lower = path.to_ascii_lowercase();
    if ["%2f", "%5c", "%00"]
        .iter()
        .any(|code| lower.contains(code))
        || path.contains('\\')
    {
        return malformed("The path has an encoded slash, a backslash or a NUL.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_two_readers_could_read_differently_are_refused() {
        for bad in [
            "/a//b",
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/./b",
            "/a%2fb",
            "/a%5Cb",
            "/a%00",
            "/a/..",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
        for good in ["/fx/v1/rates", "/a/b.c", "/a/%E4%B8%AD", "/a/...", "/"] {
            assert!(check_path(good).is_ok(), "{good}");
        }
    }
}
