//! The routes of a listener: no two operations want one path, and no product stands in another's.
//!
//! A path is matched segment by segment, a fixed segment before a parameter. So two templates that
//! fit one path are no contradiction within one API, whose author sees both; but a product whose
//! template takes paths away from another product's does so behind its back.

use std::collections::BTreeMap;

use openapi::is_parameter;

use crate::source::Span;

/// The operations of one listener by their paths.
#[derive(Debug, Default)]
pub(super) struct Routes {
    root: Segment,
}

/// An operation, as mistakes name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `bank/product`.
    pub(super) product: String,
    /// Method and path template.
    pub(super) operation: String,
    pub(super) method: String,
    pub(super) at: Span,
}

/// What already stands where an operation would.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The same path and method.
    Same(Place),
    /// A template of another product that fits a path of this one.
    Overlaps(Place),
}

#[derive(Debug, Default)]
struct Segment {
    fixed: BTreeMap<String, Segment>,
    parameter: Option<Box<Segment>>,
    places: Vec<Place>,
}

impl Routes {
    /// Takes an operation in, unless another product stands where it would.
    pub(super) fn claim(&mut self, path: &str, place: Place) -> Option<Taken> {
        let segments: Vec<&str> = segments(path).collect();
        let mut overlap = None;
        self.root.fitting(&segments, true, &mut |found, is_same| {
            for known in found.iter().filter(|known| known.product != place.product) {
                if is_same && known.method == place.method {
                    overlap = Some(Taken::Same(known.clone()));
                } else if !is_same && overlap.is_none() {
                    overlap = Some(Taken::Overlaps(known.clone()));
                }
            }
        });
        if overlap.is_none() {
            self.root.insert(&segments, place);
        }
        overlap
    }

    /// An operation whose path would answer at this one.
    pub(super) fn answering(&self, path: &str) -> Option<&Place> {
        let segments: Vec<&str> = segments(path).collect();
        self.root.at(&segments)
    }

    /// An operation whose path would answer somewhere below this one.
    pub(super) fn below(&self, path: &str) -> Option<&Place> {
        let segments: Vec<&str> = segments(path).collect();
        self.root.below(&segments)
    }
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

impl Segment {
    /// Calls back with the operations of every template that fits a path which this one fits too,
    /// and whether it is of the same shape.
    fn fitting(&self, rest: &[&str], is_same: bool, tell: &mut impl FnMut(&[Place], bool)) {
        let Some((first, rest)) = rest.split_first() else {
            tell(&self.places, is_same);
            return;
        };
        if is_parameter(first) {
            for fixed in self.fixed.values() {
                fixed.fitting(rest, false, tell);
            }
        } else if let Some(fixed) = self.fixed.get(*first) {
            fixed.fitting(rest, is_same, tell);
        }
        if let Some(parameter) = &self.parameter {
            parameter.fitting(rest, is_same && is_parameter(first), tell);
        }
    }

    fn insert(&mut self, rest: &[&str], place: Place) {
        let Some((first, rest)) = rest.split_first() else {
            self.places.push(place);
            return;
        };
        let next = if is_parameter(first) {
            self.parameter.get_or_insert_default().as_mut()
        } else {
            self.fixed.entry((*first).to_owned()).or_default()
        };
        next.insert(rest, place);
    }

    fn at(&self, rest: &[&str]) -> Option<&Place> {
        let Some((first, rest)) = rest.split_first() else {
            return self.places.first();
        };
        let fixed = self.fixed.get(*first).and_then(|fixed| fixed.at(rest));
        fixed.or_else(|| self.parameter.as_ref()?.at(rest))
    }

    fn below(&self, rest: &[&str]) -> Option<&Place> {
        let Some((first, rest)) = rest.split_first() else {
            return self.inside();
        };
        let fixed = self.fixed.get(*first).and_then(|fixed| fixed.below(rest));
        fixed.or_else(|| self.parameter.as_ref()?.below(rest))
    }

    /// The first of all that are further inside.
    fn inside(&self) -> Option<&Place> {
        let mut next = self.fixed.values().chain(self.parameter.as_deref());
        next.find_map(|segment| segment.places.first().or_else(|| segment.inside()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(product: &str, method: &str) -> Place {
        Place {
            product: product.to_owned(),
            operation: String::new(),
            method: method.to_owned(),
            at: Span {
                source: 0,
                start: 0,
                end: 0,
            },
        }
    }

    #[test]
    fn templates_that_fit_one_path_are_found_across_products_alone() {
        let mut routes = Routes::default();
        assert_eq!(routes.claim("/fx/{pair}", place("a", "GET")), None);
        assert_eq!(routes.claim("/fx/all", place("a", "POST")), None);
        let same = routes.claim("/fx/{id}", place("b", "GET"));
        assert_eq!(same, Some(Taken::Same(place("a", "GET"))));
        let overlaps = routes.claim("/fx/{id}", place("b", "PUT"));
        assert_eq!(overlaps, Some(Taken::Overlaps(place("a", "POST"))));
        let overlaps = routes.claim("/fx/new", place("b", "POST"));
        assert_eq!(overlaps, Some(Taken::Overlaps(place("a", "GET"))));
        let overlaps = routes.claim("/{any}/all", place("c", "GET"));
        assert!(matches!(overlaps, Some(Taken::Overlaps(_))), "{overlaps:?}");
        assert_eq!(routes.claim("/fx/all/x", place("c", "GET")), None);
        assert_eq!(routes.claim("/other", place("c", "GET")), None);
    }

    #[test]
    fn a_path_is_answered_by_what_fits_it() {
        let mut routes = Routes::default();
        routes.claim("/{any}", place("a", "GET"));
        routes.claim("/x/y", place("b", "GET"));
        assert_eq!(routes.answering("/token"), Some(&place("a", "GET")));
        assert_eq!(routes.answering("/x/y"), Some(&place("b", "GET")));
        assert_eq!(routes.answering("/x/z"), None);
    }

    #[test]
    fn what_is_below_a_path_is_whatever_fits_further_inside() {
        let mut routes = Routes::default();
        routes.claim("/permissions", place("at", "GET"));
        assert_eq!(routes.below("/permissions"), None);
        routes.claim("/x/permissions/list", place("other", "GET"));
        assert_eq!(routes.below("/permissions"), None);
        routes.claim("/permissions/a/{id}/b", place("deep", "GET"));
        let deep = place("deep", "GET");
        assert_eq!(routes.below("/permissions"), Some(&deep));
        assert_eq!(routes.below("/permissions/a"), Some(&deep));
        assert_eq!(routes.below("/x/permissions"), Some(&place("other", "GET")));
        let mut routes = Routes::default();
        routes.claim("/{any}/list", place("any", "GET"));
        assert_eq!(routes.below("/permissions"), Some(&place("any", "GET")));
        assert_eq!(routes.below("/x/permissions"), None);
    }
}
