//! The route table: path template and method to operation.

use std::fmt::Write as _;
use std::sync::Arc;

use http::header::HOST;
use http::{HeaderMap, Method, Uri};
use matchit::Router;

use crate::product::Route;

/// A path template with its parameters unnamed: two templates of one shape are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RoutePattern(String);

impl RoutePattern {
    /// From a template such as `/rates/{pair}`.
    pub fn new(template: &str) -> Self {
        let mut pattern = String::with_capacity(template.len());
        let mut parameters = 0;
        for segment in template.split('/').skip(1) {
            pattern.push('/');
            if openapi::is_parameter(segment) {
                let _ = write!(pattern, "{{p{parameters}}}");
                parameters += 1;
            } else {
                pattern.push_str(&segment.replace('{', "{{").replace('}', "}}"));
            }
        }
        Self(pattern)
    }
}

/// Two operations share method and path.
#[derive(Debug, thiserror::Error)]
#[error("{method} {template} of {first} is also an operation of {second}")]
pub struct RouteConflict {
    /// The method.
    pub method: Method,
    /// The path template.
    pub template: String,
    /// The product that has it.
    pub first: String,
    /// The product that would have it too.
    pub second: String,
}

/// What a look-up found.
#[derive(Debug)]
pub(crate) enum Found {
    /// The operation.
    Route(Arc<Route>),
    /// Operations, but with these methods.
    OtherMethods(Vec<Method>),
    /// Nothing.
    Nothing,
}

/// The operations by path and method.
#[derive(Debug)]
pub(crate) struct Table {
    router: Router<usize>,
    paths: Vec<Vec<Arc<Route>>>,
}

impl Table {
    pub(crate) fn build(
        routes: impl IntoIterator<Item = (RoutePattern, Route)>,
    ) -> Result<Self, RouteConflict> {
        let mut table = Self {
            router: Router::new(),
            paths: Vec::new(),
        };
        let mut known = std::collections::HashMap::new();
        for (pattern, route) in routes {
            let place = *known.entry(pattern.clone()).or_insert_with(|| {
                table.paths.push(Vec::new());
                table.paths.len() - 1
            });
            let Some(at_path) = table.paths.get_mut(place) else {
                continue;
            };
            if let Some(first) = at_path
                .iter()
                .find(|r| r.object.method == route.object.method)
            {
                return Err(RouteConflict {
                    method: route.object.method.clone(),
                    template: route.object.template.to_string(),
                    first: first.object.product.to_string(),
                    second: route.object.product.to_string(),
                });
            }
            if at_path.is_empty() && table.router.insert(pattern.0.clone(), place).is_err() {
                return Err(RouteConflict {
                    method: route.object.method.clone(),
                    template: route.object.template.to_string(),
                    first: "another product".to_owned(),
                    second: route.object.product.to_string(),
                });
            }
            at_path.push(Arc::new(route));
        }
        Ok(table)
    }

    pub(crate) fn find(&self, path: &str, method: &Method) -> Found {
        let Some(at_path) = self
            .router
            .at(path)
            .ok()
            .and_then(|matched| self.paths.get(*matched.value))
        else {
            return Found::Nothing;
        };
        if let Some(route) = at_path.iter().find(|route| route.object.method == method) {
            return Found::Route(Arc::clone(route));
        }
        Found::OtherMethods(
            at_path
                .iter()
                .map(|route| route.object.method.clone())
                .collect(),
        )
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.paths.iter().flatten()
    }

    /// Puts another route in the place of the one that [`Self::find`] finds by this path and the
    /// route's method; nothing there, nothing done.
    pub(crate) fn replace(&mut self, path: &str, route: Route) {
        let Ok(place) = self.router.at(path).map(|matched| *matched.value) else {
            return;
        };
        let at_path = self.paths.get_mut(place).into_iter().flatten();
        let mut found = at_path.filter(|found| found.object.method == route.object.method);
        if let Some(found) = found.next() {
            *found = Arc::new(route);
        }
    }
}

/// Whether a request names this authority (`host[:port]`), without case and with the default port
/// of https left out.
pub fn names_authority<B>(request: &http::Request<B>, ours: &str) -> bool {
    authority(request.uri(), request.headers()).is_some_and(|asked| same_authority(ours, asked))
}

/// The authority that a request names: `:authority` in HTTP/2, `Host` in HTTP/1.1.
pub(crate) fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    match uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST)?.to_str().ok(),
    }
}

/// Compares authorities without case, with the default port of https left out.
pub(crate) fn same_authority(ours: &str, asked: &str) -> bool {
    let plain = |text: &str| {
        text.strip_suffix(":443")
            .unwrap_or(text)
            .to_ascii_lowercase()
    };
    ours.eq_ignore_ascii_case(asked) || plain(ours) == plain(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_of_one_shape_are_equal_and_braces_in_literals_are_kept() {
        assert_eq!(RoutePattern::new("/a/{x}/b"), RoutePattern::new("/a/{y}/b"));
        assert_ne!(RoutePattern::new("/a/{x}"), RoutePattern::new("/a/x"));
        assert_eq!(RoutePattern::new("/a{b").0, "/a{{b");
    }

    #[test]
    fn authorities_are_compared_without_case_and_default_port() {
        assert!(same_authority("api.bank.example", "API.bank.example:443"));
        assert!(same_authority("localhost:8443", "localhost:8443"));
        assert!(!same_authority("localhost:8443", "localhost"));
        assert!(!same_authority("api.bank.example", "api.bank.example.evil"));
    }
}
