//! Which operation, product and bank: by listener, host, path and method.

use std::borrow::Cow;
use std::sync::Arc;

use model::{DetailType, Refusal, Scope};

use crate::exchange::Exchange;
use crate::product::{Class, Coverage, Route};
use crate::route::{Found, authority};

/// Proof that the request names an operation, by its class: what one class demands cannot be met
/// with another's route.
pub(crate) enum Routed {
    Open(OpenRoute),
    Partner(PartnerRoute),
    Customer(CustomerRoute),
}

/// An operation of class `open`.
pub(crate) struct OpenRoute {
    route: Arc<Route>,
}

/// An operation of class `partner`.
pub(crate) struct PartnerRoute {
    route: Arc<Route>,
    scope: Scope,
    detail: Option<DetailType>,
}

/// An operation of class `customer`.
pub(crate) struct CustomerRoute {
    route: Arc<Route>,
    scope: Scope,
    detail: Option<DetailType>,
    coverage: Arc<Coverage>,
}

/// An operation of class `partner` or above, as the stages that these share see it.
#[derive(Clone, Copy)]
pub(crate) struct Guarded<'a> {
    route: &'a Route,
    scope: &'a Scope,
    detail: Option<&'a DetailType>,
}

impl Routed {
    pub(crate) fn route(&self) -> &Route {
        match self {
            Self::Open(open) => open.route(),
            Self::Partner(partner) => partner.route(),
            Self::Customer(customer) => customer.route(),
        }
    }
}

impl OpenRoute {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }
}

impl PartnerRoute {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn guarded(&self) -> Guarded<'_> {
        Guarded {
            route: &self.route,
            scope: &self.scope,
            detail: self.detail.as_ref(),
        }
    }
}

impl CustomerRoute {
    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    pub(crate) fn guarded(&self) -> Guarded<'_> {
        Guarded {
            route: &self.route,
            scope: &self.scope,
            detail: self.detail.as_ref(),
        }
    }

    /// What the request and its answer are held to.
    pub(crate) fn coverage(&self) -> &Coverage {
        &self.coverage
    }
}

impl<'a> Guarded<'a> {
    pub(crate) fn route(self) -> &'a Route {
        self.route
    }

    /// The scope that the token must carry.
    pub(crate) fn scope(self) -> &'a Scope {
        self.scope
    }

    /// The type of authorization details that it must carry, where one is demanded.
    pub(crate) fn detail(self) -> Option<&'a DetailType> {
        self.detail
    }
}

/// Finds the operation. What two readers could read differently is refused, so that the operation
/// that is checked here is the one that the bank will carry out; the path goes on as it came.
pub(crate) fn route(exchange: &mut Exchange) -> Result<Routed, Refusal> {
    let road = exchange.snapshot.road(&exchange.connection.listener);
    let road = road.ok_or(Refusal::UnknownRoute)?;
    if !road.answers_to(authority(&exchange.head.uri, &exchange.head.headers)) {
        return Err(Refusal::UnknownRoute);
    }
    let path =
        plain(exchange.head.uri.path()).map_err(|what| Refusal::MalformedRequest { what })?;
    match road.find(&path, &exchange.head.method) {
        Found::Route(route) => {
            exchange.record.object(&route);
            Ok(match route.class.clone() {
                Class::Open => Routed::Open(OpenRoute { route }),
                Class::Partner { scope, detail } => Routed::Partner(PartnerRoute {
                    route,
                    scope,
                    detail,
                }),
                Class::Customer {
                    scope,
                    detail,
                    coverage,
                } => Routed::Customer(CustomerRoute {
                    route,
                    scope,
                    detail,
                    coverage,
                }),
            })
        }
        Found::OtherMethods(allow) => Err(Refusal::MethodNotAllowed { allow }),
        Found::Nothing => Err(Refusal::UnknownRoute),
    }
}

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 4096;

/// The path in the one form that it is matched in (RFC 3986 §6.2.2), or the rule it breaks. A path
/// has one spelling here: no empty or dot segments, no parameters (`;`), no escape of what may
/// stand plainly, of a slash, a backslash, a percent sign or a control character.
fn plain(path: &str) -> Result<Cow<'_, str>, &'static str> {
    if path.len() > PATH_BYTES_MAX {
        return Err("The path is longer than 4096 bytes.");
    }
    let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    if !path.contains("//") && path.bytes().all(is_simple) {
        return Ok(Cow::Borrowed(path));
    }
    if path.contains("//") {
        return Err("The path has an empty segment (//).");
    }
    if path
        .split('/')
        .any(|segment| segment == "." || segment == "..")
    {
        return Err("The path has a dot segment; send the path it resolves to.");
    }
    if path.contains([';', '\\']) {
        return Err("The path has a ';' or a backslash, which readers take differently.");
    }
    if !path.contains('%') {
        return Ok(Cow::Borrowed(path));
    }
    let mut upper = String::with_capacity(path.len());
    let mut parts = path.split('%');
    upper.push_str(parts.next().unwrap_or(""));
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).ok_or(BAD_ESCAPE)?;
        let byte = u8::from_str_radix(escape, 16)
            .ok()
            .filter(|_| escape.bytes().all(|b| b.is_ascii_hexdigit()))
            .ok_or(BAD_ESCAPE)?;
        if !may_be_escaped(byte) {
            return Err("The path escapes a character that must stand plainly, or not at all.");
        }
        upper.push('%');
        upper.push_str(&escape.to_ascii_uppercase());
        upper.push_str(rest);
    }
    Ok(Cow::Owned(upper))
}

const BAD_ESCAPE: &str = "The path has a '%' that is not followed by two hexadecimal digits.";

/// What a path may hold only escaped (RFC 3986 §3.3: everything but pchar), less what readers
/// decode at different times: slash, backslash, percent sign, controls.
fn may_be_escaped(byte: u8) -> bool {
    !byte.is_ascii()
        || matches!(
            byte,
            b' ' | b'"'
                | b'#'
                | b'<'
                | b'>'
                | b'?'
                | b'['
                | b']'
                | b'^'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
        )
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
            "/a/%65xport",
            "/a/export;x=1",
            "/open/..;/a",
            "/a%3bx",
            "/a%zz",
            "/a%2",
            "/a%",
            "/a%252f",
            "/a%0d%0a",
            "/a%21",
            "/a%7e",
            "/a\\b",
            "/a%+1",
        ] {
            assert!(plain(bad).is_err(), "{bad}");
        }
        for good in [
            "/fx/v1/rates",
            "/a/b.c",
            "/a/%E4%B8%AD",
            "/a/...",
            "/",
            "/a/b%20c",
            "/a!b",
        ] {
            assert_eq!(plain(good).as_deref(), Ok(good));
        }
    }

    #[test]
    fn the_case_of_an_escape_does_not_choose_the_operation() {
        assert_eq!(plain("/caf%c3%a9").as_deref(), Ok("/caf%C3%A9"));
    }
}
